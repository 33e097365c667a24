//! The table, row by row.

use rekindle::domain::access::{Access, Closed, Form, Sessions, Way};
use rekindle::domain::action::{Revival, State, Work};
use rekindle::domain::lineage::{Cause, Stage, Succession};
use rekindle::domain::plan::{Bound, Quiet, Standing, planned};
use rekindle::domain::status::Status;
use serde_json::json;

use super::super::scene::{at, made, tell};
use super::{HOUR, ROOM, Scene, expired, id, pending, replaced, stored};

#[test]
fn who_is_done_is_told_so() {
    for (name, status) in [
        ("inquiry.completed", Status::Completed),
        ("inquiry.approved", Status::Approved),
        ("inquiry.declined", Status::Declined),
        ("inquiry.marked-for-review", Status::NeedsReview),
    ] {
        let mut inquiry = made("inq_1", "ada", 0);
        tell(&mut inquiry, name, 60, &json!({}));
        assert_eq!(Scene::of(vec![inquiry]).access(120), Access::Done { inquiry: id("inq_1"), status });
    }
}

#[test]
fn who_finished_another_one_since_is_done_whatever_else_is_open() {
    let mut other = made("inq_2", "ada", 60);
    tell(&mut other, "inquiry.completed", 90, &json!({ "completed-at": at(90).to_string() }));
    let done = Access::Done { inquiry: id("inq_2"), status: Status::Completed };
    assert_eq!(Scene::of(vec![made("inq_1", "ada", 0), other.clone()]).access(120), done);
    let later = made("inq_1", "ada", 600);
    assert_eq!(Scene::of(vec![later, other]).access(700), Access::Enter(Way::OneTimeLink), "finished long ago");
}

#[test]
fn who_failed_is_told_so_or_begins_anew_by_the_rules() {
    let mut inquiry = made("inq_1", "ada", 0);
    tell(&mut inquiry, "inquiry.failed", 60, &json!({}));
    assert_eq!(Scene::of(vec![inquiry.clone()]).access(120), Access::Failed);
    let again = Scene::of(vec![inquiry.clone()]).with(|rules| rules.replace_failed = true);
    assert_eq!(again.access(120), Access::Replace(Cause::Failed));
    let begun = Scene::of(vec![inquiry, made("inq_2", "ada", 90)]);
    assert_eq!(begun.access(120), Access::Elsewhere(id("inq_2")), "they began anew by themselves");
}

#[test]
fn what_is_open_is_entered_by_the_wanted_form() {
    for inquiry in [made("inq_1", "ada", 0), pending(60, 24 * HOUR)] {
        let scene = Scene::of(vec![inquiry]).published("itmplv_1", 30);
        assert_eq!(scene.access(120), Access::Enter(Way::OneTimeLink));
        assert_eq!(scene.access_by(120, Form::Sdk, ROOM), Access::Enter(Way::SessionToken));
    }
}

#[test]
fn what_nobody_began_is_replaced_for_a_newer_version() {
    let scene = Scene::of(vec![made("inq_1", "ada", 0)]).published("itmplv_2", 30);
    assert_eq!(scene.access(120), Access::Replace(Cause::NewVersion));
    let before = Scene::of(vec![made("inq_1", "ada", 60)]).published("itmplv_0", 30);
    assert_eq!(before.access(120), Access::Enter(Way::OneTimeLink), "told before it was made: that may be older");
}

#[test]
fn progress_counts_for_a_day_and_then_the_newer_version_does() {
    let scene = Scene::of(vec![pending(HOUR, 48 * HOUR)]).published("itmplv_2", 2 * HOUR);
    assert_eq!(scene.access(24 * HOUR), Access::Enter(Way::OneTimeLink));
    assert_eq!(scene.access(25 * HOUR), Access::Replace(Cause::NewVersion));
    let kept = Scene::of(vec![pending(HOUR, 48 * HOUR)]).published("itmplv_2", 2 * HOUR);
    let kept = kept.with(|rules| rules.keep_pending = jiff::SignedDuration::from_hours(100));
    assert_eq!(kept.access(25 * HOUR), Access::Enter(Way::OneTimeLink));
}

#[test]
fn what_expired_young_is_resumed_and_what_is_old_is_replaced() {
    let scene = Scene::of(vec![expired("inq_1", 24 * HOUR)]);
    assert_eq!(scene.access(25 * HOUR), Access::Revive);
    assert_eq!(scene.access(72 * HOUR - 1), Access::Revive);
    assert_eq!(scene.access(72 * HOUR), Access::Replace(Cause::TooOld));
    let scene = scene.published("itmplv_2", HOUR);
    assert_eq!(scene.access(25 * HOUR), Access::Replace(Cause::NewVersion));
    let unheard = Scene::of(vec![made("inq_1", "ada", 0)]);
    assert_eq!(unheard.access(24 * HOUR), Access::Revive, "its told deadline passed, and nobody said so");
}

#[test]
fn what_was_erased_is_never_resumed() {
    let mut inquiry = expired("inq_1", 24 * HOUR);
    tell(&mut inquiry, "inquiry.redacted", 25 * HOUR, &json!({ "redacted-at": at(25 * HOUR).to_string() }));
    assert_eq!(Scene::of(vec![inquiry.clone()]).access(26 * HOUR), Access::Closed(Closed::Redacted));
    let anew = Scene::of(vec![inquiry]).with(|rules| rules.replace_redacted = true);
    assert_eq!(anew.access(26 * HOUR), Access::Replace(Cause::Redacted));
}

