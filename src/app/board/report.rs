//! Does reminding help? By template, step and kind of link: who was reminded, opened, came back and finished before the
//! deadline, against those who were held out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use crate::app::board::{Board, Capped, StorageError};
use crate::domain::effect::{Difference, ENOUGH, Share, Verdict};
use crate::domain::holdout::Holdout;
use crate::domain::ids::{EnvironmentName, TemplateId};
use crate::domain::time::Timestamp;
use crate::storage::outcomes::Counted;

/// What a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFilter {
    /// In this environment; in all within the border without.
    pub environment: Option<EnvironmentName>,
    /// Of this template; of all without.
    pub template: Option<TemplateId>,
    /// Notices since the day this time lies in, by UTC.
    pub since: Timestamp,
}

/// What came of reminding the people of one template.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateReport {
    /// Its environment.
    pub environment: EnvironmentName,
    /// The template, where it is known.
    pub template: Option<TemplateId>,
    /// Its name.
    pub name: Option<String>,
    /// The share of people that its rules hold out now.
    pub holdout: Holdout,
    /// From the first step that came due on, whichever that was: the groups are alike, so this is the comparison.
    pub whole: Compared,
    /// Step by step. Who finished after an earlier step is not among those of a later one, so the groups of later steps
    /// are less alike.
    pub steps: Vec<StepReport>,
    /// Verifications whose deadline is still to come, or passed less than an hour ago: they are not counted yet.
    pub waiting: Capped,
}

/// What came of one step with one kind of link.
#[derive(Debug, Clone, PartialEq)]
pub struct StepReport {
    /// The step, as the rule writes it.
    pub step: String,
    /// The kind of link.
    pub link_form: String,
    /// What came of it.
    pub compared: Compared,
}

/// Those who were reminded against those who were not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared {
    /// Those who were reminded.
    pub reminded: Group,
    /// Those who were held out.
    pub held_out: Group,
    /// What can be said of those who finished.
    pub verdict: Verdict,
}

/// So many people, and what they did before the deadline.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Group {
    /// How many there are: one for each verification.
    pub people: u64,
    /// How many opened a link.
    pub opened: u64,
    /// How many were seen.
    pub came_back: u64,
    /// How many were through, with whatever result.
    pub finished: u64,
}

impl Group {
    /// The share of those who were through.
    #[must_use]
    pub const fn share_finished(self) -> Share {
        Share { did: self.finished, of: self.people }
    }

    const fn add(&mut self, counted: &Counted) {
        self.people += counted.people;
        self.opened += counted.opened;
        self.came_back += counted.came_back;
        self.finished += counted.finished;
    }
}

/// Those who were reminded, and those who were held out.
type Groups = (Group, Group);

impl Board {
    /// What came of reminding, template by template. Of notices whose deadline is still to come, nothing is said.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn report(&self, filter: &ReportFilter) -> Result<Vec<TemplateReport>, StorageError> {
        let mut reports = Vec::new();
        for environment in self.meant(filter.environment.as_ref()) {
            reports.extend(self.report_of(&environment, filter).await?);
        }
        Ok(reports)
    }

    async fn report_of(
        &self,
        environment: &EnvironmentName,
        filter: &ReportFilter,
    ) -> Result<Vec<TemplateReport>, StorageError> {
        let mut tx = self.app.database().read().await?;
        let counted = tx.outcome_counts(environment, filter.since).await?;
        let waiting: HashMap<_, _> = tx.waiting_outcomes(environment).await?.into_iter().collect();
        let known = tx.list_templates(environment).await?;
        let names: HashMap<TemplateId, Option<String>> =
            known.into_iter().map(|known| (known.template.id, known.template.name)).collect();
        let mut templates: BTreeMap<Option<TemplateId>, Vec<Counted>> =
            waiting.keys().map(|template| (template.clone(), Vec::new())).collect();
        for row in counted {
            templates.entry(row.template.clone()).or_default().push(row);
        }
        templates.retain(|template, _| filter.template.as_ref().is_none_or(|one| template.as_ref() == Some(one)));
        let rules = self.app.environments().get(environment).map(|known| &known.settings.rules);
        let report = |(template, rows): (Option<TemplateId>, Vec<Counted>)| {
            let (whole, steps) = compared(&rows);
            TemplateReport {
                environment: environment.clone(),
                name: template.as_ref().and_then(|id| names.get(id).cloned().flatten()),
                holdout: rules.map(|rules| rules.for_template(template.as_ref()).holdout).unwrap_or_default(),
                whole,
                steps,
                waiting: waiting.get(&template).copied().unwrap_or_default(),
                template,
            }
        };
        let mut reports: Vec<TemplateReport> = templates.into_iter().map(report).collect();
        reports.sort_by_key(|report| Reverse(report.whole.reminded.people));
        Ok(reports)
    }
}

