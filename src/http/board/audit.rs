//! What operators did.

use axum::response::Response;

use crate::app::operators::AuditError;
use crate::domain::act::Act;
use crate::domain::deed::Entry;
use crate::http::board::page::Trouble;
use crate::http::board::query::{Asked, ROWS};
use crate::http::board::reader::Reader;
use crate::http::board::view::audit::{Audit, Row};
use crate::http::board::view::frame::Place;
use crate::http::board::view::list::{Choice, Filter, Nothing, Pages, grouped, path};
use crate::http::board::view::mark::Mark;

const PATH: &str = "/audit";

/// A page of deeds.
pub(super) async fn page(reader: Reader, asked: Asked) -> Response {
    let page = audit(&reader, &asked).await;
    reader.answer(page)
}

async fn audit(reader: &Reader, asked: &Asked) -> Result<Audit, Trouble> {
    reader.needs(Act::ReadAudit)?;
    let app = &reader.pages().app;
    let filter = crate::app::operators::DeedFilter {
        environment: reader.caller().operator.environment.clone().or_else(|| asked.environment()),
        who: asked.text("who").map(str::to_owned),
        act: asked.read("act", Act::parse),
        about: asked.text("about").map(str::to_owned),
        since: None,
        before: asked.read("after", |text| text.parse().ok()),
    };
    let mut entries = app.deeds(&filter, ROWS + 1).await?;
    let more = entries.len() > ROWS as usize;
    entries.truncate(ROWS as usize);
    let next = entries.last().filter(|_| more).map(|entry| entry.number.to_string());
    let shown = format!("{} records", entries.len());
    let nothing = if asked.narrows_beside(&[]) {
        Nothing::passes("records", PATH)
    } else {
        Nothing::yet(
            "Nobody did anything yet",
            "Every act, every sign-in and every payload that somebody looks at comes here.",
        )
    };
    let chain = if asked.is("check") { Some(chain(reader).await?) } else { None };
    Ok(Audit {
        frame: reader.frame("Audit", Place::Audit, 0),
        chain,
        filter: narrowed(reader, asked),
        rows: entries.iter().map(|entry| row(reader, entry)).collect(),
        nothing,
        pages: Pages::of(shown, PATH, &asked.pairs(), asked.text("after"), next.as_deref()),
    })
}

/// Goes through all of it, which is done when it is asked for.
async fn chain(reader: &Reader) -> Result<(Mark, String), Trouble> {
    match reader.pages().app.verify_audit(None).await {
        Ok(report) => {
            let text = format!(
                "{} records, each bound to the one before. Keep the head elsewhere to find out if all of it is ever \
                 written anew: {}",
                grouped(report.head.number),
                report.head
            );
            Ok((Mark::ok("Unbroken"), text))
        }
        Err(AuditError::Broken(why)) => Ok((Mark::bad("Broken"), format!("The audit can’t be relied on: {why}."))),
        Err(AuditError::Storage(why)) => Err(why.into()),
    }
}

fn narrowed(reader: &Reader, asked: &Asked) -> Filter {
    let mut choices: Vec<Choice> = asked.environments(&reader.board().environments()).into_iter().collect();
    let acts: Vec<&str> = Act::ALL.iter().filter(|act| **act != Act::Look).map(|act| act.as_str()).collect();
    choices.push(asked.words("act", "What", &acts));
    Filter {
        searches: vec![asked.search("who", "Who"), asked.search("about", "To what, by its id")],
        choices,
        ticks: vec![asked.tick("check", "check every record")],
        clear: asked.narrows_beside(&[]).then_some(PATH),
    }
}

fn row(reader: &Reader, entry: &Entry) -> Row {
    let environment = entry.environment.as_deref().unwrap_or_default();
    let (kind, id) = entry.about.clone().unwrap_or_default();
    let href = match (kind.as_str(), environment) {
        ("replay", _) => Some(path(&["replays", &id])),
        ("action", _) => Some(path(&["actions", &id])),
        ("inquiry", environment) if !environment.is_empty() => Some(path(&["inquiries", environment, &id])),
        ("event", environment) if !environment.is_empty() => Some(path(&["events", environment, &id])),
        _ => None,
    };
    Row {
        at: reader.when(entry.at),
        who: entry.who.clone(),
        role: format!("{}, {}", entry.role, entry.how),
        what: entry.act.replace('_', " "),
        subject: [kind.as_str(), id.as_str()].join(" ").trim().to_owned(),
        href,
        reason: entry.reason.clone().unwrap_or_default(),
        from: entry.address.clone().unwrap_or_default(),
    }
}
