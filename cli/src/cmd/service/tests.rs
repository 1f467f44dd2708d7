//! The files as they are rendered, and commands against a daemon that a service manager runs. Nothing
//! here runs the manager's tools: a developer's own service must survive the tests.

use super::units::{self, Installation, MARK};
use super::*;
use crate::args::Cli;
use crate::output::tests::captured;
use clap::Parser as _;
use codemem_client::service::Manager;
use codemem_client::testing::{FakeDaemon, Script};
use codemem_proto::dirs::Directories;
use codemem_proto::env::{Env, Variable};
use codemem_proto::rendezvous::Rendezvous;
use codemem_proto::v1::{HelloResponse, ProtocolVersion};
use codemem_proto::version::PROTOCOL;
use std::fs;
use std::path::Path;
use std::process::Command;

const ODD: &str = "/opt/a b/100% \"&<x>/codememd";

fn render(manager: Manager, program: &str, env: &Env) -> Vec<units::Unit> {
    let env = env.clone().with(Variable::Home, "/home/u");
    let service = Service::under(manager, &env).expect("a home");
    let installation = Installation {
        program: Path::new(program),
        env: &env,
        rendezvous: &Rendezvous::locate(&env).expect("located"),
        directories: &directories(&env),
    };
    units::render(&service, &installation, true).expect("rendered")
}

/// What the environment names, and for the rest what no test's own home decides.
fn directories(env: &Env) -> Directories {
    let usual = [
        (Variable::DataDir, "/home/u/da ta"),
        (Variable::StateDir, "/state"),
        (Variable::Config, "/conf/config.toml"),
    ];
    let named = usual.into_iter().fold(env.clone(), |named, (variable, path)| {
        let path = env.get(variable).map_or_else(|| path.into(), ToOwned::to_owned);
        named.with(variable, path)
    });
    Directories::locate(&named).expect("located")
}

fn line<'a>(text: &'a str, begin: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.starts_with(begin)).collect()
}

#[test]
fn units_differ_from_the_shipped_ones_only_in_their_paths() {
    let units = render(Manager::Systemd, "/usr/bin/codememd", &Env::default());
    let paths: Vec<_> = units.iter().map(|unit| unit.path.to_str().expect("UTF-8")).collect();
    assert_eq!(
        paths,
        [
            "/home/u/.config/systemd/user/codemem.socket",
            "/home/u/.config/systemd/user/codemem.service",
            "/home/u/.config/systemd/user/codemem.service.d/50-hardening.conf",
        ]
    );
    let [socket, service, hardening] = &units[..] else {
        panic!("{units:?}")
    };
    assert_eq!(
        socket.text,
        format!("# {MARK}\n{}", include_str!("../../../../systemd/codemem.socket"))
    );
    let shipped = include_str!("../../../../systemd/codemem.service");
    assert_eq!(
        service.text,
        format!(
            "# {MARK}\n{}",
            shipped.replace("%h/.cargo/bin/codememd", "/usr/bin/codememd")
        )
    );
    assert_eq!(
        line(&hardening.text, "ReadWritePaths="),
        ["ReadWritePaths=\"-/home/u/da ta\" -/state"]
    );
}

