//! A repository in which a person and an agent work, and what is told of the commits.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use futures::future::{BoxFuture, FutureExt as _};
use jiff::Timestamp;
use loom_cli_auto_commit::{AutoCommit, AutoCommitSetup};
use loom_cli_config::{AutoCommitMoment, CommitStyle};
use loom_cli_git::Git;
use loom_cli_rewind::{CallStart, Reach, Rewind, RewindSettings};
use loom_cli_session::{EndedWork, Kept, ModelChoice, Moment, WorkKeeper as _};
use loom_common_core::stream::NoticeLevel;
use loom_common_core::{
    LlmClient, LlmError, LlmErrorKind, LlmRequest, LlmResponse, LlmStream, Message, ModelFigures,
    Prices, Rates, Role, StopReason, Usage,
};
use loom_common_spool::SnapshotSettings;
use loom_common_thread::ThreadId;
use loom_redact::KnownSecrets;
use loom_testing::Repository;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

pub(crate) const LINES: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

/// A model that gives the messages that it was given, and is away otherwise.
#[derive(Default)]
pub(crate) struct Writer {
    pub(crate) answers: Mutex<VecDeque<String>>,
    pub(crate) requests: Mutex<Vec<LlmRequest>>,
    /// Whether it never answers.
    pub(crate) hangs: Mutex<bool>,
}

impl LlmClient for Writer {
    fn stream<'a>(&'a self, _: &'a LlmRequest) -> BoxFuture<'a, Result<LlmStream, LlmError>> {
        unreachable!("messages are asked for in whole")
    }

    fn complete<'a>(
        &'a self,
        request: &'a LlmRequest,
    ) -> BoxFuture<'a, Result<LlmResponse, LlmError>> {
        self.requests.lock().unwrap().push(request.clone());
        let answer = self.answers.lock().unwrap().pop_front();
        let hangs = *self.hangs.lock().unwrap();
        async move {
            if hangs {
                // What waits for it need not: time goes on at once, and afterwards as it does.
                tokio::time::pause();
                tokio::spawn(async {
                    tokio::time::sleep(std::time::Duration::from_secs(31)).await;
                    tokio::time::resume();
                });
                std::future::pending::<()>().await;
            }
            let away = || LlmError::new(LlmErrorKind::ServerUnreachable, "nobody answers");
            let answer = answer.ok_or_else(away)?;
            Ok(LlmResponse {
                id: None,
                model: None,
                message: Message {
                    role: Role::Assistant,
                    ..Message::user(answer)
                },
                stop_reason: StopReason::EndTurn,
                usage: Usage {
                    input_tokens: 1_000_000,
                    ..Usage::default()
                },
            })
        }
        .boxed()
    }
}

pub(crate) struct Scene {
    pub(crate) repository: Repository,
    pub(crate) rewind: Rewind,
    pub(crate) writer: Arc<Writer>,
    auto_commit: AutoCommit,
    calls: Mutex<u64>,
    _state: tempfile::TempDir,
}

/// What the scene is like.
pub(crate) struct Setting {
    pub(crate) when: AutoCommitMoment,
    pub(crate) style: CommitStyle,
    pub(crate) branch: Option<String>,
    /// Where the agent works, from the top of the repository.
    pub(crate) folder: &'static str,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            when: AutoCommitMoment::Turn,
            style: CommitStyle::Repository,
            branch: None,
            folder: "",
        }
    }
}

pub(crate) fn thread() -> ThreadId {
    let noon = Timestamp::from_millisecond(1_700_000_000_000).unwrap();
    ThreadId::new(noon, &mut StdRng::seed_from_u64(1))
}

impl Scene {
    pub(crate) async fn new(repository: Repository) -> Self {
        Self::with(repository, Setting::default()).await
    }

    pub(crate) async fn with(repository: Repository, setting: Setting) -> Self {
        let state = tempfile::tempdir().unwrap();
        let workspace = repository
            .path()
            .canonicalize()
            .unwrap()
            .join(setting.folder);
        let settings = RewindSettings {
            root: state.path().join("undo"),
            snapshots: SnapshotSettings::default(),
        };
        let clock = || Timestamp::from_millisecond(1_700_000_000_000).unwrap();
        let rewind = Rewind::open(settings, &workspace, Arc::new(clock))
            .await
            .unwrap();
        let auto_commit = AutoCommit::new(AutoCommitSetup {
            workspace,
            git: Git::new(repository.environment()),
            known_secrets: KnownSecrets::new(),
            model: None,
            when: setting.when,
            style: setting.style,
            branch: setting.branch,
            max_file_bytes: 1_000,
        });
        Self {
            repository,
            rewind,
            writer: Arc::default(),
            auto_commit,
            calls: Mutex::default(),
            _state: state,
        }
    }

