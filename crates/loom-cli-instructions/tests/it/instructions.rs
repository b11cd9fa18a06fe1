//! Which instruction files hold, in which order, and what becomes of those that should not.

use std::fs;

use loom_cli_instructions::{
    InstructionSetup, Instructions, MAX_FILE_BYTES, MAX_IMPORT_DEPTH, MAX_TOTAL_BYTES,
};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use loom_common_core::ReadFilter;

use crate::scratch::Scratch;

fn setup(scratch: &Scratch, workspace: &str) -> InstructionSetup {
    InstructionSetup {
        workspace: scratch.path(workspace),
        home: Some(scratch.home()),
        user_folder: Some(scratch.path("home/.config/loom")),
        readable: ReadFilter::new(|path| !path.ends_with(".env")),
    }
}

fn load(scratch: &Scratch) -> Instructions {
    Instructions::load(&setup(scratch, "home/code/repo"))
}

/// Returns the files of the text, without the folder that the test happens to run in.
fn files(scratch: &Scratch, instructions: &Instructions) -> Vec<String> {
    let files = instructions.files().iter();
    files
        .map(|file| scratch.shown(&file.to_string_lossy()))
        .collect()
}

#[test]
fn files_are_read_from_the_outermost_to_the_nearest() {
    let scratch = Scratch::new();
    scratch.write_home(".config/loom/AGENTS.md", "Everywhere: be brief.\n");
    scratch.write_home("code/AGENTS.md", "In my code: use jj.\n");
    scratch.write("AGENTS.md", "In this repository: run make.\r\nTwice.\r\n");
    scratch.write("part/AGENTS.md", "\u{feff}In this part: run make part.\n\n");
    // Neither of these holds: one is nobody's folder, one is the home folder, one is elsewhere.
    fs::write(scratch.path("AGENTS.md"), "no").unwrap();
    scratch.write_home("AGENTS.md", "no");
    scratch.write("other/AGENTS.md", "no");
    let instructions = Instructions::load(&setup(&scratch, "home/code/repo/part"));
    insta::assert_snapshot!(scratch.shown(instructions.text()));
    assert_eq!(scratch.problems(instructions.problems()), [""; 0]);
    let again = Instructions::load(&setup(&scratch, "home/code/repo/part"));
    assert_eq!(again.text(), instructions.text());
}

#[test]
fn without_files_there_is_no_text() {
    let instructions = load(&Scratch::new());
    assert_eq!(instructions.text(), "");
    assert_eq!(instructions.nested_text(), "");
}

#[test]
fn claude_md_holds_where_there_is_no_agents_md() {
    let scratch = Scratch::new();
    scratch.write_home("code/CLAUDE.md", "a");
    scratch.write("AGENTS.md", "b");
    scratch.write("CLAUDE.md", "c");
    assert_eq!(
        files(&scratch, &load(&scratch)),
        ["/home/code/CLAUDE.md", "/home/code/repo/AGENTS.md"]
    );
}

#[test]
fn outside_of_the_home_folder_the_project_alone_holds() {
    let scratch = Scratch::new();
    for (name, text) in [
        ("AGENTS.md", "a"),
        ("srv/AGENTS.md", "b"),
        ("srv/repo/AGENTS.md", "c"),
    ] {
        fs::create_dir_all(scratch.path("srv/repo")).unwrap();
        fs::write(scratch.path(name), text).unwrap();
    }
    let of = |workspace: &str| files(&scratch, &Instructions::load(&setup(&scratch, workspace)));
    assert_eq!(of("srv/repo"), ["/srv/repo/AGENTS.md"]);
    fs::create_dir(scratch.path("srv/.git")).unwrap();
    assert_eq!(of("srv/repo"), ["/srv/AGENTS.md", "/srv/repo/AGENTS.md"]);
}

#[test]
fn a_repository_of_the_home_folder_is_no_project() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("home/.git")).unwrap();
    scratch.write_home("secret.md", "private");
    scratch.write_home("download/AGENTS.md", "@../secret.md");
    let instructions = Instructions::load(&setup(&scratch, "home/download"));
    assert!(
        !instructions.text().contains("private"),
        "{}",
        instructions.text()
    );
}

