//! The settings of a program that has one of everything.

use std::fs;
use std::path::{Path, PathBuf};

use loom_common_config::{
    Arguments, ConfigFile, Environment, Error, HttpUrl, Key, Resolved, Sources, resolve,
};
use loom_common_secret::SecretString;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

/// Settings of the example.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Config {
    /// Where it listens.
    pub(crate) server: Server,
    /// Words, with a | in between.
    pub(crate) tags: Vec<String>,
    /// How it runs.
    pub(crate) mode: Mode,
    /// Share of requests to trace.
    pub(crate) ratio: f64,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Server {
    /// Port to listen on.
    pub(crate) port: u16,
    /// Most connections at a time.
    #[schemars(range(min = 1))]
    pub(crate) limit: Option<u32>,
    /// Whether to keep connections.
    pub(crate) keep: bool,
    /// Address of the peer.
    pub(crate) peer: Option<HttpUrl>,
    /// What the peer
    /// wants to see.
    pub(crate) token: Option<SecretString>,
    /// Folder for files.
    pub(crate) folder: Option<PathBuf>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            port: 80,
            limit: None,
            keep: true,
            peer: None,
            token: None,
            folder: None,
        }
    }
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// Careful.
    #[default]
    Slow,
    Fast,
}

pub(crate) const KEYS: &[Key] = &[
    Key::new("server.port")
        .variables(&["APP_PORT", "PORT"])
        .flag("--port"),
    Key::new("server.limit").variables(&["APP_LIMIT"]),
    Key::new("server.keep").variables(&["APP_KEEP"]),
    Key::new("server.peer")
        .variables(&["APP_PEER"])
        .default_note("none | found by itself"),
    Key::new("server.token")
        .variables(&["APP_TOKEN", "TOKEN"])
        .or_file()
        .flag("--token"),
    Key::new("server.folder").variables(&["APP_FOLDER"]),
    Key::new("tags").variables(&["APP_TAGS"]).flag("--tags"),
    Key::new("mode").variables(&["APP_MODE"]).flag("--mode"),
    Key::new("ratio").variables(&["APP_RATIO"]),
];

/// A folder in which a test writes its files.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// What an error or origin says, without the name of this folder.
    pub(crate) fn strip(&self, text: impl ToString) -> String {
        text.to_string()
            .replace(&format!("{}/", self.path().display()), "")
    }
}

pub(crate) fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().copied().collect()
}

pub(crate) fn from_file(path: &Path) -> Result<Resolved<Config>, Error> {
    resolve(
        KEYS,
        &Sources {
            files: &[ConfigFile::required(path)],
            ..Sources::default()
        },
    )
}

pub(crate) fn from_environment(variables: &[(&str, &str)]) -> Result<Resolved<Config>, Error> {
    resolve(
        KEYS,
        &Sources {
            environment: &environment(variables),
            ..Sources::default()
        },
    )
}

pub(crate) fn from_arguments(arguments: &Arguments) -> Result<Resolved<Config>, Error> {
    resolve(
        KEYS,
        &Sources {
            arguments,
            ..Sources::default()
        },
    )
}
