//! One inquiry: whether its person gets in and is reminded, why not, and everything that happened.

mod acts;
mod answer;
mod story;

use axum::extract::Path;
use axum::response::Response;

use crate::app::board::{InquiryView, LineageMember};
use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::domain::inquiry::Person;
use crate::domain::status::Status;
use crate::http::board::page::Trouble;
use crate::http::board::reader::Reader;
use crate::http::board::view::frame::Place;
use crate::http::board::view::inquiry::{Fact, Inquiry, Member};
use crate::http::board::view::list::{href, path};
use crate::http::board::view::mark::Mark;

/// How often the page looks again, in seconds.
const LIVE: u32 = 10;

/// Sessions that Persona allows by default (<https://docs.withpersona.com/inquiry-sessions>).
const SESSIONS: u32 = 25;

/// One inquiry.
pub(super) async fn page(reader: Reader, Path((environment, id)): Path<(String, String)>) -> Response {
    let page = inquiry(&reader, &environment, &id).await;
    reader.answer(page)
}

async fn inquiry(reader: &Reader, environment: &str, id: &str) -> Result<Inquiry, Trouble> {
    let (environment, id) = place(environment, id)?;
    let found = reader.board().inquiry(&environment, &id).await?.ok_or(Trouble::Unknown)?;
    let inquiry = &found.stored.inquiry;
    let status = inquiry.status().map_or("unknown", Status::as_str);
    let members = |members: &[LineageMember]| {
        members.iter().map(|one| member(reader, &environment, &id, one)).collect::<Vec<_>>()
    };
    Ok(Inquiry {
        frame: reader.frame(id.as_str(), Place::Inquiries, LIVE),
        id: id.to_string(),
        status: Mark::of_status(status),
        marks: marks(&found),
        answer: found.diagnosis.as_ref().map(|diagnosis| answer::of(reader, diagnosis)),
        reminder: answer::reminder(reader, &found),
        facts: facts(reader, &found),
        acts: acts::of(reader, &found),
        lineage: members(&found.lineage),
        others: members(&found.others),
        actions: found.actions.iter().map(|action| story::action(reader, action)).collect(),
        links: found.links.iter().map(|link| story::link(reader, link, &id)).collect(),
        timeline: found.timeline.iter().rev().map(|moment| story::moment(reader, &environment, moment)).collect(),
        shortened: found.shortened,
    })
}

/// The inquiry that an address means.
pub(super) fn place(environment: &str, id: &str) -> Result<(EnvironmentName, InquiryId), Trouble> {
    let environment = EnvironmentName::parse(environment).map_err(|_| Trouble::Unknown)?;
    Ok((environment, InquiryId::parse(id).map_err(|_| Trouble::Unknown)?))
}

fn marks(found: &InquiryView) -> Vec<Mark> {
    let known = &found.stored.inquiry.known;
    let mut marks = Vec::new();
    if found.muted {
        marks.push(Mark::new("warn", "pause", "muted"));
    }
    if found.suppressed {
        marks.push(Mark::new("warn", "pause", "not told"));
    }
    if found.standing.is_some() && !found.acting {
        marks.push(Mark::new("idle", "ring", "observed only"));
    }
    if known.redacted_at.as_ref().is_some_and(|at| at.value.is_some()) {
        marks.push(Mark::new("idle", "dash", "erased"));
    }
    marks
}

fn facts(reader: &Reader, found: &InquiryView) -> Vec<Fact> {
    let (stored, inquiry) = (&found.stored, &found.stored.inquiry);
    let known = &inquiry.known;
    let environment = inquiry.environment.as_str();
    let mut facts = vec![Fact::text("Environment", environment)];
    facts.push(match inquiry.person() {
        Some(Person::Reference(id)) => {
            Fact::id("Person", id.as_str()).to(href("/inquiries", &[("environment", environment), ("q", id.as_str())]))
        }
        Some(Person::Account(id)) => Fact::id("Person", id.as_str()),
        None => Fact::text("Person", "nobody known"),
    });
    facts.push(Fact::text("Reached by", found.reached.in_words()));
    facts.extend(found.customer.as_ref().map(|customer| Fact::text("Customer", customer.as_str())));
    if let Some(id) = known.template_id() {
        let name = found.template.as_ref().and_then(|template| template.template.name.clone());
        let list = href("/inquiries", &[("environment", environment), ("template", id.as_str())]);
        facts.push(Fact::text("Template", name.unwrap_or_else(|| id.to_string())).to(list));
    }
    if let Some(own) = known.template_version_id() {
        facts.push(Fact::id("Version", own.as_str()));
        let latest = found.template.as_ref().and_then(|template| template.template.latest_version.as_ref());
        facts.extend(latest.filter(|latest| *latest != own).map(|latest| Fact::id("Latest version", latest.as_str())));
    }
    let times = [
        ("Made", known.created_at().copied()),
        ("Begun", known.started_at().copied()),
        ("Expires", known.expires_at().copied()),
        ("Last expired", inquiry.last_expired),
        ("Over since", inquiry.finished),
        ("Last at work", inquiry.last_active),
        ("Last heard of", inquiry.last_observed),
        ("Last read at Persona", stored.read_at),
        ("First known here", Some(stored.first_seen_at)),
    ];
    facts.extend(times.into_iter().filter_map(|(name, at)| at.map(|at| Fact::when(name, reader.when(at)))));
    facts.push(Fact::text("Sessions", format!("{} of {SESSIONS}", found.sessions)));
    facts
}

fn member(reader: &Reader, environment: &EnvironmentName, here: &InquiryId, one: &LineageMember) -> Member {
    let note = one.replaced.as_ref().map(|replaced| {
        let successor = replaced.successor.as_ref().map(|id| format!(" by {id}")).unwrap_or_default();
        format!("replaced{successor} ({}): {}", replaced.stage.as_str(), replaced.cause)
    });
    Member {
        id: one.id.to_string(),
        href: path(&["inquiries", environment.as_str(), one.id.as_str()]),
        here: one.id == *here,
        status: Mark::of_status(one.status.as_ref().map_or("unknown", Status::as_str)),
        made: one.began_at.map(|at| reader.when(at)),
        note: note.unwrap_or_default(),
    }
}
