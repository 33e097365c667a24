//! The runbook: a section for every alert, and only commands that there are.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use rekindle::domain::alert::AlertName;

use super::file;

/// Every section of the runbook, as links name it.
pub fn anchors() -> Vec<String> {
    let text = file("docs/runbook.md");
    let headings = text.lines().filter_map(|line| line.strip_prefix("## "));
    headings.map(anchor).collect()
}

fn anchor(heading: &str) -> String {
    let kept = heading
        .to_lowercase()
        .chars()
        .filter(|letter| letter.is_alphanumeric() || " -".contains(*letter))
        .collect::<String>();
    kept.replace(' ', "-")
}

#[test]
fn every_alert_has_its_section() {
    let text = file("docs/runbook.md");
    for name in AlertName::ALL {
        let section = text.split("\n## ").find(|section| section.lines().next() == Some(name.title()));
        let section = section.unwrap_or_else(|| panic!("docs/runbook.md has no section {}", name.title()));
        assert!(section.contains(&format!("\n`{name}`.")), "{name} is named in its section");
        assert!(section.contains("Press:"), "{name}: what is to be pressed");
    }
}

#[test]
fn links_within_the_runbook_lead_somewhere() {
    let (text, anchors) = (file("docs/runbook.md"), anchors());
    for link in text.split("](#").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        assert!(anchors.iter().any(|anchor| anchor == link), "{link} is no section");
    }
}

/// Every command in code of a text: from `rekindle` to the end of the line or of the code.
fn commands(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("$ ")).filter(|line| line.starts_with("rekindle "));
    let code = text.split('`').skip(1).step_by(2).filter(|code| code.starts_with("rekindle ") && !code.contains('\n'));
    lines.chain(code).map(str::to_owned).collect()
}

/// The words of a command, with what stands in quotes as one.
fn arguments(command: &str) -> Vec<String> {
    let parts = command.split('"').enumerate();
    let words = parts.flat_map(|(at, part)| match at % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
        _ => vec![part.to_owned()],
    });
    words.skip(1).collect()
}

/// Help is asked for after everything else, so what is not known before it is found.
#[test]
fn every_command_that_is_named_exists() {
    let help = AlertName::ALL.iter().map(|name| name.help()).collect::<Vec<_>>().join("\n");
    // A line that is no console's has its code in single marks, and fences would count as three.
    let text = file("docs/runbook.md").replace("```console", "").replace("```", "");
    let commands: BTreeSet<String> = commands(&text).into_iter().chain(commands(&help)).collect();
    assert!(commands.len() > 20, "{commands:#?}");
    for command in commands {
        let said = Command::new(env!("CARGO_BIN_EXE_rekindle"))
            .args(arguments(&command))
            .arg("--help")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(said.status.success(), "{command}: {}", String::from_utf8_lossy(&said.stderr));
    }
}
