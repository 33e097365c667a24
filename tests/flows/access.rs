//! Somebody comes, in whatever state their inquiry is: they get in, or are told why not.

use rekindle::app::access::{Admission, Urgency, Whom};
use rekindle::domain::access::{Closed, Form};
use rekindle::domain::ids::{InquiryId, ReferenceId};
use rekindle::domain::plan::Bound;
use rekindle::domain::status::Status;
use rekindle::persona::simulator::{Failure, FailureKind, FailureMoment, Faults, Settings, TemplateSettings, Unknowns};
use secrecy::ExposeSecret;

use super::world::{Setting, World, environment, hours, minutes, seconds};
use crate::support::on_both;

impl World {
    /// Somebody comes with an inquiry's id.
    pub async fn admit(&self, id: &InquiryId, form: Form) -> Admission {
        let whom = Whom::Inquiry(id.clone());
        self.app.admit(&environment(), &whom, form, Urgency::Waiting).await.unwrap()
    }

    /// Somebody comes with a browser, and gets in: into which inquiry.
    pub async fn enters(&self, id: &InquiryId) -> InquiryId {
        match self.admit(id, Form::Browser).await {
            Admission::Link { inquiry, link, .. } => {
                assert_eq!(self.open(link.expose_secret()), Ok(inquiry.clone()), "the link leads inside the flow");
                inquiry
            }
            other => panic!("not let in: {other:?}"),
        }
    }

    /// The inquiries of a person that are open at Persona.
    pub fn open_at_persona(&self, reference_id: &str) -> Vec<InquiryId> {
        let theirs = self
            .persona
            .inquiries()
            .into_iter()
            .filter(|view| view.reference_id.as_deref() == Some(reference_id) && view.status.is_open());
        theirs.map(|view| view.id).collect()
    }
}

const MINT: &str = "generate-one-time-link";

