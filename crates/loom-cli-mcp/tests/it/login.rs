//! Logins to a service, with an authorization server that checks what it is sent.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use loom_cli_mcp::{Login, LoginSetup, McpError, ServerState, logout};
use loom_common_config::Environment;
use loom_common_core::ToolStatus;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers};

use crate::scene::{Scene, within};

/// A service that wants a login, and the authorization server that gives one.
struct Service {
    server: MockServer,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Tokens that the service takes.
    valid: Vec<String>,
    issued: u32,
    /// How long tokens live that are issued from now on, in seconds.
    lifetime: u32,
    /// The challenge of the login under way.
    challenge: Option<String>,
    /// What the client is given when it registers.
    client_secret: Option<&'static str>,
    /// What was asked of the token endpoint.
    grants: Vec<String>,
    refuses_refresh: bool,
}

impl State {
    fn issue(&mut self) -> ResponseTemplate {
        self.issued += 1;
        let token = format!("token-{}", self.issued);
        self.valid = vec![token.clone()];
        ResponseTemplate::new(200).set_body_json(json!({
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self.lifetime,
            "refresh_token": format!("refresh-{}", self.issued),
        }))
    }

    fn grant(
        &mut self,
        form: &HashMap<String, String>,
        authorization: Option<&str>,
    ) -> ResponseTemplate {
        let refused =
            |error: &str| ResponseTemplate::new(400).set_body_json(json!({"error": error}));
        let grant = form["grant_type"].clone();
        self.grants.push(grant.clone());
        let has_secret = match self.client_secret {
            Some(secret) => {
                let expected =
                    base64::engine::general_purpose::STANDARD.encode(format!("loom-1:{secret}"));
                authorization == Some(&format!("Basic {expected}"))
            }
            None => form.get("client_id").is_some_and(|id| id == "loom-1"),
        };
        if !has_secret {
            return refused("invalid_client");
        }
        match grant.as_str() {
            "authorization_code" => {
                let verifier = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
                match form["code"] == "the-code" && Some(verifier) == self.challenge {
                    true => self.issue(),
                    false => refused("invalid_grant"),
                }
            }
            "refresh_token" => {
                let is_current = form["refresh_token"] == format!("refresh-{}", self.issued);
                match is_current && !self.refuses_refresh {
                    true => self.issue(),
                    false => refused("invalid_grant"),
                }
            }
            _ => refused("unsupported_grant_type"),
        }
    }
}

/// Answers the protocol to who has a token.
struct Mcp(Arc<Mutex<State>>, String);

impl Respond for Mcp {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let token = request
            .headers
            .get("authorization")
            .and_then(|value| value.to_str().unwrap().strip_prefix("Bearer "))
            .unwrap_or_default();
        if !self
            .0
            .lock()
            .unwrap()
            .valid
            .iter()
            .any(|valid| valid == token)
        {
            let metadata = format!("{}/.well-known/oauth-protected-resource/mcp", self.1);
            return ResponseTemplate::new(401).insert_header(
                "www-authenticate",
                format!("Bearer resource_metadata=\"{metadata}\", scope=\"notes:read\""),
            );
        }
        let message: Value = serde_json::from_slice(&request.body).unwrap();
        let result = match message["method"].as_str().unwrap() {
            "initialize" => json!({
                "protocolVersion": message["params"]["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "notes", "version": "1"},
            }),
            "tools/list" => {
                json!({"tools": [{"name": "whoami", "inputSchema": {"type": "object"}}]})
            }
            "tools/call" => json!({"content": [{"type": "text", "text": token}]}),
            "ping" => json!({}),
            _ => return ResponseTemplate::new(202),
        };
        ResponseTemplate::new(200)
            .set_body_json(json!({"jsonrpc": "2.0", "id": message["id"], "result": result}))
    }
}

