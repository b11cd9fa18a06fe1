//! Reads the hooks that there are, and runs those that an event sets off.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt as _;
use loom_cli_tools::CommandEnvironment;
use loom_common_core::Confinement;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use crate::answer;
use crate::claude::{self, ShownCall};
use crate::configuration::{self, Configuration, Hook};
use crate::error::HookError;
use crate::event::{Event, EventKind, SessionFacts};
use crate::outcome::Outcome;
use crate::pin::{self, Pin};
use crate::process;
use crate::trust::TrustStore;

/// Hooks of one event that run side by side.
const SIDE_BY_SIDE: usize = 8;

/// Hooks that nobody waits for and that run at the same time.
const IN_BACKGROUND: usize = 16;

/// The largest file of hooks that is read.
const MAX_FILE: u64 = 1024 * 1024;

/// Whose hooks a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The person's own.
    User,
    /// Those of the workspace, which may come from anybody: they need trust.
    Project,
}

/// A file of hooks, which need not exist.
#[derive(Clone, Debug)]
pub struct HookFile {
    /// Where it is.
    pub path: PathBuf,
    /// Whose hooks it holds.
    pub scope: Scope,
}

/// What hooks are read from, and what they run in.
#[derive(Clone, Debug)]
pub struct HookSetup {
    /// The files, in the order in which their hooks answer.
    pub files: Vec<HookFile>,
    /// The folder that the agent works in: absolute, with symbolic links resolved.
    pub workspace: PathBuf,
    /// The person's environment, secrets included: hooks get only those secrets that they name.
    pub environment: Vec<(OsString, OsString)>,
}

/// Hooks of a project that the person has not trusted as they are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untrusted {
    /// The file that holds them.
    pub path: PathBuf,
    /// What they would run, for the person to read: event and command.
    pub commands: Vec<String>,
    /// Names the hooks and the files that they run, as they are now.
    pub(crate) digest: String,
}

/// The hooks of a session.
#[derive(Debug)]
pub struct Hooks {
    hooks: BTreeMap<EventKind, Vec<Arc<PinnedHook>>>,
    workspace: PathBuf,
    /// The person's environment, secrets included.
    environment: Vec<(OsString, OsString)>,
    problems: Vec<HookError>,
    untrusted: Vec<Untrusted>,
    background: Arc<Semaphore>,
}

/// A hook with what it was trusted for; the person's own have no pins.
#[derive(Debug)]
struct PinnedHook {
    hook: Hook,
    pins: Vec<Pin>,
}

/// A hook that an event sets off.
struct Run {
    hook: Arc<PinnedHook>,
    input: Vec<u8>,
    environment: Vec<(OsString, OsString)>,
    folder: PathBuf,
}

impl Default for Hooks {
    /// Makes a set without hooks.
    fn default() -> Self {
        Self {
            hooks: BTreeMap::new(),
            workspace: PathBuf::new(),
            environment: Vec::new(),
            problems: Vec::new(),
            untrusted: Vec::new(),
            background: Arc::new(Semaphore::new(IN_BACKGROUND)),
        }
    }
}

impl Hooks {
    /// Reads the hooks. What cannot be used is left out and found in [`Hooks::problems`].
    ///
    /// Reads a few small files at once: meant for the start of a session.
    pub fn load(setup: &HookSetup, trust: &TrustStore) -> Self {
        let mut hooks = Self {
            workspace: setup.workspace.clone(),
            environment: setup.environment.clone(),
            ..Self::default()
        };
        for file in &setup.files {
            if let Err(problem) = hooks.read(file, trust) {
                hooks.problems.push(problem);
            }
        }
        hooks
    }

    /// Returns what is wrong with the files, for the person.
    pub fn problems(&self) -> &[HookError] {
        &self.problems
    }

    /// Returns the hooks that do not run because they are not trusted. To run them, ask the
    /// person, call [`TrustStore::trust`] and load anew.
    pub fn untrusted(&self) -> &[Untrusted] {
        &self.untrusted
    }

    /// Tells whether there are hooks for a kind of event: when there are none, the event need not
    /// be put together.
    pub fn handles(&self, kind: EventKind) -> bool {
        self.hooks.contains_key(&kind)
    }

