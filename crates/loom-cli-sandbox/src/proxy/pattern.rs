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
        if text.contains('/') {
            return Err(wrong("give the host alone, such as example.com"));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, host: &str, port: u16) -> bool {
        pattern.parse::<HostPattern>().unwrap().matches(host, port)
    }

    #[test]
    fn names_match_without_regard_to_case_and_a_last_dot() {
        assert!(matches("Example.com", "example.COM", 443));
        assert!(matches("example.com", "example.com.", 80));
        assert!(!matches("example.com", "www.example.com", 443));
        assert!(!matches("example.com", "badexample.com", 443));
        assert!(!matches("example.com", "example.com.evil.test", 443));
    }

    #[test]
    fn a_star_stands_for_hosts_below_and_not_for_the_name_itself() {
        assert!(matches("*.example.com", "a.example.com", 443));
        assert!(matches("*.example.com", "a.b.example.com", 443));
        assert!(!matches("*.example.com", "example.com", 443));
        assert!(!matches("*.example.com", ".example.com", 443));
        assert!(!matches("*.example.com", "badexample.com", 443));
    }

    #[test]
    fn without_a_port_only_those_of_http_and_https_match() {
        assert!(!matches("example.com", "example.com", 22));
        assert!(matches("example.com:22", "example.com", 22));
        assert!(!matches("example.com:22", "example.com", 443));
    }

    #[test]
    fn what_is_no_host_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "a name is letters"),
            ("*", "a name is letters"),
            ("exa mple.com", "a name is letters"),
            ("a..b", "a name is letters"),
            ("https://example.com", "give the host alone"),
            ("example.com/path", "give the host alone"),
            ("example.com:x", "the port is no number"),
            ("a.*.com", "a name is letters"),
        ] {
            let error = text.parse::<HostPattern>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
        assert_eq!(
            "*.A.b:1".parse::<HostPattern>().unwrap().to_string(),
            "*.a.b:1"
        );
    }
}
