use proptest::prelude::*;

use super::*;

#[test]
fn arguments_are_split_at_white_space_and_quotes_keep_together() {
    assert_eq!(split("a  b c", 3), ["a", "b", "c"]);
    assert_eq!(
        split("\"New York\" 'the rest'", 2),
        ["New York", "the rest"]
    );
    assert_eq!(split("'it''s' x", 3), ["'it''s'", "x"]);
    assert_eq!(split("don't stop", 2), ["don't", "stop"]);
}

#[test]
fn the_last_argument_takes_the_rest() {
    assert_eq!(split("a b c d", 2), ["a", "b c d"]);
    assert_eq!(split("\"a b\" c", 1), ["\"a b\" c"]);
    assert_eq!(split("anything", 0), [""; 0]);
    assert_eq!(split("   ", 2), [""; 0]);
}

proptest! {
    #[test]
    fn no_text_is_too_odd(text in "\\PC{0,40}", most in 0_usize..5) {
        let pieces = split(&text, most);
        prop_assert!(pieces.len() <= most);
    }

    #[test]
    fn plain_words_come_back(words in prop::collection::vec("[a-z]{1,5}", 0..5)) {
        prop_assert_eq!(split(&words.join(" "), 5), words);
    }
}
