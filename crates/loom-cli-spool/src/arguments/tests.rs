use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Program {
    #[command(flatten)]
    arguments: SpoolArguments,
}

fn parsed(line: &str) -> String {
    let words = std::iter::once("spool").chain(line.split_whitespace());
    match Program::try_parse_from(words) {
        Ok(program) => format!("{:?}", program.arguments),
        Err(error) => panic!("`{line}` is not understood: {error}"),
    }
}

/// Command lines in the tapestry's words, and the same in those of `jj`.
const LINES: &[(&str, &str)] = &[
    ("wind --no-colocate dir", "git init --no-colocate dir"),
    ("stitch main -m x --no-edit", "new main -m x --no-edit"),
    ("stitch -A a -B b", "new --after a --before b"),
    ("stitch a b", "new -d a -r b"),
    ("knot -m x src", "commit --message x src"),
    ("knot -m x", "ci -m x"),
    ("mark -r @- -m x", "describe -r @- -m x"),
    ("mark --stdin", "desc --stdin"),
    (
        "trace -r :: -n 3 -p --git",
        "log --revisions :: --limit 3 --patch --git",
    ),
    ("compare --from a --to b --stat", "diff -f a -t b --stat"),
    (
        "compare -r a -w -s",
        "diff --revision a --ignore-all-space --summary",
    ),
    ("tension src", "st src"),
    ("tension", "status"),
    ("rethread -s a -o b", "rebase --source a --destination b"),
    ("rethread -b a -d b", "rebase --branch a --onto b"),
    (
        "rethread -r a -A b",
        "rebase --revisions a --insert-after b",
    ),
    (
        "ply --from a --into b -u f",
        "squash -f a --to b --use-destination-message f",
    ),
    (
        "ply -r a -m x -k",
        "squash --revision a --message x --keep-emptied",
    ),
    (
        "unravel -r a f -m x -p",
        "split --revision a f --message x --parallel",
    ),
    (
        "snip a -r b --retain-pins",
        "abandon a -r b --retain-bookmarks",
    ),
    ("mend --from a --into b f", "restore -f a --to b f"),
    ("mend -c a", "restore --changes-in a"),
    ("pin create a -r b", "bookmark c a --to b"),
    ("pin set a -B", "bookmark s a --allow-backwards"),
    ("pin move a --to b", "b m a -t b"),
    ("pin delete a", "bookmark d a"),
    ("pin rename a b", "bookmark r a b"),
    (
        "pin forget a --include-remotes",
        "bookmark f a --include-remotes",
    ),
    ("pin track a@origin", "bookmark t a@origin"),
    ("pin untrack a --remote o", "bookmark untrack a --remote o"),
    (
        "pin list -a --tangled",
        "bookmark l --all-remotes --conflicted",
    ),
    ("tension-log -n 3", "operation -n 3"),
    ("tension-log log -n 3", "op log -n 3"),
    ("tension-log show @-", "op show @-"),
    ("tension-log restore abc", "op restore abc"),
    ("unpick", "undo"),
    ("untangle --list -r a", "resolve -l --revision a"),
    ("untangle --tool :ours f", "resolve --tool :ours f"),
    ("show a -s", "show -r a --summary"),
    ("edit a", "edit a"),
    ("duplicate a -o b", "duplicate -r a --destination b"),
    (
        "--at-operation x --ignore-working-copy tension",
        "status --at-op x --ignore-working-copy --no-pager",
    ),
];

#[test]
fn every_command_line_also_works_in_the_words_of_jj() {
    for (tapestry, jj) in LINES {
        // Where options stand does not matter, nor does what is only taken for their sake.
        let plain = |line: &str| {
            parsed(line)
                .replace("no_pager: true", "no_pager: false")
                .replace("command: Some(Git(Init(", "command: Some(Wind(")
                .replace(
                    "revisions: [\"a\"], more_revisions: []",
                    "revisions: [], more_revisions: [\"a\"]",
                )
                .replace(
                    "revisions: [\"a\", \"b\"], more_revisions: []",
                    "revisions: [], more_revisions: [\"a\", \"b\"]",
                )
                .replace(')', "")
        };
        assert_eq!(plain(tapestry), plain(jj), "{tapestry} / {jj}");
    }
}

#[test]
fn exchange_goes_by_its_group_too() {
    let plain = |line: &str| {
        parsed(line)
            .replace("Git(Push(", "Shuttle(")
            .replace("Git(Fetch(", "Draw(")
            .replace(')', "")
    };
    for (tapestry, jj) in [
        ("shuttle --pin a --dry-run", "git push -b a --dry-run"),
        ("shuttle --stitch @-", "git push --change @-"),
        ("shuttle --all --remote o", "push --all --remote o"),
        (
            "draw --pin a --all-remotes",
            "git fetch --branch a --all-remotes",
        ),
        ("draw --remote o", "fetch --remote o"),
    ] {
        assert_eq!(plain(tapestry), plain(jj), "{tapestry} / {jj}");
    }
}

#[test]
fn what_excludes_each_other_is_refused() {
    for line in [
        "rethread -s a -r b -o c",
        "ply -r a --from b",
        "pin create",
        "edit",
        "trace --count -p",
        "untangle --list --tool :ours",
        "mark -m x --stdin",
        "shuttle --all --pin a",
    ] {
        let words = std::iter::once("spool").chain(line.split_whitespace());
        assert!(Program::try_parse_from(words).is_err(), "{line}");
    }
}
