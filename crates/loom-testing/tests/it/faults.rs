//! Each fault of a reply, and each choice of its bytes, in both protocols where both have it.

use loom_testing::model::{AnthropicUsage, LineEnding};
use loom_testing::{FakeModel, Gate, Reply};
use serde_json::{Value, json};

use crate::client::{
    Answer, Event, anthropic, anthropic_body, hello, openai, openai_body, send, stream_anthropic,
    stream_openai,
};

/// The names of the events of a Messages stream.
fn names(answer: &Answer) -> Vec<String> {
    answer
        .events()
        .into_iter()
        .map(|event| event.name.unwrap())
        .collect()
}

#[tokio::test]
async fn a_connection_closes_without_a_response() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hi").no_response());
    model.reply(Reply::text("Hi").no_response());
    assert!(
        anthropic(&model, &anthropic_body(hello(), true))
            .send()
            .await
            .is_err()
    );
    assert!(
        openai(&model, &openai_body(hello(), false))
            .send()
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_cut_stream_breaks_off_after_its_events() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hello").cut_after_events(2));
    let answer = stream_anthropic(&model, hello()).await;
    assert_eq!((answer.status, answer.complete), (200, false));
    assert_eq!(
        names(&answer),
        ["message_start", "content_block_start", "ping"]
    );

    model.reply(Reply::text("Hello").cut_after_events(1));
    let answer = stream_openai(&model, hello()).await;
    assert_eq!(
        (answer.status, answer.complete, answer.events().len()),
        (200, false, 1)
    );
}

#[tokio::test]
async fn a_cut_may_come_before_the_first_event() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hello").cut_after_events(0));
    let answer = stream_anthropic(&model, hello()).await;
    assert_eq!(
        (answer.status, answer.complete, answer.text().as_str()),
        (200, false, "")
    );
}

#[tokio::test]
async fn a_cut_message_is_half_there() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hello").cut_after_events(1));
    let answer = send(anthropic(&model, &anthropic_body(hello(), false))).await;
    assert_eq!((answer.status, answer.complete), (200, false));
    assert!(serde_json::from_str::<Value>(&answer.text()).is_err());
}

#[tokio::test]
async fn a_stream_ends_without_its_end_mark() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hello").end_without_stop());
    let answer = stream_anthropic(&model, hello()).await;
    assert_eq!(
        (answer.complete, names(&answer).last().unwrap().as_str()),
        (true, "message_delta")
    );

    model.reply(Reply::text("Hello").end_without_stop());
    let answer = stream_openai(&model, hello()).await;
    assert_eq!(
        (
            answer.complete,
            &answer.events().last().unwrap().json()["choices"]
        ),
        (true, &json!([]))
    );
}

#[tokio::test]
async fn a_stream_ends_early_but_properly() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hello").end_after_events(1));
    let answer = stream_anthropic(&model, hello()).await;
    assert_eq!(
        (answer.complete, names(&answer)),
        (true, vec!["message_start".to_owned()])
    );
}

#[tokio::test]
async fn an_error_event_follows_after_status_200() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hello").error_event_after(2));
    let answer = stream_anthropic(&model, hello()).await;
    assert_eq!((answer.status, answer.complete), (200, true));
    assert_eq!(
        names(&answer),
        ["message_start", "content_block_start", "ping", "error"]
    );
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_fake"});
    assert_eq!(answer.events().last().unwrap().json(), error);

    model.reply(Reply::text("Hello").error_event_after(1));
    let answer = stream_openai(&model, hello()).await;
    assert_eq!(
        (answer.status, answer.complete, answer.events().len()),
        (200, true, 2)
    );
    assert_eq!(answer.events()[1].json()["error"]["type"], "server_error");
}

#[tokio::test]
async fn a_message_that_is_not_streamed_fails_with_the_status() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hello").error_event_after(1));
    assert_eq!(
        send(anthropic(&model, &anthropic_body(hello(), false)))
            .await
            .status,
        529
    );
}