impl Service {
    async fn start(state: State) -> Self {
        let server = MockServer::start().await;
        let state = Arc::new(Mutex::new(state));
        let uri = server.uri();
        let post =
            |path: &'static str| Mock::given(matchers::method("POST")).and(matchers::path(path));
        let get =
            |path: &'static str| Mock::given(matchers::method("GET")).and(matchers::path(path));
        let json = |value: Value| ResponseTemplate::new(200).set_body_json(value);
        post("/mcp")
            .respond_with(Mcp(Arc::clone(&state), uri.clone()))
            .mount(&server)
            .await;
        get("/mcp")
            .respond_with(ResponseTemplate::new(405))
            .mount(&server)
            .await;
        get("/.well-known/oauth-protected-resource/mcp")
            .respond_with(json(json!({
                "resource": format!("{uri}/mcp"),
                "authorization_servers": [uri],
            })))
            .mount(&server)
            .await;
        get("/.well-known/oauth-authorization-server")
            .respond_with(json(json!({
                "issuer": uri,
                "authorization_endpoint": format!("{uri}/authorize"),
                "token_endpoint": format!("{uri}/token"),
                "registration_endpoint": format!("{uri}/register"),
                "response_types_supported": ["code"],
                "code_challenge_methods_supported": ["S256"],
            })))
            .mount(&server)
            .await;
        let registered = Arc::clone(&state);
        post("/register")
            .respond_with(move |request: &Request| {
                let asked: Value = serde_json::from_slice(&request.body).unwrap();
                assert_eq!(asked["client_name"], "Loom");
                let mut answer = json!({
                    "client_id": "loom-1",
                    "redirect_uris": asked["redirect_uris"],
                });
                if let Some(secret) = registered.lock().unwrap().client_secret {
                    answer["client_secret"] = json!(secret);
                }
                ResponseTemplate::new(201).set_body_json(answer)
            })
            .mount(&server)
            .await;
        let granting = Arc::clone(&state);
        post("/token")
            .respond_with(move |request: &Request| {
                let form: HashMap<String, String> = url::form_urlencoded::parse(&request.body)
                    .into_owned()
                    .collect();
                let authorization = request.headers.get("authorization");
                let authorization = authorization.map(|value| value.to_str().unwrap());
                granting.lock().unwrap().grant(&form, authorization)
            })
            .mount(&server)
            .await;
        Self { server, state }
    }

    fn definition(&self) -> Value {
        json!({"notes": {"type": "http", "url": format!("{}/mcp", self.server.uri())}})
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

fn lasting() -> State {
    State {
        lifetime: 3600,
        ..State::default()
    }
}

async fn begin(scene: &Scene) -> Result<Login, McpError> {
    let config = scene.config();
    within(Login::begin(LoginSetup {
        server: config.server("notes").unwrap(),
        environment: &Environment::new(),
        state_folder: &scene.path("state"),
    }))
    .await
}

/// Does what a person with a browser does, and returns the address that the browser comes back to.
fn consent(service: &Service, login: &Login) -> Url {
    let url = Url::parse(login.url()).unwrap();
    let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
    assert_eq!(url.path(), "/authorize");
    assert_eq!(asked["client_id"], "loom-1");
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["scope"], "notes:read");
    assert_eq!(asked["resource"], format!("{}/mcp", service.server.uri()));
    service.state().challenge = Some(asked["code_challenge"].clone());
    let mut back = Url::parse(&asked["redirect_uri"]).unwrap();
    back.query_pairs_mut()
        .append_pair("code", "the-code")
        .append_pair("state", &asked["state"]);
    back
}

async fn log_in(scene: &Scene, service: &Service) {
    let login = begin(scene).await.unwrap();
    let back = consent(service, &login);
    let browser = tokio::spawn(async move {
        let client = loom_common_http::new_client();
        client.get(back).send().await.unwrap().status().as_u16()
    });
    let returned = within(login.returned()).await.unwrap();
    assert_eq!(browser.await.unwrap(), 200);
    within(login.finish(&returned)).await.unwrap();
}

#[tokio::test]
async fn a_service_that_wants_a_login_says_so_and_works_after_it() {
    let service = Service::start(lasting()).await;
    let scene = Scene::new();
    let session = scene.settled(&service.definition()).await;
    let status = session.status("notes");
    assert_eq!(status.state, ServerState::LoginRequired);
    assert_eq!(
        status.reason.unwrap(),
        "It wants a login: run `loom mcp login notes`."
    );

    log_in(&scene, &service).await;
    session.servers.retry("notes").unwrap();
    session.wait_for("notes", ServerState::Ready).await;
    session.update();
    let output = session.call("mcp__notes__whoami", json!({})).await;
    assert_eq!(output.text(), "token-1");
    session.shutdown().await;

    // Only the person can read the tokens.
    let folder = scene.path("state/mcp-logins");
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert!(
            mode(&path) == 0o600 || path.extension().unwrap() == "lock",
            "{path:?}"
        );
    }

    // A later session has it still; after the logout it is gone.
    let session = scene.settled(&service.definition()).await;
    assert_eq!(session.status("notes").state, ServerState::Ready);
    session.shutdown().await;
    let config = scene.config();
    let environment = Environment::new();
    let setup = LoginSetup {
        server: config.server("notes").unwrap(),
        environment: &environment,
        state_folder: &scene.path("state"),
    };
    assert!(logout(setup).unwrap());
    assert!(!logout(setup).unwrap());
    let session = scene.settled(&service.definition()).await;
    assert_eq!(session.status("notes").state, ServerState::LoginRequired);
    session.shutdown().await;
}

