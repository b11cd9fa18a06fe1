//! Roles whose colours carry meaning are told apart by people who see fewer colours, too.

use loom_tui_theme::{Builtin, Oklab, Paint, Rgb, Role};

/// What is left of light for people without one kind of cone (Machado, Oliveira and Fernandes 2009,
/// severity 1.0), for linear RGB.
const DEFICIENCIES: [(&str, [[f64; 3]; 3]); 3] = [
    (
        "protanopia",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ),
];

fn linear(color: Rgb) -> [f64; 3] {
    [color.red, color.green, color.blue].map(|channel| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    })
}

fn seen(color: Rgb, matrix: &[[f64; 3]; 3]) -> Oklab {
    let light = linear(color);
    let channels = matrix.map(|row| {
        let value: f64 = row.iter().zip(light).map(|(a, b)| a * b).sum();
        let value = value.clamp(0.0, 1.0);
        let encoded = if value <= 0.003_130_8 {
            value * 12.92
        } else {
            1.055 * value.powf(1.0 / 2.4) - 0.055
        };
        (encoded * 255.0).round() as u8
    });
    let [red, green, blue] = channels;
    Rgb { red, green, blue }.oklab()
}

#[test]
fn what_a_colour_means_is_told_by_a_sign_or_seen_by_everybody() {
    let meaningful = [
        Role::Added,
        Role::Removed,
        Role::Success,
        Role::Warning,
        Role::Error,
        Role::Info,
        Role::ModePlan,
        Role::ModeAsk,
        Role::ModeAuto,
        Role::ModeFull,
        Role::Person,
        Role::Reasoning,
    ];
    for builtin in [Builtin::Dark, Builtin::Light, Builtin::HighContrast] {
        let theme = builtin.theme();
        for (index, &a) in meaningful.iter().enumerate() {
            for &b in &meaningful[index + 1..] {
                let (Some(Paint::Rgb(one)), Some(Paint::Rgb(other))) =
                    (theme.foreground(a), theme.foreground(b))
                else {
                    panic!("{a:?} and {b:?} have colours of their own");
                };
                for (deficiency, matrix) in &DEFICIENCIES {
                    let distance = seen(one, matrix).distance(seen(other, matrix));
                    assert!(
                        a.sign() != b.sign() || distance > 0.05,
                        "{a:?} and {b:?} of {} look the same with {deficiency}: {distance:.3}",
                        theme.name()
                    );
                }
            }
        }
    }
}

#[test]
fn added_and_removed_lines_differ_even_without_their_signs() {
    for builtin in [Builtin::Dark, Builtin::Light, Builtin::HighContrast] {
        let theme = builtin.theme();
        let (Some(Paint::Rgb(added)), Some(Paint::Rgb(removed))) = (
            theme.background(Role::Added),
            theme.background(Role::Removed),
        ) else {
            panic!("changes have grounds of their own");
        };
        for (deficiency, matrix) in &DEFICIENCIES {
            let distance = seen(added, matrix).distance(seen(removed, matrix));
            assert!(
                distance > 0.02,
                "the grounds of {} look the same with {deficiency}: {distance:.3}",
                theme.name()
            );
        }
    }
}
