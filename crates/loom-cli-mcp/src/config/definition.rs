//! What a configuration file says of one server.
//!
//! The form is the one that other agents and editors read, so that a file serves all of them; what
//! only Loom knows are further keys, which the others ignore, as Loom ignores theirs.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use globset::{Glob, GlobMatcher};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What a configuration file says of one server. Variables are not replaced yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerDefinition {
    /// How it is reached.
    pub transport: TransportDefinition,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Which of its tools may be used.
    pub tools: ToolFilter,
    /// Whether what the server says of its tools (that one only reads) is believed.
    pub trust_annotations: bool,
    /// How long it may take to start; without one the general limit holds.
    pub startup_timeout: Option<Duration>,
    /// How long it may be silent during a call; without one the general limit holds.
    pub call_timeout: Option<Duration>,
}

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportDefinition {
    /// It is a program that talks over its standard input and output.
    Stdio {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Variables that it gets beside what all servers inherit.
        env: BTreeMap<String, String>,
        /// The folder that it runs in, relative to the workspace.
        cwd: Option<String>,
    },
    /// It is a service that talks streamable HTTP.
    Http {
        /// Its address.
        url: String,
        /// Headers of each request.
        headers: BTreeMap<String, String>,
        /// What is known of its login beforehand.
        oauth: OAuthDefinition,
    },
}

impl fmt::Display for TransportDefinition {
    /// Writes the command line or the address as it was configured.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdio { command, args, .. } => {
                formatter.write_str(command)?;
                args.iter().try_for_each(|arg| write!(formatter, " {arg}"))
            }
            Self::Http { url, .. } => formatter.write_str(url),
        }
    }
}

/// What is known of a server's login beforehand. Without anything the client registers itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OAuthDefinition {
    /// The id under which the client is registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The secret that goes with the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// What to ask for; by default what the server says it needs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// The port that the browser is sent back to, for a client whose registration names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_port: Option<u16>,
}

/// Which tools of a server may be used: names, or patterns with `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ToolFilter {
    /// Only these, if there are any.
    pub allow: Vec<String>,
    /// None of these.
    pub deny: Vec<String>,
}

impl ToolFilter {
    /// Tells whether the tool `name` may be used.
    pub fn admits(&self, name: &str) -> bool {
        (self.allow.is_empty() || any_matches(&self.allow, name)) && !any_matches(&self.deny, name)
    }
}

fn any_matches(patterns: &[String], name: &str) -> bool {
    patterns
        .iter()
        .filter_map(|pattern| Glob::new(pattern).ok())
        .any(|pattern: Glob| GlobMatcher::is_match(&pattern.compile_matcher(), name))
}

/// What a definition is known by: it changes when anything in the definition does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Takes the SHA-256 of a definition as it stands in a file, but for white space and the
    /// order of keys.
    pub(crate) fn of(definition: &Value) -> Self {
        let digest = Sha256::digest(canonical(definition).to_string());
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// Returns the value with the keys of all objects in order.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let ordered: BTreeMap<&String, &Value> = object.iter().collect();
            Value::Object(
                ordered
                    .into_iter()
                    .map(|(key, value)| (key.clone(), canonical(value)))
                    .collect(),
            )
        }
        Value::Array(values) => values.iter().map(canonical).collect(),
        other => other.clone(),
    }
}

impl ServerDefinition {
    /// Says line by line what is run or connected to, with what, and what it may do.
    pub(super) fn summary(&self, cover: impl Fn(&str) -> String) -> Vec<String> {
        let transport = &self.transport;
        let mut lines = Vec::new();
        match transport {
            TransportDefinition::Stdio { env, cwd, .. } => {
                lines.push(format!("runs: {}", cover(&transport.to_string())));
                lines.extend(cwd.iter().map(|cwd| format!("in the folder {cwd}")));
                let variables = env.iter().map(|(name, value)| format!("{name}={value}"));
                lines.extend(variables.map(|pair| format!("with the variable {}", cover(&pair))));
            }
            TransportDefinition::Http { headers, oauth, .. } => {
                lines.push(format!("connects to: {}", cover(&transport.to_string())));
                let headers = headers
                    .iter()
                    .map(|(name, value)| format!("{name}: {value}"));
                lines.extend(headers.map(|pair| format!("with the header {}", cover(&pair))));
                lines.extend(oauth.summary());
            }
        }
        let ToolFilter { allow, deny } = &self.tools;
        for (what, patterns) in [("offers only", allow), ("does not offer", deny)] {
            if !patterns.is_empty() {
                lines.push(format!("{what}: {}", patterns.join(", ")));
            }
        }
        if self.trust_annotations {
            lines.push("is believed which of its tools only read (trustAnnotations)".to_owned());
        }
        for (limit, what) in [
            (self.startup_timeout, "to start (startupTimeout)"),
            (self.call_timeout, "to answer (timeout)"),
        ] {
            lines.extend(limit.map(|limit| format!("has {} s {what}", limit.as_secs_f64())));
        }
        lines
    }
}

