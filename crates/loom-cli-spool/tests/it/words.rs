//! The same work, once by `jj` and once by `loom spool` in jj's words: the result is the same.

use serde_json::Value;

use crate::scene::Scene;

/// What a repository holds, without what is made from time and randomness: for each stitch what it is
/// about, on what it stands, its files, its pins, and whether it is tangled; the pins; `@`.
fn facts(scene: &Scene) -> Vec<String> {
    let stitches = scene.json("trace -r '::'");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let name = |id: &str| {
        let stitch = stitches.iter().find(|stitch| stitch["knot_id"] == id);
        stitch.map_or_else(|| "?".to_owned(), |stitch| text(&stitch["description"]))
    };
    // The root is none of git's.
    let ids = stitches
        .iter()
        .map(|stitch| format!("{}^{{tree}}\n", text(&stitch["knot_id"])));
    let trees = scene.git_reading(
        &["cat-file", "--batch-check=%(objectname)"],
        &ids.collect::<String>(),
    );
    let tree = |line: &str| line.replace(|letter: char| !letter.is_ascii_hexdigit(), "");
    let trees = trees.lines().map(|line| match line.contains("missing") {
        true => String::new(),
        false => tree(line),
    });
    let mut facts: Vec<_> = stitches
        .iter()
        .zip(trees)
        .map(|(stitch, tree)| {
            let parents = stitch["parents"].as_array().unwrap().iter();
            let mut parents: Vec<_> = parents
                .map(|parent| name(parent.as_str().unwrap()))
                .collect();
            parents.sort();
            format!(
                "{:?} on {parents:?} pins {} shuttles {} tangled {} empty {}\n{tree}",
                text(&stitch["description"]),
                stitch["pins"],
                stitch["shuttles"],
                stitch["tangled"],
                stitch["empty"],
            )
        })
        .collect();
    facts.sort();
    facts
}

/// What is done: command lines that both understand, and files that are written.
enum Step {
    Run(&'static str),
    Write(&'static str, &'static str),
}
use Step::{Run, Write};

const WORK: &[Step] = &[
    Run("git init --colocate"),
    Write("a", "one\ntwo\nthree\n"),
    Write("b", "b\n"),
    Run("commit -m Base"),
    Write("a", "one\n2\nthree\n"),
    Run("describe -m Left"),
    Run("bookmark create left"),
    Run("new -m Right 'description(\"Base\\n\")'"),
    Write("a", "one\nzwei\nthree\n"),
    Write("c", "c\n"),
    Write("d", "d\n"),
    Run("bookmark create right"),
    Run("split -m 'Only c' c"),
    Run("rebase -b @ -d left"),
    Run("resolve --tool :theirs a"),
    Run("new left right -m Merge"),
    Write("e", "e\n"),
    Run("squash --from @ --into right -u -k e"),
    Run("duplicate 'description(\"Only c\\n\")' -d 'description(\"Merge\\n\")'"),
    Run("new 'description(\"Base\\n\")' -m Aside"),
    Write("b", "bb\n"),
    Run("restore --from left a"),
    Run("commit -m 'Aside, done' b"),
    Run("bookmark set aside -r @-"),
    Run("bookmark move left --to 'description(\"Base\\n\")' --allow-backwards"),
    Run("bookmark rename aside beside"),
    Run("abandon 'description(\"Base\\n\")'"),
    Run("undo"),
    Run("rebase -r 'description(\"Only c\\n\") & ::right' -A 'description(\"Base\\n\")'"),
    Run("new --before beside --no-edit -m Below"),
    Run("edit beside"),
    Write("f", "f\n"),
    Run("diff --summary"),
    Run("bookmark delete left"),
    Run("restore --changes-in right"),
    Run("op restore @-"),
];

#[test]
fn the_same_work_has_the_same_result() {
    let (loom, jj) = (Scene::new(), Scene::new());
    for step in WORK {
        match step {
            Write(path, text) => {
                loom.write(path, text);
                jj.write(path, text);
            }
            Run(line) => {
                loom.spool(line).ok();
                let words = shlex::split(line).unwrap();
                let words: Vec<_> = words.iter().map(String::as_str).collect();
                jj.jj(&words);
                if !line.starts_with("git init") {
                    assert_eq!(facts(&loom), facts(&jj), "after `{line}`");
                }
            }
        }
    }
}
