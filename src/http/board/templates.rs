//! Templates, and how many open inquiries there are of each version.

use axum::response::Response;

use crate::app::board::{TemplateLine, TemplateRun, VersionLine};
use crate::http::board::page::Trouble;
use crate::http::board::query::Asked;
use crate::http::board::reader::Reader;
use crate::http::board::view::chart::share;
use crate::http::board::view::frame::Place;
use crate::http::board::view::list::{Nothing, href};
use crate::http::board::view::mark::Mark;
use crate::http::board::view::templates::{Row, Templates, Version};

/// How often the page looks again, in seconds.
const LIVE: u32 = 10;

/// Every template.
pub(super) async fn page(reader: Reader, asked: Asked) -> Response {
    let page = templates(&reader, &asked).await;
    reader.answer(page)
}

async fn templates(reader: &Reader, asked: &Asked) -> Result<Templates, Trouble> {
    let board = reader.board();
    let one = asked.environment();
    let mut rows = Vec::new();
    for environment in board.environments().iter().filter(|name| one.as_ref().is_none_or(|one| one == *name)) {
        let (lines, _) = board.templates(environment).await?;
        rows.extend(lines.iter().map(|line| row(reader, line)));
    }
    let text = "They become known with the first events that include them, or when they are read at Persona.";
    let nothing = Nothing::yet("No template is known yet", text);
    Ok(Templates { frame: reader.frame("Templates", Place::Templates, LIVE), rows, nothing })
}

fn row(reader: &Reader, line: &TemplateLine) -> Row {
    let (known, template) = (&line.known, &line.known.template);
    let (environment, id) = (known.environment.as_str(), template.id.as_str());
    let narrowed =
        |more: &[(&str, &str)]| href("/inquiries", &[&[("environment", environment), ("template", id)], more].concat());
    let most = line.versions.iter().map(|version| u64::from(version.open.count)).max().unwrap_or(0);
    Row {
        name: template.name.clone().unwrap_or_else(|| id.to_owned()),
        id: id.to_owned(),
        environment: environment.to_owned(),
        inquiries: narrowed(&[]),
        observed: reader.when(known.learnt_at),
        source: format!("({})", template.source.as_str()),
        outdated: (!line.outdated.is_zero()).then(|| line.outdated.to_string()),
        outdated_href: narrowed(&[("outdated", "yes")]),
        versions: line.versions.iter().map(|version| shown(version, most)).collect(),
    }
}

fn shown(version: &VersionLine, most: u64) -> Version {
    Version {
        id: version.id.to_string(),
        latest: version.latest,
        open: version.open.to_string(),
        share: share(version.open.count.into(), most),
        run: version.run.as_ref().map(run),
    }
}

fn run(run: &TemplateRun) -> Mark {
    let word =
        format!("{}: {} of {} looked at were older", run.state.as_str(), run.progress.outdated, run.progress.looked_at);
    if run.progress.errors > 0 {
        Mark::bad(format!("{word}, {} could not be planned", run.progress.errors))
    } else if run.ended_at.is_some() {
        Mark::ok(word)
    } else {
        Mark::new("live", "half", word)
    }
}
