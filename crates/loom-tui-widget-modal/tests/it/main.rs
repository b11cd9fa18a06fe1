//! Dialogs, in every state.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::Path;
use std::time::Duration;

use loom_common_core::PermissionMode;
use loom_common_core::inquiry::{Answer, Inquiry, RememberedRule, RuleScope, RuleSuggestion};
use loom_tui_core::{Component, ComponentId, Display, Event, Glyphs, SafeText};
use loom_tui_testing::{Harness, Picture, Single, harness::dark, hostile};
use loom_tui_theme::Builtin;
use loom_tui_widget_modal::{
    ChoiceDialog, Confirmation, Entry, Picked, Picker, UNNOTICED, confirmation, inquiry,
};
use proptest::prelude::*;

fn permission(command: &str) -> Inquiry {
    Inquiry::Permission {
        tool_call: "call-1".to_owned(),
        name: "bash".to_owned(),
        arguments: serde_json::json!({ "command": command }),
        reason: "no rule allows it".to_owned(),
        suggestions: vec![RuleSuggestion {
            rules: vec!["bash(cargo test *)".to_owned()],
            label: "commands that begin with `cargo test`".to_owned(),
        }],
    }
}

fn asked(of: &Inquiry) -> ChoiceDialog<Answer> {
    inquiry(of).unwrap()
}

/// A dialog that has been on the screen long enough to be noticed.
fn shown<C: Component>(dialog: C, width: u16, height: u16) -> Harness<Single<C>> {
    let mut harness = Harness::new(Single::new(dialog), width, height);
    harness.advance(UNNOTICED);
    harness
}

