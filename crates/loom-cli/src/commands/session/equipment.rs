//! What an agent works with besides the model: tools, rules, sandbox, servers, hooks, and what people
//! wrote down for it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use loom_cli_config::FILE_NAME;
use loom_cli_hooks::{HookFile, HookSetup, Hooks};
use loom_cli_instructions::{Folder, InstructionSetup, Instructions, Skills};
use loom_cli_lsp::{Diagnostics, Launch, Launcher, LspSetup, definitions};
use loom_cli_mcp::{ConfigFiles, McpConfig, McpLimits, McpServers, McpSetup, ServerEntry};
use loom_cli_permission::{Call, PermissionFiles, Permissions, Places, Surroundings};
use loom_cli_rewind::Rewind;
use loom_cli_sandbox::{HostPattern, NetworkAccess, Rung, Sandbox, hidden_places};
use loom_cli_session::{Gate, Hosts, ModelChoice, Person, ServerQuestions};
use loom_cli_tools::{
    CommandEnvironment, EditStyle, OutputLimits, OutputStore, ToolLimits, ToolRegistry, ToolSetup,
};
use loom_cli_web::{Reach, WebFetchSettings, WebFetchTool, WebSearchTool, system_lookup};
use loom_common_config::add_to_list;
use loom_common_core::{Confinement, PermissionMode, ReadFilter, ToolAccess};
use loom_common_thread::ThreadId;
use loom_server_llm_proxy::ServerClient;

use crate::commands::sandbox;
use crate::error::CliError;
use crate::setting::Setting;

/// How long an edit waits for what language servers find.
const DIAGNOSTICS_WAIT: Duration = Duration::from_millis(1500);

/// For what an agent is equipped.
pub(super) struct Occasion<'a> {
    pub(super) model: &'a ModelChoice,
    pub(super) thread: ThreadId,
    /// The way to web search; none where the server has none.
    pub(super) search: Option<ServerClient>,
    pub(super) person: &'a Person,
    /// Servers of tools besides those that are configured.
    pub(super) servers: Vec<ServerEntry>,
}

/// What an agent works with besides the model.
pub(super) struct Equipment {
    pub(super) gate: Gate,
    /// The hosts that commands may reach; none where there is no sandbox.
    pub(super) hosts: Option<Hosts>,
    pub(super) toolbox: Toolbox,
    pub(super) servers: Option<McpServers>,
    /// What the servers ask the person by.
    pub(super) server_questions: ServerQuestions,
    /// The rung of the sandbox.
    pub(super) sandbox: String,
    pub(super) hooks: Hooks,
    pub(super) rewind: Option<Rewind>,
    pub(super) diagnostics: Option<Arc<Diagnostics>>,
    /// The text behind Loom's own instructions.
    pub(super) instructions: String,
    pub(super) nested_instructions: Arc<Instructions>,
}

impl Equipment {
    /// Gets everything. What is wrong and can be done without goes to `warnings`.
    pub(super) async fn get(
        setting: &Setting,
        occasion: Occasion<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<Self, CliError> {
        let Occasion {
            model,
            thread,
            search,
            person,
            servers: handed_over,
        } = occasion;
        let sandbox = sandbox(setting, person, warnings).await?;
        let rung = sandbox
            .as_ref()
            .map_or(Rung::None, |sandbox| sandbox.rung());
        let rung = rung.to_string();
        let gate = Gate {
            permissions: permissions(setting, warnings)?,
            sandbox_works: sandbox.is_some(),
        };
        let hosts = match &sandbox {
            Some(sandbox) => Some(hosts(setting, sandbox)?),
            None => None,
        };
        let diagnostics = diagnostics(setting, sandbox.clone());
        let setup = tool_setup(setting, model, thread, sandbox)?;
        let server_questions = ServerQuestions::default();
        // A server that cannot ask anybody does well to know.
        let elicitation = match person {
            Person::Present => Some(server_questions.clone()),
            Person::Absent { .. } => None,
        };
        let servers = servers(setting, handed_over, &setup, elicitation, warnings)?;
        let rewind = rewind(setting, warnings).await?;
        tidy(setting, setup.outputs.limits(), rewind.clone())?;
        let (instructions, nested_instructions) =
            instructions(setting, &gate.permissions, warnings)?;
        Ok(Self {
            gate,
            hosts,
            toolbox: Toolbox {
                web: WebFetchSettings {
                    reach: match setting.config.value.web.allow_private {
                        true => Reach::Private,
                        false => Reach::Public,
                    },
                    max_output_bytes: setup.limits.max_output_bytes,
                    lookup: system_lookup(),
                },
                search,
                setup,
            },
            servers,
            server_questions,
            sandbox: rung,
            hooks: hooks(setting, warnings)?,
            diagnostics,
            rewind,
            instructions,
            nested_instructions,
        })
    }
}

/// Makes the tools of an agent. Each agent has its own, as they remember what was read.
#[derive(Clone)]
pub(super) struct Toolbox {
    setup: ToolSetup,
    web: WebFetchSettings,
    /// None where the server has no web search.
    search: Option<ServerClient>,
}

impl Toolbox {
    /// Returns the same for an agent of another model.
    pub(super) fn for_model(&self, model: &ModelChoice) -> Self {
        let mut toolbox = self.clone();
        toolbox.setup.edit_style = EditStyle::of_model(&model.name);
        toolbox
    }

