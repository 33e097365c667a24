//! Which inquiries somebody wants to see, and in which order.

use crate::domain::ids::{CustomerName, EnvironmentName, ReferenceId, TemplateId, TemplateVersionId};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::storage::parts::Parts;

/// Which inquiries to list; what is `None` or false does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InquiryFilter {
    /// Of this environment.
    pub environment: Option<EnvironmentName>,
    /// With this status.
    pub status: Option<Status>,
    /// Made from this template.
    pub template: Option<TemplateId>,
    /// Made from this version of a template.
    pub version: Option<TemplateVersionId>,
    /// Open, and not of the latest published version of their template.
    pub outdated: bool,
    /// Of this person, by reference id.
    pub reference_id: Option<ReferenceId>,
    /// Of this customer, as far as a row and what is written down can tell; see [`MaybeOf`].
    pub customer: Option<MaybeOf>,
    /// With a deadline at or after this time.
    pub expires_from: Option<Timestamp>,
    /// With a deadline before this time.
    pub expires_before: Option<Timestamp>,
    /// With an action that was given up. These come in the order of their ids.
    pub has_failures: bool,
    /// In which order.
    pub order: InquiryOrder,
}

/// In which order inquiries are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InquiryOrder {
    /// Last heard of for the first time, first.
    #[default]
    Newest,
    /// Open ones with a deadline, the nearest first. Within one environment only; without one it is [`Self::Newest`].
    Deadline,
}

/// A customer, and by what an inquiry may be theirs. Who decides by rule has to look at what this finds once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaybeOf {
    /// The customer.
    pub customer: CustomerName,
    /// Reference ids that begin so may be theirs.
    pub prefixes: Vec<String>,
    /// Inquiries of these templates may be theirs.
    pub templates: Vec<TemplateId>,
}

/// What may be a customer's: by what is written down, or by rule.
pub(super) fn of_customer(parts: &mut Parts, maybe: &MaybeOf) {
    parts.sql(
        " AND (EXISTS (SELECT 1 FROM customer_lineages AS c
                       WHERE c.environment = looked.environment AND c.lineage = looked.lineage AND c.customer = ",
    );
    parts.text(maybe.customer.as_str());
    parts.sql(
        ") OR EXISTS (SELECT 1 FROM creations AS c
                      WHERE c.environment = looked.environment AND c.reference_id = looked.reference_id
                        AND c.template_id = looked.template_id AND c.customer = ",
    );
    parts.text(maybe.customer.as_str());
    parts.sql(
        ") OR EXISTS (SELECT 1 FROM static_links AS c
                      WHERE c.environment = looked.environment AND c.reference_id = looked.reference_id
                        AND c.customer = ",
    );
    parts.text(maybe.customer.as_str()).sql(")");
    for prefix in &maybe.prefixes {
        let length = i64::try_from(prefix.chars().count()).unwrap_or(i64::MAX);
        parts.sql(" OR substr(looked.reference_id, 1, CAST(").number(length).sql(" AS INTEGER)) = ").text(prefix);
    }
    for template in &maybe.templates {
        parts.sql(" OR looked.template_id = ").text(template.as_str());
    }
    parts.sql(")");
}
