//! What goes with one of an editor's sessions.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use loom_cli_acp::{
    Choice, CommandEntry, Companion, Heard, ModelId, Prompt, Refusal, RefusalKind, Said,
};
use loom_cli_mcp::McpServers;
use loom_cli_permission::{Call, Permissions, Surroundings, Verdict};
use loom_cli_session::{Session, SessionHandle};
use loom_common_core::stream::StreamError;
use loom_common_core::{PermissionMode, ReadFilter, Resource, ToolAccess};
use tokio::sync::OnceCell;

use super::orders::{Order, Orders};
use super::{offered, refusal};
use crate::commands::session::assembly::{self, Models, Started};
use crate::commands::session::own_commands::{self, OwnCommands, Unheard};
use crate::commands::session::repl::commands::{self, Command, Line};
use crate::commands::session::selection::Model;

/// Most models that an editor is offered.
const MAX_MODELS: usize = 200;

/// What goes with one session.
pub(super) struct SessionCompanion {
    handle: SessionHandle,
    own_commands: OwnCommands,
    models: Arc<Models>,
    /// Provider of the model that answers.
    provider: Mutex<String>,
    permissions: Permissions,
    /// The folder that the agent works in.
    workspace: PathBuf,
    servers: Option<McpServers>,
    /// Set when the servers of tools were waited for.
    has_settled: OnceCell<()>,
    orders: Orders,
    known_models: Arc<Mutex<Option<Vec<ModelId>>>>,
}

impl SessionCompanion {
    /// Takes what goes with a session apart from the session.
    pub(super) fn new(
        started: Started,
        workspace: PathBuf,
        known_models: Arc<Mutex<Option<Vec<ModelId>>>>,
    ) -> (Session, Self) {
        let Started {
            session,
            thread,
            provider,
            permissions,
            servers,
            own_commands,
            rewind,
            models,
            ..
        } = started;
        let handle = session.handle.clone();
        let models = Arc::new(models);
        let orders = Orders {
            handle: handle.clone(),
            thread,
            rewind,
            servers: servers.clone(),
        };
        let companion = Self {
            handle,
            own_commands,
            models,
            provider: Mutex::new(provider),
            permissions,
            workspace,
            servers,
            has_settled: OnceCell::new(),
            orders,
            known_models,
        };
        (session, companion)
    }

    async fn understand(&self, prompt: Prompt) -> Result<Heard, Refusal> {
        let Prompt { text, attached } = prompt;
        let mut problems = Vec::new();
        let said = match commands::read(&text) {
            Line::Command(Command::Init) | Line::Prompt | Line::Other { .. } => None,
            Line::Command(Command::Compact(instructions)) => Some(Said::Compact(instructions)),
            Line::Command(Command::Mode(Some(mode))) => Some(Said::Choice(Choice::Mode(mode))),
            Line::Command(Command::Effort(effort)) => Some(Said::Choice(Choice::Effort(effort))),
            Line::Command(Command::Model { provider, name }) => {
                let provider = provider.unwrap_or_else(|| self.provider());
                let model = ModelId { provider, name };
                problems.extend(self.oddness(&model).await);
                Some(Said::Choice(Choice::Model(model)))
            }
            Line::Command(Command::Own) => {
                Some(self.order(Order::Tell(self.own_commands.listing())))
            }
            Line::Command(command) => Some(self.order(self.orders.read(command)?)),
            Line::Wrong(wrong) => return Err(misuse(wrong)),
        };
        if let Some(said) = said {
            return Ok(Heard { said, problems });
        }
        // What the editor has handed over is there when the model is asked first.
        self.until_settled().await;
        let provider = self.provider();
        let heard = self.own_commands.hear(&text, &self.models, &provider).await;
        let own_commands::Heard { said, problems } = heard.map_err(unheard)?;
        let said = match said {
            own_commands::Said::Prompt(mut message) => {
                message.content.extend(attached);
                Said::Prompt(message)
            }
            own_commands::Said::Command(mut command) => {
                command.attachments.extend(attached);
                Said::Command(command)
            }
        };
        Ok(Heard { said, problems })
    }

