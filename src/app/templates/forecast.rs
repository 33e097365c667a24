//! What a template's latest version means for its open inquiries, without doing any of it.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::app::App;
use crate::app::templates::TemplateError;
use crate::app::templates::fan_out::PAGE;
use crate::domain::budget::Urgency;
use crate::domain::ids::{EnvironmentName, TemplateId};
use crate::domain::template::VersionStanding;
use crate::storage::template_runs::{RunKey, RunPlace};

/// What a replacement asks of Persona: the old inquiry is expired and read once more, and the new one is made.
const CALLS_PER_REPLACEMENT: u64 = 3;

/// What would be done for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// The template and its latest version.
    pub key: RunKey,
    /// How many open inquiries there are of each standing and status.
    pub standings: BTreeMap<Standing, u64>,
    /// Calls to Persona that replacements would take.
    pub calls: u64,
    /// Calls a minute that the budget has for replacements now, when nobody else asks.
    pub calls_per_minute: u32,
}

/// How some inquiries stand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Standing {
    /// To the latest version.
    pub standing: VersionStanding,
    /// Their status, as Persona writes it.
    pub status: String,
}

impl Forecast {
    /// How long the replacements would take at the present budget.
    #[must_use]
    pub fn duration(&self) -> SignedDuration {
        let minutes = self.calls.div_ceil(u64::from(self.calls_per_minute.max(1)));
        SignedDuration::from_mins(i64::try_from(minutes).unwrap_or(i64::MAX / 60))
    }
}

impl App {
    /// Looks at every open inquiry of a template, page by page.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub async fn forecast_replacements(
        &self,
        environment: &EnvironmentName,
        template: &TemplateId,
    ) -> Result<Forecast, TemplateError> {
        let configured = self.environments().get(environment);
        let configured = configured.ok_or_else(|| TemplateError::UnknownEnvironment(environment.clone()))?;
        let (key, _) = self.latest_of(environment, template).await?;
        let now = self.clock().now();
        let kept = configured.settings.rules.for_template(Some(template)).access.keep_pending;
        let mut standings: BTreeMap<Standing, u64> = BTreeMap::new();
        let mut place: Option<RunPlace> = None;
        loop {
            let mut tx = self.database().read().await?;
            let page = tx.open_of_template(environment, template, place.as_ref(), PAGE).await?;
            drop(tx);
            let Some(last) = page.last() else { break };
            place = Some(RunPlace::of(last));
            for inquiry in &page {
                let standing = VersionStanding::of(inquiry, &key.version, kept, now);
                let status = inquiry.status().map_or_else(|| "unknown".to_owned(), ToString::to_string);
                *standings.entry(Standing { standing, status }).or_default() += 1;
            }
        }
        let proactive = standings.iter().filter(|(of, _)| of.standing == VersionStanding::Replaced);
        let calls = proactive.map(|(_, count)| count).sum::<u64>() * CALLS_PER_REPLACEMENT;
        let careful = configured.settings.careful_calls_per_minute;
        let mut tx = self.database().read().await?;
        let budget = tx.budget(environment, careful).await?;
        let budget = budget.unwrap_or_else(|| crate::domain::budget::Ledger::unknown(careful, now));
        Ok(Forecast { key, standings, calls, calls_per_minute: budget.per_minute(Urgency::Replacement) })
    }
}
