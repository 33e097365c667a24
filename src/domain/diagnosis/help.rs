//! What helps somebody to get in.

use std::fmt;

use super::{Answer, Cause};
use crate::domain::action::{Action, Kind, State};
use crate::domain::ids::{ActionId, EnvironmentName, InquiryId};
use crate::domain::plan::Bound;
use crate::domain::time::Timestamp;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Help {
    /// Let them in: whatever that takes happens then.
    LetIn,
    /// Nothing is to be done.
    Nothing,
    /// Try again later.
    Wait {
        /// At this time, where somebody knows.
        until: Option<Timestamp>,
    },
    /// Let Rekindle act.
    Act,
    /// Give it an API key.
    SetKey,
    /// Configure the environment again.
    Configure,
    /// Ask Persona how it stands.
    Reconcile,
    /// Make a new inquiry for the person by hand.
    MakeAnother,
    /// Let the rules replace what was failed.
    AllowFailed,
    /// Let the rules replace what was erased.
    AllowRedacted,
    /// Raise a bound of the rules.
    Raise(Bound),
    /// Let people be told again.
    Unmute,
    /// Perform a paused lane again.
    Resume(Kind),
    /// Try a dead letter again.
    Retry(ActionId),
    /// Ask the operator.
    AskOperator,
}

impl Help {
    /// A word for it that does not change.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LetIn => "let-in",
            Self::Nothing => "nothing",
            Self::Wait { .. } => "wait",
            Self::Act => "act",
            Self::SetKey => "set-api-key",
            Self::Configure => "configure",
            Self::Reconcile => "reconcile",
            Self::MakeAnother => "make-another",
            Self::AllowFailed => "allow-failed",
            Self::AllowRedacted => "allow-redacted",
            Self::Raise(_) => "raise-bound",
            Self::Unmute => "unmute",
            Self::Resume(_) => "resume-lane",
            Self::Retry(_) => "retry-action",
            Self::AskOperator => "ask-operator",
        }
    }

    /// The call of the API that does it, where there is one.
    #[must_use]
    pub fn call(&self, inquiry: &InquiryId) -> Option<String> {
        match self {
            Self::LetIn => Some(format!("POST /v1/inquiries/{inquiry}/access")),
            Self::MakeAnother => Some("POST /v1/inquiries".to_owned()),
            _ => None,
        }
    }

    /// The command that does it, where there is one.
    #[must_use]
    pub fn command(&self, environment: &EnvironmentName, inquiry: &InquiryId) -> Option<String> {
        match self {
            Self::Reconcile => Some(format!("rekindle reconcile --environment {environment}")),
            Self::Unmute => Some(format!("rekindle inquiries unmute --environment {environment} {inquiry}")),
            Self::Resume(kind) => {
                Some(format!("rekindle lanes resume --environment {environment} --kind {kind} --reason …"))
            }
            Self::Retry(action) => Some(format!("rekindle actions retry {action}")),
            _ => None,
        }
    }
}

impl fmt::Display for Help {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LetIn => f.write_str(
                "Give them a fresh way in: an access link, or a link or session token asked for when they come.",
            ),
            Self::Nothing => f.write_str("Nothing is to be done."),
            Self::Wait { until: Some(until) } => write!(f, "Try again at {until}."),
            Self::Wait { until: None } => f.write_str("Try again in a few minutes."),
            Self::Act => f.write_str("Set mode = \"act\" for the environment."),
            Self::SetKey => f.write_str("Set api_key for the environment."),
            Self::Configure => f.write_str("Configure the environment again."),
            Self::Reconcile => f.write_str("Ask Persona how it stands."),
            Self::MakeAnother => f.write_str("Make a new inquiry for the person."),
            Self::AllowFailed => f.write_str("Set replace_failed = true in the template's rules for another chance."),
            Self::AllowRedacted => f.write_str("Set replace_redacted = true in the template's rules to begin anew."),
            Self::Raise(bound) => write!(f, "Raise {} in the template's rules.", key_of(*bound)),
            Self::Unmute => f.write_str("Let the person be told again."),
            Self::Resume(kind) => write!(f, "Resume the lane \"{kind}\"."),
            Self::AskOperator => f.write_str("Ask whoever runs Rekindle for you."),
            Self::Retry(_) => f.write_str("Try the dead letter again, once its reason is mended."),
        }
    }
}

const fn key_of(bound: Bound) -> &'static str {
    match bound {
        Bound::Revivals => "max_revivals",
        Bound::Replacements => "max_replacements",
        Bound::Notices => "max_reminders",
        Bound::Age => "give_up_after",
    }
}

/// What helps against these causes.
pub(super) fn of(answer: Answer, causes: &[Cause], actions: &[Action]) -> Vec<Help> {
    let mut help = Vec::new();
    if answer.lets_in() {
        help.push(Help::LetIn);
    }
    for cause in causes {
        help.extend(against(cause, answer));
    }
    if answer != Answer::NotNeeded {
        let dead = actions.iter().filter(|action| action.state == State::Failed);
        help.extend(dead.map(|action| Help::Retry(action.planned.id.clone())));
    }
    if help.is_empty() {
        help.push(Help::Nothing);
    }
    help
}

fn against(cause: &Cause, answer: Answer) -> Vec<Help> {
    match cause {
        Cause::Observing => vec![Help::Act],
        Cause::NoKey => vec![Help::SetKey],
        Cause::NotConfigured => vec![Help::Configure],
        Cause::BudgetSpent { until } => vec![Help::Wait { until: Some(*until) }],
        Cause::Unreachable { .. } => vec![Help::Wait { until: None }],
        Cause::Muted => vec![Help::Unmute],
        Cause::LanePaused(paused) => vec![Help::Resume(paused.kind)],
        Cause::StatusUnknown => vec![Help::Reconcile],
        Cause::Failed if answer == Answer::No => vec![Help::AllowFailed, Help::MakeAnother],
        Cause::Redacted if answer == Answer::No => vec![Help::AllowRedacted, Help::MakeAnother],
        Cause::GivenUp(bound) => vec![Help::MakeAnother, Help::Raise(*bound)],
        Cause::NobodyKnown => vec![Help::MakeAnother],
        _ => Vec::new(),
    }
}