    pub(crate) fn answers(&self, answer: &str) {
        self.writer
            .answers
            .lock()
            .unwrap()
            .push_back(answer.to_owned());
    }

    /// Begins a turn.
    pub(crate) async fn turn(&self, prompt: &str) -> Turn<'_> {
        let begun = self.rewind.begin_turn(thread(), 1, prompt).await.unwrap();
        Turn {
            scene: self,
            since: begun.number,
            until: begun.number,
            prompt: prompt.to_owned(),
        }
    }

    /// Plays a turn of one command that does some work.
    pub(crate) async fn play(&self, prompt: &str, work: impl FnOnce(&Repository)) -> Vec<String> {
        let mut turn = self.turn(prompt).await;
        turn.call(work).await;
        turn.ends().await
    }

    pub(crate) fn log(&self) -> String {
        self.repository.git(&["log", "--format=%s"])
    }

    /// The newest commit, as a person sees it.
    pub(crate) fn newest(&self) -> String {
        self.repository
            .git(&["show", "--format=%B", "--unified=0", "--no-renames", "HEAD"])
            .lines()
            .filter(|line| !line.starts_with("index "))
            .collect::<Vec<_>>()
            .join("\n")
    }

    pub(crate) fn status(&self) -> String {
        self.repository.git(&["status", "--porcelain"])
    }

    pub(crate) fn delete(&self, path: &str) {
        fs::remove_file(self.repository.path().join(path)).unwrap();
    }

    pub(crate) fn hook(&self, name: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.repository.path().join(".git/hooks").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

pub(crate) struct Turn<'a> {
    scene: &'a Scene,
    pub(crate) since: u64,
    pub(crate) until: u64,
    prompt: String,
}

impl Turn<'_> {
    /// Runs a command that does some work.
    pub(crate) async fn call(&mut self, work: impl FnOnce(&Repository)) {
        let call_id = self.begin_call().await;
        work(&self.scene.repository);
        let ended = self.scene.rewind.after_call(thread(), 2, &call_id).await;
        self.until = ended.unwrap().number;
    }

    pub(crate) async fn begin_call(&mut self) -> String {
        let call_id = {
            let mut calls = self.scene.calls.lock().unwrap();
            *calls += 1;
            format!("c{calls}")
        };
        let start = CallStart {
            thread: thread(),
            log_len: 1,
            call_id: call_id.clone(),
            label: "bash".to_owned(),
            reach: Reach::Anything,
        };
        self.scene.rewind.before_call(start).await.unwrap();
        call_id
    }

    pub(crate) async fn ends(&self) -> Vec<String> {
        notices(&self.keep(Moment::Turn { is_complete: true }).await)
    }

    pub(crate) async fn keep(&self, moment: Moment) -> Kept {
        let rates = Rates {
            input: 1.0,
            output: 0.0,
            cache_read: 0.0,
            cache_write: 0.0,
        };
        let prices = Prices {
            rates,
            long_prompt: None,
        };
        let work = EndedWork {
            moment,
            rewind: self.scene.rewind.clone(),
            thread: thread(),
            since: self.since,
            until: self.until,
            prompt: self.prompt.clone(),
            answer: "I have done it.".to_owned(),
            model: ModelChoice {
                client: Arc::clone(&self.scene.writer) as Arc<dyn LlmClient>,
                provider: "scripted".to_owned(),
                name: "writer".to_owned(),
                max_tokens: None,
                effort: None,
                figures: ModelFigures {
                    prices: Some(prices),
                    ..ModelFigures::default()
                },
            },
            may_ask_models: true,
        };
        self.scene.auto_commit.keep(work).await
    }
}

/// The notices, without the hash of a commit.
pub(crate) fn notices(kept: &Kept) -> Vec<String> {
    let notices = kept.notices.iter().map(|(level, text)| match level {
        NoticeLevel::Info => {
            let words = text.splitn(3, ' ').collect::<Vec<_>>();
            format!("{} {}", words[0], words[2])
        }
        NoticeLevel::Warning => text.clone(),
    });
    notices.collect()
}

pub(crate) fn text_of(request: &LlmRequest) -> String {
    let messages = request.messages.iter().map(|message| message.text());
    let system = request.system.clone().unwrap();
    format!("{system}\n\n{}", messages.collect::<String>())
}

pub(crate) fn exists(scene: &Scene, path: &str) -> bool {
    Path::exists(&scene.repository.path().join(path))
}
