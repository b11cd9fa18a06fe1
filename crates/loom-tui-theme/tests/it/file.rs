//! Themes that people write, right and wrong.

use std::fmt::Write;

use loom_tui_theme::{Builtin, ColorDepth, Paint, Palette, Rgb, Role, Swatch, Theme, ThemeError};
use proptest::prelude::*;
use ratatui::style::{Color, Modifier, Style};

fn none(_: &str) -> Option<String> {
    None
}

#[test]
fn a_theme_is_what_it_inherits_and_what_it_says() {
    let text = r##"
        inherits = "light"
        [swatches]
        blue = "#123456"
        [roles]
        heading = { foreground = "red", background = "#0f0", bold = true, italic = true }
        muted = "ansi-bright-black"
        quote = "terminal"
    "##;
    let theme = Theme::from_toml("mine", text, &none).unwrap();
    assert_eq!(theme.name(), "mine");
    let palette = Palette::new(&theme, ColorDepth::TrueColor);
    let light = Palette::new(&Builtin::Light.theme(), ColorDepth::TrueColor);
    assert_eq!(theme.swatch(Swatch::Blue), Paint::Rgb(Rgb::new(0x12_3456)));
    // What is painted with a swatch follows it.
    assert_eq!(
        palette.style(Role::Accent),
        Style::new().fg(Color::Rgb(0x12, 0x34, 0x56))
    );
    assert_eq!(
        palette.style(Role::Heading),
        Style::new()
            .fg(light.style(Role::Error).fg.unwrap())
            .bg(Color::Rgb(0, 255, 0))
            .add_modifier(Modifier::BOLD | Modifier::ITALIC)
    );
    assert_eq!(palette.style(Role::Muted), Style::new().fg(Color::DarkGray));
    assert_eq!(palette.style(Role::Quote), Style::new().fg(Color::Reset));
    assert_eq!(palette.style(Role::Error), light.style(Role::Error));
}

#[test]
fn themes_inherit_from_each_other() {
    let find = |name: &str| match name {
        "a" => Some("inherits = \"b\"\n[swatches]\nred = \"#ff0000\"".to_owned()),
        "b" => Some(
            "inherits = \"light\"\n[swatches]\nred = \"#000001\"\nblue = \"#0000ff\"".to_owned(),
        ),
        // One's own theme in place of a built-in one, and on top of it.
        "dark" => Some("inherits = \"dark\"\n[swatches]\nred = \"#dd0000\"".to_owned()),
        _ => None,
    };
    let a = Theme::named("a", &find).unwrap();
    assert_eq!(a.swatch(Swatch::Red), Paint::Rgb(Rgb::new(0xff_0000)));
    assert_eq!(a.swatch(Swatch::Blue), Paint::Rgb(Rgb::new(0x00_00ff)));
    assert_eq!(
        a.swatch(Swatch::Green),
        Builtin::Light.theme().swatch(Swatch::Green)
    );
    let dark = Theme::named("dark", &find).unwrap();
    assert_eq!(dark.swatch(Swatch::Red), Paint::Rgb(Rgb::new(0xdd_0000)));
    assert_eq!(
        dark.swatch(Swatch::Green),
        Builtin::Dark.theme().swatch(Swatch::Green)
    );
}

#[test]
fn a_circle_is_found() {
    let find = |name: &str| match name {
        "a" => Some("inherits = \"b\"".to_owned()),
        "b" => Some("inherits = \"a\"".to_owned()),
        _ => None,
    };
    let expected = ThemeError::Circle {
        name: "a".to_owned(),
    };
    assert_eq!(Theme::named("a", &find), Err(expected));
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_a_hint() {
    let mut said = String::new();
    for text in [
        "inherits = \"drak\"",
        "inherit = \"dark\"",
        "inherits = 1",
        "[swatches]\nblu = \"#000\"",
        "[swatches]\nblue = \"#00000\"",
        "[swatches]\nblue = \"grene\"",
        "[swatches]\nblue = 7",
        "swatches = 1",
        "[roles]\n# note\n  haeding = \"red\"",
        "[roles]\nheading = { fg = \"red\" }",
        "[roles]\nheading = { foreground = \"red\", bold = \"yes\" }",
        "[roles]\nheading = { foreground = \"redd\" }",
        "[roles]\nheading = 1",
        "[roles\n",
        "żółw = 1\n[roles]",
    ] {
        let error = Theme::from_toml("mine", text, &none).unwrap_err();
        let hint = error.hint().unwrap_or_default();
        writeln!(said, "{text:?}\n  {error}\n  hint: {hint}").unwrap();
    }
    insta::assert_snapshot!(said);
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text in "[a-z\\[\\]=\"#{}, \\n0-9é]{0,80}") {
        if let Err(error) = Theme::from_toml("mine", &text, &none) {
            let _ = (error.to_string(), error.hint());
        }
    }
}
