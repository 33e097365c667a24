//! Does it help? Some people are held out; what came of reminding the others is told against them.

use rekindle::app::board::ReportFilter;
use rekindle::domain::access::Form;
use rekindle::domain::act::Role;
use rekindle::domain::action::{Kind, State};
use rekindle::domain::diagnosis::Cause;
use rekindle::domain::effect::Verdict;
use rekindle::domain::holdout::Holdout;
use rekindle::domain::ids::{InquiryId, ReferenceId};
use rekindle::domain::inquiry::Person;
use rekindle::domain::time::Timestamp;

use super::control::Door;
use super::links::{PUBLIC, path};
use super::world::{Setting, World, environment, hours, minutes};
use crate::support::on_both;

const HALF: &str = r#"holdout = "50%""#;

/// Names of people who are held out, and of others.
fn names(held_out: bool) -> impl Iterator<Item = String> {
    let half = Holdout::of(50).unwrap();
    let names = (0..).map(|number| format!("customer-{number}"));
    names.filter(move |name| {
        half.takes(&environment(), &Person::Reference(ReferenceId::parse(name).unwrap())) == held_out
    })
}

fn setting(more: &'static str) -> Setting {
    Setting { reminders: r#"["50%", "3h"]"#, more, top: PUBLIC, ..Setting::default() }
}

impl World {
    async fn kinds(&self, id: &InquiryId, state: State) -> Vec<Kind> {
        let actions = self.actions(id).await.into_iter().filter(|action| action.state == state);
        actions.map(|action| action.planned.work.kind()).collect()
    }

    /// Lets the deadlines pass, and what was before them come to be known.
    async fn count_up(&self) {
        self.settle().await;
        self.clock.advance(hours(26));
        self.settle().await;
        self.app.close_outcomes_once().await.unwrap();
    }
}

fn everything() -> ReportFilter {
    ReportFilter { environment: None, template: None, since: Timestamp::from_second(0) }
}

on_both! {
    /// Who is held out is passed over by every step, says so wherever somebody looks, and gets in as everyone does.
    async fn who_is_held_out_is_not_reminded_and_gets_in(scratch: &Scratch) {
        let world = World::with(scratch, setting(HALF)).await;
        let (held, other) = (world.person(&names(true).next().unwrap()), world.person(&names(false).next().unwrap()));
        world.settle().await;
        assert_eq!(world.planned(&held).await, ["hold in 720m", "hold in 1260m"]);
        world.clock.advance(hours(12));
        world.settle().await;
        assert_eq!(world.application.only_notice().inquiry, other.as_str());
        assert_eq!(world.kinds(&held, State::Done).await, [Kind::Hold]);
        let whom = rekindle::app::access::Whom::Inquiry(held.clone());
        let diagnosis = world.app.diagnose(&environment(), &whom).await.unwrap().unwrap();
        assert_eq!(diagnosis.quiet(), Some("the person is held out to measure what reminding does"));
        assert_eq!(diagnosis.also().iter().map(Cause::code).collect::<Vec<_>>(), ["held-out"]);
        assert!(diagnosis.for_customers().also().is_empty(), "that is the operator's alone");
        let urgency = rekindle::app::access::Urgency::Waiting;
        let admission = world.app.admit(&environment(), &whom, Form::Browser, urgency).await.unwrap();
        assert!(matches!(admission, rekindle::app::access::Admission::Link { .. }), "{admission:?}");
        world.finish().await;
    }

    /// It ran out: whoever is held out is told that it was revived, because nobody could know that.
    async fn who_is_held_out_hears_of_a_revival(scratch: &Scratch) {
        let world = World::with(scratch, setting(HALF)).await;
        let held = world.person(&names(true).next().unwrap());
        world.settle().await;
        for _ in 0..26 {
            world.clock.advance(hours(1));
            world.settle().await;
        }
        assert_eq!(world.status(&held).await, "pending");
        assert_eq!(world.application.only_notice().step, "revived");
        world.finish().await;
    }

    /// The rules hold somebody out from now on, and then nobody any more: what is planned follows.
    async fn a_changed_share_changes_the_plan(scratch: &Scratch) {
        let mut world = World::with(scratch, setting("")).await;
        let held = world.person(&names(true).next().unwrap());
        world.settle().await;
        assert_eq!(world.planned(&held).await, ["50% in 720m", "3h in 1260m"]);
        world.restart_as(&setting(HALF)).await;
        assert_eq!(world.planned(&held).await, ["hold in 720m", "hold in 1260m"]);
        let actions = world.actions(&held).await;
        let why = actions.iter().find(|action| action.state == State::Cancelled).and_then(|one| one.reason.as_deref());
        assert_eq!(why, Some("the person is held out, to measure what reminding does"));
        world.restart_as(&setting("")).await;
        assert_eq!(world.planned(&held).await, ["50% in 720m", "3h in 1260m"]);
        world.finish().await;
    }

    /// Who finished unheard is among neither: the reading right before finds out, for both alike.
    async fn who_finished_unheard_is_not_counted(scratch: &Scratch) {
        let world = World::with(scratch, setting(HALF)).await;
        let people = [world.person(&names(true).next().unwrap()), world.person(&names(false).next().unwrap())];
        world.settle().await;
        for id in &people {
            world.persona.start(id).unwrap();
            world.persona.complete(id).unwrap();
        }
        world.lose_deliveries().await;
        world.clock.advance(hours(12));
        world.count_up().await;
        assert_eq!(world.app.board(None).report(&everything()).await.unwrap(), []);
        world.finish().await;
    }

    /// Six people: two come by their reminders and finish, one comes and does not, one never; of two that are held out
    /// one finishes by themselves.
    async fn what_came_of_reminding_is_counted_against_the_held_out(scratch: &Scratch) {
        let world = World::with(scratch, setting(HALF)).await;
        let others: Vec<InquiryId> = names(false).take(4).map(|name| world.person(&name)).collect();
        let held: Vec<InquiryId> = names(true).take(2).map(|name| world.person(&name)).collect();
        world.settle().await;
        world.clock.advance(hours(12));
        world.settle().await;
        for id in &others[..3] {
            let notices = world.application.notices();
            let notice = notices.iter().find(|notice| notice.inquiry == id.as_str()).unwrap();
            world.gets_in(&path(&notice.link)).await;
        }
        for id in others[..2].iter().chain(&held[..1]) {
            world.clock.advance(minutes(1));
            world.persona.start(id).unwrap();
            world.persona.complete(id).unwrap();
        }
        world.clock.advance(hours(9));
        world.settle().await;
        let waiting = world.app.board(None).report(&everything()).await.unwrap();
        assert_eq!((waiting[0].waiting.count, waiting[0].whole.reminded.people), (6, 0), "no deadline has passed");
        world.count_up().await;
        world.app.close_outcomes_once().await.unwrap();

        let reports = world.app.board(None).report(&everything()).await.unwrap();
        let [report] = reports.as_slice() else { panic!("{reports:?}") };
        assert_eq!((report.holdout.percent(), report.waiting.count), (50, 0));
        let numbers = |group: rekindle::app::board::Group| [group.people, group.opened, group.came_back, group.finished];
        assert_eq!(numbers(report.whole.reminded), [4, 3, 3, 2]);
        assert_eq!(numbers(report.whole.held_out), [2, 0, 1, 1]);
        assert_eq!(report.whole.verdict, Verdict::TooLittle);
        let steps: Vec<_> = report
            .steps
            .iter()
            .map(|one| (one.step.as_str(), numbers(one.compared.reminded)[0], numbers(one.compared.held_out)[0]))
            .collect();
        // Those who were not through by then; the revived one hears of that in either group.
        assert_eq!(steps[..2], [("3h", 2, 1), ("50%", 4, 2)]);
        world.finish().await;
    }

    /// The same by API and page, for those whose it is to see.
    async fn operators_read_it_by_api_and_page(scratch: &Scratch) {
        let world = World::with(scratch, setting(HALF)).await;
        world.person(&names(false).next().unwrap());
        world.person(&names(true).next().unwrap());
        world.settle().await;
        world.clock.advance(hours(12));
        world.count_up().await;
        let door = Door::of(&world).await;
        let caller = door.caller(&world, Role::Viewer, None).await;
        let answer = caller.get("/v1/report").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let template = &answer.body["templates"][0];
        assert_eq!((&template["holdout"], &template["whole"]["verdict"]), (&50.into(), &"too-little-data".into()));
        assert_eq!(template["whole"]["held_out"]["people"], 1);
        assert_eq!(template["whole"]["difference"], serde_json::Value::Null);
        let none = caller.get("/v1/report?template=itmpl_Unheard").await;
        assert_eq!(none.body["templates"], serde_json::json!([]));
        let later = caller.get("/v1/report?since=2027-01-01T00:00:00Z").await;
        assert_eq!(later.body["templates"], serde_json::json!([]));
        assert_eq!(caller.get("/v1/report?since=yesterday").await.status, 422);

        let browser = super::board::Browser::signed_in(&world, Role::Viewer, None).await;
        let page = browser.get("/report").await;
        assert_eq!((page.status, page.text("h1")), (200, "Does it help?"));
        assert!(page.has("Too little data: 1 reminded and 1 held out."), "{}", page.body);
        assert!(page.has("50% held out"), "{}", page.body);
        world.finish().await;
    }
}
