//! What a run costs, and when that is too much.
//!
//! Prices hold for one call each, because a long prompt costs more; so a call's tokens are kept
//! until it is over. A provider tells the tokens of a call several times, each time in whole, and
//! each time the call's cost takes the place of what was known of it.
//!
//! A session and its subagents each have a meter, and all of them one budget. What a call has cost is
//! in the budget as soon as it is known, so that it stays there when a subagent is stopped, and so
//! that any of them notices after its next answer that the budget is used up.

use std::collections::BTreeSet;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loom_common_core::{LlmEvent, OperationId, Prices, StopCause, Usage};

use crate::model::ModelChoice;

/// What a session and its subagents may cost together, and have cost.
#[derive(Debug)]
pub(crate) struct Budget {
    limit_micros: Option<u64>,
    spent: Mutex<Spent>,
}

#[derive(Debug, Default)]
struct Spent {
    /// None until something had a price.
    dollars: Option<f64>,
    /// Tokens of subagents that the session has not counted yet.
    below: Usage,
    /// The models of which was said that the limit does not hold for them.
    without_price: BTreeSet<String>,
}

impl Budget {
    /// Makes a budget of so many millionths of a dollar; none where there is no limit.
    pub(crate) fn new(limit_micros: Option<u64>) -> Arc<Self> {
        Arc::new(Self {
            limit_micros,
            spent: Mutex::default(),
        })
    }

    /// Returns why a run must stop that has cost what it may.
    pub(crate) fn used_up(&self) -> Option<StopCause> {
        let limit_micros = self.limit_micros?;
        let spent = self.micros()?;
        (spent >= limit_micros).then_some(StopCause::MaxCost { limit_micros })
    }

    /// Returns, once for each model, what the person must know where there is a limit and the
    /// model's prices are not known.
    pub(crate) fn unlimited(&self, model: &ModelChoice) -> Option<String> {
        if self.limit_micros.is_none() || model.figures.prices.is_some() {
            return None;
        }
        let name = format!("{}/{}", model.provider, model.name);
        let is_news = self.spent().without_price.insert(name.clone());
        is_news.then(|| {
            format!(
                "the prices of {name} are not known, so --max-cost (agent.max_cost) does not limit \
                 what it costs; limit the requests with --max-turns (agent.max_model_calls)"
            )
        })
    }

    /// Counts what a model was asked outside of the conversation.
    pub(crate) fn charge(&self, prices: Option<Prices>, usage: Usage) {
        let mut spent = self.spent();
        spent.below += usage;
        if let Some(prices) = prices {
            spent.dollars = Some(spent.dollars.unwrap_or_default() + prices.cost(usage));
        }
    }

    fn micros(&self) -> Option<u64> {
        // Never negative, and a session that costs more than u64 holds does not end.
        let dollars = self.spent().dollars?;
        Some((dollars * MICROS).round() as u64)
    }

