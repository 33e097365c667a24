//! `rekindle doctor`: each line ok, or what to do.

mod finding;
mod health;
mod reach;
mod webhook;

use std::process::ExitCode;

use clap::Args;

use crate::app::keys::{self, KeysError};
use crate::app::{App, Environment};
use crate::cli::{Common, output, vault};
use crate::clock::Clock;
use crate::config::{Config, Mode};
use crate::domain::budget::Urgency;
use crate::domain::subject::looks_personal;
use crate::persona::client::PersonaClient;
use crate::persona::error::PersonaError;
use crate::persona::request::ListFilter;
use crate::storage::{Database, Kind, StorageError};

use self::finding::{Finding, failed, ok, warning};

/// How many of the newest reference ids are looked at.
const REFERENCES: u32 = 1_000;

/// Check configuration, database, Persona and secrets, and say what to do
#[derive(Debug, Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    common: Common,
}

impl Doctor {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let findings = match self.common.configuration() {
            Ok(config) => examine(&config).await,
            Err(why) => vec![failed("configuration", format!("{why:#}"))],
        };
        if self.common.json {
            output::json(&findings)?;
        } else {
            for finding in &findings {
                println!("{:<8} {}: {}", finding.verdict, finding.subject, finding.detail);
            }
        }
        let sick = findings.iter().any(|finding| finding.verdict == "failed");
        Ok(if sick { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![match config.require_environments() {
        Ok(_) => ok("configuration", format!("{} environment(s) configured", config.environments.len())),
        Err(why) => failed("configuration", why.to_string()),
    }];
    findings.extend(config.warnings().into_iter().map(|text| warning("configuration", text)));
    let database = match database(config).await {
        Ok((finding, database)) => {
            findings.push(finding);
            database
        }
        Err(why) => {
            findings.push(failed("database", why.to_string()));
            return findings;
        }
    };
    findings.extend(key_findings(config, &database).await);
    match App::new(config, database, Clock::System) {
        Ok(app) => {
            for environment in app.environments().values() {
                findings.extend(environment_findings(&app, environment).await);
                findings.extend(health::findings(&app, config, environment).await);
            }
            app.give_back_budgets().await;
        }
        Err(why) => findings.push(failed("configuration", why.to_string())),
    }
    findings
}

async fn database(config: &Config) -> Result<(Finding, Database), StorageError> {
    let url = config.database_url.to_string();
    let database = Database::open(config.database_url.expose()).await?;
    let finding = match database.check_schema().await {
        Ok(()) => ok("database", format!("{url} answers and its schema is up to date")),
        Err(StorageError::NotMigrated) => warning(
            "database",
            format!(
                "{url} has no schema yet, or an older one; `rekindle serve` or `rekindle migrate` brings it up to date"
            ),
        ),
        Err(why) => return Err(why),
    };
    Ok((finding, database))
}

/// The master keys, and what of people's data is not sealed.
async fn key_findings(config: &Config, database: &Database) -> Vec<Finding> {
    let needed = keys::needed(database).await.unwrap_or_default();
    let mut findings = vec![match vault::at_hand(config, database) {
        Ok(vault) => match needed.iter().find(|id| !vault.key_ids().contains(id)) {
            Some(missing) => failed("keys", KeysError::Missing(missing.clone()).to_string()),
            None => ok("keys", format!("{} master key(s) at hand", vault.key_ids().len())),
        },
        // The first start on SQLite makes one.
        Err(why) if needed.is_empty() && database.kind() == Kind::Sqlite => warning("keys", format!("{why:#}")),
        Err(why) => failed("keys", format!("{why:#}")),
    }];
    let Ok(mut tx) = database.read().await else { return findings };
    if tx.has_plain_bodies().await.unwrap_or(false) {
        let text = "some bodies were stored before there was sealing; `rekindle keys seal` seals them";
        findings.push(warning("people's data", text));
    }
    let looked_at = tx.recent_reference_ids(REFERENCES).await.unwrap_or_default();
    let personal = looked_at.iter().filter(|id| looks_personal(id)).count();
    if personal > 0 {
        let text = format!(
            "{personal} of the newest {} reference ids look like e-mail addresses or phone numbers; they are stored in \
             the clear, so let your application use opaque ids, or set seal_reference_ids = true",
            looked_at.len()
        );
        findings.push(warning("people's data", text));
    }
    findings
}

async fn environment_findings(app: &App, environment: &Environment) -> Vec<Finding> {
    let settings = &environment.settings;
    let subject = format!("environments.{}", settings.name);
    let secrets = settings.webhook_secrets.len();
    let mut findings = vec![ok(&subject, format!("mode {}, {secrets} webhook secret(s)", settings.mode.as_str()))];
    match &environment.persona {
        None => findings.push(warning(&subject, "no api_key: nothing can be read or minted at Persona")),
        Some(persona) => {
            let answer = ask(&subject, settings.mode, persona).await;
            let answered = answer.verdict == "ok";
            findings.push(answer);
            if answered {
                findings.extend(webhook::findings(app, &subject, &settings.name).await);
                findings.extend(health::clock(persona));
            }
        }
    }
    findings
}

/// Asks Persona for one inquiry of its list: the cheapest call that needs the key and the permission to read.
async fn ask(subject: &str, mode: Mode, persona: &PersonaClient) -> Finding {
    // An operator waits for it.
    match persona.at(Urgency::Waiting).list_inquiries(&ListFilter::default(), None, 1).await {
        Ok(_) => {
            let budget =
                persona.budget().map(|budget| format!(", {} of {} calls left", budget.remaining, budget.limit));
            ok(subject, format!("Persona answers and takes the key{}", budget.unwrap_or_default()))
        }
        Err(why) => {
            let text = format!("{why}; {}", remedy(&why));
            if mode == Mode::Act { failed(subject, text) } else { warning(subject, text) }
        }
    }
}

fn remedy(why: &PersonaError) -> &'static str {
    match why.status() {
        None => "is api_url right, and may this machine connect to it?",
        Some(401) => "make a new API key in Persona's dashboard, for this environment, and set api_key",
        Some(403) => {
            "the key needs the permissions inquiry.read and inquiry.write, and this machine's address on its allow-list"
        }
        Some(404) => "api_url should end in /api/v1",
        Some(429) => "the environment's rate limit is used up; try again in a minute",
        Some(_) => "try again; if it stays, ask Persona's support with the request id",
    }
}
