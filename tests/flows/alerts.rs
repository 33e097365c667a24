//! Alerts: somebody hears of what is wrong once, again after a while, not while they silenced it, and when it is over.

mod doors;
mod found;

use std::time::Duration;

use jiff::SignedDuration;
use rekindle::app::App;
use rekindle::app::singleton::Held;
use rekindle::domain::alert::{AlertName, AlertState};
use rekindle::domain::ids::InquiryId;

use super::world::{Setting, World, environment, hours, minutes};
use crate::support::{Scratch, on_both, operator};

/// Whoever takes reminders is told of alerts, too.
const TOLD: &str = "[alerts]\nnotify = [\"app\"]\n";

/// Longer than any story takes by the database's clock.
const LEASE: Duration = Duration::from_mins(10);

async fn right(app: &App, owner: &str) -> Option<Held> {
    let mut tx = app.database().begin().await.unwrap();
    let held = tx.take_singleton("alerts", owner, LEASE, app.clock().now()).await.unwrap();
    tx.commit().await.unwrap();
    held
}

impl World {
    /// One look, and what is to be sent then.
    async fn watch(&self) {
        let held = right(&self.app, "one").await.unwrap();
        self.app.look_for_alerts(&held).await.unwrap();
        self.app.send_alerts(&held).await.unwrap();
    }

    /// Looks every few minutes for so long.
    async fn watch_for(&self, long: SignedDuration) {
        let until = self.clock.now().plus(long);
        while self.clock.now() < until {
            self.clock.advance(minutes(5));
            self.watch().await;
        }
    }

    /// What was told so far: which kind of news of which alert.
    fn heard(&self) -> Vec<String> {
        let alerts = self.application.alerts().into_iter().filter(|told| told.answered < 300);
        alerts.map(|told| format!("{} {}", told.kind.trim_start_matches("alert."), told.alert)).collect()
    }

    async fn state_of(&self, name: AlertName) -> AlertState {
        let (alerts, _) = self.app.alerts().await.unwrap();
        alerts.into_iter().find(|alert| alert.environment == environment() && alert.name == name).unwrap().state
    }
}

