//! Many people over 30 days, with every fault switched on: everyone who wants to finish can.
//!
//! `make simulate` runs it for 1,000 people under both settings of each open question; a part is quick enough for every
//! run of the tests.

mod crowd;
mod naive;
mod report;
mod visits;

use std::time::Duration;

use rekindle::app::access::Whom;
use rekindle::persona::simulator::{
    Failure, FailureKind, FailureMoment, Faults, LinkUse, Needless, NewInquiry, QuotaHeaders, RefusalStatus, Settings,
    Unknowns,
};
use tokio::task::JoinSet;

use self::crowd::{Someone, crowd};
use self::report::{Report, Spent};
use self::visits::Life;
use super::world::{ENVIRONMENT, Setting, World, environment, minutes};
use crate::support::{Scratch, sqlite};

const DAYS: i64 = 30;

/// The days on which a new version of the template is published.
const PUBLISHED: [i64; 3] = [4, 9, 17];

/// How often Persona is asked for what its webhooks did not bring, in minutes.
const RECONCILED: i64 = 12 * 60;

/// What fails changes with every step; a step in five has no failing call.
const FAILURES: [Option<(FailureKind, FailureMoment)>; 5] = [
    Some((FailureKind::Status(503), FailureMoment::BeforeActing)),
    Some((FailureKind::Status(500), FailureMoment::AfterActing)),
    Some((FailureKind::ConnectionDropped, FailureMoment::BeforeActing)),
    Some((FailureKind::ConnectionDropped, FailureMoment::AfterActing)),
    None,
];

fn faults(step: i64) -> Faults {
    let place = usize::try_from(step).unwrap() % FAILURES.len();
    let failing = FAILURES[place];
    Faults {
        fail_share: if failing.is_some() { 0.1 } else { 0.0 },
        failure: failing.map(|(kind, moment)| Failure { kind, moment }).unwrap_or_default(),
        deliveries_lost_share: 0.02,
        deliveries_repeated_share: 0.1,
        deliveries_reordered: true,
        ..Faults::default()
    }
}

/// The other answer to every open question at once.
fn the_other_way_round() -> Unknowns {
    let default = Unknowns::default();
    Unknowns {
        link_used_by: LinkUse::Continuing,
        new_link_kills_older: !default.new_link_kills_older,
        new_link_moves_expiry: !default.new_link_moves_expiry,
        link_refusal: RefusalStatus::UnprocessableEntity,
        session_limit_refusal: RefusalStatus::Conflict,
        retries_signed_anew: !default.retries_signed_anew,
        resume_accepts_created: !default.resume_accepts_created,
        resume_of_pending_moves_expiry: !default.resume_of_pending_moves_expiry,
        resume_clears_expired_at: !default.resume_clears_expired_at,
        resume_fires_event: !default.resume_fires_event,
        expire_when_not_open: Needless::Accepted,
        opened_created_needs_token: !default.opened_created_needs_token,
        sandbox_reads_templates: !default.sandbox_reads_templates,
        sandbox_includes_templates: !default.sandbox_includes_templates,
        sandbox_sends_version_events: !default.sandbox_sends_version_events,
        events_listed_in_full: !default.events_listed_in_full,
        idempotency_mismatch: RefusalStatus::BadRequest,
        bad_parameters: RefusalStatus::UnprocessableEntity,
        quota_refusal: RefusalStatus::TooManyRequests,
        quota_headers: QuotaHeaders::QuotaLimit,
    }
}

