//! `loom doctor`: says what is wrong and how to mend it.
//!
//! The checks go from the near to the far (folder, files, git, server, token, providers, keys), and
//! one that fails does not stop those that do not need it.

use std::fmt::Write as _;
use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use loom_cli_git::{Git, GitError, Untracked};
use loom_cli_sandbox::Sandbox;

use crate::commands::session::no_provider;
use crate::connection::Connection;
use crate::error::CliError;
use crate::setting::Setting;

pub(crate) async fn run(setting: &Setting) -> Result<(), CliError> {
    let mut report = Report::default();
    report.note("version", loom_common_version::build_info().to_string());
    report.add("folder", check_folder(setting));
    report.add("threads", check_threads(setting).await);
    let git = Git::new(setting.environment.variables());
    match check_git(&git).await {
        Ok(version) => {
            report.add("git", Ok(version));
            report.add("repository", check_repository(&git, setting).await);
        }
        Err(error) => report.add("git", Err(error)),
    }
    report.add("sandbox", check_sandbox(setting).await);
    match Connection::open(setting).await {
        Ok(connection) => {
            let token_origin = setting.config.origin("server.token").to_string();
            check_server(&connection, &token_origin, &mut report).await;
        }
        Err(error) => report.add("server", Err(error)),
    }
    anstream::stdout().write_all(report.text.as_bytes())?;
    match report.failures {
        0 => Ok(()),
        1 => Err(CliError::failed("one check failed")),
        failures => Err(CliError::failed(format!("{failures} checks failed"))),
    }
}

fn check_folder(setting: &Setting) -> Result<String, CliError> {
    let folder = setting.workspace.display();
    rustix::fs::access(&setting.workspace, rustix::fs::Access::WRITE_OK).map_err(|error| {
        CliError::failed(format!("{folder} cannot be written: {error}"))
            .hint("the agent can only read here; work in another folder with -C")
    })?;
    Ok(folder.to_string())
}

async fn check_threads(setting: &Setting) -> Result<String, CliError> {
    let store = setting.open_threads().await?;
    Ok(store.path().display().to_string())
}

async fn check_git(git: &Git) -> Result<String, CliError> {
    git.version().await.map_err(|error| {
        let hint = match error {
            GitError::Missing => "install git; the agent works without it, but knows no history",
            _ => "the agent works without git, but knows no history",
        };
        CliError::failed(error.to_string()).hint(hint)
    })
}

/// Tells what the agent would find: where the working tree stands, and what somebody has begun in it.
async fn check_repository(git: &Git, setting: &Setting) -> Result<String, CliError> {
    let told = async {
        let Some(repository) = git.discover(&setting.workspace).await? else {
            return Ok("none".to_owned());
        };
        let Some(top) = repository.work_tree() else {
            return Ok(format!(
                "{}, without a working tree",
                repository.git_dir().display()
            ));
        };
        let status = repository.status(Untracked::Folders).await?;
        let mut told = top.display().to_string();
        told.push_str(&match status.branch.name {
            Some(branch) => format!(", on {branch}"),
            None => ", on no branch".to_owned(),
        });
        match status.changes.len() {
            0 => {}
            1 => told.push_str(", one path changed"),
            changed => told.push_str(&format!(", {changed} paths changed")),
        }
        if repository.is_linked() {
            told.push_str(", a linked working tree");
        }
        if let Some(superproject) = repository.superproject() {
            told.push_str(&format!(", a submodule of {}", superproject.display()));
        }
        if let Some(operation) = repository.operation() {
            told.push_str(&format!(", in the middle of a {operation}"));
        }
        Ok::<_, GitError>(told)
    };
    told.await.map_err(|error| {
        CliError::failed(error.to_string())
            .hint("run `git status` here; until it works, the agent knows no history")
    })
}

async fn check_sandbox(setting: &Setting) -> Result<String, CliError> {
    let sandbox = Sandbox::probe(super::sandbox::setup(setting)?).await?;
    let status = sandbox.status();
    if !status.is_confined() {
        return Err(CliError::failed(status.to_string())
            .hint("docs/sandbox.md says what each sandbox needs"));
    }
    Ok(status.to_string())
}

async fn check_server(connection: &Connection, token_origin: &str, report: &mut Report) {
    let server = match connection.server() {
        Ok(server) => server,
        Err(error) => return report.add("server", Err(error)),
    };
    match server.health().await {
        Ok(health) => {
            let text = format!("{} version {}", connection.url, health.version);
            report.add("server", Ok(text));
        }
        Err(error) => {
            let error = CliError::from(error).hint(
                "see that loom-server runs there, and that --server-url, LOOM_SERVER_URL or \
                 server.url names it; without any of them loom starts a server of its own",
            );
            return report.add("server", Err(error));
        }
    }
    if let Some(version) = &connection.other_version {
        let error = CliError::failed(format!("the running server is of version {version}"))
            .hint("`loom server stop` lets the next session start the fitting one");
        report.add("server version", Err(error));
    }
    let providers = match server.providers().await {
        Ok(providers) => providers,
        Err(error) => {
            let error = CliError::from(error).hint(format!(
                "the token in use comes from: {token_origin}; `loom-server token create NAME` on \
                 the server makes another"
            ));
            return report.add("token", Err(error));
        }
    };
    report.add("token", Ok("accepted".to_owned()));
    let mut configured = providers
        .iter()
        .filter(|provider| provider.configured)
        .peekable();
    if configured.peek().is_none() {
        report.add("providers", Err(no_provider()));
    }
    for provider in configured {
        let check = match server.check(&provider.name).await {
            Ok(models) => Ok(describe_models(&models, provider.default_model.as_deref())),
            Err(error) => Err(error.into()),
        };
        report.add(&provider.name, check);
    }
}

/// Names the default model and some of the others.
fn describe_models(models: &[String], default: Option<&str>) -> String {
    const SHOWN: usize = 8;
    let mut text = match default {
        Some(model) => format!("answers; default model {model}; offers "),
        None => "answers; no default model; offers ".to_owned(),
    };
    let shown: Vec<&str> = models.iter().take(SHOWN).map(String::as_str).collect();
    text.push_str(&match shown.is_empty() {
        true => "no list of models".to_owned(),
        false => shown.join(", "),
    });
    if models.len() > SHOWN {
        // Writing to a string cannot fail.
        let _ = write!(text, " and {} more", models.len() - SHOWN);
    }
    text
}

/// What the checks came to.
#[derive(Default)]
struct Report {
    text: String,
    failures: u32,
}

impl Report {
    fn note(&mut self, name: &str, text: impl AsRef<str>) {
        self.line(Style::new(), "-", name, text.as_ref());
    }

    fn add(&mut self, name: &str, outcome: Result<String, CliError>) {
        match outcome {
            Ok(text) => self.line(AnsiColor::Green.on_default(), "✓", name, &text),
            Err(error) => {
                self.failures += 1;
                self.line(AnsiColor::Red.on_default(), "✗", name, error.message());
                if let Some(hint) = error.hint_text() {
                    let _ = writeln!(self.text, "  {:14} hint: {hint}", "");
                }
            }
        }
    }

    fn line(&mut self, style: Style, mark: &str, name: &str, text: &str) {
        let _ = writeln!(self.text, "{style}{mark}{style:#} {name:14} {text}");
    }
}
