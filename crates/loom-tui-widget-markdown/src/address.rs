//! Where links lead, and when the reader has to see it.
//!
//! A link is text that somebody else wrote over an address that somebody else wrote. The address is
//! left out only where the terminal shows it itself (on hovering, for a hyperlink by `OSC 8`) and the
//! text does not claim to lead elsewhere.

use std::rc::Rc;

use url::Url;

/// Longer addresses are no hyperlinks: terminals drop them (VTE and iTerm2 at 2083 bytes).
const LONGEST_HYPERLINK: usize = 2083;

/// Whether the terminal knows hyperlinks by `OSC 8`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Hyperlinks {
    /// It does: an address is shown only where the text claims another one.
    Supported,
    /// It does not, or nobody knows: addresses are shown.
    #[default]
    Unsupported,
}

/// An address of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// As it is shown: with the host in ASCII, so that look-alikes of letters show.
    pub(crate) shown: String,
    /// What the terminal opens, if it may.
    pub(crate) hyperlink: Option<Rc<str>>,
    url: Option<Url>,
    written: String,
}

impl Address {
    /// Reads an address as it was written.
    pub(crate) fn new(written: &str) -> Self {
        let url = Url::parse(written)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https" | "mailto" | "file"));
        let hyperlink = url
            .as_ref()
            .map(Url::as_str)
            .filter(|url| url.len() <= LONGEST_HYPERLINK)
            .filter(|url| url.bytes().all(|byte| byte.is_ascii_graphic()))
            .map(Rc::from);
        let shown = match &url {
            Some(url) if !written.is_ascii() => url.to_string(),
            _ => written.to_owned(),
        };
        Self {
            shown,
            hyperlink,
            url,
            written: written.to_owned(),
        }
    }

    /// Whether the address is to be shown beside the text of its link.
    pub(crate) fn is_shown_beside(&self, text: &str, hyperlinks: Hyperlinks) -> bool {
        let text = text.trim();
        if self.shown.is_empty() {
            return false;
        }
        let Some(url) = &self.url else {
            return text != self.written;
        };
        if !url.username().is_empty() || url.password().is_some() {
            // `https://bank.example@elsewhere.example` reads like the former and leads to the latter.
            return true;
        }
        if text == self.shown || self.shown.strip_prefix("mailto:") == Some(text) {
            return false;
        }
        hyperlinks == Hyperlinks::Unsupported
            || self.hyperlink.is_none()
            || text
                .split_whitespace()
                .any(|word| claims_another(word, url))
    }
}

/// Whether a word names a host or a mailbox that is not the address's.
fn claims_another(word: &str, url: &Url) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/');
    if word.contains('@') && !word.contains('/') {
        return url.scheme() != "mailto" || !url.path().eq_ignore_ascii_case(word);
    }
    let claimed = if word.contains("://") {
        Url::parse(word)
    } else if word.contains('.') {
        Url::parse(&format!("https://{word}"))
    } else {
        return false;
    };
    match claimed {
        Ok(claimed) => host(&claimed) != host(url),
        Err(_) => false,
    }
}

fn host(url: &Url) -> &str {
    let host = url.host_str().unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_beside(text: &str, address: &str) -> bool {
        Address::new(address).is_shown_beside(text, Hyperlinks::Supported)
    }

    #[test]
    fn an_address_is_shown_where_the_text_claims_another() {
        assert!(!shown_beside("the manual", "https://docs.example/manual"));
        assert!(!shown_beside("https://a.example/x", "https://a.example/x"));
        assert!(!shown_beside("www.a.example", "https://a.example/x"));
        assert!(!shown_beside("see a.example.", "https://a.example/x"));
        assert!(shown_beside("github.com", "https://evil.example/"));
        assert!(shown_beside(
            "https://github.com/a",
            "https://evil.example/"
        ));
        assert!(shown_beside("раypal.com", "https://paypal.com/"));
        assert!(shown_beside(
            "sign in",
            "https://bank.example@evil.example/"
        ));
        assert!(!shown_beside("me@a.example", "mailto:me@a.example"));
        assert!(shown_beside("me@a.example", "mailto:you@a.example"));
        assert!(shown_beside("me@a.example", "https://a.example"));
    }

    #[test]
    fn an_address_is_shown_where_the_terminal_knows_no_hyperlinks() {
        let address = Address::new("https://docs.example/manual");
        assert!(address.is_shown_beside("the manual", Hyperlinks::Unsupported));
        assert!(!address.is_shown_beside("https://docs.example/manual", Hyperlinks::Unsupported));
    }

    #[test]
    fn only_harmless_schemes_are_hyperlinks() {
        let hyperlink = |address| Address::new(address).hyperlink;
        for harmless in ["http://a/", "https://a/", "mailto:a@b.example", "file:///a"] {
            assert_eq!(hyperlink(harmless).as_deref(), Some(harmless));
        }
        for other in [
            "javascript:alert(1)",
            "data:text/html,x",
            "ssh://a/",
            "src/main.rs",
            "",
        ] {
            assert_eq!(hyperlink(other), None, "{other}");
        }
        assert_eq!(hyperlink(&format!("https://a/{}", "x".repeat(3000))), None);
        assert!(shown_beside("click", "javascript:alert(1)"));
    }

    #[test]
    fn nothing_in_a_hyperlink_ends_the_sequence_that_carries_it() {
        let address = Address::new("https://a.example/\u{1b}\\x\u{7}\u{9c}\n?\u{1b}#\u{7f}");
        let hyperlink = address.hyperlink.unwrap();
        assert!(
            hyperlink.bytes().all(|byte| (0x21..0x7f).contains(&byte)),
            "{hyperlink}"
        );
    }

    #[test]
    fn hosts_of_look_alikes_are_shown_in_ascii() {
        assert_eq!(
            Address::new("https://аpple.com/").shown,
            "https://xn--pple-43d.com/"
        );
    }
}