    fn order(&self, order: Order) -> Said {
        Said::Order(self.orders.clone().carry_out(order).boxed())
    }

    /// Returns what is odd about a model whose name was typed. Providers answer by names that they do
    /// not list, so that is no error.
    async fn oddness(&self, model: &ModelId) -> Option<String> {
        let ModelId { provider, name } = model;
        let listed = offered(&self.models, &self.known_models).await;
        let is_odd =
            listed.iter().any(|listed| listed.provider == *provider) && !listed.contains(model);
        is_odd.then(|| {
            format!("{provider} lists no model {name}; the next prompt tells whether it has one")
        })
    }

    async fn take_model(&self, model: &ModelId) -> Result<(), Refusal> {
        let ModelId { provider, name } = model.clone();
        let known = self.models.check_provider(&provider).await;
        known.map_err(refusal)?;
        let found = self.models.find(Model { provider, name }).await;
        let found = found.map_err(refusal)?;
        let provider = found.provider.clone();
        let set = self.handle.set_model(found).await;
        set.map_err(|error| refusal(error.into()))?;
        *self.provider.lock().unwrap_or_else(PoisonError::into_inner) = provider;
        Ok(())
    }

    /// Waits, once, for the servers of tools.
    async fn until_settled(&self) {
        let settle = || assembly::settled(self.servers.as_ref());
        self.has_settled.get_or_init(settle).await;
    }

    fn provider(&self) -> String {
        let provider = self.provider.lock();
        provider.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Companion for SessionCompanion {
    fn hear(&self, prompt: Prompt) -> BoxFuture<'_, Result<Heard, Refusal>> {
        self.understand(prompt).boxed()
    }

    fn set_model<'a>(&'a self, model: &'a ModelId) -> BoxFuture<'a, Result<(), Refusal>> {
        self.take_model(model).boxed()
    }

    fn models(&self) -> BoxFuture<'_, Vec<ModelId>> {
        let models = async {
            let mut models = offered(&self.models, &self.known_models).await;
            models.truncate(MAX_MODELS);
            models
        };
        models.boxed()
    }

    fn modes(&self) -> Vec<PermissionMode> {
        let modes = [
            PermissionMode::Plan,
            PermissionMode::Ask,
            PermissionMode::Auto,
            PermissionMode::Full,
        ];
        let is_allowed =
            |mode: &PermissionMode| self.permissions.mode_switched_off(*mode).is_none();
        modes.into_iter().filter(is_allowed).collect()
    }

    fn readable(&self) -> ReadFilter {
        let (permissions, workspace) = (self.permissions.clone(), self.workspace.clone());
        ReadFilter::new(move |path| {
            let call = Call {
                tool: "read_file",
                access: ToolAccess::Read,
                resources: &[Resource::Read(path.to_owned())],
                workspace: &workspace,
            };
            // What would be asked for the person has just handed over.
            let decision = permissions.judge(PermissionMode::Auto, &call, &Surroundings::default());
            decision.verdict != Verdict::Deny
        })
    }

    fn commands(&self) -> Vec<CommandEntry> {
        let mut commands = Orders::entries();
        commands.extend(self.own_commands.entries());
        commands
    }

    fn settled(&self) -> BoxFuture<'_, ()> {
        self.until_settled().boxed()
    }
}

/// Refuses what makes no sense.
pub(super) fn misuse(message: String) -> Refusal {
    Refusal {
        kind: RefusalKind::Misuse,
        message,
        hint: None,
    }
}

fn unheard(unheard: Unheard) -> Refusal {
    let StreamError { message, hint, .. } = unheard.into();
    Refusal {
        hint,
        ..misuse(message)
    }
}
