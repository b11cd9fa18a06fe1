//! What the edit engine does to texts.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;

fn edit(content: &str, old: &str, new: &str) -> Result<Edited, String> {
    let replace_all = false;
    apply(
        content,
        Edit {
            old,
            new,
            replace_all,
        },
    )
}

fn edited(content: &str, old: &str, new: &str) -> String {
    edit(content, old, new).unwrap().content
}

/// Edits where only other white space lets the text be found.
fn respaced(content: &str, old: &str, new: &str) -> String {
    let edited = edit(content, old, new).unwrap();
    assert!(edited.is_respaced, "{edited:?}");
    edited.content
}

#[test]
fn the_only_place_is_replaced() {
    assert_eq!(edited("a\nb\nc\n", "b", "x\ny"), "a\nx\ny\nc\n");
    assert_eq!(edited("a\nb\nc\n", "b\n", ""), "a\nc\n");
}

#[test]
fn all_places_are_replaced_on_demand() {
    let all = Edit {
        old: "a",
        new: "bb",
        replace_all: true,
    };
    let edited = apply("a-a-a", all).unwrap();
    assert_eq!((edited.content.as_str(), edited.places), ("bb-bb-bb", 3));
}

#[test]
fn long_line_ends_stay_and_new_ones_are_like_them() {
    assert_eq!(edited("a\r\nb\r\nc", "a\nb", "x\ny\nz"), "x\r\ny\r\nz\r\nc");
    assert_eq!(edited("a\r\nb\r\nc", "b", "x\ny"), "a\r\nx\r\ny\r\nc");
    assert_eq!(edited("a\r\nb\r\nc", "a\r\nb", "x\r\ny"), "x\r\ny\r\nc");
}

#[test]
fn a_file_with_mixed_line_ends_changes_only_where_it_is_edited() {
    assert_eq!(
        edited("a\r\nb\nc\r\nd\n", "c\nd", "x\ny\nd"),
        "a\r\nb\nx\r\ny\r\nd\n"
    );
    assert_eq!(edited("a\r\nb\nc\nd\n", "b\nc", "x\ny"), "a\r\nx\ny\nd\n");
}

#[test]
fn a_byte_order_mark_stays() {
    assert_eq!(edited("\u{feff}a\nb\n", "a\n", "x\n"), "\u{feff}x\nb\n");
}

#[test]
fn a_carriage_return_can_be_written_on_purpose() {
    assert_eq!(edited("a\nb\n", "b", "x\r\ny"), "a\nx\r\ny\n");
}

#[test]
fn a_missing_last_line_end_stays_missing() {
    assert_eq!(edited("a\nb", "b", "c"), "a\nc");
    assert_eq!(respaced("a\nb", "b\n", "c\n"), "a\nc");
    assert_eq!(respaced("a\n\tb", "  b\n", "  c\n"), "a\n\tc");
}

#[test]
fn other_indentation_is_found_and_taken_over() {
    let file = "fn f() {\n\tif a {\n\t\tb();\n\t}\n}\n";
    assert_eq!(
        respaced(
            file,
            "    if a {\n        b();\n    }\n",
            "    if a {\n        c();\n        if d {\n            e();\n        }\n    }\n"
        ),
        "fn f() {\n\tif a {\n\t\tc();\n\t\tif d {\n\t\t\te();\n\t\t}\n\t}\n}\n"
    );
}

#[test]
fn a_block_that_the_model_wrote_without_indentation_is_indented() {
    assert_eq!(
        respaced(
            "class A:\n    def f(self):\n        return 1\n",
            "def f(self):\n    return 1\n",
            "def f(self):\n    if self:\n        return 2\n    return 1\n"
        ),
        "class A:\n    def f(self):\n        if self:\n            return 2\n        return 1\n"
    );
}

#[test]
fn a_narrow_step_becomes_the_wide_one_of_the_file() {
    assert_eq!(
        respaced(
            "a:\n    b:\n        c\n",
            "a:\n  b:\n    c\n",
            "a:\n  b:\n    c:\n      d\n"
        ),
        "a:\n    b:\n        c:\n            d\n"
    );
}

#[test]
fn lines_that_the_edit_keeps_keep_their_own_white_space() {
    assert_eq!(
        respaced(
            "x =  1  \ny\t=  2\nz = 3\n",
            "x = 1\ny = 2\n",
            "x = 1\ny = 5\n"
        ),
        "x =  1  \ny = 5\nz = 3\n"
    );
}

#[test]
fn empty_lines_around_the_old_text_are_forgiven() {
    assert_eq!(
        respaced("a\n  b\nc\n", "\n b\n\n", "\n x\n\n"),
        "a\n  x\nc\n"
    );
}

