//! One person, several inquiries; and the turns one inquiry can take.

use rekindle::domain::action::State;
use rekindle::domain::ids::TemplateId;
use rekindle::persona::simulator::{NewInquiry, Settings, TemplateSettings};

use super::world::{ENVIRONMENT, Setting, World, hours, minutes};
use crate::support::{on_both, operator};

on_both! {
    /// A static link makes a new inquiry at every load: three loads, one person, one reminder, about the newest.
    async fn three_loads_of_a_static_link_are_one_person(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let mut inquiries = Vec::new();
        for _ in 0..3 {
            inquiries.push(world.person("ada"));
            world.clock.advance(minutes(5));
            world.settle().await;
        }
        world.clock.advance(hours(12));
        world.settle().await;
        assert_eq!(world.application.only_notice().inquiry, inquiries[2].as_str());
        world.finish().await;
    }

    /// She finishes one of them: nobody is troubled about the others.
    async fn who_finished_one_is_left_in_peace_about_the_others(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let first = world.person("ada");
        world.clock.advance(minutes(5));
        let second = world.person("ada");
        world.settle().await;
        world.persona.start(&first).unwrap();
        world.persona.complete(&first).unwrap();
        world.settle().await;
        world.clock.advance(hours(23));
        world.settle().await;
        assert_eq!(world.application.deliveries(), []);
        let reason = world.actions(&second).await[0].reason.clone().unwrap();
        assert_eq!(reason, format!("the person finished another inquiry, {first}"));
        world.finish().await;
    }

    /// Two templates are two verifications: having finished one says nothing about the other.
    async fn another_template_is_another_verification(scratch: &Scratch) {
        let persona = Settings::default().with_template(TemplateSettings::new("itmpl_AddressCheck"));
        let world = World::with(scratch, Setting { persona, ..Setting::default() }).await;
        let identity = world.person("ada");
        let template = TemplateId::parse("itmpl_AddressCheck").unwrap();
        let new = NewInquiry::for_person("ada").of_template(template);
        let address = world.persona.create_inquiry(ENVIRONMENT, new).unwrap();
        world.persona.start(&identity).unwrap();
        world.persona.complete(&identity).unwrap();
        world.settle().await;
        world.clock.advance(hours(12));
        world.settle().await;
        assert_eq!(world.application.only_notice().inquiry, address.as_str());
        world.finish().await;
    }

    /// Two people share nothing.
    async fn everyone_gets_a_link_of_their_own(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let (ada, bo) = (world.person("ada"), world.person("bo"));
        world.settle().await;
        world.clock.advance(hours(12));
        world.settle().await;
        for notice in world.application.notices() {
            let whose = if notice.reference_id.as_deref() == Some("ada") { &ada } else { &bo };
            assert_eq!(world.open(&notice.link).as_ref(), Ok(whose));
        }
        assert_eq!(world.application.notices().len(), 2);
        world.finish().await;
    }

    /// She comes back by the first reminder, stops again, and by the second she finishes.
    async fn a_second_reminder_reaches_who_stopped_again(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.clock.advance(hours(12));
        world.settle().await;
        world.open(&world.application.only_notice().link).unwrap();
        world.persona.start(&ada).unwrap();
        world.settle().await;
        world.clock.advance(hours(9));
        world.settle().await;
        let notices = world.application.notices();
        assert_eq!((notices.len(), &*notices[1].step), (2, "3h"));
        assert_ne!(notices[0].link, notices[1].link, "the first was used up");
        world.open(&notices[1].link).unwrap();
        world.persona.complete(&ada).unwrap();
        world.settle().await;
        assert_eq!(world.status(&ada).await, "completed");
        world.finish().await;
    }

    /// It expires, somebody resumes it at Persona's, and the reminders count from the new lifetime.
    async fn a_resumed_inquiry_is_reminded_of_anew(scratch: &Scratch) {
        let world = World::with(scratch, Setting { reminders: r#"["50%"]"#, ..Setting::default() }).await;
        let ada = world.person("ada");
        world.settle().await;
        world.persona.start(&ada).unwrap();
        world.clock.advance(hours(12));
        world.settle().await;
        world.clock.advance(minutes(12 * 60 + 30));
        world.settle().await;
        assert_eq!(world.status(&ada).await, "expired");

        world.resume_at_persona(&ada).await;
        world.persona.step(&ada).unwrap();
        world.settle().await;
        assert_eq!(world.status(&ada).await, "pending");
        assert_eq!(world.planned(&ada).await, ["50% in 720m"], "half of the new lifetime");
        world.clock.advance(hours(12));
        world.settle().await;
        let notices = world.application.notices();
        assert_eq!(notices.len(), 2);
        world.open(&notices[1].link).unwrap();
        world.finish().await;
    }

    /// An operator cancels: the plan does not bring it back.
    async fn an_operators_word_stands(scratch: &Scratch) {
        let world = World::with(scratch, Setting { reminders: r#"["3h"]"#, ..Setting::default() }).await;
        let ada = world.person("ada");
        world.settle().await;
        let action = world.actions(&ada).await.remove(0);
        world.app.cancel_action(&action.planned.id, "she called us", &operator("olga")).await.unwrap();
        world.persona.start(&ada).unwrap();
        world.settle().await;
        world.clock.advance(hours(21));
        world.settle().await;
        assert_eq!(world.application.deliveries(), []);
        let action = world.actions(&ada).await.remove(0);
        assert_eq!((action.state, action.reason.as_deref()), (State::Cancelled, Some("she called us")));
        world.finish().await;
    }

    /// Erased: nobody is reminded.
    async fn a_redacted_inquiry_is_left_alone(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.persona.redact(&ada).unwrap();
        world.settle().await;
        world.clock.advance(hours(12));
        world.settle().await;
        assert_eq!(world.application.deliveries(), []);
        assert_eq!(world.actions(&ada).await[0].reason.as_deref(), Some("it was redacted"));
        world.finish().await;
    }
}
