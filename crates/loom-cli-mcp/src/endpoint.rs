//! From a definition to what is connected to: variables replaced, paths resolved, secrets kept.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use http::{HeaderName, HeaderValue};
use loom_cli_tools::CommandEnvironment;
use loom_common_config::Environment;
use loom_common_core::Confinement;
use url::Url;

use crate::config::{OAuthDefinition, TransportDefinition, expand};
use crate::process::Launch;

/// What is connected to.
#[derive(Debug)]
pub(crate) enum Endpoint {
    Process(Launch),
    Service(Service),
}

/// A service that talks streamable HTTP.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) url: Url,
    /// Values are marked sensitive.
    pub(crate) headers: HashMap<HeaderName, HeaderValue>,
    pub(crate) oauth: OAuthDefinition,
}

impl Endpoint {
    /// Resolves a definition. `environment` is what variables in it are replaced from,
    /// `inherited` what a process gets.
    ///
    /// # Errors
    ///
    /// What is wrong, as the end of a sentence.
    pub(crate) fn resolve(
        transport: &TransportDefinition,
        environment: &Environment,
        inherited: &CommandEnvironment,
        workspace: &Path,
    ) -> Result<Self, String> {
        let expand = |text: &str| expand(text, environment);
        match transport {
            TransportDefinition::Stdio {
                command,
                args,
                env,
                cwd,
            } => {
                let command = expand(command)?;
                let folder = match cwd {
                    Some(cwd) => workspace.join(expand(cwd)?),
                    None => workspace.to_owned(),
                };
                let mut variables: Vec<(OsString, OsString)> = inherited
                    .variables(Confinement::Free)
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect();
                for (name, value) in env {
                    variables.retain(|(known, _)| known != OsStr::new(name));
                    variables.push((name.into(), expand(value)?.into()));
                }
                Ok(Self::Process(Launch {
                    // A path is relative to the folder that the server runs in.
                    command: match command.contains('/') {
                        true => folder.join(&command).to_string_lossy().into_owned(),
                        false => command,
                    },
                    args: args
                        .iter()
                        .map(|arg| expand(arg))
                        .collect::<Result<_, _>>()?,
                    environment: variables,
                    folder,
                }))
            }
            TransportDefinition::Http {
                url,
                headers,
                oauth,
            } => {
                let text = expand(url)?;
                let url = Url::parse(&text)
                    .ok()
                    .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
                    .ok_or_else(|| format!("`{text}` is no http or https address"))?;
                let headers = headers
                    .iter()
                    .map(|(name, value)| header(name, &expand(value)?))
                    .collect::<Result<_, _>>()?;
                let oauth = OAuthDefinition {
                    client_id: oauth.client_id.as_deref().map(expand).transpose()?,
                    client_secret: oauth.client_secret.as_deref().map(expand).transpose()?,
                    ..oauth.clone()
                };
                Ok(Self::Service(Service {
                    url,
                    headers,
                    oauth,
                }))
            }
        }
    }
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let key = HeaderName::try_from(name).map_err(|_| format!("`{name}` is no header's name"))?;
    // The value is not repeated: it may be a secret.
    let mut value = HeaderValue::try_from(value.trim())
        .map_err(|_| format!("the value of the header {name} has characters that none may have"))?;
    value.set_sensitive(true);
    Ok((key, value))
}
