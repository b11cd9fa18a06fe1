//! What the program behind the protocol brings: how sessions are put together, and what is known of
//! threads.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use loom_cli_mcp::ServerEntry;
use loom_cli_session::{CommandPrompt, Session};
use loom_common_core::{ContentBlock, Effort, Message, PermissionMode, ReadFilter};

/// The program that puts sessions together.
pub trait Program: Send + Sync + 'static {
    /// Puts a session together and starts it.
    ///
    /// # Errors
    ///
    /// What keeps the session from starting, for the person.
    fn open(&self, opening: Opening) -> BoxFuture<'_, Result<Opened, Refusal>>;

    /// Checks that a thread can go on in a folder, and opens nothing yet: a session of it that runs is
    /// only ended when it can.
    ///
    /// # Errors
    ///
    /// When there is no such folder or thread, or when the thread belongs elsewhere.
    fn check<'a>(&'a self, folder: &'a Path, thread: &'a str)
    -> BoxFuture<'a, Result<(), Refusal>>;

    /// Returns the threads of a folder, or of all folders, the one with the latest message first.
    ///
    /// # Errors
    ///
    /// What keeps them from being read.
    fn threads(&self, folder: Option<PathBuf>) -> BoxFuture<'_, Result<Vec<KnownThread>, Refusal>>;

    /// Returns a thread, if it is stored by now.
    ///
    /// # Errors
    ///
    /// What keeps it from being read.
    fn thread<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<KnownThread>, Refusal>>;

    /// Deletes a thread. One that is not there is as good as deleted.
    ///
    /// # Errors
    ///
    /// What keeps it from being deleted.
    fn delete<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), Refusal>>;
}

/// What a session is opened for.
#[derive(Debug)]
pub struct Opening {
    /// The folder to work in, as the editor names it.
    pub folder: PathBuf,
    /// Id of the thread that goes on; none for a new one.
    pub thread: Option<String>,
    /// Servers of tools that the editor hands over.
    pub servers: Vec<ServerEntry>,
}

/// A session that was opened.
pub struct Opened {
    /// The session, of which no event was taken yet.
    pub session: Session,
    /// What was said in the thread so far, oldest first.
    pub history: Vec<Arc<Message>>,
    /// How much the model is to think at first, if that was said.
    pub effort: Option<Effort>,
    /// What the person should know before it begins.
    pub warnings: Vec<String>,
    /// What goes with the session.
    pub companion: Box<dyn Companion>,
}

/// What goes with one session: how its person is understood, and what can be chosen.
pub trait Companion: Send + Sync + 'static {
    /// Understands what the person says, and does nothing yet. May be dropped at any point.
    ///
    /// # Errors
    ///
    /// Why nothing can come of it, for the person.
    fn hear(&self, prompt: Prompt) -> BoxFuture<'_, Result<Heard, Refusal>>;

    /// Lets another model answer, from the next model call on. The session tells when it holds.
    ///
    /// # Errors
    ///
    /// When there is no such model.
    fn set_model<'a>(&'a self, model: &'a ModelId) -> BoxFuture<'a, Result<(), Refusal>>;

    /// Returns the models that can be chosen, as far as that can be known.
    fn models(&self) -> BoxFuture<'_, Vec<ModelId>>;

    /// Returns what the agent may be allowed to do without asking, the least first.
    fn modes(&self) -> Vec<PermissionMode>;

    /// Returns which files may go to the model although the person has not typed their names: those
    /// that no rule denies.
    fn readable(&self) -> ReadFilter;

    /// Returns the commands behind a slash as they are known now.
    fn commands(&self) -> Vec<CommandEntry>;

    /// Waits until further commands are known, or are not going to be.
    fn settled(&self) -> BoxFuture<'_, ()>;
}

/// What the person says.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// The words. A slash at the beginning may name a command, and `@path` mentions a file.
    pub text: String,
    /// What goes with them: pictures, and what the editor has embedded.
    pub attached: Vec<ContentBlock>,
}

/// What a prompt means.
pub struct Heard {
    /// What comes of it.
    pub said: Said,
    /// What is wrong with it, and does not keep anything from coming of it.
    pub problems: Vec<String>,
}

/// What comes of a prompt.
pub enum Said {
    /// A turn.
    Prompt(Message),
    /// A turn of a command's own.
    Command(Box<CommandPrompt>),
    /// The conversation is shortened; what matters most, if that was said.
    Compact(Option<String>),
    /// The session goes on otherwise.
    Choice(Choice),
    /// Something that Loom does by itself, and says what came of it. May be dropped at any point; what
    /// the session was told by then goes on.
    Order(BoxFuture<'static, Result<String, Refusal>>),
}

/// With what a session is to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// What the agent may do without asking.
    Mode(PermissionMode),
    /// The model that answers.
    Model(ModelId),
    /// How much it thinks; none as the provider chooses.
    Effort(Option<Effort>),
}

/// A model, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelId {
    /// Name of the provider.
    pub provider: String,
    /// Name of the model, as the provider knows it.
    pub name: String,
}

impl ModelId {
    /// Returns the one name under which the model can be chosen.
    pub fn as_choice(&self) -> String {
        format!("{}/{}", self.provider, self.name)
    }

    /// Reads such a name.
    pub fn from_choice(choice: &str) -> Option<Self> {
        let (provider, name) = choice.split_once('/')?;
        Some(Self {
            provider: provider.to_owned(),
            name: name.to_owned(),
        })
    }
}

/// A command behind a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandEntry {
    /// Its name, without the slash.
    pub name: String,
    /// What it does.
    pub description: String,
    /// What can stand behind it, if anything.
    pub hint: Option<String>,
}

/// What is known of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownThread {
    /// Its id.
    pub id: String,
    /// Its folder.
    pub folder: PathBuf,
    /// What it is about.
    pub title: Option<String>,
    /// When its latest message was stored: RFC 3339 in UTC, to the millisecond, so that the order of
    /// such texts is the order in time.
    pub updated_at: String,
}

/// Why something was not done, for the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of a refusal it is.
    pub kind: RefusalKind,
    /// What happened.
    pub message: String,
    /// What the person can do about it.
    pub hint: Option<String>,
}

/// What kind of a refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// It was tried, and did not work out.
    Failed,
    /// It makes no sense as it was asked for.
    Misuse,
    /// There is no such thread.
    NoThread,
}
