//! `loom mcp`: servers of tools.

pub(crate) mod listing;

use std::io::IsTerminal as _;
use std::process::Stdio;
use std::time::Duration;

use loom_cli_mcp::{
    ConfigFiles, Login, LoginSetup, McpConfig, McpLimits, McpServers, McpSetup, OAuthDefinition,
    Scope, ServerEntry, ServerState, TransportDefinition, TrustStore, logout,
};
use loom_cli_tools::{CommandEnvironment, OutputStore};
use tokio::process::Command;
use tokio::time::timeout;

use super::{print, print_json};
use crate::arguments::{McpAddArguments, McpCommand};
use crate::error::CliError;
use crate::interrupt::Interrupts;
use crate::setting::Setting;

/// How long the person has to log in.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(10 * 60);

pub(crate) async fn run(setting: &Setting, command: McpCommand) -> Result<(), CliError> {
    match command {
        McpCommand::List { json } => list(setting, json).await,
        McpCommand::Tools { name, json } => tools(setting, &name, json).await,
        McpCommand::Add(arguments) => add(setting, arguments),
        McpCommand::Remove { name, project } => remove(setting, &name, project),
        McpCommand::Trust { names, revoke } => trust(setting, &names, revoke),
        McpCommand::Login { name, no_browser } => log_in(setting, &name, no_browser).await,
        McpCommand::Logout { name } => log_out(setting, &name),
    }
}

/// Finds the files that define servers.
fn files(setting: &Setting) -> Result<ConfigFiles, CliError> {
    Ok(ConfigFiles::find(
        &setting.directories().config()?,
        &setting.workspace,
    ))
}

/// Reads the servers that are configured, and warns of files that cannot be used.
fn load(setting: &Setting) -> Result<McpConfig, CliError> {
    let config = McpConfig::load(files(setting)?, &setting.workspace, &setting.environment);
    for problem in &config.problems {
        CliError::warn(&problem.to_string());
    }
    Ok(config)
}

async fn list(setting: &Setting, json: bool) -> Result<(), CliError> {
    let config = load(setting)?;
    if config.servers.is_empty() && !json {
        return print("no servers; `loom mcp add` adds one\n");
    }
    let status = with_servers(setting, config, async |servers| Ok(servers.status())).await?;
    match json {
        true => print_json(&status),
        false => print(&listing::servers(&status)),
    }
}

async fn tools(setting: &Setting, name: &str, json: bool) -> Result<(), CliError> {
    let mut config = load(setting)?;
    config.server(name)?;
    config.servers.retain(|server| server.name == name);
    let (status, tools) = with_servers(setting, config, async |servers| {
        Ok((servers.status(), servers.tools(name)?))
    })
    .await?;
    if let Some(status) = status
        .iter()
        .find(|status| status.state != ServerState::Ready)
    {
        let message = format!("the server `{name}` is not ready");
        return Err(CliError::failed(message).hint(listing::explain(status)));
    }
    match json {
        true => print_json(&tools),
        false => print(&listing::tools(&tools)),
    }
}

/// Starts the servers, waits until each is ready or is not going to be, does `work`, and ends them,
/// also when the person interrupts.
async fn with_servers<T>(
    setting: &Setting,
    config: McpConfig,
    work: impl AsyncFnOnce(&McpServers) -> Result<T, CliError>,
) -> Result<T, CliError> {
    let mut interrupts = Interrupts::listen()?;
    let named = &setting.config.value.tools.keep_environment;
    let servers = McpServers::start(McpSetup {
        config,
        state_folder: setting.directories().state()?,
        workspace: setting.workspace.clone(),
        environment: setting.environment.clone(),
        inherited: CommandEnvironment::new(setting.environment.variables(), named),
        outputs: OutputStore::default(),
        elicitation: None,
        limits: McpLimits::default(),
    });
    let outcome = tokio::select! {
        () = servers.settled() => work(&servers).await,
        _ = interrupts.next() => Err(CliError::interrupted("interrupted")),
    };
    servers.shutdown().await;
    outcome
}

fn add(setting: &Setting, arguments: McpAddArguments) -> Result<(), CliError> {
    let scope = match arguments.project {
        true => Scope::Project,
        false => Scope::User,
    };
    let name = arguments.name.clone();
    let files = files(setting)?;
    files.add(scope, &name, &transport(arguments)?)?;
    if scope == Scope::Project {
        // Who has written the definition does not need to be asked about it.
        let config = McpConfig::load(files.clone(), &setting.workspace, &setting.environment);
        TrustStore::new(&setting.directories().state()?).trust(&[config.server(&name)?])?;
    }
    print(&format!("added {name} to {}\n", files.of(scope).display()))
}