    /// Runs the hooks that the event sets off, and returns what they want together.
    ///
    /// Dropping the future kills them.
    pub async fn run(&self, session: &SessionFacts, event: &Event<'_>) -> Outcome {
        let Some(kind) = event.kind() else {
            return Outcome::default();
        };
        let Some(hooks) = self.hooks.get(&kind) else {
            return Outcome::default();
        };
        let runs = self.set_off(hooks, kind, session, event);
        let answers = futures::stream::iter(runs)
            .map(|run| self.run_one(run))
            .buffered(SIDE_BY_SIDE)
            .collect::<Vec<Outcome>>()
            .await;
        let mut outcome = Outcome::default();
        for answer in answers {
            outcome.join(self.with_own_arguments(answer, event));
        }
        outcome
    }

    fn read(&mut self, file: &HookFile, trust: &TrustStore) -> Result<(), HookError> {
        let unreadable = |source| HookError::Unreadable {
            path: file.path.clone(),
            source,
        };
        let Some(opened) = pin::open_file(&file.path).map_err(unreadable)? else {
            return Ok(());
        };
        let mut content = Vec::new();
        opened
            .take(MAX_FILE + 1)
            .read_to_end(&mut content)
            .map_err(unreadable)?;
        if content.len() as u64 > MAX_FILE {
            return Err(HookError::Malformed {
                path: file.path.clone(),
                reason: format!("it is larger than {MAX_FILE} bytes"),
            });
        }
        let Configuration {
            hooks,
            problems,
            text,
        } = configuration::parse(&file.path, &content);
        self.problems.extend(problems);
        let mut pinned = Vec::new();
        for hook in hooks {
            let pins = match file.scope {
                Scope::User => Vec::new(),
                Scope::Project => pin::pins(&hook, &self.workspace).map_err(unreadable)?,
            };
            pinned.push(PinnedHook { hook, pins });
        }
        if file.scope == Scope::Project && !pinned.is_empty() {
            let pins = pinned.iter().flat_map(|hook| &hook.pins);
            let digest = pin::digest(&text, pins);
            if !trust.is_trusted(&file.path, &digest)? {
                self.untrusted.push(Untrusted {
                    path: file.path.clone(),
                    commands: pinned
                        .iter()
                        .map(|pinned| described(&pinned.hook))
                        .collect(),
                    digest,
                });
                return Ok(());
            }
        }
        for hook in pinned {
            let hooks = self.hooks.entry(hook.hook.event).or_default();
            hooks.push(Arc::new(hook));
        }
        Ok(())
    }

    /// Returns the hooks that an event sets off, each with its input. The same command runs once
    /// for one call, however often it stands in the files.
    fn set_off(
        &self,
        hooks: &[Arc<PinnedHook>],
        kind: EventKind,
        session: &SessionFacts,
        event: &Event<'_>,
    ) -> Vec<Run> {
        let call = event.call();
        let names = match call {
            Some(call) => claude::names(call.name),
            None => event.subject().into_iter().collect(),
        };
        let mut matching: Vec<&Arc<PinnedHook>> = Vec::new();
        for hook in hooks {
            let is_known = matching.iter().any(|known| {
                known.hook.command == hook.hook.command
                    && known.hook.args == hook.hook.args
                    && known.hook.condition == hook.hook.condition
                    && known.hook.is_required >= hook.hook.is_required
            });
            // An event that has nothing to match sets all hooks off.
            if !is_known && (names.is_empty() || hook.hook.matcher.matches(&names)) {
                matching.push(hook);
            }
        }
        if matching.is_empty() {
            return Vec::new();
        }
        let common = event.input(kind, session);
        let calls: Vec<Option<ShownCall>> = match call {
            Some(call) => claude::shown(call, &self.workspace)
                .into_iter()
                .map(Some)
                .collect(),
            None => vec![None],
        };
        let mut runs = Vec::new();
        for call in calls {
            let input = with_call(common.clone(), call.as_ref(), event);
            let mut input = Value::Object(input).to_string().into_bytes();
            input.push(b'\n');
            for hook in &matching {
                let is_meant = match (&hook.hook.condition, &call) {
                    (Some(condition), Some(call)) => {
                        condition.matches(&names, call, &self.workspace)
                    }
                    // Without a call a condition has nothing to say.
                    _ => true,
                };
                if is_meant {
                    runs.push(Run {
                        hook: Arc::clone(hook),
                        input: input.clone(),
                        environment: self.environment_of(&hook.hook),
                        folder: session.cwd.clone(),
                    });
                }
            }
        }
        runs
    }

