//! `publish`: an application hears what it subscribed to. In order for each verification, at least once, and of nobody
//! who belongs to another customer than the subscription is for.

use std::collections::BTreeSet;

use crate::app::App;
use crate::app::customers::owner_of;
use crate::app::step::{Step, cancel, database};
use crate::domain::action::{Action, DEFAULT_MAX_ATTEMPTS, Outcome, Work};
use crate::domain::customer::Customers;
use crate::domain::ids::{ActionId, EnvironmentName};
use crate::domain::inquiry::Inquiry;
use crate::domain::plan::{Difference, planned};
use crate::domain::rules::Rules;
use crate::domain::subscription::{News, Publication, Subscription, Topic};
use crate::domain::time::Timestamp;
use crate::notify::news;
use crate::storage::access_links::AccessLink;
use crate::storage::{StorageError, Tx};

/// What keeps news from a subscription that is another customer's.
const NOT_THEIRS: &str = "the inquiry is not of the customer that the subscription is for";

impl App {
    pub(super) async fn publish(&self, action: &Action, publication: &Publication) -> Outcome {
        match self.try_publish(action, publication).await {
            Ok(()) => Outcome::Done,
            Err(outcome) => outcome,
        }
    }

    async fn try_publish(&self, action: &Action, publication: &Publication) -> Step<()> {
        let environment = self.environment_of(action)?;
        let notifier = self.channel(&publication.notifier, action)?;
        let inquiry = self.still_wanted(environment, action).await?;
        let rules = environment.settings.rules.for_template(inquiry.known.template_id());
        let subscription = rules.subscriptions.iter().find(|one| one.name == publication.subscription);
        let subscription = subscription.ok_or_else(|| cancel("nobody subscribes to it any more"))?;
        let theirs = async {
            let mut tx = self.database().read().await?;
            is_for(&mut tx, self.customers(), subscription, &inquiry).await
        };
        if !theirs.await.map_err(|error| database(&error))? {
            return Err(cancel(NOT_THEIRS));
        }
        let told = news::News {
            id: action.planned.id.clone(),
            environment: environment.settings.name.clone(),
            reference_id: inquiry.known.reference_id().cloned(),
            template_id: inquiry.known.template_id().cloned(),
            inquiry_id: inquiry.id,
            happened_at: publication.happened_at,
            news: publication.news.clone(),
        };
        let delivered = notifier.publish(&told).await;
        self.handed_over(action, &publication.notifier, rules, delivered)
    }

    /// Plans that subscribers hear of an opening of a link, for every try of it once.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub(super) async fn tell_of_opening(&self, link: &AccessLink) -> Result<(), StorageError> {
        let Some(environment) = self.environments().get(&link.environment) else { return Ok(()) };
        let wants = |rules: &Rules| rules.subscriptions.iter().any(|one| one.wants(Topic::LinkOpened));
        if !environment.settings.rules.iter().any(|(_, rules)| wants(rules)) {
            return Ok(());
        }
        let mut tx = self.database().begin().await?;
        let Some(opened_at) = tx.access_link(&link.id).await?.and_then(|link| link.last_opened_at) else {
            return Ok(());
        };
        let Some(inquiry) = latest_of(&mut tx, &link.environment, link).await? else { return Ok(()) };
        let now: Timestamp = self.clock().now();
        let rules = environment.settings.rules.for_template(inquiry.known.template_id());
        let mut wanted = Vec::new();
        for subscription in rules.subscriptions.iter().filter(|one| one.wants(Topic::LinkOpened)) {
            if is_for(&mut tx, self.customers(), subscription, &inquiry).await? {
                let news = News::LinkOpened { link: link.id.to_string(), opened_at };
                wanted.push(planned(&inquiry, Work::Publish(subscription.publication(news, now)), now));
            }
        }
        tx.insert_actions(&wanted, DEFAULT_MAX_ATTEMPTS, now).await?;
        tx.commit().await
    }
}

/// Whether a subscription is for the customer of an inquiry, or for everyone's.
async fn is_for(
    tx: &mut Tx,
    customers: &Customers,
    subscription: &Subscription,
    inquiry: &Inquiry,
) -> Result<bool, StorageError> {
    let Some(customer) = &subscription.customer else { return Ok(true) };
    let stored = tx.inquiry(&inquiry.environment, &inquiry.id).await?;
    let lineage = stored.map_or_else(|| inquiry.id.clone(), |stored| stored.lineage);
    Ok(owner_of(tx, customers, inquiry, &lineage).await?.as_ref() == Some(customer))
}

/// Takes out of a plan what is news of other customers' people than the subscription is for. Nothing is asked where no
/// subscription is bound to a customer.
pub(super) async fn keep_theirs(
    tx: &mut Tx,
    customers: &Customers,
    rules: &Rules,
    group: &[Inquiry],
    difference: &mut Difference,
) -> Result<(), StorageError> {
    if rules.subscriptions.iter().all(|one| one.customer.is_none()) {
        return Ok(());
    }
    let mut foreign: BTreeSet<ActionId> = BTreeSet::new();
    for planned in difference.insert.iter().chain(&difference.replan) {
        let Some(publication) = planned.work.publication() else { continue };
        let subscription = rules.subscriptions.iter().find(|one| one.name == publication.subscription);
        let inquiry = group.iter().find(|inquiry| inquiry.id == planned.inquiry);
        let theirs = match subscription.zip(inquiry) {
            Some((subscription, inquiry)) => is_for(tx, customers, subscription, inquiry).await?,
            None => false,
        };
        if !theirs {
            foreign.insert(planned.id.clone());
        }
    }
    difference.insert.retain(|planned| !foreign.contains(&planned.id));
    difference.replan.retain(|planned| !foreign.contains(&planned.id));
    Ok(())
}

/// The inquiry a link leads to as things are.
async fn latest_of(
    tx: &mut Tx,
    environment: &EnvironmentName,
    link: &AccessLink,
) -> Result<Option<Inquiry>, StorageError> {
    let key = (environment.clone(), link.lineage.clone());
    let lineages = tx.lineages_of(&[&key]).await?.remove(environment).unwrap_or_default();
    let latest = lineages.latest(&link.lineage);
    Ok(tx.inquiry(environment, latest).await?.map(|stored| stored.inquiry))
}
