//! Entries for models.

use loom_common_core::{ModelFigures, Prices, Rates};
use loom_server_config::{ModelEntry, ModelEntryError};

#[test]
fn an_entry_is_a_name_and_any_of_the_figures() {
    let entry: ModelEntry = " m/x:7b  output=2 context_window=1000 input=0.5 cache_read=0.05 "
        .parse()
        .unwrap();
    assert_eq!(entry.name(), "m/x:7b");
    let rates = Rates {
        input: 0.5,
        output: 2.0,
        cache_read: 0.05,
        cache_write: 0.5,
    };
    assert_eq!(
        entry.figures(),
        ModelFigures {
            context_window: Some(1000),
            max_output_tokens: None,
            prices: Some(Prices {
                rates,
                long_prompt: None,
            }),
        }
    );
    let bare: ModelEntry = "x".parse().unwrap();
    assert_eq!(bare.figures(), ModelFigures::default());
}

#[test]
fn what_is_no_entry_is_refused_with_the_word_that_is_wrong() {
    use ModelEntryError::{NoFigure, NoName, NoNumber, PricesMissing};
    let owned = |text: &str| text.to_owned();
    for (text, error) in [
        ("", NoName(owned(""))),
        ("input=1", NoName(owned("input=1"))),
        ("x context", NoFigure(owned("context"))),
        ("x contextwindow=1", NoFigure(owned("contextwindow=1"))),
        ("x context_window=", NoNumber(owned("context_window="))),
        ("x context_window=0", NoNumber(owned("context_window=0"))),
        (
            "x context_window=1.5",
            NoNumber(owned("context_window=1.5")),
        ),
        ("x input=-1 output=1", NoNumber(owned("input=-1"))),
        ("x input=nan output=1", NoNumber(owned("input=nan"))),
        ("x input=1", PricesMissing(owned("x"))),
        ("x cache_read=1", PricesMissing(owned("x"))),
    ] {
        assert_eq!(text.parse::<ModelEntry>(), Err(error), "{text:?}");
    }
}
