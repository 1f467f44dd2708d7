//! What is allowed, what is not, and how that is said.

use super::*;
use proptest::prelude::*;

const NOW: TimestampMs = 1_790_000_000_000;

fn strings(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

/// The field that an error names.
fn field<T: fmt::Debug>(result: Result<T, FieldError>) -> String {
    let error = result.expect_err("refused");
    assert!(error.to_string().starts_with(&format!("`{}`: ", error.field)));
    assert!(error.reason.contains("allowed"), "{error} does not say what is allowed");
    error.field
}

#[test]
fn a_draft_is_kept_as_it_is_checked() {
    let tags = strings(&["rust", "area:db", "rust", "v1.2/x_y-z"]);
    let anchors = strings(&["src/lib.rs", " Store::open ", "src/lib.rs", "src/lib.rs#open"]);
    let draft = draft(
        "  one\r\ntwo\t \n\n",
        "PROJECT_CONTEXT",
        "",
        &tags,
        &anchors,
        NOW + 1,
        NOW,
    )
    .expect("allowed");
    let expected = Draft {
        content: "  one\ntwo".to_owned(),
        level: ContextLevel::ProjectContext,
        kind: MemoryKind::Note,
        tags: strings(&["area:db", "rust", "v1.2/x_y-z"]),
        anchors: strings(&["src/lib.rs", "Store::open", "src/lib.rs#open"]),
        expires_at: Some(NOW + 1),
    };
    assert_eq!(draft, expected);
}

#[test]
fn content_is_text_of_a_bounded_length() {
    let too_long = "x".repeat(MAX_CONTENT + 1);
    for wrong in [
        "",
        " \n\t ",
        "a\0b",
        "\u{1b}[31mred",
        "\u{7f}",
        "a\u{85}b",
        "\u{FFFE}",
        "\u{200B}\u{202E}",
        &too_long,
    ] {
        assert_eq!(field(content(wrong)), "content", "{wrong:?}");
    }
    assert_eq!(content(&"x".repeat(MAX_CONTENT)).expect("allowed").len(), MAX_CONTENT);
    assert!(
        content(&too_long)
            .expect_err("refused")
            .reason
            .contains("32769 bytes; at most 32768")
    );
    assert!(
        content("ab\0")
            .expect_err("refused")
            .reason
            .contains("U+0000 at byte 2")
    );
    // One megabyte, and bytes that were read as if they were text.
    assert_eq!(field(content(&"x".repeat(1 << 20))), "content");
    let binary = String::from_utf8_lossy(&[0xC3, 0x28, 0xA0, 0xA1, b'P', b'N', 0xE2, 0x28, 0xFE]).into_owned();
    assert_eq!(field(content(&binary)), "content");
    assert!(content("the log says \u{FFFD} where the umlaut was").is_ok());
    // An unpaired surrogate of a JSON file arrives as one replacement.
    assert_eq!(field(content("\u{FFFD}")), "content");
}

#[test]
fn nothing_hidden_is_stored_and_no_script_is_broken() {
    let plain = |text: &str| content(text).expect("allowed");
    assert_eq!(plain("if role == \u{202E}nimda\u{202C} {"), "if role == nimda {");
    assert_eq!(
        plain("ig\u{200B}no\u{200D}re\u{FEFF} \u{2066}this\u{2069}"),
        "ignore this"
    );
    let hidden: String = "send"
        .chars()
        .filter_map(|c| char::from_u32(u32::from(c) + 0xE0000))
        .collect();
    assert_eq!(plain(&format!("ok{hidden}")), "ok");
    assert_eq!(plain("a\u{FE0F}\u{FE01}\u{FE02}b"), "a\u{FE0F}b");
    for kept in [
        "👩\u{200D}💻",
        "👁\u{FE0F}\u{200D}🗨\u{FE0F}",
        "می\u{200C}خواهم",
        "क्\u{200D}ष",
        "שלום \u{200F}abc",
        "naïve 日本語",
    ] {
        assert_eq!(plain(kept), kept);
    }
    assert_eq!(plain("a\u{2028}b\rc"), "a\nb\nc");
}

#[test]
fn levels_and_kinds_are_named_and_listed() {
    for level in ContextLevel::ALL {
        assert_eq!(self::level(level.as_str()), Ok(*level));
    }
    for wrong in ["", "project_context", "GLOBAL", "PROJECT_CONTEXT "] {
        let error = level(wrong).expect_err("refused");
        assert_eq!(error.field, "context_level");
        assert!(
            error.reason.contains("USER_PREFERENCE, PROJECT_CONTEXT, SESSION_STATE"),
            "{error}"
        );
    }
    assert!(level("").expect_err("refused").reason.starts_with("missing"));
    assert_eq!(field(kind("idea")), "kind");
    assert_eq!(kind("mistake"), Ok(MemoryKind::Mistake));
}

#[test]
fn tags_keep_to_their_alphabet() {
    for (index, wrong) in [
        "",
        "A",
        "a b",
        "ä",
        "a,b",
        "a'; drop table",
        "a\0",
        "a\n",
        &"x".repeat(65),
    ]
    .iter()
    .enumerate()
    {
        let mut given = vec!["ok".to_owned(); index];
        given.push((*wrong).to_owned());
        assert_eq!(field(tags(&given)), format!("tags[{index}]"), "{wrong:?}");
    }
    assert_eq!(field(tags(&vec!["ok".to_owned(); MAX_TAGS + 1])), "tags");
    let many = tags(&vec!["NOT ALLOWED".to_owned(); 10_000]).expect_err("refused");
    assert_eq!(many.to_string(), "`tags`: 10000 given; at most 16 are allowed");
    assert!(tags(&["x".repeat(64)]).is_ok());
}

#[test]
fn anchors_stay_inside_the_project() {
    let too_long = "x".repeat(513);
    for wrong in [
        "",
        " ",
        "/etc/passwd",
        "\\\\server\\x",
        "..",
        "../x",
        "a/../../b",
        "a\\..\\b",
        "a/..#b",
        "C:\\x",
        "c:/x",
        "~/x",
        "file:///etc/passwd",
        "a\0b",
        "a\nb",
        "src/\u{202E}sr.bil",
        "a\u{200B}b",
        &too_long,
    ] {
        assert_eq!(
            field(anchors(&strings(&["src/a.rs", wrong]))),
            "anchors[1]",
            "{wrong:?}"
        );
    }
    let right = strings(&[
        "src/a..b.rs",
        "Foo::bar",
        "a.b#c",
        "operator..=",
        "C::x",
        "~Store",
        "..rest",
        "Größe",
        "app/[id]/page.tsx",
    ]);
    assert_eq!(anchors(&right), Ok(right));
    assert_eq!(field(anchors(&vec!["a".to_owned(); 17])), "anchors");
}

#[test]
fn times_are_possible_ones() {
    assert_eq!(expires_at(0, NOW), Ok(None));
    assert_eq!(expires_at(NOW + 1, NOW), Ok(Some(NOW + 1)));
    for wrong in [-1, i64::MIN, 1, NOW, NOW + 101 * 366 * DAY_MS, i64::MAX] {
        assert_eq!(field(expires_at(wrong, NOW)), "expires_at_ms", "{wrong}");
    }
    assert_eq!(created_at(0, NOW), Ok(None));
    for right in [1, NOW, NOW + DAY_MS] {
        assert_eq!(created_at(right, NOW), Ok(Some(right)));
    }
    for wrong in [-1, NOW + DAY_MS + 1, i64::MAX] {
        assert_eq!(field(created_at(wrong, NOW)), "created_at_ms", "{wrong}");
    }
    assert_eq!(span(0, 5), Ok((None, Some(5))));
    assert_eq!(field(span(-1, 0)), "since_ms");
    assert_eq!(field(span(0, -1)), "until_ms");
    assert_eq!(field(span(5, 5)), "until_ms");
}

#[test]
fn ids_sessions_limits_and_queries() {
    assert_eq!(
        id("id", "0123456789abcdef").expect("allowed").as_str(),
        "0123456789abcdef"
    );
    for wrong in ["", "0123", "0123456789ABCDEF", "0123456789abcdeg", "../../../etc/pas"] {
        assert_eq!(field(id("supersedes", wrong)), "supersedes", "{wrong}");
    }
    assert_eq!(id_beginning("id", "01ab"), Ok("01ab".to_owned()));
    for wrong in ["", "01a", "01AB", "0123456789abcdef0", "%"] {
        assert_eq!(field(id_beginning("id", wrong)), "id", "{wrong}");
    }
    assert_eq!(session(""), Ok(None));
    assert_eq!(session("a-1").expect("allowed").expect("given").as_str(), "a-1");
    for wrong in [" ", "a b", "a/b", "ä", &"x".repeat(129)] {
        assert_eq!(field(session(wrong)), "session", "{wrong}");
    }
    assert_eq!(
        (limit(0), limit(100), page_limit(0), token_budget(0)),
        (Ok(10), Ok(100), Ok(50), Ok(0))
    );
    assert_eq!(field(limit(101)), "limit");
    assert_eq!(field(page_limit(u32::MAX)), "limit");
    assert_eq!(field(token_budget(u32::MAX)), "token_budget");
    assert_eq!(query(" why\u{200B} \u{1b}[1mtabs?\0 "), Ok("why  [1mtabs?".to_owned()));
    assert_eq!(query_if_any(" \0 "), Ok(None));
    for wrong in ["", "\n", "\0", &"x".repeat(MAX_QUERY + 1)] {
        assert_eq!(field(query(wrong)), "query");
    }
}

proptest! {
    #[test]
    fn a_content_that_is_kept_is_kept_again(text in "(\\PC|[\r\n\t \u{200B}-\u{200F}\u{202A}-\u{202E}\u{FE00}-\u{FE03}\u{FEFF}\u{FFFD}aé👩]){0,40}") {
        if let Ok(kept) = content(&text) {
            prop_assert_eq!(content(&kept), Ok(kept.clone()));
            prop_assert!(!kept.is_empty() && kept.len() <= MAX_CONTENT && kept.trim_end() == kept);
            prop_assert!(!kept.chars().any(|c| text::is_hidden(c) || (c.is_control() && c != '\n' && c != '\t')));
        }
    }

    #[test]
    fn any_draft_is_refused_or_keeps_every_promise(
        text in any::<String>(),
        level in prop_oneof![Just("SESSION_STATE".to_owned()), any::<String>()],
        kind in prop_oneof![Just(String::new()), any::<String>()],
        tags in proptest::collection::vec(prop_oneof![4 => "[a-z0-9._:/-]{1,64}", 1 => any::<String>()], 0..18),
        anchors in proptest::collection::vec(prop_oneof![4 => "[a-z/.#:]{1,20}", 1 => any::<String>()], 0..18),
        expires in prop_oneof![Just(0), any::<i64>()],
        now in 0_i64..4_000_000_000_000,
    ) {
        match draft(&text, &level, &kind, &tags, &anchors, expires, now) {
            Ok(kept) => {
                prop_assert!(kept.tags.len() <= MAX_TAGS && kept.tags.is_sorted());
                prop_assert!(kept.anchors.iter().all(|anchor| !anchor.starts_with('/') && !anchor.split('/').any(|part| part == "..")));
                prop_assert!(kept.expires_at.is_none_or(|at| at > now));
                let again = draft(&kept.content, kept.level.as_str(), kept.kind.as_str(), &kept.tags, &kept.anchors, kept.expires_at.unwrap_or(0), now);
                prop_assert_eq!(again, Ok(kept));
            }
            Err(error) => {
                prop_assert!(error.reason.chars().count() <= 160, "{}", error);
                prop_assert!(!error.to_string().chars().any(char::is_control));
            }
        }
    }

    #[test]
    fn no_error_is_a_copy_of_what_was_refused(secret in "[A-Z]{41,90}") {
        for error in [
            level(&secret).expect_err("unknown"), kind(&secret).expect_err("unknown"), tags(std::slice::from_ref(&secret)).expect_err("capitals"),
            anchors(&[format!("/{secret}")]).expect_err("absolute"), session(&format!(" {secret}")).expect_err("a space"), id("id", &secret).expect_err("no id"),
        ] {
            prop_assert!(!error.to_string().contains(&secret[..40]), "{}", error);
        }
    }
}
