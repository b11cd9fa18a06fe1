//! The fast search against the specification with Loom's own rules, on a text drawn from those rules: what they match,
//! what they nearly match, and source code in between.
//!
//! `examples/compare` does the same over any folder.

use std::fs;
use std::path::Path;

use loom_redact::{Detector, KnownSecrets, Origin, Rules, naive};
use regex_syntax::hir::{Class, Hir, HirKind};

const CODE: [&str; 8] = [
    "    let token = lexer.next().unwrap_or_default();\n",
    "def authenticate(user, password=None):\n    return api.session(user)[\"key\"]\n",
    "export const apiKey = process.env.API_KEY || \"\";\n",
    "  \"integrity\": \"sha512-not-a-secret\",\n",
    "# the secret of a good access path is caching\n",
    "\n",
    "/* AUTH: see docs */ if (key == 0) { goto fail; }\n",
    " ",
];

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        // Xorshift, Marsaglia 2003.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }
}

/// Appends a text that matches, but for what stands around it.
fn draw(hir: &Hir, random: &mut Random, text: &mut Vec<u8>) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.extend_from_slice(&literal.0),
        HirKind::Class(Class::Bytes(class)) => {
            let range = class.ranges()[random.below(class.ranges().len())];
            let width = usize::from(range.end() - range.start()) + 1;
            text.push(range.start() + u8::try_from(random.below(width)).unwrap());
        }
        HirKind::Class(Class::Unicode(class)) => {
            text.extend(class.ranges()[0].start().to_string().bytes())
        }
        HirKind::Capture(capture) => draw(&capture.sub, random, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| draw(part, random, text)),
        HirKind::Alternation(parts) => draw(&parts[random.below(parts.len())], random, text),
        HirKind::Repetition(repetition) => {
            let room = repetition
                .max
                .map_or(6, |most| most - repetition.min)
                .min(40);
            let times = repetition.min as usize + random.below(room as usize + 1);
            (0..times).for_each(|_| draw(&repetition.sub, random, text));
        }
    }
}

/// The expressions of the rule files.
fn expressions() -> Vec<Hir> {
    let mut parser = regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build();
    let mut files: Vec<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    files
        .iter()
        .flat_map(|path| {
            let document: toml::Table = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
            let rules = document
                .get("rules")
                .and_then(|rules| rules.as_array())
                .cloned()
                .unwrap_or_default();
            rules
                .into_iter()
                .filter_map(|rule| rule.get("regex")?.as_str().map(str::to_owned))
                .collect::<Vec<_>>()
        })
        .filter_map(|regex| parser.parse(&regex).ok())
        .collect()
}

fn text(random: &mut Random) -> Vec<u8> {
    let mut text = Vec::new();
    for hir in &expressions() {
        for near_miss in [false, true] {
            text.extend_from_slice(CODE[random.below(CODE.len())].as_bytes());
            let start = text.len();
            draw(hir, random, &mut text);
            if near_miss && text.len() > start {
                let at = start + random.below(text.len() - start);
                match random.below(3) {
                    0 => drop(text.remove(at)),
                    1 => text[at] = b"!a0-\n"[random.below(5)],
                    _ => text.insert(at, b"Z9 \"\x1b"[random.below(5)]),
                }
            }
            text.push(b"\n ;\"'"[random.below(5)]);
        }
    }
    text
}

#[test]
fn with_all_rules_the_fast_search_finds_what_the_specification_says() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let text = text(&mut random);
    let detector = Detector::new(Rules::builtin(), KnownSecrets::new());
    let fast = detector.scan(&text);
    assert!(
        fast.len() > expressions().len() / 2,
        "{} findings in {} bytes",
        fast.len(),
        text.len()
    );
    assert_eq!(fast, naive::scan(&detector, &text, &Origin::default()));
    let once = detector.redact_bytes(&text).into_owned();
    assert_eq!(detector.scan(&once), []);
}
