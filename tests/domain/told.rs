//! Who is held out, and what subscribers are told: from state alone, and planning twice changes nothing.

use rekindle::domain::action::{Action, State, Work};
use rekindle::domain::addressee::Addressee;
use rekindle::domain::holdout::Holdout;
use rekindle::domain::ids::{NotifierName, SubscriptionName};
use rekindle::domain::inquiry::Inquiry;
use rekindle::domain::lineage::Lineages;
use rekindle::domain::plan::{Guard, Situation, Standing};
use rekindle::domain::rules::Rules;
use rekindle::domain::subscription::{News, Subscription, Topic};
use serde_json::json;

use super::scene::{Actions, at, environment, made, rules, tell};

const HOUR: i64 = 3_600;

/// Somebody of whom nothing is known.
static NOBODY: Addressee = Addressee { time_zone: None, told: Vec::new(), suppressed: Vec::new() };

const EARLIER: &str = "earlier news of the same verification is to be told first";

fn subscribed(steps: &[&str], topics: &[Topic]) -> Rules {
    let name = SubscriptionName::parse("shop").unwrap();
    let notifier = NotifierName::parse("shop").unwrap();
    let subscriptions = vec![Subscription { name, notifier, topics: topics.to_vec(), customer: None }];
    Rules { subscriptions, ..rules(steps) }
}

fn held(steps: &[&str]) -> Rules {
    Rules { holdout: Holdout::of(50).unwrap(), ..rules(steps) }
}

/// Somebody who is held out, or somebody who is not.
fn somebody(held_out: bool) -> Inquiry {
    let half = Holdout::of(50).unwrap();
    let mut people = (0..).map(|number| made("inq_1", &format!("customer-{number}"), 0));
    people.find(|one| half.takes(&environment(), &one.person().unwrap()) == held_out).unwrap()
}

fn publications(actions: &Actions) -> Vec<(State, &'static str, i64)> {
    let told = |action: &Action| {
        let publication = action.planned.work.publication()?;
        let due = action.planned.due_at.since(at(0)).as_secs();
        Some((action.state, publication.news.topic().as_str(), due))
    };
    actions.0.iter().filter_map(told).collect()
}

#[test]
fn steps_pass_over_who_is_held_out_as_often_as_they_would_remind() {
    let group = [somebody(true)];
    let mut actions = Actions::default();
    let rules = Rules { max_reminders: 2, ..held(&["50%", "3h", "1h"]) };
    actions.replan(&group, &rules, at(1));
    assert_eq!(actions.planned(), ["inq_1 hold at 43200", "inq_1 hold at 75600"], "no more than reminders at most");
    assert!(actions.replan(&group, &rules, at(2)).is_empty());
    actions.perform("50%", at(12 * HOUR));
    actions.replan(&group, &rules, at(12 * HOUR + 1));
    assert_eq!(actions.planned(), ["inq_1 hold at 75600"]);
    // Missed in an outage, both of those that are left collapse into the last.
    let wide = held(&["50%", "3h", "1h"]);
    actions.replan(&group, &wide, at(23 * HOUR + 60));
    assert_eq!(actions.planned(), ["inq_1 hold at 82800"]);
}

#[test]
fn nobody_is_held_out_of_whom_nobody_knows_who_they_are() {
    let mut stranger = super::scene::unknown("inq_1");
    let until = at(24 * HOUR).to_string();
    tell(&mut stranger, "inquiry.created", 0, &json!({ "status": "created", "expires-at": until }));
    let (all, lineages) = (held(&["50%"]), Lineages::default());
    for (inquiry, expected) in [(stranger, false), (somebody(true), true), (somebody(false), false)] {
        let group = [inquiry];
        let situation = Situation {
            group: &group,
            actions: &[],
            lineages: &lineages,
            template: None,
            rules: &all,
            addressee: &NOBODY,
            now: at(1),
        };
        let Standing::Reminded { held_out, reminders, .. } = situation.standing(&group[0]) else { panic!() };
        assert_eq!(held_out, expected);
        assert!(reminders.iter().all(|planned| matches!(planned.work, Work::Hold(_)) == expected));
    }
}

