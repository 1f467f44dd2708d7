//! Findings: shown as they come, none lost when the examination breaks off.

use super::*;

#[tokio::test]
async fn an_examination_that_breaks_off_is_a_finding_and_loses_none() {
    let found = |subject: &str| {
        Reply::Now(v1::Finding {
            subject: subject.to_owned(),
            verdict: v1::Verdict::Good.into(),
            ..v1::Finding::default()
        })
    };
    let place = Place::new(Script::default());
    for (end, subject, detail, remedy) in [
        (
            Reply::fail(
                ErrorKind::NotRegistered,
                "`/r` is not indexed",
                "run `codemem index /r`",
            ),
            "index",
            "`/r` is not indexed",
            "run `codemem index /r`",
        ),
        (
            Reply::fail(ErrorKind::Unavailable, "the daemon is ending", "try again"),
            "daemon",
            "the daemon is ending",
            "try again",
        ),
        // What gRPC says of a service that an older daemon does not have.
        (
            Reply::fail(
                ErrorKind::Incompatible,
                "not implemented",
                "run `codemem daemon restart`",
            ),
            "daemon",
            "not implemented",
            "codemem daemon restart",
        ),
    ] {
        place
            .daemon
            .rewrite(|script| script.findings = vec![found("zanzibar"), end]);
        let outcome = place.run(&["doctor", "--json"]).await;
        assert_eq!(outcome.result.expect("answered"), Exit::Data);
        let report: serde_json::Value = serde_json::from_str(&outcome.answer).expect("one document");
        let findings = report["findings"].as_array().expect("a list");
        assert!(
            findings.iter().any(|finding| finding["subject"] == "zanzibar"),
            "{report}"
        );
        let last = findings.last().expect("not empty");
        assert_eq!(
            (&last["subject"], &last["verdict"]),
            (&subject.into(), &"bad".into()),
            "{last}"
        );
        assert!(
            last["detail"].as_str().is_some_and(|text| text.contains(detail)),
            "{last}"
        );
        assert!(
            last["remedy"].as_str().is_some_and(|text| text.contains(remedy)),
            "{last}"
        );

        let outcome = place.run(&["doctor"]).await;
        assert_eq!(outcome.result.expect("answered"), Exit::Data);
        let lines: Vec<&str> = outcome.answer.lines().collect();
        assert!(
            lines.iter().any(|line| line.starts_with("ok    zanzibar ")),
            "{lines:?}"
        );
        assert!(lines.last().is_some_and(|line| line.contains(" problem")), "{lines:?}");
    }
}

#[tokio::test]
async fn findings_are_shown_while_others_are_looked_for() {
    let place = Place::new(Script {
        findings: vec![
            Reply::Now(v1::Finding {
                subject: "zanzibar".to_owned(),
                verdict: v1::Verdict::Good.into(),
                ..v1::Finding::default()
            }),
            Reply::Never,
        ],
        ..Script::default()
    });
    let env = Env::default().with(Variable::RuntimeDir, place.directory.path().join("run"));
    let cli = Cli::try_parse_from(["codemem", "doctor"]).expect("understood");
    let (mut output, answers, _) = captured(false, false);
    let context = Context::new(env, true).expect("located");
    let shown = async {
        while !answers.text().contains("zanzibar") {
            tokio::task::yield_now().await;
        }
    };
    // The examination never ends: what it finds must show before that.
    tokio::select! {
        _ = run(&context, cli.command, &mut output) => panic!("it ended"),
        () = shown => {}
    }
}