#[test]
fn a_part_of_a_line_is_found_with_other_gaps() {
    assert_eq!(
        respaced("let a = f(x,  y);\n", "f(x, y)", "g(x)"),
        "let a = g(x);\n"
    );
}

#[test]
fn a_part_of_a_line_with_other_gaps_does_not_cut_a_word_in_two() {
    for (file, old) in [
        ("userID   int64\n", "ID int64"),
        ("max  = 10\n", "x = 1"),
        ("max  = 1\n", "x = 1"),
        ("x  = 10\n", "x = 1"),
        ("a_x  = 1\n", "x = 1"),
        ("x  = 1_000\n", "x = 1"),
        ("äx  = 1\n", "x = 1"),
    ] {
        let told = edit(file, old, "new").unwrap_err();
        assert!(told.contains("is not in the file"), "{file:?}: {told}");
    }
    assert_eq!(
        respaced("max  = 1; x  = 1;\n", "x = 1", "y"),
        "max  = 1; y;\n"
    );
    assert_eq!(respaced("f((x,  1))\n", "(x, 1)", "y"), "f(y)\n");
}

#[test]
fn a_whole_line_can_be_deleted_with_other_white_space() {
    assert_eq!(respaced("a\n\tb\nc\n", "  b\n", ""), "a\nc\n");
}

#[test]
fn white_space_is_not_forgiven_where_several_places_can_be_meant() {
    assert_snapshot!(
        edit("\tb()\nx\n\t\tb()\n", "  b()\n", "c()\n").unwrap_err(),
        @"old_string is not in the file as it stands. With other white space it is there 2 times, at lines 1, 3. Copy the one that is meant exactly, with lines around it. Nothing was changed."
    );
}

#[test]
fn white_space_alone_is_not_looked_for_loosely() {
    assert!(edit("a\nb\n", " \n \n", "x").is_err());
}

#[test]
fn a_text_that_is_there_several_times_is_not_replaced() {
    assert_snapshot!(
        edit("a\nb\na\n", "a", "c").unwrap_err(),
        @"old_string is in the file 2 times, at lines 1, 3. Add lines around the one that is meant until it is unique, or set replace_all to change all. Nothing was changed."
    );
}

#[test]
fn a_text_whose_places_overlap_is_not_replaced() {
    assert_snapshot!(
        edit("}\n}\n}\n", "}\n}\n", "}\n").unwrap_err(),
        @"old_string is in the file more than once, at lines 1, 2, and these places overlap. Add lines around the one that is meant until it is unique. Nothing was changed."
    );
    assert!(edit("ßßß", "ßß", "x").is_err());
}

#[test]
fn of_many_places_the_first_are_named() {
    let many = "a\n".repeat(30);
    assert_snapshot!(
        edit(&many, "a", "c").unwrap_err(),
        @"old_string is in the file 30 times, at lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …. Add lines around the one that is meant until it is unique, or set replace_all to change all. Nothing was changed."
    );
}

const PROGRAM: &str =
    "fn main() {\n    let a = 1;\n    let b = 2;\n    println!(\"{}\", a + b);\n}\n";

#[test]
fn a_miss_shows_the_nearest_lines_and_the_first_difference() {
    assert_snapshot!(
        edit(
            PROGRAM,
            "    let a = 1;\n    let c = 2;\n    println!(\"{}\", a + b);\n",
            "x"
        )
        .unwrap_err()
    );
}

#[test]
fn a_miss_of_one_line_shows_the_line_most_like_it() {
    assert_snapshot!(edit(PROGRAM, "    println!(\"{}\", a - b);", "x").unwrap_err());
}

#[test]
fn a_miss_says_when_the_new_text_is_already_there() {
    assert_snapshot!(edit(PROGRAM, "    let b = 1;", "    let b = 2;").unwrap_err());
}

#[test]
fn a_miss_says_when_line_numbers_were_copied() {
    assert_snapshot!(edit(PROGRAM, "     2\tlet a = 1;\n     3\tlet b = 2;", "x").unwrap_err());
}

#[test]
fn a_miss_says_when_nothing_is_alike() {
    assert_snapshot!(
        edit(PROGRAM, "zzz qqq", "x").unwrap_err(),
        @"old_string is not in the file. No line of it is. Read the file again. Nothing was changed."
    );
}

#[test]
fn an_edit_that_changes_nothing_is_refused() {
    assert_snapshot!(
        edit("a\n", "a", "a").unwrap_err(),
        @"old_string and new_string are the same, so there is nothing to change."
    );
    assert_snapshot!(
        edit("a  b\n", "a b\n", "a  b\n").unwrap_err(),
        @"new_string is already in the file at line 1; it differs from old_string in white space only. Nothing was changed."
    );
}

