//! The log against a model that keeps every conversation there ever was.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::compaction::{Carried, CompactionTrigger, CutWords};

fn message(text: &str) -> Arc<Message> {
    Arc::new(Message::user(text))
}

fn compaction(words: &[&str], handover: &str, recent: &[&str]) -> Arc<Compaction> {
    Arc::new(Compaction {
        trigger: CompactionTrigger::Threshold,
        words: words.iter().copied().map(message).collect(),
        cut_words: CutWords::default(),
        handover: message(handover),
        recent: recent.iter().copied().map(message).collect(),
        carried: Carried::default(),
        summary_error: None,
        tokens_before: 100,
        tokens_after: 10,
    })
}

fn texts(conversation: &[Arc<Message>]) -> Vec<String> {
    conversation.iter().map(|message| message.text()).collect()
}

fn log(entries: impl IntoIterator<Item = Entry>) -> Log {
    Log::from_entries(entries.into_iter().collect()).expect("entries of a log")
}

#[test]
fn rewinds_and_compactions_are_undone_by_rewinds() {
    let said = |text| Entry::Message(message(text));
    let mut log = log([said("a"), said("b"), said("c")]);

    log.push(Entry::Rewind { to: 1 }).unwrap();
    assert_eq!(texts(&log.conversation()), ["a"]);
    log.push(said("d")).unwrap();
    assert_eq!(texts(&log.conversation()), ["a", "d"]);
    log.push(Entry::Rewind { to: 3 }).unwrap();
    assert_eq!(texts(&log.conversation()), ["a", "b", "c"]);

    log.push(Entry::Compaction(compaction(&["a"], "summary", &["c"])))
        .unwrap();
    log.push(said("e")).unwrap();
    assert_eq!(texts(&log.conversation()), ["a", "summary", "c", "e"]);
    log.push(Entry::Rewind { to: 6 }).unwrap();
    assert_eq!(texts(&log.conversation()), ["a", "b", "c"]);

    let at = |len| texts(&log.conversation_at(len).unwrap());
    assert_eq!(at(0), Vec::<String>::new());
    assert_eq!(at(5), ["a", "d"]);
    assert_eq!(at(8), ["a", "summary", "c", "e"]);
}

#[test]
fn the_history_holds_what_was_compacted_and_not_what_was_left_behind() {
    let said = |text| Entry::Message(message(text));
    let log = log([
        said("a"),
        said("left behind"),
        Entry::Rewind { to: 1 },
        said("b"),
        Entry::Compaction(compaction(&["a", "b"], "summary", &[])),
        said("c"),
    ]);
    let history: Vec<_> = log
        .history()
        .into_iter()
        .map(|(position, message)| (position, message.text()))
        .collect();
    assert_eq!(
        history,
        [
            (0, "a".to_owned()),
            (3, "b".to_owned()),
            (5, "c".to_owned())
        ]
    );
}

#[test]
fn a_rewind_that_leads_forwards_is_refused_and_changes_nothing() {
    let mut log = Log::new();
    let error = LogError { to: 1, position: 0 };
    assert_eq!(log.push(Entry::Rewind { to: 1 }), Err(error));
    assert_eq!(log, Log::new());
    assert_eq!(log.conversation_at(1), Err(error));
    assert_eq!(
        Log::from_entries(vec![Entry::Rewind { to: 0 }, Entry::Rewind { to: 2 }]),
        Err(LogError { to: 2, position: 1 })
    );
    assert_eq!(log.push(Entry::Rewind { to: 0 }), Ok(()));
}

#[test]
fn a_message_is_written_as_before_and_all_else_is_marked() {
    for (entry, json) in [
        (
            Entry::Message(message("hello")),
            r#"{"role":"user","content":[{"type":"text","text":"hello"}]}"#,
        ),
        (Entry::Rewind { to: 7 }, r#"{"entry":"rewind","to":7}"#),
        (
            Entry::Compaction(compaction(&[], "summary", &[])),
            concat!(
                r#"{"entry":"compaction","compaction":{"trigger":"threshold","words":[],"#,
                r#""handover":{"role":"user","content":[{"type":"text","text":"summary"}]},"#,
                r#""recent":[],"carried":{},"tokens_before":100,"tokens_after":10}}"#,
            ),
        ),
    ] {
        assert_eq!(serde_json::to_string(&entry).unwrap(), json);
        assert_eq!(serde_json::from_str::<Entry>(json).unwrap(), entry);
    }
}

#[test]
fn what_is_no_entry_is_refused_with_its_fault() {
    for (json, fault) in [
        (r#"{"role":"user"}"#, "missing field `content`"),
        (r#"{"content":[]}"#, "missing field `role`"),
        (r#"{"entry":"rewind"}"#, "missing field `to`"),
        (r#"{"entry":"compaction"}"#, "missing field `compaction`"),
        (
            r#"{"entry":"renamed"}"#,
            "unknown variant `renamed`, expected `rewind` or `compaction` at line 1 column 18",
        ),
        (
            r#"{"entry":"rewind","to":-1}"#,
            "invalid value: integer `-1`, expected u64 at line 1 column 25",
        ),
    ] {
        let error = serde_json::from_str::<Entry>(json).unwrap_err();
        assert_eq!(error.to_string(), fault);
    }
}

/// Something that happens to a conversation, before it is known how long the log is.
#[derive(Clone, Debug)]
enum Step {
    Say(String),
    Rewind(Index),
    Compact(Vec<String>, String, Vec<String>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let words = || prop::collection::vec("[a-z]{1,3}", 0..3);
    let step = prop_oneof![
        5 => "[a-z]{1,3}".prop_map(Step::Say),
        2 => any::<Index>().prop_map(Step::Rewind),
        1 => (words(), "[A-Z]{1,3}", words())
            .prop_map(|(words, handover, recent)| Step::Compact(words, handover, recent)),
    ];
    prop::collection::vec(step, 0..40)
}

proptest! {
    #[test]
    fn a_log_folds_to_what_a_copy_of_every_conversation_says(steps in steps()) {
        let mut log = Log::new();
        // The conversation as it was at each length of the log.
        let mut copies: Vec<Vec<String>> = vec![Vec::new()];
        for step in steps {
            let mut now = copies.last().cloned().unwrap_or_default();
            let entry = match step {
                Step::Say(text) => {
                    now.push(text.clone());
                    Entry::Message(message(&text))
                }
                Step::Rewind(index) => {
                    let to = index.index(copies.len());
                    now.clone_from(&copies[to]);
                    Entry::Rewind { to: to as u64 }
                }
                Step::Compact(words, handover, recent) => {
                    now = words.iter().chain([&handover]).chain(&recent).cloned().collect();
                    let [words, recent] = [&words, &recent]
                        .map(|texts| texts.iter().map(String::as_str).collect::<Vec<_>>());
                    Entry::Compaction(compaction(&words, &handover, &recent))
                }
            };
            log.push(entry).unwrap();
            copies.push(now);
        }

        for (len, copy) in (0..).zip(&copies) {
            prop_assert_eq!(&texts(&log.conversation_at(len).unwrap()), copy);
        }
        prop_assert_eq!(Some(&texts(&log.conversation())), copies.last());

        let written = serde_json::to_string(log.entries()).unwrap();
        let read = Log::from_entries(serde_json::from_str(&written).unwrap());
        prop_assert_eq!(read, Ok(log));
    }
}
