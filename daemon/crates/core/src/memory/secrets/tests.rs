//! Properties: whatever the text, the rules end, keep to characters, and leave nothing behind.

use super::*;
use proptest::prelude::*;

/// Pieces of which texts are put together that come close to every rule.
const PIECES: &[&str] = &[
    "password",
    "API_KEY",
    "token",
    " is ",
    ": ",
    "=",
    " = ",
    "\"",
    "'",
    "\\\"",
    "\n",
    " ",
    "://",
    "@",
    ":",
    "/",
    "-----BEGIN ",
    "PRIVATE KEY-----",
    "-----END ",
    "RSA ",
    "Bearer ",
    "Basic ",
    "Authorization",
    "--password ",
    "sk-",
    "ghp_",
    "AKIA",
    "eyJ",
    ".",
    "xoxb-",
    "(",
    ")",
    "<",
    ">",
    "</",
    "é",
    "密码",
    "\u{1F511}",
    "postgres",
    "Private-Lines: ",
    "1",
    "?sig=",
    "&",
    "hooks.slack.com/services/T",
    "[redacted: ",
    "]",
    "ENV ",
    "-u ",
    "requirepass ",
    "let ",
    "name: String = ",
    ";",
    ",",
    "\\n",
    "\t",
    "{",
    "}",
    "$",
    "Q~",
    ":AA",
    "bot",
    "\u{0130}",
];

fn near_secrets() -> impl Strategy<Value = String> {
    let drawn = prop_oneof![
        3 => proptest::sample::select(PIECES).prop_map(str::to_owned),
        2 => "[A-Za-z0-9+/_-]{1,90}",
        1 => "[0-9a-f]{20,64}",
        1 => "[A-Z2-7]{16}",
        1 => "\\PC{0,4}",
    ];
    proptest::collection::vec(drawn, 0..24).prop_map(|pieces| pieces.concat())
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let findings = find(text);
    for (index, finding) in findings.iter().enumerate() {
        prop_assert!(finding.range.start < finding.range.end);
        prop_assert!(
            text.get(finding.range.clone()).is_some(),
            "{finding:?} cuts a character of {text:?}"
        );
        prop_assert!(index == 0 || findings[index - 1].range.end <= finding.range.start);
    }
    let redacted = redact(text, &findings);
    prop_assert!(find(&redacted).is_empty(), "{redacted:?} of {text:?}");
    prop_assert_eq!(redact(&redacted, &[]), redacted.clone());
    if findings.is_empty() {
        prop_assert_eq!(redacted, text);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_is_left_of_what_comes_close_to_secrets(text in near_secrets()) {
        check(&text)?;
    }

    #[test]
    fn nothing_is_left_of_any_text(text in "\\PC{0,400}") {
        check(&text)?;
    }
}

#[test]
fn what_surrounds_a_secret_stays() {
    let key = ["AKIA", "QWERTZUIOPASDFGH"].concat();
    let text = format!("deploy with {key},\nthen rotate it — daily\n");
    let redacted = redact(&text, &find(&text));
    assert_eq!(
        redacted,
        "deploy with [redacted: aws-access-key],\nthen rotate it — daily\n"
    );
}

#[test]
fn what_overlaps_is_one_finding_under_the_surest_name() {
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9".repeat(2));
    let text = format!("GITHUB_TOKEN=\"{token}\"");
    let found: Vec<(&str, &str)> = find(&text).iter().map(|f| (f.rule, &text[f.range.clone()])).collect();
    assert_eq!(found, [("github-token", token.as_str())]);
}