/// A world whose only reminder was given up.
async fn with_a_dead_letter(scratch: &Scratch) -> (World, InquiryId) {
    let world = World::with(scratch, Setting { more: TOLD, reminders: r#"["50%"]"#, ..Setting::default() }).await;
    let ada = world.person("customer-17");
    world.settle().await;
    world.application.answer_next(&[410]);
    world.clock.advance(hours(13));
    world.settle().await;
    (world, ada)
}

/// Whoever mends the receiver retries what was given up.
async fn mend(world: &World, ada: &InquiryId) {
    let id = world.actions(ada).await[0].planned.id.clone();
    world.app.retry_action(&id, "mended", &operator("ada")).await.unwrap();
    world.settle().await;
}

on_both! {
    /// Once, again after four hours, and once more when it is over; a restart tells nothing again.
    async fn an_alert_fires_once_repeats_and_recovers(scratch: &Scratch) {
        let (mut world, ada) = with_a_dead_letter(scratch).await;
        world.watch().await;
        world.watch_for(hours(3)).await;
        assert_eq!(world.heard(), ["firing dead_letters"]);
        let told = world.application.alerts().remove(0);
        assert_eq!(told.subject, "[Rekindle] Dead letters in sandbox: 1 action was given up (1 remind)");
        assert!(told.text.contains("rekindle actions retry") && !told.text.contains("customer-17"), "{}", told.text);

        world.restart_keeping_webhook().await;
        world.watch().await;
        assert_eq!(world.heard().len(), 1, "it is known who was told");
        world.watch_for(minutes(55)).await;
        assert_eq!(world.heard().len(), 1);
        world.watch_for(minutes(5)).await;
        assert_eq!(world.heard(), ["firing dead_letters", "firing dead_letters"]);

        mend(&world, &ada).await;
        world.watch().await;
        assert_eq!((world.heard().len(), world.state_of(AlertName::DeadLetters).await), (2, AlertState::Firing), "not at once");
        world.watch_for(hours(5)).await;
        assert_eq!(world.heard().last().unwrap(), "resolved dead_letters");
        assert_eq!((world.heard().len(), world.state_of(AlertName::DeadLetters).await), (3, AlertState::Quiet));
        world.finish().await;
    }

    /// Silenced, it is found and shown, and nobody is told; afterwards they are.
    async fn a_silenced_alert_is_told_when_the_silence_ends(scratch: &Scratch) {
        let (world, ada) = with_a_dead_letter(scratch).await;
        let (name, until) = (AlertName::DeadLetters, world.clock.now().plus(hours(2)));
        let nothing = world.app.silence_alert(&environment(), name, Some(until), &operator("ada"), " ").await;
        assert!(nothing.is_err(), "not without a reason");
        world.app.silence_alert(&environment(), name, Some(until), &operator("ada"), "known").await.unwrap();
        world.watch().await;
        world.watch_for(minutes(115)).await;
        assert_eq!((world.heard().len(), world.state_of(name).await), (0, AlertState::Firing));
        world.watch_for(minutes(5)).await;
        assert_eq!(world.heard(), ["firing dead_letters"]);

        world.app.silence_alert(&environment(), name, Some(until.plus(hours(99))), &operator("ada"), "again").await.unwrap();
        world.watch_for(hours(5)).await;
        assert_eq!(world.heard().len(), 1);
        mend(&world, &ada).await;
        world.watch_for(minutes(10)).await;
        assert_eq!(world.heard(), ["firing dead_letters", "resolved dead_letters"], "who was told hears of the end");
        let silences: Vec<String> = world.audited().await.into_iter().filter(|deed| deed.contains("alert")).collect();
        assert_eq!(silences, vec!["silence_alert: alert sandbox/dead_letters"; 2]);
        world.finish().await;
    }

    /// Of two processes one looks. Who lost the right writes and sends nothing, and the other goes on where it was.
    async fn two_processes_tell_it_once(scratch: &Scratch) {
        let (world, _) = with_a_dead_letter(scratch).await;
        let other = world.another_process().await;
        let first = right(&world.app, "one").await.unwrap();
        assert_eq!(right(&other, "two").await, None, "one holds the right");
        let mut tx = world.app.database().begin().await.unwrap();
        tx.leave_singleton(&first).await.unwrap();
        tx.commit().await.unwrap();
        let second = right(&other, "two").await.unwrap();
        assert_eq!(world.app.look_for_alerts(&first).await.unwrap(), 0);
        assert_eq!(world.state_of(AlertName::DeadLetters).await, AlertState::Quiet, "nothing was written");
        assert_eq!(other.look_for_alerts(&second).await.unwrap(), 1);
        assert_eq!(world.app.send_alerts(&first).await.unwrap(), 0, "nothing was sent");
        assert_eq!(other.send_alerts(&second).await.unwrap(), 1);
        let mut tx = other.database().begin().await.unwrap();
        tx.leave_singleton(&second).await.unwrap();
        tx.commit().await.unwrap();
        world.watch().await;
        assert_eq!(world.heard(), ["firing dead_letters"]);
        world.finish().await;
    }

    /// A receiver that is away hears of it later, under the same id; a crash right after sending sends the same again.
    async fn an_alert_waits_for_its_receiver(scratch: &Scratch) {
        let (world, ada) = with_a_dead_letter(scratch).await;
        world.application.answer_next(&[503, 500]);
        world.watch().await;
        world.watch().await;
        assert_eq!(world.application.alerts().len(), 1, "the next try is not due yet");
        world.watch_for(minutes(10)).await;
        let tries = world.application.alerts();
        assert_eq!(tries.iter().map(|told| told.answered).collect::<Vec<_>>(), [503, 500, 204]);
        assert!(tries.iter().all(|told| told.id == tries[0].id), "{tries:?}");
        let (_, notices) = world.app.alerts().await.unwrap();
        assert_eq!((notices[0].tries, notices[0].error.clone()), (3, None));

        // Over before anybody heard of its repetition: then nobody does.
        world.application.answer_next(&[503; 9]);
        world.watch_for(hours(4)).await;
        mend(&world, &ada).await;
        world.application.answer_next(&[]);
        world.watch_for(minutes(15)).await;
        assert_eq!(world.heard(), ["firing dead_letters", "resolved dead_letters"]);
        world.finish().await;
    }
}
