//! A workspace for one test, with a registry that works in it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use loom_cli_tools::{CommandEnvironment, EditStyle, ToolLimits, ToolRegistry, ToolSetup};
use loom_common_core::{
    Confinement, Extra, ProgressSink, ReadFilter, ToolCall, ToolContext, ToolOutput, ToolStatus,
};
use serde_json::Value;
use tempfile::TempDir;

/// A workspace for one test. The folder is removed with it.
pub(crate) struct Scratch {
    folder: TempDir,
    pub(crate) registry: ToolRegistry,
    pub(crate) context: ToolContext,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self::with_limits(ToolLimits {
            bash_timeout: Duration::from_secs(60),
            ..ToolLimits::default()
        })
    }

    pub(crate) fn with_limits(limits: ToolLimits) -> Self {
        Self::with_setup(ToolSetup {
            limits,
            environment: environment([("PATH", path_variable().as_str())]),
            ..ToolSetup::default()
        })
    }

    pub(crate) fn with_setup(setup: ToolSetup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().canonicalize().unwrap().join("workspace");
        fs::create_dir(&workspace).unwrap();
        Self {
            registry: ToolRegistry::builtin(setup),
            context: ToolContext {
                workspace,
                progress: ProgressSink::discard(),
                confinement: Confinement::default(),
                permitted: None,
                readable: ReadFilter::everything(),
            },
            folder,
        }
    }

    /// Works as for a model that writes patches.
    pub(crate) fn with_patches() -> Self {
        Self::with_setup(ToolSetup {
            edit_style: EditStyle::Patch,
            ..ToolSetup::default()
        })
    }

    /// Works in a folder that is there already.
    pub(crate) fn in_workspace(workspace: &str) -> Self {
        let mut scratch = Self::new();
        scratch.context.workspace = Path::new(workspace).canonicalize().unwrap();
        scratch
    }

    /// The folder that the agent works in.
    pub(crate) fn workspace(&self) -> &Path {
        &self.context.workspace
    }

    /// A folder that the agent must not reach.
    pub(crate) fn outside(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.workspace().join(name)
    }

    /// Writes a file, with its folders.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) async fn run(&self, tool: &str, arguments: Value) -> ToolOutput {
        self.run_raw(tool, &arguments.to_string()).await
    }

    pub(crate) async fn run_raw(&self, tool: &str, arguments: &str) -> ToolOutput {
        self.registry
            .run(&call(tool, arguments), &self.context)
            .await
    }

    /// Runs a tool that must succeed, and returns its text.
    pub(crate) async fn text(&self, tool: &str, arguments: Value) -> String {
        let output = self.run(tool, arguments).await;
        assert_eq!(output.status, ToolStatus::Completed, "{}", output.text());
        output.text()
    }

    /// Runs a tool that must fail, and returns its text with the workspace's name made fixed.
    pub(crate) async fn failure(&self, tool: &str, arguments: Value) -> String {
        let output = self.run(tool, arguments).await;
        assert_eq!(output.status, ToolStatus::Failed, "{}", output.text());
        self.fixed(&output.text())
    }

    /// Makes the names of temporary folders in a text the same for each run.
    pub(crate) fn fixed(&self, text: &str) -> String {
        text.replace(self.workspace().to_str().unwrap(), "WORKSPACE")
            .replace(self.outside().to_str().unwrap(), "OUTSIDE")
    }
}

/// Makes a call as the model does.
pub(crate) fn call(tool: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: "call-1".to_owned(),
        name: tool.to_owned(),
        arguments: arguments.to_owned(),
        extra: Extra::default(),
    }
}

/// Where the programs are.
pub(crate) fn path_variable() -> String {
    let path = std::env::vars_os().find(|(name, _)| name == "PATH");
    path.unwrap().1.into_string().unwrap()
}

/// What commands inherit of these variables.
pub(crate) fn environment<'a>(
    variables: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> CommandEnvironment {
    let variables = variables
        .into_iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    CommandEnvironment::new(variables, &[])
}
