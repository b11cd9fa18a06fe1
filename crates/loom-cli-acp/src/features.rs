//! What an editor can do, as it said when it connected.

use agent_client_protocol::v1::schema::ClientCapabilities;

/// What an editor can do beyond what every editor can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Features {
    /// It shows notices apart from what the agent says.
    pub(crate) notices: bool,
    /// It shows that a conversation was shortened.
    pub(crate) compaction: bool,
    /// It shows forms.
    pub(crate) forms: bool,
    /// It leads people to addresses.
    pub(crate) links: bool,
    /// It takes the output of commands piece by piece, by a convention beside the protocol: the
    /// capability `_meta.terminal_output`.
    pub(crate) terminal_output: bool,
}

impl Features {
    pub(crate) fn of(capabilities: &ClientCapabilities) -> Self {
        let session = capabilities.session.as_ref();
        let elicitation = capabilities.elicitation.as_ref();
        let meta = capabilities.meta.as_ref();
        Self {
            notices: session.is_some_and(|session| session.notices.is_some()),
            compaction: session.is_some_and(|session| session.compaction.is_some()),
            forms: elicitation.is_some_and(|elicitation| elicitation.supports_form()),
            links: elicitation.is_some_and(|elicitation| elicitation.supports_url()),
            terminal_output: meta
                .and_then(|meta| meta.get("terminal_output"))
                .and_then(serde_json::Value::as_bool)
                .unwrap_or_default(),
        }
    }
}
