//! What the database tells of our health: clocks, quarantine, reconciliation, and attributes that never come.

use jiff::SignedDuration;

use crate::app::{App, Environment};
use crate::config::Config;
use crate::domain::ids::EnvironmentName;
use crate::domain::signature::{Age, MAX_AHEAD};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::persona::client::PersonaClient;
use crate::storage::events::{EventFilter, Outcome, StoredEvent};
use crate::storage::inquiries::{InquiryFilter, InquiryRow};
use crate::storage::{StorageError, Tx};

use super::finding::{Finding, failed, ok, warning};
use super::reach;

/// How many of the newest rows are looked at.
pub(super) const LOOKED_AT: u32 = 1_000;

/// So many inquiries without an attribute are no accident.
const TELLING: usize = 10;

/// How far clocks may differ without a word.
const TOLERABLE: SignedDuration = SignedDuration::from_secs(60);

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What is to be said of one environment's rows.
pub(super) async fn findings(app: &App, config: &Config, environment: &Environment) -> Vec<Finding> {
    let subject = format!("environments.{}", environment.settings.name);
    match look(app, config, environment, &subject).await {
        Ok(findings) => findings,
        // A database without a schema has been told of.
        Err(StorageError::NotMigrated) => Vec::new(),
        Err(why) => vec![warning(subject, format!("its rows can't be looked at: {why}"))],
    }
}

async fn look(
    app: &App,
    config: &Config,
    environment: &Environment,
    subject: &str,
) -> Result<Vec<Finding>, StorageError> {
    app.database().check_schema().await?;
    let (name, now) = (&environment.settings.name, app.clock().now());
    let mut tx = app.database().read().await?;
    let mut findings = quarantine(&mut tx, name, subject, now).await?;
    findings.extend(hidden(&mut tx, name, subject).await?);
    findings.extend(reach::findings(&mut tx, app, environment, subject).await?);
    if environment.persona.is_some() {
        findings.extend(reconciliation(&mut tx, config, name, subject, now).await?);
    }
    Ok(findings)
}

/// Deliveries that were set aside: many from the future mean that our clock is behind.
async fn quarantine(
    tx: &mut Tx,
    name: &EnvironmentName,
    subject: &str,
    now: Timestamp,
) -> Result<Vec<Finding>, StorageError> {
    let (environment, outcome) = (Some(name.clone()), Some(Outcome::Quarantined));
    let filter = EventFilter { environment, outcome, ..EventFilter::default() };
    let waiting = tx.list_events(&filter, None, LOOKED_AT).await?.items;
    let ahead = |event: &&StoredEvent| event.reason.as_deref() == Some(Age::InTheFuture.reason());
    let lately = waiting.iter().filter(ahead).filter(|event| now.since(event.last_received_at) < DAY).count();
    let mut findings = Vec::new();
    if lately > 0 {
        let text = format!(
            "{lately} deliveries of the last day are signed in the future, so this machine's clock is behind: set it by \
             NTP; the deliveries are taken as soon as Persona sends them again or reconciliation confirms them"
        );
        findings.push(failed(format!("{subject}: clock"), text));
    }
    if waiting.len() > lately {
        let text = format!(
            "{} events wait for a decision; look at them with `rekindle events list --outcome quarantined`, then release \
             or discard them",
            waiting.len() - lately
        );
        findings.push(warning(format!("{subject}: quarantine"), text));
    }
    Ok(findings)
}

/// Attributes that never come: somebody blocklisted them, or we are sent payloads of another kind.
async fn hidden(tx: &mut Tx, name: &EnvironmentName, subject: &str) -> Result<Vec<Finding>, StorageError> {
    let filter = InquiryFilter { environment: Some(name.clone()), ..InquiryFilter::default() };
    let newest = tx.list_inquiries(&filter, None, LOOKED_AT).await?.items;
    let open: Vec<&InquiryRow> = newest.iter().filter(|row| row.status.as_ref().is_some_and(Status::is_open)).collect();
    let lifts = "take it off the webhook's blocklist at Persona; `rekindle persona setup` does so";
    let mut findings = Vec::new();
    if newest.len() >= TELLING && newest.iter().all(|row| row.status.is_none()) {
        let text = format!("no event of {} inquiries carries a status, so nothing is planned; {lifts}", newest.len());
        findings.push(failed(format!("{subject}: payloads"), text));
    }
    if open.len() >= TELLING && open.iter().all(|row| row.expires_at.is_none()) {
        let text = format!(
            "none of {} open inquiries says when it expires, so deadlines are guessed from the rules' lifetime; {lifts}",
            open.len()
        );
        findings.push(warning(format!("{subject}: payloads"), text));
    }
    if open.len() >= TELLING && open.iter().all(|row| row.template_id.is_none()) {
        let text = format!(
            "none of {} open inquiries names its template, so nobody can be given another inquiry; let the webhook carry \
             relationships; `rekindle persona setup` does so",
            open.len()
        );
        findings.push(failed(format!("{subject}: payloads"), text));
    }
    Ok(findings)
}

/// Whether what webhooks did not bring is fetched in time.
async fn reconciliation(
    tx: &mut Tx,
    config: &Config,
    name: &EnvironmentName,
    subject: &str,
    now: Timestamp,
) -> Result<Option<Finding>, StorageError> {
    let subject = format!("{subject}: reconciliation");
    let Some(known) = tx.reconciliations().await?.into_iter().find(|one| one.environment == *name) else {
        return Ok(None);
    };
    let until = known.reconciled_until;
    // Two may be missed before anybody has to look: one for a restart, one for a busy Persona.
    let late = now.since(until) > config.reconcile.every * 3;
    Ok(Some(match known.run.and_then(|run| run.error) {
        Some(error) if late => failed(
            subject,
            format!(
                "what changed since {until} may not be known; the last run stopped: {error}; mend that, or run `rekindle reconcile`"
            ),
        ),
        _ if late => warning(
            subject,
            format!(
                "what changed since {until} may not be known; is `rekindle serve` running? `rekindle reconcile` asks now"
            ),
        ),
        _ => ok(subject, format!("everything until {until} is known")),
    }))
}

/// Whether our clock goes as Persona's does.
pub(super) fn clock(persona: &PersonaClient) -> Option<Finding> {
    let ahead = persona.clock_ahead()?;
    let apart = ahead.abs();
    if apart < TOLERABLE {
        return None;
    }
    let word = if ahead.is_positive() { "ahead of" } else { "behind" };
    let text = format!("this machine's clock is {} s {word} Persona's; set it by NTP", apart.as_secs());
    Some(if apart >= MAX_AHEAD { failed("clock", text) } else { warning("clock", text) })
}