#[tokio::test]
async fn one_event_has_broken_json_and_the_rest_goes_on() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hello").malformed_json_at(2));
    let answer = stream_anthropic(&model, hello()).await;
    let valid: Vec<_> = answer
        .events()
        .iter()
        .map(|event| serde_json::from_str::<Value>(&event.data).is_ok())
        .collect();
    // The ping between the second event and the third does not count.
    assert_eq!(valid, [true, true, true, false, true, true, true]);
    assert_eq!(names(&answer).last().unwrap(), "message_stop");
}

#[tokio::test]
async fn a_hanging_stream_notices_that_the_client_hangs_up() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hello").hang_after(2));
    let mut response = anthropic(&model, &anthropic_body(hello(), true))
        .send()
        .await
        .unwrap();
    let mut text = String::new();
    while !text.contains("content_block_start") {
        text.push_str(std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap());
    }
    drop(response);
    model.client_disconnected().await;
}

#[tokio::test]
async fn a_client_that_reads_to_the_end_mark_has_not_hung_up() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hello"));
    let mut response = anthropic(&model, &anthropic_body(hello(), true))
        .send()
        .await
        .unwrap();
    let mut text = String::new();
    while !text.contains("message_stop") {
        text.push_str(std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap());
    }
    drop(response);
    // The next client does hang up, and it is the only one.
    model.reply(Reply::text("Hello").hang_after(0));
    drop(
        anthropic(&model, &anthropic_body(hello(), true))
            .send()
            .await
            .unwrap(),
    );
    model.client_disconnected().await;
    assert!(futures::FutureExt::now_or_never(model.client_disconnected()).is_none());
}

