//! What of an output is kept and shown.

use std::sync::{Arc, Mutex};

use loom_common_core::ProgressSink;
use proptest::prelude::*;

use super::*;
use crate::outputs::{OutputLimits, OutputStore};

/// Returns what is shown of an output that comes in these pieces, and what was streamed of it.
fn output_of(limit: usize, pieces: &[&[u8]]) -> (String, String) {
    let streamed = Arc::new(Mutex::new(String::new()));
    let sink = Arc::clone(&streamed);
    let progress = ProgressSink::new(move |piece| sink.lock().unwrap().push_str(piece));
    let mut output = Output::new(limit, OutputStore::default().spool("test"));
    for piece in pieces {
        output.push(piece, Some(&progress));
    }
    let streamed = streamed.lock().unwrap().clone();
    (output.take(), streamed)
}

#[test]
fn short_output_is_kept_whole() {
    let (text, streamed) = output_of(100, &[b"one\n", b"two\n"]);
    assert_eq!(text, "one\ntwo");
    assert_eq!(streamed, "one\ntwo\n");
}

#[test]
fn the_middle_of_long_output_is_counted_and_left_out() {
    let lines: String = (0..100).map(|number| format!("line {number}\n")).collect();
    let (text, streamed) = output_of(100, &[lines.as_bytes()]);
    assert_eq!(
        text,
        "line 0\nline 1\nline 2\nline 3\nline 4\nline 5\nline 6\n… 693 bytes left out …\n\
         line 94\nline 95\nline 96\nline 97\nline 98\nline 99"
    );
    assert_eq!(streamed, lines);
}

#[test]
fn a_character_and_an_escape_sequence_may_come_in_two_pieces() {
    let (text, streamed) = output_of(100, &[b"a\xe2\x82", b"\xac \x1b[3", b"1mred\x1b[0m\n"]);
    assert_eq!(text, "a€ red");
    assert_eq!(streamed, "a€ red\n");
}

#[test]
fn bytes_that_are_not_utf8_are_replaced() {
    assert_eq!(
        output_of(100, &[b"caf\xe9\n", b"\xff\xfe ok"]).0,
        "caf\u{fffd}\n\u{fffd}\u{fffd} ok"
    );
}

#[test]
fn of_a_line_that_was_drawn_over_the_last_drawing_is_kept() {
    assert_eq!(
        output_of(100, &[b"  1%\r 50%\r100%\nwindows\r\nlast\r"]).0,
        "100%\nwindows\nlast"
    );
}

#[test]
fn what_came_since_the_last_time_is_returned() {
    let mut output = Output::new(40, OutputStore::default().spool("test"));
    output.push(b"one\n", None);
    assert!(output.has_news());
    assert_eq!(output.take(), "one");
    assert!(!output.has_news());
    output.push(b"two\n", None);
    assert_eq!(output.take(), "two");
    output.push(&b"x\n".repeat(100), None);
    assert_eq!(
        output.take(),
        "… 182 bytes left out …\nx\nx\nx\nx\nx\nx\nx\nx\nx"
    );
    output.push(b"last\n", None);
    assert_eq!(output.take(), "last");
    assert_eq!(output.take(), "");
}

#[test]
fn the_whole_of_a_long_output_is_in_a_file_and_so_is_what_falls_out_between_two_times() {
    let folder = tempfile::tempdir().unwrap();
    let store = OutputStore::new(folder.path(), "session", OutputLimits::default());
    let mut output = Output::new(60, store.spool("bash"));
    let lines: String = (0..10).map(|number| format!("line {number}\n")).collect();
    output.push(lines.as_bytes(), None);
    let file = folder.path().join("session/00001-bash.txt");
    let kept = |lines: usize| {
        format!(
            "; the whole is in {} ({lines} lines): read it with read_file (offset, limit) or \
             search it with grep …",
            file.display()
        )
    };
    assert_eq!(
        output.take(),
        format!(
            "line 0\nline 1\nline 2\nline 3\n… 14 bytes left out{}\nline 6\nline 7\nline 8\nline 9",
            kept(10)
        )
    );
    let more: String = (10..20).map(|number| format!("line {number}\n")).collect();
    output.push(more.as_bytes(), None);
    assert_eq!(
        output.take(),
        format!(
            "line 10\nline 11\nline 12\n… 32 bytes left out{}\nline 17\nline 18\nline 19",
            kept(20)
        )
    );
    drop(output);
    assert_eq!(
        std::fs::read_to_string(file).unwrap(),
        format!("{lines}{more}")
    );
}

proptest! {
    #[test]
    fn output_stays_below_its_limit(
        limit in 0..200_usize,
        pieces in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..100), any::<bool>()), 0..20),
    ) {
        let mut output = Output::new(limit, OutputStore::default().spool("test"));
        for (piece, is_asked) in &pieces {
            output.push(piece, None);
            if *is_asked {
                let text = output.take();
                let shown: String =
                    text.lines().filter(|line| !line.ends_with("bytes left out …")).collect();
                prop_assert!(shown.len() <= limit, "{} bytes: {shown:?}", shown.len());
            }
        }
    }

    #[test]
    fn plain_text_is_streamed_as_it_is(
        text in "[a-zäß€😀\n ]{0,200}",
        cuts in prop::collection::vec(0..600_usize, 0..5),
    ) {
        let mut cuts: Vec<usize> =
            cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> =
            cuts.windows(2).map(|cut| &text.as_bytes()[cut[0]..cut[1]]).collect();
        let (kept, streamed) = output_of(1000, &pieces);
        prop_assert_eq!(kept, text.trim_end());
        prop_assert_eq!(streamed, text);
    }

    #[test]
    fn what_is_taken_piece_by_piece_is_the_whole(
        pieces in prop::collection::vec(("[a-zäß€\n]{0,30}", any::<bool>()), 0..20),
    ) {
        let mut output = Output::new(10_000, OutputStore::default().spool("test"));
        let mut taken = String::new();
        for (piece, is_asked) in &pieces {
            output.push(piece.as_bytes(), None);
            if *is_asked {
                taken.push_str(&output.take());
            }
        }
        taken.push_str(&output.take());
        let whole: String = pieces.iter().map(|(piece, _)| piece.as_str()).collect();
        // White space at the end of each is not shown.
        let visible = |text: &str| text.replace('\n', "");
        prop_assert_eq!(visible(&taken), visible(&whole));
    }
}
