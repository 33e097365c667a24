//! How a person gets in now, or why they can't: one decision for every inquiry there can be.
//!
//! Persona's own advice is behind each row (<https://docs.withpersona.com/resuming-inquiries>,
//! <https://docs.withpersona.com/ensuring-user-access-to-inquiries>): resume what expired a short while ago, begin anew
//! what is old or made from an older version of the template, and don't spend sessions.

use std::fmt;

use crate::domain::ids::InquiryId;
use crate::domain::inquiry::Inquiry;
use crate::domain::lineage::{Cause, Stage};
use crate::domain::plan::{Bound, Situation};
use crate::domain::status::Status;

/// What the person is to be let in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// A link for a browser.
    Browser,
    /// A session token for Persona's SDKs.
    Sdk,
}

impl Form {
    /// The form as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Sdk => "sdk",
        }
    }
}

/// What is known of the sessions of an inquiry. Persona allows 25 (<https://docs.withpersona.com/inquiry-sessions>).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sessions {
    /// How many there are.
    pub made: u32,
    /// Whether one of them can still let somebody in by the wanted form; `None` while nobody looked.
    pub reusable: Option<bool>,
}

/// How somebody is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// By a fresh one-time link, which takes a session.
    OneTimeLink,
    /// By a one-time link into a session there is.
    ExistingSession,
    /// By a session token.
    SessionToken,
}

/// The decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// The verification is finished: nothing is to be done.
    Done {
        /// The inquiry it was finished in.
        inquiry: InquiryId,
        /// How it stands.
        status: Status,
    },
    /// The person failed, and the rules give no other chance.
    Failed,
    /// Another inquiry is the one to get into.
    Elsewhere(InquiryId),
    /// Let them in.
    Enter(Way),
    /// Resume it first.
    Revive,
    /// Make another one first.
    Replace(Cause),
    /// Nothing that is allowed lets them in.
    Closed(Closed),
}

/// Why nothing that is allowed lets somebody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Closed {
    /// Nobody knows how the inquiry stands, or Persona has a status we don't know.
    StatusUnknown,
    /// The person's data was erased.
    Redacted,
    /// It would have to be replaced, and nobody knows whom it was for.
    NobodyKnown,
    /// So much was tried that it is enough.
    GivenUp(Bound),
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StatusUnknown => f.write_str("its status is not known"),
            Self::Redacted => f.write_str("it was redacted"),
            Self::NobodyKnown => f.write_str("it would have to be replaced, and nobody knows whom it is for"),
            Self::GivenUp(bound) => write!(f, "given up: {bound}"),
        }
    }
}