#[test]
fn imports_follow_the_file_that_they_stand_in() {
    let scratch = Scratch::new();
    scratch.write(
        "AGENTS.md",
        "See @docs/style.md and @docs/missing.md, `@docs/code.md`; ask @maria about @types/node.",
    );
    scratch.write("docs/style.md", "Style. Then @test.md.");
    scratch.write(
        "docs/test.md",
        "Tests. Back to @style.md and @../AGENTS.md.",
    );
    scratch.write("docs/code.md", "no");
    let instructions = load(&scratch);
    insta::assert_snapshot!(scratch.shown(instructions.text()));
    assert_eq!(
        scratch.problems(instructions.problems()),
        ["/home/code/repo/docs/missing.md does not exist"]
    );
}

#[test]
fn imports_end_at_their_depth() {
    let scratch = Scratch::new();
    scratch.write("AGENTS.md", "@1.md");
    for depth in 1..=MAX_IMPORT_DEPTH + 2 {
        scratch.write(&format!("{depth}.md"), format!("@{}.md", depth + 1));
    }
    let instructions = load(&scratch);
    assert_eq!(instructions.files().len(), 1 + MAX_IMPORT_DEPTH);
    assert_eq!(
        scratch.problems(instructions.problems()),
        ["/home/code/repo/6.md was left out: imports lead through 5 files at most"]
    );
}

#[test]
fn what_a_project_brings_along_stays_inside_of_it() {
    let scratch = Scratch::new();
    scratch.write_home(".ssh/id", "private");
    scratch.write_home("code/other.md", "private");
    scratch.write(
        "AGENTS.md",
        "@~/.ssh/id @../other.md @docs/key @/etc/hostname @self/a.md",
    );
    scratch.link("docs/key", scratch.path("home/.ssh/id"));
    scratch.link("self", ".");
    scratch.write("a.md", "inside");
    let instructions = load(&scratch);
    assert!(
        !instructions.text().contains("private"),
        "{}",
        instructions.text()
    );
    assert!(instructions.text().contains("inside"));
    insta::assert_snapshot!(scratch.problems(instructions.problems()).join("\n"));
}

#[test]
fn a_link_out_of_the_project_is_no_instruction_file() {
    let scratch = Scratch::new();
    scratch.write_home("notes.md", "private");
    scratch.link("AGENTS.md", scratch.path("home/notes.md"));
    let instructions = load(&scratch);
    assert_eq!(instructions.text(), "");
    assert_eq!(
        scratch.problems(instructions.problems()),
        [
            "/home/code/repo/AGENTS.md leads out of /home/code/repo, and what a project brings along \
          stays inside"
        ]
    );
}

#[test]
fn a_link_within_the_project_is_read_once() {
    let scratch = Scratch::new();
    scratch.write("CLAUDE.md", "text");
    scratch.link("AGENTS.md", "CLAUDE.md");
    scratch.write("part/x.rs", "");
    scratch.link("part/AGENTS.md", "../CLAUDE.md");
    let instructions = load(&scratch);
    assert_eq!(instructions.text().matches("text").count(), 1);
    assert!(
        instructions
            .for_path(&scratch.repository().join("part/x.rs"))
            .is_none()
    );
}

#[test]
fn the_person_s_own_files_may_import_from_anywhere() {
    let scratch = Scratch::new();
    scratch.write_home(".config/loom/AGENTS.md", "@~/notes.md");
    scratch.write_home("notes.md", "mine");
    assert!(load(&scratch).text().contains("mine"));
}

#[test]
fn what_is_too_long_is_cut_with_a_note_and_the_nearest_goes_first() {
    let scratch = Scratch::new();
    let line = "0123456789abcdef 0123456789abcdef\n";
    let long = line.repeat(MAX_FILE_BYTES / line.len() + 10);
    scratch.write_home("code/AGENTS.md", &long);
    scratch.write_home(".config/loom/AGENTS.md", &long);
    scratch.write("AGENTS.md", &long);
    scratch.write("part/AGENTS.md", format!("nearest\n{long}"));
    let instructions = Instructions::load(&setup(&scratch, "home/code/repo/part"));
    assert!(instructions.text().len() < MAX_TOTAL_BYTES + 2000);
    assert!(instructions.text().contains("nearest"));
    insta::assert_snapshot!(scratch.problems(instructions.problems()).join("\n"));
    let note = "more bytes are left out here; read the file when you need them)\n</file>";
    assert_eq!(instructions.text().matches(note).count(), 3);
}

