//! What terminals show of a theme.

use std::fmt::Write;

use loom_tui_theme::{Background, Builtin, ColorDepth, Palette, Role};
use ratatui::style::{Color, Modifier, Style};

#[test]
fn terminals_with_fewer_colours_keep_the_meaning() {
    let theme = Builtin::Dark.theme();
    let mut listed = String::new();
    for depth in [
        ColorDepth::TrueColor,
        ColorDepth::Ansi256,
        ColorDepth::Ansi16,
        ColorDepth::Monochrome,
    ] {
        let palette = Palette::new(&theme, depth);
        writeln!(listed, "{depth:?}").unwrap();
        for &role in Role::ALL {
            let style = palette.style(role);
            let shown = |color: Option<Color>| color.map_or("-".to_owned(), |c| c.to_string());
            writeln!(
                listed,
                "  {:<18} {:<13} on {:<13} {:?}",
                role.name(),
                shown(style.fg),
                shown(style.bg),
                style.add_modifier
            )
            .unwrap();
        }
    }
    insta::assert_snapshot!(listed);
}

#[test]
fn without_colours_no_colour_is_used() {
    for builtin in Builtin::ALL {
        let palette = Palette::new(&builtin.theme(), ColorDepth::Monochrome);
        for &role in Role::ALL {
            let Style { fg, bg, .. } = palette.style(role);
            assert_eq!((fg, bg), (None, None), "{role:?}");
        }
        let selection = palette.style(Role::Selection);
        assert_eq!(selection.add_modifier, Modifier::REVERSED);
    }
}

#[test]
fn sixteen_colours_are_those_that_people_set() {
    let palette = Palette::new(&Builtin::Ansi16.theme(), ColorDepth::TrueColor);
    for &role in Role::ALL {
        let Style { fg, bg, .. } = palette.style(role);
        for color in [fg, bg].into_iter().flatten() {
            assert!(
                !matches!(color, Color::Rgb(..) | Color::Indexed(_)),
                "{role:?} is {color}"
            );
        }
    }
    assert_eq!(palette.style(Role::Error).fg, Some(Color::Red));
}

#[test]
fn a_hue_stays_one_with_sixteen_colours() {
    let palette = Palette::new(&Builtin::Dark.theme(), ColorDepth::Ansi16);
    for (role, colors) in [
        (Role::Error, [Color::Red, Color::LightRed]),
        (Role::Success, [Color::Green, Color::LightGreen]),
        (Role::Warning, [Color::Yellow, Color::LightYellow]),
        (Role::Accent, [Color::Blue, Color::LightBlue]),
        (Role::ModePlan, [Color::Magenta, Color::LightMagenta]),
        (Role::Tool, [Color::Cyan, Color::LightCyan]),
    ] {
        let color = palette.style(role).fg.unwrap();
        assert!(colors.contains(&color), "{role:?} is {color}");
    }
}

#[test]
fn nothing_is_drawn_in_the_colour_behind_it() {
    for builtin in Builtin::ALL {
        for depth in [
            ColorDepth::TrueColor,
            ColorDepth::Ansi256,
            ColorDepth::Ansi16,
        ] {
            let palette = Palette::new(&builtin.theme(), depth);
            for &role in Role::ALL {
                let style = palette.style(role);
                let same = style.fg.is_some() && style.fg == style.bg;
                assert!(
                    !same || style.fg == Some(Color::Reset),
                    "{role:?} of {builtin:?} at {depth:?}"
                );
            }
        }
    }
}

#[test]
fn palettes_that_differ_are_told_apart() {
    let palette = |builtin: Builtin, depth| Palette::new(&builtin.theme(), depth);
    let dark = palette(Builtin::Dark, ColorDepth::TrueColor);
    assert_eq!(
        dark.generation(),
        palette(Builtin::Dark, ColorDepth::TrueColor).generation()
    );
    for other in [
        palette(Builtin::Light, ColorDepth::TrueColor),
        palette(Builtin::Dark, ColorDepth::Ansi256),
    ] {
        assert_ne!(dark.generation(), other.generation());
    }
}

#[test]
fn a_terminal_gets_the_theme_that_fits_it() {
    for (background, depth, expected) in [
        (Some(Background::Dark), ColorDepth::TrueColor, Builtin::Dark),
        (Some(Background::Light), ColorDepth::Ansi256, Builtin::Light),
        (Some(Background::Light), ColorDepth::Ansi16, Builtin::Ansi16),
        (None, ColorDepth::TrueColor, Builtin::Ansi16),
    ] {
        assert_eq!(Builtin::fitting(background, depth), expected);
    }
}
