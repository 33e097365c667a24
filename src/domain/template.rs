//! What is known of an inquiry template: its name, and the version that new inquiries get.

use crate::domain::ids::{TemplateId, TemplateVersionId};
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
    /// The time this speaks for, by Persona's clock.
    pub observed_at: Timestamp,
}
