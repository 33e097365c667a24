//! One inquiry, with everything that happened to it and why it stands as it does.

use crate::app::access::Whom;
use crate::app::board::{AccessLink, Board, EventFilter, KnownTemplate, Moment, StorageError, StoredInquiry, timeline};
use crate::app::party::Party;
use crate::app::recipient::Known;
use crate::config::Mode;
use crate::domain::action::Action;
use crate::domain::diagnosis::Diagnosis;
use crate::domain::ids::{ActionId, CustomerName, EnvironmentName, InquiryId};
use crate::domain::inquiry::Inquiry;
use crate::domain::lineage::{Lineages, Succession};
use crate::domain::plan::Standing;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::storage::Tx;
use crate::storage::access_links::LinkFilter;
use crate::storage::audit::DeedFilter;

/// An inquiry with its whole story.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that is known, by itself")]
pub struct InquiryView {
    /// As stored.
    pub stored: StoredInquiry,
    /// Whose it is.
    pub customer: Option<CustomerName>,
    /// What is known of its template.
    pub template: Option<KnownTemplate>,
    /// What is wanted for it now, and where nothing is, why: "why did this person get no reminder?". `None` where its
    /// environment is no longer configured.
    pub standing: Option<Standing>,
    /// Whether what is wanted is also performed.
    pub acting: bool,
    /// Whether its person is told nothing, because an operator decided so.
    pub muted: bool,
    /// Whether its person is not told everything, because somebody said so for them.
    pub suppressed: bool,
    /// How it is known how its person is reached.
    pub reached: Known,
    /// Sessions it has had, as far as we know: Persona allows 25 (<https://docs.withpersona.com/inquiry-sessions>).
    pub sessions: u32,
    /// The inquiries that stand for the same verification, the first one first; this one among them.
    pub lineage: Vec<LineageMember>,
    /// The person's other inquiries of the same template that stand for another verification, newest first.
    pub others: Vec<LineageMember>,
    /// Its actions, the next due first, then those that ended, the latest first.
    pub actions: Vec<Action>,
    /// The access links into its verification, the latest first.
    pub links: Vec<AccessLink>,
    /// What happened, in time order.
    pub timeline: Vec<Moment>,
    /// Whether the beginning of the timeline is left out, because it is longer than a page bears.
    pub shortened: bool,
    /// Whether its person gets in, and why not.
    pub diagnosis: Option<Diagnosis>,
}

/// An inquiry beside another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineageMember {
    /// Which.
    pub id: InquiryId,
    /// How it stands.
    pub status: Option<Status>,
    /// When it was made.
    pub began_at: Option<Timestamp>,
    /// How it was replaced, where it was or is being.
    pub replaced: Option<Succession>,
}

/// The most events, and the most links, that one page tells of.
const MOST_EVENTS: u32 = 300;
const MOST_LINKS: u32 = 50;

/// The most deeds of operators.
const MOST_DEEDS: u32 = 50;

/// The most inquiries of one name that are found.
const MOST_FOUND: usize = 100;

