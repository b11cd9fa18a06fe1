use serde_json::json;

use super::*;

fn candidate(server: &str, remote: &str, description: &str) -> Candidate {
    Candidate::new(
        server,
        Arc::new(KnownTool {
            remote: remote.to_owned(),
            definition: ToolDefinition {
                name: format!("mcp__{server}__{remote}"),
                description: description.to_owned(),
                input_schema: json!({"type": "object", "properties": {"repositoryOwner": {}}}),
                access: ToolAccess::Execute,
            },
        }),
    )
}

fn candidates() -> Vec<Candidate> {
    vec![
        candidate(
            "github",
            "create_issue",
            "Opens a new issue in a repository.",
        ),
        candidate("github", "list_issues", "Lists the issues of a repository."),
        candidate("github", "mergePullRequest", "Merges changes."),
        candidate(
            "jira",
            "create_ticket",
            "Makes a ticket, which is like an issue.",
        ),
        candidate("db", "query", "Runs a statement."),
    ]
}

fn found(query: &str) -> Vec<String> {
    rank(&candidates(), query, 3)
        .iter()
        .map(|candidate| candidate.tool.remote.clone())
        .collect()
}

#[test]
fn names_count_more_than_descriptions() {
    assert_eq!(found("create issue")[0], "create_issue");
    assert_eq!(found("ticket"), ["create_ticket"]);
    assert_eq!(found("pull request"), ["mergePullRequest"]);
}

#[test]
fn a_server_s_name_and_arguments_count_too() {
    assert_eq!(found("jira")[0], "create_ticket");
    assert_eq!(found("owner").len(), 3);
    assert_eq!(found("issue jira")[0], "create_ticket");
}

#[test]
fn words_match_by_their_beginning_both_ways() {
    assert_eq!(found("merging merge"), ["mergePullRequest"]);
    assert_eq!(found("queries query"), ["query"]);
    assert_eq!(found("issues")[0], "list_issues");
}

#[test]
fn a_whole_name_is_found_first() {
    assert_eq!(found("mcp__db__query, issue")[0], "query");
    assert_eq!(found("list_issues")[0], "list_issues");
}

#[test]
fn what_matches_nothing_finds_nothing() {
    assert!(found("xylophone").is_empty());
    assert!(found("").is_empty());
}

#[test]
fn words_of_names_are_split() {
    assert_eq!(
        words("getUserByID, snake_case-x2"),
        ["get", "user", "by", "id", "snake", "case", "x2"]
    );
}
