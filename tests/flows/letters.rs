//! Letters: what a mailbox holds leads into the flow, and a channel that fails for everyone loses nothing.

use rekindle::config::Config;
use rekindle::domain::action::State;
use rekindle::domain::ids::InquiryId;
use rekindle::notify::email::Security;
use tempfile::TempDir;

use super::links::{PUBLIC, path};
use super::world::{Setting, World, hours, minutes, seconds};
use crate::mail::server::MailServer;
use crate::support::{Scratch, on_both};

/// A world whose people are written to by this mail server, by the rules given, and the folder of its certificate.
async fn world(scratch: &Scratch, server: &MailServer, rules: &str) -> (World, TempDir) {
    let settings = server.settings(Security::StartTls);
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, settings.authority.unwrap()).unwrap();
    let top = format!(
        r#"{PUBLIC}
        [brand]
        name = "Example Bank"
        support = "help@bank.example"
        [notifiers.mail]
        type = "email"
        host = "localhost"
        port = {}
        username = "{}"
        password = "{}"
        from = "Example Bank <verify@bank.example>"
        ca_file = "{}""#,
        server.port,
        crate::mail::server::USER,
        crate::mail::server::PASSWORD,
        ca.display(),
    );
    let setting = Setting { top: top.leak(), more: rules.to_owned().leak(), ..Setting::default() };
    (World::with(scratch, setting).await, folder)
}

impl World {
    /// How the reminders of an inquiry ended, or how far they are: state, attempts, reason.
    async fn ends(&self, id: &InquiryId) -> Vec<(State, u32, String)> {
        let actions = self.actions(id).await;
        actions.into_iter().map(|action| (action.state, action.attempts, action.reason.unwrap_or_default())).collect()
    }

    /// Somebody with an address of theirs among the inquiry's fields.
    fn person_with_address(&self, name: &str) -> InquiryId {
        let mut new = rekindle::persona::simulator::NewInquiry::for_person(name);
        new.fields.insert("email-address".to_owned(), format!("{name}@example.com").into());
        self.persona.create_inquiry(super::world::ENVIRONMENT, new).unwrap()
    }
}

