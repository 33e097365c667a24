//! Templates, and how many open inquiries there are of each version.

use crate::app::board::{Board, Capped, KnownTemplate, Poll, StorageError, TemplateRun};
use crate::domain::ids::{EnvironmentName, TemplateVersionId};

/// A template with its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateLine {
    /// The template.
    pub known: KnownTemplate,
    /// The versions that open inquiries are of, or that were the latest once; the latest first, then those with the most.
    pub versions: Vec<VersionLine>,
    /// Open inquiries of which the version is not known.
    pub of_unknown: Capped,
    /// Open inquiries of another version than the latest; not where that is not known.
    pub outdated: Capped,
}

/// One version of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionLine {
    /// Which.
    pub id: TemplateVersionId,
    /// Whether it is the latest that was published.
    pub latest: bool,
    /// Open inquiries of it.
    pub open: Capped,
    /// The run it caused when it became the latest.
    pub run: Option<TemplateRun>,
}

impl Board {
    /// Every template of an environment with its versions, and how the list was last asked for at Persona.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn templates(
        &self,
        environment: &EnvironmentName,
    ) -> Result<(Vec<TemplateLine>, Option<Poll>), StorageError> {
        todo!()
    }
}
