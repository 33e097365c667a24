//! What is known of an inquiry, and how one more observation changes it.
//!
//! The state is a merge in the mathematical sense: commutative, associative and idempotent, so duplicates
//! and any order of arrival end in the same state. The property tests below hold it to that.

use std::fmt;

use jiff::SignedDuration;

use crate::domain::ids::{AccountId, EnvironmentName, InquiryId, ReferenceId, TemplateId, TemplateVersionId};
use crate::domain::observation::{Attributes, Observation, ObservedAt, Snapshot, followed_attributes};
use crate::domain::status::Status;
use crate::domain::tags::Tags;
use crate::domain::template::Template;
use crate::domain::time::Timestamp;

/// A value with the moment it was observed. Ordered by moment, then by value, so that a tie has one winner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Observed<T> {
    /// When it was true.
    pub at: ObservedAt,
    /// What was said; `None` where an attribute was said to be null.
    pub value: T,
}

/// An attribute as known: never spoken of, or last said to be a value or null.
pub type Attribute<T> = Option<Observed<Option<T>>>;

macro_rules! declare_known {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $key:literal,)*) => {
        /// The attributes known of an inquiry, each with the moment it was observed.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Known {
            $($(#[$doc])* pub $name: Attribute<$type>,)*
        }

        impl Known {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(&self) -> Option<&$type> {
                self.$name.as_ref().and_then(|observed| observed.value.as_ref())
            })*

            /// Merges what an observation said; adds the names of those that changed to `changed`.
            fn merge(&mut self, said: Attributes, at: ObservedAt, merge: &mut Merge) {
                $(if let Some(value) = said.$name {
                    merge.attribute($key, &mut self.$name, Observed { at, value });
                })*
            }

            /// Goes through what was said and differs from what is known: when that was observed, if it ever was.
            fn differing(&self, said: &Attributes) -> Vec<Option<ObservedAt>> {
                let mut differing = Vec::new();
                $(if let Some(value) = &said.$name
                    && self.$name.as_ref().map(|known| &known.value) != Some(value)
                {
                    differing.push(self.$name.as_ref().map(|known| known.at));
                })*
                differing
            }
        }
    };
}
followed_attributes!(declare_known);

/// An inquiry as last observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inquiry {
    /// The Persona environment it lives in.
    pub environment: EnvironmentName,
    /// Persona's id.
    pub id: InquiryId,
    /// The status and when it was observed; `None` while only spoken of in passing.
    pub status: Option<Observed<Status>>,
    /// Everything else that is known.
    pub known: Known,
    /// The earliest moment anything was observed, by Persona's clock.
    pub first_observed: Option<Timestamp>,
    /// The latest moment anything was observed, by Persona's clock.
    pub last_observed: Option<Timestamp>,
    /// The deadline last told; kept when an expiry takes `expires-at` away.
    pub last_deadline: Option<Observed<Timestamp>>,
    /// The latest time it is known to have expired; kept when a resume takes `expired-at` away.
    pub last_expired: Option<Timestamp>,
    /// The earliest time it is known to be over; later news of a finished inquiry does not move it.
    pub finished: Option<Timestamp>,
    /// The latest sign of the person at work: a session started, a step done.
    pub last_active: Option<Timestamp>,
}

/// What an observation changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Something changed: the names of what did.
    Changed {
        /// The attributes that took a new value, as Persona names them.
        attributes: Vec<&'static str>,
        /// Why the status it spoke of was not taken, when it was not.
        status_kept: Option<NoChange>,
    },
    /// Nothing changed, and why.
    Unchanged(NoChange),
}

/// How a snapshot compares with what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// It says nothing that is not known.
    Same,
    /// It says something else, and which of the two is newer can be told.
    Other,
    /// It says something else of the very second in which that was observed: only a later read can tell.
    Tied,
}

/// Why an observation, or its status, changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoChange {
    /// Everything it says is known already.
    Repeats,
    /// A newer observation spoke of all it speaks of.
    Older {
        /// When the newer observation was made.
        than: Timestamp,
    },
    /// The inquiry is further along than the status it speaks of.
    Behind {
        /// The status that stands.
        stands: Status,
    },
}

impl fmt::Display for NoChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeats => f.write_str("it says nothing new"),
            Self::Older { than } => write!(f, "a newer observation, of {than}, speaks of the same"),
            Self::Behind { stands } => write!(f, "the inquiry is further along: {stands}"),
        }
    }
}

