//! Logging in: from the server's refusal to stored tokens.

use std::path::Path;
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, WWW_AUTHENTICATE};
use loom_cli_tools::CommandEnvironment;
use loom_common_config::Environment;
use reqwest::StatusCode;
use rmcp::model::ProtocolVersion;
use rmcp::transport::auth::{
    AuthError, AuthorizationCallback, AuthorizationManager, AuthorizationRequest,
    AuthorizationSession,
};
use serde_json::json;
use url::Url;

use super::Credentials;
use super::redirect::Redirect;
use super::requests::Requests;
use crate::config::{OAuthDefinition, ServerEntry};
use crate::endpoint::{Endpoint, Service};
use crate::error::McpError;
use crate::http::client;
use crate::server::chain;

/// The name under which the client registers itself.
const CLIENT_NAME: &str = "Loom";

/// How long the server may take to refuse.
const PROBE_TIMEOUT: Duration = Duration::from_secs(30);

/// What a login is made with.
#[derive(Clone, Copy, Debug)]
pub struct LoginSetup<'a> {
    /// The server.
    pub server: &'a ServerEntry,
    /// What variables in its definition are replaced from.
    pub environment: &'a Environment,
    /// Loom's state folder.
    pub state_folder: &'a Path,
}

/// A login that waits for the person.
pub struct Login {
    name: String,
    session: AuthorizationSession,
    redirect: Redirect,
}

impl Login {
    /// Finds out where the person logs in, and registers the client there where that is needed.
    ///
    /// # Errors
    ///
    /// [`McpError::Login`] when the server wants no login, or none that is known here.
    pub async fn begin(setup: LoginSetup<'_>) -> Result<Self, McpError> {
        let name = setup.server.name.clone();
        begin(setup)
            .await
            .map_err(|problem| McpError::Login { name, problem })
    }

    /// Returns the address that the person opens in a browser.
    pub fn url(&self) -> &str {
        self.session.get_authorization_url()
    }

    /// Waits for the browser to come back, and returns the address that it came back to, for
    /// [`Login::finish`]. A person whose browser is on another machine can copy it from there.
    ///
    /// # Errors
    ///
    /// [`McpError::Login`] when the port that the browser comes back to cannot be listened on.
    pub async fn returned(&self) -> Result<String, McpError> {
        self.redirect
            .wait()
            .await
            .map_err(|error| self.failed(format!("the browser cannot come back: {error}")))
    }

    /// Takes the address that the browser came back to, and stores the tokens.
    ///
    /// # Errors
    ///
    /// [`McpError::Login`] when the person or the authorization server refused.
    pub async fn finish(self, returned: &str) -> Result<(), McpError> {
        if let Some(refusal) = refusal(returned) {
            return Err(self.failed(refusal));
        }
        let callback =
            AuthorizationCallback::from_redirect_url(returned.trim()).map_err(|error| {
                self.failed(format!(
                    "this is not where the browser came back to: {error}"
                ))
            })?;
        if self.redirect.state() != callback.csrf_token {
            return Err(self.failed("the answer belongs to another login".to_owned()));
        }
        self.session
            .handle_callback_with_issuer(
                &callback.code,
                &callback.csrf_token,
                callback.issuer.as_deref(),
            )
            .await
            .map_err(|error| self.failed(chain(&error)))?;
        Ok(())
    }

    fn failed(&self, problem: String) -> McpError {
        McpError::Login {
            name: self.name.clone(),
            problem,
        }
    }
}

/// Forgets the login to a server. Returns whether there was one.
///
/// # Errors
///
/// When the definition cannot be used, or the tokens cannot be removed.
pub fn logout(setup: LoginSetup<'_>) -> Result<bool, McpError> {
    let service = service(setup).map_err(|problem| McpError::Definition {
        name: setup.server.name.clone(),
        problem,
    })?;
    Credentials::new(setup.state_folder)
        .of(&service.url)
        .remove()
}

