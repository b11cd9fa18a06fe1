//! Puts a session together: everything that an agent works with, from the person's settings, files
//! and server.
//!
//! What cannot be had and is not needed (the figures of a model, a folder for long outputs) is left
//! out with a warning; a session that could do its work does not fail for it.

use std::sync::Arc;
use std::time::Duration;

use loom_cli_instructions::{MentionSetup, Scope};
use loom_cli_mcp::{McpServers, ServerEntry};
use loom_cli_permission::Permissions;
use loom_cli_rewind::Rewind;
use loom_cli_session::{
    ModelChoice, Person, Session, SessionLimits, SessionSetup, Subagents, ThreadStart,
};
use loom_common_config::Origin;
use loom_common_core::{Effort, Message, ModelFigures, PermissionMode, ReadFilter};
use loom_common_http::RetryConfig;
use loom_common_thread::{NewThread, StoredThread, ThreadId, ThreadStore};
use loom_server_llm_proxy::ServerClient;

use super::agents;
use super::equipment::{Equipment, Occasion, readable};
use super::keepers::keepers;
use super::mentions::Mentions;
use super::own_commands::OwnCommands;
use super::selection::{Model, select_model, unknown_provider};
use crate::arguments::SessionArguments;
use crate::commands::threads;
use crate::connection::Connection;
use crate::error::CliError;
use crate::setting::Setting;
use crate::{git, redaction};

/// How often a subagent may ask its model.
const MAX_SUBAGENT_CALLS: u32 = 60;

/// How long a provider may take to say which models it offers.
const MODELS_PATIENCE: Duration = Duration::from_secs(3);

/// How long servers of tools are waited for.
const SERVERS_START: Duration = Duration::from_secs(10);

/// How a session is to begin.
pub(crate) struct Beginning {
    pub(crate) thread: Wanted,
    pub(crate) person: Person,
    /// Servers of tools besides those that are configured.
    pub(crate) servers: Vec<ServerEntry>,
}

/// The thread that a session is wanted for.
pub(crate) enum Wanted {
    New,
    /// The newest one of the folder.
    Latest,
    /// The one that this id stands for.
    Stored(String),
}

impl From<&SessionArguments> for Wanted {
    fn from(arguments: &SessionArguments) -> Self {
        match &arguments.resume {
            Some(id) => Self::Stored(id.clone()),
            None if arguments.continue_latest => Self::Latest,
            None => Self::New,
        }
    }
}

/// A session, and what the person should know before it begins.
pub(crate) struct Started {
    pub(crate) session: Session,
    pub(crate) thread: ThreadId,
    /// What was said so far in the thread that goes on.
    pub(crate) history: Vec<Arc<Message>>,
    pub(crate) warnings: Vec<String>,
    /// Name of the model's provider.
    pub(crate) provider: String,
    /// How much the model is to think, if that was said.
    pub(crate) effort: Option<Effort>,
    /// The rung of the sandbox.
    pub(crate) sandbox: String,
    pub(crate) permissions: Permissions,
    pub(crate) servers: Option<McpServers>,
    /// Understands what is said.
    pub(crate) own_commands: OwnCommands,
    pub(crate) rewind: Option<Rewind>,
    /// Finds models for a session that goes on with another one.
    pub(crate) models: Models,
}

impl Started {
    /// Waits until the servers of tools are ready, or are not going to be soon.
    pub(super) async fn servers_settled(&self) {
        settled(self.servers.as_ref()).await;
    }
}

/// Waits until the servers of tools are ready, or are not going to be soon.
pub(crate) async fn settled(servers: Option<&McpServers>) {
    if let Some(servers) = servers {
        // One that takes longer is done without.
        let _ = tokio::time::timeout(SERVERS_START, servers.settled()).await;
    }
}

