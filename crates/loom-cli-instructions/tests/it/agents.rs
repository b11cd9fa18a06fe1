//! Definitions of agents.

use std::fs;
use std::path::Path;

use loom_cli_instructions::{AgentDefinition, AgentSetup, Agents, Folder, Scope};
use loom_common_core::Effort;
use tempfile::TempDir;

/// A project and a person's folder.
struct Scene(TempDir);

impl Scene {
    fn new(files: &[(&str, &str)]) -> Self {
        let scene = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            let path = scene.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        scene
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn load(&self, is_trusted: impl Fn(&AgentDefinition) -> bool) -> Agents {
        let folder = |path: &str, scope| Folder {
            path: self.path().join(path),
            scope,
        };
        let workspace = self.path().join("project");
        fs::create_dir_all(&workspace).unwrap();
        let setup = AgentSetup {
            folders: vec![
                folder("project/.loom/agents", Scope::Project),
                folder("user/agents", Scope::User),
            ],
            workspace: workspace.canonicalize().unwrap(),
            built_in: vec!["explore".to_owned(), "general".to_owned()],
        };
        Agents::load(&setup, is_trusted)
    }
}

fn names(agents: &Agents) -> Vec<(&str, &str)> {
    let agents = agents.iter();
    agents
        .map(|agent| (agent.name.as_str(), agent.instructions.as_str()))
        .collect()
}

fn problems(agents: &Agents) -> Vec<String> {
    let problems = agents.problems().iter().map(ToString::to_string);
    problems
        .map(|problem| match problem.rsplit_once('/') {
            Some((_, end)) => end.to_owned(),
            None => problem,
        })
        .collect()
}

#[test]
fn a_definition_says_all_that_a_subagent_is_made_of() {
    let text = "---\nname: reviewer\ndescription: Reviews a change.\n  Use it at the end.\n\
                tools: Read, Grep, mcp__git__log\nmodel: small-model\neffort: high\n\
                max_model_calls: 7\n---\n\nYou review.\n";
    let scene = Scene::new(&[("user/agents/a.md", text)]);
    let agents = scene.load(|_| false);
    assert_eq!(problems(&agents), [""; 0]);
    assert_eq!(
        agents.iter().collect::<Vec<_>>(),
        [&AgentDefinition {
            name: "reviewer".to_owned(),
            description: "Reviews a change. Use it at the end.".to_owned(),
            instructions: "You review.".to_owned(),
            tools: Some(
                ["Read", "Grep", "mcp__git__log"]
                    .map(str::to_owned)
                    .to_vec()
            ),
            model: Some("small-model".to_owned()),
            effort: Some(Effort::High),
            max_model_calls: Some(7),
            scope: Scope::User,
            path: scene.path().join("user/agents/a.md"),
            content: text.to_owned(),
        }]
    );
}

#[test]
fn what_is_not_said_is_what_other_subagents_have() {
    let text = "---\ndescription: Writes tests.\nmodel: inherit\n---\nYou write tests.";
    let scene = Scene::new(&[("user/agents/tester.md", text)]);
    let agents = scene.load(|_| false);
    let agent = agents.iter().next().unwrap();
    assert_eq!(
        (
            agent.name.as_str(),
            &agent.tools,
            &agent.model,
            agent.effort,
            agent.max_model_calls
        ),
        ("tester", &None, &None, None, None)
    );
}

#[test]
fn a_project_s_definition_counts_once_it_is_trusted_and_hides_nothing_before() {
    let scene = Scene::new(&[
        (
            "project/.loom/agents/x.md",
            "---\ndescription: d\n---\nThe project's.",
        ),
        (
            "user/agents/x.md",
            "---\ndescription: d\n---\nThe person's.",
        ),
    ]);
    let agents = scene.load(|_| false);
    assert_eq!(names(&agents), [("x", "The person's.")]);
    assert_eq!(agents.untrusted().len(), 1);
    let agents = scene.load(|agent| agent.content.contains("The project's."));
    assert_eq!(names(&agents), [("x", "The project's.")]);
    assert!(agents.untrusted().is_empty());
    assert!(
        agents.problems()[0]
            .to_string()
            .contains("x.md: the agent x is that of")
    );
}

#[test]
fn a_project_s_definition_that_leads_out_of_the_project_is_refused() {
    let scene = Scene::new(&[("secret.md", "---\ndescription: d\n---\nSecret.")]);
    let folder = scene.path().join("project/.loom/agents");
    fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(scene.path().join("secret.md"), folder.join("x.md")).unwrap();
    let agents = scene.load(|_| true);
    assert_eq!(names(&agents), []);
    assert!(problems(&agents)[0].contains("what a project brings along stays inside"));
}

#[test]
fn what_is_no_definition_is_told_and_the_others_work() {
    let scene = Scene::new(&[
        ("user/agents/a.md", "No fields."),
        (
            "user/agents/b.md",
            "---\nname: general\ndescription: d\n---\nx",
        ),
        ("user/agents/c.md", "---\nname: a b\ndescription: d\n---\nx"),
        ("user/agents/d.md", "---\ndescription: d\n---\n"),
        (
            "user/agents/e.md",
            "---\ndescription: d\neffort: huge\n---\nx",
        ),
        (
            "user/agents/f.md",
            "---\ndescription: d\nmax_model_calls: many\n---\nx",
        ),
        ("user/agents/g.md", "---\ndescription: d\n---\nWorks."),
        ("user/agents/notes.txt", "no Markdown"),
    ]);
    let agents = scene.load(|_| false);
    assert_eq!(names(&agents), [("g", "Works.")]);
    let expected = [
        "a.md: it is no agent: it needs a `description` between `---` lines at its start, which says \
         when to use it",
        "b.md: it is no agent: general is a kind of subagent of Loom itself",
        "c.md: it is no agent: its name is made of letters, digits, `-` and `_`, 64 at most",
        "d.md: it is no agent: it says nothing below the `---` lines",
        "e.md: it is no agent: effort is \"huge\"; it can be low, medium or high",
        "f.md: it is no agent: max_model_calls is \"many\", and no number",
    ];
    assert_eq!(problems(&agents), expected);
}
