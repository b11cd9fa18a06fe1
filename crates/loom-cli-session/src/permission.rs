//! Decides whether a tool call may run.
//!
//! The mode and what a tool can touch decide at once, or say that the person must be asked. A
//! front end without a person says so beforehand, and the model is told why and what it can do
//! instead: nothing ever waits for an answer that cannot come.

use loom_common_core::inquiry::{Answer, Inquiry};
use loom_common_core::{PermissionMode, ToolAccess, ToolCall};

use crate::inquiries::{CallSite, Person};

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
    person: &Person,
    site: &CallSite,
) -> Result<(), String> {
    match judge(mode, access) {
        Verdict::Allow => Ok(()),
        Verdict::Deny => Err(format!(
            "Denied: the session is in plan mode, which only reads, and {} does more. Say what you \
             would do instead of doing it.",
            call.name
        )),
        Verdict::Ask => ask(mode, call, person, site).await,
    }
}

async fn ask(
    mode: PermissionMode,
    call: &ToolCall,
    person: &Person,
    site: &CallSite,
) -> Result<(), String> {
    if let Person::Absent { reason } = person {
        return Err(format!(
            "Denied: {} needs the user's approval, and {reason}. Go on without it, and tell the \
             user at the end what you could not do.",
            call.name
        ));
    }
    let inquiry = Inquiry::Permission {
        tool_call: String::new(),
        name: call.name.clone(),
        arguments: call.shown_arguments(),
        reason: format!("{} asks in mode {mode}", call.name),
        suggestions: Vec::new(),
    };
    match site.ask(inquiry).await {
        Some(Answer::Allow { .. }) => Ok(()),
        Some(Answer::Deny {
            instead: Some(instead),
        }) => Err(format!("Denied by the user, who says: {instead}")),
        _ => Err(
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
