//! Logins to servers: OAuth 2.1 with PKCE, as the protocol's authorization chapter has it.
//!
//! A server that wants a login says so when it is connected to, and is then waited for in that
//! state: nothing here opens a browser by itself. [`Login`] finds the authorization
//! server, registers the client where there is no registration, sends the person there, and takes
//! the answer on a loopback port. The tokens are stored; connections take them from there, and
//! refresh them when they are due.

mod credentials;
mod login;
mod redirect;
mod requests;

use rmcp::transport::auth::{AuthClient, AuthError, AuthorizationManager, OAuthClientConfig};
use url::Url;

use crate::config::OAuthDefinition;
use crate::server::chain;

pub(crate) use credentials::{Credentials, ServerCredentials};
pub use login::{Login, LoginSetup, logout};
use requests::Requests;

/// Where a browser is sent back to is of no importance to a login that is there already.
const NO_REDIRECT: &str = "http://127.0.0.1/";

/// Makes a client for the server at `url` that uses the stored login, if there is one.
///
/// # Errors
///
/// What went wrong, as sentences.
pub(crate) async fn client(
    http: reqwest::Client,
    url: &Url,
    oauth: &OAuthDefinition,
    credentials: &ServerCredentials,
) -> Result<AuthClient<reqwest::Client>, String> {
    let failed = |error: AuthError| format!("The login cannot be used: {}.", chain(&error));
    let mut manager = manager(url, credentials).await.map_err(failed)?;
    if manager.initialize_from_store().await.map_err(failed)?
        && let Some((id, stored_secret)) = credentials.client().map_err(failed)?
        && let Some(secret) = oauth.client_secret.as_ref().or(stored_secret.as_ref())
    {
        let config = OAuthClientConfig::new(id, NO_REDIRECT).with_client_secret(secret);
        manager.configure_client(config).map_err(failed)?;
    }
    Ok(AuthClient::new(http, manager))
}

/// Makes a client for the server at `url` that knows no login.
///
/// # Errors
///
/// What went wrong, as sentences.
pub(crate) async fn client_without_login(
    http: reqwest::Client,
    url: &Url,
) -> Result<AuthClient<reqwest::Client>, String> {
    let manager =
        AuthorizationManager::new_with_oauth_http_client(url.as_str(), Requests::shared()?)
            .await
            .map_err(|error| format!("{}.", chain(&error)))?;
    Ok(AuthClient::new(http, manager))
}

async fn manager(
    url: &Url,
    credentials: &ServerCredentials,
) -> Result<AuthorizationManager, AuthError> {
    let requests = Requests::shared().map_err(AuthError::InternalError)?;
    let mut manager =
        AuthorizationManager::new_with_oauth_http_client(url.as_str(), requests).await?;
    manager.set_credential_store(credentials.clone());
    Ok(manager)
}
