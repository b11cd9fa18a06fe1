//! The tool `view_image`: a picture of the disk, for models that can look at pictures.
//!
//! A picture in a thread goes with each later request, and a provider refuses a whole request for
//! one picture that it does not take. So what a provider may refuse is refused here.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_common_core::{
    ImageData, Resource, ToolAccess, ToolContext, ToolDefinition, ToolOutput, ToolResultContent,
    ToolStatus,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::arguments::{answer, definition};
use crate::blocking::run_blocking;
use crate::content::{Sniffed, sniff};
use crate::error::ToolError;
use crate::missing::missing;
use crate::outputs::OutputStore;
use crate::tool::Tool;
use crate::workspace::{Touch, Workspace, WorkspacePath, resource};

/// The largest picture that is given to the model: in base64 it stays below the 5 MB that
/// providers take.
const MAX_BYTES: u64 = 3_700_000;

/// The longest side of a picture, in pixels: providers refuse a whole request that has many
/// pictures when one is larger.
const MAX_SIDE: usize = 2000;

/// Shows pictures to the model.
pub(crate) struct ViewImageTool {
    definition: ToolDefinition,
    outputs: OutputStore,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// Path of the picture, relative to the workspace or absolute.
    file_path: String,
}

impl ViewImageTool {
    /// Makes the tool.
    pub(crate) fn new(outputs: OutputStore) -> Self {
        Self {
            definition: definition::<Arguments>(
                "view_image",
                include_str!("view_image.md"),
                ToolAccess::Read,
            ),
            outputs,
        }
    }
}

impl Tool for ViewImageTool {
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
            run_blocking(move |_| {
                let path = workspace.resolve(&arguments.file_path, Touch::Read)?;
                view(&workspace, &path)
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

fn view(workspace: &Workspace, path: &WorkspacePath) -> Result<ToolOutput, ToolError> {
    let unreadable = |source| ToolError::io("read", &path.relative, source);
    let wrong_kind = |reason: String| ToolError::WrongKind {
        path: path.shown(),
        reason,
    };
    let file = workspace
        .open(path)
        .map_err(|source| missing(workspace, path, "read", source))?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(wrong_kind("is not a file.".to_owned()));
    }
    let mut reader = BufReader::new(file);
    let media_type = match sniff(reader.fill_buf().map_err(unreadable)?) {
        Sniffed::Image(media_type) => media_type,
        Sniffed::Text => return Err(wrong_kind("is text. Use read_file.".to_owned())),
        Sniffed::Binary(what) => {
            return Err(wrong_kind(format!(
                "is not a picture that can be looked at, but {what}. PNG, JPEG, GIF and WebP can \
                 be; make a copy in one of these with a command first."
            )));
        }
    };
    if metadata.len() > MAX_BYTES {
        return Err(wrong_kind(format!(
            "is a picture of {} bytes; the limit is {MAX_BYTES}. Make a smaller copy with a command \
             first.",
            metadata.len()
        )));
    }
    let mut content = Vec::new();
    reader
        .take(MAX_BYTES)
        .read_to_end(&mut content)
        .map_err(unreadable)?;
    check_sides(&content).map_err(wrong_kind)?;
    Ok(ToolOutput {
        status: ToolStatus::Completed,
        content: vec![
            ToolResultContent::text(format!(
                "{} ({media_type}, {} bytes)",
                path.shown(),
                content.len()
            )),
            ToolResultContent::Image(ImageData {
                media_type: media_type.to_owned(),
                data: STANDARD.encode(&content),
            }),
        ],
        changes: Vec::new(),
    })
}

/// Tells why providers would not take a picture of these measures, if they would not.
fn check_sides(content: &[u8]) -> Result<(), String> {
    match imagesize::blob_size(content) {
        Ok(size) if size.width == 0 || size.height == 0 => {
            Err("is a picture without any pixels; the file may be damaged.".to_owned())
        }
        Ok(size) if size.width.max(size.height) > MAX_SIDE => Err(format!(
            "is a picture of {} x {} pixels; the limit is {MAX_SIDE} on each side. Scale a \
             copy down with a command first, such as `magick FILE -resize \
             {MAX_SIDE}x{MAX_SIDE} COPY`, and look at that.",
            size.width, size.height
        )),
        Ok(_) => Ok(()),
        Err(_) => Err(
            "starts like a picture, but its width and height cannot be read; the file may be \
             damaged. Look at it with a command, such as `file` or `xxd | head`."
                .to_owned(),
        ),
    }
}
