//! What `write` returns, `parse` reads back.

#[test]
fn spans_survive_a_round_trip() {
    for seconds in [0, 1, 59, 60, 3_599, 3_600, 86_399, 86_400, 1_000_000] {
        let text = timespan::write(seconds);
        assert_eq!(timespan::parse(&text), Ok(seconds), "{seconds} s was written as {text:?}");
    }
}
