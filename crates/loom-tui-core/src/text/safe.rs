//! Text of others, made fit to be drawn.
//!
//! [`loom_common_terminal::sanitize`] replaces what could move the cursor or reorder text. What is left
//! to do is about cells: tabs become spaces, and what would be drawn as nothing is made visible, since
//! hidden characters make one text look like another and carry words that only a model reads. An
//! invisible character stays only where it does its work inside of a visible cluster: joiners in emoji
//! and in scripts that have them, variation selectors, the tags of a flag.

use std::fmt;

use unicode_segmentation::UnicodeSegmentation;

use super::{cluster_width, is_simple};

/// Columns between tab stops.
const TAB: usize = 4;
/// The most characters that a cluster may have: the longest emoji has ten.
const LONGEST_CLUSTER: usize = 16;
/// The most marks on a letter: Vietnamese and Hebrew have up to three.
const MOST_MARKS: usize = 4;
/// Carries a mark that has no letter.
const DOTTED_CIRCLE: char = '\u{25cc}';

/// Text that can do nothing to a terminal but be read.
///
/// It holds no control character but line ends, nothing that reorders text, and each of its grapheme
/// clusters takes at least one cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SafeText(String);

impl SafeText {
    /// Makes text safe. Tab stops are counted from the beginning of each line.
    pub fn new(text: &str) -> Self {
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) {
            return Self(text.to_owned());
        }
        let text = loom_common_terminal::sanitize(text);
        let mut cleaned = Cleaned {
            text: String::with_capacity(text.len()),
            column: 0,
            after_mark: false,
        };
        for cluster in text.graphemes(true) {
            cleaned.push(cluster);
        }
        Self(cleaned.text)
    }

    /// Makes what may not even be text safe: bytes that are not UTF-8 become `U+FFFD`.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self::new(&String::from_utf8_lossy(bytes))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the lines, without their ends. There is always one; an end at the end of the text
    /// ends the last line and begins no other.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.strip_suffix('\n').unwrap_or(&self.0).split('\n')
    }
}

impl From<&str> for SafeText {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for SafeText {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The safe text so far.
struct Cleaned {
    text: String,
    column: usize,
    /// Whether the last thing is the sign for something invisible: one is enough for many.
    after_mark: bool,
}

impl Cleaned {
    fn push(&mut self, cluster: &str) {
        match cluster {
            "\n" | "\u{2028}" | "\u{2029}" => {
                self.text.push('\n');
                self.column = 0;
                self.after_mark = false;
            }
            "\t" => {
                let spaces = TAB - self.column % TAB;
                self.text.extend(std::iter::repeat_n(' ', spaces));
                self.column += spaces;
                self.after_mark = false;
            }
            _ if is_simple(cluster) => {
                self.text.push_str(cluster);
                self.column += 1;
                self.after_mark = false;
            }
            _ => self.push_cluster(cluster),
        }
    }

    fn push_cluster(&mut self, cluster: &str) {
        let start = self.text.len();
        let mut characters = cluster.chars().peekable();
        let mut hidden = false;
        let mut base = None;
        let mut count = 0;
        let mut marks = 0;
        while let Some(character) = characters.next() {
            let keep = match base {
                _ if count >= LONGEST_CLUSTER => false,
                None => !is_invisible(character),
                Some(base) if is_invisible(character) => {
                    has_use(character, base, characters.peek().copied())
                }
                Some(_) if cluster_width(character.encode_utf8(&mut [0; 4])) == 0 => {
                    marks += 1;
                    marks <= MOST_MARKS
                }
                Some(_) => true,
            };
            if keep {
                base = base.or(Some(character));
                count += 1;
                self.text.push(character);
            } else {
                hidden = true;
            }
        }
        if base.is_some() {
            self.after_mark = false;
            if cluster_width(&self.text[start..]) == 0 {
                self.text.insert(start, DOTTED_CIRCLE);
                // Vowels and final consonants of Hangul that stand alone go with no circle.
                if self.text[start..].graphemes(true).nth(1).is_some() {
                    self.text.truncate(start);
                    self.text.push(char::REPLACEMENT_CHARACTER);
                }
            }
            self.column += usize::from(cluster_width(&self.text[start..]));
        }
        if hidden && !self.after_mark {
            self.text.push(char::REPLACEMENT_CHARACTER);
            self.column += 1;
            self.after_mark = true;
        }
    }
}

/// Whether an invisible character does something to the visible one that it follows.
fn has_use(character: char, base: char, next: Option<char>) -> bool {
    let is_keycap = matches!(base, '0'..='9' | '#' | '*');
    match character {
        // Joiners: from Hebrew on, where scripts begin that shape their letters, and before emoji.
        '\u{200c}' | '\u{200d}' => base >= '\u{590}',
        // Text or emoji.
        '\u{fe0e}' | '\u{fe0f}' => !base.is_ascii() || is_keycap && next == Some('\u{20e3}'),
        // Variants of ideographs and of Mongolian letters.
        '\u{fe00}'..='\u{fe0d}' | '\u{e0100}'..='\u{e01ef}' => base >= '\u{2e80}' && next.is_none(),
        '\u{180b}'..='\u{180d}' | '\u{180f}' => matches!(base, '\u{1800}'..='\u{18af}'),
        // The flags of England, Scotland and Wales; the last tag ends the flag.
        '\u{e0020}'..='\u{e007e}' => base == '\u{1f3f4}' && next.is_some(),
        '\u{e007f}' => base == '\u{1f3f4}',
        _ => false,
    }
}

/// Whether a character by itself is drawn as nothing (Default_Ignorable_Code_Point, and the controls
/// of interlinear annotations).
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn safe(text: &str) -> String {
        SafeText::new(text).to_string()
    }

