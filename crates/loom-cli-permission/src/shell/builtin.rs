//! Commands of the shell itself that evaluate their arguments.
//!
//! Where a command takes the name of a variable, bash takes `name[subscript]` too, evaluates the subscript as
//! arithmetic, and expands `$(…)` in it even where it came in quotes: `test -v 'a[$(rm x)]'` removes `x`.
//! So do arithmetic and some attributes of variables. Nobody needs that; what may be of this kind is unclear.

use super::expansion::{ARITHMETIC, is_name, of_arithmetic};
use super::word::{Open, Word};

const ATTRIBUTES: &str = "this option makes the shell evaluate the value of a variable";
const DYNAMIC_VARIABLE: &str = "which variable it sets is only known when it runs";

/// Tells why it is unclear what a command of the shell evaluates.
pub(super) fn evaluates(name: &str, arguments: &[Word]) -> Option<&'static str> {
    match name {
        "let" => arguments
            .iter()
            .any(|word| word.known().is_none_or(|text| of_arithmetic(text).is_err()))
            .then_some(ARITHMETIC),
        "test" | "[" => behind(arguments, &["-v", "-R"]),
        "printf" => match arguments.first() {
            Some(word) if word.may_be_option() && word.known().is_none() => Some(DYNAMIC_VARIABLE),
            _ => behind(arguments.get(..2).unwrap_or_default(), &["-v"]),
        },
        "declare" | "export" | "local" | "readonly" | "typeset" => {
            // `-i` and `-n` evaluate values, `-a` and `-A` values that look like lists; `-f` is about
            // functions.
            let is_plain = |flag: u8| b"glprux".contains(&flag);
            arguments.iter().find_map(|word| match options(word) {
                Some(flags) => (!flags.bytes().all(is_plain)).then_some(ATTRIBUTES),
                None => variable(word),
            })
        }
        "unset" => arguments.iter().find_map(|word| match options(word) {
            Some(flags) => (!matches!(flags, "v" | "f")).then_some(ATTRIBUTES),
            None => variable(word),
        }),
        "getopts" | "mapfile" | "read" | "readarray" | "wait" => {
            arguments.iter().find_map(|word| match word.known() {
                Some(text) if !text.contains('[') => None,
                Some(_) => Some(ARITHMETIC),
                None => Some(DYNAMIC_VARIABLE),
            })
        }
        _ => None,
    }
}

/// Returns the letters of an option.
fn options(word: &Word) -> Option<&str> {
    word.known()?.strip_prefix(['-', '+'])
}

/// Looks at a word that names a variable, with or without a value.
fn variable(word: &Word) -> Option<&'static str> {
    match word.text.split_once('=') {
        Some((name, _)) if is_name(name.strip_suffix('+').unwrap_or(name)) => None,
        None if word.open == Open::Closed && is_name(&word.text) => None,
        None if word.open > Open::Closed => Some(DYNAMIC_VARIABLE),
        _ => Some(ARITHMETIC),
    }
}

/// Looks at the variables that stand behind one of the options.
fn behind(arguments: &[Word], options: &[&str]) -> Option<&'static str> {
    arguments
        .windows(2)
        .filter(|pair| options.iter().any(|option| pair[0].is(option)))
        .find_map(|pair| variable(&pair[1]))
}

#[cfg(test)]
mod tests {
    use super::super::read;

    #[test]
    fn what_the_shell_evaluates_is_unclear() {
        for line in [
            "test -v 'a[$(rm x)]'",
            "[ -v 'a[$(rm x)]' ]",
            "\\[ -v 'a[$(rm x)]' ]",
            "printf -v 'a[$(rm x)]' y",
            "printf \"$x\" 'a[$(rm x)]'",
            "read 'a[$(rm x)]'",
            "read $x",
            "mapfile 'a[$(rm x)]'",
            "wait -p 'a[$(rm x)]'",
            "unset 'a[$(rm x)]'",
            "\\unset 'a[$(rm x)]'",
            "command unset 'a[b]'",
            "export 'a[$(rm x)]=1'",
            "builtin declare \"$x\"",
            "declare -i x='a[$(rm x)]'",
            "declare -a 'x=([$(rm x)]=1)'",
            "declare -n x=y",
            "local $x",
            "let x=1",
            "let 'a[$(rm x)]'",
        ] {
            assert!(!read(line).unclear.is_empty(), "{line}");
        }
    }

    #[test]
    fn plain_variables_are_clear() {
        for line in [
            "test -v x",
            "[ -n \"$x\" ]",
            "printf '%s\\n' \"$x\"",
            "printf -v x %s y",
            "read -r line",
            "unset x",
            "export x y=1 z=\"$x\"",
            "declare -x x=1",
            "declare -p",
            "wait",
            "let 1+2",
        ] {
            assert_eq!(read(line).unclear, [], "{line}");
        }
    }
}