impl OAuthDefinition {
    /// Says line by line how the person would log in.
    fn summary(&self) -> impl Iterator<Item = String> {
        let reference = |secret: &String| match is_reference(secret) {
            true => format!("with the client secret {secret}"),
            false => "with a client secret".to_owned(),
        };
        let id = |id: &String| format!("logs in as the client {id}");
        let scopes = self.scopes.join(", ");
        let port = |port: u16| format!("logs in by way of the port {port}");
        [
            self.client_id.as_ref().map(id),
            self.client_secret.as_ref().map(reference),
            (!scopes.is_empty()).then(|| format!("logs in for {scopes}")),
            self.callback_port.map(port),
        ]
        .into_iter()
        .flatten()
    }
}

/// Tells whether a value is nothing but the name of a variable.
fn is_reference(value: &str) -> bool {
    let name = value
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| !name.contains([':', '$', '}']))
}

/// A definition as it is written. Other programs' keys are ignored.
#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[derive(Default)]
struct Written {
    r#type: Option<String>,
    command: Option<String>,
    args: Vec<String>,
    #[serde(deserialize_with = "texts")]
    env: BTreeMap<String, String>,
    cwd: Option<String>,
    #[serde(alias = "serverUrl", alias = "httpUrl")]
    url: Option<String>,
    #[serde(deserialize_with = "texts")]
    headers: BTreeMap<String, String>,
    oauth: OAuthDefinition,
    disabled: bool,
    tools: ToolFilter,
    trust_annotations: bool,
    #[serde(deserialize_with = "milliseconds")]
    startup_timeout: Option<Duration>,
    #[serde(deserialize_with = "milliseconds")]
    timeout: Option<Duration>,
}

/// Reads a map whose values may be written as numbers or booleans too.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let values = BTreeMap::<String, Value>::deserialize(deserializer)?;
    values
        .into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => Ok((name, text)),
            Value::Number(_) | Value::Bool(_) => Ok((name, value.to_string())),
            _ => Err(serde::de::Error::custom(format!("`{name}` must be a text"))),
        })
        .collect()
}

fn milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let milliseconds = Option::<u64>::deserialize(deserializer)?;
    Ok(milliseconds
        .filter(|&number| number > 0)
        .map(Duration::from_millis))
}

impl ServerDefinition {
    /// Makes a definition that says how a server is reached and nothing else.
    pub(super) fn of(transport: TransportDefinition) -> Self {
        Self {
            transport,
            disabled: false,
            tools: ToolFilter::default(),
            trust_annotations: false,
            startup_timeout: None,
            call_timeout: None,
        }
    }

    /// Reads a definition.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as a sentence.
    pub(crate) fn read(value: &Value) -> Result<Self, String> {
        let written: Written =
            serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
        for pattern in written.tools.allow.iter().chain(&written.tools.deny) {
            Glob::new(pattern).map_err(|error| error.to_string())?;
        }
        Ok(Self {
            disabled: written.disabled,
            tools: written.tools.clone(),
            trust_annotations: written.trust_annotations,
            startup_timeout: written.startup_timeout,
            call_timeout: written.timeout,
            transport: TransportDefinition::read(written)?,
        })
    }
}

impl TransportDefinition {
    /// Returns the same, but that nothing in it is taken for a variable.
    pub(super) fn literal(self) -> Self {
        // The variable without a name is never set, so its default stands in for it.
        let text = |text: String| text.replace("${", "${:-$}{");
        let texts = |texts: BTreeMap<String, String>| {
            let texts = texts.into_iter();
            texts.map(|(name, value)| (name, text(value))).collect()
        };
        match self {
            Self::Stdio {
                command,
                args,
                env,
                cwd,
            } => Self::Stdio {
                command: text(command),
                args: args.into_iter().map(text).collect(),
                env: texts(env),
                cwd: cwd.map(text),
            },
            Self::Http {
                url,
                headers,
                oauth,
            } => Self::Http {
                url: text(url),
                headers: texts(headers),
                oauth,
            },
        }
    }

    fn read(written: Written) -> Result<Self, String> {
        let kind = written.r#type.as_deref();
        match (kind, written.command, written.url) {
            (None | Some("stdio"), Some(command), None) if !command.trim().is_empty() => {
                Ok(Self::Stdio {
                    command,
                    args: written.args,
                    env: written.env,
                    cwd: written.cwd,
                })
            }
            (None | Some("http" | "streamable-http" | "streamableHttp"), None, Some(url)) => {
                Ok(Self::Http {
                    url,
                    headers: written.headers,
                    oauth: written.oauth,
                })
            }
            (Some("sse"), ..) => Err(
                "the transport `sse` was replaced by streamable HTTP; ask the server's makers for \
                 that address, and write \"type\": \"http\""
                    .to_owned(),
            ),
            (Some("stdio"), None, _) => Err("it has no `command`".to_owned()),
            (Some("http" | "streamable-http" | "streamableHttp"), _, None) => {
                Err("it has no `url`".to_owned())
            }
            (Some(kind), ..) if !matches!(kind, "stdio" | "http") => Err(format!(
                "`{kind}` is no transport; there are stdio and http"
            )),
            (_, Some(_), Some(_)) => Err("it has both a `command` and a `url`".to_owned()),
            _ => Err("it has neither a `command` nor a `url`".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
