//! What is told of each piece of work, and remembers up to where it is in stitches.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use loom_cli_rewind::{RewindError, Until};
use loom_cli_session::{EndedWork, Kept, Moment, WorkKeeper};
use loom_common_core::stream::NoticeLevel;
use loom_common_spool::repository::{Repository, Surroundings, ThreadTrailers};
use loom_redact::{Detector, KnownSecrets, Rules};
use tokio::sync::Mutex;

use crate::description::subject;
use crate::weaving::{WeaveError, Woven, weave};

/// How many files a notice names.
const NAMED: usize = 5;

/// How the agent's work becomes stitches.
pub struct StitchSetup {
    /// The folder that the agent works in: absolute, with symbolic links resolved.
    pub workspace: PathBuf,
    /// Says who and when it is, for each stitch anew.
    pub surroundings: Arc<dyn Fn() -> Surroundings + Send + Sync>,
    /// Values that are secret, whatever the rules say.
    pub known_secrets: KnownSecrets,
}

/// Makes stitches of the work of a session's agent.
pub struct StitchKeeper {
    setup: StitchSetup,
    /// The folder of the shuttle.
    root: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The record from which on nothing is in a stitch.
    since: Option<u64>,
    /// What the person was told: each thing once.
    told: HashSet<String>,
}

impl StitchKeeper {
    /// Makes stitches from now on; `None` when the workspace is in no spool.
    pub fn new(setup: StitchSetup) -> Option<Self> {
        let root = Repository::discover(&setup.workspace).ok()?;
        Some(Self {
            setup,
            root,
            state: Mutex::default(),
        })
    }

    async fn stitch(&self, work: EndedWork) -> Kept {
        let mut state = self.state.lock().await;
        let since = *state.since.get_or_insert(work.since);
        if !matches!(work.moment, Moment::Turn { .. }) || work.until <= since {
            return Kept::default();
        }
        let notices = match self.make(&work, since).await {
            Ok((woven, subject)) => {
                state.since = Some(work.until);
                state.account(&woven, &subject)
            }
            Err(error) => {
                let is_over = matches!(
                    error,
                    WeaveError::TooMuch
                        | WeaveError::Rewind(
                            RewindError::Expired { .. } | RewindError::UnknownPoint { .. }
                        )
                );
                if is_over {
                    state.since = Some(work.until);
                }
                state.complain(&error, is_over)
            }
        };
        Kept {
            notices,
            spent: None,
        }
    }

    /// Makes the stitch, and returns its first line as well.
    async fn make(&self, work: &EndedWork, since: u64) -> Result<(Woven, String), WeaveError> {
        let until = Until::Record(work.until);
        let changed = work.rewind.work(work.thread, since, until).await?;
        let (root, workspace) = (self.root.clone(), self.setup.workspace.clone());
        let surroundings = Arc::clone(&self.setup.surroundings);
        let known = self.setup.known_secrets.clone();
        let prompt = work.prompt.clone();
        let trailers = ThreadTrailers {
            thread: work.thread.to_string(),
            turn: Some(work.since),
        };
        let weaving = tokio::task::spawn_blocking(move || {
            let mut first_line = String::new();
            let woven = weave(&root, &workspace, surroundings(), &changed, |paths| {
                let prompt = Detector::new(Rules::builtin(), known).redact(&prompt);
                first_line = subject(&prompt, paths.iter().map(String::as_str));
                trailers.describe(&first_line)
            })?;
            Ok((woven, first_line))
        });
        match weaving.await {
            Ok(woven) => woven,
            Err(error) => Err(RewindError::Broken(error.to_string()).into()),
        }
    }
}

impl State {
    /// Says what became a stitch, and what was left.
    fn account(&mut self, woven: &Woven, subject: &str) -> Vec<(NoticeLevel, String)> {
        let mut notices = Vec::new();
        if let Some((knot, files)) = &woven.stitch {
            let files = match files {
                1 => "1 file".to_owned(),
                files => format!("{files} files"),
            };
            // The same trouble is news when there was none in between.
            let left: HashSet<_> = woven.left.iter().map(|(path, _)| path).collect();
            self.told.retain(|told| left.contains(told));
            let text = format!("stitched {knot:.8}: {subject} ({files})");
            notices.push((NoticeLevel::Info, text));
        }
        let mut news: Vec<String> = Vec::new();
        for (path, reason) in &woven.left {
            if self.told.insert(path.clone()) {
                news.push(format!("{path} ({reason})"));
            }
        }
        if !news.is_empty() {
            let more = news.len().saturating_sub(NAMED);
            news.truncate(NAMED);
            let mut text = format!("left in the shuttle: {}", news.join(", "));
            if more > 0 {
                text.push_str(&format!(" and {more} more"));
            }
            notices.push((NoticeLevel::Warning, text));
        }
        notices
    }

    fn complain(&mut self, error: &WeaveError, is_over: bool) -> Vec<(NoticeLevel, String)> {
        let mut text = match is_over {
            true => format!("the agent's work stays in the shuttle: {error}"),
            false => format!("the agent's work goes with the next stitch: {error}"),
        };
        if let WeaveError::Repository(error) = error
            && let Some(hint) = error.hint()
        {
            text.push_str(&format!(" ({hint})"));
        }
        let is_news = self.told.insert(text.clone());
        let notice = (NoticeLevel::Warning, text);
        is_news.then_some(notice).into_iter().collect()
    }
}

impl WorkKeeper for StitchKeeper {
    fn keep(&self, work: EndedWork) -> BoxFuture<'_, Kept> {
        Box::pin(self.stitch(work))
    }
}
