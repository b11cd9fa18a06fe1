//! What is counted about calls.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::{Stream, StreamExt};
use loom_common_core::{LlmError, LlmEvent, LlmResponse, LlmStream, Usage};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use tokio::time::Instant;

const REQUESTS: &str = "loom_llm_requests_total";
const IN_FLIGHT: &str = "loom_llm_requests_in_flight";
const TOKENS: &str = "loom_llm_tokens_total";
const FIRST_EVENT: &str = "loom_llm_time_to_first_event_seconds";

/// Tells the installed recorder what the metrics mean.
pub fn describe_metrics() {
    describe_counter!(
        REQUESTS,
        "Requests to model providers that ended, by outcome."
    );
    describe_gauge!(IN_FLIGHT, "Requests to model providers that are running.");
    describe_counter!(TOKENS, "Tokens that model providers counted.");
    describe_histogram!(
        FIRST_EVENT,
        metrics::Unit::Seconds,
        "Time from a request to the first event of its streamed answer."
    );
}

/// How an answer was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Stream,
    Complete,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Complete => "complete",
        }
    }
}

/// A running call. Its end is counted when it is dropped.
#[derive(Debug)]
pub(crate) struct Call {
    provider: &'static str,
    operation: Operation,
    model: String,
    started: Instant,
    usage: Usage,
    outcome: &'static str,
}

impl Call {
    /// Begins to measure. Until anything else is known, the call was cancelled.
    pub(crate) fn start(provider: &'static str, operation: Operation, model: &str) -> Self {
        gauge!(IN_FLIGHT, "provider" => provider).increment(1.0);
        Self {
            provider,
            operation,
            model: model.to_owned(),
            started: Instant::now(),
            usage: Usage::default(),
            outcome: "cancelled",
        }
    }

    /// Ends with an unstreamed answer.
    pub(crate) fn answered(mut self, answer: &Result<LlmResponse, LlmError>) {
        match answer {
            Ok(response) => {
                self.usage = response.usage;
                self.outcome = "ok";
            }
            Err(error) => self.fail(error),
        }
    }

    /// Ends with an error.
    pub(crate) fn failed(mut self, error: &LlmError) {
        self.fail(error);
    }

    /// Measures a stream to its end.
    pub(crate) fn follow(self, events: LlmStream) -> LlmStream {
        MeasuredStream {
            events,
            call: Some(self),
            begun: false,
        }
        .boxed()
    }

    fn fail(&mut self, error: &LlmError) {
        self.outcome = error.kind.code();
        tracing::warn!(
            provider = self.provider,
            model = self.model,
            code = self.outcome,
            request_id = error.request_id,
            "{error}"
        );
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let Self {
            provider,
            operation,
            outcome,
            usage,
            ..
        } = *self;
        let operation = operation.name();
        let duration_ms = u64::try_from(self.started.elapsed().as_millis());
        gauge!(IN_FLIGHT, "provider" => provider).decrement(1.0);
        counter!(
            REQUESTS,
            "provider" => provider, "operation" => operation, "outcome" => outcome
        )
        .increment(1);
        for (kind, tokens) in [
            ("input", usage.input_tokens),
            ("output", usage.output_tokens),
            ("cache_read", usage.cache_read_tokens),
            ("cache_write", usage.cache_write_tokens),
        ] {
            counter!(TOKENS, "provider" => provider, "kind" => kind).increment(tokens);
        }
        tracing::info!(
            provider,
            operation,
            model = self.model,
            outcome,
            duration_ms = duration_ms.unwrap_or(u64::MAX),
            input_tokens = usage.input_tokens,
            output_tokens = usage.output_tokens,
            cache_read_tokens = usage.cache_read_tokens,
            cache_write_tokens = usage.cache_write_tokens,
            "model call ended"
        );
    }
}

struct MeasuredStream {
    events: LlmStream,
    /// Gone when the answer has ended.
    call: Option<Call>,
    begun: bool,
}

impl Stream for MeasuredStream {
    type Item = Result<LlmEvent, LlmError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = std::task::ready!(self.events.poll_next_unpin(context));
        self.observe(item.as_ref());
        Poll::Ready(item)
    }
}

impl MeasuredStream {
    fn observe(&mut self, item: Option<&Result<LlmEvent, LlmError>>) {
        let Some(call) = &mut self.call else {
            return;
        };
        if !self.begun && matches!(item, Some(Ok(_))) {
            self.begun = true;
            histogram!(FIRST_EVENT, "provider" => call.provider)
                .record(call.started.elapsed().as_secs_f64());
        }
        match item {
            Some(Ok(LlmEvent::Usage { usage })) => call.usage = *usage,
            Some(Ok(LlmEvent::Finished { .. })) => {
                call.outcome = "ok";
                self.call = None;
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                call.fail(error);
                self.call = None;
            }
            None => self.call = None,
        }
    }
}
