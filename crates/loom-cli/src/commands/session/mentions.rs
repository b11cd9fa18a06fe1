//! What a prompt mentions: `@path` for files, `@server:uri` for resources of servers of tools.
//!
//! Both go with the prompt, wherever it was said: at the terminal, behind `-p`, or in a line of a
//! program's. A word is a resource when a server is configured by the name before its colon; any
//! other word with a colon in it stays a word, unless what follows can only be a resource's address.

use std::time::Duration;

use loom_cli_instructions::{MentionSetup, Scope, attach, mentioned};
use loom_cli_mcp::McpServers;
use loom_common_core::{ContentBlock, Message};

/// The most resources that go with a prompt: what each may hold is bounded where it is read.
const MAX_RESOURCES: usize = 10;

/// How long a resource may take, its server's start included.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes messages of what people say, with what they mention.
#[derive(Clone)]
pub(super) struct Mentions {
    files: MentionSetup,
    servers: Option<McpServers>,
}

/// A message, and what could not be attached to it.
pub(super) struct Mentioning {
    pub(super) message: Message,
    pub(super) problems: Vec<String>,
}

impl Mentions {
    pub(super) fn new(files: MentionSetup, servers: Option<McpServers>) -> Self {
        Self { files, servers }
    }

    /// Makes a message of what the person says.
    pub(super) async fn message(&self, text: &str) -> Mentioning {
        let mut message = Message::user(text);
        let (blocks, problems) = self.attach(mentioned(text), Scope::User).await;
        message.content.extend(blocks);
        Mentioning { message, problems }
    }

    /// Returns what a command mentions: the person, in its arguments, and the command's text with
    /// the arguments in their places.
    pub(super) async fn of_command(
        &self,
        arguments: &str,
        text: &str,
        scope: Scope,
    ) -> (Vec<ContentBlock>, Vec<String>) {
        let said = mentioned(arguments);
        let mut written = mentioned(text);
        written.retain(|mention| !said.contains(mention));
        let (mut blocks, mut problems) = self.attach(said, Scope::User).await;
        let (more, further) = self.attach(written, scope).await;
        blocks.extend(more);
        problems.extend(further);
        (blocks, problems)
    }

    /// Returns what is mentioned, and what of it could not be attached. What comes with a project
    /// mentions files of the project, and nothing else.
    async fn attach(
        &self,
        mentions: Vec<String>,
        author: Scope,
    ) -> (Vec<ContentBlock>, Vec<String>) {
        let mut resources: Vec<String> = Vec::new();
        let mut files = Vec::new();
        for mention in mentions {
            match self.is_resource(&mention) {
                true if resources.contains(&mention) => {}
                true => resources.push(mention),
                false => files.push(mention),
            }
        }
        let setup = MentionSetup {
            author,
            ..self.files.clone()
        };
        let attached = attach(files, &setup);
        let mut blocks = attached.blocks;
        let mut problems: Vec<String> = attached.problems.iter().map(ToString::to_string).collect();
        for (number, mention) in resources.iter().enumerate() {
            if number == MAX_RESOURCES {
                problems.push(format!(
                    "{} more resources are left out: {MAX_RESOURCES} go with a prompt at most",
                    resources.len() - number
                ));
                break;
            }
            let read = match author {
                Scope::User => self.read(mention).await,
                Scope::Project => {
                    Err("what comes with a project mentions files of the project".to_owned())
                }
            };
            match read {
                Ok(read) => blocks.extend(read),
                Err(problem) => problems.push(format!("@{mention} is not attached: {problem}")),
            }
        }
        (blocks, problems)
    }

    /// Tells whether a mention can only mean a resource.
    fn is_resource(&self, mention: &str) -> bool {
        let mention_of = |servers: &McpServers| servers.resolve_mention(mention).is_some();
        self.servers.as_ref().is_some_and(mention_of)
            || mention
                .split_once(':')
                .is_some_and(|(server, uri)| !server.is_empty() && uri.contains("://"))
    }

    /// Reads a resource: its content between marks that say where it is from.
    async fn read(&self, mention: &str) -> Result<Vec<ContentBlock>, String> {
        let (server, uri) = mention.split_once(':').unwrap_or((mention, ""));
        let Some(servers) = &self.servers else {
            return Err("there are no servers of tools; `loom mcp add` adds one".to_owned());
        };
        let read = tokio::time::timeout(PATIENCE, servers.read_resource(server, uri)).await;
        let content = match read {
            Ok(content) => content.map_err(|error| error.to_string())?,
            Err(_) => return Err(format!("it took longer than {} s", PATIENCE.as_secs())),
        };
        let begin = format!("<resource server={server:?} uri={uri:?}>");
        let mut blocks = vec![ContentBlock::text(begin)];
        blocks.extend(content);
        blocks.push(ContentBlock::text("</resource>"));
        Ok(blocks)
    }
}
