//! A workspace with a scripted server for files that end in `.txt`.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use loom_cli_lsp::{Diagnostics, Language, LspSetup, ServerDefinition};
use loom_common_config::Environment;
use serde_json::json;
use tempfile::TempDir;

/// Longer than anything takes.
const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Scene {
    folder: TempDir,
    pub(crate) diagnostics: Diagnostics,
}

/// Returns the program `examples/scripted_server.rs`, which is built with the tests.
fn scripted_server() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.parent().unwrap().parent().unwrap();
    target.join("examples/scripted_server")
}

impl Scene {
    /// A scene with a server of these arguments. `{}` in one stands for the folder of the scene.
    pub(crate) fn new(arguments: &[&str]) -> Self {
        Self::with(arguments, |_| {})
    }

    /// The same, with another setup.
    pub(crate) fn with(arguments: &[&str], change: impl FnOnce(&mut LspSetup)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir(root.join("work")).unwrap();
        let mut command = vec![scripted_server().to_string_lossy().into_owned()];
        let place = root.to_string_lossy();
        command.extend(
            arguments
                .iter()
                .map(|argument| argument.replace("{}", &place)),
        );
        let path = Environment::from_process().get("PATH").unwrap().to_owned();
        let mut setup = LspSetup {
            workspace: root.join("work"),
            environment: vec![(OsString::from("PATH"), path)],
            servers: vec![ServerDefinition {
                name: "scripted".to_owned(),
                languages: vec![Language {
                    id: "text".to_owned(),
                    extensions: vec!["txt".to_owned()],
                }],
                commands: vec![vec!["no-such-program".to_owned()], command],
                root_markers: vec!["root".to_owned()],
                initialization_options: json!(null),
                settings: json!({"a": {"b": "setting"}}),
            }],
            launcher: None,
            wait: LONG,
        };
        change(&mut setup);
        Self {
            folder,
            diagnostics: Diagnostics::new(setup),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path("work").join(name)
    }

    /// Writes a file without anybody being told.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.file(name).parent().unwrap()).unwrap();
        fs::write(self.file(name), text).unwrap();
    }

    /// Edits a file as the agent does. Returns what it is told.
    pub(crate) async fn edit(&self, name: &str, text: &str) -> Option<String> {
        let paths = [self.file(name)];
        self.diagnostics.before_edit(&paths).await;
        self.write(name, text);
        self.diagnostics.after_edit(&paths).await
    }

    /// Returns what the person is told, without the folder of the scene.
    pub(crate) fn problems(&self) -> Vec<String> {
        let problems = self.diagnostics.problems();
        problems.iter().map(ToString::to_string).collect()
    }

    /// Waits until there is a file with something in it, and returns that.
    pub(crate) async fn content(&self, name: &str) -> String {
        loop {
            match fs::read_to_string(self.path(name)) {
                Ok(text) if !text.is_empty() => return text,
                _ => tokio::task::yield_now().await,
            }
        }
    }
}

/// Waits until a process is gone, or at least dead.
pub(crate) async fn gone(id: &str) {
    let stat = format!("/proc/{}/stat", id.trim());
    while fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
        tokio::task::yield_now().await;
    }
}
