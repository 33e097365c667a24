//! What Persona said of an inquiry at one moment, and which of two observations is the newer.

use jiff::SignedDuration;

use crate::domain::ids::{AccountId, InquiryId, ReferenceId, TemplateId, TemplateVersionId};
use crate::domain::status::Status;
use crate::domain::tags::Tags;
use crate::domain::time::Timestamp;

/// How an observation reached us; the order is the order in which ties within one second are settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A read made in the very second its `updated-at` names, or a search: an event of that second may be newer.
    Read,
    /// A webhook or an event fetched by its id.
    Event,
    /// The API's answer to our own resume or expire: we know it to be what happened last.
    OwnCall,
    /// A read made later than the second its `updated-at` names, so it has seen all that happened in it.
    SettledRead,
}

/// How much later than `updated-at` a read is made that has seen the whole second: that second, and one more in
/// case our clock is ahead of Persona's.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_secs(2);

/// When an observation was true, by Persona's clock, as a total order.
///
/// Seconds come first because API answers have nothing finer; then the source, then the finer part of an
/// event's time, and for equal times the rank of the status. A total order is what makes the merged state
/// the same whatever the order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObservedAt {
    /// Whole seconds since 1970.
    pub second: i64,
    /// Settles ties within a second.
    pub source: Source,
    /// Microseconds within the second, 0 for API answers.
    pub micros: i64,
    /// [`Status::rank`] of the observation, 0 when it spoke of no status.
    pub rank: u8,
}

impl ObservedAt {
    /// The moment of an observation; a read's fraction of a second is dropped, because API times have none.
    #[must_use]
    pub fn new(at: Timestamp, source: Source, status: Option<&Status>) -> Self {
        let micros = if source == Source::Event { at.as_micros().rem_euclid(1_000_000) } else { 0 };
        Self { second: at.as_second(), source, micros, rank: status.map_or(0, Status::rank) }
    }

    /// The moment as a time.
    #[must_use]
    pub fn time(self) -> Timestamp {
        Timestamp::from_micros(self.second.saturating_mul(1_000_000).saturating_add(self.micros))
    }
}

/// Declares the attributes we follow once, for [`Attributes`] (what one observation said) and for
/// [`crate::domain::inquiry::Known`] (what is known of an inquiry, each with its time).
macro_rules! followed_attributes {
    ($apply:ident) => {
        $apply! {
            /// The application's name for the person.
            reference_id: ReferenceId = "reference-id",
            /// Persona's account of the person.
            account_id: AccountId = "account-id",
            /// The template the inquiry was made from.
            template_id: TemplateId = "template-id",
            /// The template version the inquiry is locked to.
            template_version_id: TemplateVersionId = "template-version-id",
            /// When it was made.
            created_at: Timestamp = "created-at",
            /// When it became pending.
            started_at: Timestamp = "started-at",
            /// The present deadline; null once over.
            expires_at: Timestamp = "expires-at",
            /// When the success screen was reached.
            completed_at: Timestamp = "completed-at",
            /// When the failure screen was reached.
            failed_at: Timestamp = "failed-at",
            /// When it was marked for review.
            marked_for_review_at: Timestamp = "marked-for-review-at",
            /// When it was approved or declined.
            decisioned_at: Timestamp = "decisioned-at",
            /// When it last expired.
            expired_at: Timestamp = "expired-at",
            /// When the person's data was erased.
            redacted_at: Timestamp = "redacted-at",
            /// The operator's tags, in their order.
            tags: Tags = "tags",
            /// The step the person left.
            previous_step: String = "previous-step-name",
            /// The step the person is to do next.
            next_step: String = "next-step-name",
        }
    };
}
pub(crate) use followed_attributes;

macro_rules! declare_attributes {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $key:literal,)*) => {
        /// What one observation said: `None` is "did not speak of it", `Some(None)` is "said it is null".
        ///
        /// Operators can blocklist any attribute, so every one is optional.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Attributes {
            $($(#[$doc])* pub $name: Option<Option<$type>>,)*
        }
    };
}
followed_attributes!(declare_attributes);

/// An inquiry as it was described at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Which inquiry.
    pub id: InquiryId,
    /// Its status, when the observation spoke of it.
    pub status: Option<Status>,
    /// Persona's `updated-at`, the time an API answer speaks for.
    pub updated_at: Option<Timestamp>,
    /// The rest.
    pub attributes: Attributes,
}

/// One observation of one inquiry, ready to be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Which inquiry.
    pub inquiry: InquiryId,
    /// The time it speaks for.
    pub at: ObservedAt,
    /// The status it spoke of.
    pub status: Option<Status>,
    /// The attributes it spoke of.
    pub attributes: Attributes,
    /// Whether it shows the person at work in the flow at that moment.
    pub active: bool,
}

impl Observation {
    /// Whether it says that Persona erased what it knew of the person.
    #[must_use]
    pub const fn redacts(&self) -> bool {
        matches!(self.attributes.redacted_at, Some(Some(_)))
    }

    /// What a read at Persona's API says, asked at `asked_at` by our clock; the time it speaks for is `updated-at`.
    #[must_use]
    pub fn of_read(snapshot: Snapshot, asked_at: Timestamp) -> Self {
        let at = snapshot.updated_at.unwrap_or(asked_at);
        let settled = asked_at.since(at) >= SETTLED_AFTER;
        Self::of(snapshot, at, if settled { Source::SettledRead } else { Source::Read })
    }

    /// What a search at Persona's API says: its index is behind, so however late it is asked, an event of the very
    /// second may be newer (<https://docs.withpersona.com/api-reference/inquiries/search-inquiries>).
    #[must_use]
    pub fn of_search(snapshot: Snapshot, asked_at: Timestamp) -> Self {
        let at = snapshot.updated_at.unwrap_or(asked_at);
        Self::of(snapshot, at, Source::Read)
    }

    /// What a snapshot says, at the time it speaks for.
    #[must_use]
    pub fn of(snapshot: Snapshot, at: Timestamp, source: Source) -> Self {
        Self {
            at: ObservedAt::new(at, source, snapshot.status.as_ref()),
            inquiry: snapshot.id,
            status: snapshot.status,
            attributes: snapshot.attributes,
            active: false,
        }
    }
}
