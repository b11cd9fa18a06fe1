use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use loom_common_core::{LlmError, LlmErrorKind};
use loom_search_core::{
    ATTEMPTS, SearchProvider, SearchRequest, SearchResult, SearchResults, WebSearch,
};
use tokio::time::Instant;

const DEADLINE: Duration = Duration::from_secs(20);

type Found = Result<Vec<SearchResult>, LlmError>;

/// A provider that gives these answers one after the other, and then none any more.
#[derive(Clone, Default)]
struct Scripted {
    answers: Arc<Mutex<VecDeque<Found>>>,
    asked: Arc<Mutex<u32>>,
}

impl Scripted {
    fn new(answers: impl IntoIterator<Item = Found>) -> Self {
        let scripted = Self::default();
        scripted.answers.lock().unwrap().extend(answers);
        scripted
    }

    fn search(&self) -> WebSearch {
        WebSearch::new(Box::new(self.clone()), DEADLINE, [7; 32])
    }

    fn asked(&self) -> u32 {
        *self.asked.lock().unwrap()
    }
}

impl SearchProvider for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn search<'a>(&'a self, _: &'a SearchRequest) -> BoxFuture<'a, Found> {
        *self.asked.lock().unwrap() += 1;
        match self.answers.lock().unwrap().pop_front() {
            Some(answer) => futures::future::ready(answer).boxed(),
            None => futures::future::pending().boxed(),
        }
    }
}

fn request(query: &str) -> SearchRequest {
    SearchRequest {
        query: query.to_owned(),
        count: None,
    }
}

fn page(number: usize) -> SearchResult {
    SearchResult {
        title: format!("Page {number}"),
        url: format!("https://example.com/{number}"),
        snippet: "about it".to_owned(),
        date: None,
    }
}

fn error(kind: LlmErrorKind) -> LlmError {
    LlmError::new(kind, "no")
}

#[tokio::test(start_paused = true)]
async fn what_was_found_is_cut_to_what_was_wanted() {
    for (count, expected) in [
        (None, 10),
        (Some(0), 1),
        (Some(1), 1),
        (Some(3), 3),
        (Some(200), 10),
    ] {
        let provider = Scripted::new([Ok((0..30).map(page).collect())]);
        let request = SearchRequest {
            count,
            ..request("rust")
        };
        let results = (0..expected).map(page).collect();
        assert_eq!(
            provider.search().search(&request).await,
            Ok(SearchResults { results })
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_passes_is_asked_again() {
    let provider = Scripted::new([
        Err(error(LlmErrorKind::ProviderUnreachable)),
        Err(error(LlmErrorKind::Overloaded)),
        Ok(vec![page(1)]),
    ]);
    let found = provider.search().search(&request("rust")).await.unwrap();
    assert_eq!(found.results, [page(1)]);
    assert_eq!(provider.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_does_not_pass_is_told_after_the_last_attempt() {
    let failures = (0..ATTEMPTS).map(|_| Err(error(LlmErrorKind::ProviderFailed)));
    let provider = Scripted::new(failures);
    let refused = provider.search().search(&request("rust")).await;
    assert_eq!(refused, Err(error(LlmErrorKind::ProviderFailed)));
    assert_eq!(provider.asked(), ATTEMPTS);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_at_once() {
    for kind in [
        LlmErrorKind::KeyRefused,
        LlmErrorKind::SpendLimit,
        LlmErrorKind::InvalidRequest,
    ] {
        let provider = Scripted::new([Err(error(kind))]);
        let refused = provider.search().search(&request("rust")).await;
        assert_eq!(refused, Err(error(kind)));
        assert_eq!(provider.asked(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_short_pause_is_made_and_a_long_one_is_left_to_the_caller() {
    let limited = |ms| LlmError {
        retry_after_ms: Some(ms),
        ..error(LlmErrorKind::RateLimited)
    };
    let provider = Scripted::new([Err(limited(2_000)), Ok(vec![page(1)])]);
    let started = Instant::now();
    provider.search().search(&request("rust")).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(2));

    let provider = Scripted::new([Err(limited(2_001))]);
    let refused = provider.search().search(&request("rust")).await;
    assert_eq!(refused, Err(limited(2_001)));
    assert_eq!(provider.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_never_answers_is_given_up() {
    let provider = Scripted::new([]);
    let started = Instant::now();
    let refused = provider
        .search()
        .search(&request("rust"))
        .await
        .unwrap_err();
    assert_eq!(refused.kind, LlmErrorKind::Timeout);
    assert_eq!(
        refused.message,
        "the web search was not answered within 20s"
    );
    assert_eq!(started.elapsed(), DEADLINE);
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_none_is_not_asked() {
    let provider = Scripted::new([]);
    for (query, message) in [
        ("", "the search has no words"),
        (" \n", "the search has no words"),
        (
            "x".repeat(501).as_str(),
            "the search is longer than 500 characters",
        ),
    ] {
        let refused = provider.search().search(&request(query)).await.unwrap_err();
        assert_eq!(refused.kind, LlmErrorKind::InvalidRequest);
        assert_eq!(refused.message, message);
    }
    assert_eq!(provider.asked(), 0);
}
