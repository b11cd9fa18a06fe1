//! Every pair of colours that occurs can be read.

use loom_tui_theme::{Builtin, Contrast, LowContrast, Rgb};

/// Dark backgrounds that people have: black, VS Code, One Dark, Nord, Solarized, Gruvbox, Dracula.
const DARK: [u32; 7] = [
    0x00_0000, 0x1e_1e1e, 0x28_2c34, 0x2e_3440, 0x00_2b36, 0x28_2828, 0x28_2a36,
];

/// Light backgrounds that people have: white, Solarized, One Light, Catppuccin Latte, Gruvbox.
const LIGHT: [u32; 5] = [0xff_ffff, 0xfd_f6e3, 0xfa_fafa, 0xef_f1f5, 0xfb_f1c7];

fn problems(builtin: Builtin, contrast: Contrast, backgrounds: &[u32]) -> Vec<LowContrast> {
    let backgrounds: Vec<Rgb> = backgrounds.iter().map(|&hex| Rgb::new(hex)).collect();
    builtin.theme().low_contrasts(contrast, &backgrounds)
}

#[test]
fn the_dark_theme_can_be_read_on_every_common_dark_background() {
    assert_eq!(problems(Builtin::Dark, Contrast::Common, &DARK), []);
}

#[test]
fn the_light_theme_can_be_read_on_every_common_light_background() {
    assert_eq!(problems(Builtin::Light, Contrast::Common, &LIGHT), []);
}

#[test]
fn the_theme_of_high_contrast_has_it() {
    assert_eq!(problems(Builtin::HighContrast, Contrast::High, &[]), []);
}

#[test]
fn a_pair_that_cannot_be_read_is_found() {
    let found = problems(Builtin::Dark, Contrast::Common, &[0xff_ffff]);
    assert!(found.iter().any(|problem| problem.contrast < 2.0));
}