    fn environment_of(&self, hook: &Hook) -> Vec<(OsString, OsString)> {
        let inherited = CommandEnvironment::new(self.environment.iter().cloned(), &hook.inherited);
        let places = ["CLAUDE_PROJECT_DIR", "LOOM_PROJECT_DIR"]
            .map(|name| (OsString::from(name), self.workspace.clone().into()));
        inherited
            .variables(Confinement::Free)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .chain(places)
            .collect()
    }

    async fn run_one(&self, run: Run) -> Outcome {
        if !run.hook.hook.is_background {
            return run.outcome().await;
        }
        match Arc::clone(&self.background).try_acquire_owned() {
            Ok(place) => {
                tokio::spawn(async move {
                    run.outcome().await;
                    drop(place);
                });
                Outcome::default()
            }
            Err(_) => answer::failed(
                &run.hook.hook,
                &format!("was not started: {IN_BACKGROUND} others run in the background"),
            ),
        }
    }

    /// Turns changed arguments into those of Loom's tool.
    fn with_own_arguments(&self, mut outcome: Outcome, event: &Event<'_>) -> Outcome {
        if let (Some(input), Some(call)) = (outcome.updated_input.take(), event.call()) {
            if claude::is_changeable(call.name) {
                outcome.updated_input = Some(claude::arguments(call.name, input));
            } else {
                outcome.warn(format!(
                    "a hook changed what {} is called with, which is not possible; ignored",
                    call.name
                ));
            }
        }
        outcome
    }
}

impl Run {
    async fn outcome(mut self) -> Outcome {
        let pinned = Arc::clone(&self.hook);
        if !pinned.pins.is_empty() {
            let check = {
                let pinned = Arc::clone(&pinned);
                move || pin::changed(&pinned.pins).map(Path::to_owned)
            };
            match tokio::task::spawn_blocking(check).await {
                Ok(None) => {}
                Ok(Some(path)) => {
                    return answer::failed(
                        &pinned.hook,
                        &format!(
                            "did not run: {} has changed since you trusted it; start a new session \
                             to look at it and to trust it again",
                            path.display()
                        ),
                    );
                }
                Err(error) => {
                    return answer::failed(&pinned.hook, &format!("did not run: {error}"));
                }
            }
        }
        let input = std::mem::take(&mut self.input);
        let ended = process::run(&pinned.hook, &self.folder, &self.environment, &input).await;
        answer::read(&pinned.hook, ended)
    }
}

/// Adds the call to what a hook reads.
fn with_call(
    mut input: Map<String, Value>,
    call: Option<&ShownCall>,
    event: &Event<'_>,
) -> Map<String, Value> {
    let Some(call) = call else {
        return input;
    };
    input.insert("tool_name".to_owned(), Value::from(call.tool_name.as_str()));
    input.insert(
        "tool_input".to_owned(),
        Value::Object(call.tool_input.clone()),
    );
    if let Event::PostToolUse { output, .. } = event {
        if event.kind() == Some(EventKind::PostToolUse) {
            input.insert("tool_response".to_owned(), claude::response(call, output));
        } else {
            input.insert("error".to_owned(), Value::from(output.text()));
            input.insert("is_interrupt".to_owned(), Value::from(false));
        }
    }
    input
}

/// Returns a hook for the person who decides whether to trust it.
fn described(hook: &Hook) -> String {
    let words = hook.args.iter().flatten().map(String::as_str);
    let command: Vec<&str> = std::iter::once(hook.command.as_str())
        .chain(words)
        .collect();
    let mut described = format!("{}: {}", hook.event.name(), command.join(" "));
    if !hook.inherited.is_empty() {
        described.push_str(&format!(" (with {})", hook.inherited.join(", ")));
    }
    described
}
