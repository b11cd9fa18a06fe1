//! The last lines of a stitch that an agent has made: which conversation it comes from.

const THREAD: &str = "Loom-Thread";
const TURN: &str = "Loom-Turn";

/// The longest name of a thread, in bytes.
const LONGEST_NAME: usize = 64;

/// Which turn of which thread a stitch comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadTrailers {
    /// The thread's name.
    pub thread: String,
    /// The number of the point at which the turn began; `None` when only the thread is named, as in
    /// commits.
    pub turn: Option<u64>,
}

impl ThreadTrailers {
    /// Reads the trailers of a description; `None` for a stitch of somebody else.
    pub fn read(description: &str) -> Option<Self> {
        let paragraph = description.trim_end().rsplit("\n\n").next()?;
        let value = |name: &str| {
            let mut lines = paragraph.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        let thread = value(THREAD)?.trim();
        is_name(thread).then(|| Self {
            thread: thread.to_owned(),
            turn: value(TURN).and_then(|turn| turn.trim().parse().ok()),
        })
    }

    /// Returns the revset of all stitches of a thread; `None` for what is no name of one.
    pub fn revset(thread: &str) -> Option<String> {
        is_name(thread).then(|| format!("description(substring:\"{THREAD}: {thread}\")"))
    }

    /// Writes a description that ends with these.
    pub fn describe(&self, text: &str) -> String {
        let mut text = format!("{}\n\n{THREAD}: {}\n", text.trim_end(), self.thread);
        if let Some(turn) = self.turn {
            text.push_str(&format!("{TURN}: {turn}\n"));
        }
        text
    }
}

/// Tells whether a text may name a thread: it comes from a description that anybody may have
/// written.
fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    text.starts_with("T-") && text.len() <= LONGEST_NAME && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREAD_NAME: &str = "T-01900000-0000-7000-8000-000000000001";

    fn trailers(turn: Option<u64>) -> ThreadTrailers {
        ThreadTrailers {
            thread: THREAD_NAME.to_owned(),
            turn,
        }
    }

    #[test]
    fn what_was_written_can_be_read() {
        for turn in [None, Some(7)] {
            let text = trailers(turn).describe("Fix the parser\n");
            assert_eq!(ThreadTrailers::read(&text), Some(trailers(turn)));
        }
        assert_eq!(
            trailers(Some(7)).describe("Fix the parser"),
            format!("Fix the parser\n\nLoom-Thread: {THREAD_NAME}\nLoom-Turn: 7\n")
        );
    }

    #[test]
    fn what_only_looks_like_trailers_is_none() {
        let text = trailers(Some(7)).describe("Fix the parser");
        for text in [
            String::new(),
            "Loom-Thread: nonsense".to_owned(),
            "Loom-Thread: T-\u{1b}[31m".to_owned(),
            format!("{text}\nMore words\n"),
        ] {
            assert_eq!(ThreadTrailers::read(&text), None, "{text}");
        }
        assert_eq!(ThreadTrailers::revset("T-\") | all("), None);
    }
}
