//! Texts that are edited, and begun, in two places.

use super::*;

#[test]
fn edits_made_apart_are_both_in_the_text() {
    let (mut one, mut other) = (document(1), document(2));
    // Both have the stitch from the same repository.
    one.describe(&stitch(1), "Add a parser", "Add a fast parser")
        .unwrap();
    other
        .describe(&stitch(1), "Add a parser", "Add a parser of dates")
        .unwrap();
    meet(&mut one, &mut other);
    assert_eq!(
        one.description(&stitch(1)).as_deref(),
        Some("Add a fast parser of dates")
    );
}

#[test]
fn the_same_first_description_on_two_machines_is_one() {
    let (mut one, mut other) = (document(1), document(2));
    describe(&mut one, &stitch(1), "Add a parser");
    describe(&mut other, &stitch(1), "Add a parser");
    meet(&mut one, &mut other);
    describe(&mut one, &stitch(1), "Add a small parser");
    describe(&mut other, &stitch(1), "Add a parser for dates");
    meet(&mut one, &mut other);
    assert_eq!(
        one.description(&stitch(1)).as_deref(),
        Some("Add a small parser for dates")
    );
}

#[test]
fn first_descriptions_that_differ_are_joined_without_doubling_what_they_share() {
    let (mut one, mut other) = (document(1), document(2));
    describe(&mut one, &stitch(1), "Add a parser\n\nFor dates.\n");
    describe(&mut other, &stitch(1), "Add a parser\n\nFor times.\n");
    meet(&mut one, &mut other);
    let joined = one.description(&stitch(1)).unwrap();
    let mut lines: Vec<_> = joined.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["", "Add a parser", "For dates.", "For times."]);

    // Who edits the joined text settles it.
    describe(
        &mut other,
        &stitch(1),
        "Add a parser\n\nFor dates and times.\n",
    );
    meet(&mut one, &mut other);
    assert_eq!(
        one.description(&stitch(1)).as_deref(),
        Some("Add a parser\n\nFor dates and times.\n")
    );
}

#[test]
fn an_edit_of_a_text_that_another_took_over_is_not_lost() {
    for begun in ["dates", "times"] {
        let [mut one, mut other, mut third] = [document(1), document(2), document(3)];
        describe(&mut one, &stitch(1), "dates");
        describe(&mut other, &stitch(1), "times");
        // The third has seen one of the two only.
        describe(&mut third, &stitch(1), begun);
        meet(&mut one, &mut other);
        describe(&mut one, &stitch(1), "both");
        assert_eq!(one.description(&stitch(1)).as_deref(), Some("both"));
        describe(&mut third, &stitch(1), &format!("{begun} and zones"));
        meet(&mut one, &mut third);
        let text = one.description(&stitch(1)).unwrap();
        assert!(
            text.contains("both") && text.contains(" and zones"),
            "{text}"
        );
    }
}

#[test]
fn a_text_that_came_through_the_repository_continues_the_one_in_the_ledger() {
    let (mut one, mut other) = (document(1), document(2));
    describe(&mut one, &stitch(1), "wip");
    describe(&mut one, &stitch(1), "Add a parser");
    // The other one has seen no ledger, only the stitch itself.
    other
        .describe(&stitch(1), "Add a parser", "Add a parser of dates")
        .unwrap();
    meet(&mut one, &mut other);
    assert_eq!(
        one.description(&stitch(1)).as_deref(),
        Some("Add a parser of dates")
    );
}

#[test]
fn an_edit_of_a_text_that_changed_meanwhile_is_merged_with_it() {
    let mut document = document(1);
    describe(&mut document, &stitch(1), "Add a parser");
    describe(&mut document, &stitch(1), "Add a fast parser");
    document
        .describe(&stitch(1), "Add a parser", "Add a parser of dates")
        .unwrap();
    assert_eq!(
        document.description(&stitch(1)).as_deref(),
        Some("Add a fast parser of dates")
    );
}

#[test]
fn what_no_commit_can_hold_and_what_is_too_long_is_left_out() {
    let mut document = document(1);
    describe(&mut document, &stitch(1), "nul\0");
    describe(&mut document, &stitch(2), &"x".repeat(70_000));
    assert_eq!(document.view().descriptions, BTreeMap::new());
}

/// A document in which that many texts were begun for one stitch.
fn begun_apart(count: u8, text: impl Fn(u8) -> String) -> Document {
    let mut document = document(200);
    for number in 0..count {
        let mut other = Document::new(actor(number)).unwrap();
        describe(&mut other, &stitch(1), &text(number));
        document.merge(&other).unwrap();
    }
    document
}

#[test]
fn texts_without_end_are_read_up_to_a_number() {
    let document = begun_apart(40, |number| format!("{number:03}\n"));
    let text = document.description(&stitch(1)).unwrap();
    assert_eq!(text.lines().count(), 16, "{text}");
    assert_eq!(document.view().descriptions[&stitch(1)], text);
}

#[test]
fn texts_are_joined_up_to_the_longest_description() {
    let line = |number: u8| format!("{number}{}\n", "x".repeat(30_000));
    let document = begun_apart(3, line);
    let text = document.description(&stitch(1)).unwrap();
    assert_eq!(text.lines().count(), 2);
}

#[test]
fn nobody_signs_who_cannot_sign_a_commit() {
    use jj_lib::backend::{MillisSinceEpoch, Signature, Timestamp};

    let good = Signature {
        name: "Ada".to_owned(),
        email: "ada@example.com".to_owned(),
        timestamp: Timestamp {
            timestamp: MillisSinceEpoch(1_800_000_000_000),
            tz_offset: 60,
        },
    };
    let named = |name: &str| Signature {
        name: name.to_owned(),
        ..good.clone()
    };
    let at = |timestamp, tz_offset| Signature {
        timestamp: Timestamp {
            timestamp: MillisSinceEpoch(timestamp),
            tz_offset,
        },
        ..good.clone()
    };
    let bad = [
        named("A <da>"),
        named("A\u{0}da"),
        named("A\rda"),
        at(-1, 0),
        at(i64::MAX, 0),
        at(0, 24 * 60 + 1),
        at(0, i32::MIN),
    ];
    let mut document = document(1);
    for writer in &bad {
        document.set_writer(&stitch(1), writer).unwrap();
        document.write_writer(&stitch(1), writer).unwrap();
        assert_eq!(document.writer(&stitch(1)), None, "{writer:?}");
    }
    document.set_writer(&stitch(1), &good).unwrap();
    assert_eq!(document.writer(&stitch(1)), Some(good));
}

#[test]
fn what_was_edited_and_what_it_became_is_known() {
    let (mut one, mut other) = (document(1), document(2));
    one.describe(&stitch(1), "a", "b").unwrap();
    other.describe(&stitch(1), "a", "c").unwrap();
    meet(&mut one, &mut other);
    let said = ["a", "b", "c", "d"].map(|text| one.has_said(&stitch(1), text));
    assert_eq!(said, [true, true, true, false]);
    assert!(!one.has_said(&stitch(2), "a"));
}