    fn spent(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds up the cost of the model calls of one agent.
#[derive(Debug)]
pub(crate) struct Meter {
    budget: Arc<Budget>,
    prices: Option<Prices>,
    call: Option<Call>,
    /// Whether the agent is a subagent, whose tokens the session counts.
    is_below: bool,
}

/// The newest model call.
#[derive(Clone, Copy, Debug)]
struct Call {
    operation: OperationId,
    /// Those of the model that was asked.
    prices: Option<Prices>,
    usage: Usage,
}

impl Meter {
    /// Makes the meter of a session for a model with these prices.
    pub(crate) fn new(prices: Option<Prices>, budget: Arc<Budget>) -> Self {
        Self {
            budget,
            prices,
            call: None,
            is_below: false,
        }
    }

    /// Makes the meter of a subagent.
    pub(crate) fn of_subagent(prices: Option<Prices>, budget: Arc<Budget>) -> Self {
        let mut meter = Self::new(prices, budget);
        meter.is_below = true;
        meter
    }

    /// Goes on with another model; a call that runs keeps its prices.
    pub(crate) fn change_prices(&mut self, prices: Option<Prices>) {
        self.prices = prices;
    }

    /// Takes an event of a model call.
    pub(crate) fn llm_event(&mut self, operation: OperationId, event: &LlmEvent) {
        let LlmEvent::Usage { usage } = event else {
            return;
        };
        let known = self.call.filter(|call| call.operation == operation);
        if known.is_none() {
            self.close_call();
        }
        let call = Call {
            operation,
            prices: known.map_or(self.prices, |call| call.prices),
            usage: *usage,
        };
        self.call = Some(call);
        if let Some(now) = call.cost() {
            let before = known.and_then(|call| call.cost()).unwrap_or_default();
            let mut spent = self.budget.spent();
            spent.dollars = Some(spent.dollars.unwrap_or_default() + now - before);
        }
    }

    /// Returns what the session and its subagents have spent so far, in millionths of a dollar; none
    /// if nothing had a price.
    pub(crate) fn micros(&self) -> Option<u64> {
        self.budget.micros()
    }

    /// Returns the budget that it is charged to.
    pub(crate) fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// Returns the tokens that subagents have used since it was asked last.
    pub(crate) fn take_below(&self) -> Usage {
        match self.is_below {
            true => Usage::default(),
            false => mem::take(&mut self.budget.spent().below),
        }
    }

    fn close_call(&mut self) {
        if let Some(call) = self.call.take().filter(|_| self.is_below) {
            self.budget.spent().below += call.usage;
        }
    }
}

impl Drop for Meter {
    /// A subagent that is stopped has used its tokens all the same.
    fn drop(&mut self) {
        self.close_call();
    }
}

impl Call {
    fn cost(&self) -> Option<f64> {
        self.prices.map(|prices| prices.cost(self.usage))
    }
}

const MICROS: f64 = 1_000_000.0;

#[cfg(test)]
mod tests {
    use loom_common_core::Rates;

    use super::*;

    /// A dollar for a million tokens of the prompt, nothing for the rest.
    fn a_dollar() -> Option<Prices> {
        let rates = Rates {
            input: 1.0,
            output: 0.0,
            cache_read: 0.0,
            cache_write: 0.0,
        };
        Some(Prices {
            rates,
            long_prompt: None,
        })
    }

    fn used(input_tokens: u64) -> Usage {
        Usage {
            input_tokens,
            ..Usage::default()
        }
    }

    fn told(meter: &mut Meter, operation: u64, input_tokens: u64) {
        let operation = serde_json::from_value(operation.into()).unwrap();
        let usage = used(input_tokens);
        meter.llm_event(operation, &LlmEvent::Usage { usage });
    }

    #[test]
    fn a_call_counts_once_however_often_it_is_told_and_with_the_prices_it_began_with() {
        let mut meter = Meter::new(a_dollar(), Budget::new(None));
        assert_eq!(meter.micros(), None);
        told(&mut meter, 1, 10);
        told(&mut meter, 1, 30);
        meter.change_prices(None);
        told(&mut meter, 1, 40);
        told(&mut meter, 2, 1_000);
        assert_eq!(meter.micros(), Some(40));
    }

    #[test]
    fn what_a_subagent_has_used_before_it_was_stopped_counts() {
        let budget = Budget::new(Some(100));
        let mut main = Meter::new(a_dollar(), Arc::clone(&budget));
        told(&mut main, 1, 50);
        let mut below = Meter::of_subagent(a_dollar(), Arc::clone(&budget));
        told(&mut below, 1, 20);
        told(&mut below, 2, 29);
        assert_eq!(budget.used_up(), None);
        told(&mut below, 2, 30);
        let limit_micros = 100;
        assert_eq!(budget.used_up(), Some(StopCause::MaxCost { limit_micros }));
        drop(below);
        assert_eq!(main.micros(), Some(100));
        assert_eq!((main.take_below(), main.take_below()), (used(50), used(0)));
    }
}
