//! Does reminding help?

use axum::response::Response;
use jiff::SignedDuration;

use crate::app::board::{Compared, ReportFilter, StepReport, TemplateReport};
use crate::domain::effect::Verdict;
use crate::http::board::page::Trouble;
use crate::http::board::query::Asked;
use crate::http::board::reader::Reader;
use crate::http::board::view::chart::share;
use crate::http::board::view::frame::Place;
use crate::http::board::view::list::{Nothing, href};
use crate::http::board::view::mark::Mark;
use crate::http::board::view::report::{Bar, Card, Report, Row, Tab};

/// How often the page looks again, in seconds: what it says changes by the minute.
const LIVE: u32 = 60;

/// How far back, in days, and how that is called.
const SPANS: [(i64, &str); 3] = [(30, "30 days"), (90, "90 days"), (365, "A year")];

/// What came of reminding, template by template.
pub(super) async fn page(reader: Reader, asked: Asked) -> Response {
    let page = report(&reader, &asked).await;
    reader.answer(page)
}

async fn report(reader: &Reader, asked: &Asked) -> Result<Report, Trouble> {
    let days = asked.read("days", |text| text.parse::<i64>().ok()).filter(|days| (1..=400).contains(days));
    let days = days.unwrap_or(90);
    let since = reader.now().minus(SignedDuration::from_hours(24 * days));
    let filter = ReportFilter { environment: asked.environment(), template: None, since };
    let reports = reader.board().report(&filter).await?;
    let tab = |(span, name): (i64, &'static str)| {
        let said = span.to_string();
        Tab { name, href: href("/report", &asked.with("days", &said)), here: span == days }
    };
    let text = "As soon as the first deadline of a reminder has passed, it says here what came of it.";
    Ok(Report {
        frame: reader.frame("Does it help?", Place::Report, LIVE),
        spans: SPANS.into_iter().map(tab).collect(),
        cards: reports.iter().map(card).collect(),
        nothing: Nothing::yet("Nobody was reminded yet", text),
    })
}

fn card(report: &TemplateReport) -> Card {
    let id = report.template.as_ref().map(ToString::to_string);
    let held = if report.holdout.is_nobody() {
        "nobody is held out".to_owned()
    } else {
        format!("{} held out", report.holdout)
    };
    Card {
        name: report.name.clone().or_else(|| id.clone()).unwrap_or_else(|| "Template not known".to_owned()),
        // Where it is its own name, it is not said twice.
        id: id.filter(|_| report.name.is_some()).unwrap_or_default(),
        environment: report.environment.to_string(),
        held,
        mark: mark(&report.whole),
        sentence: report.whole.in_words(),
        bars: bars(&report.whole),
        steps: report.steps.iter().map(row).collect(),
        waiting: (!report.waiting.is_zero()).then(|| match report.waiting.to_string().as_str() {
            "1" => "1 verification waits for its deadline, and is not counted yet.".to_owned(),
            more => format!("{more} verifications wait for their deadline, and are not counted yet."),
        }),
    }
}

fn mark(compared: &Compared) -> Mark {
    match compared.verdict {
        Verdict::Helps(_) => Mark::ok("helps"),
        Verdict::Hurts(_) => Mark::bad("hurts"),
        Verdict::Unclear(_) => Mark::new("live", "half", "not proved"),
        Verdict::TooLittle => Mark::new("idle", "clock", "too little data"),
        Verdict::NoHoldout => Mark::new("idle", "dash", "not measured"),
    }
}

fn bars(compared: &Compared) -> Vec<Bar> {
    let bar = |name, class, group: crate::app::board::Group| Bar {
        name,
        class,
        width: share(group.finished, group.people),
        value: format!("{} ({} of {})", group.finished_in_words(), group.finished, group.people),
    };
    let mut bars = vec![bar("Reminded", "a", compared.reminded)];
    if compared.held_out.people > 0 {
        bars.push(bar("Held out", "b", compared.held_out));
    }
    bars
}

fn row(step: &StepReport) -> Row {
    let (reminded, held_out) = (step.compared.reminded, step.compared.held_out);
    Row {
        step: step.step.clone(),
        link: step.link_form.replace('-', " "),
        reminded: reminded.people,
        opened: reminded.opened,
        came_back: reminded.came_back,
        finished: format!("{} ({})", reminded.finished, reminded.finished_in_words()),
        held_out: held_out.people,
        held_out_finished: format!("{} ({})", held_out.finished, held_out.finished_in_words()),
        difference: step.difference_in_words(),
    }
}
