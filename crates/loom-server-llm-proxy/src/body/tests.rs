use serde::Serializer;
use serde::ser::SerializeSeq as _;

use super::*;

/// The length of a part, written out: the text, its quotes, and what parts it from the next.
const PART: usize = PIECE / 16;

const PARTS: usize = 1024;

/// A request that tells of each of its parts before it is written, and, by closing the channel, when
/// the writer has ended.
struct Observed(mpsc::UnboundedSender<()>);

impl Serialize for Observed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = "x".repeat(PART - 3);
        let mut parts = serializer.serialize_seq(Some(PARTS))?;
        for _ in 0..PARTS {
            // The test may have seen enough.
            let _ = self.0.send(());
            parts.serialize_element(&text)?;
        }
        parts.end()
    }
}

/// Pieces that may be written when one was taken: that one, those in the queue, and the one that
/// waits for a place in it. The next part may have begun.
const MOST_PARTS: usize = (1 + QUEUE + 1) * PIECE / PART + 1;

#[tokio::test]
async fn a_request_is_written_no_further_than_the_queue_reaches() {
    let (sender, mut begun) = mpsc::unbounded_channel();
    let mut pieces = pieces(Observed(sender));
    assert_eq!(pieces.recv().await.unwrap().unwrap().len(), PIECE);
    while pieces.capacity() > 0 {
        assert!(!begun.is_closed(), "the writer waited for nobody");
        tokio::task::yield_now().await;
    }
    // Given up, it ends, and has written nothing more.
    drop(pieces);
    let mut parts = 0;
    while begun.recv().await.is_some() {
        parts += 1;
    }
    assert!(parts <= MOST_PARTS, "{parts} parts");
}

#[tokio::test]
async fn a_request_is_written_while_it_is_sent() {
    let (sender, mut begun) = mpsc::unbounded_channel();
    let mut pieces = pieces(Observed(sender));
    let mut sent = pieces.recv().await.unwrap().unwrap();
    let parts = std::iter::from_fn(|| begun.try_recv().ok()).count();
    assert!(parts <= MOST_PARTS, "{parts} parts");
    while let Some(piece) = pieces.recv().await {
        sent.extend(piece.unwrap());
    }
    let whole = vec!["x".repeat(PART - 3); PARTS];
    assert!(sent == serde_json::to_vec(&whole).unwrap());
}
