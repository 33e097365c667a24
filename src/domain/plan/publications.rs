//! What subscribers are to be told, and in which order.
//!
//! News is derived from state, as everything in a plan is: what happened a while ago and is not told yet, is wanted. What
//! was planned once stays wanted for as long as somebody subscribes to it, because what happened does not unhappen.

use jiff::SignedDuration;

use crate::domain::access::{Access, Closed, Form, Sessions};
use crate::domain::action::{Action, Planned, State, Work};
use crate::domain::ids::ActionId;
use crate::domain::inquiry::Inquiry;
use crate::domain::plan::lineage::TOLD_WITHIN;
use crate::domain::plan::{Bound, Quiet, Situation, Standing, planned};
use crate::domain::status::Status;
use crate::domain::subscription::{News, Publication, Subscription, Topic};
use crate::domain::time::Timestamp;

/// How soon it is looked again whether earlier news was told.
const SOON: SignedDuration = SignedDuration::from_secs(1);

impl Situation<'_> {
    /// What subscribers have to hear.
    pub(super) fn published(&self) -> Vec<Planned> {
        if self.rules.subscriptions.is_empty() {
            return Vec::new();
        }
        let mut wanted: Vec<Planned> = self.waiting_news().collect();
        for inquiry in self.group {
            for (news, happened_at) in self.news_of(inquiry) {
                for subscription in self.subscribers(news.topic()) {
                    let work = Work::Publish(subscription.publication(news.clone(), happened_at));
                    let wish = planned(inquiry, work, happened_at);
                    if wanted.iter().all(|planned| planned.key != wish.key) {
                        wanted.push(wish);
                    }
                }
            }
        }
        wanted
    }

    /// Until when news has to wait because other news of the same verification, which came before it, is still to be
    /// told to the same receiver.
    pub(super) fn earlier_news(&self, action: &Action) -> Option<Timestamp> {
        let (receiver, own) = place_of(action)?;
        let earlier = self.actions.iter().filter(|other| {
            matches!(other.state, State::Planned | State::Running)
                && place_of(other).is_some_and(|(other, place)| other == receiver && place < own)
                && self.lineages.are_one(&other.planned.inquiry, &action.planned.inquiry)
        });
        let over = earlier.map(|other| match other.state {
            State::Planned => other.planned.due_at.max(self.now.plus(SOON)),
            _ => self.now.plus(SOON),
        });
        over.max()
    }

    /// Why news is not to be told.
    pub(super) fn why_not_told(&self, publication: &Publication) -> String {
        let topic = publication.news.topic();
        match self.subscription_of(publication) {
            None => format!("{} no longer subscribes to {topic}", publication.subscription),
            Some(_) => "it is not so any more".to_owned(),
        }
    }

    fn subscribers(&self, topic: Topic) -> impl Iterator<Item = &Subscription> {
        // Of replacements the notifiers of a rule hear anyway, and nobody is to hear twice.
        let hears_anyway =
            move |of: &&Subscription| topic == Topic::Replaced && self.rules.notify.contains(&of.notifier);
        let subscriptions = self.rules.subscriptions.iter().filter(move |of| of.wants(topic));
        subscriptions.filter(move |of| !hears_anyway(of))
    }

    fn subscription_of(&self, publication: &Publication) -> Option<&Subscription> {
        let mut subscribers = self.subscribers(publication.news.topic());
        subscribers.find(|of| of.name == publication.subscription && of.notifier == publication.notifier)
    }

    /// News that was planned, is not told yet, and is still subscribed to.
    fn waiting_news(&self) -> impl Iterator<Item = Planned> {
        let waiting = self.actions.iter().filter(|action| matches!(action.state, State::Planned | State::Running));
        let waiting = waiting.filter_map(|action| Some((action, action.planned.work.publication()?)));
        let subscribed = waiting.filter(|(_, publication)| self.subscription_of(publication).is_some());
        subscribed.filter(|(action, of)| self.still_holds(action, of)).map(|(action, _)| action.planned.clone())
    }

    /// That somebody is given up has to be true when it is told; the rest happened.
    fn still_holds(&self, action: &Action, publication: &Publication) -> bool {
        let News::GivenUp { .. } = publication.news else { return true };
        let inquiry = self.group.iter().find(|inquiry| inquiry.id == action.planned.inquiry);
        let given_up = inquiry.and_then(|inquiry| self.given_up(inquiry));
        publication.happened_at <= self.now && given_up.is_some_and(|(_, at)| at <= self.now)
    }

    /// What happened to an inquiry of late.
    fn news_of(&self, inquiry: &Inquiry) -> Vec<(News, Timestamp)> {
        let mut news = self.revivals_of(inquiry);
        if let Some(of) = self.lineages.origin(&inquiry.id).filter(|of| self.is_recent(of.changed_at)) {
            news.push((News::Replaced { old: of.inquiry.clone(), cause: of.cause }, of.changed_at));
        }
        let over = inquiry.status().filter(|status| status.is_over()).zip(inquiry.finished);
        if let Some((status, finished_at)) = over.filter(|(_, at)| self.is_recent(*at)) {
            news.push((News::Finished { status: status.clone(), finished_at }, self.now));
        }
        if self.subscribers(Topic::GivenUp).next().is_some()
            && let Some((bound, at)) = self.given_up(inquiry)
            && self.is_worth_telling(inquiry)
        {
            news.push((News::GivenUp { bound }, at));
        }
        news
    }

    fn revivals_of(&self, inquiry: &Inquiry) -> Vec<(News, Timestamp)> {
        let own = self.actions.iter().filter(|action| action.planned.inquiry == inquiry.id);
        let revivals = own.filter_map(|action| Some((action, action.planned.work.revival()?)));
        let told = revivals.filter_map(|(action, revival)| {
            let at = match action.state {
                State::Done => action.finished_at.filter(|at| self.is_recent(*at))?,
                // What was just resumed is written down before the action is.
                State::Running if inquiry.is_alive(self.now) && inquiry.last_expired == Some(revival.expired_at) => {
                    self.now
                }
                _ => return None,
            };
            Some((News::Revived { expired_at: revival.expired_at, asked: revival.asked }, at))
        });
        told.collect()
    }

    /// When the person of an inquiry is given up, and by which bound: now, or by its age if they don't finish before.
    fn given_up(&self, inquiry: &Inquiry) -> Option<(Bound, Timestamp)> {
        let of_age = self.given_up_by_age(inquiry)?;
        if inquiry.status().is_none_or(Status::is_over) || self.lineages.succession(&inquiry.id).is_some() {
            return None;
        }
        let reached = match self.access(inquiry, Form::Browser, Sessions::default()) {
            Access::Closed(Closed::GivenUp(bound)) => Some(bound),
            Access::Done { .. } | Access::Failed | Access::Elsewhere(_) | Access::Closed(_) => return None,
            Access::Enter(_) | Access::Revive | Access::Replace(_) => match self.standing(inquiry) {
                Standing::Quiet(Quiet::GivenUp(bound)) => Some(bound),
                _ => None,
            },
        };
        Some(match reached {
            None | Some(Bound::Age) => (Bound::Age, of_age),
            Some(bound) => (bound, self.now),
        })
    }

    fn given_up_by_age(&self, inquiry: &Inquiry) -> Option<Timestamp> {
        Some(self.lineage_began(inquiry)?.plus(self.rules.access.give_up_after))
    }

    /// What was given up long ago is history, and no news.
    fn is_worth_telling(&self, inquiry: &Inquiry) -> bool {
        self.given_up_by_age(inquiry).is_some_and(|at| self.is_recent(at))
    }

    fn is_recent(&self, at: Timestamp) -> bool {
        self.now.since(at) < TOLD_WITHIN
    }
}

/// Who is told something, and its place among all that they are told: by when it happened.
fn place_of(action: &Action) -> Option<(&str, (Timestamp, Topic, &ActionId))> {
    let id = &action.planned.id;
    match &action.planned.work {
        Work::Publish(of) => Some((of.notifier.as_str(), (of.happened_at, of.news.topic(), id))),
        Work::Tell(of) => Some((of.notifier.as_str(), (action.created_at, Topic::Replaced, id))),
        _ => None,
    }
}
