//! The rules that Loom brings along, one file for each kind of service.

/// The files of `rules/`, by name and text.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("ai.toml", include_str!("../rules/ai.toml")),
    ("allow.toml", include_str!("../rules/allow.toml")),
    ("cloud.toml", include_str!("../rules/cloud.toml")),
    ("databases.toml", include_str!("../rules/databases.toml")),
    ("identity.toml", include_str!("../rules/identity.toml")),
    ("messaging.toml", include_str!("../rules/messaging.toml")),
    ("monitoring.toml", include_str!("../rules/monitoring.toml")),
    ("packages.toml", include_str!("../rules/packages.toml")),
    ("payments.toml", include_str!("../rules/payments.toml")),
    ("saas.toml", include_str!("../rules/saas.toml")),
    (
        "source-control.toml",
        include_str!("../rules/source-control.toml"),
    ),
    // Last: of two rules that know no service, the earlier one names what both find.
    ("generic.toml", include_str!("../rules/generic.toml")),
];
