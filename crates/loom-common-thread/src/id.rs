//! The name of a thread: `T-` and a UUIDv7, as in `T-0198c0de-7a11-7c3e-9f4b-2d6e8a5b1c07`.
//!
//! The time stands first in a UUIDv7 (RFC 9562, section 5.7), so names sort by the time of their
//! making, and names made close together begin alike. That is why a [`PartialThreadId`], the few
//! digits that a person types, matches the end of a name as well as its beginning.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use rand::Rng;
use serde::{Deserialize, Serialize};
use uuid::fmt::Hyphenated;
use uuid::{Builder, Uuid};

const PREFIX: &str = "T-";

/// The name of a thread. Its order is the order in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ThreadId(Uuid);

impl ThreadId {
    /// Makes a name from the time, in milliseconds, and 74 random bits.
    ///
    /// A time before 1970 counts as the start of 1970, which a UUIDv7 cannot go behind.
    pub fn new(timestamp: Timestamp, rng: &mut impl Rng) -> Self {
        let millis = u64::try_from(timestamp.as_millisecond()).unwrap_or(0);
        let mut random = [0; 10];
        rng.fill_bytes(&mut random);
        Self(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }
}

impl fmt::Display for ThreadId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{PREFIX}{}", self.0.hyphenated())
    }
}

impl FromStr for ThreadId {
    type Err = ParseThreadIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = |reason| ParseThreadIdError {
            text: text.to_owned(),
            reason,
        };
        let digits = text
            .strip_prefix(PREFIX)
            .ok_or_else(|| refused("it does not begin with `T-`"))?;
        let uuid = Hyphenated::from_str(digits)
            .map_err(|_| refused("what follows `T-` is not a UUID"))?
            .into_uuid();
        if uuid.get_version_num() != 7 {
            return Err(refused("its UUID is not of version 7"));
        }
        Ok(Self(uuid))
    }
}

impl From<ThreadId> for String {
    fn from(id: ThreadId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for ThreadId {
    type Error = ParseThreadIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// A text that is not the name of a thread. Trying again does not help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a thread id: {reason}")]
pub struct ParseThreadIdError {
    text: String,
    reason: &'static str,
}

/// The part of a thread's name that a person typed: at least four hexadecimal digits from the
/// beginning or the end of the name, with or without `T-`, hyphens where they like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartialThreadId {
    digits: String,
}

impl PartialThreadId {
    /// Fewer digits would match by accident too often.
    const MIN_DIGITS: usize = 4;

    /// Returns the digits, lower-case and without hyphens.
    pub(crate) fn digits(&self) -> &str {
        &self.digits
    }
}

impl FromStr for PartialThreadId {
    type Err = ParseThreadIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = |reason| ParseThreadIdError {
            text: text.to_owned(),
            reason,
        };
        let trimmed = text.trim();
        let part = trimmed
            .strip_prefix(PREFIX)
            .or_else(|| trimmed.strip_prefix("t-"))
            .unwrap_or(trimmed);
        let digits: String = part
            .chars()
            .filter(|character| *character != '-')
            .map(|character| character.to_ascii_lowercase())
            .collect();
        if !digits.chars().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(refused("it has characters that are not hexadecimal digits"));
        }
        if digits.len() < Self::MIN_DIGITS {
            return Err(refused("it has fewer than four digits"));
        }
        Ok(Self { digits })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn id(millis: i64, seed: u64) -> ThreadId {
        let timestamp = Timestamp::from_millisecond(millis).unwrap();
        ThreadId::new(timestamp, &mut StdRng::seed_from_u64(seed))
    }

    proptest! {
        #[test]
        fn an_id_reads_back_as_itself(millis in 0_i64..200_000_000_000_000, seed: u64) {
            let id = id(millis, seed);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(&json, &format!("\"{id}\""));
            prop_assert_eq!(serde_json::from_str::<ThreadId>(&json).unwrap(), id);
        }

        #[test]
        fn ids_sort_by_time(
            earlier in 0_i64..100_000_000_000_000,
            between in 1_i64..100_000_000_000_000,
            seeds: [u64; 2],
        ) {
            let ids = [id(earlier, seeds[0]), id(earlier + between, seeds[1])];
            prop_assert!(ids[0] < ids[1]);
            prop_assert!(ids[0].to_string() < ids[1].to_string());
        }

        #[test]
        fn no_text_makes_parsing_panic(text: String) {
            let _ = text.parse::<ThreadId>();
            let _ = text.parse::<PartialThreadId>();
        }
    }

    #[test]
    fn an_id_holds_the_time_in_milliseconds() {
        let id = id(0x0198_c0de_7a11, 1).to_string();
        assert!(id.starts_with("T-0198c0de-7a11-7"), "{id}");
    }

    #[test]
    fn a_time_before_1970_counts_as_its_start() {
        assert_eq!(id(-1, 7), id(0, 7));
    }

    #[test]
    fn what_is_wrong_with_an_id_is_said() {
        let refusals = [
            "",
            "0198c0de-7a11-7c3e-9f4b-2d6e8a5b1c07",
            "T-0198c0de",
            "T-0198c0de7a117c3e9f4b2d6e8a5b1c07",
            "T-{0198c0de-7a11-7c3e-9f4b-2d6e8a5b1c07}",
            "T-0198c0de-7a11-4c3e-9f4b-2d6e8a5b1c07",
        ]
        .map(|text| text.parse::<ThreadId>().unwrap_err().to_string())
        .join("\n");
        insta::assert_snapshot!(refusals, @r"
        `` is not a thread id: it does not begin with `T-`
        `0198c0de-7a11-7c3e-9f4b-2d6e8a5b1c07` is not a thread id: it does not begin with `T-`
        `T-0198c0de` is not a thread id: what follows `T-` is not a UUID
        `T-0198c0de7a117c3e9f4b2d6e8a5b1c07` is not a thread id: what follows `T-` is not a UUID
        `T-{0198c0de-7a11-7c3e-9f4b-2d6e8a5b1c07}` is not a thread id: what follows `T-` is not a UUID
        `T-0198c0de-7a11-4c3e-9f4b-2d6e8a5b1c07` is not a thread id: its UUID is not of version 7
        ");
    }

    #[test]
    fn part_of_an_id_is_read_with_and_without_its_marks() {
        for text in ["T-0198C0DE-7a", "t-0198c0de7a", " 0198-c0de-7a\n"] {
            let part: PartialThreadId = text.parse().unwrap();
            assert_eq!(part.digits(), "0198c0de7a", "{text}");
        }
    }
}