on_both! {
    /// The reminder is an e-mail; its link leads through our page into the flow.
    async fn a_letter_leads_its_person_into_the_flow(scratch: &Scratch) {
        let mut server = MailServer::secure("starttls").await;
        let rules = "notify = [\"mail\"]\naddress_fields = [\"email-address\"]";
        let (world, _folder) = world(scratch, &server, rules).await;
        let ada = world.person_with_address("ada");
        world.settle().await;
        world.clock.advance(hours(12));
        world.settle().await;

        let letter = server.next().await;
        assert!(letter.secure);
        assert_eq!(letter.to, ["ada@example.com"]);
        let message = letter.message();
        assert_eq!(message.subject(), Some("Your verification for Example Bank is waiting for you"));
        let id = world.actions(&ada).await[0].planned.id.to_string();
        assert_eq!(message.message_id(), Some(format!("{id}@bank.example").as_str()));
        let text = message.body_text(0).unwrap();
        assert!(text.contains("until Monday, 2 March at 8:00 am (UTC)") && text.contains("help@bank.example"), "{text}");
        assert_eq!(world.gets_in(&path(&letter.link())).await, ada);
        assert!(world.application.deliveries().is_empty(), "the rule names the mail alone");
        world.finish().await;
    }

    /// Nobody's address is known: that is seen where the rule names the mail alone, and no trouble where it names the
    /// application as well.
    async fn nobody_to_tell_is_seen_unless_they_are_told_another_way(scratch: &Scratch) {
        let server = MailServer::secure("starttls").await;
        let (mut world, _folder) = world(scratch, &server, "notify = [\"mail\"]").await;
        let ada = world.person("ada");
        world.settle().await;
        world.clock.advance(hours(12));
        world.settle().await;
        let reason = "nobody to tell: no e-mail address of this person is known";
        assert_eq!(world.ends(&ada).await[0], (State::Failed, 1, reason.to_owned()));

        world.restart_as(&Setting { more: "notify = [\"mail\", \"app\"]", ..world.setting.clone() }).await;
        let bo = world.person("bo");
        world.settle().await;
        world.clock.advance(hours(12));
        world.settle().await;
        let notice = world.application.notices().into_iter().find(|notice| notice.inquiry == bo.as_str()).unwrap();
        assert_eq!(notice.step, "50%");
        let ends = world.ends(&bo).await;
        let spared = "no e-mail address of this person is known; app is told instead";
        assert!(ends.contains(&(State::Cancelled, 1, spared.to_owned())), "{ends:?}");
        world.finish().await;
    }

    /// An application that is down for hours: after five of them the others wait, without an attempt of their own, until
    /// one gets through. Nobody is forgotten.
    async fn a_channel_that_fails_for_everyone_is_spared_and_loses_nothing(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let people: Vec<InquiryId> = (0..12).map(|number| world.person(&format!("person-{number}"))).collect();
        world.settle().await;
        world.application.answer_next(&[503; 12]);
        world.clock.advance(hours(12));
        world.settle().await;
        assert_eq!(world.application.deliveries().len(), 5, "five in a row are enough");
        assert_eq!(world.app.broken_channels().len(), 1);
        let mut waiting = 0;
        for person in &people {
            let (state, attempts, reason) = world.ends(person).await.remove(0);
            assert_eq!(state, State::Planned);
            if reason.starts_with("notifier app fails for everyone at present") {
                waiting += 1;
                assert_eq!(attempts, 0, "no attempt is counted");
            }
        }
        assert_eq!(waiting, 7);

        // It stays down for as long as seven more tries take; each is one notice, whatever waits.
        let mut tries = 5;
        while world.application.deliveries().len() < 12 {
            world.clock.advance(minutes(11));
            world.settle().await;
            let now = world.application.deliveries().len();
            assert!(now <= tries + 1, "{now} after {tries}");
            tries = now;
        }
        // And then it is back.
        world.clock.advance(minutes(30));
        world.settle().await;
        world.clock.advance(minutes(1));
        world.settle().await;
        assert_eq!(world.app.broken_channels(), []);
        let mut told: Vec<String> = world.application.notices().into_iter().map(|notice| notice.inquiry).collect();
        told.sort();
        told.dedup();
        assert_eq!(told.len(), people.len(), "everybody was told");
        for person in &people {
            assert_eq!(world.ends(person).await[0].0, State::Done);
        }
        world.finish().await;
    }

    /// What waits for a channel waits no longer than its deadline, and is then seen as failed.
    async fn a_reminder_that_waited_past_its_deadline_is_seen(scratch: &Scratch) {
        let world = World::with(scratch, Setting { reminders: r#"["5m"]"#, ..Setting::default() }).await;
        let people: Vec<InquiryId> = (0..6).map(|number| world.person(&format!("person-{number}"))).collect();
        world.settle().await;
        world.application.answer_next(&[503; 60]);
        world.clock.advance(hours(24).checked_sub(minutes(5)).unwrap());
        world.settle().await;
        for _ in 0..12 {
            world.clock.advance(seconds(30));
            world.settle().await;
        }
        for person in &people {
            let (state, _, reason) = world.ends(person).await.remove(0);
            assert_eq!(state, State::Failed, "{reason}");
            assert!(reason.starts_with("given up, the deadline comes before the next try"), "{reason}");
        }
        world.finish().await;
    }
}

/// A template that does not render stops the start, and says where and what to do.
#[tokio::test]
async fn a_template_that_would_fail_at_night_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("reminder.de.txt"), "Hallo\n\n{{ link }}\nIhre {{ brnad }}\n").unwrap();
    let text = format!("[notices]\ntemplates = {:?}\n", folder.path());
    let config = Config::from_toml(&text).unwrap();
    let error = rekindle::app::channels::letters(&config).unwrap_err().to_string();
    assert!(error.contains("reminder.de.txt, line 4: undefined value"), "{error}");
    assert!(error.ends_with("the words a template may use are in docs/notices.md"), "{error}");

    std::fs::write(folder.path().join("remindr.de.txt"), "x").unwrap();
    let error = Config::from_toml(&text).unwrap_err().to_string();
    assert!(error.contains("remindr.de.txt") && error.contains("call it like reminder.de.txt"), "{error}");
}
