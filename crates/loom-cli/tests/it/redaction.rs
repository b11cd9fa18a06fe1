//! Secrets that the program was given stay out of what it says.

use loom_testing::CommandLine;

#[test]
fn an_error_and_the_log_hold_no_secret_of_the_environment() {
    let user = CommandLine::new();
    let secret = "swordfish-0123456789";
    let output = user
        .loom(["-p", "x", "--resume", secret])
        .env("DEPLOY_TOKEN", secret)
        .env("LOOM_LOG", "trace")
        .run();
    assert_ne!(output.code, Some(0));
    assert!(!output.stderr.contains(secret), "{output}");
    assert!(
        output.stderr.contains("[REDACTED:deploy-token]"),
        "{output}"
    );
}
