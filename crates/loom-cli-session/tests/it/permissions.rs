//! Who may do what, and how the model and the person learn of it.

use loom_common_core::PermissionMode;
use loom_common_core::inquiry::{Answer as PersonAnswer, Inquiry, InquiryOutcome, RuleSuggestion};
use loom_common_core::stream::{ItemDetails, ItemStatus, NoticeLevel, ThreadEvent};
use serde_json::json;

use crate::bench::{Answer, Bench, completed, tool_calls};

fn wants_a_command() -> [Answer; 2] {
    [
        Answer::calls(&[("bash", json!({"command": "touch made"}))]),
        Answer::text("done"),
    ]
}

#[tokio::test]
async fn in_auto_mode_a_command_runs_when_the_person_allows_it() {
    let mut bench = Bench::new(wants_a_command());
    bench.mode = PermissionMode::Auto;
    let mut running = bench.start().await;
    running.prompt("go").await;
    let (id, inquiry) = running.inquiry().await;
    assert_eq!(
        inquiry,
        Inquiry::Permission {
            tool_call: "item_1".to_owned(),
            name: "bash".to_owned(),
            arguments: json!({"command": "touch made"}),
            reason: "`touch made`: auto mode asks before commands where no sandbox works"
                .to_owned(),
            suggestions: vec![
                RuleSuggestion {
                    rules: vec!["bash(touch made)".to_owned()],
                    label: "exactly `touch made`".to_owned(),
                },
                RuleSuggestion {
                    rules: vec!["bash(touch *)".to_owned()],
                    label: "`touch` with any arguments".to_owned(),
                },
            ],
        }
    );
    assert!(
        !bench.workspace().join("made").exists(),
        "it ran before the answer"
    );
    running
        .answer(id.clone(), PersonAnswer::Allow { remember: None })
        .await;
    let shown = running.turn().await;
    let closed = ThreadEvent::InquiryClosed {
        id,
        outcome: InquiryOutcome::Accepted,
    };
    assert!(shown.contains(&closed), "{shown:?}");
    assert!(bench.workspace().join("made").exists());
}

#[tokio::test]
async fn a_denied_command_does_not_run_and_the_model_learns_what_the_person_wants() {
    let mut bench = Bench::new(wants_a_command());
    bench.mode = PermissionMode::Auto;
    let mut running = bench.start().await;
    running.prompt("go").await;
    let denial = PersonAnswer::Deny {
        instead: Some("use edit_file".to_owned()),
    };
    let (id, _) = running.inquiry().await;
    running.answer(id, denial).await;
    let shown = running.turn().await;
    assert!(!bench.workspace().join("made").exists());
    let expected = "Denied by the user, who says: use edit_file";
    assert_eq!(
        tool_calls(&shown),
        [("bash".to_owned(), ItemStatus::Denied, expected.to_owned())]
    );
    let second = bench.model.requests().pop().unwrap();
    let result = second
        .messages
        .last()
        .unwrap()
        .results()
        .next()
        .unwrap()
        .clone();
    assert!(result.is_error);
}

#[tokio::test]
async fn in_plan_mode_nothing_but_reading_happens() {
    let mut bench = Bench::new([
        Answer::calls(&[
            ("read_file", json!({"file_path": "a.txt"})),
            (
                "edit_file",
                json!({"file_path": "a.txt", "old_string": "one", "new_string": "two"}),
            ),
            ("bash", json!({"command": "touch made"})),
        ]),
        Answer::text("I would change a.txt"),
    ]);
    bench.mode = PermissionMode::Plan;
    std::fs::write(bench.workspace().join("a.txt"), "one\n").unwrap();
    let mut running = bench.start().await;
    running.prompt("go").await;
    let shown = running.turn().await;
    let status: Vec<_> = tool_calls(&shown)
        .into_iter()
        .map(|(_, status, _)| status)
        .collect();
    assert_eq!(
        status,
        [
            ItemStatus::Completed,
            ItemStatus::Denied,
            ItemStatus::Denied
        ]
    );
    assert_eq!(crate::bench::read(&bench.workspace(), "a.txt"), "one\n");
    assert!(!bench.workspace().join("made").exists());
}

#[tokio::test]
async fn a_question_of_a_turn_that_is_stopped_is_withdrawn() {
    let mut bench = Bench::new(wants_a_command());
    bench.mode = PermissionMode::Auto;
    let mut running = bench.start().await;
    running.prompt("go").await;
    let (id, _) = running.inquiry().await;
    running.cancel().await;
    let shown = running.turn().await;
    let closed = ThreadEvent::InquiryClosed {
        id: id.clone(),
        outcome: InquiryOutcome::Withdrawn,
    };
    assert_eq!(shown[0], closed);
    // An answer that comes too late changes nothing.
    running
        .answer(id, PersonAnswer::Allow { remember: None })
        .await;
    assert_eq!(running.end().await.len(), 1);
    assert!(!bench.workspace().join("made").exists());
}

#[tokio::test]
async fn the_mode_that_is_shown_is_the_one_that_holds() {
    let mut bench = Bench::new(wants_a_command());
    let rules = bench.workspace().join("organization.toml");
    std::fs::write(&rules, "full_mode = false\n").unwrap();
    bench.rules.organization = Some(rules.clone());
    bench.mode = PermissionMode::Full;
    let mut running = bench.start().await;
    assert_eq!(running.mode, PermissionMode::Auto);

    let handle = running.session.handle.clone();
    handle
        .set_permission_mode(PermissionMode::Full)
        .await
        .unwrap();
    running.prompt("go").await;
    let mut shown = Vec::new();
    while !matches!(shown.last(), Some(ThreadEvent::InquiryOpened { .. })) {
        shown.push(running.next().await);
    }
    let modes: Vec<_> = shown
        .iter()
        .filter_map(|event| match event {
            ThreadEvent::SettingsChanged {
                permission_mode, ..
            } => Some(*permission_mode),
            _ => None,
        })
        .collect();
    assert_eq!(modes, [PermissionMode::Auto]);
    let told = ItemDetails::Notice {
        level: NoticeLevel::Warning,
        message: format!(
            "full mode is switched off by rules of the organization, {}:1; auto mode holds in its \
             place",
            rules.display()
        ),
    };
    let notices = completed(&shown).into_iter().map(|item| &item.details);
    let notices: Vec<_> = notices
        .filter(|details| matches!(details, ItemDetails::Notice { .. }))
        .collect();
    assert_eq!(notices, [&told, &told], "at the start, and when it is set");

    let id = running.thread_id.clone();
    running.end().await;
    let thread = bench.stored(&id).await.thread;
    assert_eq!(thread.permission_mode, PermissionMode::Auto);
}
