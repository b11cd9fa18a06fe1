//! What is counted, however a call ends.

use futures::StreamExt;
use loom_common_core::LlmEvent;
use loom_server_llm_service::describe_metrics;
use loom_testing::{FakeModel, Reply, model};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::service::{config, request, service};

/// Runs a test with metrics of its own, on one thread: the recorder is that thread's.
fn measured<F: Future<Output = ()>>(test: impl FnOnce(PrometheusHandle) -> F) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    metrics::with_local_recorder(&recorder, || runtime.block_on(test(handle)));
}

/// Returns the samples that are not zero and do not depend on time, in order.
fn samples(handle: &PrometheusHandle) -> Vec<String> {
    let mut samples: Vec<_> = handle
        .render()
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty() && !line.ends_with(" 0"))
        .filter(|line| !line.contains("_sum") && !line.contains("quantile"))
        .map(str::to_owned)
        .collect();
    samples.sort();
    samples
}

fn reply() -> Reply {
    Reply::text("abc").delta_chars(1).usage(model::Usage {
        input_tokens: 1,
        output_tokens: 2,
        cache_read_tokens: 3,
        cache_write_tokens: 4,
    })
}

const TOKENS: [&str; 4] = [
    "loom_llm_tokens_total{provider=\"anthropic\",kind=\"cache_read\"} 3",
    "loom_llm_tokens_total{provider=\"anthropic\",kind=\"cache_write\"} 4",
    "loom_llm_tokens_total{provider=\"anthropic\",kind=\"input\"} 1",
    "loom_llm_tokens_total{provider=\"anthropic\",kind=\"output\"} 2",
];

#[test]
fn an_answer_is_counted_once() {
    measured(async |handle| {
        let model = FakeModel::start().await;
        let service = service(&config(&model));
        model.reply(reply());
        let events = service.stream_anthropic(&request("m")).await.unwrap();
        assert_eq!(
            samples(&handle),
            ["loom_llm_requests_in_flight{provider=\"anthropic\"} 1"]
        );
        // The end is counted when it comes, not when the stream is dropped.
        let events: Vec<_> = events
            .take_while(|event| {
                let finished = matches!(event, Ok(LlmEvent::Finished { .. }));
                std::future::ready(!finished)
            })
            .collect()
            .await;
        assert!(events.iter().all(Result::is_ok));
        let mut expected = vec![
            "loom_llm_requests_total{provider=\"anthropic\",operation=\"stream\",outcome=\"ok\"} 1",
            "loom_llm_time_to_first_event_seconds_count{provider=\"anthropic\"} 1",
        ];
        expected.extend(TOKENS);
        assert_eq!(samples(&handle), expected);
    });
}

#[test]
fn an_unstreamed_answer_is_counted_too() {
    measured(async |handle| {
        let model = FakeModel::start().await;
        let service = service(&config(&model));
        model.reply(reply());
        service.complete_anthropic(&request("m")).await.unwrap();
        let mut expected = vec![
            "loom_llm_requests_total{provider=\"anthropic\",operation=\"complete\",outcome=\"ok\"} 1",
        ];
        expected.extend(TOKENS);
        assert_eq!(samples(&handle), expected);
    });
}

#[test]
fn a_client_that_hangs_up_cancels_the_call_and_what_was_used_is_counted() {
    measured(async |handle| {
        let model = FakeModel::start().await;
        let service = service(&config(&model));
        model.reply(reply().hang_after(3));
        let mut events = service.stream_anthropic(&request("m")).await.unwrap();
        while !matches!(events.next().await, Some(Ok(LlmEvent::TextDelta { .. }))) {}
        drop(events);
        let expected = [
            "loom_llm_requests_total{provider=\"anthropic\",operation=\"stream\",outcome=\"cancelled\"} 1",
            "loom_llm_time_to_first_event_seconds_count{provider=\"anthropic\"} 1",
            TOKENS[0],
            TOKENS[1],
            TOKENS[2],
            // Of the answer the provider has told only the first token.
            "loom_llm_tokens_total{provider=\"anthropic\",kind=\"output\"} 1",
        ];
        assert_eq!(samples(&handle), expected);
        model.client_disconnected().await;
    });
}

#[test]
fn a_call_that_is_dropped_before_it_is_answered_is_cancelled() {
    measured(async |handle| {
        let model = FakeModel::start().await;
        let service = service(&config(&model));
        let gate = loom_testing::Gate::new();
        model.reply(reply().gate_after(0, &gate));
        let request = request("m");
        tokio::select! {
            _ = service.complete_anthropic(&request) => panic!("the gate is closed"),
            () = gate.reached() => {}
        }
        assert_eq!(
            samples(&handle),
            [
                "loom_llm_requests_total{provider=\"anthropic\",operation=\"complete\",outcome=\"cancelled\"} 1"
            ]
        );
        model.client_disconnected().await;
    });
}

#[test]
fn failures_are_counted_by_their_code() {
    measured(async |handle| {
        let model = FakeModel::start().await;
        let service = service(&config(&model));
        let request = request("m");
        model.reply(Reply::overloaded());
        assert!(service.stream_openai(&request).await.is_err());
        model.reply(Reply::status(429));
        assert!(service.complete_openai(&request).await.is_err());
        model.reply(Reply::text("abc").delta_chars(1).end_after_events(2));
        let events = service.stream_openai(&request).await.unwrap();
        assert!(events.collect::<Vec<_>>().await.last().unwrap().is_err());
        let expected = [
            "loom_llm_requests_total{provider=\"openai\",operation=\"complete\",outcome=\"rate_limited\"} 1",
            "loom_llm_requests_total{provider=\"openai\",operation=\"stream\",outcome=\"overloaded\"} 1",
            "loom_llm_requests_total{provider=\"openai\",operation=\"stream\",outcome=\"stream_interrupted\"} 1",
            "loom_llm_time_to_first_event_seconds_count{provider=\"openai\"} 1",
        ];
        assert_eq!(samples(&handle), expected);
    });
}

#[test]
fn the_metrics_say_what_they_mean() {
    measured(async |handle| {
        describe_metrics();
        let model = FakeModel::start().await;
        let service = service(&config(&model));
        model.reply(reply());
        service.complete_anthropic(&request("m")).await.unwrap();
        let text = handle.render();
        for name in [
            "loom_llm_requests_total",
            "loom_llm_requests_in_flight",
            "loom_llm_tokens_total",
        ] {
            assert!(text.contains(&format!("# HELP {name} ")), "{text}");
        }
    });
}
