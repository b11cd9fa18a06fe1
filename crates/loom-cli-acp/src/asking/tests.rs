use agent_client_protocol::v1::schema::{
    Diff, ElicitationAcceptAction, ElicitationContentValue, ElicitationMode,
    SelectedPermissionOutcome,
};
use loom_common_core::form::{FieldKind, FormField};
use serde_json::json;

use super::*;

const MODES: [PermissionMode; 3] = [
    PermissionMode::Plan,
    PermissionMode::Ask,
    PermissionMode::Auto,
];

fn asked(inquiry: &Inquiry, features: Features) -> Question {
    asked_with(inquiry, features, &MODES)
}

fn asked_with(inquiry: &Inquiry, features: Features, modes: &[PermissionMode]) -> Question {
    let session = SessionId::new("T-1");
    let place = Place {
        session: &session,
        features,
        folder: Path::new("/work"),
        modes,
        id: "inquiry_1",
        call: Some("item_9"),
    };
    question(inquiry, &place)
}

fn permission(rules: &[&str]) -> Inquiry {
    Inquiry::Permission {
        tool_call: "item_1".to_owned(),
        name: "bash".to_owned(),
        arguments: json!({"command": "cargo test"}),
        reason: "ask mode asks".to_owned(),
        suggestions: rules
            .iter()
            .map(|rule| RuleSuggestion {
                rules: vec![(*rule).to_owned()],
                label: format!("`{rule}`"),
            })
            .collect(),
    }
}

fn link() -> Inquiry {
    Inquiry::Link {
        server: "issues".to_owned(),
        message: "Log in.".to_owned(),
        url: "https://example.com/login".to_owned(),
        host: "example.com".to_owned(),
    }
}

fn form() -> Inquiry {
    Inquiry::Form {
        server: "issues".to_owned(),
        message: "Who are you?".to_owned(),
        fields: vec![FormField {
            name: "name".to_owned(),
            title: None,
            description: None,
            required: true,
            seems_secret: false,
            kind: FieldKind::Text {
                format: None,
                min_length: Some(2),
                max_length: None,
                default: None,
            },
        }],
    }
}

/// The options of a choice: name, kind, meaning.
fn options(question: Question) -> Vec<(String, PermissionOptionKind, Meant)> {
    let Question::Choice { request, answers } = question else {
        panic!("{question:?}");
    };
    let options = request.options.into_iter().zip(answers);
    options
        .map(|(option, (id, meant))| {
            assert_eq!(&*option.option_id.0, id);
            (option.name, option.kind, meant)
        })
        .collect()
}

#[test]
fn a_permission_offers_each_rule_for_each_span_and_two_ways_to_reject() {
    let offered = options(asked(&permission(&["a", "b", "c"]), Features::default()));
    let names: Vec<&str> = offered.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "Allow",
            "Always allow `a` in this session",
            "Always allow `a` in this folder",
            "Always allow `a` everywhere",
            "Always allow `b` in this session",
            "Always allow `b` in this folder",
            "Always allow `b` everywhere",
            "Reject",
            "Reject in this session",
        ]
    );
    let remember = RememberedRule {
        rules: vec!["b".to_owned()],
        scope: RuleScope::Project,
    };
    let meant = Meant::Once(Answer::Allow {
        remember: Some(remember),
    });
    assert_eq!(offered[5].2, meant);
    assert_eq!(
        offered[8],
        (
            "Reject in this session".to_owned(),
            PermissionOptionKind::RejectAlways,
            Meant::Never
        )
    );
}

#[test]
fn what_is_chosen_means_what_was_offered_and_nothing_else() {
    let answers = [("1".to_owned(), Meant::Never)];
    let selected = |id: &'static str| {
        let selected = SelectedPermissionOutcome::new(id);
        RequestPermissionResponse::new(RequestPermissionOutcome::Selected(selected))
    };
    let cancelled = RequestPermissionResponse::new(RequestPermissionOutcome::Cancelled);
    assert_eq!(chosen(&selected("1"), &answers), Ok(Some(Meant::Never)));
    assert_eq!(chosen(&cancelled, &answers), Ok(None));
    assert!(chosen(&selected("2"), &answers).is_err());
}

#[test]
fn a_refusal_for_the_session_is_for_the_narrowest_rule_or_the_very_call() {
    let refused = Refused::default();
    refused.add(&permission(&["bash(cargo test)", "bash(cargo *)"]));
    assert!(refused.holds(&permission(&["bash(cargo test)"])));
    assert!(!refused.holds(&permission(&["bash(cargo *)"])));
    assert!(!refused.holds(&permission(&[])));
    refused.add(&permission(&[]));
    assert!(refused.holds(&permission(&[])));
    refused.add(&form());
    assert!(!refused.holds(&form()));
}

