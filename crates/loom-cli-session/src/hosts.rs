//! Hosts that the sandbox has refused to a command, and the person who is asked for them.
//!
//! The proxy of the sandbox remembers what it refused. When a call that runs commands has come to its
//! end, the person is asked once for all of its hosts; the command has failed by then, and is not
//! run again by itself, as nobody knows what it has done before it failed: the model is told that it
//! can. A host that a rule denies is not asked for.
//!
//! All that runs in the sandbox shares the proxy. What was refused before a command began, to one in the
//! background or to a language server, is none of its business: it is set aside, and asked for when
//! the model looks at what runs in the background. Commands that run at the same time cannot be told
//! apart, so a question may be about the host of another one.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loom_cli_permission::{Call, Surroundings, Verdict};
use loom_cli_sandbox::{HostPattern, RefusalReason, RefusedHost, Sandbox};
use loom_common_core::inquiry::{Answer, Inquiry, RuleScope};
use loom_common_core::stream::NoticeLevel;
use loom_common_core::{Resource, ToolAccess, ToolCall, ToolOutput};

use crate::calls::{ToolRunner, append};
use crate::inquiries::{CallSite, Person};
use crate::operations::Report;

/// The most hosts of one question; further ones are asked for when they are refused again.
const MAX_HOSTS: usize = 10;

/// The most hosts that are set aside.
const MAX_SET_ASIDE: usize = 64;

/// The tool that reads what a command in the background prints.
const COMMAND_OUTPUT: &str = "command_output";

/// Stores hosts that commands may always reach.
pub type KeepHosts = Arc<dyn Fn(&[HostPattern]) -> Result<(), String> + Send + Sync>;

/// The hosts that commands in the sandbox may reach.
#[derive(Clone)]
pub struct Hosts {
    sandbox: Arc<Sandbox>,
    keep: KeepHosts,
    /// What was refused while no command was waited for.
    set_aside: Arc<Mutex<Vec<RefusedHost>>>,
}

impl Hosts {
    /// Takes the sandbox, which refuses hosts, and what writes some to the person's configuration.
    pub fn new(sandbox: Arc<Sandbox>, keep: KeepHosts) -> Self {
        Self {
            sandbox,
            keep,
            set_aside: Arc::default(),
        }
    }

    /// Sets aside what was refused so far.
    fn set_aside(&self) {
        let mut aside = self.aside();
        for refused in self.sandbox.take_refused_hosts() {
            if aside.len() < MAX_SET_ASIDE && !aside.contains(&refused) {
                aside.push(refused);
            }
        }
    }

    /// Takes what was set aside, and what was refused since.
    fn take_all(&self) -> Vec<RefusedHost> {
        self.set_aside();
        std::mem::take(&mut *self.aside())
    }

    fn aside(&self) -> MutexGuard<'_, Vec<RefusedHost>> {
        let aside = self.set_aside.lock();
        aside.unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Hosts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hosts({:?})", self.sandbox)
    }
}

impl ToolRunner {
    /// Keeps apart what was refused before a command begins.
    pub(crate) fn before_command(&self, resources: &[Resource]) {
        if let Some(hosts) = self.hosts.as_ref().filter(|_| is_command(resources)) {
            hosts.set_aside();
        }
    }

    /// Asks the person for the hosts that were refused while a call ran, and tells the model what
    /// came of it.
    pub(crate) async fn ask_for_hosts(
        &self,
        site: &CallSite,
        call: &ToolCall,
        resources: &[Resource],
        output: &mut ToolOutput,
    ) {
        let Some(hosts) = &self.hosts else {
            return;
        };
        let refused = if is_command(resources) {
            hosts.sandbox.take_refused_hosts()
        } else if call.name == COMMAND_OUTPUT {
            hosts.take_all()
        } else {
            return;
        };
        let mut asked = Vec::new();
        for refused in refused {
            if refused.reason != RefusalReason::NotListed {
                continue;
            }
            match (self.denial_of(call, &refused), pattern_of(&refused)) {
                (Some(denial), _) => append(output, [format!("({denial})")]),
                (None, Some(pattern)) if asked.len() < MAX_HOSTS && !asked.contains(&pattern) => {
                    asked.push(pattern);
                }
                _ => {}
            }
        }
        if !asked.is_empty() {
            let note = self.ask_for(site, hosts, &asked).await;
            append(output, note);
        }
    }

