//! `rekindle report`: does reminding help?

use std::process::ExitCode;

use clap::Args;
use jiff::SignedDuration;
use serde::Serialize;

use crate::app::board::{Compared, Group, ReportFilter, StepReport, TemplateReport};
use crate::cli::filters::parsed;
use crate::cli::{Common, output};
use crate::domain::effect::ENOUGH;
use crate::domain::ids::{EnvironmentName, TemplateId};
use crate::domain::rules::parse_duration;
use crate::domain::time::Timestamp;

/// What came of reminding: who opened, came back and finished before the deadline, against those who were held out.
#[derive(Debug, Args)]
pub(super) struct Report {
    #[command(flatten)]
    common: Common,
    /// Of this environment
    #[arg(long)]
    environment: Option<String>,
    /// Of this template alone
    #[arg(long, value_name = "ID")]
    template: Option<String>,
    /// Reminders since then: a time such as 2026-03-01T00:00:00Z, or so long ago, such as 30d
    #[arg(long, default_value = "90d")]
    since: String,
}

/// The report as programs see it.
#[derive(Serialize)]
struct Wire {
    since: String,
    enough: u64,
    templates: Vec<TemplateWire>,
}

#[derive(Serialize)]
struct TemplateWire {
    environment: String,
    template_id: Option<String>,
    name: Option<String>,
    holdout: u8,
    whole: ComparedWire,
    steps: Vec<StepWire>,
    waiting: u32,
}

#[derive(Serialize)]
struct StepWire {
    step: String,
    link_form: String,
    compared: ComparedWire,
}

#[derive(Serialize)]
struct ComparedWire {
    reminded: GroupWire,
    held_out: GroupWire,
    verdict: &'static str,
    difference: Option<DifferenceWire>,
}

#[derive(Serialize)]
struct GroupWire {
    people: u64,
    opened: u64,
    came_back: u64,
    finished: u64,
    share_finished: Option<f64>,
}

#[derive(Serialize)]
struct DifferenceWire {
    is: f64,
    at_least: f64,
    at_most: f64,
}

impl Report {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let environment = parsed("--environment", self.environment.as_deref(), EnvironmentName::parse)?;
        let template = parsed("--template", self.template.as_deref(), TemplateId::parse)?;
        let (_, app) = self.common.app().await?;
        let since = since(&self.since, app.clock().now())?;
        let filter = ReportFilter { environment, template, since };
        let reports = app.board(None).report(&filter).await?;
        if self.common.json {
            let templates = reports.iter().map(TemplateWire::of).collect();
            output::json(&Wire { since: since.to_string(), enough: ENOUGH, templates })?;
        } else {
            print(&reports);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A time, or so long before now.
fn since(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    if let Ok(at) = Timestamp::parse(text) {
        return Ok(at);
    }
    let ago: SignedDuration = parse_duration(text)
        .map_err(|why| anyhow::anyhow!("--since {text}: {why}; or give a time such as 2026-03-01T00:00:00Z"))?;
    Ok(now.minus(ago))
}

fn print(reports: &[TemplateReport]) {
    if reports.is_empty() {
        println!("nobody was reminded yet, or no deadline of a reminder has passed");
    }
    for (place, report) in reports.iter().enumerate() {
        if place > 0 {
            println!();
        }
        let id = report.template.as_ref().map_or_else(|| "template not known".to_owned(), ToString::to_string);
        let name = report.name.as_ref().map(|name| format!(" \"{name}\"")).unwrap_or_default();
        let held = if report.holdout.is_nobody() { "nobody".to_owned() } else { report.holdout.to_string() };
        println!("{}/{id}{name}, {held} held out", report.environment);
        println!("{}", report.whole.in_words());
        let headings = [
            "STEP",
            "LINK",
            "REMINDED",
            "OPENED",
            "CAME BACK",
            "FINISHED",
            "HELD OUT",
            "FINISHED",
            "DIFFERENCE (POINTS)",
        ];
        let whole = StepReport { step: "any".to_owned(), link_form: "-".to_owned(), compared: report.whole };
        let rows: Vec<Vec<String>> = std::iter::once(&whole).chain(&report.steps).map(row).collect();
        output::table(&headings, &rows);
        if !report.waiting.is_zero() {
            println!("{} more wait for their deadline and are not counted yet", report.waiting);
        }
    }
}

fn row(step: &StepReport) -> Vec<String> {
    let (reminded, held_out) = (step.compared.reminded, step.compared.held_out);
    let finished = |group: Group| format!("{} ({})", group.finished, group.finished_in_words());
    vec![
        step.step.clone(),
        step.link_form.clone(),
        reminded.people.to_string(),
        reminded.opened.to_string(),
        reminded.came_back.to_string(),
        finished(reminded),
        held_out.people.to_string(),
        finished(held_out),
        step.difference_in_words(),
    ]
}

impl TemplateWire {
    fn of(report: &TemplateReport) -> Self {
        let step = |of: &StepReport| StepWire {
            step: of.step.clone(),
            link_form: of.link_form.clone(),
            compared: ComparedWire::of(&of.compared),
        };
        Self {
            environment: report.environment.to_string(),
            template_id: report.template.as_ref().map(ToString::to_string),
            name: report.name.clone(),
            holdout: report.holdout.percent(),
            whole: ComparedWire::of(&report.whole),
            steps: report.steps.iter().map(step).collect(),
            waiting: report.waiting.count,
        }
    }
}

impl ComparedWire {
    fn of(compared: &Compared) -> Self {
        let group = |of: Group| GroupWire {
            people: of.people,
            opened: of.opened,
            came_back: of.came_back,
            finished: of.finished,
            share_finished: of.share_finished().value(),
        };
        let difference = compared.verdict.difference();
        Self {
            reminded: group(compared.reminded),
            held_out: group(compared.held_out),
            verdict: compared.verdict.as_str(),
            difference: difference.map(|of| DifferenceWire { is: of.is, at_least: of.at_least, at_most: of.at_most }),
        }
    }
}