#[test]
fn what_is_no_text_is_told_and_stops_nothing() {
    let scratch = Scratch::new();
    scratch.write_home(".config/loom/AGENTS.md", b"caf\xe9\n");
    fs::create_dir(scratch.path("home/code/AGENTS.md")).unwrap();
    let pipe = scratch.repository().join("AGENTS.md");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
    scratch.write("part/AGENTS.md", b"GIF89a\0\0");
    let instructions = Instructions::load(&setup(&scratch, "home/code/repo/part"));
    assert!(instructions.text().contains("caf\u{fffd}"));
    insta::assert_snapshot!(scratch.problems(instructions.problems()).join("\n"));
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let scratch = Scratch::new();
    // A loop of links cannot be read by anybody, not even by root.
    scratch.link("CLAUDE.md", "CLAUDE.md");
    assert_eq!(
        scratch.problems(load(&scratch).problems()),
        ["cannot read /home/code/repo/CLAUDE.md: Too many levels of symbolic links (os error 40)"]
    );
}

#[test]
fn files_of_a_folder_are_given_once_when_the_agent_comes_there() {
    let scratch = Scratch::new();
    scratch.write("AGENTS.md", "whole");
    scratch.write("a/AGENTS.md", "of a, see @more.md");
    scratch.write("a/more.md", "more");
    scratch.write("a/b/c/CLAUDE.md", "of c");
    scratch.write("a/b/c/x.rs", "");
    let instructions = load(&scratch);
    let given = |name: &str| {
        let given = instructions.for_path(&scratch.repository().join(name));
        given.map(|given| scratch.shown(&given.text))
    };
    assert_eq!(given("main.rs"), None);
    insta::assert_snapshot!(given("a/b/c/x.rs").unwrap());
    assert_eq!(given("a/b/c/x.rs"), None);
    assert_eq!(given("a/new.rs"), None);
    // A file that comes up later is seen, and a folder counts as itself.
    scratch.write("a/b/AGENTS.md", "of b");
    assert!(given("a/b").unwrap().contains("of b"));
    let again = instructions.nested_text();
    for text in ["of a", "\nmore", "of c", "of b"] {
        assert_eq!(again.matches(text).count(), 1, "{again}");
    }
    assert!(
        instructions
            .for_path(&scratch.path("home/code/other.rs"))
            .is_none()
    );
}

#[test]
fn folders_that_git_ignores_are_not_ours() {
    let scratch = Scratch::new();
    scratch.write(".gitignore", "node_modules/\n/build\n");
    scratch.write("app/.gitignore", "!node_modules/\n");
    for folder in [
        "node_modules/x",
        "build",
        "lib/node_modules",
        "app/node_modules",
        "src/build",
    ] {
        scratch.write(&format!("{folder}/AGENTS.md"), "text");
    }
    let instructions = load(&scratch);
    let is_given = |folder: &str| {
        let path = scratch.repository().join(folder).join("file");
        instructions.for_path(&path).is_some()
    };
    assert!(!is_given("node_modules/x"));
    assert!(!is_given("build"));
    assert!(!is_given("lib/node_modules"));
    assert!(is_given("app/node_modules"));
    assert!(is_given("src/build"));
}

#[test]
fn a_file_that_the_rules_withhold_is_not_imported() {
    let scratch = Scratch::new();
    scratch.write(".env", "PASSWORD=swordfish\n");
    scratch.write("AGENTS.md", "Mind @.env and @./link\n");
    std::os::unix::fs::symlink(".env", scratch.path("home/code/repo/link")).unwrap();
    let instructions = load(&scratch);
    assert!(!instructions.text().contains("swordfish"));
    let problems: Vec<String> = instructions
        .problems()
        .iter()
        .map(|problem| {
            problem
                .to_string()
                .replace(scratch.path("").to_str().unwrap(), "")
        })
        .collect();
    assert_eq!(
        problems,
        [
            "home/code/repo/.env is not shown to the model: the rules of permission withhold it",
            "home/code/repo/./link is not shown to the model: the rules of permission withhold it",
        ]
    );
}
