use std::cell::RefCell;
use std::collections::VecDeque;

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::time::Instant;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

fn durations(max_seconds: u64) -> impl Strategy<Value = Duration> {
    (0..=max_seconds, 0..1_000_000_000_u32).prop_map(|(s, n)| Duration::new(s, n))
}

fn configs() -> impl Strategy<Value = RetryConfig> {
    (
        0..10_u32,
        durations(100),
        durations(1000),
        0.0..10.0,
        durations(1000),
    )
        .prop_map(
            |(max_attempts, base_delay, max_delay, factor, max_retry_after)| RetryConfig {
                max_attempts,
                base_delay,
                max_delay,
                factor,
                max_retry_after,
            },
        )
}

proptest! {
    #[test]
    fn backoff_lies_between_half_and_whole(
        config in configs(), attempt in 1..12_u32, seed: u64,
    ) {
        let mut whole = config.base_delay.as_secs_f64();
        for _ in 1..attempt {
            whole *= config.factor.max(1.0);
        }
        let whole = whole.min(config.max_delay.as_secs_f64());
        let delay = config.delay(attempt, None, &mut StdRng::seed_from_u64(seed)).as_secs_f64();
        prop_assert!(delay >= whole / 2.0 - 1e-6, "{delay} of {whole}");
        prop_assert!(delay <= whole + 1e-6, "{delay} of {whole}");
    }

    #[test]
    fn a_wish_is_a_lower_bound_up_to_the_ceiling(
        config in configs(), attempt in 0..u32::MAX, asked in durations(u64::MAX), seed: u64,
    ) {
        let delay = config.delay(attempt, Some(asked), &mut StdRng::seed_from_u64(seed));
        let heard = asked.min(config.max_retry_after);
        prop_assert!(delay >= heard);
        prop_assert!(delay <= config.max_delay.max(heard + config.base_delay));
    }

    #[test]
    fn no_setting_makes_it_panic(base: u64, max: u64, factor: f64, attempt: u32, seed: u64) {
        let config = RetryConfig {
            base_delay: Duration::from_secs(base),
            max_delay: Duration::from_secs(max),
            factor,
            max_retry_after: Duration::MAX,
            ..RetryConfig::default()
        };
        let mut rng = StdRng::seed_from_u64(seed);
        prop_assert!(config.delay(attempt, None, &mut rng) <= config.max_delay);
        prop_assert_eq!(config.delay(attempt, Some(Duration::MAX), &mut rng), Duration::MAX);
    }
}

#[test]
fn delays_differ_between_clients() {
    let config = RetryConfig::default();
    let mut rng = rng();
    assert_ne!(
        config.delay(3, None, &mut rng),
        config.delay(3, None, &mut rng)
    );
    let asked = Some(SECOND * 30);
    assert_ne!(
        config.delay(1, asked, &mut rng),
        config.delay(1, asked, &mut rng)
    );
}

#[derive(Debug, Clone, PartialEq)]
struct Failure {
    retryable: bool,
    retry_after: Option<Duration>,
}

impl RetryableError for Failure {
    fn is_retryable(&self) -> bool {
        self.retryable
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

const TRANSIENT: Failure = Failure {
    retryable: true,
    retry_after: None,
};
const FATAL: Failure = Failure {
    retryable: false,
    retry_after: None,
};

/// Retries an operation with these outcomes; gives the result, and when each attempt began.
async fn run(
    config: &RetryConfig,
    outcomes: impl IntoIterator<Item = Result<u32, Failure>>,
) -> (Result<u32, Failure>, Vec<Duration>) {
    let outcomes = RefCell::new(outcomes.into_iter().collect::<VecDeque<_>>());
    let starts = RefCell::new(Vec::new());
    let begin = Instant::now();
    let result = retry(config, &mut rng(), || {
        starts.borrow_mut().push(begin.elapsed());
        let outcome = outcomes.borrow_mut().pop_front().unwrap_or(Err(FATAL));
        async move { outcome }
    })
    .await;
    (result, starts.into_inner())
}

#[tokio::test(start_paused = true)]
async fn success_is_returned_at_once() {
    let (result, starts) = run(&RetryConfig::default(), [Ok(1), Ok(2)]).await;
    assert_eq!((result, starts), (Ok(1), vec![Duration::ZERO]));
}

#[tokio::test(start_paused = true)]
async fn transient_failures_are_repeated_with_growing_delays() {
    let config = RetryConfig {
        base_delay: SECOND,
        ..RetryConfig::default()
    };
    let (result, starts) = run(
        &config,
        [Err(TRANSIENT), Err(TRANSIENT), Err(TRANSIENT), Ok(4)],
    )
    .await;
    assert_eq!(result, Ok(4));
    let delays: Vec<Duration> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (delay, whole) in delays.iter().zip([SECOND, SECOND * 2, SECOND * 4]) {
        // The paused clock moves in steps of a millisecond.
        let bounds = whole / 2..=whole + Duration::from_millis(1);
        assert!(bounds.contains(delay), "{delay:?} of {whole:?}");
    }
    assert_eq!(delays.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_last_error_is_returned_when_the_attempts_are_used_up() {
    let config = RetryConfig {
        max_attempts: 3,
        ..RetryConfig::default()
    };
    let last = Failure {
        retry_after: Some(SECOND),
        ..TRANSIENT
    };
    let (result, starts) = run(&config, [Err(TRANSIENT), Err(TRANSIENT), Err(last.clone())]).await;
    assert_eq!((result, starts.len()), (Err(last), 3));
}

#[tokio::test(start_paused = true)]
async fn a_lasting_error_is_not_repeated() {
    let (result, starts) = run(&RetryConfig::default(), [Err(FATAL), Ok(1)]).await;
    assert_eq!((result, starts.len()), (Err(FATAL), 1));
}

#[tokio::test(start_paused = true)]
async fn no_attempts_count_as_one() {
    let config = RetryConfig {
        max_attempts: 0,
        ..RetryConfig::default()
    };
    let (result, starts) = run(&config, [Err(TRANSIENT), Ok(1)]).await;
    assert_eq!((result, starts.len()), (Err(TRANSIENT), 1));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_time_gets_it() {
    let asking = Failure {
        retry_after: Some(SECOND * 20),
        ..TRANSIENT
    };
    let (result, starts) = run(&RetryConfig::default(), [Err(asking), Ok(1)]).await;
    assert_eq!(result, Ok(1));
    assert!(starts[1] >= SECOND * 20, "{starts:?}");
    assert!(starts[1] <= SECOND * 21, "{starts:?}");
}

#[test]
fn statuses_that_may_pass_are_retryable() {
    let retryable: Vec<u16> = (100..600)
        .filter(|code| is_retryable_status(StatusCode::from_u16(*code).unwrap()))
        .filter(|code| *code < 506)
        .collect();
    assert_eq!(retryable, [408, 425, 429, 500, 502, 503, 504]);
    assert!(is_retryable_status(StatusCode::from_u16(529).unwrap()));
}