impl Board {
    /// One inquiry with its whole story; `None` when there is none within the border.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn inquiry(
        &self,
        environment: &EnvironmentName,
        id: &InquiryId,
    ) -> Result<Option<InquiryView>, StorageError> {
        if !self.sees(environment) {
            return Ok(None);
        }
        let mut tx = self.app.database().read().await?;
        let Some(stored) = tx.inquiry(environment, id).await? else { return Ok(None) };
        let inquiry = &stored.inquiry;
        let configured = self.app.environments().get(environment);
        let mut party = Party::of(&mut tx, inquiry).await?;
        if let Some(configured) = configured {
            let rules = configured.settings.rules.for_template(inquiry.known.template_id());
            party = self.app.acquaint(&mut tx, party, rules).await?;
        }
        let mut actions: Vec<Action> =
            party.actions.iter().filter(|action| action.planned.inquiry == *id).cloned().collect();
        actions.sort_by_key(order);
        let (timeline, shortened) = self.timeline(&mut tx, &stored, &actions, &party.lineages).await?;
        let filter = LinkFilter { environment: Some(environment.clone()), lineage: Some(stored.lineage.clone()) };
        let links = tx.list_access_links(&filter, None, MOST_LINKS).await?.items;
        let template = match inquiry.known.template_id() {
            Some(template) => tx.template(environment, template).await?,
            None => None,
        };
        let customer = self.app.owner(&mut tx, inquiry, &stored.lineage).await?;
        let sessions = tx.sessions_made(environment, id).await?;
        drop(tx);
        let standing = configured.map(|configured| {
            let rules = configured.settings.rules.for_template(inquiry.known.template_id());
            party.situation(rules, self.app.clock().now()).standing(inquiry)
        });
        let (lineage, others) = members(&party, id);
        Ok(Some(InquiryView {
            customer,
            template,
            standing,
            acting: configured.is_some_and(|configured| configured.settings.mode == Mode::Act),
            muted: party.lineages.is_muted(id),
            suppressed: !party.addressee.suppressed.is_empty(),
            reached: self.app.reached(inquiry).await?,
            sessions,
            lineage,
            others,
            actions,
            links,
            timeline,
            shortened,
            diagnosis: self.app.diagnose(environment, &Whom::Inquiry(id.clone())).await?,
            stored,
        }))
    }

    /// What happened to an inquiry, and whether the beginning is left out.
    async fn timeline(
        &self,
        tx: &mut Tx,
        stored: &StoredInquiry,
        actions: &[Action],
        lineages: &Lineages,
    ) -> Result<(Vec<Moment>, bool), StorageError> {
        let (environment, id) = (&stored.inquiry.environment, &stored.inquiry.id);
        let inquiry = Some(id.clone());
        let filter = EventFilter { environment: Some(environment.clone()), inquiry, ..EventFilter::default() };
        let events = tx.list_events(&filter, None, MOST_EVENTS).await?;
        let shortened = events.next.is_some();
        let mut moments: Vec<Moment> = events.items.into_iter().map(timeline::of_event).collect();
        let ids: Vec<&ActionId> = actions.iter().map(|action| &action.planned.id).collect();
        let mut attempts = tx.attempts_of(&ids).await?;
        for action in actions {
            let attempts = attempts.remove(&action.planned.id).unwrap_or_default();
            moments.extend(timeline::of_action(action, &attempts));
        }
        let lineage = Some(stored.lineage.clone());
        let filter = LinkFilter { environment: Some(environment.clone()), lineage };
        let links = tx.list_access_links(&filter, None, MOST_LINKS).await?.items;
        moments.extend(links.iter().flat_map(timeline::of_link));
        let admissions = tx.admissions(environment, id).await?;
        moments.extend(admissions.into_iter().map(|(means, at)| timeline::of_admission(id, means, at)));
        let successions = [lineages.succession(id), lineages.origin(id)];
        moments.extend(successions.into_iter().flatten().map(|one| timeline::of_succession(id, one)));
        let filter =
            DeedFilter { environment: Some(environment.clone()), about: Some(id.to_string()), ..DeedFilter::default() };
        moments.extend(tx.list_deeds(&filter, MOST_DEEDS).await?.into_iter().map(timeline::of_deed));
        moments.extend(stored.read_at.map(|at| timeline::of_reading(id, at)));
        moments.sort_by(|one, other| (one.at, one.what, &one.id).cmp(&(other.at, other.what, &other.id)));
        Ok((moments, shortened))
    }

    /// Where inquiries with this id or reference id are, within the border; the latest first, at most 100.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn find(&self, id_or_reference: &str) -> Result<Vec<(EnvironmentName, InquiryId)>, StorageError> {
        let found = self.app.database().read().await?.find_inquiries(id_or_reference).await?;
        let within = found.into_iter().map(|stored| stored.inquiry).filter(|one| self.sees(&one.environment));
        let mut places: Vec<_> = within.map(|one| (one.environment, one.id)).collect();
        places.reverse();
        places.truncate(MOST_FOUND);
        Ok(places)
    }
}

/// The next due first, then those that ended, the latest first.
fn order(action: &Action) -> (bool, i64) {
    match action.finished_at {
        None => (false, action.planned.due_at.as_micros()),
        Some(at) => (true, -at.as_micros()),
    }
}

/// The members of the inquiry's lineage, the first one first, and the person's others, newest first.
fn members(party: &Party, id: &InquiryId) -> (Vec<LineageMember>, Vec<LineageMember>) {
    let (mut lineage, mut others): (Vec<&Inquiry>, Vec<&Inquiry>) =
        party.group.iter().partition(|member| member.id == *id || party.lineages.are_one(&member.id, id));
    let age = |one: &&Inquiry| (one.began(), one.id.clone());
    lineage.sort_by_key(age);
    others.sort_by_key(age);
    others.reverse();
    let member = |inquiry: &Inquiry| LineageMember {
        id: inquiry.id.clone(),
        status: inquiry.status().cloned(),
        began_at: inquiry.began(),
        replaced: party.lineages.succession(&inquiry.id).cloned(),
    };
    (lineage.into_iter().map(member).collect(), others.into_iter().map(member).collect())
}
