use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom_common_secret::{Secret, SecretString};
use zeroize::Zeroize;

#[test]
fn every_way_in_keeps_the_value() {
    let made = [
        SecretString::new("hunter2".to_owned()),
        "hunter2".to_owned().into(),
        "hunter2".parse().unwrap(),
        serde_json::from_str(r#""hunter2""#).unwrap(),
    ];
    for secret in made {
        assert_eq!(secret.clone().expose(), "hunter2");
        assert_eq!(secret.expose(), "hunter2");
    }
}

#[test]
fn a_value_of_the_wrong_type_is_refused() {
    assert!(serde_json::from_str::<SecretString>("[1]").is_err());
}

/// Counts how often it was overwritten.
#[derive(Clone)]
struct Watched(Arc<AtomicUsize>);

impl Zeroize for Watched {
    fn zeroize(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn each_copy_is_overwritten_when_dropped() {
    let overwritten = Arc::new(AtomicUsize::new(0));
    let secret = Secret::new(Watched(Arc::clone(&overwritten)));
    let copy = secret.clone();
    assert_eq!(overwritten.load(Ordering::Relaxed), 0);
    drop(secret);
    assert_eq!(overwritten.load(Ordering::Relaxed), 1);
    drop(copy);
    assert_eq!(overwritten.load(Ordering::Relaxed), 2);
}
