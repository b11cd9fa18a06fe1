//! What takes the agent's work behind its turns.

use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use loom_cli_rewind::Until;
use loom_cli_session::{EndedWork, Kept, Moment, SessionLimits, Spent, WorkKeeper};
use loom_common_core::stream::{ItemDetails, NoticeLevel, ThreadEvent};
use loom_common_core::{LlmError, LlmErrorKind, Prices, Rates, Usage};
use serde_json::json;
use tokio::sync::{Notify, Semaphore};

use crate::bench::{Answer, Bench};

/// Notes what it is told, and finds out what was changed.
struct Notes {
    noted: Mutex<Vec<Noted>>,
    news: Notify,
    /// How many pieces it may take.
    permits: Semaphore,
    spent: Option<Spent>,
}

#[derive(Clone, Debug, PartialEq)]
struct Noted {
    moment: Moment,
    prompt: String,
    answer: String,
    files: Vec<String>,
    may_ask_models: bool,
}

impl Notes {
    fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self {
            noted: Mutex::default(),
            news: Notify::new(),
            permits: Semaphore::new(permits),
            spent: None,
        })
    }

    fn noted(&self) -> Vec<Noted> {
        self.noted.lock().unwrap().clone()
    }
}

impl WorkKeeper for Notes {
    fn keep(&self, work: EndedWork) -> BoxFuture<'_, Kept> {
        Box::pin(async move {
            let until = Until::Record(work.until);
            let found = work.rewind.work(work.thread, work.since, until).await;
            let files = found.unwrap().files.into_iter();
            self.noted.lock().unwrap().push(Noted {
                moment: work.moment,
                prompt: work.prompt,
                answer: work.answer,
                files: files.map(|file| file.path).collect(),
                may_ask_models: work.may_ask_models,
            });
            self.news.notify_one();
            self.permits.acquire().await.unwrap().forget();
            let count = self.noted.lock().unwrap().len();
            Kept {
                notices: vec![(NoticeLevel::Info, format!("kept {count}"))],
                spent: self.spent,
            }
        })
    }
}

fn write(path: &str) -> Answer {
    Answer::calls(&[("bash", json!({"command": format!("echo x > {path}")}))])
}

fn notices(events: &[ThreadEvent]) -> Vec<String> {
    let notice = |event: &ThreadEvent| match event {
        ThreadEvent::ItemCompleted { item } => match &item.details {
            ItemDetails::Notice { message, .. } => Some(message.clone()),
            _ => None,
        },
        _ => None,
    };
    events.iter().filter_map(notice).collect()
}

async fn bench(answers: impl IntoIterator<Item = Answer>, notes: &Arc<Notes>) -> Bench {
    let mut bench = Bench::new(answers);
    bench.remember().await;
    bench.keepers = vec![Arc::clone(notes) as Arc<dyn WorkKeeper>];
    bench
}

#[tokio::test]
async fn each_round_of_calls_and_each_turn_that_had_some_is_told() {
    let notes = Notes::new(100);
    let mut bench = bench(
        [
            write("a"),
            write("b"),
            Answer::text("done"),
            Answer::text("nothing to do"),
        ],
        &notes,
    )
    .await;
    let mut running = bench.start().await;
    running.prompt("make both").await;
    running.turn().await;
    running.prompt("go on").await;
    running.turn().await;
    let ending = running.end().await;
    let noted = |moment, answer: &str, files: &[&str]| Noted {
        moment,
        prompt: "make both".to_owned(),
        answer: answer.to_owned(),
        files: files.iter().map(|&file| file.to_owned()).collect(),
        may_ask_models: true,
    };
    assert_eq!(
        notes.noted(),
        [
            noted(Moment::Calls, "", &["a"]),
            noted(Moment::Calls, "", &["a", "b"]),
            noted(Moment::Turn { is_complete: true }, "done", &["a", "b"]),
        ]
    );
    assert!(
        matches!(ending.last(), Some(ThreadEvent::Result { .. })),
        "{ending:?}"
    );
}

#[tokio::test]
async fn no_turn_waits_for_it_but_the_end_of_the_session_does() {
    let notes = Notes::new(0);
    let mut bench = bench(
        [write("a"), Answer::text("one"), Answer::text("two")],
        &notes,
    )
    .await;
    let mut running = bench.start().await;
    running.prompt("make a").await;
    running.turn().await;
    running.prompt("and now").await;
    running.turn().await;
    notes.news.notified().await;
    let ended = tokio::spawn(running.end());
    notes.permits.add_permits(100);
    let ending = ended.await.unwrap();
    assert_eq!(notices(&ending), ["kept 1", "kept 2"]);
    assert!(
        matches!(ending.last(), Some(ThreadEvent::Result { .. })),
        "{ending:?}"
    );
}

#[tokio::test]
async fn a_turn_that_failed_is_told_as_such() {
    let notes = Notes::new(100);
    let mut bench = bench(
        [
            write("a"),
            Answer::Fails(LlmError::new(LlmErrorKind::InvalidRequest, "no")),
        ],
        &notes,
    )
    .await;
    let mut running = bench.start().await;
    running.prompt("make a").await;
    running.turn().await;
    running.end().await;
    let last = notes.noted().pop().unwrap();
    assert_eq!(last.moment, Moment::Turn { is_complete: false });
    assert_eq!(last.files, ["a"]);
}

#[tokio::test]
async fn what_models_use_for_it_counts_for_the_run_and_its_limit() {
    let rates = Rates {
        input: 1.0,
        output: 0.0,
        cache_read: 0.0,
        cache_write: 0.0,
    };
    let prices = Some(Prices {
        rates,
        long_prompt: None,
    });
    let usage = Usage {
        input_tokens: 1_000,
        ..Usage::default()
    };
    let notes = Notes {
        spent: Some(Spent { prices, usage }),
        ..Arc::into_inner(Notes::new(100)).unwrap()
    };
    let notes = Arc::new(notes);
    let mut bench = bench([write("a"), Answer::text("one")], &notes).await;
    bench.prices = prices;
    bench.limits = SessionLimits {
        max_cost_micros: Some(1_000_000),
        ..SessionLimits::default()
    };
    let mut running = bench.start().await;
    running.prompt("make a").await;
    running.turn().await;
    let ending = running.end().await;
    let Some(ThreadEvent::Result {
        cost_micros, usage, ..
    }) = ending.last()
    else {
        panic!("a session ends with its result: {ending:?}");
    };
    // Two answers of ten tokens each, and two pieces of work.
    assert_eq!((*cost_micros, usage.input_tokens), (Some(2_020), 2_020));
}
