//! Patterns of hosts.
//!
//! `docs.rs` is that host on the port that its scheme stands for; `*.example.com` is every host below
//! `example.com`, not itself; a port can be added. Addresses are taken apart by the rules of the WHATWG
//! (crate `url`), so that `https://docs.rs@evil.example/` is a page of `evil.example`.

use std::fmt;

use url::Url;

use crate::rule::{Match, RuleErrorKind};

/// A pattern of hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostPattern {
    /// The name, in lower case, without `*.`.
    name: String,
    /// Whether it stands for the hosts below that name.
    below: bool,
    port: Option<u16>,
}

impl HostPattern {
    /// Makes the pattern of the host that an address names.
    pub(crate) fn of(address: &str) -> Option<Self> {
        let url = Url::parse(address).ok()?;
        Some(Self {
            name: name_of(&url)?,
            below: false,
            port: url.port(),
        })
    }

    pub(super) fn parse(text: &str) -> Result<Self, (usize, RuleErrorKind)> {
        let written = text.trim();
        let (below, host) = match written.strip_prefix("*.") {
            Some(host) => (true, host),
            None => (false, written),
        };
        let invalid = || (0, RuleErrorKind::Host);
        let is_host = |c: char| c.is_alphanumeric() || "-_.:[]".contains(c);
        if host.is_empty() || !host.chars().all(is_host) {
            return Err(invalid());
        }
        // Let the parser of addresses bring names, numbers and ports into their one form.
        let url = Url::parse(&format!("http://{host}/")).map_err(|_| invalid())?;
        let port = match host.rsplit_once(':') {
            Some((_, port)) if !port.ends_with(']') => Some(port.parse().map_err(|_| invalid())?),
            _ => None,
        };
        Ok(Self {
            name: name_of(&url).ok_or_else(invalid)?,
            below,
            port,
        })
    }

    /// Tells whether the address is on such a host and on its port.
    pub(crate) fn allows(&self, address: &str) -> bool {
        let Ok(url) = Url::parse(address) else {
            return false;
        };
        let port_matches = match self.port {
            Some(port) => url.port_or_known_default() == Some(port),
            None => url.port().is_none(),
        };
        port_matches && matches!(url.scheme(), "http" | "https") && self.covers(&url)
    }

    /// Tells whether the address is on such a host, whatever else it says.
    pub(crate) fn forbids(&self, address: &str) -> Match {
        match Url::parse(address) {
            Ok(url) if self.covers(&url) => match self.port {
                Some(port) if url.port_or_known_default() != Some(port) => Match::No,
                _ => Match::Yes,
            },
            Ok(url) if url.has_host() => Match::No,
            // Perhaps whoever fetches it understands it.
            _ => Match::Maybe,
        }
    }

    fn covers(&self, url: &Url) -> bool {
        let Some(name) = name_of(url) else {
            return false;
        };
        if self.below {
            name.strip_suffix(&self.name)
                .is_some_and(|rest| rest.ends_with('.'))
        } else {
            name == self.name
        }
    }
}

/// Returns the name of the host without the dot that stands for the root of names.
fn name_of(url: &Url) -> Option<String> {
    let name = url.host_str()?;
    let name = name.strip_suffix('.').unwrap_or(name);
    (!name.is_empty()).then(|| name.to_owned())
}

impl fmt::Display for HostPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.below {
            formatter.write_str("*.")?;
        }
        formatter.write_str(&self.name)?;
        match self.port {
            Some(port) => write!(formatter, ":{port}"),
            None => Ok(()),
        }
    }
}
