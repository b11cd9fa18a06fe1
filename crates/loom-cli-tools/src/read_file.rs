//! The tool `read_file`: a page of a text file with line numbers, or of a notebook as text.
//!
//! A page is bounded in lines, in bytes and in the length of each line, and the file is read as a
//! stream, so the size of the file never matters: a line is counted without being kept. Files that
//! can be edited are small enough to be read whole; their content is remembered for the edit. A
//! [notebook](crate::notebook) is shown as its cells are read, and not as the JSON that it is.

use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_common_core::{Resource, ToolAccess, ToolContext, ToolDefinition, ToolOutput};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::arguments::{answer, definition};
use crate::blocking::{Cancellation, run_blocking};
use crate::content::{MAX_EDITABLE_BYTES, Sniffed, sniff};
use crate::error::ToolError;
use crate::missing::missing;
use crate::notebook::Notebook;
use crate::outputs::OutputStore;
use crate::seen::SeenFiles;
use crate::setup::ToolLimits;
use crate::tool::Tool;
use crate::workspace::{Touch, Workspace, WorkspacePath, resource};

/// Lines of a page when the call does not say.
const DEFAULT_LINES: u64 = 2000;

/// Bytes of a line that are shown.
const MAX_LINE_BYTES: usize = 2000;

/// Reads files for the model.
pub(crate) struct ReadFileTool {
    definition: ToolDefinition,
    max_output_bytes: usize,
    outputs: OutputStore,
    seen: Arc<SeenFiles>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// Path of the file, relative to the workspace or absolute.
    file_path: String,
    /// The first line to return, from 1.
    #[schemars(range(min = 1))]
    offset: Option<u64>,
    /// How many lines to return at most.
    #[schemars(range(min = 1))]
    limit: Option<u64>,
}

impl ReadFileTool {
    /// Makes the tool. It records in `seen` what it reads.
    pub(crate) fn new(limits: ToolLimits, outputs: OutputStore, seen: Arc<SeenFiles>) -> Self {
        Self {
            definition: definition::<Arguments>(
                "read_file",
                include_str!("read_file.md"),
                ToolAccess::Read,
            ),
            max_output_bytes: limits.max_output_bytes,
            outputs,
            seen,
        }
    }
}

impl Tool for ReadFileTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    fn run<'a>(
        &'a self,
        arguments: Map<String, Value>,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, ToolOutput> {
        answer(&self.definition, arguments, async |arguments: Arguments| {
            let workspace = Workspace::of(context, &self.outputs);
            let seen = Arc::clone(&self.seen);
            let page = PageLimits {
                first: arguments.offset.unwrap_or(1),
                lines: arguments.limit.unwrap_or(DEFAULT_LINES),
                bytes: self.max_output_bytes,
            };
            run_blocking(move |cancellation| {
                let path = workspace.resolve(&arguments.file_path, Touch::Read)?;
                read(&workspace, &path, page, &seen, cancellation)
            })
            .await
        })
        .boxed()
    }

    fn resources(&self, arguments: &Map<String, Value>, workspace: &Path) -> Vec<Resource> {
        let path = arguments.get("file_path").and_then(Value::as_str);
        path.and_then(|path| resource(path, workspace, &self.outputs, Touch::Read))
            .into_iter()
            .collect()
    }
}

/// Which part of a file is wanted, and how much of it at most.
#[derive(Clone, Copy)]
struct PageLimits {
    first: u64,
    lines: u64,
    bytes: usize,
}

fn read(
    workspace: &Workspace,
    path: &WorkspacePath,
    page: PageLimits,
    seen: &SeenFiles,
    cancellation: &Cancellation,
) -> Result<ToolOutput, ToolError> {
    let unreadable = |source| ToolError::io("read", &path.relative, source);
    let file = workspace
        .open(path)
        .map_err(|source| missing(workspace, path, "read", source))?;
    let metadata = file.metadata().map_err(unreadable)?;
    let wrong_kind = |reason: String| ToolError::WrongKind {
        path: path.shown(),
        reason,
    };
    if metadata.is_dir() {
        return Err(wrong_kind("is a folder. Use list_files.".to_owned()));
    }
    if !metadata.is_file() {
        return Err(wrong_kind(
            "is neither a file nor a folder, but a device, a pipe or a socket.".to_owned(),
        ));
    }
    let size = metadata.len();
    let mut reader = BufReader::new(file);
    match sniff(reader.fill_buf().map_err(unreadable)?) {
        Sniffed::Text => {}
        Sniffed::Image => {
            return Err(wrong_kind(format!(
                "is a picture of {size} bytes. Look at it with view_image."
            )));
        }
        Sniffed::Binary(what) => {
            return Err(wrong_kind(format!(
                "is not text: {what}, {size} bytes. Look at it with a command, such as \
                 `file` or `xxd | head`."
            )));
        }
    }
    let text = if size <= MAX_EDITABLE_BYTES {
        let mut content = Vec::new();
        reader
            .take(MAX_EDITABLE_BYTES)
            .read_to_end(&mut content)
            .map_err(unreadable)?;
        seen.record(&path.absolute, &content);
        let shown = as_notebook(path, &content);
        let content = shown.as_deref().map_or(content.as_slice(), str::as_bytes);
        self::page(content, page, cancellation)
    } else {
        self::page(reader, page, cancellation)
    };
    text.map_err(unreadable)?.map_or_else(
        |lines| {
            Err(ToolError::Arguments(format!(
                "{} has only {lines} lines; `offset` is {}.",
                path.shown(),
                page.first
            )))
        },
        |text| Ok(ToolOutput::completed(text)),
    )
}

