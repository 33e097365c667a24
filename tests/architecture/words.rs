//! Words that have no place in the code, and the one list that metrics have to be in.

use rekindle::cli::metrics::METRICS;

use super::source::Source;

pub fn no_lint_is_silenced(source: &Source) -> Vec<String> {
    let found = [source.find("# [ allow"), source.find("# ! [ allow")].concat();
    found
        .iter()
        .map(|token| source.complaint(token.line, "use #[expect(lint, reason = \"…\")] instead of allow"))
        .collect()
}

pub fn nothing_is_left_to_do(source: &Source) -> Vec<String> {
    let found = ["todo !", "unimplemented !", "dbg !"].map(|word| source.find(word)).concat();
    found.iter().map(|token| source.complaint(token.line, &format!("holds {}!", token.text))).collect()
}

/// Code that is only sometimes built in is in the one file that is allowed to break things.
pub fn features_are_in_one_file(source: &Source) -> Vec<String> {
    if source.path == "src/storage/sabotage.rs" {
        return Vec::new();
    }
    let found = source.find("feature =");
    found.iter().map(|token| source.complaint(token.line, "knows a feature; only storage::sabotage may")).collect()
}

/// Every metric that is recorded is in the list of `cli::metrics`, with the labels it says there.
pub fn every_metric_is_described(source: &Source) -> Vec<String> {
    let known: Vec<(&str, &[&str])> = METRICS.iter().map(|metric| (metric.name, metric.labels)).collect();
    described_in(&known, source)
}

/// The metrics that a source records: a name, its labels, and a line.
pub fn recorded(source: &Source) -> Vec<(&str, Vec<&str>, usize)> {
    if matches!(source.path.as_str(), "src/cli/telemetry.rs" | "src/cli/metrics.rs") {
        return Vec::new();
    }
    let tokens = &source.tokens;
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let call = matches!(text(at), "counter" | "gauge" | "histogram") && text(at + 1) == "!";
        let Some(name) = text(at + 3).strip_prefix('"').filter(|_| call) else { continue };
        // A label is a text before an arrow; the call ends with its parenthesis.
        let (mut labels, mut depth, mut next) = (Vec::new(), 1_usize, at + 4);
        while depth > 0 && next < tokens.len() {
            match text(next) {
                "(" => depth += 1,
                ")" => depth -= 1,
                label if text(next + 1) == "=" && text(next + 2) == ">" => labels.extend(label.strip_prefix('"')),
                _ => {}
            }
            next += 1;
        }
        found.push((name, labels, tokens[at].line));
    }
    found
}

fn described_in(known: &[(&str, &[&str])], source: &Source) -> Vec<String> {
    let trouble = |(name, labels, line): (&str, Vec<&str>, usize)| match known.iter().find(|(one, _)| *one == name) {
        None => Some(source.complaint(line, &format!("the metric {name} is not in the list of cli::metrics"))),
        Some((_, listed)) if *listed != labels => Some(
            source.complaint(line, &format!("the metric {name} has labels {labels:?}, and the list says {listed:?}")),
        ),
        Some(_) => None,
    };
    recorded(source).into_iter().filter_map(trouble).collect()
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    #[test]
    fn words_without_a_place_are_found() {
        check(
            no_lint_is_silenced,
            &[
                ("src/a.rs", "#[allow(dead_code)] fn f() {}", 1),
                ("src/a.rs", "#![allow(missing_docs)]", 1),
                ("src/a.rs", "#[expect(dead_code, reason = \"\")] fn allow() {} // #[allow(x)]", 0),
            ],
        );
        check(
            nothing_is_left_to_do,
            &[
                ("src/a.rs", "fn f() { todo!() } fn g() { unimplemented!(\"x\") } fn h() { dbg!(1); }", 3),
                ("src/a.rs", "fn todo() -> &'static str { \"todo!\" }", 0),
            ],
        );
    }

    #[test]
    fn a_feature_outside_its_file_is_found() {
        let text = "#[cfg(feature = \"sabotage\")] fn f() {} #[cfg(not(feature = \"x\"))] fn g(feature: u8) {}";
        check(features_are_in_one_file, &[("src/a.rs", text, 2), ("src/storage/sabotage.rs", text, 0)]);
    }

    #[test]
    fn a_metric_outside_the_list_is_found() {
        let text = "metrics::counter!(\"known_total\", \"a\" => b(1), \"c\" => d).increment(1);\n gauge!(\"unknown\");\n\
                    histogram!(\"known_total\", \"a\" => b)";
        let complaints = described_in(&[("known_total", &["a", "c"])], &Source::new("src/a.rs", text));
        assert_eq!(
            complaints,
            [
                "src/a.rs:2: the metric unknown is not in the list of cli::metrics",
                "src/a.rs:3: the metric known_total has labels [\"a\"], and the list says [\"a\", \"c\"]",
            ]
        );
    }
}
