//! Which providers of models count as configured.

use loom_common_config::{Arguments, Environment};
use loom_server_config::{LlmSettings, load};

fn llm(variables: &[(&str, &str)]) -> LlmSettings {
    let home = ("HOME", "/home/ada");
    let environment: Environment = variables.iter().copied().chain([home]).collect();
    load(&environment, None, &Arguments::new())
        .unwrap()
        .value
        .llm
}

/// Whether Anthropic and OpenAI are configured.
fn configured(variables: &[(&str, &str)]) -> (bool, bool) {
    let llm = llm(variables);
    (llm.anthropic.is_configured(), llm.openai.is_configured())
}

#[test]
fn a_key_or_another_address_configures_a_provider() {
    assert_eq!(configured(&[]), (false, false));
    assert_eq!(configured(&[("ANTHROPIC_API_KEY", "k")]), (true, false));
    assert_eq!(
        configured(&[("LOOM_SERVER_ANTHROPIC_API_KEY", "k")]),
        (true, false)
    );
    assert_eq!(
        configured(&[("LOOM_SERVER_ANTHROPIC_BASE_URL", "http://localhost")]),
        (true, false)
    );
    assert_eq!(configured(&[("OPENAI_API_KEY", "k")]), (false, true));
    assert_eq!(
        configured(&[("LOOM_SERVER_OPENAI_API_KEY", "k")]),
        (false, true)
    );
    assert_eq!(
        configured(&[("LOOM_SERVER_OPENAI_BASE_URL", "http://localhost:11434/v1")]),
        (false, true)
    );
}

#[test]
fn the_providers_own_address_configures_nothing_however_it_is_spelled() {
    for address in [
        "https://API.anthropic.com:443/",
        "https://api.anthropic.com/v1",
    ] {
        let variables = [("LOOM_SERVER_ANTHROPIC_BASE_URL", address)];
        assert_eq!(configured(&variables), (false, false), "{address}");
    }
    for address in [
        "https://api.openai.com/v1/",
        "https://api.openai.com",
        "https://eu.api.openai.com/v1",
    ] {
        let variables = [("LOOM_SERVER_OPENAI_BASE_URL", address)];
        assert_eq!(configured(&variables), (false, false), "{address}");
    }
}

#[test]
fn an_address_that_only_resembles_the_providers_is_another() {
    for address in [
        "https://notapi.openai.com/v1",
        "https://api.openai.com.example.org/v1",
        "https://gateway.example.org/api.openai.com",
    ] {
        let variables = [("LOOM_SERVER_OPENAI_BASE_URL", address)];
        assert_eq!(configured(&variables), (false, true), "{address}");
    }
}

#[test]
fn looms_own_variable_wins_over_the_common_one() {
    let llm = llm(&[
        ("ANTHROPIC_API_KEY", "common"),
        ("LOOM_SERVER_ANTHROPIC_API_KEY", "own"),
        ("OPENAI_ORG_ID", "common"),
        ("LOOM_SERVER_OPENAI_ORGANIZATION", "own"),
    ]);
    assert_eq!(llm.anthropic.api_key.unwrap().expose(), "own");
    assert_eq!(llm.openai.organization.as_deref(), Some("own"));
}

#[test]
fn the_default_model_of_openai_holds_only_at_its_own_address() {
    let other = ("LOOM_SERVER_OPENAI_BASE_URL", "http://localhost:11434/v1");
    let named = ("LOOM_SERVER_OPENAI_DEFAULT_MODEL", "llama");
    let model = |variables: &[_]| {
        llm(variables)
            .openai
            .model_when_unnamed()
            .map(str::to_owned)
    };
    assert_eq!(model(&[]).as_deref(), Some("gpt-5.5"));
    let own = ("LOOM_SERVER_OPENAI_BASE_URL", "https://api.openai.com");
    assert_eq!(model(&[own]).as_deref(), Some("gpt-5.5"));
    assert_eq!(model(&[named]).as_deref(), Some("llama"));
    assert_eq!(model(&[other]), None);
    assert_eq!(model(&[other, named]).as_deref(), Some("llama"));
}