/// Returns the text of a notebook, if the file is one that can be read.
fn as_notebook(path: &WorkspacePath, content: &[u8]) -> Option<String> {
    let is_named_so = path.absolute.extension().is_some_and(|end| end == "ipynb");
    let text = is_named_so.then(|| std::str::from_utf8(content).ok())??;
    Some(Notebook::parse(text).ok()?.shown())
}

/// Returns the wanted lines with their numbers, or the number of lines when there are fewer than
/// wanted.
fn page(
    mut reader: impl BufRead,
    wanted: PageLimits,
    cancellation: &Cancellation,
) -> std::io::Result<Result<String, u64>> {
    let mut text = String::new();
    let mut number = 0;
    let mut line = Line::default();
    let mut is_lossy = false;
    let mut is_cut_short = false;
    while line.read(&mut reader, wanted_bytes(number + 1, wanted), cancellation)? {
        number += 1;
        if number < wanted.first {
            continue;
        }
        let shown = line.shown();
        let numbered = format!("{number:>6}\t{shown}\n");
        let is_full = !text.is_empty() && text.len() + numbered.len() > wanted.bytes;
        if is_full || number - wanted.first >= wanted.lines {
            is_cut_short = true;
            break;
        }
        is_lossy |= line.is_lossy();
        text.push_str(&numbered);
    }
    if number == 0 {
        return Ok(Ok("(the file is empty)".to_owned()));
    }
    if number < wanted.first {
        return Ok(Err(number));
    }
    if is_lossy {
        text.push_str("(some bytes are not UTF-8 and are shown as \u{fffd})\n");
    }
    if is_cut_short {
        let last = number - 1;
        text.push_str(&format!(
            "(lines {} to {last}; there are more, read on with offset={number})\n",
            wanted.first
        ));
    }
    text.pop();
    Ok(Ok(text))
}

/// Returns how many bytes of the line `number` are worth keeping.
fn wanted_bytes(number: u64, wanted: PageLimits) -> usize {
    if number < wanted.first {
        0
    } else {
        MAX_LINE_BYTES
    }
}

/// One line of a file, as much of it as is kept.
#[derive(Default)]
struct Line {
    kept: Vec<u8>,
    left_out: u64,
}

impl Line {
    /// Reads the next line and keeps its first bytes. Returns `false` at the end of the file.
    fn read(
        &mut self,
        reader: &mut impl BufRead,
        keep: usize,
        cancellation: &Cancellation,
    ) -> std::io::Result<bool> {
        self.kept.clear();
        self.left_out = 0;
        let mut is_line = false;
        while !cancellation.is_cancelled() {
            let buffer = reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(is_line);
            }
            is_line = true;
            let end = buffer.iter().position(|&byte| byte == b'\n');
            let piece = &buffer[..end.unwrap_or(buffer.len())];
            let room = keep.saturating_sub(self.kept.len()).min(piece.len());
            self.kept.extend_from_slice(&piece[..room]);
            self.left_out += (piece.len() - room) as u64;
            let consumed = piece.len() + usize::from(end.is_some());
            reader.consume(consumed);
            if end.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the line for the model, without its end.
    fn shown(&self) -> String {
        let mut kept = self.kept.as_slice();
        if self.left_out == 0 {
            kept = kept.strip_suffix(b"\r").unwrap_or(kept);
        } else if let Some(valid) = self.end_of_whole_characters() {
            kept = &kept[..valid];
        }
        let text = String::from_utf8_lossy(kept);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        if self.left_out == 0 {
            return text.to_owned();
        }
        let left_out = self.left_out + (self.kept.len() - kept.len()) as u64;
        format!("{text}… ({left_out} more bytes)")
    }

    /// Tells whether some bytes are not UTF-8. A character that was cut in two does not count.
    fn is_lossy(&self) -> bool {
        std::str::from_utf8(&self.kept).is_err()
            && (self.left_out == 0 || self.end_of_whole_characters().is_none())
    }

    /// Returns where the last character starts, when it was cut in two and all before it is UTF-8.
    fn end_of_whole_characters(&self) -> Option<usize> {
        let error = std::str::from_utf8(&self.kept).err()?;
        error.error_len().is_none().then(|| error.valid_up_to())
    }
}
