//! `codemem config`: the daemon's settings. What holds is the daemon's word; the file is found without it.

use super::bounded;
use crate::args::ConfigCommand;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::dirs::Directories;
use codemem_proto::env::Variable;
use codemem_proto::settings;
use codemem_proto::v1::{ReloadConfigRequest, ShowConfigRequest, ShowConfigResponse};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(super) async fn run(context: &Context, command: ConfigCommand, output: &mut Output) -> Result<Exit, CliError> {
    match command {
        ConfigCommand::Show => show(context, output).await,
        ConfigCommand::Path => path(context, output).await,
        ConfigCommand::Reload => reload(context, output).await,
        ConfigCommand::Init => init(context, output).await,
    }
}

async fn show(context: &Context, output: &mut Output) -> Result<Exit, CliError> {
    let answer = settings(context).await?;
    output.answer(
        |style| human::config(&answer, style),
        || json::Config::from(answer.clone()),
    )?;
    if !answer.problem.is_empty() {
        output.warn(&format!("the configuration is not valid: {}", answer.problem));
    }
    if !answer.file_exists && context.env.path(Variable::Config) == Some(Path::new(&answer.file)) {
        let (variable, file) = (Variable::Config.name(), &answer.file);
        output.warn(&format!("{variable} names a file that does not exist: `{file}`"));
    }
    Ok(Exit::Success)
}

async fn path(context: &Context, output: &mut Output) -> Result<Exit, CliError> {
    let file = file(context).await?;
    output.answer(
        |_| format!("{}\n", file.display()),
        || json::ConfigFile {
            file: file.display().to_string(),
            exists: file.exists(),
        },
    )?;
    Ok(Exit::Success)
}

async fn reload(context: &Context, output: &mut Output) -> Result<Exit, CliError> {
    let mut client = context.connector().connect().await?;
    let answer = client
        .config
        .reload(bounded(ReloadConfigRequest {}))
        .await?
        .into_inner();
    output.answer(
        |_| human::reloaded(&answer),
        || json::Reloaded {
            changed: answer.changed.clone(),
            waiting: answer.waiting.clone(),
        },
    )?;
    Ok(Exit::Success)
}

/// Writes an example of every key, all commented out, where no file is yet.
async fn init(context: &Context, output: &mut Output) -> Result<Exit, CliError> {
    let answer = settings(context).await?;
    let file = PathBuf::from(&answer.file);
    match write_new(&file, &human::example(&answer)) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(CliError::ConfigExists(file)),
        Err(source) => return Err(CliError::WriteConfig { path: file, source }),
    }
    output.answer(
        |_| format!("wrote {}\n", file.display()),
        || json::ConfigFile {
            file: answer.file.clone(),
            exists: true,
        },
    )?;
    Ok(Exit::Success)
}

fn write_new(file: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = file.parent() {
        std::fs::create_dir_all(directory)?;
    }
    File::create_new(file)?.write_all(text.as_bytes())
}

/// The daemon's settings. Where a mistake among them keeps it from starting, what they would be without it.
async fn settings(context: &Context) -> Result<ShowConfigResponse, CliError> {
    let mut client = match context.connect().await {
        Ok(client) => client,
        Err(error) => {
            let settings = without_mistakes(context).filter(|settings| !settings.problem.is_empty());
            return settings.ok_or(error);
        }
    };
    Ok(client.config.show(bounded(ShowConfigRequest {})).await?.into_inner())
}

/// What the daemon program says without becoming a daemon; `None` when there is none or an older one.
fn without_mistakes(context: &Context) -> Option<ShowConfigResponse> {
    let mut program = Command::new(context.launcher.program().ok()?);
    program.arg(format!("--{}", settings::FLAG));
    let output = program.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| settings::decode(&output.stdout))?
}

/// The running daemon's file, which may have been named to it, else the one that a daemon would read.
async fn file(context: &Context) -> Result<PathBuf, CliError> {
    // A daemon that does not answer is no reason not to say where the file is that may be why.
    if let Ok(Some(mut client)) = context.connector().find().await
        && let Ok(answer) = client.config.show(bounded(ShowConfigRequest {})).await
    {
        return Ok(answer.into_inner().file.into());
    }
    Ok(Directories::locate(&context.env)?.config_file().to_path_buf())
}
