//! Whether Persona sends us what we live on.

use crate::app::App;
use crate::app::setup::{self, posts_to};
use crate::domain::ids::EnvironmentName;
use crate::domain::webhook::Webhook;

use super::finding::{Finding, failed, ok, warning};

/// What is to be said of the webhooks at Persona that post here.
pub(super) async fn findings(app: &App, subject: &str, name: &EnvironmentName) -> Vec<Finding> {
    let subject = format!("{subject}: webhook");
    match app.webhooks(name).await {
        Ok(all) => {
            let ours: Vec<Webhook> = all.into_iter().filter(|webhook| posts_to(webhook, name)).collect();
            of_ours(&subject, name, &ours)
        }
        Err(why) => vec![warning(subject, format!("it can't be looked at: {why}"))],
    }
}

fn of_ours(subject: &str, name: &EnvironmentName, ours: &[Webhook]) -> Vec<Finding> {
    let mend = format!("`rekindle persona setup --environment {name}` mends it");
    if ours.is_empty() {
        let text = format!(
            "none at Persona posts to …{}; `rekindle persona setup --environment {name} --url …` makes one",
            setup::route(name)
        );
        return vec![warning(subject, text)];
    }
    // One that is sound is enough; another may be there for a move.
    if let Some(sound) = ours.iter().find(|webhook| webhook.shortcomings().is_empty()) {
        return vec![ok(subject, format!("{} is enabled and sends what is needed", sound.id))];
    }
    let mut findings = Vec::new();
    for webhook in ours {
        for shortcoming in webhook.shortcomings() {
            let remedy =
                if shortcoming.is_mended_by_set_up() { &*mend } else { "take the filter off if it is not meant" };
            let text = format!("{}: {shortcoming}; {remedy}", webhook.id);
            let grave = shortcoming.is_grave();
            findings.push(if grave { failed(subject, text) } else { warning(subject, text) });
        }
    }
    findings
}