#[test]
fn an_address_is_led_to_or_shown_whole_to_be_chosen() {
    let features = Features {
        links: true,
        ..Features::default()
    };
    let Question::Elicitation { request, kind } = asked(&link(), features) else {
        panic!("an editor that leads to addresses is asked to");
    };
    assert_eq!(kind, Elicited::Link);
    assert!(
        matches!(&request.mode, ElicitationMode::Url(mode) if mode.url == "https://example.com/login")
    );
    assert!(request.message.contains("the host example.com"));
    let question = asked(&link(), Features::default());
    assert!(format!("{question:?}").contains("https://example.com/login"));
    let meant = Meant::Once(Answer::Allow { remember: None });
    assert_eq!(options(question)[0].2, meant);
}

#[test]
fn a_form_is_filled_in_declined_put_away_or_cannot_be_shown() {
    let features = Features {
        forms: true,
        ..Features::default()
    };
    let Question::Elicitation { request, kind } = asked(&form(), features) else {
        panic!("an editor with forms gets one");
    };
    let ElicitationMode::Form(mode) = &request.mode else {
        panic!("{request:?}");
    };
    assert_eq!(
        mode.requested_schema.required.as_deref(),
        Some(&["name".to_owned()][..])
    );
    let name = ElicitationContentValue::String("Ada".to_owned());
    let accept = ElicitationAcceptAction::new().content(std::collections::BTreeMap::from([(
        "name".to_owned(),
        name,
    )]));
    let answer = |action| elicited(CreateElicitationResponse::new(action), kind);
    let values = json!({"name": "Ada"});
    let values = values.as_object().unwrap().clone();
    assert_eq!(
        answer(ElicitationAction::Accept(accept)),
        Answer::Submit { values }
    );
    assert_eq!(
        answer(ElicitationAction::Decline),
        Answer::Deny { instead: None }
    );
    assert_eq!(answer(ElicitationAction::Cancel), Answer::Dismiss);
    let Question::Unaskable { answer, note } = asked(&form(), Features::default()) else {
        panic!("an editor without forms gets none");
    };
    assert_eq!(answer, Answer::Dismiss);
    assert!(note.contains("Who are you?"), "{note}");
}

#[test]
fn a_plan_is_of_the_call_that_presents_it() {
    let plan = Inquiry::Plan {
        plan: "1. Look.".to_owned(),
    };
    let Question::Choice { request, .. } = asked(&plan, Features::default()) else {
        panic!("a plan is chosen about");
    };
    assert_eq!(&*request.tool_call.tool_call_id.0, "item_9");
    assert_eq!(request.tool_call.fields.kind, Some(ToolKind::SwitchMode));
}

#[test]
fn a_plan_is_carried_out_in_modes_that_are_offered() {
    let plan = Inquiry::Plan {
        plan: "1. Look.".to_owned(),
    };
    let ways = |modes: &[PermissionMode]| {
        let offered = options(asked_with(&plan, Features::default(), modes));
        offered
            .into_iter()
            .map(|(name, ..)| name)
            .collect::<Vec<_>>()
    };
    let asking = "Yes, asking before each step";
    let no = "No, go on planning";
    assert_eq!(ways(&MODES), ["Yes, in auto mode", asking, no]);
    assert_eq!(ways(&[PermissionMode::Ask]), [asking, no]);
}

#[test]
fn an_edit_is_shown_before_it_is_allowed() {
    let content = |name: &str, arguments: Value| {
        let inquiry = Inquiry::Permission {
            tool_call: "item_1".to_owned(),
            name: name.to_owned(),
            arguments,
            reason: "ask mode asks".to_owned(),
            suggestions: Vec::new(),
        };
        let Question::Choice { request, .. } = asked(&inquiry, Features::default()) else {
            panic!("a permission is chosen about");
        };
        request.tool_call.fields.content.unwrap()
    };
    let reason = || text("ask mode asks");
    let diff = |old: Option<&str>, new: &str| {
        let diff = Diff::new("/work/a.rs", new).old_text(old.map(str::to_owned));
        ToolCallContent::Diff(diff)
    };
    let edit = json!({"file_path": "a.rs", "old_string": "one", "new_string": "two"});
    let shown = content("edit_file", edit);
    assert_eq!(shown, [reason(), diff(Some("one"), "two")]);
    let write = json!({"file_path": "a.rs", "content": "all"});
    assert_eq!(content("write_file", write), [reason(), diff(None, "all")]);
    let patch = json!({"input": "*** Begin Patch\n*** End Patch"});
    let shown = content("apply_patch", patch);
    let fenced = text("```\n*** Begin Patch\n*** End Patch\n```");
    assert_eq!(shown, [reason(), fenced]);
    assert_eq!(content("bash", json!({"command": "ls"})), [reason()]);
}
