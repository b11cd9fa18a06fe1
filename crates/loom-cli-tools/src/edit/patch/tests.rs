//! Patches that fit, that do not, and that are none.

use insta::assert_snapshot;
use proptest::prelude::*;
use similar::{DiffOp, capture_diff_slices};

use super::*;

/// Reads the hunks of a patch of one file.
fn hunks(hunks: &str) -> Vec<Hunk> {
    let patch = format!("*** Begin Patch\n*** Update File: a\n{hunks}\n*** End Patch\n");
    match parse(&patch).unwrap().pop() {
        Some(Operation::Update { hunks, .. }) => hunks,
        other => panic!("{other:?}"),
    }
}

fn applied(content: &str, patch: &str) -> String {
    let patched = apply(content, &hunks(patch)).unwrap();
    assert!(patched.respaced.is_empty(), "{patched:?}");
    patched.content
}

fn respaced(content: &str, patch: &str) -> String {
    let patched = apply(content, &hunks(patch)).unwrap();
    assert_eq!(patched.respaced, [1]);
    patched.content
}

fn refused(content: &str, patch: &str) -> String {
    apply(content, &hunks(patch)).unwrap_err().join("\n")
}

#[test]
fn a_patch_is_read() {
    let patch = "Here it is:\n```\n*** Begin Patch\n*** Add File: new.txt\n+one\n\n+three\n\n\
                 *** Delete File: old.txt\n*** Update File: a b.txt\n*** Move to: c.txt\n\
                 @@ class A\n@@   def f(self):\n keep\n-old\n+new\n\n@@\n-last\n*** End of File\n\
                 *** End Patch\n```\nDone.";
    let line = |mark, text: &str| (mark, text.to_owned());
    assert_eq!(
        parse(patch).unwrap(),
        [
            Operation::Add {
                path: "new.txt".to_owned(),
                content: "one\n\nthree\n".to_owned(),
            },
            Operation::Delete {
                path: "old.txt".to_owned(),
            },
            Operation::Update {
                path: "a b.txt".to_owned(),
                to: Some("c.txt".to_owned()),
                hunks: vec![
                    Hunk {
                        line: 12,
                        scope: vec!["class A".to_owned(), "def f(self):".to_owned()],
                        lines: vec![
                            line(Mark::Kept, "keep"),
                            line(Mark::Removed, "old"),
                            line(Mark::Added, "new"),
                            line(Mark::Kept, ""),
                        ],
                        is_at_end: false,
                    },
                    Hunk {
                        line: 18,
                        scope: Vec::new(),
                        lines: vec![line(Mark::Removed, "last")],
                        is_at_end: true,
                    },
                ],
            },
        ]
    );
}

#[test]
fn what_is_no_patch_is_refused_with_the_line() {
    let within = |body: &str| format!("*** Begin Patch\n{body}\n*** End Patch");
    let patches = [
        String::new(),
        "--- a.txt\n+++ a.txt\n@@ -1 +1 @@\n-a\n+b".to_owned(),
        "*** Begin Patch\n*** Update File: a\n-x\n+y\n".to_owned(),
        within(""),
        within("*** Update File: a"),
        within("*** Update File:\n-a\n+b"),
        within("*** Update File: a\n-a\n+b\nnot marked"),
        within("*** Add File: a\n+one\ntwo"),
        within("*** Rename File: a"),
        within("-a\n+b"),
    ];
    let told: Vec<String> = patches
        .iter()
        .map(|patch| parse(patch).unwrap_err().to_string())
        .collect();
    assert_snapshot!(told.join("\n"));
}

#[test]
fn lines_are_removed_and_added_where_they_fit() {
    assert_eq!(
        applied("a\nb\nc\nd\ne\n", " b\n-c\n+C\n+CC\n d"),
        "a\nb\nC\nCC\nd\ne\n"
    );
    assert_eq!(applied("a\nb\n", "-a\n b"), "b\n");
    assert_eq!(applied("a\nb\n", " a\n+x\n b"), "a\nx\nb\n");
    assert_eq!(applied("a\n", "-a"), "");
}

#[test]
fn several_hunks_are_applied_from_top_to_bottom() {
    assert_eq!(
        applied("a\nb\nc\nd\n", "-a\n+A\n@@\n c\n-d\n+D"),
        "A\nb\nc\nD\n"
    );
}

#[test]
fn hunks_that_are_merely_not_in_order_are_applied() {
    assert_eq!(
        applied("a\nb\nc\nd\n", "-c\n+C\n@@\n-a\n+A"),
        "A\nb\nC\nd\n"
    );
}

#[test]
fn hunks_may_share_lines_that_stay() {
    assert_eq!(
        applied("a\nb\nc\n", "-a\n+A\n b\n@@\n b\n-c\n+C"),
        "A\nb\nC\n"
    );
}