/// The comparison as a whole, and step by step.
fn compared(rows: &[Counted]) -> (Compared, Vec<StepReport>) {
    let mut whole = Groups::default();
    let mut steps: BTreeMap<(String, String), Groups> = BTreeMap::new();
    for row in rows {
        let groups = match row.step.as_str() {
            "" => &mut whole,
            step => steps.entry((step.to_owned(), row.link_form.clone())).or_default(),
        };
        if row.held_out { groups.1.add(row) } else { groups.0.add(row) }
    }
    let step = |((step, link_form), groups)| StepReport { step, link_form, compared: Compared::of(groups) };
    (Compared::of(whole), steps.into_iter().map(step).collect())
}

impl Compared {
    fn of((reminded, held_out): Groups) -> Self {
        let verdict = Verdict::of(reminded.share_finished(), held_out.share_finished());
        Self { reminded, held_out, verdict }
    }
}

impl Compared {
    /// What can be said, in a sentence.
    #[must_use]
    pub fn in_words(&self) -> String {
        let (reminded, held_out) = (self.reminded.people, self.held_out.people);
        let sure = |found: Difference| {
            format!("95 % sure: between {} and {} points", points(found.at_least), points(found.at_most))
        };
        match self.verdict {
            Verdict::NoHoldout => {
                "Nobody was held out, so there is nothing to compare with: set holdout in the rules of \
                                   the template."
                    .to_owned()
            }
            Verdict::TooLittle => format!(
                "Too little data: {reminded} reminded and {held_out} held out. From {ENOUGH} in each group on, a \
                 difference is told."
            ),
            Verdict::Unclear(found) => format!(
                "No difference is proved: {} points between those who were reminded and those who were not ({}).",
                points(found.is),
                sure(found)
            ),
            Verdict::Helps(found) => {
                format!("Reminding helps: {} points more finished ({}).", points(found.is), sure(found))
            }
            Verdict::Hurts(found) => format!(
                "Reminding hurts: {} points fewer finished of those who were reminded ({}).",
                points(-found.is),
                sure(found)
            ),
        }
    }
}

impl Group {
    /// The share of those who finished, in per cent; a dash of nobody.
    #[must_use]
    pub fn finished_in_words(self) -> String {
        self.share_finished().value().map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
    }
}

/// A difference in points of a per cent, with its sign where it is below 0.
fn points(of: f64) -> String {
    // Nobody reads "-0.0".
    let rounded = (of * 1_000.0).round() / 10.0;
    if rounded == 0.0 { "0.0".to_owned() } else { format!("{rounded:.1}").replace('-', "−") }
}

impl StepReport {
    /// The difference of those who finished, in points, with its interval; a dash where none is told.
    #[must_use]
    pub fn difference_in_words(&self) -> String {
        let told = |of: Difference| format!("{} ({} to {})", points(of.is), points(of.at_least), points(of.at_most));
        self.compared.verdict.difference().map_or_else(|| "–".to_owned(), told)
    }
}
