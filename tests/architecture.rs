//! Holds the house to its plan: reads the sources as text and refuses what the floors forbid.
//!
//! Each rule is a function from one source to its complaints, and comes with an invented source that breaks it.

mod floors;
mod names;
mod sizes;
mod source;
mod words;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rekindle::cli::metrics::METRICS;

use source::Source;

/// A rule of the house: what is wrong with one source, a line each.
type Rule = fn(&Source) -> Vec<String>;

const RULES: [(&str, Rule); 14] = [
    ("imports look down", floors::imports_look_down),
    ("SQL is in storage", floors::sql_is_in_storage),
    ("HTTP clients are at the edge", floors::http_clients_are_at_the_edge),
    ("the clock is in clock.rs", floors::the_clock_is_in_clock),
    ("domain is pure", floors::domain_is_pure),
    ("domain is not serialized", floors::domain_is_not_serialized),
    ("files are short", sizes::files_are_short),
    ("functions are short", sizes::functions_are_short),
    ("main is the shortest", sizes::main_is_the_shortest),
    ("no lint is silenced", words::no_lint_is_silenced),
    ("nothing is left to do", words::nothing_is_left_to_do),
    ("features are in one file", words::features_are_in_one_file),
    ("files and types have telling names", names::names_are_telling),
    ("every metric is described", words::every_metric_is_described),
];

#[test]
fn the_house_keeps_its_rules() {
    let sources = sources();
    assert!(sources.len() > 20, "the sources were not found: {}", sources.len());
    let mut complaints = Vec::new();
    for (name, rule) in RULES {
        complaints.extend(sources.iter().flat_map(rule).map(|complaint| format!("{name}: {complaint}")));
    }
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

/// What is in the list is recorded somewhere, or nobody will ever see it.
#[test]
fn every_metric_in_the_list_is_recorded() {
    let sources = sources();
    let recorded: BTreeSet<&str> = sources.iter().flat_map(words::recorded).map(|(name, ..)| name).collect();
    let listed: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(listed.len(), METRICS.len(), "each once");
    assert_eq!(recorded, listed);
}

#[test]
fn every_folder_is_a_floor() {
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let name = name.trim_end_matches(".rs");
        assert!(
            matches!(name, "main" | "lib") || floors::exists(name),
            "src/{name} is on no floor; see tests/architecture"
        );
    }
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |database: &str| {
        let folder = root().join("migrations").join(database);
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names::differences(&names("sqlite"), &names("postgres")), Vec::<String>::new());
}

/// Deliberate defects are built in only where somebody asks for them by name, and nothing that builds a release does.
#[test]
fn nobody_is_sabotaged_unasked() {
    const {
        assert!(
            !cfg!(feature = "sabotage"),
            "the tests are for sound builds; `make torture-sabotage` is for the other"
        );
    };
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(!manifest.contains("\ndefault ="), "a build without flags has no features");
    for builds in ["Dockerfile", ".ci/run", ".github/workflows/ci.yml", "docker-compose.yml"] {
        let text = fs::read_to_string(root().join(builds)).unwrap();
        assert!(!text.contains("features"), "{builds} builds with features");
    }
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let builds = makefile.lines().filter(|line| line.contains("features"));
    assert!(
        builds.clone().all(|line| line.contains("--target-dir target/sabotage")),
        "{:?}",
        builds.collect::<Vec<_>>()
    );
}

fn sources() -> Vec<Source> {
    let (root, mut paths) = (root(), Vec::new());
    collect(&root.join("src"), &mut paths);
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        Source::new(&name, &fs::read_to_string(path).unwrap())
    };
    paths.iter().map(read).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The rule complains about each of these sources exactly so often.
#[cfg(test)]
fn check(rule: Rule, cases: &[(&str, &str, usize)]) {
    for (path, text, expected) in cases {
        let complaints = rule(&Source::new(path, text));
        assert_eq!(complaints.len(), *expected, "in {path}: {text}\nsaid: {complaints:?}");
    }
}
