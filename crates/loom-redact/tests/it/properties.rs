//! What holds for every text.

use loom_redact::{Detector, Finding, Origin, naive};
use proptest::prelude::*;

use crate::sample;

/// The text redacted, and the findings, when it comes in pieces of these sizes.
fn streamed(detector: &Detector, text: &[u8], sizes: &[usize]) -> (Vec<u8>, Vec<Finding>) {
    let mut stream = detector.stream();
    let (mut redacted, mut findings) = (Vec::new(), Vec::new());
    let mut rest = text;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*size).clamp(1, rest.len()));
        redacted.extend(stream.push(piece));
        findings.extend(stream.take_findings());
        rest = after;
    }
    let (last, others) = stream.finish();
    redacted.extend(last);
    findings.extend(others);
    (redacted, findings)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_fast_search_finds_what_the_specification_says(text in sample::text()) {
        let detector = sample::detector();
        let fast = detector.scan(text.as_bytes());
        prop_assert_eq!(fast, naive::scan(detector, text.as_bytes(), &Origin::default()));
    }

    #[test]
    fn so_it_does_in_bytes_that_are_no_text(
        text in sample::text(), noise in prop::collection::vec(any::<u8>(), 0..50), at in any::<prop::sample::Index>()
    ) {
        let detector = sample::detector();
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len() + 1);
        bytes.splice(at..at, noise);
        let fast = detector.scan(&bytes);
        prop_assert_eq!(fast, naive::scan(detector, &bytes, &Origin::default()));
    }

    #[test]
    fn redacting_twice_is_redacting_once_and_leaves_nothing_to_find(text in sample::text()) {
        let detector = sample::detector();
        let once = detector.redact(&text).into_owned();
        prop_assert_eq!(detector.scan(once.as_bytes()), vec![]);
        prop_assert_eq!(detector.redact(&once), once.as_str());
    }

    #[test]
    fn any_bytes_are_taken(
        parts in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                sample::text().prop_map(|text| text.into_bytes().into_iter().take(60).collect()),
            ],
            0..8,
        )
    ) {
        let detector = sample::detector();
        let once = detector.redact_bytes(&parts.concat()).into_owned();
        prop_assert_eq!(detector.scan(&once), vec![]);
        let twice = detector.redact_bytes(&once).into_owned();
        prop_assert_eq!(twice, once);
    }

    #[test]
    fn findings_say_where_the_secrets_are(text in sample::text()) {
        let detector = sample::detector();
        for finding in detector.scan(text.as_bytes()) {
            let start = usize::try_from(finding.range.start).unwrap();
            let end = usize::try_from(finding.range.end).unwrap();
            let before = &text[..start];
            prop_assert_eq!(finding.line, 1 + before.matches('\n').count() as u64);
            let line = before.rsplit('\n').next().unwrap();
            prop_assert_eq!(finding.column, 1 + line.chars().count() as u64);
            prop_assert!(start < end);
            prop_assert!(!detector.redact(&text).contains(&text[start..end]) || text.matches(&text[start..end]).count() > 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn how_a_text_is_cut_changes_nothing(
        texts in prop::collection::vec(prop_oneof![4 => sample::text(), 1 => sample::long()], 1..100),
        sizes in prop::collection::vec(prop_oneof![1_usize..50, 1000_usize..200_000], 1..5),
    ) {
        let detector = sample::detector();
        let text = texts.concat();
        let whole = detector.scan(text.as_bytes());
        let (redacted, findings) = streamed(detector, text.as_bytes(), &sizes);
        prop_assert_eq!(&findings, &whole);
        prop_assert_eq!(&redacted, &detector.redact_bytes(text.as_bytes()).into_owned());
        prop_assert_eq!(detector.scan(&redacted), vec![]);
    }
}
