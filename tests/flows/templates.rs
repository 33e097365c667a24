//! A template gets a new version: whoever told of it, everyone still open is planned anew, and operators can follow.

use std::time::Duration;

use rekindle::app::App;
use rekindle::app::singleton::Held;
use rekindle::app::templates::{RunChange, TemplateError, TemplateStory};
use rekindle::domain::action::State;
use rekindle::domain::ids::{InquiryId, TemplateId, TemplateVersionId};
use rekindle::domain::template::{TemplateSource, VersionStanding};
use rekindle::persona::simulator::{DEFAULT_TEMPLATE, Included, Settings, Unknowns};
use rekindle::storage::template_runs::{PollOutcome, RunState, TemplateRun};

use super::world::{Setting, World, environment, hours, minutes};
use crate::storage::raw;
use crate::support::{Scratch, on_both, operator};

fn template() -> TemplateId {
    TemplateId::parse(DEFAULT_TEMPLATE).unwrap()
}

fn silent() -> Setting {
    let unknowns =
        Unknowns { sandbox_sends_version_events: false, sandbox_reads_templates: false, ..Unknowns::default() };
    Setting { persona: Settings { unknowns, ..Settings::default() }, ..Setting::default() }
}

async fn right(world: &World, owner: &str) -> Held {
    let mut tx = world.database().begin().await.unwrap();
    let lease = Duration::from_mins(10);
    let held = tx.take_singleton("templates", owner, lease, world.clock.now()).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    held
}

/// Does what a process does for templates from time to time.
async fn tend(world: &World) {
    world.app.tend_template_runs(&right(world, "one").await).await.unwrap();
}

async fn story(world: &World) -> TemplateStory {
    world.app.template(&environment(), &template()).await.unwrap()
}

async fn run_of(world: &World, version: &TemplateVersionId) -> Option<TemplateRun> {
    story(world).await.versions.into_iter().find(|story| story.id == *version)?.run
}

/// As if nothing had ever been planned: what is planned afterwards was planned anew.
async fn forget_plans(scratch: &Scratch) {
    raw::execute(scratch, "DELETE FROM attempts; DELETE FROM actions").await;
}

async fn planned_among(world: &World, people: &[InquiryId]) -> usize {
    let mut planned = 0;
    for person in people {
        planned += usize::from(world.actions(person).await.iter().any(|action| action.state == State::Planned));
    }
    planned
}

/// So many people with an open inquiry, planned, and a version published after them; nobody is planned any more.
async fn outdated(world: &World, scratch: &Scratch, count: usize) -> (Vec<InquiryId>, TemplateVersionId) {
    let people: Vec<InquiryId> = (0..count).map(|number| world.person(&format!("person {number}"))).collect();
    world.settle().await;
    tend(world).await;
    world.clock.advance(minutes(1));
    let version = world.persona.publish_version(&template(), None).unwrap();
    world.settle().await;
    forget_plans(scratch).await;
    (people, version)
}

