//! `[alerts]`, `[telemetry]` and an environment's own silence.

use super::*;
use crate::domain::alert::ExpectDeliveries;

fn with_notifiers(more: &str) -> String {
    good(&format!(
        "[environments.production.templates.default]\nnotify = [\"app\"]\n\
         [notifiers.app]\ntype = \"log\"\n[notifiers.ops]\ntype = \"log\"\n{more}"
    ))
}

#[test]
fn nobody_is_told_of_alerts_unless_somebody_is_named() {
    let alerts = Config::from_toml(&good("")).unwrap().alerts;
    assert!(alerts.notify.is_empty());
    assert_eq!(alerts.silence, ExpectDeliveries::Learnt);
    assert_eq!(alerts.thresholds.reconciliation_late, SignedDuration::from_mins(45), "three times its schedule");
    let often = Config::from_toml(&good("[reconcile]\nevery = \"2h\"\n")).unwrap().alerts;
    assert_eq!(often.thresholds.reconciliation_late, SignedDuration::from_hours(6));
}

#[test]
fn alerts_are_read_whole() {
    let own = "alert_silence = \"off\"\n".to_owned();
    let sections = "[alerts]\nnotify = [\"ops\"]\nsilence = \"6h\"\ndead_letters = 9\nrepeat = \"1d\"\n";
    let toml = with_notifiers(sections).replace("api_key", &format!("{own}api_key"));
    let config = Config::from_toml(&toml).unwrap();
    assert_eq!(config.alerts.notify.iter().map(NotifierName::as_str).collect::<Vec<_>>(), ["ops"]);
    assert_eq!(config.alerts.silence, ExpectDeliveries::Within(SignedDuration::from_hours(6)));
    assert_eq!((config.alerts.thresholds.dead_letters, config.alerts.pace.repeat.as_hours()), (9, 24));
    assert_eq!(config.environments.values().next().unwrap().silence, Some(ExpectDeliveries::Off));
    let shown = config.redacted();
    assert!(shown.contains("alert_silence = \"off\"") && shown.contains("silence = \"6h\""), "{shown}");
}

#[test]
fn mistakes_about_alerts_and_traces_are_told() {
    for (section, told) in [
        ("[alerts]\nnotify = [\"nobody\"]", "alerts.notify[0] = \"nobody\": is no notifier;"),
        ("[alerts]\nnotify = [\"ops\", \"ops\"]", "alerts.notify[1] = \"ops\": is there twice;"),
        ("[alerts]\nrepeat = \"1m\"", "alerts.repeat = \"1m\": is too short: nobody mends anything sooner;"),
        ("[alerts]\nsilence = \"seldom\"", "alerts.silence = \"seldom\": is neither \"learnt\" nor \"off\""),
        ("[alerts]\ndead_letters = 0", "alerts.dead_letters = 0: must be a whole number from 1"),
        ("[telemetry]\notlp_endpoint = \"collector\"", "telemetry.otlp_endpoint"),
        (
            "[telemetry]\notlp_endpoint = \"http://ada:hunter2@collector\"",
            "put headers into OTEL_EXPORTER_OTLP_HEADERS",
        ),
        ("[telemetry]\nsample_percent = 0", "telemetry.sample_percent = 0"),
    ] {
        let error = Config::from_toml(&with_notifiers(section)).unwrap_err().to_string();
        assert!(error.contains(told), "{section}: {error}");
        assert_no_secret(&error);
    }
}

#[test]
fn a_collector_is_asked_at_its_usual_path() {
    let at = |endpoint: &str| {
        let config = Config::from_toml(&good(&format!("[telemetry]\notlp_endpoint = \"{endpoint}\"\n"))).unwrap();
        assert!(!format!("{config:?}").contains("hunter2") && !config.redacted().contains("hunter2"));
        config.telemetry.otlp_endpoint.unwrap().to_string()
    };
    assert_eq!(at("http://collector:4318"), "http://collector:4318/v1/traces");
    assert_eq!(at("https://example.com/otlp/v1/traces?key=hunter2"), "https://example.com/otlp/v1/traces?key=hunter2");
    assert_eq!(Config::from_toml(&good("")).unwrap().telemetry.otlp_endpoint, None, "off unless it is asked for");
}
