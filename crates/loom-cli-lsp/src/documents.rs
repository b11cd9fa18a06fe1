//! What a server was told of the files: which are open, in which version.
//!
//! Files are sent whole. A server that wants pieces takes a whole file as one (LSP 3.17,
//! `TextDocumentContentChangeEvent`).

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use crate::board::{Board, UNEDITED};
use crate::connection::Connection;
use crate::definition::ServerDefinition;
use crate::diagnostic::address;

/// The largest file that is sent, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// Files that are open at once. Those that were not sent for the longest time are closed.
const MAX_OPEN: usize = 100;

/// Kinds of changes on the disk (LSP 3.17, `FileChangeType`).
const CHANGED: u8 = 2;
const DELETED: u8 = 3;

/// What is at a path.
#[derive(Debug)]
pub(crate) enum Source {
    /// A text that can be sent.
    Text(String, Stamp),
    /// Nothing.
    Absent,
    /// Something that is not sent: no file, too large, no text, or not to be read.
    Other,
}

/// When a file was changed last, and how large it is.
pub(crate) type Stamp = (Option<SystemTime>, u64);

/// Reads a file.
pub(crate) async fn read(path: &Path) -> Source {
    let metadata = match tokio::fs::metadata(path).await {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Source::Absent,
        Err(_) => return Source::Other,
    };
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        return Source::Other;
    }
    let stamp = (metadata.modified().ok(), metadata.len());
    let mut text = String::new();
    let read = async {
        let file = tokio::fs::File::open(path).await?;
        file.take(MAX_BYTES).read_to_string(&mut text).await
    };
    match read.await {
        Ok(_) => Source::Text(text, stamp),
        Err(_) => Source::Other,
    }
}

#[derive(Debug)]
struct Document {
    version: i64,
    text: u64,
    stamp: Stamp,
    /// Grows with each file that is sent.
    sent: u64,
}

/// What a server was told of the files.
#[derive(Debug)]
pub(crate) struct Documents {
    definition: ServerDefinition,
    connection: Arc<Connection>,
    board: Arc<Board>,
    /// Whether the server wants to know when a file is written, and with its text.
    saves: Option<bool>,
    open: HashMap<PathBuf, Document>,
    /// How often a file was sent.
    sent: u64,
}

impl Documents {
    /// Begins with none open.
    pub(crate) fn new(
        definition: ServerDefinition,
        connection: Arc<Connection>,
        board: Arc<Board>,
        saves: Option<bool>,
    ) -> Self {
        Self {
            definition,
            connection,
            board,
            saves,
            open: HashMap::new(),
            sent: 0,
        }
    }

    /// Sends a file as it is before the first edit, unless the server has it.
    pub(crate) async fn open(&mut self, path: &Path, text: &str) {
        if !self.open.contains_key(path) {
            self.send(path, text, (None, 0), UNEDITED).await;
        }
    }

    /// Sends what has changed on the disk: of the given files, and of those that are open.
    pub(crate) async fn synchronize(&mut self, paths: &[PathBuf]) {
        let mut changed: Vec<PathBuf> = paths.to_vec();
        for (path, document) in &self.open {
            let is_same = std::fs::metadata(path)
                .is_ok_and(|metadata| (metadata.modified().ok(), metadata.len()) == document.stamp);
            if !is_same && !changed.contains(path) {
                changed.push(path.clone());
            }
        }
        let mut events = Vec::new();
        for path in &changed {
            if let (Some(uri), Some(kind)) = (address(path), self.update(path).await) {
                events.push(json!({"uri": uri, "type": kind}));
            }
        }
        if !events.is_empty() {
            let params = json!({"changes": events});
            self.connection
                .notify("workspace/didChangeWatchedFiles", params)
                .await;
        }
    }

    /// Sends a file as it is on the disk. Returns what happened to it, if something did.
    async fn update(&mut self, path: &Path) -> Option<u8> {
        match read(path).await {
            Source::Text(text, stamp) => {
                let version = match self.open.get_mut(path) {
                    Some(document) if document.text == fingerprint(&text) => {
                        document.stamp = stamp;
                        return None;
                    }
                    Some(document) => document.version + 1,
                    None => UNEDITED + 1,
                };
                self.send(path, &text, stamp, version).await;
                Some(CHANGED)
            }
            Source::Absent => {
                self.close(path).await;
                Some(DELETED)
            }
            Source::Other => {
                self.close(path).await;
                None
            }
        }
    }

    async fn send(&mut self, path: &Path, text: &str, stamp: Stamp, version: i64) {
        let (Some(uri), Some(language)) = (address(path), self.definition.language(path)) else {
            return;
        };
        self.board.sent(path, version);
        self.sent += 1;
        let document = Document {
            version,
            text: fingerprint(text),
            stamp,
            sent: self.sent,
        };
        if self.open.insert(path.to_owned(), document).is_none() {
            let item = json!({
                "uri": uri, "languageId": language, "version": version, "text": text
            });
            let params = json!({"textDocument": item});
            self.connection.notify("textDocument/didOpen", params).await;
        } else {
            let params = json!({
                "textDocument": {"uri": uri, "version": version},
                "contentChanges": [{"text": text}],
            });
            self.connection
                .notify("textDocument/didChange", params)
                .await;
        }
        if let (Some(with_text), true) = (self.saves, version > UNEDITED) {
            let mut params = json!({"textDocument": {"uri": uri}});
            if with_text {
                params["text"] = Value::from(text);
            }
            self.connection.notify("textDocument/didSave", params).await;
        }
        if self.open.len() > MAX_OPEN {
            let oldest = self.open.iter().min_by_key(|(_, document)| document.sent);
            if let Some(oldest) = oldest.map(|(path, _)| path.clone()) {
                self.close(&oldest).await;
            }
        }
    }

    async fn close(&mut self, path: &Path) {
        if self.open.remove(path).is_some()
            && let Some(uri) = address(path)
        {
            let params = json!({"textDocument": {"uri": uri}});
            self.connection
                .notify("textDocument/didClose", params)
                .await;
            self.board.closed(path);
        }
    }
}

fn fingerprint(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