/// Texts of few different characters, so that a part of one often occurs again.
fn texts() -> impl Strategy<Value = String> {
    "[ab \t\nß€]{0,40}"
}

/// A text and a part of it that is not empty.
fn texts_with_part() -> impl Strategy<Value = (String, String)> {
    "[ab \t\nß€]{1,40}".prop_flat_map(|text| {
        let length = text.chars().count();
        (0..length, 1..=length).prop_map(move |(from, count)| {
            let part: String = text.chars().skip(from).take(count).collect();
            (text.clone(), part)
        })
    })
}

/// Counts the places of a part in a text, also those that overlap.
fn count_places(text: &str, part: &str) -> usize {
    text.char_indices()
        .filter(|&(start, _)| text[start..].starts_with(part))
        .count()
}

/// Words that differ from line to line, each line with its own indentation.
fn lines_with_indents() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(("[ \t]{0,6}", "[a-z]{1,3}"), 1..12).prop_map(|lines| {
        lines
            .into_iter()
            .enumerate()
            .map(|(number, (indent, word))| (indent, format!("{word} {number}")))
            .collect()
    })
}

fn with_long_ends(text: &str) -> String {
    text.replace('\n', "\r\n")
}

proptest! {
    #[test]
    fn a_part_is_replaced_as_by_the_standard_library_if_it_is_unique(
        (text, part) in texts_with_part(),
        new in texts(),
    ) {
        if part == new {
            return Ok(());
        }
        let expected = (count_places(&text, &part) == 1).then(|| text.replacen(&part, &new, 1));
        prop_assert_eq!(edit(&text, &part, &new).ok().map(|edited| edited.content), expected);
    }

    #[test]
    fn all_places_are_replaced_as_by_the_standard_library(
        (text, part) in texts_with_part(),
        new in texts(),
    ) {
        if part == new {
            return Ok(());
        }
        let edit = Edit { old: &part, new: &new, replace_all: true };
        prop_assert_eq!(apply(&text, edit).unwrap().content, text.replace(&part, &new));
    }

    #[test]
    fn long_line_ends_make_no_other_difference(
        (text, part) in texts_with_part(),
        new in texts(),
    ) {
        // Not assumed: a long run would give up after so many cases that do not count.
        if !text.contains('\n') || part == new {
            return Ok(());
        }
        let plain = edit(&text, &part, &new);
        let long = edit(&with_long_ends(&text), &part, &new);
        match (plain, long) {
            (Ok(plain), Ok(long)) => prop_assert_eq!(with_long_ends(&plain.content), long.content),
            (Err(plain), Err(long)) => prop_assert_eq!(plain, long),
            (plain, long) => prop_assert!(false, "{plain:?} but {long:?}"),
        }
    }

    #[test]
    fn viewing_a_text_loses_nothing(text in "[a\r\n\u{feff}]{0,40}") {
        prop_assert_eq!(Text::parse(&text).replace(std::iter::empty()), text);
    }

    #[test]
    fn other_white_space_is_forgiven_and_nothing_else_changes(
        lines in lines_with_indents(),
        from in any::<prop::sample::Index>(),
        count in any::<prop::sample::Index>(),
        new in "[ \t]{0,4}[A-Z]{1,5}(\n[ \t]{0,4}[A-Z]{1,5}){0,3}",
    ) {
        let from = from.index(lines.len());
        let to = from + 1 + count.index(lines.len() - from);
        let file_lines: Vec<String> =
            lines.iter().map(|(indent, words)| format!("{indent}{words}\n")).collect();
        let file = file_lines.concat();
        // The model's lines have the same words and no indentation.
        let old: String =
            lines[from..to].iter().map(|(_, words)| format!("{}\n", words.replace(' ', "   "))).collect();
        let result = respaced(&file, &old, &format!("{new}\n"));
        let before = file_lines[..from].concat();
        let after = file_lines[to..].concat();
        prop_assert!(result.starts_with(&before) && result.ends_with(&after));
        let changed = &result[before.len()..result.len() - after.len()];
        let words: Vec<&str> = changed.split_whitespace().collect();
        prop_assert_eq!(words, new.split_whitespace().collect::<Vec<_>>());
        prop_assert_eq!(changed.lines().count(), new.lines().count());
    }

    #[test]
    fn an_edit_never_panics(text in texts(), old in "[ab \t\r\nß€]{1,10}", new in texts()) {
        let _ = edit(&text, &old, &new);
    }
}