/// Reads what is added: an address, or a program with its arguments.
fn transport(arguments: McpAddArguments) -> Result<TransportDefinition, CliError> {
    let mut target = arguments.target.into_iter();
    let first = target.next().unwrap_or_default();
    let is_service = first.starts_with("http://") || first.starts_with("https://");
    let pairs = |texts: Vec<String>, separator: char, form: &str| {
        texts
            .into_iter()
            .map(|text| match text.split_once(separator) {
                Some((name, value)) if !name.trim().is_empty() => {
                    Ok((name.trim().to_owned(), value.trim_start().to_owned()))
                }
                _ => Err(CliError::usage(format!(
                    "`{text}` is not of the form {form}"
                ))),
            })
            .collect::<Result<_, _>>()
    };
    if is_service {
        if target.next().is_some() || !arguments.variables.is_empty() || arguments.cwd.is_some() {
            return Err(
                CliError::usage("a service has no arguments, variables or folder")
                    .hint("options stand ahead of the address, or behind it"),
            );
        }
        return Ok(TransportDefinition::Http {
            url: first,
            headers: pairs(arguments.headers, ':', "'Name: value'")?,
            oauth: OAuthDefinition {
                client_id: arguments.client_id,
                ..OAuthDefinition::default()
            },
        });
    }
    if !arguments.headers.is_empty() || arguments.client_id.is_some() {
        return Err(CliError::usage("a program has no headers and no login")
            .hint("the address of a service starts with http:// or https://"));
    }
    Ok(TransportDefinition::Stdio {
        command: first,
        args: target.collect(),
        env: pairs(arguments.variables, '=', "NAME=VALUE")?,
        cwd: arguments.cwd.map(|folder| folder.display().to_string()),
    })
}

fn remove(setting: &Setting, name: &str, project: bool) -> Result<(), CliError> {
    let config = load(setting)?;
    let scope = match project {
        true => Scope::Project,
        false => config.server(name)?.scope,
    };
    config.files.remove(scope, name)?;
    let file = config.files.of(scope).display();
    print(&format!("removed {name} from {file}\n"))
}

fn trust(setting: &Setting, names: &[String], revoke: bool) -> Result<(), CliError> {
    let config = load(setting)?;
    let store = TrustStore::new(&setting.directories().state()?);
    if names.is_empty() {
        return print(&listing::untrusted(&store.untrusted(&config.servers)));
    }
    let servers: Vec<&ServerEntry> = names
        .iter()
        .map(|name| config.server(name))
        .collect::<Result<_, _>>()?;
    if let Some(own) = servers.iter().find(|server| server.scope == Scope::User) {
        let message = format!("the server `{}` is your own and needs no trust", own.name);
        return Err(CliError::usage(message)
            .hint("\"disabled\": true in its definition switches a server off"));
    }
    match revoke {
        true => servers
            .iter()
            .try_for_each(|server| store.distrust(server))?,
        false => store.trust(&servers)?,
    }
    let verb = if revoke {
        "no longer trusted"
    } else {
        "trusted"
    };
    print(&format!("{verb}: {}\n", names.join(", ")))
}

async fn log_in(setting: &Setting, name: &str, no_browser: bool) -> Result<(), CliError> {
    let config = load(setting)?;
    let server = config.server(name)?;
    let state_folder = setting.directories().state()?;
    let untrusted = TrustStore::new(&state_folder).untrusted(&config.servers);
    if untrusted
        .iter()
        .any(|untrusted| untrusted.entry.name == name)
    {
        let message = format!("the server `{name}` is the project's, and you have not trusted it");
        return Err(CliError::failed(message).hint(format!("`loom mcp trust {name}` does")));
    }
    let login = Login::begin(LoginSetup {
        server,
        environment: &setting.environment,
        state_folder: &state_folder,
    })
    .await?;
    print(&format!(
        "Log in to {name} in a browser at this address:\n\n{}\n\nIf the browser is on another \
         machine, copy the address that it ends at, paste it here and press Enter.\n",
        login.url()
    ))?;
    if !no_browser && std::io::stdout().is_terminal() {
        open_browser(login.url());
    }
    let returned = timeout(LOGIN_TIMEOUT, async {
        tokio::select! {
            returned = login.returned() => returned,
            pasted = pasted_address() => Ok(pasted),
        }
    });
    let returned = returned.await.map_err(|_| {
        CliError::failed(format!("nobody logged in to {name} within ten minutes"))
            .hint("a browser is needed; `loom mcp login` can be run again")
    })??;
    login.finish(&returned).await?;
    print(&format!("logged in to {name}\n"))
}

/// Opens a browser, if there is one.
fn open_browser(url: &str) {
    let program = match cfg!(target_os = "macos") {
        true => "open",
        false => "xdg-open",
    };
    // The address has been printed, for who has no such program.
    let _ = Command::new(program)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
}

/// Waits for an address on standard input. Dropping the future leaves a thread to its reading.
async fn pasted_address() -> String {
    let address = tokio::task::spawn_blocking(|| {
        let mut lines = std::io::stdin().lines().map_while(Result::ok);
        lines.find(|line| line.trim().starts_with("http"))
    });
    match address.await {
        Ok(Some(address)) => address,
        // Nobody is there who could paste one.
        _ => std::future::pending().await,
    }
}

fn log_out(setting: &Setting, name: &str) -> Result<(), CliError> {
    let config = load(setting)?;
    let had_login = logout(LoginSetup {
        server: config.server(name)?,
        environment: &setting.environment,
        state_folder: &setting.directories().state()?,
    })?;
    print(&match had_login {
        true => format!("logged out of {name}\n"),
        false => format!("there was no login to {name}\n"),
    })
}
