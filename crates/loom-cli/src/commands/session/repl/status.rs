//! What the line above the prompt says: mode, model, context, cost.

use anstyle::Style;
use loom_common_core::PermissionMode;
use loom_common_core::stream::ThreadEvent;

const DIM: Style = Style::new().dimmed();

/// How the session stands, as its events tell.
#[derive(Clone, Debug)]
pub(super) struct Status {
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) mode: PermissionMode,
    used_tokens: u64,
    window_tokens: Option<u64>,
    cost_micros: Option<u64>,
    /// The rung of the sandbox.
    sandbox: String,
}

impl Status {
    pub(super) fn new(
        provider: String,
        model: String,
        mode: PermissionMode,
        sandbox: String,
    ) -> Self {
        Self {
            provider,
            model,
            mode,
            used_tokens: 0,
            window_tokens: None,
            cost_micros: None,
            sandbox,
        }
    }

    /// Takes what an event tells.
    pub(super) fn follow(&mut self, event: &ThreadEvent) {
        match event {
            ThreadEvent::SettingsChanged {
                provider,
                model,
                permission_mode,
                ..
            } => {
                self.provider.clone_from(provider);
                self.model.clone_from(model);
                self.mode = *permission_mode;
            }
            ThreadEvent::ContextUpdated {
                used_tokens,
                window_tokens,
                cost_micros,
            } => {
                self.used_tokens = *used_tokens;
                self.window_tokens = *window_tokens;
                self.cost_micros = *cost_micros;
            }
            _ => {}
        }
    }

    /// Returns the line, for a terminal.
    pub(super) fn line(&self) -> String {
        let sandbox = match self.mode {
            PermissionMode::Full => "no sandbox".to_owned(),
            _ => format!("sandbox {}", self.sandbox),
        };
        let mut parts = vec![self.model.clone(), self.context()];
        parts.extend(self.cost_micros.map(dollars));
        parts.push(sandbox);
        format!("{DIM}{}{DIM:#}", parts.join(" · "))
    }

    /// Says how full the model's context is.
    pub(super) fn context(&self) -> String {
        match self.window_tokens {
            Some(window) if window > 0 => format!(
                "context {} of {} ({} %)",
                thousands(self.used_tokens),
                thousands(window),
                self.used_tokens.saturating_mul(100) / window
            ),
            _ => format!("context {}", thousands(self.used_tokens)),
        }
    }
}

fn thousands(tokens: u64) -> String {
    match tokens {
        0..1000 => tokens.to_string(),
        _ => format!("{}k", (tokens + 500) / 1000),
    }
}

/// Writes millionths of a dollar as dollars: cents, and more digits where that would be nothing.
fn dollars(micros: u64) -> String {
    let dollars = micros as f64 / 1_000_000.0;
    match micros {
        0 | 10_000.. => format!("${dollars:.2}"),
        _ => format!("${dollars:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_what_the_events_told() {
        let mut status = Status::new(
            "anthropic".to_owned(),
            "model-1".to_owned(),
            PermissionMode::Auto,
            "namespaces".to_owned(),
        );
        let plain = |status: &Status| anstream::adapter::strip_str(&status.line()).to_string();
        assert_eq!(plain(&status), "model-1 · context 0 · sandbox namespaces");
        status.follow(&ThreadEvent::ContextUpdated {
            used_tokens: 24_600,
            window_tokens: Some(200_000),
            cost_micros: Some(123_456),
        });
        status.follow(&ThreadEvent::SettingsChanged {
            provider: "openai".to_owned(),
            model: "model-2".to_owned(),
            effort: None,
            permission_mode: PermissionMode::Full,
        });
        assert_eq!(
            plain(&status),
            "model-2 · context 25k of 200k (12 %) · $0.12 · no sandbox"
        );
        assert_eq!(dollars(1_250), "$0.0013");
    }
}
