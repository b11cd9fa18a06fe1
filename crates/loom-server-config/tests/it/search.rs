//! Who searches the web.

use loom_common_config::{Arguments, Environment};
use loom_server_config::{SearchProviderName, load};

fn in_use(variables: &[(&str, &str)]) -> Option<SearchProviderName> {
    let home = ("HOME", "/home/ada");
    let environment: Environment = variables.iter().copied().chain([home]).collect();
    let config = load(&environment, None, &Arguments::new()).unwrap().value;
    config.search.provider_in_use()
}

#[test]
fn the_provider_is_the_one_that_is_named_or_has_a_key() {
    use SearchProviderName::{GoogleCse, Serper};
    let serper = ("SERPER_API_KEY", "k");
    let google = ("LOOM_SERVER_GOOGLE_CSE_API_KEY", "k");
    let named = ("LOOM_SERVER_SEARCH_PROVIDER", "google_cse");
    assert_eq!(in_use(&[]), None);
    assert_eq!(in_use(&[serper]), Some(Serper));
    assert_eq!(in_use(&[google]), Some(GoogleCse));
    assert_eq!(in_use(&[serper, google]), Some(Serper));
    assert_eq!(in_use(&[serper, named]), Some(GoogleCse));
    assert_eq!(in_use(&[named]), Some(GoogleCse));
}
