//! Slash commands from files.

use std::fs;

use loom_cli_instructions::{Command, CommandSetup, Commands, Folder, Scope, Segment};
use loom_common_core::Effort;

use crate::scratch::Scratch;

fn setup(scratch: &Scratch) -> CommandSetup {
    let folder = |path: &str, scope| Folder {
        path: scratch.path(path),
        scope,
    };
    CommandSetup {
        folders: vec![
            folder("home/code/repo/.loom/commands", Scope::Project),
            folder("home/code/repo/.claude/commands", Scope::Project),
            folder("home/.config/loom/commands", Scope::User),
        ],
        workspace: scratch.repository(),
        built_in: vec!["model".to_owned(), "rewind".to_owned()],
    }
}

fn names(commands: &Commands) -> Vec<&str> {
    commands
        .iter()
        .map(|command| command.name.as_str())
        .collect()
}

#[test]
fn commands_are_named_by_their_files_and_folders() {
    let scratch = Scratch::new();
    scratch.write(".loom/commands/review.md", "Review.");
    scratch.write(".loom/commands/web/ui/button.md", "Make a button.");
    scratch.write(".claude/commands/test.md", "Test.");
    scratch.write(".claude/commands/notes.txt", "no command");
    scratch.write(".claude/commands/.hidden.md", "no command");
    scratch.write_home(".config/loom/commands/größe.md", "Measure.");
    let commands = Commands::load(&setup(&scratch), |_| true);
    assert_eq!(
        names(&commands),
        ["größe", "review", "test", "web:ui:button"]
    );
    assert_eq!(scratch.problems(commands.problems()), [""; 0]);
}

#[test]
fn a_project_s_command_allows_itself_nothing_until_it_is_trusted() {
    let scratch = Scratch::new();
    let text = "---\nallowed-tools: Bash(git:*)\n---\nCommit.";
    scratch.write(".loom/commands/commit.md", text);
    scratch.write(".loom/commands/plain.md", "Wishes for nothing.");
    scratch.write_home(".config/loom/commands/own.md", text);
    let allowed = |commands: &Commands| -> Vec<(String, Vec<String>)> {
        let commands = commands.iter().cloned();
        commands
            .map(|command| (command.name, command.allowed_tools))
            .collect()
    };
    let with = |name: &str, tools: &[&str]| {
        let tools = tools.iter().map(ToString::to_string).collect();
        (name.to_owned(), tools)
    };
    let git = ["Bash(git:*)"];

    let commands = Commands::load(&setup(&scratch), |_| false);
    let expected = [with("commit", &[]), with("own", &git), with("plain", &[])];
    assert_eq!(allowed(&commands), expected);
    let [untrusted] = commands.untrusted() else {
        panic!("{:?}", commands.untrusted());
    };
    assert_eq!(
        (untrusted.name.as_str(), &untrusted.allowed_tools[..]),
        ("commit", &git.map(str::to_owned)[..])
    );

    let commands = Commands::load(&setup(&scratch), |command| command.content == text);
    let expected = [with("commit", &git), with("own", &git), with("plain", &[])];
    assert_eq!(allowed(&commands), expected);
    assert_eq!(commands.untrusted(), []);
}

#[test]
fn a_file_says_what_its_command_is() {
    let scratch = Scratch::new();
    scratch.write(
        ".loom/commands/fix.md",
        "---\ndescription: Fix an issue: quickly\nargument-hint: [issue] [--fast]\n\
         model: claude-opus-4-5\neffort: high\nallowed-tools: Bash(git:*), Read\n---\n\n\
         Fix $1.\n\nState: !`git status`\n",
    );
    scratch.write(
        ".loom/commands/plain.md",
        "\n!`date`\n\n# Say hello\n\nto everybody",
    );
    let commands = Commands::load(&setup(&scratch), |_| true);
    let Command {
        description,
        argument_hint,
        model,
        effort,
        allowed_tools,
        scope,
        ..
    } = commands.get("fix").unwrap();
    assert_eq!(description, "Fix an issue: quickly");
    assert_eq!(argument_hint.as_deref(), Some("[issue] [--fast]"));
    assert_eq!(model.as_deref(), Some("claude-opus-4-5"));
    assert_eq!(*effort, Some(Effort::High));
    assert_eq!(allowed_tools[..], ["Bash(git:*)", "Read"]);
    assert_eq!(*scope, Scope::Project);
    assert_eq!(
        commands.get("fix").unwrap().expand("42 --fast"),
        [
            Segment::Text("Fix 42.\n\nState: ".to_owned()),
            Segment::Shell("git status".to_owned())
        ]
    );
    assert_eq!(commands.get("plain").unwrap().description, "Say hello");
}

#[test]
fn what_cannot_be_called_is_told() {
    let scratch = Scratch::new();
    scratch.write(".loom/commands/model.md", "Never.");
    scratch.write(".loom/commands/twice.md", "First.");
    scratch.write_home(".config/loom/commands/twice.md", "Second.");
    scratch.write(".loom/commands/two words.md", "Never.");
    scratch.write(
        ".loom/commands/empty.md",
        "---\ndescription: nothing\n---\n\n",
    );
    scratch.write(".loom/commands/long.md", "x".repeat(100_000));
    scratch.write(".loom/commands/eager.md", "---\neffort: enormous\n---\nGo.");
    scratch.write_home("private.md", "private");
    scratch.link(".loom/commands/leak.md", scratch.path("home/private.md"));
    fs::create_dir_all(scratch.repository().join(".claude")).unwrap();
    scratch.write(".claude/commands", "a file where a folder should be");
    let commands = Commands::load(&setup(&scratch), |_| true);
    assert_eq!(names(&commands), ["twice"]);
    assert_eq!(
        commands.get("twice").unwrap().expand(""),
        [Segment::Text("First.".to_owned())]
    );
    insta::assert_snapshot!(scratch.problems(commands.problems()).join("\n"));
}

#[test]
fn an_unknown_name_is_answered_with_those_that_come_near() {
    let scratch = Scratch::new();
    for name in ["review", "review-all", "web/button", "deploy"] {
        scratch.write(&format!(".loom/commands/{name}.md"), "Do it.");
    }
    let commands = Commands::load(&setup(&scratch), |_| true);
    assert_eq!(commands.propose("reveiw"), ["review", "review-all"]);
    assert_eq!(commands.propose("Deploi"), ["deploy"]);
    assert_eq!(commands.propose("button"), ["web:button"]);
    assert_eq!(commands.propose("rewnd"), ["rewind"]);
    assert_eq!(commands.propose("zzz"), [""; 0]);
    assert_eq!(commands.propose(""), [""; 0]);
}
