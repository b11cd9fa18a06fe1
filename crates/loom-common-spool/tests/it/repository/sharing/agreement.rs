//! Clones that do anything, and meet.

use proptest::prelude::*;

use super::*;

/// What happens at one clone.
#[derive(Clone, Copy, Debug)]
enum Step {
    Describe,
    Move,
    Delete,
    Tag,
    Shuttle,
    ShuttleElsewhere,
    Draw,
}

/// The stitch that all have, as long as it is there.
const PARSER: &str = r#"latest(description(substring:"parser"))"#;

impl Step {
    fn happen(self, clone: &Clone, number: usize) {
        if clone.scene.descriptions(PARSER).is_empty() {
            return;
        }
        match self {
            Self::Describe => {
                let said = clone.scene.stitch(PARSER).description;
                clone.describe(PARSER, &format!("{said}and {number}\n"));
            }
            Self::Move => clone.stitch(PARSER, &format!("Step {number}"), "topic"),
            Self::Delete => {
                let names = ["topic".to_owned()];
                // It may be gone.
                let _ = clone.scene.try_change(|tx| tx.delete_pins(&names));
            }
            Self::Tag => {
                let (knot, tags) = (clone.scene.one(PARSER), [format!("tag{number}")]);
                let repository = clone.scene.taken();
                repository.tag_stitch("origin", &knot, &tags, &[]).unwrap();
            }
            Self::Shuttle => {
                clone.shuttle(&["topic"]);
            }
            Self::ShuttleElsewhere => {
                clone.shuttle_to("elsewhere", &["topic"]);
            }
            Self::Draw => {
                clone.draw();
            }
        }
    }
}

/// Draws, puts a tangled pin somewhere, and shuttles, as people do who want to go on.
fn settle(clone: &Clone) {
    clone.draw();
    // There may be nothing to follow, or it is followed.
    let _ = clone.scene.try_change(|tx| tx.track_pin("topic", "origin"));
    let target = clone.target("topic");
    if let (true, Some(knot)) = (target.is_tangled(), target.at.last()) {
        clone.pin("topic", knot);
    }
    clone.shuttle(&["topic"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2, max_shrink_iters: 4, ..ProptestConfig::default() })]

    #[test]
    fn clones_agree_whoever_met_whom(
        steps in prop::collection::vec(
            (
                prop_oneof![
                    3 => Just(Step::Describe),
                    3 => Just(Step::Move),
                    1 => Just(Step::Delete),
                    1 => Just(Step::Tag),
                    3 => Just(Step::Shuttle),
                    1 => Just(Step::ShuttleElsewhere),
                    2 => Just(Step::Draw),
                ],
                0..3_usize,
            ),
            1..8,
        ),
    ) {
        let (mut remote, one, two) = two();
        let elsewhere = Remote::new();
        let clones = [one, two, remote.clone()];
        clones[2].draw();
        clones[2].follow("topic");
        for clone in &clones {
            clone.scene.git(&["remote", "add", "elsewhere", elsewhere.path().to_str().unwrap()]);
        }
        for (number, (step, at)) in steps.into_iter().enumerate() {
            step.happen(&clones[at], number);
        }
        for clone in clones.iter().chain(&clones) {
            settle(clone);
        }
        for clone in &clones {
            clone.draw();
        }
        for clone in &clones[1..] {
            prop_assert_eq!(clone.at("topic"), clones[0].at("topic"));
            let tags = |clone: &Clone| clone.ledger("origin").tags;
            prop_assert_eq!(tags(clone), tags(&clones[0]));
        }
    }
}