#[test]
fn odd_paths_are_quoted_and_places_are_kept() {
    let env = Env::default()
        .with(Variable::RuntimeDir, "/run/100%")
        .with(Variable::DataDir, "/da ta");
    let units = render(Manager::Systemd, ODD, &env);
    assert_eq!(
        line(&units[0].text, "ListenStream="),
        ["ListenStream=/run/100%%/daemon.sock"]
    );
    assert_eq!(
        line(&units[1].text, "ExecStart="),
        [r#"ExecStart="/opt/a b/100%% \"&<x>/codememd" --managed"#]
    );
    assert_eq!(
        line(&units[1].text, "Environment="),
        [
            "Environment=\"CODEMEM_RUNTIME_DIR=/run/100%%\"",
            "Environment=\"CODEMEM_DATA_DIR=/da ta\""
        ]
    );
    for manager in [Manager::Systemd, Manager::Launchd] {
        for program in [ODD, "/usr/bin/codememd", "/opt/100%/codememd"] {
            let units = render(manager, program, &env);
            let found = units.iter().find_map(|unit| units::program_of(manager, &unit.text));
            assert_eq!(found.as_deref(), Some(Path::new(program)));
        }
    }
}

#[test]
fn what_the_shell_says_is_written_out_or_told() {
    let env = Env::default()
        .with(Variable::RuntimeDir, "/run/mine")
        .with(Variable::XdgDataHome, "/elsewhere")
        .with(Variable::XdgStateHome, "/elsewhere")
        .with(Variable::XdgConfigHome, "/elsewhere");
    let units = render(Manager::Systemd, "/usr/bin/codememd", &env);
    assert_eq!(
        line(&units[1].text, "Environment="),
        [
            "Environment=CODEMEM_RUNTIME_DIR=/run/mine",
            "Environment=\"CODEMEM_DATA_DIR=/home/u/da ta\"",
            "Environment=CODEMEM_STATE_DIR=/state",
            "Environment=CODEMEM_CONFIG=/conf/config.toml",
        ]
    );
    assert_eq!(
        line(&units[2].text, "ReadWritePaths="),
        ["ReadWritePaths=\"-/home/u/da ta\" -/state -/run/mine"],
        "the restricted daemon takes its lock there"
    );
    assert_eq!(units::left_behind(&env), []);
    let env = env
        .with(Variable::Offline, "1")
        .with(Variable::Python, "/usr/bin/python3")
        .with(Variable::NoAutostart, "1")
        .with(Variable::Daemon, "/usr/bin/codememd");
    assert_eq!(units::left_behind(&env), [Variable::Python, Variable::Offline]);
}

#[test]
fn every_setting_of_the_daemon_is_told() {
    // What is carried over, and what clients read.
    let others = [
        Variable::RuntimeDir,
        Variable::DataDir,
        Variable::StateDir,
        Variable::Config,
        Variable::Daemon,
        Variable::NoAutostart,
    ];
    let ours = |variable: &Variable| variable.name().starts_with("CODEMEM_") && !others.contains(variable);
    let env = Variable::ALL
        .into_iter()
        .fold(Env::default(), |env, variable| env.with(variable, "/x"));
    let expected: Vec<Variable> = Variable::ALL.into_iter().filter(ours).collect();
    assert_eq!(units::left_behind(&env), expected);
}

#[test]
fn a_path_that_no_line_can_hold_is_refused() {
    let env = Env::default().with(Variable::Home, "/home/u");
    let service = Service::under(Manager::Systemd, &env).expect("a home");
    let installation = Installation {
        program: Path::new("/opt/a\nExecStartPre=evil/codememd"),
        env: &env,
        rendezvous: &Rendezvous::locate(&env).expect("located"),
        directories: &directories(&env),
    };
    let error = units::render(&service, &installation, false).expect_err("two lines");
    assert_eq!(error.exit(), Exit::Usage);
}

#[test]
fn the_agent_is_a_property_list_with_our_paths() {
    let env = Env::default()
        .with(Variable::RuntimeDir, "/tmp/a&b")
        .with(Variable::StateDir, "/st<a>te");
    let [agent] = &render(Manager::Launchd, ODD, &env)[..] else {
        panic!("one file")
    };
    assert_eq!(
        agent.path,
        Path::new("/home/u/Library/LaunchAgents/dev.codemem.daemon.plist")
    );
    assert!(agent.text.contains(MARK));
    for part in [
        "<string>/opt/a b/100% \"&amp;&lt;x&gt;/codememd</string>",
        "<string>/tmp/a&amp;b/daemon.sock</string>",
        "<integer>384</integer>",
    ] {
        assert!(agent.text.contains(part), "{part} is missing in {}", agent.text);
    }
    let python = Command::new("python3")
        .args([
            "-c",
            "import plistlib, sys, json; print(json.dumps(plistlib.loads(sys.argv[1].encode())))",
            &agent.text,
        ])
        .output();
    let Ok(python) = python else { return };
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    let parsed: serde_json::Value = serde_json::from_slice(&python.stdout).expect("JSON");
    let expected = serde_json::json!({
        "Label": "dev.codemem.daemon",
        "ProgramArguments": [ODD, "--managed"],
        "EnvironmentVariables": {"CODEMEM_RUNTIME_DIR": "/tmp/a&b", "CODEMEM_STATE_DIR": "/st<a>te"},
        "Sockets": {"Listener": {"SockPathName": "/tmp/a&b/daemon.sock", "SockPathMode": 0o600}},
        "KeepAlive": {"SuccessfulExit": false},
        "ProcessType": "Background",
        "Nice": 5,
        "LowPriorityIO": true,
        "ExitTimeOut": 40,
        "Umask": 0o077,
    });
    assert_eq!(parsed, expected);
}

#[tokio::test]
async fn a_managed_daemon_is_neither_stopped_nor_replaced_whatever_its_version() {
    let directory = tempfile::tempdir().expect("directory");
    let rendezvous = Rendezvous::at(directory.path().join("run")).expect("short");
    let hello = |major| HelloResponse {
        protocol: Some(ProtocolVersion {
            major,
            minor: PROTOCOL.minor,
        }),
        version: "9.9.9".to_owned(),
        pid: 1,
        managed: true,
    };
    let program = directory.path().join("codememd");
    fs::write(&program, "#!/bin/sh\nexit 9\n").expect("written");
    let ours = PROTOCOL.major;
    for major in [ours - 1, ours, ours + 1] {
        let script = Script {
            hello: hello(major),
            ..Script::default()
        };
        let daemon = FakeDaemon::start(&rendezvous, script).expect("alone");
        for line in ["daemon stop", "daemon restart", "status", "daemon start"] {
            let ends_it = matches!(line, "daemon stop" | "daemon restart");
            let env = Env::default()
                .with(Variable::RuntimeDir, rendezvous.directory())
                .with(Variable::Daemon, &program);
            let cli = Cli::try_parse_from(["codemem"].into_iter().chain(line.split(' '))).expect("understood");
            let context = Context::new(env, false).expect("located");
            let (mut output, _, _) = captured(false, false);
            let outcome = crate::cmd::run(&context, cli.command, &mut output).await;
            let Err(error) = outcome else {
                assert!(!ends_it && major == ours, "{line} against protocol {major}");
                continue;
            };
            assert_eq!(error.exit(), Exit::Daemon, "{line}: {}", error.message());
            if ends_it || major < ours {
                let hint = error.hint();
                assert!(
                    hint.contains("systemctl --user ") || hint.contains("launchctl "),
                    "{line} against protocol {major}: {hint}"
                );
            }
        }
        let asked = format!("{:?}", daemon.asked());
        assert!(!asked.contains("Shutdown"), "{asked}");
        daemon.kill();
    }
}
