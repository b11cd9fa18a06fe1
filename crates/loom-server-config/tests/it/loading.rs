use std::fs;

use loom_common_config::{Arguments, Environment, Error, Resolved};
use loom_server_config::{ServerConfig, load};
use tempfile::TempDir;

/// All settings as text, a line for each: key, value and kind of origin.
fn listing(resolved: &Resolved<ServerConfig>) -> String {
    let rows = resolved.rows().into_iter();
    rows.map(|row| {
        let origin = row.origin.to_string();
        let origin = origin.rsplit('/').next().unwrap_or_default();
        format!("{} = {}  # {origin}\n", row.key, row.value)
    })
    .collect()
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().copied().collect()
}

#[test]
fn nothing_set_gives_the_defaults() {
    let environment = environment(&[("HOME", "/home/ada")]);
    insta::assert_snapshot!(listing(
        &load(&environment, None, &Arguments::new()).unwrap()
    ));
}

#[test]
fn every_key_can_be_set_in_the_environment() {
    let environment = environment(&[
        ("LOOM_DATA_DIR", "/srv/loom"),
        ("LOOM_SERVER_HOST", "0.0.0.0"),
        ("LOOM_SERVER_PORT", "0"),
        ("LOOM_SERVER_SHUTDOWN_TIMEOUT_MS", "0"),
        ("LOOM_SERVER_MAX_BODY_BYTES", "1"),
        ("DATABASE_URL", "postgres://ada:hunter2@localhost/loom"),
        ("LOOM_LOG", "debug"),
        ("LOOM_LOG_FORMAT", "json"),
        ("LOOM_SERVER_LLM_CONNECT_TIMEOUT_MS", "2"),
        ("LOOM_SERVER_LLM_IDLE_TIMEOUT_MS", "3"),
        (
            "LOOM_SERVER_LLM_MODELS",
            "a context_window=1000, b input=0.5 output=2",
        ),
        ("LOOM_SERVER_ANTHROPIC_API_KEY", "hunter2"),
        ("LOOM_SERVER_ANTHROPIC_BASE_URL", "http://localhost:1"),
        ("LOOM_SERVER_ANTHROPIC_DEFAULT_MODEL", "claude"),
        ("LOOM_SERVER_ANTHROPIC_MAX_TOKENS", "4"),
        ("LOOM_SERVER_OPENAI_API_KEY", "hunter2"),
        ("LOOM_SERVER_OPENAI_BASE_URL", "http://localhost:2/v1"),
        ("LOOM_SERVER_OPENAI_DEFAULT_MODEL", "llama"),
        ("LOOM_SERVER_OPENAI_ORGANIZATION", "org"),
        ("LOOM_SERVER_SEARCH_PROVIDER", "google_cse"),
        ("LOOM_SERVER_SEARCH_TIMEOUT_MS", "5"),
        ("LOOM_SERVER_SERPER_API_KEY", "hunter2"),
        ("LOOM_SERVER_SERPER_BASE_URL", "http://localhost:3"),
        ("LOOM_SERVER_GOOGLE_CSE_API_KEY", "hunter2"),
        ("LOOM_SERVER_GOOGLE_CSE_ENGINE_ID", "engine"),
        ("LOOM_SERVER_GOOGLE_CSE_BASE_URL", "http://localhost:4"),
    ]);
    insta::assert_snapshot!(listing(
        &load(&environment, None, &Arguments::new()).unwrap()
    ));
}

#[test]
fn every_key_can_be_set_in_the_file() {
    let home = TempDir::new().unwrap();
    let folder = home.path().join(".config/loom");
    fs::create_dir_all(&folder).unwrap();
    let text = r#"
        data_dir = "/srv/loom"
        [http]
        host = "::1"
        port = 9000
        shutdown_timeout_ms = 1
        max_body_bytes = 2
        [database]
        url = "postgres://ada:hunter2@localhost/loom"
        [log]
        filter = "info,sqlx=warn"
        format = "json"
        [llm]
        connect_timeout_ms = 3
        idle_timeout_ms = 4
        models = ["a context_window=1000", "b input=0.5 output=2"]
        [llm.anthropic]
        api_key = "hunter2"
        base_url = "http://localhost:1/"
        default_model = "claude"
        max_tokens = 5
        [llm.openai]
        api_key = "hunter2"
        base_url = "http://localhost:2/v1/"
        default_model = "llama"
        organization = "org"
        [search]
        provider = "serper"
        timeout_ms = 6
        [search.serper]
        api_key = "hunter2"
        base_url = "http://localhost:3/"
        [search.google_cse]
        api_key = "hunter2"
        engine_id = "engine"
        base_url = "http://localhost:4/"
    "#;
    fs::write(folder.join("server.toml"), text).unwrap();
    let environment: Environment = [("HOME", home.path())].into_iter().collect();
    insta::assert_snapshot!(listing(
        &load(&environment, None, &Arguments::new()).unwrap()
    ));
}

