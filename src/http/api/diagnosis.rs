//! `/v1/…/diagnosis`: whether a person gets in right now; if not, why, and what helps.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::caller::{Caller, away, not_found};
use super::inquiries::Whose;
use super::wire::{Within, query, reference_id, template};
use crate::app::access::Whom;
use crate::app::customers::Named;
use crate::app::queries::in_words;
use crate::domain::action::Action;
use crate::domain::diagnosis::{By, Cause, Diagnosis, Evidence, Help};
use crate::domain::ids::InquiryId;
use crate::domain::token::Scope;
use crate::http::described::Refused;
use crate::http::problem::Problem;

/// Whether the person gets in right now; if not, why, and what helps.
#[derive(Serialize, ToSchema)]
pub(super) struct DiagnosisView {
    /// The environment it lives in
    environment: String,
    /// The inquiry that was asked about
    asked_id: String,
    /// The inquiry the person is to get into; not always the one that was asked about
    inquiry_id: String,
    /// How that one stands
    status: Option<String>,
    /// Whether somebody who comes now is let in
    gets_in: bool,
    /// `yes`, `after-revival`, `after-replacement`, `not-now`, `no` or `not-needed`
    answer: String,
    /// The answer and its causes in words
    in_words: String,
    /// Why what they have at hand does not let them in, or nothing does
    cause: CauseView,
    /// What else is in the way
    also: Vec<CauseView>,
    /// What it rests on, in time order
    evidence: Vec<EvidenceView>,
    /// What was done about it, failed, and is going to be done; none for a token that is bound to a customer
    actions: Vec<ActionView>,
    /// What helps, most of all first
    help: Vec<HelpView>,
    /// When it was made, by our clock
    #[schema(format = DateTime)]
    made_at: String,
}

/// A cause; the list of codes is open.
#[derive(Serialize, ToSchema)]
struct CauseView {
    /// Such as `not-started`, `session-token-lost`, `session-expired`, `link-used`, `expired`, `superseded-version`,
    /// `limit-reached`, `redacted`, `done`
    code: String,
    /// The same in words
    text: String,
}

/// A piece of evidence.
#[derive(Serialize, ToSchema)]
struct EvidenceView {
    /// When
    #[schema(format = DateTime)]
    at: String,
    /// Who says so: `event`, `reading`, `answer`, `rekindle` or `operator`
    by: String,
    /// Persona's event, where it was one that is still stored
    event_id: Option<String>,
    /// What
    what: String,
}

/// Something done, or to be done.
#[derive(Serialize, ToSchema)]
struct ActionView {
    /// What
    what: String,
    /// `planned`, `running`, `done`, `failed` or `cancelled`
    state: String,
    /// When
    #[schema(format = DateTime)]
    due_at: String,
    /// How often it was tried
    attempts: u32,
    /// Why it ended as it did
    reason: Option<String>,
}

/// Something that helps.
#[derive(Serialize, ToSchema)]
struct HelpView {
    /// A word that does not change, such as `let-in`, `wait`, `make-another` or `ask-operator`
    code: String,
    /// The same in words
    text: String,
    /// The call that does it, where there is one
    call: Option<String>,
}

/// Ask why the person of an inquiry can't get in
///
/// Nothing is asked of Persona, and nothing changes.
#[utoipa::path(
    get, path = "/v1/inquiries/{id}/diagnosis", tag = "Access", operation_id = "diagnoseInquiry",
    params(("id" = String, Path, description = "Persona's id (`inq_…`)"), Within),
    responses(
        (status = 200, description = "The diagnosis", body = DiagnosisView),
        Refused,
    ),
    security(("token" = ["inquiries:read"])),
)]
pub(super) async fn of_inquiry(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    within: Result<Query<Within>, QueryRejection>,
) -> Result<Json<DiagnosisView>, Problem> {
    caller.may(Scope::InquiriesRead)?;
    let environment = caller.named(query(within)?.environment.as_deref())?;
    let whom = Whom::Inquiry(InquiryId::parse(&id).map_err(|_| not_found("inquiry"))?);
    diagnose(&api, &caller, &Named { whom, environment }).await
}

/// Ask why a person can't get in, by your own name for them
///
/// Of several inquiries, about the newest that is not over.
#[utoipa::path(
    get, path = "/v1/diagnosis", tag = "Access", operation_id = "diagnosePerson", params(Whose),
    responses(
        (status = 200, description = "The diagnosis", body = DiagnosisView),
        Refused,
    ),
    security(("token" = ["inquiries:read"])),
)]
pub(super) async fn of_person(
    State(api): State<Api>,
    caller: Caller,
    whose: Result<Query<Whose>, QueryRejection>,
) -> Result<Json<DiagnosisView>, Problem> {
    caller.may(Scope::InquiriesRead)?;
    let whose = query(whose)?;
    let of = whose.template.as_deref().map(template).transpose()?;
    let whom = Whom::Person { reference_id: reference_id(&whose.reference_id)?, template: of };
    let environment = caller.named(whose.environment.as_deref())?;
    diagnose(&api, &caller, &Named { whom, environment }).await
}

async fn diagnose(api: &Api, caller: &Caller, named: &Named) -> Result<Json<DiagnosisView>, Problem> {
    let found = api.app.diagnose_for(&caller.grant, named).await.map_err(|error| away(&error))?;
    found.map(|diagnosis| Json(DiagnosisView::from(&diagnosis))).ok_or_else(|| not_found("inquiry"))
}

impl From<&Diagnosis> for DiagnosisView {
    fn from(diagnosis: &Diagnosis) -> Self {
        let help = |help: &Help| HelpView {
            code: help.code().to_owned(),
            text: help.to_string(),
            call: help.call(diagnosis.inquiry()),
        };
        Self {
            environment: diagnosis.environment().to_string(),
            asked_id: diagnosis.asked().to_string(),
            inquiry_id: diagnosis.inquiry().to_string(),
            status: diagnosis.status().map(ToString::to_string),
            gets_in: diagnosis.answer().lets_in(),
            answer: diagnosis.answer().as_str().to_owned(),
            in_words: diagnosis.in_words(),
            cause: CauseView::from(diagnosis.cause()),
            also: diagnosis.also().iter().map(CauseView::from).collect(),
            evidence: diagnosis.evidence().iter().map(EvidenceView::from).collect(),
            actions: diagnosis.actions().iter().map(ActionView::from).collect(),
            help: diagnosis.help().iter().map(help).collect(),
            made_at: diagnosis.made_at().to_string(),
        }
    }
}

impl From<&Cause> for CauseView {
    fn from(cause: &Cause) -> Self {
        Self { code: cause.code().to_owned(), text: cause.to_string() }
    }
}

impl From<&Evidence> for EvidenceView {
    fn from(evidence: &Evidence) -> Self {
        let event_id = match &evidence.by {
            By::Event(id) => id.as_ref().map(ToString::to_string),
            By::Reading | By::Answer | By::Rekindle | By::Operator => None,
        };
        let (at, by) = (evidence.at.to_string(), evidence.by.as_str().to_owned());
        Self { at, by, event_id, what: evidence.what.clone() }
    }
}

impl From<&Action> for ActionView {
    fn from(action: &Action) -> Self {
        Self {
            what: in_words(action),
            state: action.state.as_str().to_owned(),
            due_at: action.planned.due_at.to_string(),
            attempts: action.attempts,
            reason: action.reason.clone(),
        }
    }
}
