use super::*;

fn drawing(features: Features) -> Drawing {
    Drawing::new(PathBuf::from("/work"), features)
}

fn call(id: &str, name: &str, parent: Option<&str>) -> ThreadEvent {
    ThreadEvent::ItemStarted {
        item: Item {
            id: id.to_owned(),
            parent: parent.map(str::to_owned),
            details: ItemDetails::ToolCall {
                name: name.to_owned(),
                arguments: json!({"command": "make"}),
                status: ItemStatus::Running,
                output: None,
                duration_ms: None,
            },
        },
    }
}

fn output(id: &str, delta: &str) -> ThreadEvent {
    ThreadEvent::ItemUpdated {
        item: ItemUpdate {
            id: id.to_owned(),
            delta: ItemDelta::ToolCall {
                delta: delta.to_owned(),
            },
        },
    }
}

#[test]
fn the_output_of_a_running_command_is_bounded_and_cut_between_characters() {
    let mut drawing = drawing(Features::default());
    drawing.draw(call("item_1", "bash", None));
    for _ in 0..2 {
        let updates = drawing.draw(output("item_1", &"ż".repeat(SHOWN_OUTPUT)));
        let size = serde_json::to_string(&updates).unwrap().len();
        assert!(size < SHOWN_OUTPUT + 300, "{size}");
    }
}

#[test]
fn output_cannot_leave_its_fence() {
    let ToolCallContent::Content(content) = block("a\n````\nb") else {
        panic!("output is text");
    };
    let ContentBlock::Text(text) = content.content else {
        panic!("output is text");
    };
    assert_eq!(text.text, "`````\na\n````\nb\n`````");
}

#[test]
fn a_subagents_calls_are_shown_and_its_words_are_not() {
    let mut drawing = drawing(Features::default());
    let shown = drawing.draw(call("item_1.item_2", "bash", Some("item_1")));
    let [SessionUpdate::ToolCall(shown)] = &shown[..] else {
        panic!("{shown:?}");
    };
    assert_eq!(shown.meta.as_ref().unwrap()["loom.parent"], "item_1");
    let message = ItemDetails::AgentMessage {
        text: String::new(),
        interrupted: false,
    };
    let item = Item {
        id: "item_1.item_3".to_owned(),
        parent: Some("item_1".to_owned()),
        details: message,
    };
    assert!(
        drawing
            .draw(ThreadEvent::ItemStarted { item: item.clone() })
            .is_empty()
    );
    let delta = ItemDelta::AgentMessage {
        delta: "hm".to_owned(),
    };
    let update = ItemUpdate {
        id: "item_1.item_3".to_owned(),
        delta,
    };
    assert!(
        drawing
            .draw(ThreadEvent::ItemUpdated { item: update })
            .is_empty()
    );
    assert!(drawing.draw(ThreadEvent::ItemCompleted { item }).is_empty());
}

#[test]
fn a_notice_is_one_where_the_editor_shows_those_and_a_line_elsewhere() {
    let features = Features {
        notices: true,
        ..Features::default()
    };
    assert_eq!(
        note(features, NoticeLevel::Warning, "careful"),
        SessionUpdate::Notice(Notice::new(NoticeSeverity::Warning, "careful"))
    );
    let SessionUpdate::AgentMessageChunk(line) =
        note(Features::default(), NoticeLevel::Warning, "a\nb")
    else {
        panic!("it is said");
    };
    assert_eq!(
        line.content,
        ContentBlock::Text(TextContent::new("\n\n> warning: a\n> b\n\n"))
    );
}

#[test]
fn usage_is_told_where_the_window_is_known() {
    let mut drawing = drawing(Features::default());
    let used = |window_tokens| ThreadEvent::ContextUpdated {
        used_tokens: 10,
        window_tokens,
        cost_micros: Some(1_500_000),
    };
    let usage = UsageUpdate::new(10, 200).cost(Cost::new(1.5, "USD"));
    assert_eq!(
        drawing.draw(used(Some(200))),
        [SessionUpdate::UsageUpdate(usage)]
    );
    assert!(drawing.draw(used(None)).is_empty());
}