#[tokio::test]
async fn a_token_that_expires_is_refreshed_with_the_secret_of_the_registration() {
    let service = Service::start(State {
        client_secret: Some("s3cret"),
        // So short that it is due at once.
        lifetime: 1,
        ..State::default()
    })
    .await;
    let scene = Scene::new();
    scene.configure(&service.definition());
    log_in(&scene, &service).await;
    service.state().lifetime = 3600;
    // What is due is refreshed also when the service would still take it.
    service.state().valid.clear();
    let session = scene.settled(&service.definition()).await;
    let status = session.status("notes");
    assert_eq!(status.state, ServerState::Ready, "{status:?}");
    let output = session.call("mcp__notes__whoami", json!({})).await;
    assert_eq!(output.text(), "token-2");
    assert_eq!(
        service.state().grants,
        ["authorization_code", "refresh_token"]
    );
    session.shutdown().await;
}

#[tokio::test]
async fn a_token_that_is_revoked_is_refreshed_once_and_then_a_login_is_wanted() {
    let service = Service::start(lasting()).await;
    let scene = Scene::new();
    scene.configure(&service.definition());
    log_in(&scene, &service).await;
    let session = scene.settled(&service.definition()).await;
    service.state().valid.clear();
    let output = session.call("mcp__notes__whoami", json!({})).await;
    assert_eq!(output.text(), "token-2");

    service.state().valid.clear();
    service.state().refuses_refresh = true;
    let refused = session.call("mcp__notes__whoami", json!({})).await;
    assert_eq!(refused.status, ToolStatus::Failed);
    assert_eq!(refused.text(), "the server `notes` wants a login");
    session.wait_for("notes", ServerState::LoginRequired).await;
    session.shutdown().await;
}

#[tokio::test]
async fn an_answer_to_another_login_changes_nothing() {
    let service = Service::start(lasting()).await;
    let scene = Scene::new();
    scene.configure(&service.definition());
    let login = begin(&scene).await.unwrap();
    let back = consent(&service, &login);
    let mut forged = back.clone();
    forged.set_query(Some("code=the-code&state=forged"));
    let mut elsewhere = back.clone();
    elsewhere.set_path("/other");
    let address = (back.host_str().unwrap().to_owned(), back.port().unwrap());
    let browser = tokio::spawn(async move {
        let client = loom_common_http::new_client();
        // Browsers open connections ahead of time, and say nothing on them.
        let _silent = tokio::net::TcpStream::connect(address).await.unwrap();
        let mut statuses = Vec::new();
        for url in [forged, elsewhere, back] {
            statuses.push(client.get(url).send().await.unwrap().status().as_u16());
        }
        statuses
    });
    let returned = within(login.returned()).await.unwrap();
    assert_eq!(browser.await.unwrap(), [400, 400, 200]);
    let forged = returned.replace("state=", "state=x");
    let error = within(login.finish(&forged)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot log in to `notes`: the answer belongs to another login"
    );
    assert_eq!(service.state().issued, 0);
}

#[tokio::test]
async fn a_refusal_is_told_in_the_words_of_the_authorization_server() {
    let service = Service::start(lasting()).await;
    let scene = Scene::new();
    scene.configure(&service.definition());
    let login = begin(&scene).await.unwrap();
    let mut back = consent(&service, &login);
    let refusal = back.query().unwrap().replace(
        "code=the-code",
        "error=access_denied&error_description=Not+today",
    );
    back.set_query(Some(&refusal));
    let error = within(login.finish(back.as_str())).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot log in to `notes`: it was refused: Not today (access_denied)"
    );
}

#[tokio::test]
async fn where_there_is_no_login_to_make_the_reason_is_told() {
    let service = Service::start(lasting()).await;
    let scene = Scene::new();
    scene.configure(&service.definition());
    service.state().valid.push(String::new());
    let problem = |error: Result<Login, McpError>| match error {
        Err(error) => error.to_string(),
        Ok(_) => panic!("a login was begun"),
    };
    assert_eq!(
        problem(begin(&scene).await),
        "cannot log in to `notes`: it answers without a login"
    );
    scene.configure(&json!({"notes": {"command": "notes"}}));
    assert_eq!(
        problem(begin(&scene).await),
        "cannot log in to `notes`: it is a program on this machine, which wants no login"
    );
    scene.configure(&json!({"notes": {"url": "http://127.0.0.1:9/mcp"}}));
    let unreachable = problem(begin(&scene).await);
    assert!(
        unreachable.starts_with("cannot log in to `notes`: it cannot be reached: "),
        "{unreachable}"
    );
}

#[tokio::test]
async fn a_token_in_the_definition_is_used_instead_of_a_login() {
    let service = Service::start(lasting()).await;
    service.state().valid.push("mine".to_owned());
    let mut scene = Scene::new();
    scene
        .environment
        .push(("NOTES".to_owned(), "mine".to_owned()));
    let mut servers = service.definition();
    servers["notes"]["headers"] = json!({"Authorization": "Bearer ${NOTES}"});
    let session = scene.settled(&servers).await;
    let output = session.call("mcp__notes__whoami", json!({})).await;
    assert_eq!(output.text(), "mine");
    session.shutdown().await;
}