    /// Makes the tools.
    pub(super) fn tools(&self) -> ToolRegistry {
        let registry = ToolRegistry::builtin(self.setup.clone());
        // None of these names is taken.
        let _ = registry.add(Arc::new(WebFetchTool::new(self.web.clone())));
        if let Some(server) = &self.search {
            let _ = registry.add(Arc::new(WebSearchTool::new(server.clone())));
        }
        registry
    }
}

/// Removes what earlier sessions have left and is too old or too much, in the background. What cannot
/// be removed now is tried again by the next session.
fn tidy(setting: &Setting, limits: OutputLimits, rewind: Option<Rewind>) -> Result<(), CliError> {
    let outputs = outputs_folder(setting)?;
    let now = SystemTime::from(Setting::clock()());
    tokio::task::spawn_blocking(move || {
        if let Err(error) = OutputStore::sweep(&outputs, limits, now) {
            tracing::debug!(%error, "old outputs could not be removed");
        }
    });
    if let Some(rewind) = rewind {
        tokio::spawn(async move {
            if let Err(error) = rewind.tidy().await {
                tracing::debug!(%error, "old snapshots could not be removed");
            }
        });
    }
    Ok(())
}

/// Returns the folder for outputs that are too long for the model.
fn outputs_folder(setting: &Setting) -> Result<PathBuf, CliError> {
    Ok(setting.directories().state()?.join("outputs"))
}

/// Finds the sandbox; none where it is switched off or does not work.
async fn sandbox(
    setting: &Setting,
    person: &Person,
    warnings: &mut Vec<String>,
) -> Result<Option<Arc<Sandbox>>, CliError> {
    if !setting.config.value.sandbox.enabled {
        return Ok(None);
    }
    let mut setup = sandbox::setup(setting)?;
    if *person == Person::Present && setup.network == NetworkAccess::Off {
        // The proxy refuses all hosts, and so tells which ones to ask for.
        setup.network = NetworkAccess::AllowList(Vec::new());
    }
    let sandbox = Sandbox::probe(setup).await?;
    if sandbox.status().is_confined() {
        return Ok(Some(Arc::new(sandbox)));
    }
    warnings.push(format!(
        "there is no sandbox here, so commands ask: {}",
        sandbox.status().reasons()
    ));
    Ok(None)
}

/// Says how a host is allowed for good: in the person's configuration.
fn hosts(setting: &Setting, sandbox: &Arc<Sandbox>) -> Result<Hosts, CliError> {
    let path = setting.directories().config()?.join(FILE_NAME);
    let keep = Arc::new(move |hosts: &[HostPattern]| {
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        add_to_list(&path, "sandbox", "allow_hosts", &hosts).map_err(|error| error.to_string())
    });
    Ok(Hosts::new(Arc::clone(sandbox), keep))
}

/// Reads the rules of permission.
pub(crate) fn load_permissions(setting: &Setting) -> Result<Permissions, CliError> {
    let directories = setting.directories();
    let files = PermissionFiles::standard(
        &directories.config()?,
        &directories.state()?,
        &setting.workspace,
    );
    let home = setting.environment.get("HOME").map(Into::into);
    let places = Places {
        hidden: home
            .as_deref()
            .map(|home| hidden_places(home, &setting.environment))
            .unwrap_or_default(),
        home,
    };
    Ok(Permissions::load(files, places)?)
}

fn permissions(setting: &Setting, warnings: &mut Vec<String>) -> Result<Permissions, CliError> {
    let permissions = load_permissions(setting)?;
    if let Some(untrusted) = permissions.untrusted() {
        warnings.push(not_trusted("rules that allow", &untrusted.file));
    }
    Ok(permissions)
}

fn tool_setup(
    setting: &Setting,
    model: &ModelChoice,
    thread: ThreadId,
    sandbox: Option<Arc<Sandbox>>,
) -> Result<ToolSetup, CliError> {
    let config = &setting.config.value.tools;
    let limits = OutputLimits {
        shown_bytes: config.max_output_bytes,
        ..OutputLimits::default()
    };
    let outputs = outputs_folder(setting)?;
    Ok(ToolSetup {
        limits: ToolLimits {
            bash_timeout: Duration::from_millis(config.bash_timeout_ms),
            max_output_bytes: config.max_output_bytes,
        },
        environment: CommandEnvironment::new(
            setting.environment.variables(),
            &config.keep_environment,
        ),
        outputs: OutputStore::new(&outputs, &thread.to_string(), limits),
        edit_style: EditStyle::of_model(&model.name),
        sandbox,
    })
}

/// Starts the servers of tools in the background; none where there are none.
fn servers(
    setting: &Setting,
    handed_over: Vec<ServerEntry>,
    tools: &ToolSetup,
    elicitation: Option<ServerQuestions>,
    warnings: &mut Vec<String>,
) -> Result<Option<McpServers>, CliError> {
    let directories = setting.directories();
    let files = ConfigFiles::find(&directories.config()?, &setting.workspace);
    let mut config = McpConfig::load(files, &setting.workspace, &setting.environment);
    for server in handed_over {
        let name = server.name.clone();
        if !config.add(server) {
            warnings.push(format!(
                "there are two servers of tools called {name}; the one of Loom's configuration counts"
            ));
        }
    }
    warnings.extend(config.problems.iter().map(ToString::to_string));
    if config.servers.is_empty() {
        return Ok(None);
    }
    let state_folder = directories.state()?;
    let trust = loom_cli_mcp::TrustStore::new(&state_folder);
    for server in trust.untrusted(&config.servers) {
        let name = &server.entry.name;
        warnings.push(format!(
            "the server of tools {name} does not start: {}; read {}, and allow it with `loom mcp \
             trust {name}`",
            server.why,
            server.evidence().display(),
        ));
    }
    Ok(Some(McpServers::start(McpSetup {
        config,
        state_folder,
        workspace: setting.workspace.clone(),
        environment: setting.environment.clone(),
        inherited: tools.environment.clone(),
        outputs: tools.outputs.clone(),
        elicitation: elicitation.map(|questions| Arc::new(questions) as _),
        limits: McpLimits::default(),
    })))
}

/// Makes the diagnostics of language servers; none where they are not wanted.
fn diagnostics(setting: &Setting, sandbox: Option<Arc<Sandbox>>) -> Option<Arc<Diagnostics>> {
    let config = &setting.config.value.tools;
    if !config.diagnostics {
        return None;
    }
    let environment =
        CommandEnvironment::new(setting.environment.variables(), &config.keep_environment);
    let environment = environment.variables(Confinement::Sandboxed);
    Some(Arc::new(Diagnostics::new(LspSetup {
        workspace: setting.workspace.clone(),
        environment: environment
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        servers: definitions(&BTreeMap::new()),
        launcher: sandbox.map(in_sandbox),
        wait: DIAGNOSTICS_WAIT,
    })))
}

/// Starts language servers in the sandbox: they run code of the project. Without a sandbox they start
/// only in a session that may do everything.
fn in_sandbox(sandbox: Arc<Sandbox>) -> Launcher {
    Arc::new(move |program, arguments| {
        let wrapped = sandbox
            .command(program, arguments)
            .map_err(std::io::Error::other)?;
        Ok(Launch {
            program: wrapped.program,
            arguments: wrapped.arguments,
            environment: wrapped.environment,
        })
    })
}

/// Opens the store for undo; none where it is switched off or cannot be opened.
async fn rewind(setting: &Setting, warnings: &mut Vec<String>) -> Result<Option<Rewind>, CliError> {
    if !setting.config.value.agent.undo {
        return Ok(None);
    }
    match setting.open_rewind().await? {
        Ok(rewind) => Ok(Some(rewind)),
        Err(error) => {
            warnings.push(format!("nothing can be undone in this session: {error}"));
            Ok(None)
        }
    }
}

/// Reads the hooks, and returns with them what remembers which are trusted.
pub(crate) fn load_hooks(
    setting: &Setting,
) -> Result<(Hooks, loom_cli_hooks::TrustStore), CliError> {
    use loom_cli_hooks::{Scope, TrustStore};
    let project = |path: &str| HookFile {
        path: setting.workspace.join(path),
        scope: Scope::Project,
    };
    let setup = HookSetup {
        files: vec![
            HookFile {
                path: setting.directories().config()?.join("hooks.json"),
                scope: Scope::User,
            },
            project(".loom/hooks.json"),
            project(".claude/settings.json"),
            project(".claude/settings.local.json"),
        ],
        workspace: setting.workspace.clone(),
        environment: setting.environment.variables().collect(),
    };
    let trust = TrustStore::new(&setting.directories().state()?);
    let hooks = Hooks::load(&setup, &trust);
    Ok((hooks, trust))
}

fn hooks(setting: &Setting, warnings: &mut Vec<String>) -> Result<Hooks, CliError> {
    let (hooks, _) = load_hooks(setting)?;
    warnings.extend(hooks.problems().iter().map(ToString::to_string));
    for untrusted in hooks.untrusted() {
        warnings.push(not_trusted("hooks", &untrusted.path));
    }
    Ok(hooks)
}

/// Returns which files may go to the model because a file of the project names them: those that a call
/// could read without a question, whatever the mode.
pub(super) fn readable(setting: &Setting, permissions: &Permissions) -> ReadFilter {
    let call = Call {
        tool: "read_file",
        access: ToolAccess::Read,
        resources: &[],
        workspace: &setting.workspace,
    };
    permissions.readable(PermissionMode::Auto, &call, &Surroundings::default())
}

/// Reads what people wrote down for the agent.
fn instructions(
    setting: &Setting,
    permissions: &Permissions,
    warnings: &mut Vec<String>,
) -> Result<(String, Arc<Instructions>), CliError> {
    use loom_cli_instructions::Scope;
    let user_folder = setting.directories().config()?;
    let instructions = Instructions::load(&InstructionSetup {
        workspace: setting.workspace.clone(),
        home: setting.environment.get("HOME").map(Into::into),
        user_folder: Some(user_folder.clone()),
        readable: readable(setting, permissions),
    });
    warnings.extend(instructions.problems().iter().map(ToString::to_string));
    let project = |path: &str| Folder {
        path: setting.workspace.join(path),
        scope: Scope::Project,
    };
    let skills = [
        project(".loom/skills"),
        project(".claude/skills"),
        Folder {
            path: user_folder.join("skills"),
            scope: Scope::User,
        },
    ];
    let skills = Skills::load(&skills, &setting.workspace);
    warnings.extend(skills.problems().iter().map(ToString::to_string));
    let text = [instructions.text(), &skills.text()]
        .into_iter()
        .filter(|text| !text.trim().is_empty())
        .map(str::trim)
        .collect::<Vec<_>>()
        .join("\n\n");
    Ok((text, Arc::new(instructions)))
}

/// Says that something of the project does not count, and how it would.
pub(super) fn not_trusted(what: &str, file: &std::path::Path) -> String {
    format!(
        "the {what} in {} do not count: this folder could have brought them along; read them, and \
         allow them with `loom trust`",
        file.display()
    )
}
