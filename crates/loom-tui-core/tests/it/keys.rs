//! Keys as they are written, and as terminals send them.

use std::time::Duration;

use loom_tui_core::{
    KeyCode, KeyNormalizer, KeyPress, KeyProtocol, KeySequence, Modifiers, Moment,
};
use proptest::prelude::*;

fn key(text: &str) -> KeyPress {
    text.parse().unwrap()
}

fn control(character: char) -> KeyPress {
    KeyPress::new(KeyCode::Char(character), Modifiers::CONTROL)
}

#[test]
fn notation_is_read() {
    let keys: KeySequence = "<C-r>a<lt>B<CR><S-Tab><A-x>\n<F12><c-s-A><C--><C-gt><Space>é"
        .parse()
        .unwrap();
    let plain = KeyPress::plain;
    assert_eq!(
        keys.keys(),
        [
            control('r'),
            plain(KeyCode::Char('a')),
            plain(KeyCode::Char('<')),
            plain(KeyCode::Char('B')),
            plain(KeyCode::Enter),
            KeyPress::new(KeyCode::Tab, Modifiers::SHIFT),
            KeyPress::new(KeyCode::Char('x'), Modifiers::ALT),
            plain(KeyCode::Enter),
            plain(KeyCode::F(12)),
            KeyPress::new(KeyCode::Char('a'), Modifiers::CONTROL | Modifiers::SHIFT),
            control('-'),
            control('>'),
            plain(KeyCode::Char(' ')),
            plain(KeyCode::Char('é')),
        ]
    );
    assert_eq!(
        keys.to_string(),
        "<C-r>a<lt>B<CR><S-Tab><A-x><CR><F12><C-S-a><C--><C-gt><Space>é"
    );
}

#[test]
fn what_cannot_be_read_is_said() {
    let said = |text: &str| text.parse::<KeySequence>().unwrap_err().to_string();
    assert_eq!(
        said("ab<C-r"),
        "`<C-r` has no closing `>`; write `<lt>` for the character itself"
    );
    assert_eq!(
        said("<C-Entr>"),
        "there is no key `<C-Entr>`; did you mean `<C-Enter>`?"
    );
    assert_eq!(
        said("<PageUpp>"),
        "there is no key `<PageUpp>`; did you mean `<PageUp>`?"
    );
    assert_eq!(said("<F0>"), "there is no key `<F0>`");
    assert_eq!(said("<>"), "there is no key `<>`");
    assert_eq!(
        "ab".parse::<KeyPress>().unwrap_err().to_string(),
        "`ab` is not one key but 2"
    );
}

#[test]
fn terminals_that_send_shift_differently_mean_the_same() {
    let new = |character, modifiers| KeyPress::new(KeyCode::Char(character), modifiers);
    for sent in [
        new('A', Modifiers::NONE),
        new('a', Modifiers::SHIFT),
        new('A', Modifiers::SHIFT),
    ] {
        assert_eq!(sent, key("A"));
    }
    for sent in [
        new('a', Modifiers::CONTROL | Modifiers::SHIFT),
        new('A', Modifiers::CONTROL | Modifiers::SHIFT),
    ] {
        assert_eq!(sent, key("<C-S-a>"));
    }
    // Caps lock.
    assert_eq!(new('A', Modifiers::CONTROL), key("<C-a>"));
    assert_eq!(new('?', Modifiers::SHIFT), key("?"));
    assert_eq!(new('ß', Modifiers::SHIFT), key("ß"));
    assert_eq!(new('\x12', Modifiers::NONE), key("<C-r>"));
    assert_eq!(new('\x7f', Modifiers::NONE), key("<BS>"));
    assert_eq!(new('\0', Modifiers::NONE), key("<C-Space>"));
    assert_eq!(new('\r', Modifiers::ALT), key("<A-CR>"));
}

