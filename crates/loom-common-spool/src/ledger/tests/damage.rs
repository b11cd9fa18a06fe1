//! Bytes from elsewhere: read as they were written, or refused.

use proptest::prelude::*;

use super::super::{LedgerError, MAX_BYTES};
use super::*;

fn sample() -> Vec<u8> {
    let mut document = document(1);
    move_pin(&mut document, "main", Some(commit(1)));
    describe(&mut document, &stitch(1), "Add a parser");
    document.tag(&stitch(1), "reviewed").unwrap();
    document.encode().unwrap()
}

/// Puts a body behind a first line that fits it.
fn framed(body: &[u8]) -> Vec<u8> {
    let hash = super::super::actor::hex(&super::super::actor::hash(&[body]));
    let line = format!(
        "{{\"loom-ledger\":1,\"lineage\":{{\"generation\":0,\"origin\":\"\"}},\"length\":{},\
         \"hash\":\"{hash}\"}}\n",
        body.len()
    );
    [line.as_bytes(), body].concat()
}

fn body(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    &bytes[end + 1..]
}

#[test]
fn a_newer_format_is_told_from_damage() {
    let error = Document::decode(b"{\"loom-ledger\":2,\"new\":true}\n\0\0", actor(1)).unwrap_err();
    assert!(matches!(error, LedgerError::Newer { format: 2 }), "{error}");
}

#[test]
fn more_than_the_limit_is_refused() {
    let error = Document::decode(&vec![0; MAX_BYTES + 1], actor(1)).unwrap_err();
    assert!(matches!(error, LedgerError::TooLarge { .. }), "{error}");
}

#[test]
fn a_document_of_something_else_is_refused() {
    let other = automerge::Automerge::new().save_nocompress();
    let error = Document::decode(&framed(&other), actor(1)).unwrap_err();
    assert!(matches!(error, LedgerError::Damaged(_)), "{error}");
}

#[test]
fn a_compressed_document_is_refused_for_it_may_stand_for_any_number_of_bytes() {
    let mut document = document(1);
    for number in 0..200 {
        move_pin(
            &mut document,
            &format!("a pin with number {number}"),
            Some(commit(1)),
        );
    }
    let body = document.automerge.save();
    let error = Document::decode(&framed(&body), actor(1)).unwrap_err();
    assert_eq!(error.to_string(), "the ledger is damaged: it is compressed");
    Document::decode(&document.encode().unwrap(), actor(1)).unwrap();
}

#[test]
fn a_run_without_end_is_refused_before_it_is_read() {
    let bytes = sample();
    let body = body(&bytes);
    // Every byte that can begin a run is made a run of 2^40.
    let run = [0x80, 0x80, 0x80, 0x80, 0x80, 0x20];
    for at in 9..body.len() {
        let mut changed = body[..at].to_vec();
        changed.extend(run);
        changed.extend(&body[at + 1..]);
        Document::decode(&framed(&changed), actor(1)).unwrap_err();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn damaged_bytes_are_refused(at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut bytes = sample();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        // The first line has names that nothing depends on.
        if let Ok(document) = Document::decode(&bytes, actor(1)) {
            let intact = Document::decode(&sample(), actor(1)).unwrap();
            prop_assert_eq!(document.view(), intact.view());
        }
    }

    #[test]
    fn cut_bytes_are_refused(length in any::<prop::sample::Index>()) {
        let bytes = sample();
        let length = length.index(bytes.len());
        Document::decode(&bytes[..length], actor(1)).unwrap_err();
    }

    /// The first line fits, so that what is wrong reaches the library.
    #[test]
    fn tampered_bytes_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        fits in any::<bool>(),
    ) {
        let bytes = sample();
        let mut body = body(&bytes).to_vec();
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        if fits {
            // Automerge's own checksum: the first four bytes of SHA-256 of what follows.
            let sum = checksum(&body[8..]);
            body[4..8].copy_from_slice(&sum);
        }
        if let Ok(document) = Document::decode(&framed(&body), actor(1)) {
            let mut own = self::document(2);
            let _ = super::super::encoding::guarded(|| own.merge(&document));
        }
    }

    #[test]
    fn noise_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        Document::decode(&bytes, actor(1)).unwrap_err();
        Document::decode(&framed(&bytes), actor(1)).unwrap_err();
    }
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    use sha2::Digest as _;
    let sum = sha2::Sha256::digest(bytes);
    [sum[0], sum[1], sum[2], sum[3]]
}
