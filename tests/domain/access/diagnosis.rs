//! Each cause, found from what is known.

use rekindle::domain::access::Sessions;
use rekindle::domain::action::{Kind, Reminder, State, Work};
use rekindle::domain::diagnosis::{Acting, Around, Cause, Diagnosis, Facts, Gift, Given, Heard, Help, Paused, Trouble};
use rekindle::domain::ids::{EventId, NotifierName};
use rekindle::domain::lineage::Stage;
use rekindle::domain::plan::planned;
use serde_json::json;

use super::super::scene::{at, made, tell, unknown};
use super::{HOUR, Scene, expired, id, pending, replaced, stored};

/// What is known besides the scene.
#[derive(Default)]
struct Known {
    sessions: Sessions,
    events: Vec<Heard>,
    given: Vec<Given>,
    around: Around,
}

impl Known {
    fn event(mut self, name: &str, second: i64) -> Self {
        let id = EventId::parse(&format!("evt_{second}")).unwrap();
        self.events.push(Heard { id, name: name.to_owned(), at: at(second) });
        self
    }

    fn given(mut self, what: Gift, second: i64) -> Self {
        self.given.push(Given { what, at: at(second) });
        self
    }

    fn sessions(made: u32, reusable: Option<bool>) -> Self {
        Self { sessions: Sessions { made, reusable }, ..Self::default() }
    }

    fn around(around: Around) -> Self {
        Self { around, ..Self::default() }
    }

    fn of(&self, scene: &Scene, second: i64) -> Diagnosis {
        let (sessions, around) = (self.sessions, &self.around);
        let situation = scene.situation(second);
        Facts { situation, sessions, events: &self.events, given: &self.given, around }.diagnose(&scene.group[0])
    }
}

/// The answer, and all causes, the first one first.
fn told(diagnosis: &Diagnosis) -> String {
    let causes: Vec<&str> = std::iter::once(diagnosis.cause()).chain(diagnosis.also()).map(Cause::code).collect();
    format!("{}: {}", diagnosis.answer().as_str(), causes.join(", "))
}

#[track_caller]
fn check(scene: &Scene, known: &Known, second: i64, expected: &str) {
    assert_eq!(told(&known.of(scene, second)), expected);
}

#[test]
fn what_is_open_is_entered_and_what_was_lost_is_told() {
    let begun = Scene::of(vec![pending(60, 24 * HOUR)]);
    check(&Scene::of(vec![made("inq_1", "ada", 0)]), &Known::default(), 120, "yes: not-started");
    check(&begun, &Known::default(), 120, "yes: session-token-lost");
    let over = Known::default().event("inquiry-session.started", 60).event("inquiry-session.expired", 900);
    check(&begun, &over, 1_000, "yes: session-expired");
    let again = over.event("inquiry-session.started", 950);
    check(&begun, &again, 1_000, "yes: session-token-lost");
    let used = || Known::default().given(Gift::Link, 100).event("inquiry-session.started", 130);
    check(&begun, &used(), 130 + 301, "yes: link-used");
    check(&begun, &used(), 130 + 300, "yes: session-token-lost");
    check(&begun, &used().given(Gift::Reminder, 500), 600, "yes: session-token-lost");
    let token = Known::default().given(Gift::Token, 100).event("inquiry-session.started", 130);
    check(&begun, &token, 600, "yes: session-token-lost");
}

