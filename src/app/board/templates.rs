//! Templates, and how many open inquiries there are of each version.

use crate::app::board::{Board, Capped, KnownTemplate, Poll, StorageError, TemplateRun};
use crate::domain::ids::{EnvironmentName, TemplateVersionId};

/// A template with its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateLine {
    /// The template.
    pub known: KnownTemplate,
    /// The versions that open inquiries are of, or that were the latest once; the latest first, then those with the most.
    pub versions: Vec<VersionLine>,
    /// Open inquiries of which the version is not known.
    pub of_unknown: Capped,
    /// Open inquiries of another version than the latest; not where that is not known.
    pub outdated: Capped,
}

/// One version of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionLine {
    /// Which.
    pub id: TemplateVersionId,
    /// Whether it is the latest that was published.
    pub latest: bool,
    /// Open inquiries of it.
    pub open: Capped,
    /// The run it caused when it became the latest.
    pub run: Option<TemplateRun>,
}

impl Board {
    /// Every template of an environment with its versions, and how the list was last asked for at Persona.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn templates(
        &self,
        environment: &EnvironmentName,
    ) -> Result<(Vec<TemplateLine>, Option<Poll>), StorageError> {
        if !self.sees(environment) {
            return Ok((Vec::new(), None));
        }
        let mut tx = self.app.database().read().await?;
        let (known, runs) = (tx.list_templates(environment).await?, tx.template_runs(environment).await?);
        let mut lines = Vec::with_capacity(known.len());
        for known in known {
            let counts = tx.count_by_version(environment, &known.template.id).await?;
            let own: Vec<TemplateRun> =
                runs.iter().filter(|run| run.key.template == known.template.id).cloned().collect();
            lines.push(line(known, counts, own));
        }
        Ok((lines, tx.template_poll(environment).await?))
    }
}

fn line(
    known: KnownTemplate,
    counts: Vec<(Option<TemplateVersionId>, Capped)>,
    runs: Vec<TemplateRun>,
) -> TemplateLine {
    let latest = known.template.latest_version.clone();
    let (mut of_unknown, mut outdated) = (Capped::default(), Capped::default());
    let mut versions: Vec<VersionLine> = runs
        .into_iter()
        .map(|run| VersionLine {
            id: run.key.version.clone(),
            latest: latest.as_ref() == Some(&run.key.version),
            open: Capped::default(),
            run: Some(run),
        })
        .collect();
    for (version, open) in counts {
        let Some(id) = version else {
            of_unknown = open;
            continue;
        };
        if latest.as_ref().is_some_and(|latest| *latest != id) {
            outdated = outdated.plus(open);
        }
        match versions.iter_mut().find(|line| line.id == id) {
            Some(line) => line.open = open,
            None => versions.push(VersionLine { latest: latest.as_ref() == Some(&id), id, open, run: None }),
        }
    }
    versions.sort_by(|one, other| (other.latest, other.open, &one.id).cmp(&(one.latest, one.open, &other.id)));
    TemplateLine { known, versions, of_unknown, outdated }
}
