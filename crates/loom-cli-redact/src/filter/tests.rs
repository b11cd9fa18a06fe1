use std::collections::VecDeque;

use loom_redact::{KnownSecrets, Rules};
use proptest::prelude::*;

use super::*;

/// Gives pieces, with pauses where there is none.
struct Pieces(VecDeque<Option<Vec<u8>>>);

impl Source for Pieces {
    fn next(&mut self, buffer: &mut [u8], _: Duration) -> io::Result<Arrival> {
        match self.0.pop_front() {
            None => Ok(Arrival::End),
            Some(None) => Ok(Arrival::Nothing),
            Some(Some(piece)) => {
                buffer[..piece.len()].copy_from_slice(&piece);
                Ok(Arrival::Bytes(piece.len()))
            }
        }
    }
}

/// Notes what was written, and how much of it when the source last paused.
#[derive(Default)]
struct Output {
    text: Vec<u8>,
    flushed: Vec<String>,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushed
            .push(String::from_utf8_lossy(&self.text).into_owned());
        Ok(())
    }
}

fn detector() -> Detector {
    let rules = "[[rules]]\nid = \"demo\"\nregex = '''\\bdm_[a-z0-9]{20}\\b'''\n\
                 [[rules]]\nid = \"key\"\nregex = '''-----BEGIN KEY-----[\\s\\S]*?-----END KEY-----'''\n";
    Detector::new(
        &Rules::parse(rules, "demo.toml").unwrap(),
        KnownSecrets::new(),
    )
}

fn run(pieces: &[Option<&[u8]>]) -> (Filtered, Output) {
    let mut output = Output::default();
    let pieces = pieces
        .iter()
        .map(|piece| piece.map(<[u8]>::to_vec))
        .collect();
    let (origin, progress) = (Origin::default(), Progress::default());
    let filtered = filter(
        &detector(),
        &origin,
        &mut Pieces(pieces),
        &mut output,
        &progress,
    );
    (filtered.unwrap(), output)
}

const SECRET: &[u8] = b"dm_0123456789abcdefghij";

#[test]
fn a_complete_line_is_let_go_when_the_source_pauses() {
    let (_, output) = run(&[Some(b"one\n"), None, Some(b"tw"), None, Some(b"o\n"), None]);
    assert_eq!(output.flushed[1], "one\n");
    assert_eq!(output.flushed[3], "one\n", "half a line is held back");
    assert_eq!(output.flushed[5], "one\ntwo\n");
}

#[test]
fn a_secret_that_comes_in_halves_is_found_in_spite_of_a_pause() {
    let (filtered, output) = run(&[
        Some(b"a\nb "),
        None,
        Some(&SECRET[..9]),
        None,
        Some(&SECRET[9..]),
    ]);
    assert_eq!(output.text, b"a\nb [REDACTED:demo]");
    let place = |finding: &Finding| (finding.line, finding.column, finding.range.clone());
    assert_eq!(place(&filtered.findings[0]), (2, 3, 4..27));
}

#[test]
fn a_block_that_has_begun_is_held_back_until_its_end() {
    let pieces: &[Option<&[u8]>] = &[
        Some(b"x\n-----BEG"),
        Some(b"IN KEY-----\n"),
        None,
        Some(b"secret\n"),
        None,
        Some(b"-----END KEY-----\n"),
        None,
    ];
    let (filtered, output) = run(pieces);
    assert_eq!(output.flushed[6], "x\n[REDACTED:key]\n");
    assert_eq!(filtered.total, 1);
}

#[test]
fn a_block_without_end_does_not_hold_the_rest_for_ever() {
    let long = vec![b'x'; LONGEST_MATCH];
    let (_, output) = run(&[
        Some(b"-----BEGIN KEY-----\n"),
        Some(&long),
        Some(b"\n"),
        None,
    ]);
    assert_eq!(output.flushed[3].len(), 20 + long.len() + 1);
}

#[test]
fn places_go_on_over_pauses() {
    let line = [SECRET, b"\n"].concat();
    let (filtered, _) = run(&[
        Some(&line),
        None,
        Some(&line),
        None,
        Some(b"\n"),
        Some(&line),
    ]);
    let places: Vec<_> = filtered
        .findings
        .iter()
        .map(|found| (found.line, found.range.start))
        .collect();
    assert_eq!(places, [(1, 0), (2, 24), (4, 49)]);
}

#[test]
fn utf_16_goes_out_as_it_came() {
    let utf_16 =
        |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let bytes = utf_16(&format!(
        "\u{feff}ä {}\r\n😀",
        String::from_utf8_lossy(SECRET)
    ));
    let pieces: Vec<Option<&[u8]>> = bytes.chunks(1).map(Some).collect();
    let (filtered, output) = run(&pieces);
    assert_eq!(output.text, utf_16("\u{feff}ä [REDACTED:demo]\r\n😀"));
    assert_eq!((filtered.total, filtered.had_errors), (1, false));
}

#[test]
fn findings_without_end_are_counted_and_not_kept() {
    let lines = [SECRET, b"\n"].concat().repeat(1000);
    let mut pieces = vec![Some(&lines[..]); MOST_FINDINGS / 1000];
    pieces.push(Some(&lines[..5 * (SECRET.len() + 1)]));
    let (filtered, _) = run(&pieces);
    assert_eq!(
        (filtered.findings.len(), filtered.total),
        (MOST_FINDINGS, MOST_FINDINGS as u64 + 5)
    );
}

#[test]
fn it_stops_when_asked_and_reports_what_fails() {
    let progress = Progress::default();
    progress.stop();
    let mut source = Pieces(VecDeque::new());
    let outcome = filter(
        &detector(),
        &Origin::default(),
        &mut source,
        &mut Vec::new(),
        &progress,
    );
    assert!(matches!(outcome, Err(RedactError::Stopped)), "{outcome:?}");
    let full = io::Error::from(ErrorKind::StorageFull);
    struct Full(Option<io::Error>);
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.take().unwrap())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut source = Pieces([Some(b"x".to_vec())].into());
    let outcome = filter(
        &detector(),
        &Origin::default(),
        &mut source,
        &mut Full(Some(full)),
        &Progress::default(),
    );
    assert!(
        matches!(outcome, Err(RedactError::Stream(_))),
        "{outcome:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_is_lost_or_added_however_text_comes(
        lines in prop::collection::vec("[a-z \\-BEGIN\n]{0,12}", 0..20),
        pauses in prop::collection::vec(any::<bool>(), 20),
    ) {
        let mut pieces: Vec<Option<&[u8]>> = Vec::new();
        for (line, pause) in lines.iter().zip(pauses) {
            if !line.is_empty() {
                pieces.push(Some(line.as_bytes()));
            }
            if pause {
                pieces.push(None);
            }
        }
        let (filtered, output) = run(&pieces);
        prop_assert_eq!(output.text, lines.concat().into_bytes());
        prop_assert_eq!(filtered.total, 0);
    }
}
