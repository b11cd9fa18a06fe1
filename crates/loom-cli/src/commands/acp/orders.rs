//! Loom's own commands as an editor's person gives them: `/undo`, `/rewind 3`, `/mcp`. What comes of
//! them is text; what a terminal shows of itself is the editor's to show.

use loom_cli_acp::{CommandEntry, Refusal};
use loom_cli_mcp::McpServers;
use loom_cli_rewind::{OnConflict, Rewind};
use loom_cli_session::{Restore, RestoreScope, SessionError, SessionHandle};
use loom_common_thread::ThreadId;

use super::companion::misuse;
use super::refusal;
use crate::commands::mcp::listing;
use crate::commands::session::points;
use crate::commands::session::repl::commands::Command;
use crate::error::CliError;

/// The commands that editors offer: name, what each does, what can stand behind it.
const ENTRIES: [(&str, &str, Option<&str>); 9] = [
    (
        "compact",
        "Shortens the conversation to what matters",
        Some("what matters most"),
    ),
    ("undo", "Undoes the last turn, files and conversation", None),
    (
        "rewind",
        "Lists the points of this thread, or goes back to one",
        Some("N [files|conversation]"),
    ),
    (
        "init",
        "Has the agent write an AGENTS.md for this folder",
        None,
    ),
    ("mcp", "Shows the servers of tools", None),
    (
        "mode",
        "Sets what the agent may do without asking",
        Some("plan|ask|auto|full"),
    ),
    (
        "model",
        "Goes on with another model",
        Some("[PROVIDER/]NAME"),
    ),
    (
        "effort",
        "Sets how much the model thinks",
        Some("low|medium|high|default"),
    ),
    ("thread", "Shows the id of this thread", None),
];

/// Something that Loom does by itself.
pub(super) enum Order {
    Tell(String),
    Points,
    Undo,
    Rewind { to: u64, scope: RestoreScope },
}

/// Carries orders out.
#[derive(Clone)]
pub(super) struct Orders {
    pub(super) handle: SessionHandle,
    pub(super) thread: ThreadId,
    pub(super) rewind: Option<Rewind>,
    pub(super) servers: Option<McpServers>,
}

impl Orders {
    /// Returns the commands that editors offer.
    pub(super) fn entries() -> Vec<CommandEntry> {
        let entries = ENTRIES.into_iter();
        let entries = entries.map(|(name, description, hint)| CommandEntry {
            name: name.to_owned(),
            description: description.to_owned(),
            hint: hint.map(str::to_owned),
        });
        entries.collect()
    }

    /// Returns what a command orders.
    ///
    /// # Errors
    ///
    /// For a command that only means something on a terminal.
    pub(super) fn read(&self, command: Command) -> Result<Order, Refusal> {
        Ok(match command {
            Command::Points => Order::Points,
            Command::Undo => Order::Undo,
            Command::Rewind { to, scope } => Order::Rewind { to, scope },
            Command::Thread => Order::Tell(self.thread.to_string()),
            Command::Servers => Order::Tell(match &self.servers {
                Some(servers) => listing::servers(&servers.status()),
                None => "there are no servers of tools; `loom mcp add` adds one".to_owned(),
            }),
            Command::Mode(_)
            | Command::Effort(_)
            | Command::Model { .. }
            | Command::Context
            | Command::Help
            | Command::Own
            | Command::Exit
            | Command::Compact(_)
            | Command::Init => {
                return Err(misuse(
                    "this is for the prompt of a terminal; your editor shows it, or has its own way"
                        .to_owned(),
                ));
            }
        })
    }

    /// Carries an order out, and says what came of it.
    pub(super) async fn carry_out(self, order: Order) -> Result<String, Refusal> {
        let text = self.done(order).await.map_err(refusal)?;
        Ok(format!(
            "```\n{}\n```",
            anstream::adapter::strip_str(text.trim_end())
        ))
    }

    async fn done(&self, order: Order) -> Result<String, CliError> {
        match order {
            Order::Tell(text) => Ok(text),
            Order::Points => {
                let points = self.rewind()?.points(self.thread).await?;
                Ok(points::listing(&points))
            }
            Order::Undo => {
                let points = self.rewind()?.points(self.thread).await?;
                match points::last_turn(&points) {
                    Some(to) => self.restore(to, RestoreScope::Everything).await,
                    None => Ok("there is no turn to undo".to_owned()),
                }
            }
            Order::Rewind { to, scope } => self.restore(to, scope).await,
        }
    }

    fn rewind(&self) -> Result<&Rewind, CliError> {
        self.rewind.as_ref().ok_or_else(|| {
            CliError::failed("nothing is remembered in this session, so nothing can be undone")
        })
    }

    async fn restore(&self, to: u64, scope: RestoreScope) -> Result<String, CliError> {
        let restore = Restore {
            to,
            scope,
            on_conflict: OnConflict::Keep,
        };
        match self.handle.restore(restore).await {
            Ok(report) => Ok(points::restored(&report, scope)),
            Err(SessionError::NotRestored(why)) => Err(CliError::failed(why)),
            Err(error) => Err(error.into()),
        }
    }
}
