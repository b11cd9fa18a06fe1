//! The form of an access token.
//!
//! ```text
//! loom_   8s0k…q2    v7m3k9
//! prefix  32 random  6 of checksum
//! ```
//!
//! The random part is 160 bits in base 32, five bits a character, in Crockford's alphabet, which
//! leaves out the letters that look like digits. The checksum is the first 30 bits of the SHA-256
//! of prefix and random part. So a scanner for leaked secrets knows a token when it sees one, and
//! the server refuses a mistyped one without a look-up.

use std::fmt;
use std::str::FromStr;

use loom_common_secret::SecretString;
use rand::CryptoRng;
use sha2::{Digest, Sha256};

use crate::AuthError;

const PREFIX: &str = "loom_";
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const RANDOM_CHARS: usize = 32;
const CHECKSUM_CHARS: usize = 6;

/// An access token whose form and checksum are right. `Debug` never shows it.
#[derive(Clone)]
pub struct AccessToken(SecretString);

impl AccessToken {
    pub(crate) fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut random = [0_u8; RANDOM_CHARS];
        rng.fill_bytes(&mut random);
        let mut text = String::from(PREFIX);
        text.extend(random.iter().map(|byte| digit(*byte)));
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Self(SecretString::new(text))
    }

    /// Lends the token as text; whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.expose()).into()
    }
}

impl FromStr for AccessToken {
    type Err = AuthError;

    fn from_str(text: &str) -> Result<Self, AuthError> {
        let split = PREFIX.len() + RANDOM_CHARS;
        let (body, given) = text.split_at_checked(split).ok_or(AuthError::Malformed)?;
        let random = body.strip_prefix(PREFIX).ok_or(AuthError::Malformed)?;
        if !random.bytes().all(|byte| ALPHABET.contains(&byte)) || given != checksum(body) {
            return Err(AuthError::Malformed);
        }
        Ok(Self(SecretString::new(text.to_owned())))
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AccessToken([REDACTED])")
    }
}

fn checksum(body: &str) -> String {
    let hash = Sha256::digest(body);
    let bits = hash
        .iter()
        .take(5)
        .fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
    (0..CHECKSUM_CHARS)
        .map(|place| digit((bits >> (35 - 5 * place)) as u8))
        .collect()
}

/// Returns the digit for the low five bits.
fn digit(bits: u8) -> char {
    char::from(ALPHABET[usize::from(bits & 31)])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    fn token(seed: u64) -> AccessToken {
        AccessToken::generate(&mut StdRng::seed_from_u64(seed))
    }

    #[test]
    fn debug_shows_no_part_of_the_token() {
        assert_eq!(format!("{:?}", token(1)), "AccessToken([REDACTED])");
    }

    #[test]
    fn the_form_never_changes() {
        // A token in somebody's keeping must stay good after an update.
        let known = "loom_00000000000000000000000000000000";
        assert!(
            format!("{known}{}", checksum(known))
                .parse::<AccessToken>()
                .is_ok()
        );
        assert_eq!(token(7).expose().len(), 43);
    }

    proptest! {
        #[test]
        fn a_made_token_is_read_back(seed: u64) {
            let made = token(seed);
            let read: AccessToken = made.expose().parse().unwrap();
            prop_assert_eq!(read.hash(), made.hash());
        }

        #[test]
        fn a_mistyped_character_is_noticed(seed: u64, place in 0_usize..43, other in "[0-9a-zA-Z_]") {
            let mut text = token(seed).expose().to_owned();
            prop_assume!(text[place..=place] != other);
            text.replace_range(place..=place, &other);
            prop_assert!(text.parse::<AccessToken>().is_err());
        }

        #[test]
        fn a_cut_or_lengthened_token_is_noticed(seed: u64, length in 0_usize..43, tail in ".{1,4}") {
            let text = token(seed).expose().to_owned();
            prop_assert!(text[..length].parse::<AccessToken>().is_err());
            let longer = format!("{text}{tail}");
            prop_assert!(longer.parse::<AccessToken>().is_err());
        }

        #[test]
        fn any_text_is_refused_without_panic(text: String) {
            prop_assert!(text.parse::<AccessToken>().is_err());
        }
    }
}
