//! `codemem doctor`: looks at everything codemem depends on. What clients depend on is looked at here,
//! the rest by the daemon. Exits with 4 when something does not work.

mod agent;
mod programs;

use crate::args::DoctorArgs;
use crate::context::{Context, wire_path};
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_client::service::Service;
use codemem_proto::rendezvous::{Rendezvous, RendezvousError};
use codemem_proto::status::ErrorKind;
use codemem_proto::v1::{ExamineRequest, Finding, Verdict};

pub(super) async fn run(context: &Context, args: &DoctorArgs, output: &mut Output) -> Result<Exit, CliError> {
    let root = args.repo.as_deref().map(wire_path).transpose()?.unwrap_or_default();
    let request = ExamineRequest { root };
    let mut report = Report {
        findings: Vec::new(),
        output,
    };
    for finding in programs::examine(context) {
        report.add(finding)?;
    }
    report.add(runtime_directory(context))?;
    for finding in service(context).into_iter().chain(agent::examine(context)) {
        report.add(finding)?;
    }
    ask(context, request, &mut report).await?;
    let Report { findings, output } = report;
    output.answer(|_| human::verdict(&findings), || json::Doctor::from(&*findings))?;
    let is_bad = findings.iter().any(|finding| finding.verdict() == Verdict::Bad);
    Ok(if is_bad { Exit::Data } else { Exit::Success })
}

/// What was found so far; a person has read it already.
struct Report<'a> {
    findings: Vec<Finding>,
    output: &'a mut Output,
}

impl Report<'_> {
    /// Fails only when nobody takes the answer.
    fn add(&mut self, finding: Finding) -> Result<(), CliError> {
        self.output.part(|style| human::finding(&finding, style))?;
        self.findings.push(finding);
        Ok(())
    }
}

/// What the daemon finds. One that cannot be reached, that cannot do it or that goes away is a finding as well.
async fn ask(context: &Context, request: ExamineRequest, report: &mut Report<'_>) -> Result<(), CliError> {
    let mut client = match context.connect().await {
        Ok(client) => client,
        Err(error) => return report.add(bad("daemon", error.message(), error.hint())),
    };
    let hello = client.hello();
    let ours = env!("CARGO_PKG_VERSION");
    let by_whom = if hello.managed {
        ", run by the service manager"
    } else {
        ""
    };
    let detail = format!("{}, pid {}{by_whom}", hello.version, hello.pid);
    report.add(if hello.version == ours {
        good("daemon", detail)
    } else {
        let restart = "run `codemem daemon restart` so that both are of one version";
        warning("daemon", format!("{detail}; this program is {ours}"), restart)
    })?;
    let mut stream = match client.doctor.examine(request).await {
        Ok(stream) => stream.into_inner(),
        Err(status) => return report.add(broken_off(status)),
    };
    loop {
        match stream.message().await {
            Ok(Some(finding)) => report.add(finding)?,
            Ok(None) => return Ok(()),
            Err(status) => return report.add(broken_off(status)),
        }
    }
}

/// Why the daemon found no more.
fn broken_off(status: tonic::Status) -> Finding {
    let error = CliError::from(status);
    let is_about_an_index = matches!(&error, CliError::Wire(error) if error.kind == ErrorKind::NotRegistered);
    let subject = if is_about_an_index { "index" } else { "daemon" };
    bad(
        subject,
        format!("it was not examined to the end: {}", error.message()),
        error.hint(),
    )
}

/// Whether a service manager runs the daemon; nothing where there is no such service.
fn service(context: &Context) -> Option<Finding> {
    let service = Service::of_user(&context.env)?;
    let file = service.socket_file();
    if !file.exists() {
        return None;
    }
    let rendezvous = Rendezvous::locate(&context.env).ok()?;
    Some(if service.is_in_charge_of(&rendezvous) {
        good("service", format!("enabled, {}", file.display()))
    } else {
        warning(
            "service",
            format!("{} is there, but it does not run this daemon", file.display()),
            "run `codemem service status`, then `codemem service install` or `codemem service uninstall`",
        )
    })
}

fn runtime_directory(context: &Context) -> Finding {
    let subject = "runtime directory";
    let directory = match Rendezvous::locate(&context.env) {
        Ok(rendezvous) => match rendezvous.verify() {
            Ok(()) => return good(subject, rendezvous.directory().display().to_string()),
            Err(RendezvousError::Inspect { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                let detail = format!("{} is made when the daemon starts", rendezvous.directory().display());
                return good(subject, detail);
            }
            Err(error) => error,
        },
        Err(error) => error,
    };
    bad(subject, directory.to_string(), directory.hint())
}

fn good(subject: &str, detail: impl Into<String>) -> Finding {
    Finding {
        subject: subject.to_owned(),
        verdict: Verdict::Good.into(),
        detail: detail.into(),
        remedy: String::new(),
    }
}

fn warning(subject: &str, detail: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding {
        verdict: Verdict::Warning.into(),
        remedy: remedy.into(),
        ..good(subject, detail)
    }
}

fn bad(subject: &str, detail: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding {
        verdict: Verdict::Bad.into(),
        ..warning(subject, detail, remedy)
    }
}
