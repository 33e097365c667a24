//! Why what a person has at hand does not let them in, or nothing does.

use std::fmt;

use jiff::SignedDuration;

use super::{Facts, Gift, Paused, expired_at};
use crate::domain::access::Closed;
use crate::domain::ids::{InquiryId, NotifierName, TemplateVersionId};
use crate::domain::inquiry::Inquiry;
use crate::domain::lineage;
use crate::domain::plan::Bound;
use crate::domain::rules::Step;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;

/// How long ago a call may have gone unanswered to say something of the next.
pub(super) const LATELY: SignedDuration = SignedDuration::from_mins(10);

/// How long a one-time link opens after its first use (<https://docs.withpersona.com/resuming-inquiries>).
const GRACE: SignedDuration = SignedDuration::from_mins(5);

/// A cause, as Persona's guides and our rules know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Nobody has begun it.
    NotStarted,
    /// It was begun, and the tab with its session is gone.
    TokenLost,
    /// The session it was begun in has expired.
    SessionExpired {
        /// When that was heard of.
        at: Timestamp,
    },
    /// The one-time link was used.
    LinkUsed {
        /// When somebody came through it.
        at: Timestamp,
    },
    /// It expired.
    Expired {
        /// When, where that is known.
        at: Option<Timestamp>,
    },
    /// It expired too long ago to be resumed, or was resumed often enough.
    TooOld,
    /// A newer version of its template is published.
    Superseded {
        /// Its own version.
        own: Option<TemplateVersionId>,
        /// The published one.
        latest: Option<TemplateVersionId>,
    },
    /// It has had all its sessions, or nearly.
    LimitReached {
        /// How many there are.
        made: u32,
    },
    /// The person's data was erased.
    Redacted,
    /// The person failed it.
    Failed,
    /// The person is through.
    Done {
        /// In this inquiry.
        inquiry: InquiryId,
        /// How it stands.
        status: Status,
    },
    /// So much was tried that it is enough.
    GivenUp(Bound),
    /// It would have to be replaced, and nobody knows whom it is for.
    NobodyKnown,
    /// Nobody knows how it stands.
    StatusUnknown,
    /// The person is held out, to measure what reminding does.
    HeldOut,
    /// An operator decided that nobody is told anything about it.
    Muted,
    /// The person does not want to be told, by some channel or by any.
    Suppressed {
        /// By this channel; by any without.
        notifier: Option<NotifierName>,
        /// Since when.
        since: Timestamp,
        /// Why.
        reason: String,
    },
    /// Quiet times and limits leave no moment for a step before the deadline.
    NoMoment {
        /// The step, as the rule writes it.
        step: Step,
    },
    /// The environment is in mode `observe`.
    Observing,
    /// The environment has no API key.
    NoKey,
    /// The environment is no longer configured.
    NotConfigured,
    /// An operator paused a kind of work that is needed here.
    LanePaused(Paused),
    /// Nothing is left of the request budget.
    BudgetSpent {
        /// Until then.
        until: Timestamp,
    },
    /// Persona did not answer lately.
    Unreachable {
        /// When it last did not.
        since: Timestamp,
        /// What went wrong.
        error: String,
    },
    /// Something that is the operator's to mend; all that their customers are told of it.
    Operator,
    /// Nothing can be asked of Persona right now; all that customers are told of it.
    Busy,
}