#[test]
fn the_neighbours_decide_where_a_hunk_fits_that_fits_twice() {
    let file = "x = 1\nfirst\nx = 1\nsecond\nx = 1\n";
    assert_eq!(
        applied(file, " first\n@@\n-x = 1\n+x = 2\n@@\n second\n+more"),
        "x = 1\nfirst\nx = 2\nsecond\nmore\nx = 1\n"
    );
    // As many as there are: in their order.
    assert_eq!(
        applied("a\nb\na\n", "-a\n+first\n@@\n-a\n+second"),
        "first\nb\nsecond\n"
    );
}

#[test]
fn a_line_after_the_marker_says_where() {
    let file = "class A:\n  def f():\n    pass\nclass B(A):\n  def f():\n    pass\n";
    let changed = "class A:\n  def f():\n    pass\nclass B(A):\n  def f():\n    return 1\n";
    for scope in [
        "@@ class B(A):",
        "@@ class B",
        "@@ class B @@",
        "@@ class B\n@@ def f():",
    ] {
        assert_eq!(
            applied(file, &format!("{scope}\n-    pass\n+    return 1")),
            changed,
            "{scope}"
        );
    }
    // The line itself may be among those of the hunk.
    assert_eq!(
        applied(
            file,
            "@@ class B(A):\n class B(A):\n   def f():\n-    pass\n+    return 1"
        ),
        changed
    );
}

#[test]
fn line_numbers_say_nothing() {
    assert_eq!(
        applied("a\nb\nc\n", "@@ -100,2 +100,2 @@ fn main()\n-b\n+B"),
        "a\nB\nc\n"
    );
}

#[test]
fn lines_can_be_added_below_a_line_at_the_end_and_in_an_empty_file() {
    assert_eq!(applied("a\nb\n", "@@ a\n+x"), "a\nx\nb\n");
    assert_eq!(applied("a\nb\n", "+x\n*** End of File"), "a\nb\nx\n");
    assert_eq!(applied("", "+x\n+y"), "x\ny\n");
}

#[test]
fn the_end_of_the_file_tells_two_places_apart() {
    assert_eq!(
        applied("a\nb\na\nb\n", " a\n-b\n+c\n*** End of File"),
        "a\nb\na\nc\n"
    );
}

#[test]
fn a_last_line_without_an_end_stays_one() {
    assert_eq!(applied("a\nb", "-b\n+B"), "a\nB");
    assert_eq!(applied("a\nb", "-b"), "a");
    assert_eq!(applied("a\nb\nc", "-b\n@@\n-c"), "a");
    assert_eq!(applied("a\nb", " b\n+c"), "a\nb\nc");
    assert_eq!(applied("a\nb", "-a\n b"), "b");
    assert_eq!(applied("a\nb", "-a\n-b"), "");
}

#[test]
fn line_ends_and_the_byte_order_mark_survive() {
    assert_eq!(
        applied("\u{feff}a\r\nb\r\nc\n", "-b\n+B\n+BB\n c"),
        "\u{feff}a\r\nB\r\nBB\r\nc\n"
    );
    // Also when some or all lines of the patch have them too.
    assert_eq!(applied("a\r\nb\r\n", "-b\r\n+B\r"), "a\r\nB\r\n");
    let patch = "*** Begin Patch\r\n*** Add File: a\r\n+b\r\n*** End Patch";
    assert_eq!(
        parse(patch).unwrap(),
        [Operation::Add {
            path: "a".to_owned(),
            content: "b\n".to_owned()
        }]
    );
}

#[test]
fn empty_lines_around_a_hunk_do_not_count() {
    assert_eq!(applied("a\nb\nc\n", "\n-b\n+B\n\n"), "a\nB\nc\n");
}

#[test]
fn white_space_that_differs_is_forgiven_and_told() {
    assert_eq!(
        respaced(
            "fn f() {\n\tif a {\n\t\tb();\n\t}\n}\n",
            " fn f() {\n     if a {\n-        b();\n+        c();\n+        if d {\n+            e();\n+        }"
        ),
        "fn f() {\n\tif a {\n\t\tc();\n\t\tif d {\n\t\t\te();\n\t\t}\n\t}\n}\n"
    );
}

#[test]
fn what_does_not_fit_is_refused_with_help() {
    let file = "fn a() {\n    one();\n}\n\nfn b() {\n    one();\n}\n\nfn c() {\n    two();\n}\n";
    let told = [
        refused(file, "-    three();\n+    four();"),
        refused(file, " fn c() {\n-    twice();\n+    two();"),
        refused(file, "-    one();\n+    eins();"),
        refused(file, "@@ fn d() {\n-    two();\n+    zwei();"),
        refused(file, "@@ fn c() {\n-    one();\n+    eins();"),
        refused(file, "-    one();\n+    eins();\n*** End of File"),
        refused(file, "+    three();"),
        refused("a\nb\n", "-a\n+A\n b\n@@\n-a\n+AA"),
        refused(file, "-no\n@@\n-neither"),
        refused("\n\n", "-x\n+y"),
    ];
    assert_snapshot!(told.join("\n\n"));
}

#[test]
fn a_place_that_only_looks_alike_is_not_taken() {
    // One more word, or a word that only begins so, is another line.
    for line in ["total = count + 1", "totals = count", "total = counter"] {
        refused(&format!("{line}\n"), "-total = count\n+total = 0");
    }
}

