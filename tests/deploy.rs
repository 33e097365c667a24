//! What is handed to operators: alert rules, dashboard and runbook name only what there is.

mod expressions;
mod runbook;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rekindle::cli::metrics::METRICS;
use serde_json::Value;

use expressions::complaints;

fn file(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// One rule, as far as tests look at it.
struct Rule {
    alert: String,
    expression: String,
    runbook: String,
}

/// The rules of the file, whose form is ours: two levels of lists, and expressions in one line or in a block.
fn rules() -> Vec<Rule> {
    let text = file("deploy/prometheus/rekindle.rules.yml");
    let rules = text.split("\n      - alert: ").skip(1).map(|rule| {
        let (alert, rest) = rule.split_once('\n').unwrap();
        let after = rest.split_once("        expr: ").unwrap_or_else(|| panic!("{alert} has no expression")).1;
        let expression = match after.strip_prefix("|\n") {
            Some(block) => {
                block.lines().take_while(|line| line.starts_with("          ")).collect::<Vec<_>>().join("\n")
            }
            None => after.lines().next().unwrap().to_owned(),
        };
        let runbook = rest.split_once("runbook: \"").unwrap_or_else(|| panic!("{alert} has no runbook")).1;
        let runbook = runbook.split('"').next().unwrap().to_owned();
        assert!(rest.contains("severity: ") && rest.contains("summary: "), "{alert} says how pressing it is and what");
        Rule { alert: alert.to_owned(), expression, runbook }
    });
    rules.collect()
}

#[test]
fn rules_name_metrics_and_labels_that_there_are() {
    let rules = rules();
    assert!(rules.len() >= 12, "{}", rules.len());
    let wrong: Vec<String> = rules
        .iter()
        .flat_map(|rule| complaints(&rule.expression).into_iter().map(|why| format!("{}: {why}", rule.alert)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_rule_has_its_section_in_the_runbook() {
    let sections = runbook::anchors();
    for rule in rules() {
        let anchor = rule.runbook.strip_prefix("docs/runbook.md#").unwrap_or_else(|| panic!("{}", rule.runbook));
        assert!(sections.iter().any(|section| section == anchor), "{}: {sections:?} has no {anchor}", rule.alert);
    }
}

#[test]
fn the_dashboard_names_metrics_and_labels_that_there_are() {
    let dashboard: Value = serde_json::from_str(&file("deploy/grafana/rekindle.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut shown = String::new();
    let mut wrong = Vec::new();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap();
            // Grafana puts what was chosen there.
            let expression = expression.replace("$environment", "sandbox");
            wrong.extend(complaints(&expression).into_iter().map(|why| format!("{}: {why}", panel["title"])));
            shown.push_str(&expression);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // A reader finds each of them; these are said by another one.
    let elsewhere = ["rekindle_reconciled_at"];
    for metric in METRICS.iter().filter(|metric| !elsewhere.contains(&metric.name)) {
        assert!(shown.contains(metric.name), "no panel shows {}", metric.name);
    }
    let ids: std::collections::BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has an id of its own");
}

/// Prometheus' own check, where it is installed.
#[test]
fn promtool_takes_the_rules() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus");
    let Ok(said) =
        Command::new("promtool").args(["check", "rules", "rekindle.rules.yml"]).current_dir(&folder).output()
    else {
        eprintln!("skipped: promtool is not installed (Debian's package prometheus)");
        return;
    };
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let config = Command::new("promtool").args(["check", "config", "prometheus.yml"]).current_dir(&folder).output();
    let config = config.unwrap();
    assert!(config.status.success(), "{}", String::from_utf8_lossy(&config.stderr));
}

#[test]
fn the_document_of_metrics_lists_what_there_is() {
    let document = file("docs/metrics.md");
    let listed: Vec<&str> = document.lines().filter(|line| line.starts_with("| `rekindle_")).collect();
    let expected: Vec<String> = METRICS.iter().map(rekindle::cli::metrics::Metric::row).collect();
    assert_eq!(listed, expected, "this is to stand in docs/metrics.md:\n{}", expected.join("\n"));
}
