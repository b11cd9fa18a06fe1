//! A workspace with hooks.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use loom_cli_hooks::{
    Decision, Event, HookFile, HookSetup, Hooks, Outcome, Scope, SessionFacts, ToolUse, TrustStore,
};
use loom_common_config::Environment;
use loom_common_core::PermissionMode;
use loom_common_core::stream::NoticeLevel;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

pub(crate) struct Scratch {
    folder: TempDir,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("work/.loom")).unwrap();
        Self { folder }
    }

    /// A workspace in which the person has these hooks.
    pub(crate) fn with_hooks(hooks: &Value) -> Self {
        let scratch = Self::new();
        scratch.write("user.json", &json!({"hooks": hooks}).to_string());
        scratch
    }

    /// A workspace in which the person has one hook for everything.
    pub(crate) fn with_hook(event: &str, entry: Value) -> Self {
        Self::with_hooks(&json!({event: [{"hooks": [entry]}]}))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.path("work")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn trust(&self) -> TrustStore {
        TrustStore::new(&self.path("state"))
    }

    pub(crate) fn setup(&self) -> HookSetup {
        let variable = |name: &str, value: &OsStr| (OsString::from(name), value.to_owned());
        HookSetup {
            files: vec![
                HookFile {
                    path: self.path("user.json"),
                    scope: Scope::User,
                },
                HookFile {
                    path: self.path("work/.loom/hooks.json"),
                    scope: Scope::Project,
                },
            ],
            workspace: self.workspace(),
            environment: vec![
                variable("PATH", Environment::from_process().get("PATH").unwrap()),
                variable("SCRATCH", self.folder.path().as_os_str()),
                variable("A_SECRET", OsStr::new("s3cret")),
            ],
        }
    }

    /// Loads the hooks, which must be all right.
    pub(crate) fn load(&self) -> Hooks {
        let hooks = Hooks::load(&self.setup(), &self.trust());
        assert_eq!(problems(&hooks), [""; 0]);
        hooks
    }

    pub(crate) fn session(&self) -> SessionFacts {
        SessionFacts {
            session_id: "T-1".to_owned(),
            transcript_path: None,
            cwd: self.workspace(),
            permission_mode: PermissionMode::Ask,
        }
    }

    /// Loads the hooks and runs those of an event.
    pub(crate) async fn run(&self, event: &Event<'_>) -> Outcome {
        self.load().run(&self.session(), event).await
    }

    /// Loads the hooks and runs those before a command.
    pub(crate) async fn before_command(&self) -> Outcome {
        let arguments = arguments(json!({"command": "make"}));
        self.run(&before("bash", &arguments)).await
    }
}

pub(crate) fn arguments(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

pub(crate) fn before<'a>(name: &'a str, arguments: &'a Map<String, Value>) -> Event<'a> {
    Event::PreToolUse {
        call: ToolUse {
            id: "call-1",
            name,
            arguments,
        },
    }
}

/// An entry that runs a line in the shell.
pub(crate) fn command(line: &str) -> Value {
    json!({"type": "command", "command": line})
}

/// An entry that prints an answer.
pub(crate) fn answering(answer: &Value) -> Value {
    command(&format!("cat > /dev/null; printf '%s' '{answer}'"))
}

/// Returns what is wrong with the files, without the folder that the test happens to run in.
pub(crate) fn problems(hooks: &Hooks) -> Vec<String> {
    let shown = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let temporary = std::env::temp_dir().canonicalize().unwrap();
    hooks
        .problems()
        .iter()
        .map(|problem| {
            let text = problem.to_string();
            text.split(' ')
                .map(|word| match Path::new(word.trim_end_matches(':')) {
                    path if path.starts_with(&temporary) => {
                        format!(
                            "{}{}",
                            shown(path),
                            if word.ends_with(':') { ":" } else { "" }
                        )
                    }
                    _ => word.to_owned(),
                })
                .collect::<Vec<String>>()
                .join(" ")
        })
        .collect()
}

pub(crate) fn block(reason: &str) -> Decision {
    Decision::Block {
        reason: reason.to_owned(),
    }
}

/// Returns the warnings of an outcome.
pub(crate) fn warnings(outcome: &Outcome) -> Vec<&str> {
    let is_warning = |message: &&loom_cli_hooks::Message| message.level == NoticeLevel::Warning;
    let messages = outcome.messages.iter().filter(is_warning);
    messages.map(|message| message.text.as_str()).collect()
}
