//! Whether people can be reached as the rules mean it: by what inquiries are like, and who can tell anybody.

use jiff::SignedDuration;

use crate::app::{App, Environment};
use crate::config::{LONGEST_ADVISED, Mode};
use crate::domain::action::Kind;
use crate::domain::ids::EnvironmentName;
use crate::domain::rules::{Rules, Step};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::domain::token::Scope;
use crate::storage::inquiries::{InquiryFilter, InquiryRow};
use crate::storage::{StorageError, Tx};

use super::finding::{Finding, warning};
use super::health::LOOKED_AT;

/// What is to be said of one environment's people.
pub(super) async fn findings(
    tx: &mut Tx,
    app: &App,
    environment: &Environment,
    subject: &str,
) -> Result<Vec<Finding>, StorageError> {
    let name = &environment.settings.name;
    let filter = InquiryFilter { environment: Some(name.clone()), ..InquiryFilter::default() };
    let newest = tx.list_inquiries(&filter, None, LOOKED_AT).await?.items;
    let open: Vec<&InquiryRow> = newest.iter().filter(|row| row.status.as_ref().is_some_and(Status::is_open)).collect();
    let mut findings: Vec<Finding> = long_lived(&open, subject).into_iter().collect();
    findings.extend(never_reminded(&open, environment, subject));
    findings.extend(paused(tx, name, subject).await?);
    if environment.settings.mode == Mode::Act {
        findings.extend(no_way_back(tx, app, environment, subject).await?);
    }
    Ok(findings)
}

/// How long an inquiry lives, as it says.
fn lives(row: &InquiryRow) -> Option<SignedDuration> {
    Some(row.expires_at?.since(row.created_at?))
}

fn long_lived(open: &[&InquiryRow], subject: &str) -> Option<Finding> {
    let long = open.iter().filter(|row| lives(row).is_some_and(|lives| lives > LONGEST_ADVISED)).count();
    let text = format!(
        "{long} open inquiries live longer than the {} that Persona advises; shorten the template's expiry in Persona's \
         dashboard, and publish it",
        Step::Left(LONGEST_ADVISED)
    );
    (long > 0).then(|| warning(format!("{subject}: expiry"), text))
}

/// Steps that leave more time than a whole life are due at its beginning or never.
fn never_reminded(open: &[&InquiryRow], environment: &Environment, subject: &str) -> Option<Finding> {
    let outside = |step: &Step, life: SignedDuration| matches!(step, Step::Left(left) if *left >= life);
    let never = |row: &&&InquiryRow| {
        let rules = environment.settings.rules.for_template(row.template_id.as_ref());
        let Some(life) = lives(row).filter(|_| reminds(rules)) else { return false };
        rules.reminders.iter().all(|step| outside(step, life))
    };
    let count = open.iter().filter(never).count();
    let text = format!(
        "{count} open inquiries live so short that no reminder comes at a time of its own; use a share of the lifetime in \
         `reminders`, such as \"50%\", or lengthen the template's expiry at Persona"
    );
    (count > 0).then(|| warning(format!("{subject}: reminders"), text))
}

const fn reminds(rules: &Rules) -> bool {
    !rules.reminders.is_empty() && !rules.notify.is_empty()
}

async fn paused(tx: &mut Tx, name: &EnvironmentName, subject: &str) -> Result<Option<Finding>, StorageError> {
    let lanes = tx.lane_settings().await?;
    let paused = lanes.into_iter().find(|lane| lane.paused && lane.lane.0 == *name && lane.lane.1 == Kind::Remind);
    Ok(paused.map(|lane| {
        let since: Timestamp = lane.changed_at;
        let text = format!(
            "{} paused them at {since} ({}); `rekindle lanes resume --environment {name} --kind remind --reason …` lets \
             them go on",
            lane.changed_by, lane.reason
        );
        warning(format!("{subject}: reminders"), text)
    }))
}

/// A plain link to an inquiry opens while nobody has begun it
/// (<https://docs.withpersona.com/ensuring-user-access-to-inquiries>): without us, whoever began and lost the tab is out.
async fn no_way_back(
    tx: &mut Tx,
    app: &App,
    environment: &Environment,
    subject: &str,
) -> Result<Option<Finding>, StorageError> {
    let reminded = environment.settings.rules.iter().any(|(_, rules)| reminds(rules));
    let name = &environment.settings.name;
    let now = app.clock().now();
    let asked_for = tx.tokens().await?.iter().any(|token| {
        let here = token.grant.environment.as_ref().is_none_or(|only| only == name);
        here && token.is_good(now) && token.grant.scopes.contains(&Scope::Access)
    });
    if reminded || asked_for {
        return Ok(None);
    }
    let text = "nobody is reminded, and no application has a token to ask for a way in: a plain link opens only while an \
                inquiry is created, so whoever began and closed the tab is out; configure reminders with a notifier, or \
                make a token with `rekindle tokens create NOTE --scope access`";
    Ok(Some(warning(format!("{subject}: access"), text)))
}