#[test]
fn what_ran_out_is_resumed_or_replaced() {
    let scene = Scene::of(vec![expired("inq_1", 24 * HOUR)]);
    check(&scene, &Known::default(), 25 * HOUR, "after-revival: expired");
    check(&scene, &Known::default(), 80 * HOUR, "after-replacement: too-old, expired");
    let diagnosis = Known::default().of(&scene, 25 * HOUR);
    assert_eq!(
        diagnosis.in_words(),
        format!("Yes: it is resumed for them when they come. It expired at {}.", at(86_400))
    );
    let scene = scene.published("itmplv_2", HOUR);
    check(&scene, &Known::default(), 25 * HOUR, "after-replacement: superseded-version, expired");
    let scene = Scene::of(vec![made("inq_1", "ada", 0)]).published("itmplv_2", 30);
    check(&scene, &Known::default(), 120, "after-replacement: superseded-version");
    let kept = Scene::of(vec![pending(HOUR, 48 * HOUR)]).published("itmplv_2", 2 * HOUR);
    check(&kept, &Known::default(), 3 * HOUR, "yes: session-token-lost, superseded-version");
}

#[test]
fn sessions_that_are_used_up_are_told() {
    let scene = Scene::of(vec![pending(60, 24 * HOUR)]);
    check(&scene, &Known::sessions(22, None), 120, "yes: session-token-lost, limit-reached");
    check(&scene, &Known::sessions(25, Some(false)), 120, "after-replacement: limit-reached");
}

#[test]
fn what_is_over_is_told() {
    for (name, status) in [("inquiry.completed", "completed"), ("inquiry.declined", "declined")] {
        let mut inquiry = made("inq_1", "ada", 0);
        tell(&mut inquiry, name, 60, &json!({}));
        let diagnosis = Known::default().of(&Scene::of(vec![inquiry]), 120);
        assert_eq!(told(&diagnosis), "not-needed: done");
        assert_eq!(diagnosis.in_words(), format!("They need not. inq_1 is {status}."));
        assert_eq!(diagnosis.help(), [Help::Nothing]);
    }
    let mut failed = made("inq_1", "ada", 0);
    tell(&mut failed, "inquiry.failed", 60, &json!({}));
    check(&Scene::of(vec![failed.clone()]), &Known::default(), 120, "no: failed");
    let again = Scene::of(vec![failed]).with(|rules| rules.replace_failed = true);
    check(&again, &Known::default(), 120, "after-replacement: failed");
    let mut erased = expired("inq_1", HOUR);
    tell(&mut erased, "inquiry.redacted", 2 * HOUR, &json!({ "redacted-at": at(2 * HOUR).to_string() }));
    let diagnosis = Known::default().of(&Scene::of(vec![erased]), 3 * HOUR);
    assert_eq!(told(&diagnosis), "no: redacted");
    assert_eq!(diagnosis.help(), [Help::AllowRedacted, Help::MakeAnother]);
}

#[test]
fn what_nobody_can_do_is_told() {
    let old = Scene::of(vec![expired("inq_1", 24 * HOUR)]);
    check(&old, &Known::default(), 15 * 24 * HOUR, "no: given-up");
    let mut nobody = unknown("inq_1");
    tell(&mut nobody, "inquiry.expired", HOUR, &json!({ "created-at": at(0).to_string() }));
    check(&Scene::of(vec![nobody]), &Known::default(), 80 * HOUR, "no: nobody-known");
    let diagnosis = Known::default().of(&Scene::of(vec![unknown("inq_1")]), 60);
    assert_eq!((told(&diagnosis).as_str(), diagnosis.help()), ("no: status-unknown", &[Help::Reconcile][..]));
}

#[test]
fn what_stands_between_us_and_persona_is_told_first() {
    let scene = Scene::of(vec![pending(60, 24 * HOUR)]);
    for (acting, code) in [
        (Acting::Observing, "no: observing, session-token-lost"),
        (Acting::NoKey, "no: no-api-key, session-token-lost"),
        (Acting::NotConfigured, "no: not-configured, session-token-lost"),
    ] {
        check(&scene, &Known::around(Around { acting, ..Around::default() }), 120, code);
    }
    let spent = |until| Known::around(Around { spent_until: Some(at(until)), ..Around::default() });
    check(&scene, &spent(150), 120, "not-now: budget-spent, session-token-lost");
    check(&scene, &spent(120), 120, "yes: session-token-lost");
    let trouble = Trouble { at: at(100), error: "Persona did not answer in time".to_owned() };
    let away = Known::around(Around { trouble: Some(trouble), ..Around::default() });
    check(&scene, &away, 120, "not-now: persona-unreachable, session-token-lost");
    check(&scene, &away, 100 + 600, "yes: session-token-lost");
    let mut done = made("inq_1", "ada", 0);
    tell(&mut done, "inquiry.completed", 60, &json!({}));
    check(&Scene::of(vec![done]), &away, 120, "not-needed: done");
}

