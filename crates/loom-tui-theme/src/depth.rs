//! How many colours a terminal shows.

use std::ffi::OsStr;

use loom_common_config::Environment;

/// How many colours there are to draw with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColorDepth {
    /// None: bold, dim, underlined and reversed must do.
    Monochrome,
    /// The terminal's sixteen.
    Ansi16,
    /// Those of xterm: sixteen, a cube and greys.
    Ansi256,
    /// All of them.
    TrueColor,
}

/// Where what is drawn goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// To a terminal.
    Terminal,
    /// Anywhere else: a file, a pipe.
    Other,
}

impl ColorDepth {
    /// Tells from the environment how many colours to use.
    ///
    /// What people ask for goes first: `NO_COLOR` (no-color.org), then `CLICOLOR_FORCE`, then
    /// `CLICOLOR=0` (bixense.com/clicolors). Then comes what the terminal says of itself: `COLORTERM`,
    /// `TERM`, and the variables of terminals that say neither.
    pub fn detect(environment: &Environment, output: Output) -> Self {
        let text = |name| environment.get(name).and_then(OsStr::to_str).unwrap_or("");
        // `Environment` takes empty variables for unset ones, as NO_COLOR demands.
        if environment.get("NO_COLOR").is_some() {
            return Self::Monochrome;
        }
        let forced = environment
            .get("CLICOLOR_FORCE")
            .is_some_and(|value| value != "0");
        let term = text("TERM");
        if !forced && (output == Output::Other || text("CLICOLOR") == "0" || term == "dumb") {
            return Self::Monochrome;
        }
        if matches!(text("COLORTERM"), "truecolor" | "24bit")
            || term.ends_with("-direct")
            || term.ends_with("-truecolor")
            || environment.get("WT_SESSION").is_some()
            || matches!(
                text("TERM_PROGRAM"),
                "iTerm.app" | "WezTerm" | "ghostty" | "vscode" | "Hyper" | "rio"
            )
            || ["kitty", "alacritty", "foot", "ghostty", "wezterm"]
                .iter()
                .any(|name| term.contains(name))
        {
            return Self::TrueColor;
        }
        if term.contains("256") || text("TERM_PROGRAM") == "Apple_Terminal" {
            return Self::Ansi256;
        }
        if term.is_empty() && !forced {
            return Self::Monochrome;
        }
        Self::Ansi16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(variables: &[(&str, &str)], output: Output) -> ColorDepth {
        let environment: Environment = variables.iter().copied().collect();
        ColorDepth::detect(&environment, output)
    }

    #[test]
    fn the_terminal_says_how_many_colours_it_has() {
        for (variables, expected) in [
            (vec![], ColorDepth::Monochrome),
            (vec![("TERM", "dumb")], ColorDepth::Monochrome),
            (vec![("TERM", "linux")], ColorDepth::Ansi16),
            (vec![("TERM", "vt220")], ColorDepth::Ansi16),
            (vec![("TERM", "xterm-256color")], ColorDepth::Ansi256),
            (
                vec![("TERM", "tmux-256color"), ("COLORTERM", "truecolor")],
                ColorDepth::TrueColor,
            ),
            (vec![("TERM", "xterm-kitty")], ColorDepth::TrueColor),
            (vec![("TERM", "xterm-direct")], ColorDepth::TrueColor),
            (
                vec![("TERM", "xterm"), ("COLORTERM", "24bit")],
                ColorDepth::TrueColor,
            ),
            (
                vec![("TERM", "dumb"), ("COLORTERM", "truecolor")],
                ColorDepth::Monochrome,
            ),
        ] {
            assert_eq!(
                detected(&variables, Output::Terminal),
                expected,
                "{variables:?}"
            );
        }
    }

    #[test]
    fn what_people_ask_for_goes_first() {
        let rich = ("COLORTERM", "truecolor");
        let term = ("TERM", "xterm");
        let terminal =
            |more: &[(&str, &str)]| detected(&[&[rich, term], more].concat(), Output::Terminal);
        assert_eq!(terminal(&[]), ColorDepth::TrueColor);
        assert_eq!(terminal(&[("NO_COLOR", "1")]), ColorDepth::Monochrome);
        assert_eq!(terminal(&[("NO_COLOR", "")]), ColorDepth::TrueColor);
        assert_eq!(terminal(&[("CLICOLOR", "0")]), ColorDepth::Monochrome);
        assert_eq!(
            terminal(&[("CLICOLOR", "0"), ("CLICOLOR_FORCE", "1")]),
            ColorDepth::TrueColor
        );
        assert_eq!(
            terminal(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]),
            ColorDepth::Monochrome
        );
        assert_eq!(
            detected(&[rich, term], Output::Other),
            ColorDepth::Monochrome
        );
        assert_eq!(
            detected(&[rich, term, ("CLICOLOR_FORCE", "1")], Output::Other),
            ColorDepth::TrueColor
        );
        assert_eq!(
            detected(&[rich, term, ("CLICOLOR_FORCE", "0")], Output::Other),
            ColorDepth::Monochrome
        );
        assert_eq!(
            detected(&[("CLICOLOR_FORCE", "1")], Output::Other),
            ColorDepth::Ansi16
        );
    }
}
