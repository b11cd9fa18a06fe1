//! Decides whether a tool call may run.
//!
//! The mode and what a tool can touch decide at once, or say that the person must be asked. A
//! front end without a person says so beforehand, and the model is told why and what it can do
//! instead: nothing ever waits for an answer that cannot come.

use loom_common_core::{PermissionMode, ToolAccess, ToolCall};
use tokio::sync::{mpsc, oneshot};

/// How a front end answers questions of permission.
#[derive(Clone, Debug)]
pub enum Approvals {
    /// There is nobody to ask.
    Unavailable {
        /// Why, as the model is told.
        reason: String,
    },
    /// Questions go out here, one at a time for each call that asks.
    Ask(mpsc::Sender<PermissionRequest>),
}

/// A question to the person.
#[derive(Debug)]
pub struct PermissionRequest {
    /// The call that wants to run.
    pub call: ToolCall,
    /// Takes the answer. Dropping it denies the call.
    pub answer: oneshot::Sender<PermissionAnswer>,
}

/// The person's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PermissionAnswer {
    /// The call may run.
    Allow,
    /// It may not.
    Deny {
        /// What the person wants instead, if they said so. The model is told.
        instead: Option<String>,
    },
}

/// What the mode says about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Allow,
    Ask,
    Deny,
}

fn judge(mode: PermissionMode, access: ToolAccess) -> Verdict {
    match (mode, access) {
        (_, ToolAccess::Read) | (PermissionMode::Full, _) => Verdict::Allow,
        (PermissionMode::Plan, _) => Verdict::Deny,
        (PermissionMode::Auto, ToolAccess::Write) => Verdict::Allow,
        (PermissionMode::Auto, ToolAccess::Execute | ToolAccess::Network)
        | (PermissionMode::Ask, _) => Verdict::Ask,
    }
}

/// Decides about `call`, asking the person if it must.
///
/// # Errors
///
/// When the call may not run: what the model is told about it.
pub(crate) async fn permit(
    mode: PermissionMode,
    access: ToolAccess,
    call: &ToolCall,
    approvals: &Approvals,
) -> Result<(), String> {
    match judge(mode, access) {
        Verdict::Allow => Ok(()),
        Verdict::Deny => Err(format!(
            "Denied: the session is in plan mode, which only reads, and {} does more. Say what you \
             would do instead of doing it.",
            call.name
        )),
        Verdict::Ask => ask(call, approvals).await,
    }
}

async fn ask(call: &ToolCall, approvals: &Approvals) -> Result<(), String> {
    let requests = match approvals {
        Approvals::Ask(requests) => requests,
        Approvals::Unavailable { reason } => {
            return Err(format!(
                "Denied: {} needs the user's approval, and {reason}. Go on without it, and tell \
                 the user at the end what you could not do.",
                call.name
            ));
        }
    };
    let (answer, answered) = oneshot::channel();
    let request = PermissionRequest {
        call: call.clone(),
        answer,
    };
    let answer = match requests.send(request).await {
        Ok(()) => answered.await.ok(),
        Err(_) => None,
    };
    match answer {
        Some(PermissionAnswer::Allow) => Ok(()),
        Some(PermissionAnswer::Deny { instead: Some(instead) }) => Err(format!(
            "Denied by the user, who says: {instead}"
        )),
        Some(PermissionAnswer::Deny { instead: None }) | None => Err(
            "Denied by the user. Do not try the same again; find another way or ask what they want."
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_decide_by_what_a_tool_can_touch() {
        use PermissionMode::{Auto, Full, Plan};
        use ToolAccess::{Execute, Read, Write};
        let expected = [
            (Plan, Read, Verdict::Allow),
            (Plan, Write, Verdict::Deny),
            (Plan, Execute, Verdict::Deny),
            (Auto, Read, Verdict::Allow),
            (Auto, Write, Verdict::Allow),
            (Auto, Execute, Verdict::Ask),
            (Full, Read, Verdict::Allow),
            (Full, Write, Verdict::Allow),
            (Full, Execute, Verdict::Allow),
        ];
        for (mode, access, verdict) in expected {
            assert_eq!(judge(mode, access), verdict, "{mode} {access:?}");
        }
    }
}
