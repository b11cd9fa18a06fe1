use super::*;

const NORMAL: DependencyKind = DependencyKind::Normal;
const DEVELOPMENT: DependencyKind = DependencyKind::Development;

fn krate(name: &str, dependencies: &[(&str, DependencyKind)]) -> Crate {
    Crate {
        name: name.to_owned(),
        dependencies: dependencies
            .iter()
            .map(|&(name, kind)| Dependency {
                name: name.to_owned(),
                kind,
            })
            .collect(),
    }
}

/// The messages for one crate with one dependency.
fn messages(from: &str, to: &str, kind: DependencyKind) -> Vec<String> {
    violations(&[krate(from, &[(to, kind)]), krate(to, &[])])
        .iter()
        .map(Violation::to_string)
        .collect()
}

#[test]
fn edges_down_and_within_a_row_are_allowed() {
    let crates = [
        krate(
            "loom-cli",
            &[
                ("loom-cli-tools", NORMAL),
                ("loom-tui-app", NORMAL),
                ("loom-server-llm-proxy", NORMAL),
                ("loom-common-core", NORMAL),
                ("loom-testing", DEVELOPMENT),
            ],
        ),
        krate(
            "loom-cli-session",
            &[("loom-cli-tools", NORMAL), ("loom-cli-config", NORMAL)],
        ),
        krate("loom-cli-wgtunnel", &[("loom-wgtunnel-engine", NORMAL)]),
        krate("loom-server", &[("loom-server-api", NORMAL)]),
        krate(
            "loom-server-api",
            &[("loom-server-auth", NORMAL), ("loom-flags-core", NORMAL)],
        ),
        krate("loom-server-auth", &[("loom-server-db", NORMAL)]),
        krate(
            "loom-tui-app",
            &[("loom-tui-widget-modal", NORMAL), ("loom-tui-core", NORMAL)],
        ),
        krate(
            "loom-flags",
            &[("loom-flags-core", NORMAL), ("loom-common-http", NORMAL)],
        ),
        krate(
            "loom-testing",
            &[("loom-server", NORMAL), ("loom-cli", NORMAL)],
        ),
        krate("loom-common-core", &[("loom-testing", DEVELOPMENT)]),
    ];
    assert_eq!(violations(&crates), []);
}

#[test]
fn edge_to_a_higher_row_is_upwards() {
    assert_eq!(
        messages("loom-server-db", "loom-server-auth", NORMAL),
        [
            "loom-server-db [row 3, foundations of a column, server] depends on \
          loom-server-auth [row 4, features, server]: that goes up the layers\n  \
          fix: move what loom-server-db needs into a crate of its own row or below, \
          or let loom-server-auth hand it in"
        ]
    );
}

#[test]
fn edge_to_another_column_is_sideways() {
    assert_eq!(
        messages("loom-cli-tools", "loom-server-db", NORMAL),
        ["loom-cli-tools [row 4, features, CLI] depends on \
          loom-server-db [row 3, foundations of a column, server]: \
          that goes sideways between the columns\n  \
          fix: move what both need into a crate without a column (rows 0 to 2), \
          or talk to the server through its API"]
    );
}

#[test]
fn program_of_the_cli_must_not_contain_the_server() {
    let messages = messages("loom-cli", "loom-server-api", NORMAL);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(
        messages[0].contains("loom-cli [row 6, programs, CLI and TUI]"),
        "{messages:?}"
    );
    assert!(messages[0].contains("sideways"), "{messages:?}");
}

#[test]
fn crate_without_a_column_must_not_bring_one_in() {
    let messages = messages("loom-weaver-secrets", "loom-server-db", NORMAL);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].contains("sideways"), "{messages:?}");
}

#[test]
fn dependency_of_tests_obeys_the_layers() {
    let messages = messages("loom-common-thread", "loom-analytics", DEVELOPMENT);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(
        messages[0].contains("(in tests): that goes up the layers"),
        "{messages:?}"
    );
}

#[test]
fn dependency_of_a_build_script_obeys_the_layers() {
    let messages = messages("loom-common-i18n", "loom-jobs", DependencyKind::Build);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(
        messages[0].contains("(in its build script): that goes up"),
        "{messages:?}"
    );
}

#[test]
fn test_support_is_for_tests_only() {
    for kind in [NORMAL, DependencyKind::Build] {
        let messages = messages("loom-cli", "loom-testing", kind);
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert!(
            messages[0].ends_with(
                "no product crate contains test support\n  \
                 fix: list it in [dev-dependencies] of loom-cli"
            ),
            "{messages:?}"
        );
    }
}

#[test]
fn unknown_crate_is_reported_once() {
    let crates = [
        krate("loom-surprise", &[("loom-common-core", NORMAL)]),
        krate("loom-cli", &[("loom-surprise", NORMAL)]),
        krate("loom-common-core", &[]),
    ];
    assert_eq!(
        violations(&crates),
        [Violation::Unknown {
            name: "loom-surprise".to_owned()
        }]
    );
    assert_eq!(
        violations(&crates)[0].to_string(),
        "loom-surprise has no place in the layers\n  fix: add it to RULES in \
         xtask/src/check_layers/table.rs, in the lowest row that can hold it"
    );
}

#[test]
fn crate_that_matches_two_patterns_must_be_named() {
    assert_eq!(
        violations(&[krate("loom-server-core", &[])]),
        [Violation::Ambiguous {
            name: "loom-server-core".to_owned(),
            patterns: vec!["loom-server-*", "loom-*-core"],
        }]
    );
}

#[test]
fn every_violation_is_reported() {
    let crates = [
        krate(
            "loom-cli",
            &[("loom-testing", NORMAL), ("loom-server-db", NORMAL)],
        ),
        krate("loom-server-db", &[("loom-server", NORMAL)]),
    ];
    assert_eq!(violations(&crates).len(), 3);
}

#[test]
fn graph_is_read_from_metadata() {
    let crates = workspace_crates(&Workspace::load().unwrap().metadata);
    let server = crates
        .iter()
        .find(|krate| krate.name == "loom-server")
        .unwrap();
    assert!(
        server
            .dependencies
            .iter()
            .any(|edge| edge.name == "loom-server-api" && edge.kind == NORMAL)
    );
    assert!(!server.dependencies.iter().any(|edge| edge.name == "tokio"));
}
