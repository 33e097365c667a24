//! What is written of an inquiry: the whole of it as its state, and the columns that queries need.

use std::borrow::Cow;

use crate::domain::ids::{AccountId, ReferenceId, TemplateId, TemplateVersionId};
use crate::domain::inquiry::Inquiry;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::storage::inquiries::state;
use crate::storage::sql::json;
use crate::storage::words::fit;

/// Many inquiries, column by column.
#[derive(Default)]
pub(super) struct Columns<'a> {
    pub(super) environment: Vec<&'a str>,
    pub(super) id: Vec<&'a str>,
    pub(super) status: Vec<Option<Cow<'a, str>>>,
    pub(super) person: Vec<Option<String>>,
    pub(super) reference_id: Vec<Option<&'a str>>,
    pub(super) account_id: Vec<Option<&'a str>>,
    pub(super) template_id: Vec<Option<&'a str>>,
    pub(super) template_version_id: Vec<Option<&'a str>>,
    pub(super) created_at: Vec<Option<Timestamp>>,
    pub(super) expires_at: Vec<Option<Timestamp>>,
    pub(super) began_at: Vec<Option<Timestamp>>,
    pub(super) last_observed_at: Vec<Option<Timestamp>>,
    pub(super) redacted: Vec<bool>,
    pub(super) state: Vec<String>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(inquiries: &[&'a Inquiry]) -> Self {
        let mut columns = Self::default();
        for inquiry in inquiries {
            let known = &inquiry.known;
            columns.environment.push(inquiry.environment.as_str());
            columns.id.push(inquiry.id.as_str());
            columns.status.push(inquiry.status().map(Status::as_str).map(fit));
            columns.person.push(inquiry.person().map(|person| person.to_string()));
            columns.reference_id.push(known.reference_id().map(ReferenceId::as_str));
            columns.account_id.push(known.account_id().map(AccountId::as_str));
            columns.template_id.push(known.template_id().map(TemplateId::as_str));
            columns.template_version_id.push(known.template_version_id().map(TemplateVersionId::as_str));
            columns.created_at.push(known.created_at().copied());
            columns.expires_at.push(known.expires_at().copied());
            columns.began_at.push(inquiry.began());
            columns.last_observed_at.push(inquiry.last_observed);
            columns.redacted.push(known.redacted_at().is_some());
            columns.state.push(state::write(inquiry));
        }
        columns
    }
}

/// Many inquiries as JSON, row by row, in the order of [`Columns`].
pub(super) fn json_rows(inquiries: &[&Inquiry]) -> String {
    let c = Columns::of(inquiries);
    let micros = |time: Option<Timestamp>| time.map(Timestamp::as_micros);
    let row = |at: usize| {
        (
            c.environment[at],
            c.id[at],
            &c.status[at],
            &c.person[at],
            c.reference_id[at],
            c.account_id[at],
            c.template_id[at],
            c.template_version_id[at],
            micros(c.created_at[at]),
            micros(c.expires_at[at]),
            micros(c.began_at[at]),
            micros(c.last_observed_at[at]),
            c.redacted[at],
            &c.state[at],
        )
    };
    json(&(0..inquiries.len()).map(row).collect::<Vec<_>>())
}
