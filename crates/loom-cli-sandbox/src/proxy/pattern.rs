//! Patterns for hosts.

use std::fmt;
use std::str::FromStr;

use crate::SandboxError;

/// A host, or all hosts below a domain, optionally with a port: `example.com`, `*.example.com`,
/// `example.com:8443`.
///
/// Without a port it is about the ports of HTTP and HTTPS, 80 and 443. `*.example.com` does not
/// match `example.com` itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPattern {
    /// The name, lowercase, without the `*.`.
    name: String,
    /// Whether it stands for the hosts below the name.
    is_below: bool,
    port: Option<u16>,
}

impl HostPattern {
    /// Tells whether a host with a port is meant.
    pub fn matches(&self, host: &str, port: u16) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let name = match self.is_below {
            false => host == self.name,
            true => host
                .strip_suffix(&self.name)
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|rest| !rest.is_empty()),
        };
        let port = match self.port {
            Some(wanted) => port == wanted,
            None => matches!(port, 80 | 443),
        };
        name && port
    }
}

impl FromStr for HostPattern {
    type Err = SandboxError;

    fn from_str(text: &str) -> Result<Self, SandboxError> {
        let wrong = |reason| SandboxError::HostPattern {
            pattern: text.to_owned(),
            reason,
        };
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => {
                let port = port.parse().map_err(|_| wrong("the port is no number"))?;
                (host, Some(port))
            }
            None => (text, None),
        };
        let (name, is_below) = match host.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (host, false),
        };
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let is_label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        if name.contains('/') {
            return Err(wrong("give the host alone, such as example.com"));
        }
        if !name.split('.').all(is_label) {
            return Err(wrong(
                "a name is letters, digits, hyphens and dots, such as *.example.com",
            ));
        }
        Ok(Self {
            name,
            is_below,
            port,
        })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_below {
            formatter.write_str("*.")?;
        }
        formatter.write_str(&self.name)?;
        match self.port {
            Some(port) => write!(formatter, ":{port}"),
            None => Ok(()),
        }
    }
}