/// 30 days of a crowd with Rekindle, `step` minutes at a time.
async fn live(scratch: &Scratch, unknowns: &Unknowns, crowd: &[Someone], step: i64) -> Report {
    let persona = Settings { unknowns: unknowns.clone(), ..Settings::default() };
    let world = World::with(scratch, Setting { persona, ..Setting::default() }).await;
    let mut lives: Vec<Life> = crowd.iter().map(Life::of).collect();
    let mut spent = Spent::default();
    for passed in (0..DAYS * 24 * 60).step_by(usize::try_from(step).unwrap()) {
        world.persona.set_faults(faults(passed / step));
        if PUBLISHED.iter().any(|day| day * 24 * 60 == passed) {
            world.persona.publish_version(&world.persona.templates()[0], None).unwrap();
        }
        world.settle().await;
        for life in lives.iter_mut().filter(|life| life.begins_by(passed)) {
            let new = NewInquiry::for_person(&life.someone.name);
            life.inquiry = Some(world.persona.create_inquiry(ENVIRONMENT, new).unwrap());
        }
        world.settle().await;
        visits::receive(&world, &mut lives);
        for life in lives.iter_mut().filter(|life| life.comes_by(passed)) {
            life.visit(&world, passed).await;
        }
        tend(&world).await;
        world.settle().await;
        if passed % RECONCILED < step {
            world.reconcile().await;
        }
        spent.count(&world.persona);
        world.clock.advance(minutes(step));
    }
    world.persona.set_faults(Faults::default());
    let mut report = Report::of(&lives, spent.end(&world.persona));
    for life in lives.iter().filter(|life| life.is_outside()) {
        let inquiry = life.inquiry.clone().unwrap();
        let diagnosis = world.app.diagnose(&environment(), &Whom::Inquiry(inquiry)).await.unwrap();
        let why = diagnosis.map_or_else(|| "nothing is known of it".to_owned(), |diagnosis| diagnosis.in_words());
        report.outside.push(format!("{}: {why} (last told: {})", life.someone.name, life.last_told));
    }
    world.stop();
    report
}

/// Does what a process does for new versions of templates from time to time.
async fn tend(world: &World) {
    let mut tx = world.database().begin().await.unwrap();
    let held = tx.take_singleton("templates", "simulation", Duration::from_mins(10), world.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    if let Some(held) = held {
        world.app.tend_template_runs(&held).await.unwrap();
    }
}

/// One crowd, with Rekindle and with a naive sender.
async fn compare(name: &str, unknowns: &Unknowns, people: usize, step: i64) -> Report {
    let scratch = sqlite().await;
    let crowd = crowd(people, 7);
    let ours = live(&scratch, unknowns, &crowd, step).await;
    let naive = naive::live(unknowns, &crowd);
    ours.print(name, &naive);
    ours
}

/// The part for every run: as the documents have it, and the other way round in everything.
#[tokio::test]
async fn everyone_of_sixty_gets_in() {
    for (name, unknowns) in [("default", Unknowns::default()), ("the other way round", the_other_way_round())] {
        let report = compare(name, &unknowns, 60, 60).await;
        assert_eq!(report.outside, Vec::<String>::new(), "{name}");
        assert!(report.finished > 30, "{name}: somebody wanted to finish");
    }
}

/// The whole, for `make simulate`: how many people, by `SIMULATE_PEOPLE`. As many lives at a time as there are cores:
/// each has a Persona, a clock and a database of its own.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes half an hour; make simulate runs it"]
async fn everyone_of_a_thousand_gets_in_whatever_persona_does() {
    let people = std::env::var("SIMULATE_PEOPLE").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let at_once = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut variations = Unknowns::all_variations();
    variations.insert(1, ("the other way round", the_other_way_round()));
    let (mut waiting, mut running) = (variations.into_iter(), JoinSet::new());
    let mut outside = Vec::new();
    loop {
        for (name, unknowns) in waiting.by_ref().take(at_once.saturating_sub(running.len())) {
            running.spawn(async move { (name, compare(name, &unknowns, people, 30).await) });
        }
        let Some(lived) = running.join_next().await else { break };
        let (name, report) = lived.unwrap();
        outside.extend(report.outside.into_iter().map(|one| format!("{name}: {one}")));
    }
    assert_eq!(outside, Vec::<String>::new());
}
