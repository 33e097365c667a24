//! What is known of an inquiry template: its name, and the version that new inquiries get.

use jiff::SignedDuration;

use crate::domain::ids::{TemplateId, TemplateVersionId};
use crate::domain::inquiry::Inquiry;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;

/// A template as it was described at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Which template.
    pub id: TemplateId,
    /// Its name in Persona's dashboard, where it was told.
    pub name: Option<String>,
    /// Its latest published version, where it was told.
    pub latest_version: Option<TemplateVersionId>,
    /// The time this speaks for, by Persona's clock; by ours where Persona gives no time.
    pub observed_at: Timestamp,
    /// Where we have it from.
    pub source: TemplateSource,
}

/// Where something said of a template comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TemplateSource {
    /// The event that a version was published.
    Published,
    /// What was included in an event about an inquiry.
    Included,
    /// What was included when an inquiry was read.
    Read,
    /// The templates' own list, or one of them asked for.
    Listed,
}

impl TemplateSource {
    /// Every source there is.
    pub const ALL: [Self; 4] = [Self::Published, Self::Included, Self::Read, Self::Listed];

    /// As text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Included => "included",
            Self::Read => "read",
            Self::Listed => "listed",
        }
    }

    /// Reads what [`TemplateSource::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == text)
    }
}

/// How an open inquiry stands to its template's latest version. Persona recommends a new inquiry where the version is
/// not the latest any more (<https://docs.withpersona.com/docs/resuming-inquiries>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VersionStanding {
    /// It is of the latest version.
    Current,
    /// Nobody has begun: it is replaced before anybody comes.
    Replaced,
    /// Somebody has begun a while ago: it is replaced when they come again.
    ReplacedAtTouch,
    /// Somebody has begun not long ago: their progress counts, and it is kept.
    Kept,
    /// Persona did not say of which version it is.
    Unknown,
}

impl VersionStanding {
    /// How an inquiry stands to a version; one that was begun less than `kept` ago is kept.
    #[must_use]
    pub fn of(inquiry: &Inquiry, latest: &TemplateVersionId, kept: SignedDuration, now: Timestamp) -> Self {
        let started = inquiry.known.started_at().copied();
        match inquiry.known.template_version_id() {
            None => Self::Unknown,
            Some(version) if version == latest => Self::Current,
            Some(_) if inquiry.status() == Some(&Status::Created) => Self::Replaced,
            Some(_) if started.is_none_or(|started| now.since(started) < kept) => Self::Kept,
            Some(_) => Self::ReplacedAtTouch,
        }
    }

    /// As text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Replaced => "replaced",
            Self::ReplacedAtTouch => "replaced when they come",
            Self::Kept => "kept",
            Self::Unknown => "version unknown",
        }
    }
}