on_both! {
    /// The tab with the session token is lost: a link for a browser, a token for an app; and the same again to whoever
    /// clicks twice, without another call.
    async fn who_lost_the_session_token_gets_a_link_or_a_token(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.persona.start(&ada).unwrap();
        world.settle().await;
        assert_eq!(world.enters(&ada).await, ada);
        assert_eq!(world.enters(&ada).await, ada, "within Persona's grace");
        assert_eq!(world.calls(MINT), 1);

        let mut tokens = Vec::new();
        for _ in 0..3 {
            let Admission::Session { token, inquiry, .. } = world.admit(&ada, Form::Sdk).await else { panic!() };
            assert_eq!(inquiry, ada);
            tokens.push(token.unwrap().expose_secret().to_owned());
            world.clock.advance(minutes(9));
        }
        tokens.dedup();
        assert_eq!((tokens.len(), world.calls("/resume")), (1, 1), "never an eager resume");
        world.clock.advance(minutes(10));
        world.enters(&ada).await;
        assert_eq!(world.calls(MINT), 2, "an old link is not given again");
        world.finish().await;
    }

    /// After a restart nothing is in memory; Persona gives the same under the same key, and no session is spent.
    async fn a_token_survives_a_restart_without_being_kept(scratch: &Scratch) {
        let mut world = World::on(scratch).await;
        let ada = world.person("ada");
        world.persona.start(&ada).unwrap();
        world.settle().await;
        let Admission::Session { token: first, .. } = world.admit(&ada, Form::Sdk).await else { panic!() };
        world.restart().await;
        let Admission::Session { token: second, .. } = world.admit(&ada, Form::Sdk).await else { panic!() };
        assert_eq!(first.unwrap().expose_secret(), second.unwrap().expose_secret());
        assert_eq!(world.calls("/resume"), 1);
        assert_eq!(world.persona.inquiry(&ada).unwrap().sessions.len(), 1);
        world.finish().await;
    }

    /// Expired a few hours ago: resumed, and in.
    async fn who_comes_after_a_short_expiry_gets_in_again(scratch: &Scratch) {
        let of_resume = |name: &str| name.starts_with("resume") || name.starts_with("link") || name == "default";
        let variations = Unknowns::all_variations().into_iter().filter(|(name, _)| of_resume(name));
        for (number, (name, unknowns)) in variations.enumerate() {
            // Other seeds make other ids, and so do templates: all of them live in one database.
            let seed = 100 + u64::try_from(number).unwrap();
            let templates = vec![TemplateSettings::new(format!("itmpl_{number}"))];
            let persona = Settings { unknowns, seed, templates, ..Settings::default() };
            let more = r#"revive_after = "never""#;
            let world = World::with(scratch, Setting { more, persona, ..Setting::default() }).await;
            let ada = world.person(&format!("ada-{number}"));
            world.settle().await;
            world.clock.advance(hours(30));
            world.settle().await;
            assert_eq!(world.status(&ada).await, "expired", "{name}");
            assert_eq!(world.enters(&ada).await, ada, "{name}");
            assert_eq!(world.status(&ada).await, "pending", "{name}: known at once, though no event tells it");
            assert_eq!((world.calls("/resume"), world.persona.inquiries().len()), (1, 1), "{name}");
            world.finish().await;
        }
    }

    /// An app asks for a token of an expired inquiry: the resume brings one, and no second call is made.
    async fn an_app_gets_the_token_that_came_with_the_resume(scratch: &Scratch) {
        let world = World::with(scratch, Setting { more: r#"revive_after = "never""#, ..Setting::default() }).await;
        let ada = world.person("ada");
        world.settle().await;
        world.clock.advance(hours(30));
        world.settle().await;
        let Admission::Session { token, .. } = world.admit(&ada, Form::Sdk).await else { panic!() };
        assert!(token.is_some());
        assert_eq!(world.calls("/resume"), 1);
        world.finish().await;
    }

    /// Expired long ago: a new inquiry for the same person, and the application hears of it.
    async fn who_comes_after_a_long_time_begins_anew(scratch: &Scratch) {
        let world = World::with(scratch, Setting { more: r#"revive_after = "never""#, ..Setting::default() }).await;
        let ada = world.person("ada");
        world.settle().await;
        world.clock.advance(hours(80));
        world.settle().await;
        let new = world.enters(&ada).await;
        assert_ne!(new, ada);
        let (before, after) = (world.persona.inquiry(&ada).unwrap(), world.persona.inquiry(&new).unwrap());
        assert_eq!((after.reference_id, after.account), (before.reference_id, before.account));
        world.settle().await;
        let told = world.application.replacements();
        assert_eq!(told.len(), 1);
        assert_eq!((&*told[0].old, &*told[0].new, &*told[0].cause), (ada.as_str(), new.as_str(), "too-old"));
        assert_eq!(world.enters(&ada).await, new, "the old id leads to the new one");
        assert_eq!(world.calls("/resume"), 0);
        world.finish().await;
    }

    /// The person finished, heard of or not: nothing is minted.
    async fn who_comes_after_completion_is_told_so(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.persona.start(&ada).unwrap();
        world.persona.complete(&ada).unwrap();
        world.lose_deliveries().await;
        world.clock.advance(minutes(11));
        let done = world.admit(&ada, Form::Browser).await;
        assert!(matches!(&done, Admission::Done { status: Status::Completed, .. }), "{done:?}");
        assert_eq!((world.calls(MINT), world.calls("/resume")), (0, 0));
        world.finish().await;
    }

    /// A static link opened three times: whichever id they come with, they get into the newest; finished once, done for
    /// all.
    async fn three_loads_of_a_static_link_are_one_way_in(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let mut loads = Vec::new();
        for _ in 0..3 {
            loads.push(world.person("ada"));
            world.clock.advance(minutes(5));
            world.settle().await;
        }
        for load in &loads {
            assert_eq!(world.enters(load).await, loads[2]);
        }
        let whom = Whom::Person { reference_id: ReferenceId::parse("ada").unwrap(), template: None };
        let by_name = world.app.admit(&environment(), &whom, Form::Browser, Urgency::Waiting).await.unwrap();
        assert!(matches!(by_name, Admission::Link { inquiry, .. } if inquiry == loads[2]));
        assert_eq!(world.calls(MINT), 1);
        world.persona.start(&loads[2]).unwrap();
        world.persona.complete(&loads[2]).unwrap();
        world.settle().await;
        for load in &loads {
            assert!(matches!(world.admit(load, Form::Browser).await, Admission::Done { .. }));
        }
        world.finish().await;
    }

    /// 25 sessions: links lead into one of them; when none lives, another inquiry takes over.
    async fn who_has_had_all_sessions_gets_in_all_the_same(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.persona.start(&ada).unwrap();
        world.settle().await;
        for _ in 0..25 {
            world.persona.generate_link(&ada).unwrap();
        }
        assert_eq!(world.enters(&ada).await, ada, "though we had not heard of the others' sessions");
        assert_eq!(world.persona.inquiry(&ada).unwrap().sessions.len(), 25);
        world.clock.advance(minutes(8));
        assert_eq!(world.enters(&ada).await, ada);
        assert_eq!(world.open_at_persona("ada"), [ada]);
        world.finish().await;
    }

    /// The same for a reminder: its link leads into a session there is.
    async fn who_has_had_all_sessions_is_reminded_all_the_same(scratch: &Scratch) {
        let world = World::with(scratch, Setting { reminders: r#"["50%"]"#, ..Setting::default() }).await;
        let ada = world.person("ada");
        world.settle().await;
        for _ in 0..25 {
            world.persona.generate_link(&ada).unwrap();
        }
        world.clock.advance(hours(12));
        world.settle().await;
        assert_eq!(world.open(&world.application.only_notice().link), Ok(ada.clone()));
        assert_eq!(world.persona.inquiry(&ada).unwrap().sessions.len(), 25);
        world.finish().await;
    }

    /// All sessions taken and dead: another inquiry, for the same person.
    async fn who_has_used_up_all_sessions_begins_anew(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        for _ in 0..25 {
            world.persona.generate_link(&ada).unwrap();
        }
        // They die with the deadline they were made under; a resume gives the inquiry another one.
        world.clock.advance(minutes(23 * 60 + 50));
        world.persona.start(&ada).unwrap();
        world.persona.resume(&ada).unwrap();
        world.clock.advance(hours(1));
        world.settle().await;
        let new = world.enters(&ada).await;
        assert_ne!(new, ada);
        world.settle().await;
        assert_eq!(world.application.replacements()[0].cause, "session-limit");
        assert_eq!(world.open_at_persona("ada"), [new]);
        world.finish().await;
    }

    /// Persona is away, or refuses everything for a while: an honest answer, and nothing is lost.
    async fn who_comes_while_persona_is_down_is_asked_to_come_again(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        let down = |kind| Faults {
            fail_next: 100,
            failure: Failure { kind, moment: FailureMoment::BeforeActing },
            ..Faults::default()
        };
        for kind in [FailureKind::Status(503), FailureKind::ConnectionDropped] {
            world.persona.set_faults(down(kind));
            let busy = world.admit(&ada, Form::Browser).await;
            assert!(matches!(busy, Admission::Busy { retry_after } if retry_after >= seconds(1)), "{busy:?}");
            world.persona.set_faults(Faults::default());
        }
        assert_eq!(world.enters(&ada).await, ada);
        assert_eq!(world.persona.inquiry(&ada).unwrap().sessions.len(), 1);
        world.finish().await;
    }

    /// The rate limit is used up: who waits is told for how long.
    async fn who_comes_when_the_limit_is_used_up_is_told_when_to_come(scratch: &Scratch) {
        let persona = Settings { requests_per_minute: 1, ..Settings::default() };
        let world = World::with(scratch, Setting { persona, ..Setting::default() }).await;
        let (ada, bo) = (world.person("ada"), world.person("bo"));
        world.settle().await;
        world.enters(&ada).await;
        let Admission::Busy { retry_after } = world.admit(&bo, Form::Browser).await else { panic!() };
        assert!(retry_after <= seconds(65), "{retry_after:?}");
        world.clock.advance(retry_after);
        world.enters(&bo).await;
        world.finish().await;
    }

    /// Twenty requests at once, from two processes: one link, one session.
    async fn who_asks_twenty_times_at_once_gets_one_link(scratch: &Scratch) {
        let mut world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        let one = world.app.clone();
        world.restart().await;
        let mut asked = tokio::task::JoinSet::new();
        for number in 0..20 {
            let (app, whom) = (if number % 2 == 0 { one.clone() } else { world.app.clone() }, Whom::Inquiry(ada.clone()));
            asked.spawn(async move { app.admit(&environment(), &whom, Form::Browser, Urgency::Waiting).await.unwrap() });
        }
        let links = asked.join_all().await.into_iter().map(|admission| match admission {
            Admission::Link { link, .. } => link.expose_secret().to_owned(),
            other => panic!("{other:?}"),
        });
        assert_eq!(links.collect::<std::collections::BTreeSet<_>>().len(), 1);
        assert_eq!((world.calls(MINT), world.persona.inquiry(&ada).unwrap().sessions.len()), (1, 1));
        world.finish().await;
    }

    /// Mode `observe` lets nobody in, and asks nothing.
    async fn an_environment_that_only_observes_admits_nobody(scratch: &Scratch) {
        let world = World::with(scratch, Setting { mode: "observe", ..Setting::default() }).await;
        let ada = world.person("ada");
        world.settle().await;
        assert!(matches!(world.admit(&ada, Form::Browser).await, Admission::NotActing));
        let unknown = InquiryId::parse("inq_nobody").unwrap();
        assert!(matches!(world.admit(&unknown, Form::Browser).await, Admission::Unknown));
        assert_eq!(world.persona.requests().len(), 0);
        world.finish().await;
    }

    /// It was begun anew as often as the rules allow: that is said, and nothing is made any more.
    async fn what_was_tried_often_enough_is_given_up(scratch: &Scratch) {
        let more = "revive_after = \"never\"\nmax_replacements = 1";
        let world = World::with(scratch, Setting { more, ..Setting::default() }).await;
        let ada = world.person("ada");
        world.settle().await;
        world.clock.advance(hours(80));
        world.settle().await;
        world.enters(&ada).await;
        world.clock.advance(hours(80));
        world.settle().await;
        let closed = world.admit(&ada, Form::Browser).await;
        let why = Closed::GivenUp(Bound::Replacements);
        assert!(matches!(&closed, Admission::Closed { why: said, .. } if *said == why), "{closed:?}");
        assert_eq!(world.persona.inquiries().len(), 2);
        world.finish().await;
    }
}
