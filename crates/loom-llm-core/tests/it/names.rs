//! Names as providers take them.

use std::borrow::Cow;

use loom_llm_core::wire_name;
use proptest::prelude::*;

#[test]
fn a_name_in_order_stays_as_it_is() {
    assert!(matches!(
        wire_name("read_file-2", 64),
        Cow::Borrowed("read_file-2")
    ));
}

#[test]
fn a_name_out_of_order_is_mended() {
    assert_eq!(wire_name("functions.bash:0", 64), "functions_bash_0");
    assert_eq!(wire_name("größe", 64), "gr__e");
    assert_eq!(wire_name("", 64), "_");
    assert_eq!(wire_name("abcdef", 3), "abc");
}

proptest! {
    #[test]
    fn every_name_becomes_one_that_stays(name in any::<String>(), longest in 1..80_usize) {
        let wire = wire_name(&name, longest).into_owned();
        prop_assert!((1..=longest).contains(&wire.len()));
        prop_assert_eq!(wire_name(&wire, longest), wire.as_str());
    }
}
