//! Decides whether a tool call may run, and where.
//!
//! Rules and mode decide, hooks can make it stricter or answer a question that no rule demanded, and
//! what is left is asked of the person. A session without a person says so beforehand, and the model
//! is told why and what it can do instead: nothing ever waits for an answer that cannot come.

use loom_cli_hooks::{Decision as Wish, Event, EventKind};
use loom_cli_permission::{
    Call, Cause, Decision, Effect, Permissions, Rule, Suggestion, Surroundings, Verdict,
};
use loom_common_core::inquiry::{Answer, Inquiry, RememberedRule, RuleSuggestion};
use loom_common_core::stream::NoticeLevel;
use loom_common_core::{Confinement, PermissionMode, ReadFilter, Resource, ToolAccess, ToolCall};

use crate::calls::ToolRunner;
use crate::inquiries::{CallSite, Person};
use crate::operations::Report;

/// What a session's calls are judged by.
#[derive(Clone, Debug)]
pub struct Gate {
    /// The rules.
    pub permissions: Permissions,
    /// Whether commands can be kept in a sandbox here.
    pub sandbox_works: bool,
}

impl Gate {
    /// Returns the mode that holds where one is wished for, and if that is another, why.
    pub(crate) fn permitted(&self, mode: PermissionMode) -> (PermissionMode, Option<String>) {
        let Some(origin) = self.permissions.mode_switched_off(mode) else {
            return (mode, None);
        };
        let held = PermissionMode::Auto;
        let notice =
            format!("{mode} mode is switched off by {origin}; {held} mode holds in its place");
        (held, Some(notice))
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            sandbox_works: self.sandbox_works,
        }
    }
}

impl ToolRunner {
    /// Sets what the agent may do without asking. Where another mode holds, returns what the person is
    /// told.
    pub(crate) fn set_mode(&self, mode: PermissionMode) -> Option<String> {
        let (held, switched_off) = self.gate.permitted(mode);
        self.mode.set(held);
        switched_off
    }

    /// Decides about `call`, asking the person if it must, and returns where it runs.
    ///
    /// # Errors
    ///
    /// When the call may not run: what the model is told about it.
    pub(crate) async fn permit(
        &self,
        site: &CallSite,
        call: &ToolCall,
        access: ToolAccess,
        resources: &[Resource],
        wish: Wish,
    ) -> Result<Confinement, String> {
        if let Wish::Block { reason } = wish {
            return Err(format!("Denied by a hook of the user: {reason}"));
        }
        let decision = self.gate.permissions.judge(
            self.mode.get(),
            &self.judged(call, access, resources),
            &self.gate.surroundings(),
        );
        let confinement = decision.confinement;
        match (decision.verdict, wish) {
            (Verdict::Deny, _) => Err(decision.for_model()),
            (Verdict::Allow, Wish::Ask { reason }) => {
                self.ask(site, call, &decision, &reason).await?;
                Ok(confinement)
            }
            (Verdict::Allow, _) => Ok(confinement),
            (Verdict::Ask, Wish::Allow { .. }) if !is_demanded_by_a_rule(&decision) => {
                Ok(confinement)
            }
            (Verdict::Ask, _) => {
                let reason = decision.for_person();
                self.ask(site, call, &decision, &reason).await?;
                Ok(confinement)
            }
        }
    }

    /// Returns which files below those that the call names it may read.
    pub(crate) fn readable(
        &self,
        call: &ToolCall,
        access: ToolAccess,
        resources: &[Resource],
    ) -> ReadFilter {
        self.gate.permissions.readable(
            self.mode.get(),
            &self.judged(call, access, resources),
            &self.gate.surroundings(),
        )
    }

    fn judged<'a>(
        &'a self,
        call: &'a ToolCall,
        access: ToolAccess,
        resources: &'a [Resource],
    ) -> Call<'a> {
        Call {
            tool: &call.name,
            access,
            resources,
            workspace: &self.workspace,
        }
    }

    async fn ask(
        &self,
        site: &CallSite,
        call: &ToolCall,
        decision: &Decision,
        reason: &str,
    ) -> Result<(), String> {
        if let Person::Absent { reason: why } = self.person.get() {
            return Err(format!(
                "Denied: {}, and {why}. Go on without it, and tell the user at the end what you \
                 could not do.",
                decision.for_model().trim_end_matches('.')
            ));
        }
        self.notify(reason).await;
        let inquiry = Inquiry::Permission {
            tool_call: String::new(),
            name: call.name.clone(),
            arguments: call.shown_arguments(),
            reason: reason.to_owned(),
            suggestions: decision.suggestions.iter().map(suggestion).collect(),
        };
        match site.ask(inquiry).await {
            Some(Answer::Allow { remember }) => {
                if let Some(remember) = remember {
                    self.remember(site, remember).await;
                }
                Ok(())
            }
            Some(Answer::Deny {
                instead: Some(instead),
            }) => Err(format!("Denied by the user, who says: {instead}")),
            Some(_) => Err(
                "Denied by the user. Do not try the same again; find another way or ask what they \
                 want."
                    .to_owned(),
            ),
            None => Err(match self.person.get() {
                Person::Absent { reason } => format!("Denied: nobody answered, for {reason}."),
                Person::Present => "Denied: nobody answered.".to_owned(),
            }),
        }
    }

    /// Remembers a rule. That it cannot be is no reason not to do what was allowed.
    async fn remember(&self, site: &CallSite, remember: RememberedRule) {
        let permissions = self.gate.permissions.clone();
        let remembered = tokio::task::spawn_blocking(move || {
            let rules: Result<Vec<Rule>, _> =
                remember.rules.iter().map(|rule| rule.parse()).collect();
            let rules = rules.map_err(|error| error.to_string())?;
            permissions
                .remember(&rules, remember.scope, Effect::Allow)
                .map_err(|error| error.to_string())
        });
        if let Ok(Err(error)) = remembered.await {
            let notice = Report::Notice {
                level: NoticeLevel::Warning,
                text: format!("the rule is not remembered: {error}"),
            };
            let _ = site.reports.send(notice).await;
        }
    }

    /// Lets hooks know that the person is wanted.
    pub(crate) async fn notify(&self, reason: &str) {
        if self.hooks.handles(EventKind::Notification) {
            let event = Event::Notification {
                kind: "permission_prompt",
                title: "Loom needs your permission",
                message: reason,
            };
            self.hooks.run(&self.facts(), &event).await;
        }
    }
}

/// Tells whether a rule says that the person is to be asked: a hook does not override it.
fn is_demanded_by_a_rule(decision: &Decision) -> bool {
    matches!(
        decision.reason.cause,
        Cause::Rule { .. } | Cause::PossibleRule { .. }
    )
}

fn suggestion(suggestion: &Suggestion) -> RuleSuggestion {
    RuleSuggestion {
        rules: suggestion.rules.iter().map(ToString::to_string).collect(),
        label: suggestion.label.clone(),
    }
}
