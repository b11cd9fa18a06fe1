//! A spool in which a person and an agent work.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _};
use jiff::{Timestamp, tz::TimeZone};
use loom_cli_rewind::{CallStart, Reach, Rewind, RewindSettings};
use loom_cli_session::{EndedWork, ModelChoice, Moment, WorkKeeper as _};
use loom_cli_stitches::{StitchKeeper, StitchSetup};
use loom_common_core::{LlmClient, LlmError, LlmRequest, LlmResponse, LlmStream, ModelFigures};
use loom_common_spool::SnapshotSettings;
use loom_common_spool::repository::{KnotId, Repository, Side, Stitch, Surroundings, Winding};
use loom_common_thread::ThreadId;
use loom_redact::KnownSecrets;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tempfile::TempDir;

/// A model that nobody asks.
struct Nobody;

impl LlmClient for Nobody {
    fn stream<'a>(&'a self, _: &'a LlmRequest) -> BoxFuture<'a, Result<LlmStream, LlmError>> {
        unreachable!("no model is asked")
    }

    fn complete<'a>(&'a self, _: &'a LlmRequest) -> BoxFuture<'a, Result<LlmResponse, LlmError>> {
        async { unreachable!("no model is asked") }.boxed()
    }
}

pub(crate) struct Scene {
    folder: TempDir,
    pub(crate) rewind: Rewind,
    keeper: StitchKeeper,
    calls: AtomicU64,
    workspace: PathBuf,
}

pub(crate) fn thread() -> ThreadId {
    let noon = Timestamp::from_millisecond(1_700_000_000_000).unwrap();
    ThreadId::new(noon, &mut StdRng::seed_from_u64(1))
}

/// Each command has its own time and its own ids.
fn surroundings(root: &Path, home: &Path) -> Surroundings {
    static COMMANDS: AtomicU64 = AtomicU64::new(1);
    let number = COMMANDS.fetch_add(1, Ordering::Relaxed);
    let time = Timestamp::from_second(1_800_000_000 + i64::try_from(number).unwrap()).unwrap();
    Surroundings {
        folder: root.to_owned(),
        home: Some(home.to_owned()),
        configuration: None,
        system_configuration: None,
        environment: HashMap::new(),
        hostname: "loomhouse".to_owned(),
        username: "wanda".to_owned(),
        now: time.to_zoned(TimeZone::UTC),
        seed: number,
        command: vec!["loom".to_owned()],
        patience: Duration::from_secs(30),
        settings: vec![
            ("user.name".to_owned(), "Wanda Weaver".to_owned()),
            ("user.email".to_owned(), "wanda@example.com".to_owned()),
        ],
    }
}

impl Scene {
    pub(crate) async fn new(winding: Winding) -> Self {
        Self::in_folder(winding, "").await
    }

    /// The agent works in a folder of the repository.
    pub(crate) async fn in_folder(winding: Winding, inner: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("work");
        let home = folder.path().join("home");
        fs::create_dir_all(root.join(inner)).unwrap();
        fs::create_dir_all(&home).unwrap();
        Repository::wind(&root, winding, surroundings(&root, &home)).unwrap();
        let workspace = root.join(inner);
        let settings = RewindSettings {
            root: folder.path().join("undo"),
            snapshots: SnapshotSettings::default(),
        };
        let clock = || Timestamp::from_millisecond(1_700_000_000_000).unwrap();
        let rewind = Rewind::open(settings, &workspace, Arc::new(clock))
            .await
            .unwrap();
        let keeper = StitchKeeper::new(StitchSetup {
            workspace: workspace.clone(),
            surroundings: Arc::new(move || surroundings(&root, &home)),
            known_secrets: KnownSecrets::new(),
        });
        Self {
            folder,
            rewind,
            keeper: keeper.unwrap(),
            calls: AtomicU64::new(0),
            workspace,
        }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("work")
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.workspace.join(path)
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), content).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// The repository with what is in the files.
    pub(crate) fn open(&self) -> Repository {
        let home = self.folder.path().join("home");
        let surroundings = surroundings(&self.root(), &home);
        let mut repository = Repository::open(&self.root(), surroundings).unwrap();
        repository.snapshot().unwrap();
        repository
    }

    /// The person ends the stitch in the shuttle.
    pub(crate) fn knot(&self, description: &str) {
        use loom_common_spool::repository::NewStitch;
        let mut repository = self.open();
        let at = repository.shuttle().unwrap();
        let mut tx = repository.transaction().unwrap();
        tx.describe(&[at], description).unwrap();
        tx.finish().unwrap();
        let at = repository.shuttle().unwrap();
        let mut tx = repository.transaction().unwrap();
        tx.stitch(&NewStitch::onto([at])).unwrap();
        tx.finish().unwrap();
    }

    pub(crate) fn stitch(&self, revset: &str) -> Stitch {
        let repository = self.open();
        let knot = repository.resolve_one(revset).unwrap();
        repository.stitch(&knot).unwrap()
    }

    /// What a path is in a stitch; `None` when it is not there.
    pub(crate) fn file(&self, revset: &str, path: &str) -> Option<String> {
        let repository = self.open();
        let knot: KnotId = repository.resolve_one(revset).unwrap();
        let content = repository.read_file(&Side::Of(knot), path).unwrap();
        content.mode?;
        Some(String::from_utf8(content.bytes).unwrap())
    }

    /// Plays a turn of one command that does some work, and returns what the person is told.
    pub(crate) async fn play(&self, prompt: &str, work: impl FnOnce(&Self)) -> Vec<String> {
        let begun = self.rewind.begin_turn(thread(), 1, prompt).await.unwrap();
        let until = self.call(work).await;
        self.ends(prompt, begun.number, until).await
    }

    /// Runs a command of the agent, and returns the record at its end.
    pub(crate) async fn call(&self, work: impl FnOnce(&Self)) -> u64 {
        let call_id = format!("call-{}", self.calls.fetch_add(1, Ordering::Relaxed));
        let start = CallStart {
            thread: thread(),
            log_len: 2,
            call_id: call_id.clone(),
            label: "shell".to_owned(),
            reach: Reach::Anything,
        };
        self.rewind.before_call(start).await.unwrap();
        work(self);
        let ended = self.rewind.after_call(thread(), 2, &call_id).await.unwrap();
        ended.number
    }

    /// The turn ends.
    pub(crate) async fn ends(&self, prompt: &str, since: u64, until: u64) -> Vec<String> {
        let kept = self
            .keeper
            .keep(EndedWork {
                moment: Moment::Turn { is_complete: true },
                rewind: self.rewind.clone(),
                thread: thread(),
                since,
                until,
                prompt: prompt.to_owned(),
                answer: String::new(),
                model: ModelChoice {
                    provider: "fake".to_owned(),
                    name: "fake".to_owned(),
                    max_tokens: None,
                    effort: None,
                    client: Arc::new(Nobody),
                    figures: ModelFigures::default(),
                },
                may_ask_models: false,
            })
            .await;
        kept.notices.into_iter().map(|(_, text)| text).collect()
    }
}
