//! Samples as templates: random characters in place of a token, so that no file of this repository looks as if
//! it held one. `rules/samples/README.md` describes the language.

use std::ops::Range;

/// A template's text for one seed, and where the secret stands in it.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) text: String,
    /// None when the template marks no secret.
    pub(super) secret: Option<Range<usize>>,
}

impl Sample {
    /// Fills a template with what the seed yields.
    pub(super) fn expand(template: &str, seed: u64) -> Self {
        let mut random = Random::new(template, seed);
        let mut text = String::new();
        let (mut start, mut end) = (None, None);
        let mut rest = template;
        while let Some(first) = rest.chars().next() {
            if let Some((filled, length)) = draw(rest, &mut random) {
                text.push_str(&filled);
                rest = &rest[length..];
                continue;
            }
            match first {
                '«' => assert!(start.replace(text.len()).is_none(), "two « in {template}"),
                '»' => assert!(end.replace(text.len()).is_none(), "two » in {template}"),
                other => text.push(other),
            }
            rest = &rest[first.len_utf8()..];
        }
        let secret = match (start, end) {
            (Some(start), Some(end)) => Some(start..end),
            (None, None) => None,
            _ => panic!("one of « and » is missing in {template}"),
        };
        Self { text, secret }
    }

    /// The marked secret.
    pub(super) fn secret(&self) -> &str {
        &self.text[self.secret.clone().expect("the template marks a secret")]
    }
}

/// Fills the braces that the text starts with; none when they are just braces.
fn draw(text: &str, random: &mut Random) -> Option<(String, usize)> {
    let (inner, _) = text.strip_prefix('{')?.split_once('}')?;
    let length = inner.len() + 2;
    if inner == "uuid" {
        let digits = random.take(32, alphabet("hex")?);
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
        return Some((parts.join("-"), length));
    }
    let (name, count) = inner.rsplit_once(':')?;
    let count = count.parse().ok()?;
    if let Some(repeated) = name.strip_prefix("repeat ") {
        return Some((repeated.repeat(count), length));
    }
    if name == "mixed" {
        let mut mixed = random.take(count, alphabet("alnum")?);
        mixed.replace_range(
            count / 2..count / 2 + 1,
            &random.take(1, alphabet("digits")?),
        );
        return Some((mixed, length));
    }
    Some((random.take(count, alphabet(name)?), length))
}

fn alphabet(name: &str) -> Option<&'static str> {
    const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    Some(match name {
        "upper" => &BASE64[..26],
        "letters" => &BASE64[..52],
        "lower" => &BASE64[26..52],
        "lowernum" => &BASE64[26..62],
        "digits" => &BASE64[52..62],
        "alnum" => &BASE64[..62],
        "base64" => BASE64,
        "base64url" => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        "hex" => "0123456789abcdef",
        "HEX" => "0123456789ABCDEF",
        "base32" => "abcdefghijklmnopqrstuvwxyz234567",
        "BASE32" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "crockford" => "0123456789abcdefghjkmnpqrstvwxyz",
        "BECH32" => "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
        _ => return None,
    })
}

/// SplitMix64, seeded by the template too, so that a changed sample changes no other one.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(template: &str, seed: u64) -> Self {
        let hash = template
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
            });
        Self(hash ^ seed.wrapping_mul(0xD134_2543_DE82_EF95))
    }

    fn take(&mut self, count: usize, alphabet: &str) -> String {
        let alphabet = alphabet.as_bytes();
        (0..count)
            .map(|_| char::from(alphabet[self.below(alphabet.len())]))
            .collect()
    }

    /// A number below the bound.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[test]
fn a_template_is_filled_and_tells_where_the_secret_is() {
    let sample = Sample::expand("{\"a\": \"«x{hex:8}{repeat z:3}»\"}", 1);
    assert_eq!(sample.secret, Some(7..19));
    assert!(sample.text.starts_with("{\"a\": \"x") && sample.text.ends_with("zzz\"}"));
    assert_eq!(
        sample.text,
        Sample::expand("{\"a\": \"«x{hex:8}{repeat z:3}»\"}", 1).text
    );
    assert_ne!(
        sample.text,
        Sample::expand("{\"a\": \"«x{hex:8}{repeat z:3}»\"}", 2).text
    );
}