/// The lines of a patch that makes `new` of `old`, with this much context around each change.
fn patch_of(old: &[String], new: &[String], context: usize) -> String {
    let mut patch = String::new();
    let changes = capture_diff_slices(similar::Algorithm::Myers, old, new);
    let mut below = 0;
    for (index, change) in changes.iter().enumerate() {
        if matches!(change, DiffOp::Equal { .. }) {
            continue;
        }
        let range = change.old_range();
        // Not into the lines of the hunk before.
        let start = range.start.saturating_sub(context).max(below);
        let next = changes[index + 1..]
            .iter()
            .find(|change| !matches!(change, DiffOp::Equal { .. }))
            .map_or(old.len(), |change| change.old_range().start);
        let end = (range.end + context).min(next);
        below = end;
        patch.push_str("@@\n");
        let mut push = |mark: char, lines: &[String]| {
            for line in lines {
                patch.push_str(&format!("{mark}{line}\n"));
            }
        };
        push(' ', &old[start..range.start]);
        push('-', &old[range.clone()]);
        push('+', &new[change.new_range()]);
        push(' ', &old[range.end..end]);
        if end == old.len() {
            patch.push_str("*** End of File\n");
        }
    }
    patch
}

fn lines_of(lines: &[String], has_last_end: bool) -> String {
    let mut text = lines.join("\n");
    if has_last_end && !lines.is_empty() {
        text.push('\n');
    }
    text
}

/// Lines of a file, few enough different ones that many are the same.
fn lines() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[ab]{0,2}|\t[a-c]|  b b|ä", 0..12)
}

proptest! {
    /// The one promise: what a correct patch is applied to becomes what it was made for, or
    /// nothing happens. With a context as wide as the file it always is.
    #[test]
    fn a_patch_does_what_it_was_made_for_or_nothing(
        old in lines(),
        new in lines(),
        context in prop_oneof![Just(0_usize), Just(1), Just(3), Just(100)],
        has_last_end in any::<bool>(),
    ) {
        // A last line that is empty and has no end is no line.
        let is_file = |lines: &[String]| has_last_end || lines.last().is_none_or(|line| !line.is_empty());
        let patch = patch_of(&old, &new, context);
        if !is_file(&old) || !is_file(&new) || patch.is_empty() {
            return Ok(());
        }
        let content = lines_of(&old, has_last_end);
        let Ok(operations) = parse(&format!("*** Begin Patch\n*** Update File: a\n{patch}*** End Patch")) else {
            // Only empty lines were taken away or added.
            return Ok(());
        };
        let Some(Operation::Update { hunks, .. }) = operations.first() else {
            panic!("{operations:?}");
        };
        let wanted = lines_of(&new, has_last_end || old.is_empty());
        match apply(&content, hunks) {
            Ok(patched) => {
                prop_assert_eq!(patched.respaced, Vec::<usize>::new());
                prop_assert_eq!(patched.content, wanted);
            }
            Err(why) => prop_assert!(context < 100, "{why:?}"),
        }
    }

    /// Whatever the patch: it breaks nothing, and what it does not mention stays.
    #[test]
    fn any_hunks_are_applied_or_refused(
        content in "([a-c \t]{0,3}(\n|\r\n)){0,8}[ab]?",
        hunks in prop::collection::vec(hunk(), 1..4),
    ) {
        if let Ok(patched) = apply(&content, &hunks) {
            let text = Text::parse(&content);
            let count = |text: &str| {
                let lines = FileLines::new(text);
                isize::try_from(lines.len()).unwrap()
            };
            let change: isize = hunks
                .iter()
                .flat_map(|hunk| &hunk.lines)
                .map(|(mark, _)| match mark {
                    Mark::Kept => 0,
                    Mark::Removed => -1,
                    Mark::Added => 1,
                })
                .sum();
            let patched = Text::parse(&patched.content);
            // A last line without an end that becomes empty is none any more.
            let difference = count(patched.view()) - count(text.view()) - change;
            prop_assert!((-1..=0).contains(&difference), "{difference} lines too many");
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(?s)(\\*\\*\\* (Begin|End) Patch\n|\\*\\*\\* (Add|Update|Delete) File: a\n|@@ ?[a-c]?\n|[ +-]?[a-c\r]{0,3}\n|\\*\\*\\* End of File\n|.){0,40}") {
        let _ = parse(&text);
        let _ = parse(&format!("*** Begin Patch\n{text}\n*** End Patch"));
    }
}

fn hunk() -> impl Strategy<Value = Hunk> {
    let mark = prop_oneof![Just(Mark::Kept), Just(Mark::Removed), Just(Mark::Added)];
    (
        prop::collection::vec("[a-c]{1,2}", 0..2),
        prop::collection::vec((mark, "[a-c \t]{0,3}"), 1..5),
        any::<bool>(),
    )
        .prop_map(|(scope, lines, is_at_end)| Hunk {
            line: 1,
            scope,
            lines,
            is_at_end,
        })
}
