//! `POST /inquiries/search`: over an index that is behind
//! (<https://docs.withpersona.com/api-reference/inquiries/search-inquiries>).

use std::cmp::Reverse;

use serde_json::{Value, json};

use super::Answered;
use super::call::Call;
use super::inquiries::find;
use super::paging::{Wanted, page};
use crate::domain::time::Timestamp;
use crate::persona::simulator::dialect::kebab;
use crate::persona::simulator::inquiries::{Inquiry, Revision};
use crate::persona::simulator::refusal::Refusal;
use crate::persona::simulator::render;
use crate::persona::simulator::times::written;
use crate::persona::simulator::world::World;

/// How deep clauses may nest, and how many one may hold.
const DEPTH: usize = 2;
const CLAUSES: usize = 20;

enum Clause {
    And(Vec<Clause>),
    Or(Vec<Clause>),
    Not(Box<Clause>),
    Is { attribute: String, operator: String, value: String },
}

/// Where an inquiry stands in the order asked for.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Ascending(String, u64),
    Descending(Reverse<(String, u64)>),
}

/// `POST /inquiries/search`: finds by what the index knows, and answers with the inquiries as they are.
pub(super) fn search(world: &World, call: &Call) -> Result<Answered, Refusal> {
    call.object(&[], &["query", "sort", "page"])?;
    let clause = match &call.body["query"] {
        Value::Null => Clause::And(Vec::new()),
        query => read(call, query, 0)?,
    };
    let wanted = wanted_page(call)?;
    let (attribute, ascending) = order(call)?;
    let indexed_until = call.now.minus(world.settings.search_lag);
    let place = |inquiry: &Inquiry| place(inquiry, &attribute, ascending);
    let mut found: Vec<&Inquiry> = world
        .inquiries
        .values()
        .filter(|inquiry| inquiry.environment == call.environment)
        .filter(|inquiry| indexed(inquiry, indexed_until).is_some_and(|known| clause.fits(inquiry, known)))
        .collect();
    found.sort_by_key(|inquiry| place(inquiry));
    let place_of = |cursor: &str| find(world, call, cursor).ok().and_then(|id| world.inquiry(&id).ok()).map(place);
    let page = page(call, &wanted, &found, place, place_of, |inquiry| inquiry.id.as_str())?;
    let data: Vec<Value> = page.items.into_iter().map(|inquiry| render::inquiry(world, inquiry)).collect();
    Ok(Answered::ok(json!({ "data": data, "links": page.links })))
}

fn indexed(inquiry: &Inquiry, until: Timestamp) -> Option<&Revision> {
    inquiry.revisions.iter().rev().find(|revision| revision.indexed_from <= until)
}

/// The page from the body, or from the query of a `links.next`.
fn wanted_page(call: &Call) -> Result<Wanted, Refusal> {
    let from_query = Wanted::read(call)?;
    let page = call.object(&["page"], &["after", "before", "size"])?;
    let cursor = |key: &str| page.get(key).and_then(Value::as_str).map(str::to_owned);
    let size = page.get("size").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
    Wanted {
        size: if call.parameter("page[size]").is_some() { from_query.size } else { size.unwrap_or(from_query.size) },
        after: from_query.after.or_else(|| cursor("after")),
        before: from_query.before.or_else(|| cursor("before")),
    }
    .checked(call)
}

fn order(call: &Call) -> Result<(String, bool), Refusal> {
    let sort = call.object(&["sort"], &["attribute", "direction"])?;
    let attribute = kebab(sort.get("attribute").and_then(Value::as_str).unwrap_or("created_at"));
    if !["created-at", "updated-at", "status"].contains(&attribute.as_str()) {
        return Err(call.bad(format!("{attribute} can't be sorted by")));
    }
    match sort.get("direction").and_then(Value::as_str).unwrap_or("desc") {
        "asc" => Ok((attribute, true)),
        "desc" => Ok((attribute, false)),
        _ => Err(call.bad("sort.direction must be asc or desc")),
    }
}