impl Situation<'_> {
    /// How the person of an inquiry of the group gets in.
    #[must_use]
    pub fn access(&self, inquiry: &Inquiry, form: Form, sessions: Sessions) -> Access {
        if let Some(done) = self.over(inquiry) {
            return done;
        }
        if let Some(other) = self.elsewhere(inquiry) {
            return Access::Elsewhere(other);
        }
        if let Some(succession) = self.lineages.succession(&inquiry.id) {
            return Access::Replace(succession.cause);
        }
        let rules = &self.rules.access;
        if inquiry.known.redacted_at().is_some() {
            return self.replace_if(rules.replace_redacted, inquiry, Cause::Redacted, Access::Closed(Closed::Redacted));
        }
        if inquiry.status() == Some(&Status::Failed) {
            return self.replace_if(rules.replace_failed, inquiry, Cause::Failed, Access::Failed);
        }
        if inquiry.is_alive(self.now) {
            self.access_to_open(inquiry, form, sessions)
        } else if inquiry.has_expired(self.now) {
            self.access_to_expired(inquiry)
        } else {
            Access::Closed(Closed::StatusUnknown)
        }
    }

    /// Whether it is finished, by this inquiry or by one in its place. Who failed another one goes on with this one.
    fn over(&self, inquiry: &Inquiry) -> Option<Access> {
        let passed = |one: &&Inquiry| one.status().is_some_and(|status| status.is_over() && *status != Status::Failed);
        let other = || self.group.iter().filter(passed).find(|other| self.finishes(other, inquiry));
        let finished = Some(inquiry).filter(passed).or_else(other)?;
        Some(Access::Done { inquiry: finished.id.clone(), status: finished.status()?.clone() })
    }

    fn finishes(&self, other: &Inquiry, inquiry: &Inquiry) -> bool {
        let since = other.finished.zip(inquiry.began()).is_none_or(|(finished, began)| finished >= began);
        other.id != inquiry.id && (since || self.ended_lineage(other, inquiry))
    }

    /// The inquiry to get into, where it is not this one: the one that took its place, else the person's newest that
    /// is open, else their newest that expired.
    pub(in crate::domain) fn elsewhere(&self, inquiry: &Inquiry) -> Option<InquiryId> {
        let latest = self.lineages.latest(&inquiry.id);
        if *latest != inquiry.id {
            return Some(latest.clone());
        }
        let rank = |one: &Inquiry| (one.is_alive(self.now), one.began(), one.id.clone());
        let failed = inquiry.status() == Some(&Status::Failed);
        let expired = inquiry.has_expired(self.now) && inquiry.known.redacted_at().is_none();
        let comes_first = |other: &Inquiry| {
            if failed || (!expired && !inquiry.is_alive(self.now)) {
                // A failure or an erasure is answered for itself, unless something was begun since.
                other.is_alive(self.now) && (other.began(), &other.id) > (inquiry.began(), &inquiry.id)
            } else {
                rank(other) > rank(inquiry)
            }
        };
        let others = self.group.iter().filter(|other| self.is_a_way_in(other) && comes_first(other));
        others.max_by_key(|other| rank(other)).map(|other| other.id.clone())
    }

    fn is_a_way_in(&self, inquiry: &Inquiry) -> bool {
        let replaced = self.lineages.succession(&inquiry.id).is_some_and(|one| one.stage == Stage::Replaced);
        let redacted = inquiry.known.redacted_at().is_some();
        !replaced && !redacted && (inquiry.is_alive(self.now) || inquiry.has_expired(self.now))
    }

    fn access_to_open(&self, inquiry: &Inquiry, form: Form, sessions: Sessions) -> Access {
        if inquiry.is_superseded(self.template) && !self.is_kept(inquiry) && self.obstacle(inquiry).is_none() {
            return Access::Replace(Cause::NewVersion);
        }
        let full = sessions.made >= self.rules.access.session_limit;
        match form {
            _ if full && sessions.reusable == Some(false) => self.replace(inquiry, Cause::SessionLimit),
            Form::Browser if full => Access::Enter(Way::ExistingSession),
            Form::Browser => Access::Enter(Way::OneTimeLink),
            Form::Sdk => Access::Enter(Way::SessionToken),
        }
    }

    /// Whether the progress of somebody who began counts for more than the newer version.
    fn is_kept(&self, inquiry: &Inquiry) -> bool {
        let started = inquiry.known.started_at().copied().or_else(|| inquiry.began());
        inquiry.status() == Some(&Status::Pending)
            && started.is_none_or(|started| started.plus(self.rules.access.keep_pending) > self.now)
    }

    fn access_to_expired(&self, inquiry: &Inquiry) -> Access {
        let past = |bound| self.is_past(bound, inquiry);
        if self.can_be_resumed(inquiry) && !past(Bound::Revivals) && !past(Bound::Age) {
            return Access::Revive;
        }
        let cause = if inquiry.is_superseded(self.template) { Cause::NewVersion } else { Cause::TooOld };
        self.replace(inquiry, cause)
    }

    fn replace_if(&self, allowed: bool, inquiry: &Inquiry, cause: Cause, otherwise: Access) -> Access {
        if allowed { self.replace(inquiry, cause) } else { otherwise }
    }

    fn replace(&self, inquiry: &Inquiry, cause: Cause) -> Access {
        self.obstacle(inquiry).map_or(Access::Replace(cause), Access::Closed)
    }

    /// Why an inquiry may not be replaced.
    pub(in crate::domain) fn obstacle(&self, inquiry: &Inquiry) -> Option<Closed> {
        if inquiry.person().is_none() || inquiry.known.template_id().is_none() {
            return Some(Closed::NobodyKnown);
        }
        let bounds = [Bound::Replacements, Bound::Age];
        bounds.into_iter().find(|bound| self.is_past(*bound, inquiry)).map(Closed::GivenUp)
    }
}
