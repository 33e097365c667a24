//! One inquiry with its whole story, as an answer.

use serde::Serialize;
use utoipa::ToSchema;

use super::wire::{ActionView, text, time};
use crate::app::board::{AccessLink, InquiryView, LineageMember, Moment};
use crate::domain::diagnosis::{Answer, Diagnosis, HELD_OUT};
use crate::domain::plan::Standing;

/// An inquiry with everything that happened to it.
#[expect(clippy::struct_excessive_bools, reason = "what is so or not, each under its own name in the answer")]
#[derive(Serialize, ToSchema)]
pub(super) struct InquiryStory {
    environment: String,
    id: String,
    status: Option<String>,
    reference_id: Option<String>,
    template_id: Option<String>,
    template_version_id: Option<String>,
    /// The latest published version of its template
    latest_version_id: Option<String>,
    customer: Option<String>,
    #[schema(format = DateTime)]
    created_at: Option<String>,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    redacted: bool,
    /// Whether its person is told nothing, because an operator decided so
    muted: bool,
    /// Whether its person is not told everything, because somebody said so for them
    suppressed: bool,
    /// How it is known how its person is reached: `given`, `answered`, `field` or `unknown`
    reached: &'static str,
    /// Sessions it has had, of Persona's 25
    sessions: u32,
    /// What is wanted for it: `reminded`, `held-out`, `revived`, `replaced`, `quiet`
    standing: Option<&'static str>,
    /// Why nobody is troubled about it
    quiet: Option<String>,
    /// Whether what is wanted is also performed
    acting: bool,
    /// Whether its person gets in, in words
    access: Option<String>,
    /// The same in a word
    answer: Option<&'static str>,
    /// The inquiries that stand for the same verification, the first one first
    lineage: Vec<MemberView>,
    /// The person's others of the same template
    others: Vec<MemberView>,
    actions: Vec<ActionView>,
    /// The access links into its verification, by id; no addresses
    links: Vec<LinkView>,
    /// What happened, in time order
    timeline: Vec<MomentView>,
    /// Whether the beginning of the timeline is left out
    shortened: bool,
}

#[derive(Serialize, ToSchema)]
struct MemberView {
    id: String,
    status: Option<String>,
    #[schema(format = DateTime)]
    created_at: Option<String>,
    /// The one that took its place
    successor: Option<String>,
    /// Why it was or is replaced
    cause: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct LinkView {
    id: String,
    opens: u32,
    max_opens: u32,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    #[schema(format = DateTime)]
    revoked_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct MomentView {
    /// An event by Persona's clock, everything else by ours
    #[schema(format = DateTime)]
    at: String,
    /// `event`, `planned`, `attempt`, `notice`, `ended`, `link`, `opened`, `revoked`, `admitted`, `replaced`, `read`, `deed`
    what: &'static str,
    /// What it is about
    id: String,
    words: String,
    outcome: Option<String>,
    reason: Option<String>,
    who: Option<String>,
}

impl From<InquiryView> for InquiryStory {
    fn from(view: InquiryView) -> Self {
        let (inquiry, known) = (&view.stored.inquiry, &view.stored.inquiry.known);
        let (standing, quiet) = match &view.standing {
            None => (None, None),
            Some(Standing::Reminded { held_out: true, .. }) => (Some("held-out"), Some(HELD_OUT.to_owned())),
            Some(Standing::Reminded { .. }) => (Some("reminded"), None),
            Some(Standing::Revived(_)) => (Some("revived"), None),
            Some(Standing::Replaced(_)) => (Some("replaced"), None),
            Some(Standing::Quiet(why)) => (Some("quiet"), Some(why.to_string())),
        };
        let answer = view.diagnosis.as_ref().map(Diagnosis::answer);
        Self {
            environment: inquiry.environment.to_string(),
            id: inquiry.id.to_string(),
            status: text(inquiry.status()),
            reference_id: text(known.reference_id()),
            template_id: text(known.template_id()),
            template_version_id: text(known.template_version_id()),
            latest_version_id: text(view.template.and_then(|known| known.template.latest_version)),
            customer: text(view.customer),
            created_at: time(inquiry.began()),
            expires_at: time(known.expires_at().copied()),
            redacted: known.redacted_at().is_some(),
            muted: view.muted,
            suppressed: view.suppressed,
            reached: view.reached.as_str(),
            sessions: view.sessions,
            standing,
            quiet,
            acting: view.acting,
            access: text(answer),
            answer: answer.map(Answer::as_str),
            lineage: view.lineage.into_iter().map(MemberView::from).collect(),
            others: view.others.into_iter().map(MemberView::from).collect(),
            actions: view.actions.into_iter().map(ActionView::from).collect(),
            links: view.links.into_iter().map(LinkView::from).collect(),
            timeline: view.timeline.into_iter().map(MomentView::from).collect(),
            shortened: view.shortened,
        }
    }
}

impl From<LineageMember> for MemberView {
    fn from(member: LineageMember) -> Self {
        let (successor, cause) = member.replaced.map(|one| (one.successor, one.cause)).unzip();
        Self {
            id: member.id.to_string(),
            status: text(member.status),
            created_at: time(member.began_at),
            successor: text(successor.flatten()),
            cause: text(cause),
        }
    }
}

impl From<AccessLink> for LinkView {
    fn from(link: AccessLink) -> Self {
        Self {
            id: link.id.to_string(),
            opens: link.opens,
            max_opens: link.max_opens,
            created_at: link.created_at.to_string(),
            expires_at: link.expires_at.to_string(),
            revoked_at: time(link.revoked_at),
        }
    }
}

impl From<Moment> for MomentView {
    fn from(moment: Moment) -> Self {
        Self {
            at: moment.at.to_string(),
            what: moment.what.as_str(),
            id: moment.id,
            words: moment.words,
            outcome: moment.outcome,
            reason: moment.reason,
            who: moment.who,
        }
    }
}