#[test]
fn sessions_are_spared_near_their_limit() {
    let scene = Scene::of(vec![made("inq_1", "ada", 0)]);
    let with = |made, reusable| scene.access_by(60, Form::Browser, Sessions { made, reusable });
    assert_eq!(with(21, None), Access::Enter(Way::OneTimeLink));
    assert_eq!(with(22, None), Access::Enter(Way::ExistingSession));
    assert_eq!(with(22, Some(true)), Access::Enter(Way::ExistingSession));
    assert_eq!(with(22, Some(false)), Access::Replace(Cause::SessionLimit));
    let full = Sessions { made: 25, reusable: Some(false) };
    assert_eq!(scene.access_by(60, Form::Sdk, full), Access::Replace(Cause::SessionLimit));
}

#[test]
fn the_person_is_sent_to_the_one_inquiry_that_lives() {
    let newer = made("inq_2", "ada", 60);
    let scene = Scene::of(vec![made("inq_1", "ada", 0), newer.clone()]);
    assert_eq!(scene.access(120), Access::Elsewhere(id("inq_2")));
    let scene = Scene::of(vec![newer, made("inq_1", "ada", 0)]);
    assert_eq!(scene.access(120), Access::Enter(Way::OneTimeLink), "and nowhere from there");
    let scene = Scene::of(vec![expired("inq_1", HOUR), expired("inq_2", HOUR), expired("inq_3", HOUR)]);
    assert_eq!(scene.access(2 * HOUR), Access::Elsewhere(id("inq_3")), "of what expired, the newest");
    let scene = Scene::of(vec![expired("inq_3", HOUR), made("inq_1", "ada", 0)]);
    assert_eq!(scene.access(2 * HOUR), Access::Elsewhere(id("inq_1")), "what lives comes first");
}

#[test]
fn an_old_id_leads_to_its_successor_and_what_was_begun_goes_on() {
    let mut scene = Scene::of(vec![expired("inq_1", HOUR), made("inq_2", "ada", 2 * HOUR)]);
    scene.lineages.successions = vec![replaced("inq_1", Some("inq_2"), Stage::Replaced)];
    assert_eq!(scene.access(3 * HOUR), Access::Elsewhere(id("inq_2")));
    let mut scene = Scene::of(vec![expired("inq_1", HOUR)]);
    for stage in [Stage::Superseding, Stage::Closed, Stage::Creating] {
        scene.lineages.successions = vec![replaced("inq_1", None, stage)];
        assert_eq!(scene.access(3 * HOUR), Access::Replace(Cause::NewVersion));
        assert!(matches!(scene.standing(3 * HOUR), Standing::Replaced(_)), "and is not revived meanwhile");
    }
    scene.lineages.successions = vec![replaced("inq_1", None, Stage::Kept)];
    assert_eq!(scene.access(3 * HOUR), Access::Revive, "what was called off stands for nothing");
}

#[test]
fn a_verification_is_given_up_within_its_bounds() {
    let mut inquiry = expired("inq_1", 24 * HOUR);
    let revived = |second: i64| {
        let work = Work::Revive(Revival { expired_at: at(second), asked: true });
        let planned = planned(&made("inq_1", "ada", 0), work, at(second));
        stored(planned, State::Done, second)
    };
    let mut scene = Scene::of(vec![inquiry.clone()]);
    scene.actions = vec![revived(10 * HOUR), revived(20 * HOUR)];
    assert_eq!(scene.access(25 * HOUR), Access::Replace(Cause::TooOld), "resumed twice; now it begins anew");
    assert_eq!(scene.standing(25 * HOUR), Standing::Quiet(Quiet::GivenUp(Bound::Revivals)));

    inquiry.id = id("inq_3");
    let mut scene = Scene::of(vec![inquiry]);
    let again =
        |cause| move |(old, new): (&str, &str)| Succession { cause, ..replaced(old, Some(new), Stage::Replaced) };
    let twice = [("inq_1", "inq_2"), ("inq_2", "inq_3")];
    scene.lineages.successions = twice.map(again(Cause::TooOld)).to_vec();
    assert_eq!(scene.access(80 * HOUR), Access::Closed(Closed::GivenUp(Bound::Replacements)));
    scene.lineages.successions = twice.map(again(Cause::NewVersion)).to_vec();
    assert_eq!(scene.access(80 * HOUR), Access::Replace(Cause::TooOld), "new versions are nobody's fault");
    let between = ["inq_a", "inq_b", "inq_c", "inq_d", "inq_e", "inq_f", "inq_g", "inq_h", "inq_i"];
    let chain = [&["inq_1"], &between[..], &["inq_3"]].concat();
    scene.lineages.successions =
        chain.windows(2).map(|pair| (pair[0], pair[1])).map(again(Cause::NewVersion)).collect();
    assert_eq!(scene.access(80 * HOUR), Access::Closed(Closed::GivenUp(Bound::Replacements)), "but it ends");
    let old = Scene::of(vec![expired("inq_1", 24 * HOUR)]);
    assert_eq!(old.access(15 * 24 * HOUR), Access::Closed(Closed::GivenUp(Bound::Age)));
}

#[test]
fn who_is_not_known_is_not_replaced_and_an_unknown_status_lets_nobody_in() {
    let mut nobody = super::super::scene::unknown("inq_1");
    tell(&mut nobody, "inquiry.expired", HOUR, &json!({ "created-at": at(0).to_string() }));
    assert_eq!(Scene::of(vec![nobody]).access(80 * HOUR), Access::Closed(Closed::NobodyKnown));
    let mut odd = made("inq_1", "ada", 0);
    tell(&mut odd, "inquiry.updated-tags", 60, &json!({ "status": "on_hold" }));
    assert_eq!(Scene::of(vec![odd]).access(120), Access::Closed(Closed::StatusUnknown));
}
