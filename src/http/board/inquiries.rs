//! Inquiries, page by page.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;

use crate::app::board::{InquiryFilter, InquiryLine, InquiryOrder};
use crate::domain::ids::{CustomerName, EnvironmentName, ReferenceId, TemplateId, TemplateVersionId};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::http::board::page::{Trouble, trouble};
use crate::http::board::query::{Asked, ROWS};
use crate::http::board::reader::Reader;
use crate::http::board::view::frame::Place;
use crate::http::board::view::inquiries::{Inquiries, Row};
use crate::http::board::view::list::{Choice, Filter, Nothing, path};
use crate::http::board::view::mark::Mark;

const PATH: &str = "/inquiries";

/// How often the page looks again, in seconds.
const LIVE: u32 = 15;

/// Statuses to choose from, in the order a verification takes.
const STATUSES: [&str; 8] =
    ["created", "pending", "expired", "completed", "failed", "needs_review", "approved", "declined"];

/// Times that can be left, in hours, as they stand in the address.
const LEFT: [(&str, &str); 6] = [
    ("-0", "passed"),
    ("0-1", "within 1 h"),
    ("0-6", "within 6 h"),
    ("0-24", "within 24 h"),
    ("0-72", "within 3 days"),
    ("72-", "in more than 3 days"),
];

/// A page of inquiries.
pub(super) async fn page(reader: Reader, asked: Asked) -> Response {
    match inquiries(&reader, &asked).await {
        Ok(Found::Page(page)) => reader.answer(Ok(*page)),
        Ok(Found::One(place)) => (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response(),
        Err(why) => trouble(&reader, &why),
    }
}

enum Found {
    Page(Box<Inquiries>),
    /// Somebody asked for an inquiry by its id.
    One(String),
}

async fn inquiries(reader: &Reader, asked: &Asked) -> Result<Found, Trouble> {
    let board = reader.board();
    let all = board.environments();
    let text = asked.text("q");
    // An id of Persona's is no reference id: it leads to its inquiry, or to nothing.
    if let Some(id) = text.filter(|text| text.starts_with("inq_"))
        && let [(environment, id)] = board.find(id).await?.as_slice()
    {
        return Ok(Found::One(path(&["inquiries", environment.as_str(), id.as_str()])));
    }
    let filter = filter(asked, reader.now());
    let customer = asked.read("customer", |text| CustomerName::parse(text).ok());
    let customers: Vec<String> = reader.pages().app.customers().keys().map(ToString::to_string).collect();
    let page = board.inquiries(&filter, customer.as_ref(), asked.cursor().as_ref(), ROWS).await?;
    let rows: Vec<Row> = page.items.iter().map(|line| row(reader, line)).collect();
    let nothing = if asked.narrows_beside(&["sort"]) {
        Nothing::passes("inquiries", PATH)
    } else {
        Nothing::yet(
            "No inquiry is known yet",
            "They come with Persona’s first webhooks. What was open before that comes with “rekindle import”.",
        )
    };
    Ok(Found::Page(Box::new(Inquiries {
        frame: reader.frame("Inquiries", Place::Inquiries, if asked.is("after") { 0 } else { LIVE }),
        filter: shown(asked, &customers, &all),
        pages: asked.pages(PATH, rows.len(), ("inquiry", "inquiries"), page.next.as_ref()),
        rows,
        nothing,
        several: all.len() > 1,
    })))
}

fn filter(asked: &Asked, now: Timestamp) -> InquiryFilter {
    let (from, to) = asked.read("left", left).unwrap_or_default();
    let hours = |hours: i64| now.plus(SignedDuration::from_hours(hours));
    InquiryFilter {
        environment: asked.environment(),
        status: asked.text("status").map(Status::parse),
        template: asked.read("template", |text| TemplateId::parse(text).ok()),
        version: asked.read("version", |text| TemplateVersionId::parse(text).ok()),
        outdated: asked.is("outdated"),
        reference_id: asked.read("q", |text| ReferenceId::parse(text).ok()),
        expires_from: from.map(hours),
        expires_before: to.map(hours),
        has_failures: asked.is("failures"),
        order: match asked.text("sort") {
            Some("deadline") => InquiryOrder::Deadline,
            _ => InquiryOrder::Newest,
        },
        ..InquiryFilter::default()
    }
}

/// Hours from and to, as in `6-24`; either may be left out.
fn left(text: &str) -> Option<(Option<i64>, Option<i64>)> {
    let (from, to) = text.split_once('-')?;
    let hours = |text: &str| match text {
        "" => Some(None),
        text => text.parse().ok().filter(|hours| (0..=100_000).contains(hours)).map(Some),
    };
    Some((hours(from)?, hours(to)?))
}

fn shown(asked: &Asked, customers: &[String], all: &[EnvironmentName]) -> Filter {
    let mut choices: Vec<Choice> = asked.environments(all).into_iter().collect();
    choices.push(asked.words("status", "Status", &STATUSES));
    let left = LEFT.map(|(value, text)| (value.to_owned(), text.to_owned()));
    choices.push(Choice::of("left", "Deadline", "Any", asked.text("left"), left));
    // The order by deadline is one of an environment.
    if all.len() == 1 || asked.is("environment") {
        let nearest = [("deadline".to_owned(), "Nearest deadline first".to_owned())];
        choices.push(Choice::of("sort", "Order", "Latest first", asked.text("sort"), nearest));
    }
    if !customers.is_empty() {
        let names = customers.iter().map(|name| (name.clone(), name.clone()));
        choices.push(Choice::of("customer", "Customer", "Any", asked.text("customer"), names));
    }
    let mut searches = vec![asked.search("q", "Reference id or inquiry")];
    searches.extend(asked.is("template").then(|| asked.search("template", "Template")));
    searches.extend(asked.is("version").then(|| asked.search("version", "Version")));
    Filter {
        searches,
        choices,
        ticks: vec![asked.tick("outdated", "older version"), asked.tick("failures", "with dead letters")],
        clear: asked.narrows_beside(&[]).then_some(PATH),
    }
}

fn row(reader: &Reader, line: &InquiryLine) -> Row {
    let row = &line.row;
    let template = line.template_name.clone().or_else(|| row.template_id.as_ref().map(ToString::to_string));
    let person = row.reference_id.as_ref().map(ToString::to_string);
    let person = person.or_else(|| row.account_id.as_ref().map(ToString::to_string));
    Row {
        id: row.id.to_string(),
        href: path(&["inquiries", row.environment.as_str(), row.id.as_str()]),
        environment: row.environment.to_string(),
        person: person.unwrap_or_else(|| "nobody known".to_owned()),
        status: Mark::of_status(row.status.as_ref().map_or("unknown", Status::as_str)),
        template: template.unwrap_or_else(|| "unknown".to_owned()),
        outdated: line.newer_version.is_some(),
        deadline: row.expires_at.map(|at| reader.when(at)),
        next: line.next_due.map(|at| reader.when(at)),
        failures: line.failures,
        heard: row.last_observed_at.map(|at| reader.when(at)),
    }
}

#[cfg(test)]
mod tests {
    use super::left;

    #[test]
    fn the_time_left_is_read_from_the_address() {
        assert_eq!(left("6-24"), Some((Some(6), Some(24))));
        assert_eq!((left("-0"), left("72-")), (Some((None, Some(0))), Some((Some(72), None))));
        for wrong in ["", "6", "a-b", "-1-2", "0-999999999"] {
            assert_eq!(left(wrong), None, "{wrong}");
        }
    }
}