on_both! {
    /// By the event, by what an event includes, by a reading, and by the templates' own list.
    async fn a_new_version_is_learnt_from_every_source(scratch: &Scratch) {
        for (seed, (source, unknowns)) in (1..).zip([
            (TemplateSource::Published, Unknowns { sandbox_sends_version_events: true, ..silent().persona.unknowns }),
            (TemplateSource::Included, silent().persona.unknowns),
            (TemplateSource::Read, silent().persona.unknowns),
            (TemplateSource::Listed, Unknowns { sandbox_reads_templates: true, ..silent().persona.unknowns }),
        ]) {
            let persona = Settings { seed, unknowns, ..Settings::default() };
            let world = World::with(scratch, Setting { persona, ..Setting::default() }).await;
            raw::execute(scratch, "DELETE FROM templates; DELETE FROM template_runs; DELETE FROM template_polls").await;
            let ada = world.person(&format!("ada {source:?}"));
            world.change_webhook(|webhook| webhook.included = if source == TemplateSource::Included { Included::All } else { Included::None });
            world.settle().await;
            let version = world.persona.publish_version(&template(), None).unwrap();
            match source {
                TemplateSource::Published => {}
                TemplateSource::Included => drop(world.persona.start(&ada).unwrap()),
                TemplateSource::Read => {
                    // Nothing was heard for more than ten minutes, so it is read before the person is reminded.
                    world.clock.advance(hours(12));
                }
                TemplateSource::Listed => assert!(world.app.poll_templates_where_due(&environment()).await.unwrap()),
            }
            world.settle().await;
            tend(&world).await;
            let run = run_of(&world, &version).await.unwrap_or_else(|| panic!("{source:?}"));
            assert_eq!((run.source, run.state), (Some(source), RunState::Done));
            let known = story(&world).await.known;
            assert_eq!((known.template.latest_version, known.template.source), (Some(version), source));
            world.persona.complete(&ada).unwrap_or(false);
            world.finish().await;
        }
    }

    async fn everyone_of_an_older_version_is_planned_anew_and_nobody_else(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let (people, version) = outdated(&world, scratch, 5).await;
        let new = world.person("new");
        world.settle().await;
        forget_plans(scratch).await;
        tend(&world).await;
        assert_eq!(planned_among(&world, &people).await, 5);
        assert_eq!(planned_among(&world, &[new]).await, 0, "one of the latest version needs nothing");
        let run = run_of(&world, &version).await.unwrap();
        assert_eq!((run.state, run.progress.looked_at, run.progress.outdated), (RunState::Done, 6, 5));
        let open: Vec<u64> = story(&world).await.versions.iter().map(|version| version.open).collect();
        assert_eq!(open, [1, 5], "the one that was only seen on inquiries comes last");
        tend(&world).await;
        assert_eq!(run_of(&world, &version).await.unwrap(), run, "once is enough");
        world.finish().await;
    }

    /// The process stops in the middle of a run, and the next one goes on behind the last page that was written.
    async fn a_run_that_is_stopped_is_gone_on_with(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let (people, version) = outdated(&world, scratch, 230).await;
        world.app.begin_template_runs().await.unwrap();
        let held = right(&world, "one").await;
        let looked_at = async || run_of(&world, &version).await.unwrap().progress.looked_at;
        let stopped = async {
            while looked_at().await < 100 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            biased;
            () = stopped => {}
            done = world.app.run_template_runs(&held) => panic!("it was through before it could be stopped: {done:?}"),
        }
        let so_far = looked_at().await;
        assert!((100..230).contains(&so_far), "{so_far}");
        let next: App = world.another_process().await;
        next.run_template_runs(&held).await.unwrap();
        let run = run_of(&world, &version).await.unwrap();
        assert_eq!((run.state, run.progress.looked_at, run.progress.errors), (RunState::Done, 230, 0));
        assert_eq!(planned_among(&world, &people).await, 230);
        world.finish().await;
    }

    /// Who lost the right to go through runs writes nothing more.
    async fn a_process_that_lost_the_right_writes_nothing(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let (_, version) = outdated(&world, scratch, 3).await;
        world.app.begin_template_runs().await.unwrap();
        let held = right(&world, "one").await;
        let lost = Held { token: held.token - 1, ..held };
        world.app.run_template_runs(&lost).await.unwrap();
        let run = run_of(&world, &version).await.unwrap();
        assert_eq!((run.state, run.progress.looked_at), (RunState::Running, 0));
        world.finish().await;
    }

    async fn an_operator_holds_a_run_lets_it_go_on_and_ends_it(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let (people, version) = outdated(&world, scratch, 3).await;
        let change = async |change| {
            let (environment, template) = (environment(), template());
            world.app.change_template_run(&environment, &template, change, &operator("ada"), "because").await
        };
        assert!(matches!(change(RunChange::Pause).await, Err(TemplateError::NoRun { wanted: "running", .. })));
        world.app.begin_template_runs().await.unwrap();
        assert_eq!(change(RunChange::Pause).await.unwrap().state, RunState::Paused);
        tend(&world).await;
        assert_eq!(planned_among(&world, &people).await, 0, "it is held");
        assert_eq!(change(RunChange::Resume).await.unwrap().state, RunState::Running);
        tend(&world).await;
        assert_eq!(planned_among(&world, &people).await, 3);
        assert!(matches!(change(RunChange::Cancel).await, Err(TemplateError::NoRun { .. })), "it is through");

        forget_plans(scratch).await;
        world.app.begin_template_run(&environment(), &template(), &operator("ada"), "once more").await.unwrap();
        assert_eq!(change(RunChange::Cancel).await.unwrap().state, RunState::Cancelled);
        tend(&world).await;
        assert_eq!(planned_among(&world, &people).await, 0);
        let run = run_of(&world, &version).await.unwrap();
        assert_eq!((run.state, &*run.changed_by, &*run.reason), (RunState::Cancelled, "cli:ada", "because"));
        world.finish().await;
    }

    async fn a_forecast_says_who_how_many_calls_and_how_long(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ask = async || world.app.forecast_replacements(&environment(), &template()).await;
        assert!(matches!(ask().await, Err(TemplateError::Unknown(_))));
        let (people, _) = outdated(&world, scratch, 6).await;
        world.persona.start(&people[0]).unwrap();
        world.settle().await;
        world.person("new");
        world.settle().await;
        let forecast = ask().await.unwrap();
        let told: Vec<_> =
            forecast.standings.iter().map(|(of, count)| (of.standing, of.status.as_str(), *count)).collect();
        assert_eq!(told, [
            (VersionStanding::Current, "created", 1),
            (VersionStanding::Replaced, "created", 5),
            (VersionStanding::Kept, "pending", 1),
        ]);
        assert_eq!((forecast.calls, forecast.calls_per_minute), (15, 30), "half of a careful 60");
        assert_eq!(forecast.duration(), minutes(1));
        assert_eq!(world.calls("/"), 0, "nothing was asked");
        world.finish().await;
    }

    /// A sandbox key may not list templates: that is kept to be seen, and not tried again before a day has passed.
    async fn a_key_that_may_not_list_templates_is_not_asked_all_the_time(scratch: &Scratch) {
        let world = World::with(scratch, silent()).await;
        let poll = async || world.app.poll_templates_where_due(&environment()).await.unwrap();
        assert!(poll().await);
        let (_, kept) = world.app.templates(&environment()).await.unwrap();
        let kept = kept.unwrap();
        assert_eq!(kept.outcome, PollOutcome::Refused);
        assert!(kept.error.unwrap().contains("403"));
        world.clock.advance(hours(23));
        assert!(!poll().await);
        world.clock.advance(hours(2));
        let mut unknowns = world.persona.unknowns();
        unknowns.sandbox_reads_templates = true;
        world.persona.set_unknowns(unknowns);
        assert!(poll().await, "a permission may have been given");
        world.clock.advance(minutes(14));
        assert!(!poll().await);
        world.clock.advance(minutes(1));
        assert!(poll().await, "every quarter of an hour");
        assert_eq!(world.app.templates(&environment()).await.unwrap().1.unwrap().outcome, PollOutcome::Done);
        assert_eq!(story(&world).await.known.template.source, TemplateSource::Listed);
        world.finish().await;
    }
}
