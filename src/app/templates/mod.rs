//! Templates: which version is the latest, and everyone planned anew when that changes.

mod fan_out;
mod forecast;
mod poll;

use crate::app::App;
use crate::domain::act::Act;
use crate::domain::deed::{About, Deed, NoReason};
use crate::domain::ids::{EnvironmentName, TemplateId, TemplateVersionId};
use crate::domain::operator::Operator;
use crate::domain::time::Timestamp;
use crate::storage::StorageError;
use crate::storage::template_runs::{Poll, RunKey, RunState, TemplateRun};
use crate::storage::templates::KnownTemplate;

pub use forecast::{Forecast, Standing};

/// A template, with all that is known of its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateStory {
    /// The template.
    pub known: KnownTemplate,
    /// Its versions: those that were the latest once, the oldest first, and then those only seen on open inquiries.
    pub versions: Vec<VersionStory>,
    /// Open inquiries of which the version is not known.
    pub open_of_unknown: u64,
}

/// What is known of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionStory {
    /// Which.
    pub id: TemplateVersionId,
    /// The run it caused when it became the latest; `None` where it was only seen on inquiries.
    pub run: Option<TemplateRun>,
    /// How many open inquiries are of it.
    pub open: u64,
}

/// Why an operator's wish about a template can't be done; worded for them.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// No such environment.
    #[error("no environment {0} is configured")]
    UnknownEnvironment(EnvironmentName),
    /// Nothing was heard of it.
    #[error("nothing is known of template {0}; `rekindle templates list` shows those that are")]
    Unknown(TemplateId),
    /// Nobody said which version is its latest.
    #[error(
        "the latest version of template {0} is not known; let Persona's webhook include templates, or use a \
         production key that may read them"
    )]
    NoVersion(TemplateId),
    /// There is nothing to change.
    #[error("template {template} has no run that is {wanted}; `rekindle templates show {template}` shows its runs")]
    NoRun {
        /// The template.
        template: TemplateId,
        /// What a run would have to be.
        wanted: &'static str,
    },
    /// Nobody said why.
    #[error(transparent)]
    NoReason(#[from] NoReason),
    /// The database could not be asked.
    #[error("the database could not be asked: {0}")]
    Storage(#[from] StorageError),
}

/// What an operator wants of a template's run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunChange {
    /// Hold it where it is.
    Pause,
    /// Go on with it.
    Resume,
    /// End it; what is planned stays planned.
    Cancel,
}

impl App {
    /// Every template of an environment, and how its list was last asked for.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn templates(
        &self,
        environment: &EnvironmentName,
    ) -> Result<(Vec<TemplateStory>, Option<Poll>), StorageError> {
        let mut tx = self.database().read().await?;
        let known = tx.list_templates(environment).await?;
        let runs = tx.template_runs(environment).await?;
        let open = tx.count_open_by_version(environment).await?;
        let poll = tx.template_poll(environment).await?;
        let stories = known.into_iter().map(|known| {
            let id = known.template.id.clone();
            let of_runs = runs.iter().filter(|run| run.key.template == id);
            let mut versions: Vec<VersionStory> = of_runs
                .map(|run| VersionStory { id: run.key.version.clone(), run: Some(run.clone()), open: 0 })
                .collect();
            let mut open_of_unknown = 0;
            for count in open.iter().filter(|count| count.template == id) {
                match &count.version {
                    None => open_of_unknown += count.count,
                    Some(version) => match versions.iter_mut().find(|story| story.id == *version) {
                        Some(story) => story.open = count.count,
                        None => versions.push(VersionStory { id: version.clone(), run: None, open: count.count }),
                    },
                }
            }
            TemplateStory { known, versions, open_of_unknown }
        });
        Ok((stories.collect(), poll))
    }

    /// One template with its versions.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub async fn template(
        &self,
        environment: &EnvironmentName,
        template: &TemplateId,
    ) -> Result<TemplateStory, TemplateError> {
        let (stories, _) = self.templates(environment).await?;
        let story = stories.into_iter().find(|story| story.known.template.id == *template);
        story.ok_or_else(|| TemplateError::Unknown(template.clone()))
    }

    /// Goes through a template's open inquiries once more, from the beginning, because an operator wants it.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub async fn begin_template_run(
        &self,
        environment: &EnvironmentName,
        template: &TemplateId,
        by: &Operator,
        reason: &str,
    ) -> Result<RunKey, TemplateError> {
        let deed = of_run(by, environment, template, reason, self.clock().now())?;
        if !self.environments().contains_key(environment) {
            return Err(TemplateError::UnknownEnvironment(environment.clone()));
        }
        let (key, known) = self.latest_of(environment, template).await?;
        let mut tx = self.database().begin().await?;
        let told = (Some(known.template.source), known.version_told_for);
        tx.begin_template_run(&key, told, &by.who, reason, deed.at()).await?;
        tx.record_deed(&deed).await?;
        tx.commit().await?;
        Ok(key)
    }

    /// Changes the run of a template that has not ended; gives it as it is then.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub async fn change_template_run(
        &self,
        environment: &EnvironmentName,
        template: &TemplateId,
        change: RunChange,
        by: &Operator,
        reason: &str,
    ) -> Result<TemplateRun, TemplateError> {
        let deed = of_run(by, environment, template, reason, self.clock().now())?;
        let (wanted, state) = match change {
            RunChange::Pause => ("running", RunState::Paused),
            RunChange::Resume => ("paused", RunState::Running),
            RunChange::Cancel => ("running or paused", RunState::Cancelled),
        };
        let fits = |run: &TemplateRun| match change {
            RunChange::Pause => run.state == RunState::Running,
            RunChange::Resume => run.state == RunState::Paused,
            RunChange::Cancel => matches!(run.state, RunState::Running | RunState::Paused),
        };
        let no_run = || TemplateError::NoRun { template: template.clone(), wanted };
        let mut tx = self.database().begin().await?;
        let runs = tx.template_runs(environment).await?;
        let run = runs.into_iter().rfind(|run| run.key.template == *template && fits(run)).ok_or_else(no_run)?;
        let changed = tx.change_template_run(&run.key, state, &by.who, reason, deed.at()).await?;
        if changed.is_some() {
            tx.record_deed(&deed).await?;
        }
        tx.commit().await?;
        changed.ok_or_else(no_run)
    }

    /// A template's latest version as a run's key.
    async fn latest_of(
        &self,
        environment: &EnvironmentName,
        template: &TemplateId,
    ) -> Result<(RunKey, KnownTemplate), TemplateError> {
        let known = self.database().read().await?.template(environment, template).await?;
        let known = known.ok_or_else(|| TemplateError::Unknown(template.clone()))?;
        let version = known.template.latest_version.clone();
        let version = version.ok_or_else(|| TemplateError::NoVersion(template.clone()))?;
        Ok((RunKey { environment: environment.clone(), template: template.clone(), version }, known))
    }
}

/// What is written down of an operator's wish about a template's run.
fn of_run(
    by: &Operator,
    environment: &EnvironmentName,
    template: &TemplateId,
    reason: &str,
    now: Timestamp,
) -> Result<Deed, NoReason> {
    let about = About { kind: "template", id: template.to_string() };
    Ok(Deed::new(by, Act::RunTemplate, Some(reason), now)?.within(environment).about(about))
}