async fn begin(setup: LoginSetup<'_>) -> Result<Login, String> {
    let service = service(setup)?;
    let credentials = Credentials::new(setup.state_folder).of(&service.url);
    let challenge = challenge(&service).await?;
    let mut manager =
        AuthorizationManager::new_with_oauth_http_client(service.url.as_str(), Requests::shared()?)
            .await
            .map_err(say)?;
    let resolution = manager
        .resolve_metadata_from_challenge(challenge.as_deref())
        .await
        .map_err(say)?;
    manager.set_metadata(resolution.metadata);
    let redirect = Redirect::bind(service.oauth.callback_port)
        .await
        .map_err(|error| format!("no port for the browser to come back to: {error}"))?;

    let OAuthDefinition {
        client_id,
        client_secret,
        mut scopes,
        ..
    } = service.oauth;
    if scopes.is_empty() {
        scopes = manager.select_initial_scopes(&[]).await;
    }
    let (client_id, client_secret) = match client_id {
        Some(id) => (id, client_secret),
        None => {
            let wanted: Vec<&str> = scopes.iter().map(String::as_str).collect();
            let registered = manager
                .register_client(CLIENT_NAME, redirect.url(), &wanted)
                .await
                .map_err(|error| {
                    format!(
                        "{}; if the server's makers gave you a client id, write it into the \
                         definition as \"oauth\": {{\"clientId\": …}}",
                        chain(&error)
                    )
                })?;
            (registered.client_id, registered.client_secret)
        }
    };
    manager.set_credential_store(credentials.with_client_secret(client_secret.clone()));
    let mut request = AuthorizationRequest::new(redirect.url())
        .with_scopes(scopes)
        .with_initial_scope_selection()
        .with_preregistered_client(client_id);
    if let Some(secret) = client_secret {
        request = request.with_client_secret(secret);
    }
    let session = AuthorizationSession::new(manager, request)
        .await
        .map_err(|(_, error)| say(error))?;
    let redirect = redirect.expecting(session.get_authorization_url());
    Ok(Login {
        name: setup.server.name.clone(),
        session,
        redirect,
    })
}

/// Returns the service that a server is.
fn service(setup: LoginSetup<'_>) -> Result<Service, String> {
    let definition = setup.server.definition.as_ref().map_err(Clone::clone)?;
    let endpoint = Endpoint::resolve(
        &definition.transport,
        setup.environment,
        &CommandEnvironment::default(),
        Path::new("/"),
    )?;
    match endpoint {
        Endpoint::Service(service) => Ok(service),
        Endpoint::Process(_) => {
            Err("it is a program on this machine, which wants no login".to_owned())
        }
    }
}

/// Asks the server for something, and returns what its refusal says of the login.
async fn challenge(service: &Service) -> Result<Option<String>, String> {
    let body = json!({
        "jsonrpc": "2.0",
        "id": 0,
        "method": "initialize",
        "params": {
            "protocolVersion": ProtocolVersion::LATEST_WITH_INITIALIZE,
            "capabilities": {},
            "clientInfo": {"name": "loom", "version": loom_common_version::VERSION},
        },
    });
    let mut request = client()?
        .post(service.url.clone())
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json, text/event-stream")
        .timeout(PROBE_TIMEOUT)
        .body(body.to_string());
    for (name, value) in &service.headers {
        request = request.header(name, value);
    }
    let answer = request
        .send()
        .await
        .map_err(|error| format!("it cannot be reached: {}", chain(&error)))?;
    match answer.status() {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Ok(answer
            .headers()
            .get(WWW_AUTHENTICATE)
            .and_then(|value| value.to_str().ok())
            .map(ToOwned::to_owned)),
        status if status.is_success() => Err("it answers without a login".to_owned()),
        status => Err(format!("it answered with HTTP {status}")),
    }
}

/// Returns what an address says that the browser came back to without a login.
fn refusal(returned: &str) -> Option<String> {
    let url = Url::parse(returned.trim()).ok()?;
    let find = |wanted: &str| {
        url.query_pairs()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    let error = find("error")?;
    Some(match find("error_description") {
        Some(description) => format!("it was refused: {description} ({error})"),
        None => format!("it was refused: {error}"),
    })
}

fn say(error: AuthError) -> String {
    chain(&error)
}