    #[test]
    fn what_talks_to_terminals_is_shown_instead() {
        assert_eq!(
            safe("a\x1b[2Jb\u{9b}1m\x07"),
            "a\u{fffd}[2Jb\u{fffd}1m\u{fffd}"
        );
        assert_eq!(safe("\x1b]52;c;aGk=\x07"), "\u{fffd}]52;c;aGk=\u{fffd}");
        assert_eq!(safe("one\r\ntwo\u{2028}three"), "one\ntwo\nthree");
        assert_eq!(
            SafeText::from_bytes(b"caf\xc3\xa9 \xff\xfe ok").as_str(),
            "café \u{fffd}\u{fffd} ok"
        );
    }

    #[test]
    fn what_hides_or_reorders_is_shown() {
        assert_eq!(safe("user\u{202e}nimda"), "user\u{fffd}nimda");
        assert_eq!(safe("rm\u{200b} x"), "rm\u{fffd} x");
        assert_eq!(safe("pay\u{200d}pal"), "pay\u{fffd}pal");
        assert_eq!(
            safe("a\u{ad}b\u{2060}c\u{feff}d"),
            "a\u{fffd}b\u{fffd}c\u{fffd}d"
        );
        // A whole sentence in tag characters is one sign.
        let smuggled: String = "ignore all"
            .bytes()
            .map(|b| char::from_u32(0xe0000 + u32::from(b)).unwrap())
            .collect();
        assert_eq!(safe(&format!("hi{smuggled}!")), "hi\u{fffd}!");
        assert_eq!(safe(&format!("☺{}", "\u{e0101}".repeat(9))), "☺\u{fffd}");
        assert_eq!(
            safe(&format!("e{}x", "\u{301}".repeat(50))),
            format!("e{}\u{fffd}x", "\u{301}".repeat(4))
        );
        assert_eq!(safe("\u{301}a"), "\u{25cc}\u{301}a");
    }

    #[test]
    fn what_belongs_to_a_script_stays() {
        for text in [
            "👨‍👩‍👧‍👦 🏳️‍🌈 👍🏽 1️⃣ 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} 🇩🇪 ❤️",
            "می‌خواهم क्‍ष naïve e\u{301} Việt שָׁלוֹם",
            "漢字 葛\u{e0100} ｶﾞ 한국어",
        ] {
            assert_eq!(safe(text), text);
        }
    }

    #[test]
    fn tabs_reach_to_the_next_stop() {
        assert_eq!(
            safe("\ta\tbcd\tefgh\tx\n漢\ty"),
            "    a   bcd efgh    x\n漢  y"
        );
    }

    #[test]
    fn lines_are_those_that_are_seen() {
        let lines = |text: &str| {
            SafeText::new(text)
                .lines()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(lines(""), [""]);
        assert_eq!(lines("a\n"), ["a"]);
        assert_eq!(lines("a\n\nb"), ["a", "", "b"]);
        assert_eq!(lines("\n\n"), ["", ""]);
    }

    /// Text with more of what is dangerous than chance would give.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            "[ -~\\n\\t]{0,5}",
            prop::sample::select(vec![
                "\u{200b}",
                "\u{200d}",
                "\u{202e}",
                "\u{301}",
                "\u{fe0f}",
                "\u{e0041}",
                "👩",
                "漢",
                "ש",
                "\x1b[31m",
                "\r\n",
                "\u{115f}",
                "\u{1100}",
                "\u{1161}",
                "🇩",
                "\u{600}",
                "\u{903}",
                "\u{94d}",
                "क",
            ])
            .prop_map(str::to_owned),
        ];
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn nothing_is_unsafe_and_nothing_is_invisible(text in hostile()) {
            let safe = SafeText::new(&text);
            for line in safe.lines() {
                for cluster in line.graphemes(true) {
                    prop_assert!(!cluster.chars().any(char::is_control), "{cluster:?}");
                    prop_assert!(cluster_width(cluster) >= 1, "{cluster:?}");
                }
            }
        }

        #[test]
        fn safe_text_is_left_alone(text in hostile()) {
            let once = SafeText::new(&text);
            prop_assert_eq!(SafeText::new(once.as_str()), once);
        }
    }
}