#[test]
fn who_is_through_is_told_of_once_and_not_of_long_ago() {
    let rules = subscribed(&[], &[Topic::Finished]);
    let mut actions = Actions::default();
    let mut group = [made("inq_1", "ada", 0)];
    actions.replan(&group, &rules, at(1));
    assert_eq!(publications(&actions), []);
    tell(&mut group[0], "inquiry.completed", HOUR, &json!({ "status": "completed" }));
    actions.replan(&group, &rules, at(HOUR));
    let told = [(State::Planned, "person.finished", HOUR)];
    assert_eq!(publications(&actions), told);
    tell(&mut group[0], "inquiry.approved", 2 * HOUR, &json!({ "status": "approved" }));
    assert!(actions.replan(&group, &rules, at(2 * HOUR)).is_empty(), "it is the same news");
    let News::Finished { status, .. } = &actions.0[0].planned.work.publication().unwrap().news else { panic!() };
    assert_eq!(status.as_str(), "completed", "as it was when it happened");
    assert!(actions.replan(&group, &rules, at(200 * HOUR)).is_empty(), "what waits is told, however late");

    let mut later = Actions::default();
    later.replan(&group, &rules, at(72 * HOUR));
    assert_eq!(publications(&later).len(), 1);
    let mut history = Actions::default();
    history.replan(&group, &rules, at(74 * HOUR));
    assert_eq!(publications(&history), [], "that is history");
}

#[test]
fn who_is_given_up_is_planned_ahead_and_called_off_when_they_are_through() {
    let rules = subscribed(&[], &[Topic::GivenUp]);
    let mut actions = Actions::default();
    let mut group = [made("inq_1", "ada", 0)];
    actions.replan(&group, &rules, at(1));
    let by_age = 15 * 24 * HOUR;
    assert_eq!(publications(&actions), [(State::Planned, "person.given_up", by_age)]);
    assert!(actions.replan(&group, &rules, at(2)).is_empty());
    let guard = |actions: &Actions, group: &[Inquiry], second: i64| {
        let lineages = Lineages::default();
        let now = at(second);
        let situation = Situation {
            group,
            actions: &actions.0,
            lineages: &lineages,
            template: None,
            rules: &rules,
            addressee: &NOBODY,
            now,
        };
        situation.guard(&actions.0[0])
    };
    assert_eq!(guard(&actions, &group, by_age), Guard::Now);
    tell(&mut group[0], "inquiry.completed", HOUR, &json!({ "status": "completed" }));
    assert!(matches!(guard(&actions, &group, by_age), Guard::Object(_)));
    actions.replan(&group, &rules, at(HOUR));
    assert_eq!(publications(&actions), [(State::Cancelled, "person.given_up", by_age)]);
    // Nobody is told of those who were given up before anybody subscribed.
    let mut history = Actions::default();
    history.replan(&[made("inq_2", "grace", 0)], &rules, at(by_age + 73 * HOUR));
    assert_eq!(publications(&history), []);
}

#[test]
fn no_subscription_no_news() {
    let mut actions = Actions::default();
    let mut group = [made("inq_1", "ada", 0)];
    tell(&mut group[0], "inquiry.completed", HOUR, &json!({ "status": "completed" }));
    assert!(actions.replan(&group, &rules(&["50%"]), at(HOUR)).is_empty());
}

#[test]
fn news_waits_for_earlier_news_to_the_same_receiver() {
    let rules = subscribed(&[], &[Topic::Finished, Topic::GivenUp]);
    let mut actions = Actions::default();
    let group = [made("inq_1", "ada", 0)];
    actions.replan(&group, &rules, at(1));
    let lineages = Lineages::default();
    // Two pieces of news, the second an hour after the first.
    let subscription = &rules.subscriptions[0];
    let opened = |second| {
        let news = News::LinkOpened { link: format!("link-{second}"), opened_at: at(second) };
        let work = Work::Publish(subscription.publication(news, at(second)));
        rekindle::domain::plan::planned(&group[0], work, at(second))
    };
    let template = actions.0[0].clone();
    let (first, second) = (opened(HOUR), opened(2 * HOUR));
    let waiting = |planned: rekindle::domain::action::Planned| Action { planned, ..template.clone() };
    actions.0 = vec![waiting(second.clone()), waiting(first.clone())];
    let guard = |actions: &Actions, place: usize, rules: &Rules| {
        let now = at(3 * HOUR);
        Situation {
            group: &group,
            actions: &actions.0,
            lineages: &lineages,
            template: None,
            rules,
            addressee: &NOBODY,
            now,
        }
        .guard(&actions.0[place])
    };
    let both = subscribed(&[], &[Topic::LinkOpened]);
    assert_eq!(guard(&actions, 1, &both), Guard::Now);
    assert_eq!(guard(&actions, 0, &both), Guard::NotBefore(at(3 * HOUR + 1), EARLIER), "a moment later");
    actions.0[1].planned.due_at = at(9 * HOUR);
    assert_eq!(guard(&actions, 0, &both), Guard::NotBefore(at(9 * HOUR), EARLIER), "as long as the earlier one waits");
    for over in [State::Done, State::Failed, State::Cancelled] {
        actions.0[1].state = over;
        assert_eq!(guard(&actions, 0, &both), Guard::Now, "{over}");
    }
    assert!(matches!(guard(&actions, 0, &rules), Guard::Object(_)), "nobody subscribes to it");
}
