//! A version became a template's latest: its open inquiries are planned anew, page by page, nearest deadline first.
//!
//! A page is looked up, each of its inquiries that is of another version is planned in a transaction of its own, and
//! how far that went is written down. So however many there are, no transaction is long, a page is all that is in
//! memory, and a run that was stopped anywhere goes on from its last page.

use tracing::{error, info};

use crate::app::{App, Environment};
use crate::domain::inquiry::Inquiry;
use crate::storage::StorageError;
use crate::storage::singletons::Held;
use crate::storage::template_runs::{Progress, RunKey, RunPlace, RunState, TemplateRun};
use crate::storage::templates::KnownTemplate;

/// Inquiries looked up at once.
pub const PAGE: u32 = 100;

/// Who begins a run that nobody asked for, as it is written on it.
const REKINDLE: &str = "rekindle";

impl App {
    /// Begins what is to be begun, and goes through all of it.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked; what was done stays done.
    pub async fn tend_template_runs(&self, held: &Held) -> Result<(), StorageError> {
        self.begin_template_runs().await?;
        self.run_template_runs(held).await
    }

    /// Begins a run for every template of which another version has become the latest; how many.
    ///
    /// Level-triggered: whoever learnt of the version, it is noticed here.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn begin_template_runs(&self) -> Result<usize, StorageError> {
        let mut begun = 0;
        for name in self.environments().keys() {
            let mut tx = self.database().read().await?;
            let known = tx.list_templates(name).await?;
            let runs = tx.template_runs(name).await?;
            drop(tx);
            for (key, known) in known.into_iter().filter_map(|known| Some((wanted(&known, &runs)?, known))) {
                let mut tx = self.database().begin().await?;
                let reason = format!("{} became the latest version", key.version);
                let told = (Some(known.template.source), known.version_told_for);
                tx.begin_template_run(&key, told, REKINDLE, &reason, self.clock().now()).await?;
                tx.commit().await?;
                info!(environment = %name, template = %key.template, version = %key.version, source = known.template.source.as_str(), "a template has a new latest version");
                begun += 1;
            }
        }
        Ok(begun)
    }

    /// Goes through every run there is to its end; `held` is the right to do so, which another process may have taken.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked; what was done stays done.
    pub async fn run_template_runs(&self, held: &Held) -> Result<(), StorageError> {
        loop {
            let runs = self.database().read().await?.running_template_runs().await?;
            let configured = |run: &TemplateRun| self.environments().contains_key(&run.key.environment);
            let Some(run) = runs.into_iter().find(configured) else { return Ok(()) };
            let mut progress = run.progress;
            while self.step_template_run(held, &run.key, &mut progress).await? {}
            // Whatever ended it, nothing else of it is to be done by us; a right that was lost is not ours to go on with.
            if !self.database().begin().await?.fence(held).await? {
                return Ok(());
            }
        }
    }

    /// Plans one page of a run; whether there is more to be done of it.
    async fn step_template_run(
        &self,
        held: &Held,
        key: &RunKey,
        progress: &mut Progress,
    ) -> Result<bool, StorageError> {
        let Some(environment) = self.environments().get(&key.environment) else { return Ok(false) };
        let (name, place) = (&key.environment, progress.place.as_ref());
        let mut tx = self.database().read().await?;
        let page = tx.open_of_template(name, &key.template, place, PAGE).await?;
        drop(tx);
        for inquiry in &page {
            progress.looked_at += 1;
            if inquiry.known.template_version_id() != Some(&key.version) {
                progress.outdated += 1;
                progress.errors += u64::from(!self.plan_anew(environment, inquiry).await?);
            }
        }
        progress.place = page.last().map(RunPlace::of).or(progress.place.take());
        let through = page.is_empty();
        let mut tx = self.database().begin().await?;
        let written = tx.fence(held).await? && tx.step_template_run(key, progress, through, self.clock().now()).await?;
        tx.commit().await?;
        if written && through {
            let Progress { looked_at, outdated, errors, .. } = *progress;
            info!(environment = %name, template = %key.template, version = %key.version, looked_at, outdated, errors, "a new version is planned for everyone");
        }
        Ok(written && !through)
    }

    /// False when the inquiry can't be understood: one row must not keep everyone else on the old plan.
    async fn plan_anew(&self, environment: &Environment, inquiry: &Inquiry) -> Result<bool, StorageError> {
        match self.replan_one(environment, &inquiry.id).await {
            Ok(()) => Ok(true),
            Err(why @ StorageError::Inconsistent { .. }) => {
                error!(environment = %environment.settings.name, inquiry = %inquiry.id, error = %why, "not planned anew");
                Ok(false)
            }
            Err(why) => Err(why),
        }
    }
}

/// The run a template needs, if its latest version is not that of its latest run.
fn wanted(known: &KnownTemplate, runs: &[TemplateRun]) -> Option<RunKey> {
    let version = known.template.latest_version.clone()?;
    let latest = runs
        .iter()
        .filter(|run| run.key.template == known.template.id)
        .max_by_key(|run| (run.began_at, run.state != RunState::Cancelled));
    let key = || RunKey {
        environment: known.environment.clone(),
        template: known.template.id.clone(),
        version: version.clone(),
    };
    latest.is_none_or(|run| run.key.version != version).then(key)
}
