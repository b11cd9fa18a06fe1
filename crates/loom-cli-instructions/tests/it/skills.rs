//! The list of skills.

use loom_cli_instructions::{Folder, Scope, Skills};

use crate::scratch::Scratch;

fn load(scratch: &Scratch) -> Skills {
    let folder = |path: &str, scope| Folder {
        path: scratch.path(path),
        scope,
    };
    let folders = [
        folder("home/code/repo/.loom/skills", Scope::Project),
        folder("home/code/repo/.claude/skills", Scope::Project),
        folder("home/.config/loom/skills", Scope::User),
    ];
    Skills::load(&folders, &scratch.repository())
}

#[test]
fn skills_are_listed_with_their_files() {
    let scratch = Scratch::new();
    scratch.write(
        ".claude/skills/pdf/SKILL.md",
        "---\nname: pdf\ndescription: >\n  Read and fill\n  PDF forms.\n---\n# Long text\n",
    );
    scratch.write_home(
        ".config/loom/skills/release/SKILL.md",
        "---\ndescription: How to release\n---\n",
    );
    scratch.write(".claude/skills/README.md", "no skill");
    let skills = load(&scratch);
    insta::assert_snapshot!(scratch.shown(&skills.text()));
    assert_eq!(scratch.problems(skills.problems()), [""; 0]);
}

#[test]
fn without_skills_there_is_no_list() {
    assert_eq!(load(&Scratch::new()).text(), "");
}

#[test]
fn what_is_no_skill_is_told() {
    let scratch = Scratch::new();
    scratch.write(".loom/skills/one/SKILL.md", "# No description");
    scratch.write(".loom/skills/two/SKILL.md", "---\ndescription: first\n---");
    scratch.write(
        ".claude/skills/two/SKILL.md",
        "---\ndescription: second\n---\n",
    );
    scratch.write(
        ".loom/skills/two/SKILL.md",
        "---\ndescription: first\n---\n",
    );
    scratch.write_home("elsewhere/SKILL.md", "---\ndescription: private\n---\n");
    scratch.link(".loom/skills/leak", scratch.path("home/elsewhere"));
    let skills = load(&scratch);
    let names: Vec<&str> = skills
        .iter()
        .map(|skill| skill.description.as_str())
        .collect();
    assert_eq!(names, ["first"]);
    insta::assert_snapshot!(scratch.problems(skills.problems()).join("\n"));
}

#[test]
fn a_long_list_is_cut_with_a_note() {
    let scratch = Scratch::new();
    for number in 0..60 {
        let description = "word ".repeat(200);
        scratch.write(
            &format!(".loom/skills/s{number:02}/SKILL.md"),
            format!("---\ndescription: {description}\n---\n"),
        );
    }
    let text = load(&scratch).text();
    assert!(text.len() < 21_000, "{}", text.len());
    assert!(text.contains("- … and "), "{text}");
}