#[test]
fn arguments_override_the_environment() {
    let environment = environment(&[("HOME", "/home/ada"), ("LOOM_SERVER_PORT", "1")]);
    let arguments = Arguments::new()
        .with("--host", Some("::"))
        .with("--port", Some(0));
    let resolved = load(&environment, None, &arguments).unwrap();
    let http = &resolved.value.http;
    assert_eq!((http.host.as_str(), http.port), ("::", 0));
    assert_eq!(resolved.origin("http.port").to_string(), "argument --port");
}

#[test]
fn each_key_of_a_provider_can_come_from_a_file_of_its_own() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, "hunter2\n").unwrap();
    let read = |variable: &str| {
        let variables = [("HOME", "/home/ada"), (variable, path.to_str().unwrap())];
        let config = load(&environment(&variables), None, &Arguments::new())
            .unwrap()
            .value;
        let secrets = [
            config.llm.anthropic.api_key,
            config.llm.openai.api_key,
            config.database.url,
            config.search.serper.api_key,
            config.search.google_cse.api_key,
        ];
        secrets.map(|secret| secret.map(|secret| secret.expose().clone()))
    };
    let variables = [
        ("LOOM_SERVER_ANTHROPIC_API_KEY_FILE", 0),
        ("ANTHROPIC_API_KEY_FILE", 0),
        ("LOOM_SERVER_OPENAI_API_KEY_FILE", 1),
        ("OPENAI_API_KEY_FILE", 1),
        ("DATABASE_URL_FILE", 2),
        ("LOOM_SERVER_SERPER_API_KEY_FILE", 3),
        ("SERPER_API_KEY_FILE", 3),
        ("LOOM_SERVER_GOOGLE_CSE_API_KEY_FILE", 4),
    ];
    for (variable, place) in variables {
        let mut expected = [const { None }; 5];
        expected[place] = Some("hunter2".to_owned());
        assert_eq!(read(variable), expected, "{variable}");
    }
}

#[test]
fn the_file_is_the_argument_then_the_variable_then_the_usual_one() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, port: u16| {
        let path = folder.path().join(name);
        fs::write(&path, format!("http.port = {port}")).unwrap();
        path
    };
    fs::create_dir(folder.path().join("loom")).unwrap();
    write("loom/server.toml", 1);
    let (variable, argument) = (write("variable.toml", 2), write("argument.toml", 3));

    let dir = folder.path().to_str().unwrap();
    let usual = environment(&[("HOME", "/home/ada"), ("XDG_CONFIG_HOME", dir)]);
    let named = environment(&[
        ("HOME", "/home/ada"),
        ("XDG_CONFIG_HOME", dir),
        ("LOOM_SERVER_CONFIG", variable.to_str().unwrap()),
    ]);
    let port = |environment, file| {
        load(environment, file, &Arguments::new())
            .unwrap()
            .value
            .http
            .port
    };
    assert_eq!(port(&usual, None), 1);
    assert_eq!(port(&named, None), 2);
    assert_eq!(port(&named, Some(&argument)), 3);

    let missing = environment(&[
        ("HOME", "/home/ada"),
        ("LOOM_SERVER_CONFIG", "/no/such/file"),
    ]);
    let error = load(&missing, None, &Arguments::new()).unwrap_err();
    assert!(matches!(error, Error::ReadFile { .. }), "{error:?}");
}

#[test]
fn values_that_make_no_sense_are_refused() {
    let cases = [
        (
            "LOOM_SERVER_PORT",
            "http",
            "`http.port` must be a whole number from 0 to 65535, not \"http\"",
        ),
        (
            "LOOM_LOG_FORMAT",
            "xml",
            "`log.format` must be one of text, json, not \"xml\"",
        ),
        (
            "LOOM_SERVER_LLM_IDLE_TIMEOUT_MS",
            "0",
            "`llm.idle_timeout_ms` must be a whole number from 1, not \"0\"",
        ),
        (
            "LOOM_SERVER_OPENAI_BASE_URL",
            "api.openai.com",
            "`llm.openai.base_url` is not usable: `api.openai.com` is not an address such as https://example.com: relative URL without a base",
        ),
        (
            "LOOM_SERVER_SEARCH_PROVIDER",
            "bing",
            "`search.provider` must be one of serper, google_cse, not \"bing\"",
        ),
        (
            "LOOM_SERVER_LLM_MODELS",
            "a context_window=1000, input=1 output=2",
            "`llm.models` is not usable: `input=1 output=2` does not begin with the name of a model; write `NAME context_window=… input=… output=…`",
        ),
    ];
    for (variable, value, message) in cases {
        let environment = environment(&[("HOME", "/home/ada"), (variable, value)]);
        let error = load(&environment, None, &Arguments::new()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("environment {variable}: {message}")
        );
    }
}
