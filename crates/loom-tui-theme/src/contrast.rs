//! Which pairs of colours of a theme do not stand out enough from each other.
//!
//! The rule is that of the Web Content Accessibility Guidelines 2.1: 4.5 for text (1.4.3), 3 for lines
//! and marks (1.4.11), 7 for a theme of high contrast (1.4.6).

use crate::{Paint, Rgb, Role, Swatch, Theme};

/// How much contrast is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contrast {
    /// 4.5 for text.
    Common,
    /// 7 for text.
    High,
}

impl Contrast {
    const fn least(self, role: Role) -> f64 {
        match (role.is_ornament(), self) {
            (true, _) => 3.0,
            (false, Self::Common) => 4.5,
            (false, Self::High) => 7.0,
        }
    }
}

/// A pair of colours with too little contrast.
#[derive(Clone, Debug, PartialEq)]
pub struct LowContrast {
    /// What is drawn.
    pub role: Role,
    /// Its colour.
    pub foreground: Rgb,
    /// What lies behind it.
    pub background: Rgb,
    /// The contrast, from 1 to 21.
    pub contrast: f64,
    /// What it should be.
    pub least: f64,
}

impl Theme {
    /// Lists the pairs that occur and have less contrast than asked for, on the theme's own
    /// background and on `others`. Colours that the terminal decides cannot be judged and are
    /// passed over.
    pub fn low_contrasts(&self, contrast: Contrast, others: &[Rgb]) -> Vec<LowContrast> {
        let mut found = Vec::new();
        for &role in Role::ALL {
            let foreground = self
                .foreground(role)
                .unwrap_or_else(|| self.swatch(Swatch::Foreground));
            let Paint::Rgb(foreground) = foreground else {
                continue;
            };
            let least = contrast.least(role);
            for background in self.grounds(role, others) {
                let contrast = foreground.contrast(background);
                if contrast < least {
                    found.push(LowContrast {
                        role,
                        foreground,
                        background,
                        contrast,
                        least,
                    });
                }
            }
        }
        found
    }

    fn grounds(&self, role: Role, others: &[Rgb]) -> Vec<Rgb> {
        let certain = |paint| match paint {
            Paint::Rgb(color) => Some(color),
            Paint::Terminal | Paint::Ansi(_) => None,
        };
        if let Some(background) = self.background(role) {
            return certain(background).into_iter().collect();
        }
        let mut grounds: Vec<Rgb> = role
            .grounds()
            .iter()
            .filter_map(|&swatch| certain(self.swatch(swatch)))
            .collect();
        if role.grounds().contains(&Swatch::Background) {
            grounds.extend_from_slice(others);
        }
        grounds
    }
}
