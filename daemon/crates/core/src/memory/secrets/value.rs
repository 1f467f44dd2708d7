//! What a value is: a placeholder, a reference to something kept elsewhere, a name, or a secret.

use super::letters::surprise;

/// Bits per character above which a value of 20 characters or more is not one that somebody made up of words.
const RANDOM: f32 = 4.75;
/// The same for shorter values, which vary more.
const RANDOM_SHORT: f32 = 4.55;

/// The same for letters alone.
const SCRAMBLED: f32 = 5.0;

/// Parts of values that stand for a secret without being one.
const STANDING_FOR: &[&str] = &[
    "example",
    "sample",
    "placeholder",
    "dummy",
    "changeme",
    "change_me",
    "change-me",
    "changeit",
    "replace",
    "redacted",
    "your",
    "insert",
    "xxxx",
    "****",
    "....",
    "____",
    "----",
    "not-a-real",
    "notreal",
    "mock",
    "todo",
    "removed",
    "hidden",
    "masked",
    "omitted",
    "lorem",
    "goes-here",
    "goes_here",
    "goeshere",
];

/// Parts of values that nobody's generator made. A token of a known form counts with them all the same: to refuse
/// an invented one costs a moment, to keep a real one costs the account.
const RUNS: &[&str] = &["abcdef", "012345", "123456", "foobar", "deadbeef", "aaaaaa", "zzzzzz"];

/// Parts of short values that make them a password of a test or an example of one.
const NO_PASSWORD: &[&str] = &[
    "password", "passwd", "passw0rd", "p@ssw0rd", "p@ssword", "secret", "s3cr3t", "s3cret", "test", "fake", "qwerty",
    "letmein", "abc123", "1234", "pass123", "my-", "my_", "mypass", "foo", "bar", "string", "required", "optional",
    "hunter1", "xxx", "***", "sha1", "sha2", "sha3", "sha5", "sha-", "md5", "base64", "utf8", "utf-8", "argon2",
    "bcrypt", "pbkdf2", "oauth2", "http", "x509", "pkcs", "ed25519", "rsa", "aes", "hs256", "rs256", "es256", "hmac",
    "uuid", "ecdsa",
];

/// Passwords that stand for a password wherever they stand alone.
const COMMON: &[&str] = &[
    "pass",
    "pw",
    "pwd",
    "user",
    "username",
    "admin",
    "root",
    "guest",
    "token",
    "key",
    "apikey",
    "api_key",
    "api-key",
    "value",
    "none",
    "null",
    "nil",
    "true",
    "false",
    "undefined",
    "empty",
    "postgres",
    "mysql",
    "redis",
    "mongo",
    "rabbitmq",
    "minio",
    "minioadmin",
    "sa",
    "demo",
    "default",
    "docker",
    "vagrant",
    "localhost",
    "anonymous",
    "anon",
    "public",
    "private",
    "baz",
    "qux",
    "host",
    "hostname",
    "db",
    "database",
    "swordfish",
    "tiger",
    "x",
    "p",
    "welcome",
    "login",
    "monkey",
    "dev",
    "local",
    "credentials",
    "creds",
    "access_token",
];

/// What begins the name of a value that is kept elsewhere.
const ELSEWHERE: &[&str] = &[
    "process.env",
    "os.environ",
    "os.getenv",
    "env.",
    "env:",
    "env(",
    "env[",
    "getenv",
    "system.getenv",
    "import.meta",
    "deno.env",
    "std::env",
    "secrets.",
    "secret:",
    "secretref",
    "vault:",
    "vault.",
    "op://",
    "arn:",
    "ssm:",
    "sm://",
    "file:",
    "var.",
    "local.",
    "data.",
    "config.",
    "settings.",
    "self.",
    "this.",
    "enc[",
    "env!",
    "keyring:",
    "pass:",
    "ref+",
    "aws-sm",
    "gcp-sm",
    "azurekv",
    "kms:",
    "projects/",
    "http://",
    "https://",
    "!ref",
    "!sub",
    "credentials(",
    "input.",
    "params.",
    "options.",
    "args.",
    "opts.",
    "props.",
    "request.",
    "req.",
    "ctx.",
    "context.",
    "$",
];

/// Whether a token of a known form stands for one: `AKIAIOSFODNN7EXAMPLE`, `ghp_xxxxxxxx`.
pub(super) fn stands_for_token(token: &str) -> bool {
    let lower = token.to_ascii_lowercase();
    STANDING_FOR.iter().any(|part| lower.contains(part)) || n_distinct(token) < 6
}

/// Whether a value stands for a secret or says where one is kept.
pub(super) fn stands_for(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let mut parts = STANDING_FOR.iter().chain(RUNS);
    parts.any(|part| lower.contains(part)) || n_distinct(value) < 4 || is_elsewhere(value, &lower)
}

/// Whether a value that a person may have chosen is one of those that everybody writes.
pub(super) fn is_common_password(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    COMMON.contains(&lower.as_str()) || NO_PASSWORD.iter().any(|part| lower.contains(part))
}

