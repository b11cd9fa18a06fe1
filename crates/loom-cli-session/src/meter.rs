//! What a run costs.
//!
//! Prices hold for one call each, because a long prompt costs more; so a call's tokens are kept
//! until it is over, and turned into money then. A provider tells the tokens of a call several times,
//! each time in whole.

use loom_common_core::{LlmEvent, OperationId, Prices, Usage};

/// Adds up the cost of model calls.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    prices: Option<Prices>,
    call: Option<(OperationId, Usage)>,
    dollars: Option<f64>,
}

impl Meter {
    /// Makes a meter for a model with these prices.
    pub(crate) fn new(prices: Option<Prices>) -> Self {
        Self {
            prices,
            ..Self::default()
        }
    }

    /// Goes on with another model.
    pub(crate) fn change_prices(&mut self, prices: Option<Prices>) {
        self.close_call();
        self.prices = prices;
    }

    /// Takes an event of a model call.
    pub(crate) fn llm_event(&mut self, operation: OperationId, event: &LlmEvent) {
        let LlmEvent::Usage { usage } = event else {
            return;
        };
        if self.call.is_some_and(|(call, _)| call != operation) {
            self.close_call();
        }
        self.call = Some((operation, *usage));
    }

    /// Adds what a subagent has cost.
    pub(crate) fn add_micros(&mut self, micros: Option<u64>) {
        if let Some(micros) = micros {
            self.add(micros as f64 / MICROS);
        }
    }

    /// Returns what was spent so far in millionths of a dollar; none if nothing had a price.
    pub(crate) fn micros(&self) -> Option<u64> {
        let open = self.call.zip(self.prices);
        let open = open.map(|((_, usage), prices)| prices.cost(usage));
        let dollars = match (self.dollars, open) {
            (None, None) => return None,
            (spent, open) => spent.unwrap_or_default() + open.unwrap_or_default(),
        };
        // Never negative, and a session that costs more than u64 holds does not end.
        Some((dollars * MICROS).round() as u64)
    }

    fn close_call(&mut self) {
        if let (Some((_, usage)), Some(prices)) = (self.call.take(), self.prices) {
            self.add(prices.cost(usage));
        }
    }

    fn add(&mut self, dollars: f64) {
        self.dollars = Some(self.dollars.unwrap_or_default() + dollars);
    }
}

const MICROS: f64 = 1_000_000.0;
