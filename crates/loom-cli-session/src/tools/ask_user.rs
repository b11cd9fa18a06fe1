//! `ask_user`: a question to the person in the middle of the work.

use loom_cli_tools::{ToolError, answer};
use loom_common_core::inquiry::{Answer, Inquiry};
use loom_common_core::{ToolDefinition, ToolOutput};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::inquiries::{CallSite, Person};

#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Arguments {
    /// The question, with all that is needed to answer it.
    question: String,
    /// Answers to choose from.
    #[serde(default)]
    options: Vec<String>,
}

pub(super) async fn run(
    definition: &ToolDefinition,
    arguments: Map<String, Value>,
    person: &Person,
    site: &CallSite,
) -> ToolOutput {
    answer(definition, arguments, async |arguments: Arguments| {
        if let Person::Absent { .. } = person {
            return Err(ToolError::Failed(
                "Nobody is there to answer. Decide yourself what the user most likely wants, say \
                 at the end what you took for granted, and go on."
                    .to_owned(),
            ));
        }
        let inquiry = Inquiry::Question {
            question: arguments.question,
            options: arguments.options,
        };
        match site.ask(inquiry).await {
            Some(Answer::Reply { text }) => {
                Ok(ToolOutput::completed(format!("The user answers: {text}")))
            }
            Some(Answer::Deny {
                instead: Some(instead),
            }) => Ok(ToolOutput::completed(format!(
                "The user does not answer the question, and says: {instead}"
            ))),
            _ => Ok(ToolOutput::completed(
                "The user does not want to answer. Decide yourself, and go on.",
            )),
        }
    })
    .await
}
