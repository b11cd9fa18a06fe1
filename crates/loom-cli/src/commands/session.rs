//! A session with the agent: on a terminal, or for one prompt.

mod line_editor;
mod print;
mod prompt_input;
mod repl;
mod selection;
mod type_ahead;

use std::time::Duration;

use loom_cli_session::{Person, Session, SessionSetup, ThreadStart};
use loom_cli_tools::{CommandEnvironment, ToolLimits, ToolRegistry, ToolSetup};
use loom_common_config::Origin;
use loom_common_core::PermissionMode;
use loom_common_http::RetryConfig;
use loom_common_thread::{NewThread, StoredThread, ThreadId, ThreadStore};

use crate::arguments::SessionArguments;
use crate::commands::threads;
use crate::connection::Connection;
use crate::error::CliError;
use crate::git;
use crate::setting::Setting;
pub(crate) use selection::no_provider;
use selection::{Model, select_model};

pub(crate) async fn run(setting: &Setting, arguments: SessionArguments) -> Result<(), CliError> {
    match &arguments.print {
        Some(prompt) => print::run(setting, &arguments, prompt).await,
        None => repl::run(setting, &arguments).await,
    }
}

/// Puts a session together and starts it.
async fn start(
    setting: &Setting,
    arguments: &SessionArguments,
    person: Person,
) -> Result<Started, CliError> {
    let store = setting.open_threads().await?;
    let stored = stored_thread(setting, arguments, &store).await?;
    let connection = Connection::open(setting).await?;
    let Model { provider, name } = select_model(setting, &connection, stored.as_ref()).await?;
    let config = &setting.config.value;
    let tools = ToolRegistry::builtin(ToolSetup {
        limits: ToolLimits {
            bash_timeout: Duration::from_millis(config.tools.bash_timeout_ms),
            max_output_bytes: config.tools.max_output_bytes,
        },
        environment: CommandEnvironment::new(setting.environment.variables(), &[]),
        ..ToolSetup::default()
    });
    let permission_mode = permission_mode(setting, stored.as_ref());
    let recap = stored.as_ref().map(threads::recap);
    let clock = Setting::clock();
    let mut rng = Setting::rng();
    let thread = match stored {
        Some(stored) => ThreadStart::Resume(Box::new(stored)),
        None => ThreadStart::New(Box::new(NewThread {
            id: ThreadId::new(clock(), &mut rng),
            cwd: setting.workspace.clone(),
            provider: provider.clone(),
            model: name.clone(),
            permission_mode,
            git: git::metadata(&setting.workspace).await,
            created_at: clock(),
        })),
    };
    let session = Session::start(SessionSetup {
        client: connection.model(&provider)?,
        provider,
        model: name,
        max_tokens: config.model.max_tokens,
        effort: config.model.effort,
        retry: RetryConfig {
            max_attempts: config.agent.max_retries.saturating_add(1),
            ..RetryConfig::default()
        },
        tools,
        workspace: setting.workspace.clone(),
        permission_mode,
        person,
        store,
        thread,
        clock,
        rng,
    });
    Ok(Started {
        session,
        recap,
        warning: connection.other_version.map(|version| {
            format!(
                "the running loom-server is of version {version}, this loom is {}; \
                 `loom server stop` lets the next session start the fitting one",
                loom_common_version::VERSION
            )
        }),
    })
}

/// A session, and what the person should know before it begins.
struct Started {
    session: Session,
    /// How the thread stands that goes on.
    recap: Option<String>,
    warning: Option<String>,
}

/// Loads the thread that goes on, if one was asked for.
async fn stored_thread(
    setting: &Setting,
    arguments: &SessionArguments,
    store: &ThreadStore,
) -> Result<Option<StoredThread>, CliError> {
    let stored = if let Some(id) = &arguments.resume {
        threads::load(store, id).await?
    } else if arguments.continue_latest {
        let latest = store.latest(&setting.workspace).await?.ok_or_else(|| {
            CliError::failed(format!(
                "no thread to continue in {}",
                setting.workspace.display()
            ))
            .hint("`loom threads list --all` lists the threads of all folders")
        })?;
        threads::load(store, &latest.id.to_string()).await?
    } else {
        return Ok(None);
    };
    // A folder that was moved is found under its new name.
    if stored.thread.cwd != setting.workspace && stored.thread.cwd.is_dir() {
        return Err(CliError::usage(format!(
            "thread {} belongs to {}",
            stored.thread.id,
            stored.thread.cwd.display()
        ))
        .hint(format!("add `-C {}`", stored.thread.cwd.display())));
    }
    Ok(Some(stored))
}

/// What the agent may do without asking: what was asked for, else what the thread began with. A
/// thread that was only to be planned does not begin to act because it goes on.
fn permission_mode(setting: &Setting, stored: Option<&StoredThread>) -> PermissionMode {
    match (setting.config.origin("agent.permission_mode"), stored) {
        (Origin::Default, Some(stored)) => stored.thread.permission_mode,
        _ => setting.config.value.agent.permission_mode,
    }
}
