//! Words that have no place in the code, and the one list that metrics have to be in.

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

/// Every metric that is recorded by its name is in the list of `cli::telemetry`.
pub fn every_metric_is_described(source: &Source) -> Vec<String> {
    described_in(include_str!("../../src/cli/telemetry.rs"), source)
}

fn described_in(list: &str, source: &Source) -> Vec<String> {
    if source.path == "src/cli/telemetry.rs" {
        return Vec::new();
    }
    let list = Source::new("src/cli/telemetry.rs", list);
    let described = |name: &str| list.texts().any(|(known, _)| known == name);
    let recorded = source.tokens.windows(4).filter_map(|call| {
        let kind = matches!(call[0].text.as_str(), "counter" | "gauge" | "histogram") && call[1].text == "!";
        call[3].text.strip_prefix('"').filter(|_| kind).map(|name| (name, call[3].line))
    });
    let trouble = |name: &str| format!("the metric {name} is not in the list of cli::telemetry");
    recorded.filter(|(name, _)| !described(name)).map(|(name, line)| source.complaint(line, &trouble(name))).collect()
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
        let source = Source::new("src/a.rs", "metrics::counter!(\"known_total\", \"a\" => b); gauge!(\"unknown\");");
        let complaints = described_in("const METRICS: &str = \"known_total\"; // \"unknown\"", &source);
        assert_eq!(complaints, ["src/a.rs:1: the metric unknown is not in the list of cli::telemetry"]);
    }
}
