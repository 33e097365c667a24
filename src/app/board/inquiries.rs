//! Inquiries, page by page.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::board::merge::{Run, merged};
use crate::app::board::{Board, Cursor, InquiryFilter, InquiryOrder, InquiryRow, KnownTemplate, Page, StorageError};
use crate::domain::customer;
use crate::domain::ids::{CustomerName, EnvironmentName, TemplateId, TemplateVersionId};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::storage::Tx;
use crate::storage::inquiries::{Beside, MaybeOf};

/// An inquiry in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InquiryLine {
    /// As stored.
    pub row: InquiryRow,
    /// Whose it is, as far as that can be told from its row.
    pub customer: Option<CustomerName>,
    /// The name of its template.
    pub template_name: Option<String>,
    /// The latest published version of its template, where this one is open and not of it.
    pub newer_version: Option<TemplateVersionId>,
    /// Its next planned action is due then.
    pub next_due: Option<Timestamp>,
    /// How many of its actions were given up.
    pub failures: u32,
}

impl Board {
    /// The inquiries that pass the filter, page by page. A page can have fewer than `limit`, and go on.
    ///
    /// Whose an inquiry is may be decided by rule, so `customer` takes the place of the filter's own.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn inquiries(
        &self,
        filter: &InquiryFilter,
        customer: Option<&CustomerName>,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<InquiryLine>, StorageError> {
        // A tag is in no column: who may own by tag is looked for among all.
        let by_columns =
            customer.filter(|name| self.app.customers().get(name).is_none_or(|rules| rules.tags.is_empty()));
        let customer_rules = by_columns.map(|name| self.maybe_of(name));
        let mut tx = self.app.database().read().await?;
        let mut pages = Vec::new();
        for environment in self.meant(filter.environment.as_ref()) {
            let environment = Some(environment);
            let filter = InquiryFilter { environment, customer: customer_rules.clone(), ..filter.clone() };
            pages.push(tx.list_inquiries(&filter, after, limit).await?);
        }
        let by_id = filter.has_failures && filter.reference_id.is_none();
        let run = if filter.order == InquiryOrder::Deadline || by_id { Run::On } else { Run::Back };
        let page = merged(pages, run, limit, |row| place(filter, row));
        let lines = self.lines(&mut tx, page.items).await?;
        let theirs = |line: &InquiryLine| customer.is_none_or(|name| line.customer.as_ref() == Some(name));
        let items = lines.into_iter().filter(theirs).collect();
        Ok(Page { items, next: page.next, unreadable: page.unreadable })
    }

    async fn customer_by_rule(&self, tx: &mut Tx, row: &InquiryRow) -> Result<Option<CustomerName>, StorageError> {
        let customers = self.app.customers();
        if customers.values().all(|rules| rules.tags.is_empty()) {
            let (reference, template) = (row.reference_id.as_ref(), row.template_id.as_ref());
            return Ok(customer::by_rule(customers, reference, template, None).cloned());
        }
        match tx.inquiry(&row.environment, &row.id).await? {
            Some(stored) => self.app.owner(tx, &stored.inquiry, &stored.lineage).await,
            None => Ok(None),
        }
    }

    fn maybe_of(&self, customer: &CustomerName) -> MaybeOf {
        let rules = self.app.customers().get(customer);
        MaybeOf {
            customer: customer.clone(),
            prefixes: rules.map(|rules| rules.reference_prefixes.clone()).unwrap_or_default(),
            templates: rules.map(|rules| rules.templates.clone()).unwrap_or_default(),
        }
    }

    /// The rows, with what is said of each beside.
    async fn lines(&self, tx: &mut Tx, rows: Vec<InquiryRow>) -> Result<Vec<InquiryLine>, StorageError> {
        let mut templates: BTreeMap<(EnvironmentName, TemplateId), KnownTemplate> = BTreeMap::new();
        let within: BTreeSet<&EnvironmentName> = rows.iter().map(|row| &row.environment).collect();
        for environment in within {
            for known in tx.list_templates(environment).await? {
                templates.insert((environment.clone(), known.template.id.clone()), known);
            }
        }
        let mut beside = tx.beside(&rows).await?;
        for (row, beside) in rows.iter().zip(&mut beside).filter(|(_, beside)| beside.customer.is_none()) {
            beside.customer = self.customer_by_rule(tx, row).await?;
        }
        let line = |(row, beside): (InquiryRow, Beside)| {
            let template = row.template_id.clone().and_then(|id| templates.get(&(row.environment.clone(), id)));
            let latest = template.and_then(|known| known.template.latest_version.clone());
            let open = row.status.as_ref().is_some_and(Status::is_open);
            let older = |latest: &TemplateVersionId| row.template_version_id.as_ref().is_some_and(|own| own != latest);
            InquiryLine {
                customer: beside.customer,
                template_name: template.and_then(|known| known.template.name.clone()),
                newer_version: latest.filter(|latest| open && older(latest)),
                next_due: beside.next_due,
                failures: beside.failures,
                row,
            }
        };
        Ok(rows.into_iter().zip(beside).map(line).collect())
    }
}

fn place(filter: &InquiryFilter, row: &InquiryRow) -> Cursor {
    let never = Timestamp::from_micros(0);
    let at = match filter.order {
        // As the lists themselves have it.
        _ if filter.has_failures && filter.reference_id.is_none() => never,
        InquiryOrder::Deadline => row.expires_at.unwrap_or(never),
        InquiryOrder::Newest => row.first_seen_at,
    };
    Cursor::at(at, row.environment.as_str(), row.id.as_str())
}