/// Collects what a merge changed.
#[derive(Default)]
struct Merge {
    changed: Vec<&'static str>,
    newest_that_stood: Option<ObservedAt>,
}

impl Merge {
    fn attribute<T: Ord>(&mut self, name: &'static str, known: &mut Attribute<T>, said: Observed<Option<T>>) {
        match known {
            Some(stands) if *stands >= said => {
                if stands.at > said.at && stands.value != said.value {
                    self.newest_that_stood = self.newest_that_stood.max(Some(stands.at));
                }
            }
            _ => {
                if known.as_ref().map(|k| &k.value) != Some(&said.value) {
                    self.changed.push(name);
                }
                *known = Some(said);
            }
        }
    }
}

impl Inquiry {
    /// An inquiry of which nothing is known but that it exists.
    #[must_use]
    pub fn unknown(environment: EnvironmentName, id: InquiryId) -> Self {
        Self {
            environment,
            id,
            status: None,
            known: Known::default(),
            first_observed: None,
            last_observed: None,
            last_deadline: None,
            last_expired: None,
            finished: None,
            last_active: None,
        }
    }

    /// Merges one observation and says what it changed.
    ///
    /// The result is the same whatever the order and number of observations.
    pub fn apply(&mut self, observation: Observation) -> Change {
        let Observation { at, status, attributes, active, inquiry: _ } = observation;
        let time = at.time();
        let mut merge = Merge::default();

        let deadline = attributes.expires_at.flatten().map(|value| Observed { at, value });
        let told = attributes.expired_at.flatten();
        let expired = told.or_else(|| (status == Some(Status::Expired)).then_some(time));
        let finished =
            status.as_ref().is_some_and(Status::is_over).then(|| finishing_time(&attributes).unwrap_or(time));
        let status_kept = status.and_then(|status| self.apply_status(Observed { at, value: status }, &mut merge));
        self.known.merge(attributes, at, &mut merge);

        self.first_observed = self.first_observed.into_iter().chain([time]).min();
        self.last_observed = self.last_observed.max(Some(time));
        self.last_deadline = self.last_deadline.take().max(deadline);
        self.last_expired = self.last_expired.max(expired);
        self.finished = self.finished.into_iter().chain(finished).min();
        if active && self.last_active < Some(time) {
            self.last_active = Some(time);
            merge.changed.push("last-active");
        }
        merge.conclude(status_kept)
    }

    /// Takes the status if it is the maximum by (phase, moment, rank); says why it was not taken.
    fn apply_status(&mut self, said: Observed<Status>, merge: &mut Merge) -> Option<NoChange> {
        let Some(stands) = &self.status else {
            merge.changed.push("status");
            self.status = Some(said);
            return None;
        };
        let key = |of: &Observed<Status>| (of.value.phase(), of.at, of.value.clone());
        if key(&said) > key(stands) {
            if said.value != stands.value {
                merge.changed.push("status");
            }
            self.status = Some(said);
            None
        } else if said.value == stands.value {
            Some(NoChange::Repeats)
        } else if said.value.phase() < stands.value.phase() {
            Some(NoChange::Behind { stands: stands.value.clone() })
        } else {
            Some(NoChange::Older { than: stands.at.time() })
        }
    }

    /// Compares with what somebody else knows of it, of whose age no more is known than its `updated-at`.
    #[must_use]
    pub fn compare(&self, snapshot: &Snapshot) -> Comparison {
        let mut differing = self.known.differing(&snapshot.attributes);
        if snapshot.status.is_some() && snapshot.status.as_ref() != self.status() {
            differing.push(self.status.as_ref().map(|known| known.at));
        }
        // What names no moment could be of any.
        let of_that_second = |at: ObservedAt| snapshot.updated_at.is_none_or(|said| said.as_second() == at.second);
        let tied = |at: &Option<ObservedAt>| at.is_some_and(of_that_second);
        match differing.iter().any(tied) {
            true => Comparison::Tied,
            false if differing.is_empty() => Comparison::Same,
            false => Comparison::Other,
        }
    }

    /// The status as known.
    #[must_use]
    pub fn status(&self) -> Option<&Status> {
        self.status.as_ref().map(|observed| &observed.value)
    }