    /// Returns why a rule or the mode denies a host, if one does.
    fn denial_of(&self, call: &ToolCall, refused: &RefusedHost) -> Option<String> {
        let RefusedHost { host, port, .. } = refused;
        let decision = self.gate.permissions.judge(
            self.mode.get(),
            &Call {
                tool: &call.name,
                access: ToolAccess::Network,
                resources: &[Resource::Url(format!("https://{host}:{port}/"))],
                workspace: &self.workspace,
            },
            &Surroundings {
                sandbox_works: self.gate.sandbox_works,
            },
        );
        (decision.verdict == Verdict::Deny).then(|| decision.for_model())
    }

    async fn ask_for(
        &self,
        site: &CallSite,
        hosts: &Hosts,
        asked: &[HostPattern],
    ) -> Option<String> {
        let named = list(asked);
        if let Person::Absent { reason } = self.person.get() {
            return Some(format!(
                "(Whether commands may reach {named} cannot be asked: {reason}. Go on without, and \
                 tell the user at the end that `sandbox.allow_hosts` in the configuration allows it.)"
            ));
        }
        self.notify(&format!("commands want to reach {named}"))
            .await;
        let inquiry = Inquiry::Hosts {
            tool_call: String::new(),
            hosts: asked.iter().map(ToString::to_string).collect(),
        };
        match site.ask(inquiry).await? {
            Answer::Allow { remember: None } => Some(self.allow(hosts, asked)),
            Answer::Allow {
                remember: Some(remember),
            } => {
                let parsed: Result<Vec<HostPattern>, _> =
                    remember.rules.iter().map(|host| host.parse()).collect();
                let allowed = match parsed {
                    Ok(allowed) if !allowed.is_empty() => allowed,
                    Ok(_) => asked.to_vec(),
                    Err(error) => {
                        self.warn(site, format!("no host is allowed: {error}"))
                            .await;
                        return None;
                    }
                };
                if remember.scope != RuleScope::Session {
                    let (keep, kept) = (Arc::clone(&hosts.keep), allowed.clone());
                    // It writes a file.
                    let kept = tokio::task::spawn_blocking(move || keep(&kept)).await;
                    if let Ok(Err(error)) = kept {
                        let warning =
                            format!("the hosts are allowed in this session only: {error}");
                        self.warn(site, warning).await;
                    }
                }
                Some(self.allow(hosts, &allowed))
            }
            Answer::Deny {
                instead: Some(instead),
            } => Some(format!(
                "(The user does not let commands reach {named}, and says: {instead})"
            )),
            _ => Some(format!(
                "(The user does not let commands reach {named}. Do not try it again, nor outside of \
                 the sandbox; find a way without, or ask what they want.)"
            )),
        }
    }

    /// Lets hosts pass, and returns what the model is told.
    fn allow(&self, hosts: &Hosts, allowed: &[HostPattern]) -> String {
        for host in allowed {
            hosts.sandbox.allow_host(host.clone());
        }
        format!(
            "(The user lets commands reach {} from now on. The command was not run again: do that \
             yourself, in the sandbox as before, if its first run has left nothing in the way.)",
            list(allowed)
        )
    }

    async fn warn(&self, site: &CallSite, text: String) {
        let level = NoticeLevel::Warning;
        let _ = site.reports.send(Report::Notice { level, text }).await;
    }
}

fn is_command(resources: &[Resource]) -> bool {
    let mut resources = resources.iter();
    resources.any(|resource| matches!(resource, Resource::Command { .. }))
}

/// Returns the pattern that allows a host; none for what is no name, such as an IPv6 address.
fn pattern_of(refused: &RefusedHost) -> Option<HostPattern> {
    let RefusedHost { host, port, .. } = refused;
    let written = match port {
        80 | 443 => host.clone(),
        port => format!("{host}:{port}"),
    };
    written.parse().ok()
}

fn list(hosts: &[HostPattern]) -> String {
    let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    hosts.join(", ")
}
