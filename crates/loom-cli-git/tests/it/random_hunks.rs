//! Random changes of a person and an agent in one file, side by side.
//!
//! Which lines the commit, the index and the working tree must have can be said from outside: the commit has the
//! agent's, the index the staged ones and the agent's, the working tree all.

use std::collections::BTreeMap;

use loom_testing::Repository as Scratch;
use proptest::prelude::*;

use crate::committing::{commit, seen, step};

const PLACES: usize = 7;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Whose {
    Nobody,
    Agent,
    Staged,
    Unstaged,
}

/// What is done to the line at a place, by whom.
#[derive(Clone, Debug)]
struct Edit {
    whose: Whose,
    /// None deletes the line.
    line: Option<String>,
}

fn edit() -> impl Strategy<Value = Edit> {
    let whose = prop_oneof![
        Just(Whose::Nobody),
        Just(Whose::Agent),
        Just(Whose::Staged),
        Just(Whose::Unstaged),
    ];
    let line = prop::option::of("[a-z]{1,4}(\n[a-z]{1,4})?");
    (whose, line).prop_map(|(whose, line)| Edit { whose, line })
}

/// The file with the edits of these. Between two places there are lines that nobody changes.
fn text(edits: &[Edit], of: &[Whose]) -> String {
    let place = |(place, edit): (usize, &Edit)| {
        let usual = Some(format!("line {place}"));
        let line = if of.contains(&edit.whose) {
            &edit.line
        } else {
            &usual
        };
        let line = line.as_ref().map(|line| format!("{line}\n"));
        format!(
            "begin {place}\n\n{}\nend {place}\n",
            line.unwrap_or_default()
        )
    };
    edits.iter().enumerate().map(place).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn each_line_is_where_it_belongs(edits in prop::collection::vec(edit(), PLACES)) {
        use Whose::{Agent, Staged, Unstaged};
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let scratch = Scratch::new().file("a", text(&edits, &[])).commit("Start");
            scratch.write("a", text(&edits, &[Staged]));
            scratch.git(&["add", "a"]);
            let without = text(&edits, &[Staged, Unstaged]);
            let with = text(&edits, &[Staged, Unstaged, Agent]);
            scratch.write("a", &with);
            if without == with {
                return Ok(());
            }
            let committed = commit(&scratch, vec![step("a", Some(&without), Some(&with))]).await;
            prop_assert_eq!(committed.left_out, vec![]);
            let found: BTreeMap<&str, String> = [
                ("commit", scratch.git(&["show", "HEAD:a"])),
                ("index", scratch.git(&["show", ":a"])),
                ("tree", scratch.read("a").trim_end().to_owned()),
            ].into();
            let expected: BTreeMap<&str, String> = [
                ("commit", text(&edits, &[Agent])),
                ("index", text(&edits, &[Staged, Agent])),
                ("tree", with),
            ].map(|(place, text)| (place, text.trim_end().to_owned())).into();
            prop_assert_eq!(found, expected);
            let has = |whose| edits.iter().enumerate().any(|(place, edit)| {
                edit.whose == whose && edit.line != Some(format!("line {place}"))
            });
            let letter = |whose, letter| if has(whose) { letter } else { ' ' };
            let status = format!("{}{} a", letter(Staged, 'M'), letter(Unstaged, 'M'));
            let status = if status == "   a" { "" } else { &status };
            prop_assert_eq!(&seen(&scratch)[0], status);
            Ok(())
        })?;
    }
}