#[tokio::test]
async fn a_gate_holds_the_stream_until_it_is_opened() {
    let model = FakeModel::start().await;
    let gate = Gate::new();
    model.reply(Reply::text("Hello").gate_after(2, &gate));
    let mut response = anthropic(&model, &anthropic_body(hello(), true))
        .send()
        .await
        .unwrap();
    gate.reached().await;
    let mut text = String::new();
    while !text.ends_with("data: {\"type\":\"ping\"}\n\n") {
        text.push_str(std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(futures::FutureExt::now_or_never(response.chunk()).is_none());
    gate.open();
    while let Some(piece) = response.chunk().await.unwrap() {
        text.push_str(std::str::from_utf8(&piece).unwrap());
    }
    assert!(text.ends_with("data: {\"type\":\"message_stop\"}\n\n"));
}

#[tokio::test]
async fn deltas_have_the_length_asked_for() {
    let model = FakeModel::start().await;
    model.reply(
        Reply::text("naïve 🦀!")
            .and_tool_call("bash", json!({"c": "ü"}))
            .delta_chars(4),
    );
    let answer = stream_anthropic(&model, hello()).await;
    let deltas: Vec<_> = answer
        .events()
        .iter()
        .filter(|event| event.name.as_deref() == Some("content_block_delta"))
        .map(|event| {
            let delta = event.json()["delta"].clone();
            delta["text"]
                .as_str()
                .or(delta["partial_json"].as_str())
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(deltas, ["naïv", "e 🦀!", "", "{\"c\"", ":\"ü\"", "}"]);
}

#[tokio::test]
async fn writes_have_the_sizes_asked_for_wherever_they_cut() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("naïve 🦀").write_sizes([1, 2, 3]));
    let answer = stream_anthropic(&model, hello()).await;
    let sizes: Vec<_> = answer.pieces.iter().map(Vec::len).collect();
    let (last, full) = sizes.split_last().unwrap();
    assert!(
        full.iter().eq([1, 2, 3].iter().cycle().take(full.len())),
        "{full:?}"
    );
    assert!(*last <= 3);
    assert_eq!(names(&answer).last().unwrap(), "message_stop");
}

#[tokio::test]
async fn a_gate_and_a_fault_keep_their_place_among_resized_writes() {
    let model = FakeModel::start().await;
    let gate = Gate::new();
    gate.open();
    model.reply(
        Reply::text("Hello")
            .gate_after(1, &gate)
            .cut_after_events(2)
            .write_sizes([1000]),
    );
    let answer = stream_anthropic(&model, hello()).await;
    assert_eq!((answer.pieces.len(), answer.complete), (2, false));
    assert_eq!(
        names(&answer),
        ["message_start", "content_block_start", "ping"]
    );
}

#[tokio::test]
async fn lines_end_as_asked_for() {
    let model = FakeModel::start().await;
    for (line_ending, end) in [
        (LineEnding::Lf, "\n"),
        (LineEnding::CrLf, "\r\n"),
        (LineEnding::Cr, "\r"),
    ] {
        model.reply(Reply::text("Hello").line_ending(line_ending));
        let answer = stream_anthropic(&model, hello()).await;
        assert!(answer.text().ends_with(&format!(
            "event: message_stop{end}data: {{\"type\":\"message_stop\"}}{end}{end}"
        )));
        assert_eq!(names(&answer).len(), 7);
    }
}

#[tokio::test]
async fn comments_and_pings_stand_between_the_events() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hi").comments().pings());
    let answer = stream_anthropic(&model, hello()).await;
    assert!(
        answer
            .text()
            .starts_with(": keep-alive\n\nevent: message_start\n")
    );
    let expected = [
        "message_start",
        "ping",
        "content_block_start",
        "ping",
        "content_block_delta",
        "ping",
        "content_block_stop",
        "ping",
        "message_delta",
        "ping",
        "message_stop",
    ];
    assert_eq!(names(&answer), expected);

    model.reply(Reply::text("Hi").comments().pings());
    let answer = stream_openai(&model, hello()).await;
    assert!(answer.text().ends_with(": keep-alive\n\ndata: [DONE]\n\n"));
    assert_eq!(answer.events().len(), 5);
}

#[tokio::test]
async fn fields_may_come_without_a_space() {
    let model = FakeModel::start().await;
    model.reply(Reply::text("Hi").no_space_after_colon());
    let answer = stream_openai(&model, hello()).await;
    assert!(answer.text().ends_with("data:[DONE]\n\n"));
    assert_eq!(
        answer.events().last(),
        Some(&Event {
            name: None,
            data: "[DONE]".to_owned()
        })
    );
}

#[tokio::test]
async fn usage_is_spread_over_the_events_as_asked_for() {
    let model = FakeModel::start().await;
    let mut usages = Vec::new();
    for spread in [AnthropicUsage::OutputTwice, AnthropicUsage::AllAtEnd] {
        model.reply(Reply::text("Hi").anthropic_usage(spread));
        let answer = stream_anthropic(&model, hello()).await;
        for event in answer.events() {
            let json = event.json();
            let usage = json.get("usage").unwrap_or(&json["message"]["usage"]);
            if !usage.is_null() {
                usages.push((
                    event.name.unwrap(),
                    usage["input_tokens"].as_u64(),
                    usage["output_tokens"].as_u64(),
                ));
            }
        }
    }
    let expected = [
        ("message_start", Some(100), Some(1)),
        ("message_delta", None, Some(10)),
        ("message_delta", None, Some(20)),
        ("message_start", Some(0), Some(0)),
        ("message_delta", Some(100), Some(20)),
    ];
    assert_eq!(
        usages,
        expected.map(|(name, input, output)| (name.to_owned(), input, output))
    );
}

#[tokio::test]
async fn arguments_that_are_not_json_go_out_as_they_stand() {
    let model = FakeModel::start().await;
    model.reply(
        Reply::new()
            .and_raw_tool_call("bash", "{\"command\": ")
            .delta_chars(100),
    );
    let answer = stream_anthropic(&model, hello()).await;
    let deltas: Vec<_> = answer
        .events()
        .iter()
        .filter_map(|event| event.json()["delta"].get("partial_json").cloned())
        .collect();
    assert_eq!(deltas, [json!(""), json!("{\"command\": ")]);

    model.reply(Reply::new().and_raw_tool_call("bash", "{\"command\": "));
    let completion = send(openai(&model, &openai_body(hello(), false)))
        .await
        .json();
    assert_eq!(
        completion["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"],
        "{\"command\": "
    );
}

#[tokio::test]
async fn the_list_of_models_can_fail() {
    let model = FakeModel::start().await;
    model.fail_model_list(401);
    let request = crate::client::http().get(format!("{}/models", model.openai_base_url()));
    let answer = send(request.bearer_auth("anything")).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["code"].as_str()),
        (401, Some("invalid_api_key"))
    );
}
