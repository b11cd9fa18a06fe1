//! What a person does all day.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use loom_cli_spool::Terminal;

use crate::scene::Scene;

#[test]
fn first_steps() {
    let scene = Scene::new();
    let mut text = scene.transcript(&["wind", "tension"]);
    scene
        .write("src/parser.rs", "fn parse() {}\n")
        .write("README", "A parser.\n");
    text += &scene.transcript(&["tension", "knot -m 'Begin a parser'", "trace"]);
    scene.write(
        "src/parser.rs",
        "fn parse(text: &str) {\n    text.trim()\n}\n",
    );
    text += &scene.transcript(&[
        "compare",
        "compare --git",
        "compare --stat",
        "mark -m 'Parse a text\n\nIt is trimmed.'",
        "show",
        "show @- --no-patch",
        "stitch -m 'Try something'",
        "trace -p -s",
        "trace -G -n 1",
        "trace --count -r ::",
        "trace --reversed -r ::@",
        "edit @-",
        "trace README",
    ]);
    insta::assert_snapshot!(text);
}

#[test]
fn colours_and_names_of_terminals() {
    let mut scene = Scene::wound();
    scene.write("a", "one\n").spool("knot -m One").ok();
    scene.write("a", "two\n");
    scene.terminal = Terminal {
        output: true,
        messages: true,
        ..scene.terminal
    };
    let text = scene.transcript(&["trace", "compare", "tension", "stitch", "tension-log -n 2"]);
    insta::assert_snapshot!(text.replace('\u{1b}', "\\e"));
    for (variables, line) in [
        (&[("NO_COLOR", "1")][..], "trace"),
        (&[("TERM", "dumb")], "trace"),
        (&[], "trace --color never"),
    ] {
        let printed = scene.spool_with(line, variables).ok();
        assert!(!printed.stdout.contains('\u{1b}'), "{}", printed.stdout);
    }
    scene.terminal.output = false;
    assert!(!scene.spool("trace").ok().stdout.contains('\u{1b}'));
    assert!(
        scene
            .spool("trace --color always")
            .ok()
            .stdout
            .contains('\u{1b}')
    );
}

#[test]
fn nothing_of_a_repository_reaches_the_terminal_as_control() {
    let mut scene = Scene::wound();
    scene.terminal.output = true;
    let name = "na\u{1b}]0;pwned\u{7}me";
    scene.write(name, "con\u{1b}[2Jtent\u{9b}\u{202e}\n");
    scene.spool("knot -m 'des\u{1b}[31mcription'").ok();
    let text = scene.transcript(&[
        "trace -p -r ::",
        "show @-",
        "compare -r @- --git",
        "compare -r @- --stat",
        "tension-log",
        "trace --json -r ::",
    ]);
    // Colours of our own are all that is left.
    let mut rest = text.as_str();
    while let Some((_, after)) = rest.split_once('\u{1b}') {
        let (codes, after) = after.split_once('m').unwrap();
        assert!(
            codes.starts_with('[') && codes[1..].chars().all(|c| c.is_ascii_digit() || c == ';'),
            "{codes:?}"
        );
        rest = after;
    }
    assert!(!text.contains(['\u{7}', '\u{9b}', '\u{202e}']));

    // A patch that goes elsewhere is whole.
    scene.terminal.output = false;
    let patch = scene.spool("compare -r @- --git").ok().stdout;
    assert!(
        patch.contains("\n+con\u{1b}[2Jtent\u{9b}\u{202e}\n"),
        "{patch}"
    );
}

#[test]
fn patches_are_what_git_takes() {
    let scene = Scene::wound();
    scene
        .write("kept", "1\n2\n3\n4\n5\n6\n7\n8\n9\n")
        .write("gone", "gone\n")
        .write("odd \"name\"", "odd\n")
        .write("moved", "a longer content that is known again\nand again\n")
        .spool("knot -m Before")
        .ok();
    scene
        .write("kept", "1\ntwo\n3\n4\n5\n6\n7\n8\n9\nten")
        .write("odd \"name\"", "even\n");
    fs::remove_file(scene.folder.join("gone")).unwrap();
    fs::rename(scene.folder.join("moved"), scene.folder.join("new")).unwrap();
    fs::set_permissions(scene.folder.join("kept"), fs::Permissions::from_mode(0o755)).unwrap();
    scene.write("binary", "\0\u{1}").write("empty", "");
    let patch = scene.spool("compare --git '~binary'").ok().stdout;
    let after = scene.git(&["stash", "list"]);
    assert_eq!(after, "");
    scene.spool("knot -m After").ok();
    scene.spool("stitch @--").ok();
    fs::write(scene.home().join("patch"), &patch).unwrap();
    let file = scene.home().join("patch");
    scene.git(&["apply", file.to_str().unwrap()]);
    let difference = scene
        .spool("compare --from 'subject(After)' --to @ -s")
        .ok();
    assert_eq!(difference.stdout, "D binary\n");
}

#[test]
fn a_description_is_written_in_the_editor_that_is_set() {
    let mut scene = Scene::wound();
    scene.write("a", "1\n");
    let refused = scene.spool("knot").refused();
    assert_eq!(
        refused.to_string(),
        "there is no description, and no terminal to ask for one"
    );
    scene.terminal.interactive = true;
    let editor = scene.home().join("editor");
    fs::write(&editor, "#!/bin/sh\ngrep -q '^JJ: ' \"$1\" && printf 'From %s\\n\\nJJ: x\\n' \"$2$0\" | sed 's,/.*/,,' > \"$1\"\n").unwrap();
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).unwrap();
    let editor = editor.to_str().unwrap();
    scene.spool_with("knot", &[("EDITOR", editor)]).ok();
    scene
        .spool_with("mark", &[("VISUAL", editor), ("EDITOR", "false")])
        .ok();
    let failed = scene.spool_with("mark", &[("EDITOR", "false")]).refused();
    assert_eq!(
        failed.to_string(),
        "the editor `false` failed: it ended with exit status: 1"
    );
    let descriptions: Vec<_> = scene
        .json("trace -r 'subject(glob:\"From*\")'")
        .iter()
        .map(|stitch| stitch["description"].clone())
        .collect();
    assert_eq!(descriptions, ["From editor\n", "From editor\n"]);
}

#[test]
fn paths_are_those_of_the_current_folder() {
    let mut scene = Scene::wound();
    scene.write("src/a", "1\n").write("docs/b", "2\n");
    scene.folder = scene.folder.join("src");
    let mut text = scene.transcript(&["tension", "compare --stat", "compare --name-only a"]);
    let root = scene.folder.parent().unwrap().to_owned();
    scene.folder = scene.home().to_owned();
    text += &scene
        .transcript(&[&format!("-R {} tension", root.display())])
        .replace(&root.display().to_string(), "ROOT");
    insta::assert_snapshot!(text.replace(&scene.home().display().to_string(), "~"));
}