impl Cause {
    /// A word for it that does not change.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotStarted => "not-started",
            Self::TokenLost => "session-token-lost",
            Self::SessionExpired { .. } => "session-expired",
            Self::LinkUsed { .. } => "link-used",
            Self::Expired { .. } => "expired",
            Self::TooOld => "too-old",
            Self::Superseded { .. } => "superseded-version",
            Self::LimitReached { .. } => "limit-reached",
            Self::Redacted => "redacted",
            Self::Failed => "failed",
            Self::Done { .. } => "done",
            Self::GivenUp(_) => "given-up",
            Self::NobodyKnown => "nobody-known",
            Self::StatusUnknown => "status-unknown",
            Self::HeldOut => "held-out",
            Self::Muted => "muted",
            Self::Suppressed { .. } => "suppressed",
            Self::NoMoment { .. } => "no-moment",
            Self::Observing => "observing",
            Self::NoKey => "no-api-key",
            Self::NotConfigured => "not-configured",
            Self::LanePaused(_) => "lane-paused",
            Self::BudgetSpent { .. } => "budget-spent",
            Self::Unreachable { .. } => "persona-unreachable",
            Self::Operator => "operator",
            Self::Busy => "busy",
        }
    }

    pub(super) const fn of_closed(closed: Closed) -> Self {
        match closed {
            Closed::StatusUnknown => Self::StatusUnknown,
            Closed::Redacted => Self::Redacted,
            Closed::NobodyKnown => Self::NobodyKnown,
            Closed::GivenUp(bound) => Self::GivenUp(bound),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted => f.write_str("Nobody has begun it."),
            Self::TokenLost => f.write_str(
                "It was begun: without its session token Persona's plain link says \"Session expired\", so whoever \
                 closed the tab needs a new link.",
            ),
            Self::SessionExpired { at } => write!(f, "The session it was begun in expired at {at}."),
            Self::LinkUsed { at } => write!(
                f,
                "The one-time link they had was used at {at}, and such a link opens for 5 minutes after its first use."
            ),
            Self::Expired { at: Some(at) } => write!(f, "It expired at {at}."),
            Self::Expired { at: None } => f.write_str("It expired."),
            Self::TooOld => f.write_str("It expired too long ago to be resumed, or was resumed often enough."),
            Self::Superseded { own, latest } => {
                let text = |version: &Option<TemplateVersionId>| {
                    version.as_ref().map_or_else(|| "an unknown one".to_owned(), ToString::to_string)
                };
                let (own, latest) = (text(own), text(latest));
                write!(f, "It was made from version {own} of its template, and {latest} is published since.")
            }
            Self::LimitReached { made } => {
                write!(f, "It has had {made} sessions, and Persona allows 25 of them by default.")
            }
            Self::Redacted => f.write_str("The person's data was erased."),
            Self::Failed => f.write_str("The person failed it."),
            Self::Done { inquiry, status } => write!(f, "{inquiry} is {status}."),
            Self::GivenUp(bound) => write!(f, "It was given up: {bound}."),
            Self::NobodyKnown => f.write_str("It would have to be replaced, and nobody knows whom it is for."),
            Self::StatusUnknown => f.write_str("Nobody knows how it stands."),
            Self::HeldOut => f.write_str(
                "The person is held out to measure what reminding does, so no step of the rules reminds them; they get in \
                 as everyone does.",
            ),
            Self::Muted => f.write_str("An operator muted it, so nobody is told anything about it."),
            Self::Suppressed { notifier, since, reason } => {
                let by = notifier.as_ref().map_or_else(|| "anything".to_owned(), |name| format!("anything by {name}"));
                write!(f, "Since {since} they are not told {by} ({reason}).")
            }
            Self::NoMoment { step } => {
                write!(f, "Quiet times and limits leave no moment for the reminder \"{step}\" before the deadline.")
            }
            Self::Observing => f.write_str("The environment is in mode observe, so nothing is asked of Persona."),
            Self::NoKey => f.write_str("The environment has no API key, so nothing can be asked of Persona."),
            Self::NotConfigured => f.write_str("Its environment is no longer configured."),
            Self::LanePaused(paused) => {
                let Paused { kind, by, reason, at } = paused;
                write!(f, "{by} paused \"{kind}\" at {at} ({reason}), so none of it is done in advance.")
            }
            Self::BudgetSpent { until } => write!(f, "Nothing is left of the request budget until {until}."),
            Self::Unreachable { since, error } => write!(f, "Persona did not answer at {since}: {error}."),
            Self::Operator => f.write_str("Something is in the way that only the operator can mend."),
            Self::Busy => f.write_str("Nothing can be asked of Persona right now."),
        }
    }
}

impl Facts<'_> {
    /// Why what the person of an open inquiry may have at hand does not let them in.
    pub(super) fn at_hand(&self, inquiry: &Inquiry) -> Cause {
        if inquiry.status() == Some(&Status::Created) {
            return Cause::NotStarted;
        }
        let last = |name: &str| self.events.iter().filter(|event| event.name == name).map(|event| event.at).max();
        let (started, expired) = (last("inquiry-session.started"), last("inquiry-session.expired"));
        if let Some(at) = expired.filter(|at| started.is_none_or(|started| started <= *at)) {
            return Cause::SessionExpired { at };
        }
        let links = self.given.iter().filter(|given| given.what != Gift::Token);
        let Some(given) = links.map(|given| given.at).max() else { return Cause::TokenLost };
        match started.max(inquiry.last_active) {
            Some(used) if used >= given && self.situation.now.since(used) > GRACE => Cause::LinkUsed { at: used },
            _ => Cause::TokenLost,
        }
    }

    pub(super) fn superseded(&self, inquiry: &Inquiry) -> Cause {
        let latest = self.situation.template.and_then(|template| template.latest_version.clone());
        Cause::Superseded { own: inquiry.known.template_version_id().cloned(), latest }
    }

    /// Why another inquiry has to be made.
    pub(super) fn of_replacement(&self, inquiry: &Inquiry, why: lineage::Cause) -> Vec<Cause> {
        let mut causes = vec![match why {
            lineage::Cause::NewVersion => self.superseded(inquiry),
            lineage::Cause::TooOld => Cause::TooOld,
            lineage::Cause::SessionLimit => Cause::LimitReached { made: self.sessions.made },
            lineage::Cause::Failed => Cause::Failed,
            lineage::Cause::Redacted => Cause::Redacted,
        }];
        let over = matches!(why, lineage::Cause::Failed | lineage::Cause::Redacted);
        if !over && inquiry.has_expired(self.situation.now) {
            causes.push(Cause::Expired { at: expired_at(inquiry) });
        }
        causes
    }
}