fn picture<C: Component>(harness: &Harness<Single<C>>, name: &str) {
    let picture = Picture::of_screen(harness.screen(), harness.cursor(), &Builtin::Dark.theme());
    let path = format!("tests/pictures/{name}.png");
    picture.assert_matches(&Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
}

fn answers(of: &Inquiry, keys: &str) -> Vec<Answer> {
    let mut harness = shown(asked(of), 60, 20);
    harness.keys(keys);
    harness.take_outputs()
}

const DENY: Answer = Answer::Deny { instead: None };

fn allow(remember: Option<RuleScope>) -> Answer {
    Answer::Allow {
        remember: remember.map(|scope| RememberedRule {
            rules: vec!["bash(cargo test *)".to_owned()],
            scope,
        }),
    }
}

#[test]
fn a_permission_shows_the_whole_call() {
    let mut harness = shown(
        asked(&permission("cargo test -p loom\nrm -rf 'target dir'")),
        64,
        14,
    );
    harness.keys("<Down>");
    insta::assert_snapshot!(harness.snapshot_with_cursor());
    picture(&harness, "permission");
}

#[test]
fn a_permission_is_answered_by_number_letter_or_arrows() {
    let permission = permission("cargo test");
    for (keys, expected) in [
        ("y", allow(None)),
        ("<CR>", allow(None)),
        ("2", allow(Some(RuleScope::Session))),
        ("<Down><Down><CR>", allow(Some(RuleScope::Project))),
        ("n", DENY),
        ("<Esc>", DENY),
        ("<Up><Up><CR>", DENY),
        ("t<CR>", DENY),
        (
            "tuse npm<CR>",
            Answer::Deny {
                instead: Some("use npm".to_owned()),
            },
        ),
        ("tx<Esc>y", allow(None)),
        ("9qz<Tab><F1>y", allow(None)),
    ] {
        assert_eq!(answers(&permission, keys), [expected], "{keys}");
    }
}

#[test]
fn keys_that_were_meant_for_something_else_answer_nothing() {
    let mut harness = Harness::new(Single::new(asked(&permission("cargo test"))), 60, 20);
    harness.advance(UNNOTICED - Duration::from_millis(1));
    harness.keys("y<CR>");
    harness.paste("y");
    assert_eq!(harness.take_outputs(), []);
    harness.advance(Duration::from_millis(1));
    harness.keys("y");
    assert_eq!(harness.take_outputs(), [allow(None)]);
}

#[test]
fn hidden_characters_of_a_command_are_seen() {
    let harness = shown(asked(&permission("ls\u{200b} \x1b[2K\rrm -rf ~")), 64, 14);
    assert!(
        harness.text().contains("ls\u{fffd} \u{fffd}[2Krm -rf ~"),
        "{}",
        harness.text()
    );
}

#[test]
fn a_long_call_scrolls_and_the_answers_stay() {
    let lines: Vec<String> = (1..=30).map(|line| format!("echo {line}")).collect();
    let mut harness = shown(asked(&permission(&lines.join("\n"))), 50, 14);
    insta::assert_snapshot!(harness.text());
    harness.keys("<PageDown><PageDown><PageDown><PageDown><PageDown><PageDown>");
    let text = harness.text();
    assert!(
        text.contains("echo 30") && text.contains("why:") && text.contains("1. Allow"),
        "{text}"
    );
}

#[test]
fn each_inquiry_has_its_answers() {
    let question = Inquiry::Question {
        question: "Which database?".to_owned(),
        options: vec!["SQLite".to_owned(), "PostgreSQL".to_owned()],
    };
    let reply = |text: &str| Answer::Reply {
        text: text.to_owned(),
    };
    assert_eq!(answers(&question, "2"), [reply("PostgreSQL")]);
    assert_eq!(answers(&question, "3both, 漢<CR>"), [reply("both, 漢")]);
    let plan = Inquiry::Plan {
        plan: "1. Read\n2. Write".to_owned(),
    };
    let mode = |mode| Answer::Approve { mode };
    assert_eq!(answers(&plan, "y"), [mode(PermissionMode::Auto)]);
    assert_eq!(answers(&plan, "a"), [mode(PermissionMode::Ask)]);
    assert_eq!(answers(&plan, "<Esc>"), [DENY]);
    let hosts = Inquiry::Hosts {
        tool_call: "call-1".to_owned(),
        hosts: vec!["example.com".to_owned()],
    };
    let always = Answer::Allow {
        remember: Some(RememberedRule {
            rules: vec!["example.com".to_owned()],
            scope: RuleScope::User,
        }),
    };
    assert_eq!(answers(&hosts, "a"), [always]);
    let link = Inquiry::Link {
        server: "tickets".to_owned(),
        message: "Log in".to_owned(),
        url: "https://example.com/login".to_owned(),
        host: "example.com".to_owned(),
    };
    assert_eq!(answers(&link, "<Esc>"), [Answer::Dismiss]);
    let texts = [&question, &plan, &hosts, &link]
        .map(|of| shown(asked(of), 60, 14).text())
        .join("\n\n");
    insta::assert_snapshot!(texts);
    let form = Inquiry::Form {
        server: "tickets".to_owned(),
        message: String::new(),
        fields: Vec::new(),
    };
    assert!(inquiry(&form).is_none());
}

#[test]
fn what_is_written_can_be_seen_with_its_cursor() {
    let mut harness = shown(asked(&permission("cargo test")), 60, 14);
    harness.keys("tuse 漢 instead<Left><Left>");
    insta::assert_snapshot!(harness.snapshot_with_cursor());
}

#[test]
fn a_confirmation_is_no_unless_the_person_says_yes() {
    let confirm = |keys: &str| {
        let mut harness = shown(confirmation("Rewind", "Put 3 files back?"), 40, 8);
        harness.keys(keys);
        harness.take_outputs()
    };
    assert_eq!(confirm("<CR>"), [Confirmation::Declined]);
    assert_eq!(confirm("<Esc>"), [Confirmation::Declined]);
    assert_eq!(confirm("y"), [Confirmation::Confirmed]);
    assert_eq!(confirm("<Up><CR>"), [Confirmation::Confirmed]);
}

fn picker() -> Picker {
    let entries = [
        ("Fix the parser", "2 hours ago"),
        ("Write the documentation", "yesterday"),
        ("修正解析器", "3 days ago"),
        ("Port to PostgreSQL", "last week"),
    ];
    let entries = entries
        .map(|(name, detail)| Entry {
            name: SafeText::new(name),
            detail: SafeText::new(detail),
        })
        .to_vec();
    Picker::new(ComponentId::new("threads"), "Continue a thread", entries)
}

#[test]
fn a_picker_finds_what_is_typed() {
    let picked = |keys: &str| {
        let mut harness = shown(picker(), 50, 8);
        harness.keys(keys);
        harness.take_outputs()
    };
    assert_eq!(picked("<CR>"), [Picked::Entry(0)]);
    assert_eq!(picked("<Down><Down><CR>"), [Picked::Entry(2)]);
    assert_eq!(
        picked("pgsql<BS><BS><BS><BS><BS>doc<CR>"),
        [Picked::Entry(1)]
    );
    assert_eq!(picked("析<CR>"), [Picked::Entry(2)]);
    assert_eq!(picked("nothing like it<CR>"), []);
    assert_eq!(picked("x<Esc>"), [Picked::Nothing]);
    assert_eq!(
        picked("<PageDown><PageDown><PageDown><CR>"),
        [Picked::Entry(3)]
    );
}

#[test]
fn a_picker_shows_what_matched() {
    let mut harness = shown(picker(), 50, 8);
    harness.keys("the");
    insta::assert_snapshot!(harness.snapshot_with_cursor());
    picture(&harness, "picker");
    harness.keys("xx");
    assert!(harness.text().contains("nothing matches"));
}

#[test]
fn the_selected_entry_is_always_seen() {
    let entries = (0..40).map(|number| Entry {
        name: SafeText::new(&format!("entry {number}")),
        detail: SafeText::default(),
    });
    let picker = Picker::new(ComponentId::new("many"), "Many", entries.collect());
    let mut harness = shown(picker, 30, 8);
    for _ in 0..39 {
        harness.keys("<Down>");
        assert!(harness.text().contains('›'));
    }
    assert!(harness.text().contains("› entry 39"));
}

#[test]
fn a_terminal_of_ascii_gets_ascii() {
    let display = Display {
        glyphs: Glyphs::Ascii,
        ..dark()
    };
    let dialog = asked(&permission("cargo test"));
    let harness = Harness::new(Single::with_display(dialog, display), 60, 14);
    assert!(harness.text().is_ascii(), "{}", harness.text());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_happens_dialogs_stay_inside(events in hostile::events(), command in any::<String>()) {
        hostile::assert_total(asked(&permission(&command)), &events);
        hostile::assert_total(picker(), &events);
    }

    #[test]
    fn no_key_gets_past_a_dialog(events in hostile::events()) {
        use loom_tui_core::{EventContext, Moment, Reaction};

        let context = EventContext {
            now: Moment::START + UNNOTICED,
            area: ratatui::layout::Rect::new(0, 0, 40, 10),
            focused: true,
        };
        let dialog = asked(&permission("cargo test"));
        for event in events.iter().filter(|event| matches!(event, Event::Key(_) | Event::Paste(_))) {
            prop_assert!(!matches!(
                dialog.handle_event(event, &context),
                Reaction::Pass | Reaction::Observe(_)
            ));
        }
    }
}