fn place(inquiry: &Inquiry, attribute: &str, ascending: bool) -> Place {
    let value = match attribute {
        "updated-at" => written(inquiry.times.updated_at),
        "status" => inquiry.status.as_str().to_owned(),
        _ => written(inquiry.times.created_at),
    };
    if ascending {
        Place::Ascending(value, inquiry.sequence)
    } else {
        Place::Descending(Reverse((value, inquiry.sequence)))
    }
}

fn read(call: &Call, clause: &Value, depth: usize) -> Result<Clause, Refusal> {
    let Some(entries) = clause.as_object() else { return Err(call.bad("query must be an object")) };
    let many = |clauses: &Value| {
        let clauses = clauses.as_array().ok_or_else(|| call.bad("A clause's conditions must be an array"))?;
        if depth == DEPTH || clauses.len() > CLAUSES {
            return Err(call.bad("query is nested too deep or has too many clauses"));
        }
        clauses.iter().map(|clause| read(call, clause, depth + 1)).collect::<Result<Vec<_>, _>>()
    };
    if let Some(clauses) = entries.get("and") {
        return many(clauses).map(Clause::And);
    }
    if let Some(clauses) = entries.get("or") {
        return many(clauses).map(Clause::Or);
    }
    if let Some(negated) = entries.get("not") {
        let mut negated = many(&json!([negated]))?;
        return negated.pop().map(|clause| Clause::Not(Box::new(clause))).ok_or_else(|| call.bad("not is empty"));
    }
    predicate(call, clause)
}

fn predicate(call: &Call, clause: &Value) -> Result<Clause, Refusal> {
    let text = |key: &str| clause[key].as_str().map(str::to_owned);
    let (Some(attribute), Some(operator)) = (text("attribute"), text("operator")) else {
        return Err(call.bad("A condition must have attribute, operator and value"));
    };
    let attribute = kebab(&attribute);
    let is_time = ["created-at", "updated-at"].contains(&attribute.as_str());
    let is_known = is_time || ["status", "reference-id", "inquiry-template-id"].contains(&attribute.as_str());
    if !is_known || !["eq", "gt", "gte", "lt", "lte"].contains(&operator.as_str()) {
        return Err(call.bad(format!("{attribute} {operator} can't be searched for")));
    }
    let value = text("value").ok_or_else(|| call.bad("A condition's value must be a string"))?;
    let value =
        if is_time { moment(&value).ok_or_else(|| call.bad("value must be a date or a date-time"))? } else { value };
    Ok(Clause::Is { attribute, operator, value })
}

/// A date or date-time, written so that later ones sort later.
fn moment(text: &str) -> Option<String> {
    let at = Timestamp::parse(text).or_else(|_| Timestamp::parse(&format!("{text}T00:00:00Z"))).ok()?;
    Some(written(at))
}

impl Clause {
    fn fits(&self, inquiry: &Inquiry, known: &Revision) -> bool {
        match self {
            Self::And(clauses) => clauses.iter().all(|clause| clause.fits(inquiry, known)),
            Self::Or(clauses) => clauses.iter().any(|clause| clause.fits(inquiry, known)),
            Self::Not(clause) => !clause.fits(inquiry, known),
            Self::Is { attribute, operator, value } => {
                let actual = match attribute.as_str() {
                    "status" => Some(known.status.as_str().to_owned()),
                    "created-at" => Some(written(inquiry.times.created_at)),
                    "updated-at" => Some(written(known.updated_at)),
                    "reference-id" => known.reference_id.clone(),
                    _ => Some(inquiry.template.as_str().to_owned()),
                };
                actual.is_some_and(|actual| compare(&actual, operator, value))
            }
        }
    }
}

fn compare(actual: &str, operator: &str, value: &str) -> bool {
    match operator {
        "eq" => actual == value,
        "gt" => actual > value,
        "gte" => actual >= value,
        "lt" => actual < value,
        _ => actual <= value,
    }
}