#[test]
fn the_legacy_encoding_is_read_as_what_was_meant() {
    let mut legacy = KeyNormalizer::new(KeyProtocol::Legacy);
    let mut kitty = KeyNormalizer::new(KeyProtocol::Kitty);
    for (sent, meant) in [
        ("<C-h>", "<BS>"),
        ("<C-i>", "<Tab>"),
        ("<C-m>", "<CR>"),
        ("<C-7>", "<C-_>"),
        ("<C-4>", "<C-\\>"),
        ("<C-j>", "<C-j>"),
        ("<C-A-h>", "<A-BS>"),
    ] {
        let pushed: Vec<_> = legacy.push(key(sent), Moment::START).collect();
        assert_eq!(pushed, [key(meant)], "{sent}");
        let pushed: Vec<_> = kitty.push(key(sent), Moment::START).collect();
        assert_eq!(pushed, [key(sent)]);
    }
    let pushed: Vec<_> = kitty.push(key("<Esc>"), Moment::START).collect();
    assert_eq!((pushed, kitty.deadline()), (vec![key("<Esc>")], None));
}

#[test]
fn an_escape_belongs_to_the_key_that_follows_at_once() {
    let mut keys = KeyNormalizer::new(KeyProtocol::Legacy);
    let at = |millis| Moment::after_start(Duration::from_millis(millis));
    let mut push =
        |sent: &str, millis| -> Vec<KeyPress> { keys.push(key(sent), at(millis)).collect() };
    assert_eq!(push("<Esc>", 0), []);
    assert_eq!(push("x", 5), [key("<A-x>")]);
    assert_eq!(push("x", 6), [key("x")]);
    assert_eq!(push("<Esc>", 10), []);
    assert_eq!(push("x", 500), [key("<Esc>"), key("x")]);
    assert_eq!(push("<Esc>", 600), []);
    assert_eq!(push("<Esc>", 601), [key("<A-Esc>")]);
    assert_eq!(push("<Esc>", 700), []);
    assert_eq!(keys.deadline(), Some(at(730)));
    assert_eq!(keys.flush(at(729)), None);
    assert_eq!(keys.flush(at(730)), Some(key("<Esc>")));
    assert_eq!((keys.flush(at(999)), keys.deadline()), (None, None));
}

fn any_key() -> impl Strategy<Value = KeyPress> {
    let code = prop_oneof![
        any::<char>().prop_map(KeyCode::Char),
        "[ -~]".prop_map(|text| KeyCode::Char(text.chars().next().unwrap())),
        (1_u8..=35).prop_map(KeyCode::F),
        prop::sample::select(vec![
            KeyCode::Enter,
            KeyCode::Tab,
            KeyCode::Backspace,
            KeyCode::Delete,
            KeyCode::Esc,
            KeyCode::Up,
            KeyCode::PageDown,
            KeyCode::Insert,
            KeyCode::Menu,
        ]),
    ];
    let modifiers = prop::sample::subsequence(
        vec![
            Modifiers::CONTROL,
            Modifiers::ALT,
            Modifiers::SHIFT,
            Modifiers::SUPER,
        ],
        0..=4,
    )
    .prop_map(|held| held.into_iter().fold(Modifiers::NONE, |all, one| all | one));
    (code, modifiers).prop_map(|(code, modifiers)| KeyPress::new(code, modifiers))
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(keys in proptest::collection::vec(any_key(), 0..8)) {
        let sequence: KeySequence = keys.into_iter().collect();
        prop_assert_eq!(sequence.to_string().parse::<KeySequence>(), Ok(sequence));
    }

    #[test]
    fn the_normal_form_is_stable(key in any_key()) {
        prop_assert_eq!(KeyPress::new(key.code(), key.modifiers()), key);
    }

    #[test]
    fn no_notation_is_too_strange(text in "[<>a-zA-Z0-9é -]{0,20}") {
        let _ = text.parse::<KeySequence>();
    }
}
