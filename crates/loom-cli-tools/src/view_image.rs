//! The tool `view_image`: a picture of the disk, for models that can look at pictures.
//!
//! What a provider would refuse is refused here, with what to do about it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_common_core::picture::{self, PictureError};
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
    match sniff(reader.fill_buf().map_err(unreadable)?) {
        Sniffed::Image => {}
        Sniffed::Text => return Err(wrong_kind("is text. Use read_file.".to_owned())),
        Sniffed::Binary(what) => {
            return Err(wrong_kind(format!(
                "is not a picture that can be looked at, but {what}. PNG, JPEG, GIF and WebP can \
                 be; make a copy in one of these with a command first."
            )));
        }
    }
    let refused = |error| wrong_kind(with_remedy(error));
    let limit = picture::MAX_BYTES as u64;
    if metadata.len() > limit {
        let bytes = metadata.len();
        return Err(refused(PictureError::TooLarge { bytes }));
    }
    let mut content = Vec::new();
    reader
        .take(limit)
        .read_to_end(&mut content)
        .map_err(unreadable)?;
    let image = ImageData::of_picture(&content).map_err(refused)?;
    Ok(ToolOutput {
        status: ToolStatus::Completed,
        content: vec![
            ToolResultContent::text(format!(
                "{} ({}, {} bytes)",
                path.shown(),
                image.media_type,
                content.len()
            )),
            ToolResultContent::Image(image),
        ],
        changes: Vec::new(),
    })
}

/// Says why a picture cannot be looked at, and what the model can do about it.
fn with_remedy(error: PictureError) -> String {
    let remedy = match error {
        PictureError::TooLarge { .. } => " Make a smaller copy with a command first.".to_owned(),
        PictureError::TooManyPixels { .. } => {
            let side = picture::MAX_SIDE;
            format!(
                " Scale a copy down with a command first, such as `magick FILE -resize \
                 {side}x{side} COPY`, and look at that."
            )
        }
        PictureError::Damaged => {
            " Look at it with a command, such as `file` or `xxd | head`.".to_owned()
        }
        PictureError::NoPixels | PictureError::UnknownKind => String::new(),
    };
    format!("{error}.{remedy}")
}
