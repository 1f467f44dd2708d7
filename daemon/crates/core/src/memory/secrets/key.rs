//! Names of what holds a secret: `password`, `API_KEY`, `clientSecret`.

/// What a name promises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Promise {
    /// Something that a person may have chosen.
    Password,
    /// Something drawn by a machine.
    Key,
    /// The same, said weakly: `token` is also what a parser reads.
    Token,
    /// The name and the password in base64, as Docker writes them.
    Login,
}

/// Words behind the one that counts.
const AFTER: &[&str] = &[
    "prod",
    "production",
    "dev",
    "development",
    "staging",
    "stage",
    "live",
    "test",
    "old",
    "new",
    "base",
    "value",
    "string",
    "raw",
    "plain",
    "b64",
    "base64",
    "hex",
    "default",
    "primary",
    "secondary",
    "main",
    "backup",
    "current",
    "v1",
    "v2",
    "v3",
];

/// Words before `key` that make it one to keep.
const KEEP: &[&str] = &[
    "api",
    "access",
    "secret",
    "private",
    "signing",
    "sign",
    "encryption",
    "encrypt",
    "master",
    "service",
    "auth",
    "account",
    "storage",
    "app",
    "application",
    "admin",
    "deploy",
    "session",
    "jwt",
    "hmac",
    "role",
    "subscription",
    "function",
    "functions",
    "host",
    "registration",
    "license",
    "ssh",
    "stripe",
    "openai",
    "anthropic",
    "aws",
    "sendgrid",
    "mailgun",
    "twilio",
    "datadog",
    "dd",
    "consumer",
    "integration",
    "write",
    "ingest",
    "webhook",
    "crypto",
    "cipher",
    "server",
    "bot",
    "gemini",
    "azure",
    "google",
    "maps",
    "cookie",
    "shared",
    "sas",
    "preshared",
    "psk",
    "wifi",
    "vault",
    "unseal",
];

/// Words before `pass` that make it a password and no step of a compiler.
const HOLDERS: &[&str] = &[
    "db", "database", "smtp", "mail", "email", "user", "ftp", "sftp", "ssh", "redis", "mysql", "pg", "postgres",
    "mongo", "admin", "root", "rabbitmq", "default", "auth", "login", "basic", "account", "proxy", "imap", "ldap",
    "mqtt", "key", "keystore", "wifi", "http", "api", "vnc", "sudo",
];

/// Last words of names for what a person may have chosen.
const PASSWORDS: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "pw",
    "passphrase",
    "passcode",
    "pgpassword",
    "dbpassword",
    "rootpassword",
    "userpassword",
    "adminpassword",
    "dbpass",
    "dbpasswd",
    "requirepass",
    "masterauth",
    "kennwort",
    "passwort",
    "motdepasse",
    "contraseña",
    "密码",
    "secret",
    "clientsecret",
    "appsecret",
    "jwtsecret",
    "sharedsecret",
    "consumersecret",
    "webhooksecret",
    "authsecret",
];

/// Last words of names for what a machine drew.
const KEYS: &[&str] = &[
    "apikey",
    "secretkey",
    "accesskey",
    "privatekey",
    "signingkey",
    "encryptionkey",
    "authkey",
    "masterkey",
    "accountkey",
    "sharedaccesskey",
    "secretaccesskey",
    "authtoken",
    "accesstoken",
    "apitoken",
    "bearertoken",
    "refreshtoken",
    "bottoken",
    "xapikey",
    "credential",
    "credentials",
    "creds",
    "apisecret",
    "connectionstring",
];

/// What a name promises, if anything. `name` may be of several words: `API key`, `db.password`, `--auth-token`.
pub(super) fn promise(name: &str) -> Option<Promise> {
    let words = words(name);
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    while let [_, .., last] = words[..]
        && (AFTER.contains(&last) || last.bytes().all(|b| b.is_ascii_digit()))
    {
        words.pop();
    }
    let (last, before) = words.split_last()?;
    let previous = before.last().copied().unwrap_or_default();
    let last = last.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_alone = before.is_empty();
    match last {
        "pass" if is_alone || HOLDERS.contains(&previous) => Some(Promise::Password),
        _ if PASSWORDS.contains(&last) => Some(Promise::Password),
        "auth" if is_alone => Some(Promise::Login),
        "token" if is_parsed(previous) => None,
        "token" | "bearer" | "authorization" if is_alone || last != "token" => Some(Promise::Token),
        "key" if !KEEP.contains(&previous) => None,
        "pat" if is_alone => None,
        "token" | "key" | "pat" => Some(Promise::Key),
        _ => KEYS.contains(&last).then_some(Promise::Key),
    }
}

/// Words before `token` that make it one that opens nothing.
fn is_parsed(word: &str) -> bool {
    matches!(
        word,
        "page"
            | "next"
            | "continuation"
            | "cancellation"
            | "cancel"
            | "lexer"
            | "parser"
            | "syntax"
            | "end"
            | "start"
            | "last"
            | "first"
            | "current"
            | "sync"
            | "eof"
            | "pagination"
            | "design"
            | "color"
            | "theme"
            | "keyword"
            | "stop"
            | "pad"
            | "idempotency"
            | "request"
            | "client"
    )
}

/// Its words in small letters, split at everything that is no letter or digit and where a capital follows a small letter.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_open = false;
    let mut was_small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            is_open = false;
            was_small = false;
            continue;
        }
        if !is_open || (was_small && c.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
        is_open = true;
        was_small = c.is_lowercase();
    }
    words
}
