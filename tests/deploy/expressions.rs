//! What an expression of Prometheus names: metrics and labels, held against the list.

use rekindle::cli::metrics::{Kind, METRICS, Metric};

/// What every scrape knows.
const ALWAYS: [&str; 3] = ["job", "instance", "le"];

/// What of Prometheus' own expressions may name.
const THEIRS: [&str; 1] = ["up"];

/// What is wrong with an expression: parentheses, metrics, and labels that no metric in it has.
pub fn complaints(expression: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (open, close) in [('(', ')'), ('{', '}'), ('[', ']'), ('"', '"')] {
        let count = |wanted| expression.chars().filter(|letter| *letter == wanted).count();
        let fine = if open == close { count(open) % 2 == 0 } else { count(open) == count(close) };
        if !fine {
            wrong.push(format!("{open} and {close} are not in pairs"));
        }
    }
    let plain = without_texts(expression);
    let named: Vec<&str> = words(&plain).filter(|word| word.starts_with("rekindle_")).collect();
    let theirs = words(&plain).any(|word| THEIRS.contains(&word));
    if named.is_empty() && !theirs {
        wrong.push("it names no metric".to_owned());
    }
    let metrics: Vec<&Metric> = named.iter().filter_map(|name| metric(name)).collect();
    wrong.extend(named.iter().filter(|name| metric(name).is_none()).map(|name| format!("there is no metric {name}")));
    let known = |label: &str| ALWAYS.contains(&label) || metrics.iter().any(|metric| metric.labels.contains(&label));
    wrong.extend(
        labels(&plain).filter(|label| !known(label)).map(|label| format!("no metric here has the label {label}")),
    );
    // A selector speaks of the metric before it.
    for (name, selector) in selectors(&plain) {
        let Some(metric) = metric(name) else { continue };
        let foreign = words(selector).filter(|label| !ALWAYS.contains(label) && !metric.labels.contains(label));
        wrong.extend(foreign.map(|label| format!("{name} has no label {label}")));
    }
    wrong
}

/// The metric of a series: histograms have three.
fn metric(series: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| match metric.kind {
        Kind::Histogram => {
            let end = series.strip_prefix(metric.name);
            matches!(end, Some("_bucket" | "_count" | "_sum"))
        }
        Kind::Counter | Kind::Gauge => series == metric.name,
    })
}

/// Texts stand for values, which anything may be.
fn without_texts(expression: &str) -> String {
    expression.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(|word| word.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_'))
}

/// What stands in `by (…)` and `on (…)`.
fn labels(plain: &str) -> impl Iterator<Item = &str> {
    let lists = ["by (", "on ("].into_iter().flat_map(move |list| plain.split(list).skip(1));
    lists.flat_map(|rest| words(rest.split(')').next().unwrap_or_default()))
}

/// Each series with its selector.
fn selectors(plain: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut parts = plain.split('{').collect::<Vec<_>>();
    let first = parts.remove(0);
    let befores = std::iter::once(first).chain(parts.clone()).collect::<Vec<_>>();
    let pairs: Vec<(&str, &str)> = befores
        .into_iter()
        .zip(parts)
        .filter_map(|(before, after)| Some((words(before).last()?, after.split('}').next()?)))
        .collect();
    pairs.into_iter()
}

#[test]
fn what_is_wrong_with_an_expression_is_found() {
    for (expression, found) in [
        ("sum by (environment) (rate(rekindle_deliveries_total{outcome=\"colour\"}[5m])) > 0", 0),
        ("histogram_quantile(0.99, sum by (le) (rate(rekindle_delivery_seconds_bucket[10m])))", 0),
        ("up{job=\"rekindle\"} == 0", 0),
        ("rate(rekindle_delivery_seconds[5m])", 1),
        ("rekindle_unknown > 0", 1),
        ("sum by (colour) (rekindle_actions{shape=\"round\"})", 2),
        ("sum(rekindle_actions > 0", 1),
        ("vector(1)", 1),
    ] {
        assert_eq!(complaints(expression).len(), found, "{expression}: {:?}", complaints(expression));
    }
}