/// A variable, a call, a template, a path.
fn is_elsewhere(value: &str, lower: &str) -> bool {
    let templated = ["${", "$(", "{{", "{%", "<%", "%(", "#{", "[redacted"]
        .iter()
        .any(|mark| value.contains(mark))
        || (value.contains('{') && value.contains('}'))
        || (value.starts_with('<') && value.len() > 1)
        || (value.starts_with('[') || value.starts_with('{'))
        || (value.len() > 2 && value.starts_with('%') && value.ends_with('%'));
    templated || ELSEWHERE.iter().any(|name| lower.starts_with(name)) || is_path(lower)
}

/// `/run/secrets/db`, `./key.pem`, `C:\keys`, `certs/server.key`; base64 with a slash in it is not one.
fn is_path(lower: &str) -> bool {
    let begins = [
        "./", "../", "~/", "/run/", "/etc/", "/var/", "/home/", "/usr/", "/opt/", "/tmp/", "/root/", "/app/", "/mnt/",
        "c:\\", "d:\\",
    ];
    let ends = [
        ".pem", ".key", ".json", ".yaml", ".yml", ".txt", ".crt", ".p12", ".pfx", ".env", ".toml", ".conf", ".ini",
        ".py", ".js", ".ts", ".go", ".rs", ".rb", ".java", ".md", ".html", ".php", ".cs", ".sh", ".asc", ".gpg",
        ".jks", ".der", ".pub",
    ];
    begins.iter().any(|mark| lower.starts_with(mark))
        || ends.iter().any(|mark| lower.ends_with(mark))
        || (lower.starts_with('/') && surprise(lower) < RANDOM_SHORT)
}

/// Whether a value is one that a machine drew: a key, a token.
pub(super) fn is_random(value: &str) -> bool {
    let n_digits = value.bytes().filter(u8::is_ascii_digit).count();
    let n_letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    if value.len() < 16 || n_digits == value.len() || value.contains(char::is_whitespace) {
        return false;
    }
    if is_hex(value) {
        return value.len() >= 20 && n_digits >= 3 && n_letters >= 3 && n_distinct(value) >= 8;
    }
    let has_both_cases = value.bytes().any(|b| b.is_ascii_uppercase()) && value.bytes().any(|b| b.is_ascii_lowercase());
    // Most of it must be what keys are made of, and not all of it one kind of letter.
    let is_mixed = n_digits >= 2 || (has_both_cases && (n_digits >= 1 || value.len() >= 24));
    let least = if value.len() < 20 { RANDOM_SHORT } else { RANDOM };
    is_mixed && n_letters + n_digits >= value.len() * 4 / 5 && surprise(value) >= least
}

/// Whether a value is one that a person chose as a password. `is_bare`: it stands without quotes, where a variable may stand.
pub(super) fn is_password(value: &str, is_bare: bool) -> bool {
    if !(6..=128).contains(&value.len()) || value.chars().any(char::is_whitespace) || is_common_password(value) {
        return false;
    }
    if is_random(value) || is_scrambled(value) {
        return true;
    }
    let n_letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let n_digits = value.bytes().filter(u8::is_ascii_digit).count();
    let n_marks = value.bytes().filter(|b| b"!@#$%^&*+?~=".contains(b)).count();
    let is_call = value.contains(['(', ')', '[', ']', '{', '}', '<', '>', '\\', '|', '`'])
        || value.contains("::")
        || value.contains("->");
    if is_call || n_letters < 3 || n_digits + n_marks == 0 {
        return false;
    }
    // `user1.password`, `v1.2.3`, `app/v2/token`, `%s`: names, versions, paths, formats.
    let is_name = n_marks == 0 && value.contains(['.', '/', ':']);
    // `arg2`, `newField1`: names end in a digit, too.
    let is_counted = is_bare
        && n_marks == 0
        && value
            .trim_end_matches(|c: char| c.is_ascii_digit())
            .bytes()
            .all(|b| b.is_ascii_alphabetic() || b == b'_');
    // `Enter your new one!`, `&form.field`, `*args1`, `name=value1`, `a?b1`
    let is_code = is_bare
        && (value.starts_with(['&', '*', '!', '-', '+', '@', '=', '~']) || value.contains('=') || value.contains(','));
    let ends_only =
        n_digits == 0 && n_marks == value.len() - value.trim_end_matches(|c: char| "!?*+=~&".contains(c)).len();
    let is_worded = ends_only && n_marks == 1;
    !(is_name || is_counted || is_code || is_worded)
}

/// Letters alone, but of a kind that no name is made of.
fn is_scrambled(value: &str) -> bool {
    let n_turns = value
        .as_bytes()
        .windows(2)
        .filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    value.len() >= 12
        && value.bytes().all(|b| b.is_ascii_alphanumeric())
        && n_turns.count() >= 2
        && surprise(value) >= SCRAMBLED
}

/// `3f2c...`: hexadecimal digits in one case.
pub(super) fn is_hex(value: &str) -> bool {
    let lower = value.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    !value.is_empty() && (lower || value.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F')))
}

/// `8-4-4-4-12` hexadecimal digits.
pub(super) fn is_uuid(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn n_distinct(value: &str) -> usize {
    let mut seen = [false; 256];
    value.bytes().for_each(|byte| seen[usize::from(byte)] = true);
    seen.iter().filter(|seen| **seen).count()
}