/// Puts a session together and starts it.
pub(crate) async fn start(setting: &Setting, beginning: Beginning) -> Result<Started, CliError> {
    let Beginning {
        thread: wanted,
        person,
        servers: handed_over,
    } = beginning;
    let mut warnings = Vec::new();
    let store = setting.open_threads().await?;
    let stored = stored_thread(setting, wanted, &store).await?;
    let connection = Connection::open(setting).await?;
    warnings.extend(connection.other_version.as_ref().map(other_version));
    let chosen = select_model(setting, &connection, stored.as_ref()).await?;
    let models = Models {
        connection,
        max_tokens: setting.config.value.model.max_tokens,
    };
    let mut model = models.find(chosen).await?;
    model.effort = setting.config.value.model.effort;
    let config = &setting.config.value;
    let permission_mode = permission_mode(setting, stored.as_ref());
    let history = stored.as_ref().map(|stored| {
        let history = stored.log.history().into_iter();
        history.map(|(_, message)| Arc::clone(message)).collect()
    });
    let clock = Setting::clock();
    let mut rng = Setting::rng();
    let thread_id = match &stored {
        Some(stored) => stored.thread.id,
        None => ThreadId::new(clock(), &mut rng),
    };
    let search = models.search().await?;
    let occasion = Occasion {
        model: &model,
        thread: thread_id,
        search,
        person: &person,
        servers: handed_over,
    };
    let equipment = Equipment::get(setting, occasion, &mut warnings).await?;
    let thread = match stored {
        Some(stored) => ThreadStart::Resume(Box::new(stored)),
        None => ThreadStart::New(Box::new(NewThread {
            id: thread_id,
            cwd: setting.workspace.clone(),
            provider: model.provider.clone(),
            model: model.name.clone(),
            permission_mode,
            git: git::metadata(setting).await,
            created_at: clock(),
        })),
    };
    let provider = model.provider.clone();
    let sandbox = equipment.sandbox.clone();
    let permissions = equipment.gate.permissions.clone();
    let readable = readable(setting, &permissions);
    let (servers, rewind) = (equipment.servers.clone(), equipment.rewind.clone());
    let subagents = subagents(setting, &models, &model, &equipment, &mut warnings).await?;
    let keepers = keepers(setting, &models, &model, &mut warnings).await?;
    let session = Session::start(SessionSetup {
        retry: RetryConfig {
            max_attempts: config.agent.max_retries.saturating_add(1),
            ..RetryConfig::default()
        },
        tools: equipment.toolbox.tools(),
        model,
        workspace: setting.workspace.clone(),
        instructions: equipment.instructions,
        nested_instructions: Some(equipment.nested_instructions),
        servers: equipment.servers,
        server_questions: Some(equipment.server_questions),
        gate: equipment.gate,
        hosts: equipment.hosts,
        rewind: equipment.rewind.clone(),
        keepers,
        diagnostics: equipment.diagnostics,
        redaction: redaction::of_session(setting),
        permission_mode,
        person,
        hooks: Arc::new(equipment.hooks),
        limits: SessionLimits {
            max_model_calls: config.agent.max_model_calls,
            max_cost_micros: config.agent.max_cost.map(micros),
        },
        compact_at_percent: Some(config.agent.compact_at_percent).filter(|percent| *percent > 0),
        subagents,
        store,
        thread,
        clock,
        rng,
    });
    let own_commands = own_commands(setting, readable, servers.clone(), &mut warnings)?;
    Ok(Started {
        session,
        thread: thread_id,
        history: history.unwrap_or_default(),
        warnings,
        provider,
        effort: config.model.effort,
        sandbox,
        permissions,
        own_commands,
        servers,
        rewind,
        models,
    })
}

/// Reads the commands of files, and finds what is mentioned.
fn own_commands(
    setting: &Setting,
    readable: ReadFilter,
    servers: Option<McpServers>,
    warnings: &mut Vec<String>,
) -> Result<OwnCommands, CliError> {
    let files = MentionSetup {
        workspace: setting.workspace.clone(),
        home: setting.environment.get("HOME").map(Into::into),
        author: Scope::User,
        readable,
    };
    let mentions = Mentions::new(files, servers.clone());
    OwnCommands::load(setting, mentions, servers, warnings)
}

/// Finds models.
pub(crate) struct Models {
    connection: Connection,
    max_tokens: Option<u32>,
}

impl Models {
    /// Returns the way to the server's web search, if it has one.
    async fn search(&self) -> Result<Option<ServerClient>, CliError> {
        let server = self.connection.server()?;
        Ok(match server.offer().await {
            Ok(offer) => offer.web_search.map(|_| server),
            Err(error) => {
                tracing::debug!(%error, "whether there is web search is not known");
                None
            }
        })
    }