#[test]
fn what_keeps_people_from_being_told_lets_them_in_all_the_same() {
    let paused = |kind| {
        let paused = Paused { kind, by: "grace".to_owned(), reason: "a trial".to_owned(), at: at(10) };
        Known::around(Around { paused: vec![paused], ..Around::default() })
    };
    let open = Scene::of(vec![pending(60, 24 * HOUR)]);
    check(&open, &paused(Kind::Remind), 120, "yes: session-token-lost, lane-paused");
    check(&open, &paused(Kind::Revive), 120, "yes: session-token-lost");
    let out = Scene::of(vec![expired("inq_1", 24 * HOUR)]);
    check(&out, &paused(Kind::Revive), 25 * HOUR, "after-revival: expired, lane-paused");
    let mut muted = Scene::of(vec![pending(60, 24 * HOUR)]);
    muted.lineages.muted.insert(id("inq_1"));
    let diagnosis = Known::default().of(&muted, 120);
    assert_eq!(told(&diagnosis), "yes: session-token-lost, muted");
    assert_eq!(diagnosis.help(), [Help::LetIn, Help::Unmute]);
    assert_eq!(diagnosis.quiet(), Some("its lineage is muted"));
}

#[test]
fn an_old_id_is_answered_for_the_inquiry_that_took_its_place() {
    let mut scene = Scene::of(vec![expired("inq_1", HOUR), made("inq_2", "ada", 2 * HOUR)]);
    scene.lineages.successions = vec![replaced("inq_1", Some("inq_2"), Stage::Replaced)];
    let diagnosis = Known::default().of(&scene, 3 * HOUR);
    assert_eq!((diagnosis.asked(), diagnosis.inquiry()), (&id("inq_1"), &id("inq_2")));
    assert_eq!(told(&diagnosis), "yes: not-started");
    let what: Vec<&str> = diagnosis.evidence().iter().map(|one| one.what.as_str()).collect();
    assert!(what.contains(&"inq_1 is replaced by inq_2: new-version"), "{what:?}");
}

#[test]
fn evidence_names_who_said_it_and_dead_letters_are_shown() {
    let inquiry = pending(60, 24 * HOUR);
    let notifier = NotifierName::parse("app").unwrap();
    let (deadline, step) = (at(24 * HOUR), "50%".parse().unwrap());
    let work = Work::Remind(Reminder { deadline, step, step_due: at(12 * HOUR), moved_to: None, notifier });
    let mut dead = stored(planned(&inquiry, work, at(12 * HOUR)), State::Failed, 0);
    dead.reason = Some("the notifier answered 410".to_owned());
    let mut scene = Scene::of(vec![inquiry]);
    scene.actions = vec![dead.clone()];
    let diagnosis = Known::default().event("inquiry.started", 60).of(&scene, 13 * HOUR);
    let evidence: Vec<String> =
        diagnosis.evidence().iter().map(|one| format!("{} {:?} {}", one.at, one.by, one.what)).collect();
    assert!(evidence.contains(&format!("{} Event(Some(EventId(\"evt_60\"))) it is pending", at(60))), "{evidence:#?}");
    assert_eq!(diagnosis.actions(), [dead.clone()]);
    assert_eq!(diagnosis.help(), [Help::LetIn, Help::Retry(dead.planned.id)]);
}
