//! Loom's own rules: each finds what it is for, to the byte, and leaves what only looks like it.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helper functions too"
)]

mod form;
mod template;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use loom_redact::{Detector, Finding, KnownSecrets, Rules};
use serde::Deserialize;

use template::Sample;

/// How many texts are drawn from each template.
const SEEDS: u64 = 6;
const FEWEST_SAMPLES: usize = 3;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleFile {
    samples: Vec<Samples>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Samples {
    rule: String,
    yes: Vec<String>,
    no: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct RuleFile {
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
struct Rule {
    id: String,
    description: String,
    regex: String,
    keywords: Vec<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

fn toml_files(folder: &Path) -> Vec<(String, String)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn rules() -> Vec<Rule> {
    toml_files(&folder())
        .iter()
        .flat_map(|(name, text)| {
            toml::from_str::<RuleFile>(text)
                .unwrap_or_else(|error| panic!("{name}: {error}"))
                .rules
        })
        .collect()
}

fn samples() -> BTreeMap<String, Samples> {
    let mut all = BTreeMap::new();
    for (name, text) in toml_files(&folder().join("samples")) {
        let file: SampleFile =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        for samples in file.samples {
            let rule = samples.rule.clone();
            let before = all.insert(rule.clone(), samples);
            assert!(before.is_none(), "samples of {rule} stand in two places");
        }
    }
    all
}

fn detector() -> Detector {
    Detector::new(&Rules::read_builtin().unwrap(), KnownSecrets::new())
}

/// Panics with everything that went wrong, not only the first.
fn assert_none(what: &str, wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "{what}: {}\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn overlaps(finding: &Finding, sample: &Sample) -> bool {
    sample.secret.as_ref().is_some_and(|secret| {
        finding.range.start < secret.end as u64 && finding.range.end > secret.start as u64
    })
}

#[test]
fn every_rule_finds_its_samples_to_the_byte() {
    let detector = detector();
    let mut wrong = Vec::new();
    for samples in samples().values() {
        for template in &samples.yes {
            for seed in 0..SEEDS {
                let sample = Sample::expand(template, seed);
                let secret = sample.secret.clone().expect("a `yes` marks its secret");
                let found: Vec<_> = detector
                    .scan(sample.text.as_bytes())
                    .into_iter()
                    .filter(|finding| overlaps(finding, &sample))
                    .map(|finding| (finding.rule, finding.range))
                    .collect();
                let range = secret.start as u64..secret.end as u64;
                if found != [(samples.rule.clone(), range.clone())] {
                    wrong.push(format!(
                        "{}: wanted {range:?}, found {found:?} in {:?}",
                        samples.rule, sample.text
                    ));
                    break;
                }
            }
        }
    }
    assert_none("samples found wrongly or not at all", &wrong);
}

#[test]
fn no_rule_finds_its_near_misses() {
    let detector = detector();
    let mut wrong = Vec::new();
    for samples in samples().values() {
        for template in &samples.no {
            for seed in 0..SEEDS {
                let sample = Sample::expand(template, seed);
                let found = detector
                    .scan(sample.text.as_bytes())
                    .into_iter()
                    .any(|finding| finding.rule == samples.rule);
                if found {
                    wrong.push(format!("{}: {:?}", samples.rule, sample.text));
                    break;
                }
            }
        }
    }
    assert_none("near misses taken for a secret", &wrong);
}

#[test]
fn what_a_rule_found_is_gone_from_redacted_text_and_redacting_again_changes_nothing() {
    let detector = detector();
    let mut wrong = Vec::new();
    for samples in samples().values() {
        for template in &samples.yes {
            let sample = Sample::expand(template, SEEDS);
            let redacted = detector.redact(&sample.text).into_owned();
            if redacted.contains(sample.secret()) || detector.redact(&redacted) != redacted {
                wrong.push(format!("{}: {redacted:?}", samples.rule));
            }
        }
    }
    assert_none("secrets left, or redacted twice", &wrong);
}

#[test]
fn every_rule_has_its_samples_and_every_sample_its_rule() {
    let samples = samples();
    let rules = rules();
    let mut wrong = Vec::new();
    for rule in &rules {
        match samples.get(&rule.id) {
            Some(samples)
                if samples.yes.len() >= FEWEST_SAMPLES && samples.no.len() >= FEWEST_SAMPLES => {}
            Some(_) => wrong.push(format!("{} has too few samples", rule.id)),
            None => wrong.push(format!("{} has no samples", rule.id)),
        }
    }
    for id in samples.keys() {
        if rules.iter().all(|rule| rule.id != *id) {
            wrong.push(format!("{id} has samples and no rule"));
        }
    }
    assert_none("rules and samples that do not fit", &wrong);
}

#[test]
fn every_rule_file_is_built_in_and_reads_without_a_warning() {
    let builtin = Rules::read_builtin().unwrap();
    let known: Vec<_> = builtin.iter().map(|rule| rule.id.to_owned()).collect();
    let mut written: Vec<_> = rules().into_iter().map(|rule| rule.id).collect();
    let mut sorted = known.clone();
    sorted.sort();
    written.sort();
    assert_eq!(sorted, written);
    assert_eq!(builtin.warnings(), [] as [String; 0]);
    assert_eq!(
        Rules::builtin().len(),
        known.len(),
        "the rules that the product uses are these"
    );
}