    /// Whom the inquiry is for, where it is known.
    #[must_use]
    pub fn person(&self) -> Option<Person> {
        let reference = self.known.reference_id().cloned().map(Person::Reference);
        reference.or_else(|| self.known.account_id().cloned().map(Person::Account))
    }

    /// When it was made: as Persona says, else the first moment it was heard of.
    #[must_use]
    pub fn began(&self) -> Option<Timestamp> {
        self.known.created_at().copied().or(self.first_observed)
    }

    /// The present deadline: `expires-at`, else a lifetime after creation, or after the last expiry, which a resume
    /// must have undone.
    ///
    /// `None` when neither is known.
    #[must_use]
    pub fn deadline(&self, lifetime: SignedDuration) -> Option<Timestamp> {
        let told = self.known.expires_at().copied();
        told.or_else(|| self.began().max(self.last_expired).map(|from| from.plus(lifetime)))
    }

    /// Whether it can be worked on, as far as was told: a deadline that is only guessed ends nothing.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        let in_time = self.known.expires_at().is_none_or(|deadline| *deadline > now);
        self.status().is_some_and(Status::is_open) && self.known.redacted_at().is_none() && in_time
    }

    /// Whether it is expired, by its status or by the deadline that was told.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        let late = self.known.expires_at().is_some_and(|deadline| *deadline <= now);
        match self.status() {
            Some(Status::Expired) => true,
            Some(status) => status.is_open() && late,
            None => false,
        }
    }

    /// Whether its time ran out by itself. One that was expired before its deadline was ended by somebody, on purpose,
    /// or by Persona for its many sessions.
    #[must_use]
    pub fn ran_out(&self, lifetime: SignedDuration) -> bool {
        let told = self.last_deadline.as_ref().map(|deadline| deadline.value);
        let deadline = told.or_else(|| self.began().map(|began| began.plus(lifetime)));
        let Some((expired, deadline)) = self.last_expired.zip(deadline) else { return false };
        expired.plus(PROMPTNESS) >= deadline
    }

    /// Whether a newer version of its template was published since it was made.
    ///
    /// What was told of the template before it was made says nothing: it may have been made from a newer one still.
    #[must_use]
    pub fn is_superseded(&self, template: Option<&Template>) -> bool {
        let latest = template.and_then(|template| Some((template.latest_version.as_ref()?, template.observed_at)));
        let Some(((latest, told_at), own)) = latest.zip(self.known.template_version_id()) else { return false };
        latest != own && self.began().is_none_or(|began| told_at >= began)
    }

    /// When the present lifetime began: at creation; once it was expired and resumed, a lifetime before the deadline,
    /// because no event tells of a resume, and never before the expiry.
    #[must_use]
    pub fn lifetime_began(&self, deadline: Timestamp, lifetime: SignedDuration) -> Option<Timestamp> {
        let resumed = self.last_expired.filter(|expired| *expired < deadline);
        self.began().max(resumed.map(|expired| expired.max(deadline.minus(lifetime))))
    }
}

/// How long before its deadline an inquiry that ran out may say that it expired: Persona's times are whole seconds.
const PROMPTNESS: SignedDuration = SignedDuration::from_mins(1);

/// When the person was through, by the attributes of one observation: the screen they reached, else the decision.
fn finishing_time(attributes: &Attributes) -> Option<Timestamp> {
    let Attributes { completed_at, failed_at, marked_for_review_at, decisioned_at, .. } = attributes;
    [completed_at, failed_at, marked_for_review_at, decisioned_at].into_iter().find_map(|time| time.flatten())
}

impl Merge {
    fn conclude(self, status_kept: Option<NoChange>) -> Change {
        if !self.changed.is_empty() {
            let status_kept = status_kept.filter(|reason| *reason != NoChange::Repeats);
            return Change::Changed { attributes: self.changed, status_kept };
        }
        let reason = match (status_kept, self.newest_that_stood) {
            (Some(reason), _) if reason != NoChange::Repeats => reason,
            (_, Some(than)) => NoChange::Older { than: than.time() },
            _ => NoChange::Repeats,
        };
        Change::Unchanged(reason)
    }
}

/// Whom an inquiry is for, within an environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Person {
    /// By the application's reference id.
    Reference(ReferenceId),
    /// By Persona's account, where no reference id is known.
    Account(AccountId),
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reference(id) => write!(f, "reference:{id}"),
            Self::Account(id) => write!(f, "account:{id}"),
        }
    }
}
