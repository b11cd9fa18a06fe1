//! The tool `web_fetch`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_cli_tools::{Tool, answer, definition};
use loom_common_core::{Resource, ToolAccess, ToolContext, ToolDefinition, ToolOutput};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::address::Reach;
use crate::client::{Fetched, WebClient, page_url};
use crate::error::WebError;
use crate::excerpt::{around, from_offset};
use crate::lookup::{NameLookup, system_lookup};
use crate::marks::{Source, mark};
use crate::page::{Page, PageMemory};

/// How long a fetch may take, with all redirects.
const DEADLINE: Duration = Duration::from_secs(30);

/// How many bytes of a page are read. Those of the longest manuals on one page are about 5 MB.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// How much of a result may be other than the page's text, in bytes: marks, title and address.
const FRAME_BYTES: usize = 1_500;

/// Characters of a title that are shown.
const MAX_TITLE: usize = 200;

/// What a [`WebFetchTool`] works with.
#[derive(Clone)]
pub struct WebFetchSettings {
    /// How far it reaches.
    pub reach: Reach,
    /// How many bytes of text one call may give to the model.
    pub max_output_bytes: usize,
    /// Looks up the addresses of hosts.
    pub lookup: NameLookup,
}

impl Default for WebFetchSettings {
    /// The public web, 30,000 bytes, the system's lookup.
    fn default() -> Self {
        Self {
            reach: Reach::default(),
            max_output_bytes: 30_000,
            lookup: system_lookup(),
        }
    }
}

impl std::fmt::Debug for WebFetchSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("WebFetchSettings")
            .field("reach", &self.reach)
            .field("max_output_bytes", &self.max_output_bytes)
            .finish_non_exhaustive()
    }
}

/// Reads pages of the web for the model. It remembers those that it read, so each session has its
/// own.
pub struct WebFetchTool {
    definition: ToolDefinition,
    client: WebClient,
    max_output_bytes: usize,
    memory: PageMemory,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// Address of the page, in full.
    url: String,
    /// Where to go on in a long page, as the part before told.
    offset: Option<usize>,
    /// Words to look for: only the passages with them are returned.
    find: Option<String>,
}

impl WebFetchTool {
    /// Makes the tool.
    pub fn new(settings: WebFetchSettings) -> Self {
        Self {
            definition: definition::<Arguments>(
                "web_fetch",
                include_str!("web_fetch.md"),
                ToolAccess::Network,
            ),
            client: WebClient::new(settings.reach, settings.lookup, DEADLINE, MAX_BODY_BYTES),
            max_output_bytes: settings.max_output_bytes,
            memory: PageMemory::default(),
        }
    }

    async fn fetch(&self, arguments: Arguments) -> Result<ToolOutput, WebError> {
        let url = page_url(&arguments.url)?;
        let part = Part::of(&arguments)?;
        let page = match self.memory.get(&url) {
            Some(page) => page,
            None => match self.client.fetch(&url).await? {
                Fetched::Elsewhere(target) => return Ok(elsewhere(&url, &target)),
                Fetched::Page(answer) => {
                    let making = tokio::task::spawn_blocking(|| Page::of(answer, MAX_BODY_BYTES));
                    let page = Arc::new(making.await.map_err(|_| WebError::Broken)??);
                    self.memory.put(url, Arc::clone(&page));
                    page
                }
            },
        };
        let room = self.max_output_bytes.saturating_sub(FRAME_BYTES).max(1);
        self::part(&page, part, room).map(ToolOutput::completed)
    }
}

impl std::fmt::Debug for WebFetchTool {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("WebFetchTool")
            .finish_non_exhaustive()
    }
}

impl Tool for WebFetchTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    fn run<'a>(
        &'a self,
        arguments: Map<String, Value>,
        _context: &'a ToolContext,
    ) -> BoxFuture<'a, ToolOutput> {
        answer(&self.definition, arguments, async |arguments: Arguments| {
            Ok(self.fetch(arguments).await?)
        })
        .boxed()
    }

    fn resources(&self, arguments: &Map<String, Value>, _workspace: &Path) -> Vec<Resource> {
        let url = arguments.get("url").and_then(Value::as_str);
        let url = url.and_then(|text| page_url(text).ok());
        url.map(|url| Resource::Url(url.into()))
            .into_iter()
            .collect()
    }
}

/// Which part of a page is wanted.
enum Part<'a> {
    From(usize),
    Around(&'a str),
}

impl<'a> Part<'a> {
    fn of(arguments: &'a Arguments) -> Result<Self, WebError> {
        match (&arguments.find, arguments.offset) {
            (Some(words), None) if !words.trim().is_empty() => Ok(Self::Around(words.trim())),
            (Some(words), offset) if words.trim().is_empty() => {
                Ok(Self::From(offset.unwrap_or_default()))
            }
            (Some(_), _) => Err(WebError::Arguments(
                "give either `find` or `offset`: what is found comes from all of the page",
            )),
            (None, offset) => Ok(Self::From(offset.unwrap_or_default())),
        }
    }
}

/// Writes the wanted part of a page for the model.
fn part(page: &Page, part: Part<'_>, room: usize) -> Result<String, WebError> {
    let length = page.text.len();
    let (text, note) = match part {
        Part::From(offset) => {
            let excerpt = from_offset(&page.text, offset, room)?;
            let end = excerpt.start + excerpt.text.len();
            let note = match excerpt.next {
                Some(next) => format!(
                    "(bytes {} to {end} of {length}; there is more, read on with offset={next})",
                    excerpt.start
                ),
                None => String::new(),
            };
            (excerpt.text.to_owned(), note)
        }
        Part::Around(words) => {
            let passages = around(&page.text, words, room);
            let note = match (passages.places, passages.shown) {
                (0, _) => {
                    format!("({words:?} is not in the text of the page, {length} bytes long)")
                }
                (places, shown) if shown < places => format!(
                    "({shown} of {places} places shown; use longer words, or read on from an offset)"
                ),
                _ => format!("(all places in {length} bytes of text)"),
            };
            (passages.text, note)
        }
    };
    let text = match text.trim().is_empty() && length == 0 {
        true if page.is_html => {
            "(the page has no text of its own; perhaps scripts make it, which do not run here)"
        }
        true => "(empty)",
        false => text.trim_end_matches('\n'),
    };
    let mut output = mark(Source::Page, &heading(page), text);
    let cut = "(the page is larger than this tool reads; this is the text of its beginning)";
    for note in [note.as_str(), if page.is_whole { "" } else { cut }] {
        if !note.is_empty() {
            output.push('\n');
            output.push_str(note);
        }
    }
    Ok(output)
}

fn heading(page: &Page) -> String {
    let url = &page.url;
    match &page.title {
        Some(title) => {
            let title: String = title.chars().take(MAX_TITLE).collect();
            format!("Web page {url} {title:?}")
        }
        None => format!("Web page {url}"),
    }
}

/// Tells the model of a redirect that it may follow by another call.
fn elsewhere(from: &Url, to: &Url) -> ToolOutput {
    ToolOutput::completed(format!(
        "{from} redirects to {to}, which is another place, so it was not followed. If that page is \
         wanted, fetch it with this address."
    ))
}
