//! `present_plan`: how plan mode ends. Only the person's approval ends it.

use loom_cli_tools::{ToolError, answer};
use loom_common_core::inquiry::{Answer, Inquiry};
use loom_common_core::{PermissionMode, ToolDefinition, ToolOutput};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::SessionOutput;
use crate::inquiries::{CallSite, Person};

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Arguments {
    /// The plan in Markdown.
    plan: String,
}

pub(super) async fn run(
    definition: &ToolDefinition,
    arguments: Map<String, Value>,
    mode: PermissionMode,
    person: &Person,
    site: &CallSite,
) -> SessionOutput {
    let mut approved = None;
    let output = answer(definition, arguments, async |arguments: Arguments| {
        if mode != PermissionMode::Plan {
            return Err(ToolError::Failed(
                "The session is not in plan mode: nothing needs to be approved. Carry the plan out."
                    .to_owned(),
            ));
        }
        if arguments.plan.trim().is_empty() {
            return Err(ToolError::Failed(
                "The plan is empty. Say what is to be done, and present it again.".to_owned(),
            ));
        }
        if let Person::Absent { .. } = person {
            return Ok(ToolOutput::completed(
                "Nobody is there to approve the plan, so the session stays in plan mode. Give the \
                 plan as your answer, and end.",
            ));
        }
        let inquiry = Inquiry::Plan {
            plan: arguments.plan,
        };
        Ok(match site.ask(inquiry).await {
            Some(Answer::Approve { mode }) if mode != PermissionMode::Plan => {
                approved = Some(mode);
                ToolOutput::completed(
                    "The user approves the plan, and plan mode is over. Write it to the list of \
                     what is to do if it has several steps, and carry it out.",
                )
            }
            Some(Answer::Deny {
                instead: Some(instead),
            }) => ToolOutput::completed(format!(
                "The user wants the plan changed, and says: {instead}\nThe session is still in \
                 plan mode. Change the plan and present it again."
            )),
            _ => ToolOutput::completed(
                "The user does not approve the plan. The session is still in plan mode. Ask what \
                 they want changed, or wait for what they say.",
            ),
        })
    })
    .await;
    SessionOutput {
        output,
        mode: approved,
    }
}