    /// Returns the models that the server's providers offer, as far as they say so in time: provider
    /// and name.
    pub(crate) async fn offered(&self) -> Result<Vec<Model>, CliError> {
        let server = self.connection.server()?;
        let providers = server.providers().await?;
        let asked = providers
            .into_iter()
            .filter(|provider| provider.configured)
            .map(async |provider| {
                let names = server.check(&provider.name);
                let names = tokio::time::timeout(MODELS_PATIENCE, names).await;
                let names = match names {
                    Ok(Ok(names)) => names,
                    // It still answers, perhaps, with the model that it is known for.
                    _ => provider.default_model.into_iter().collect(),
                };
                let named = move |name| Model {
                    provider: provider.name.clone(),
                    name,
                };
                names.into_iter().map(named).collect::<Vec<_>>()
            });
        let models = futures::future::join_all(asked).await;
        Ok(models.into_iter().flatten().collect())
    }

    /// Makes sure that the server knows a provider.
    ///
    /// # Errors
    ///
    /// When it does not, or cannot be asked.
    pub(crate) async fn check_provider(&self, name: &str) -> Result<(), CliError> {
        let providers = self.connection.server()?.providers().await?;
        match providers.iter().any(|provider| provider.name == name) {
            true => Ok(()),
            false => Err(unknown_provider(name, &providers)),
        }
    }

    /// Returns the way to a model that a file names, one of the provider `usual` where the file
    /// names none.
    ///
    /// # Errors
    ///
    /// Why there is no such model, for the person.
    pub(super) async fn find_written(
        &self,
        written: &str,
        usual: &str,
    ) -> Result<ModelChoice, String> {
        let model = Model::written(written, usual)?;
        self.find(model).await.map_err(|error| error.to_string())
    }

    /// Returns the way to a model, with the figures that the server has of it.
    pub(crate) async fn find(&self, model: Model) -> Result<ModelChoice, CliError> {
        let Model { provider, name } = model;
        let client = self.connection.model(&provider)?;
        let figures = match self.connection.server()?.model(&provider, &name).await {
            Ok(model) => model.figures,
            Err(error) => {
                // The first prompt tells what is wrong with the server, if anything is.
                tracing::debug!(%error, provider, name, "no figures of the model");
                ModelFigures::default()
            }
        };
        Ok(ModelChoice {
            client,
            provider,
            name,
            max_tokens: self.max_tokens,
            effort: None,
            figures,
        })
    }
}

async fn subagents(
    setting: &Setting,
    models: &Models,
    model: &ModelChoice,
    equipment: &Equipment,
    warnings: &mut Vec<String>,
) -> Result<Option<Subagents>, CliError> {
    let config = &setting.config.value.agent;
    if config.max_subagents == 0 {
        return Ok(None);
    }
    let model = match &config.subagent_model {
        None => model.clone(),
        Some(name) => {
            let provider = model.provider.clone();
            let name = name.clone();
            models.find(Model { provider, name }).await?
        }
    };
    let mut definitions = Vec::new();
    for agent in agents::load(setting)?.report(warnings).iter() {
        definitions.push(agents::definition(agent, models, &model, warnings).await);
    }
    let toolbox = equipment.toolbox.clone();
    Ok(Some(Subagents {
        model,
        tools: Box::new(move |model| toolbox.for_model(model).tools()),
        definitions,
        max_model_calls: MAX_SUBAGENT_CALLS,
        side_by_side: config.max_subagents,
    }))
}

fn other_version(version: &String) -> String {
    format!(
        "the running loom-server is of version {version}, this loom is {}; `loom server stop` lets \
         the next session start the fitting one",
        loom_common_version::VERSION
    )
}

/// Turns dollars into millionths.
fn micros(dollars: f64) -> u64 {
    // Settings are checked not to be negative.
    (dollars * 1_000_000.0).round() as u64
}

/// Loads the thread that goes on, if one was asked for.
async fn stored_thread(
    setting: &Setting,
    wanted: Wanted,
    store: &ThreadStore,
) -> Result<Option<StoredThread>, CliError> {
    let stored = match wanted {
        Wanted::New => return Ok(None),
        Wanted::Stored(id) => threads::load(store, &id).await?,
        Wanted::Latest => {
            let latest = store.latest(&setting.workspace).await?.ok_or_else(|| {
                CliError::failed(format!(
                    "no thread to continue in {}",
                    setting.workspace.display()
                ))
                .hint("`loom threads list --all` lists the threads of all folders")
            })?;
            threads::load(store, &latest.id.to_string()).await?
        }
    };
    threads::check_folder(setting, &stored.thread)?;
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
