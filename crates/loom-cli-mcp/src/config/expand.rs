//! Variables in definitions: `${NAME}`, and `${NAME:-default}` for one that may be missing.

use loom_common_config::Environment;

/// Puts the values of variables into `text`. A `$` that begins no such variable stays as it is.
///
/// # Errors
///
/// What is wrong, as the end of a sentence: a variable that is not set, or a brace that is not
/// closed.
pub(crate) fn expand(text: &str, environment: &Environment) -> Result<String, String> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        expanded.push_str(before);
        let (variable, after) = after
            .split_once('}')
            .ok_or_else(|| format!("`${{{after}` has no closing brace"))?;
        let (name, default) = match variable.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (variable, None),
        };
        let value = environment
            .text(name)
            .map_err(|error| error.to_string())?
            .or(default)
            .ok_or_else(|| format!("the environment variable {name} is not set"))?;
        expanded.push_str(value);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn environment() -> Environment {
        [("TOKEN", "s3cret"), ("EMPTY", "")].into_iter().collect()
    }

    #[test]
    fn variables_are_replaced_and_other_text_stays() {
        let expanded = expand("Bearer ${TOKEN}, $HOME, $5 and {x}", &environment());
        assert_eq!(expanded.unwrap(), "Bearer s3cret, $HOME, $5 and {x}");
    }

    #[test]
    fn a_default_stands_in_for_a_variable_that_is_missing_or_empty() {
        let expanded = expand("${PORT:-80}/${EMPTY:-a:-b}/${TOKEN:-x}", &environment());
        assert_eq!(expanded.unwrap(), "80/a:-b/s3cret");
    }

    #[test]
    fn a_missing_variable_is_named() {
        assert_eq!(
            expand("x${NOT_SET}", &environment()).unwrap_err(),
            "the environment variable NOT_SET is not set"
        );
    }

    #[test]
    fn an_open_brace_is_an_error() {
        assert_eq!(
            expand("a ${TOKEN", &environment()).unwrap_err(),
            "`${TOKEN` has no closing brace"
        );
    }

    proptest! {
        #[test]
        fn a_value_is_not_expanded_again(value in "[a-z${}:-]{1,20}") {
            let environment: Environment = [("VALUE", value.as_str())].into_iter().collect();
            let expanded = expand("<${VALUE}>", &environment).unwrap();
            prop_assert_eq!(expanded, format!("<{value}>"));
        }

        #[test]
        fn text_without_variables_stays(text in "[^$]*") {
            prop_assert_eq!(expand(&text, &Environment::new()).unwrap(), text);
        }
    }
}
