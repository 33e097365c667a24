//! Stopping and starting changes nothing: the main job with the process ended at every point of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use rekindle::persona::simulator::Faults;

use super::process::eventually;
use super::story::Story;
use crate::support::lock::WriteLock;
use crate::support::{Scratch, postgres, sqlite};

/// How the process is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Without a warning, as by a power cut.
    Hard,
    /// Asked to stop, as by a process manager.
    Soft,
}

/// When it is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    BeforeTheWebhook,
    AfterTheWebhook,
    WhileTheReminderFallsDue,
    WhilePersonaIsAsked,
    WhileTheNoticeIsDelivered,
    BeforeTheOutcomeIsWritten,
    AfterOpening,
    WhileThePersonFinishes,
    AfterFinishing,
}

const MOMENTS: [Moment; 9] = [
    Moment::BeforeTheWebhook,
    Moment::AfterTheWebhook,
    Moment::WhileTheReminderFallsDue,
    Moment::WhilePersonaIsAsked,
    Moment::WhileTheNoticeIsDelivered,
    Moment::BeforeTheOutcomeIsWritten,
    Moment::AfterOpening,
    Moment::WhileThePersonFinishes,
    Moment::AfterFinishing,
];

/// Processes at one time.
const AT_ONCE: usize = 9;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_any_point_on_sqlite() {
    told_at_every_moment(async || Some(sqlite().await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_any_point_on_postgres() {
    told_at_every_moment(postgres).await;
}

async fn told_at_every_moment(fresh: impl AsyncFn() -> Option<Scratch>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut stories = JoinSet::new();
    for (moment, end) in MOMENTS.into_iter().flat_map(|moment| [(moment, End::Hard), (moment, End::Soft)]) {
        let Some(scratch) = fresh().await else { return };
        let places = places.clone();
        stories.spawn(async move {
            let _place = places.acquire_owned().await.unwrap();
            told(&scratch, moment, end).await;
        });
    }
    while let Some(story) = stories.join_next().await {
        story.unwrap();
    }
}

async fn told(scratch: &Scratch, moment: Moment, end: End) {
    // Long before the second reminder all is over, and where the first must not come early it leaves time for an end.
    let reminders = if moment == Moment::WhileTheReminderFallsDue { r#"["5%", "50%"]"# } else { r#"["1%", "50%"]"# };
    let mut story = Story::begin(scratch, reminders, 240).await;
    let mut teller = Teller { end, moment, scratch };
    teller.created(&mut story).await;
    teller.reminded(&mut story).await;
    teller.finished(&mut story).await;

    // Longer than a lease, and than several looks for due work.
    tokio::time::sleep(Duration::from_secs(3)).await;
    teller.check(&story).await;
    story.rekindle.ask_to_stop();
    story.rekindle.stopped().await;
}

struct Teller<'a> {
    end: End,
    moment: Moment,
    scratch: &'a Scratch,
}

impl Teller<'_> {
    async fn created(&mut self, story: &mut Story) {
        match self.moment {
            Moment::BeforeTheWebhook => {
                self.end(story).await;
                story.create();
                eventually("Persona tries in vain", || async {
                    story.outside.persona.deliveries().iter().any(|delivery| delivery.attempts_made > 0).then_some(())
                })
                .await;
                story.rekindle.start().await;
                story.heard().await;
            }
            Moment::AfterTheWebhook => {
                story.create();
                story.heard().await;
                self.end(story).await;
                story.rekindle.start().await;
            }
            Moment::WhileTheReminderFallsDue => {
                story.create();
                story.heard().await;
                self.end(story).await;
                tokio::time::sleep(Duration::from_millis(12_500)).await;
                assert_eq!(story.outside.application.deliveries(), [], "nobody is there to remind");
                story.rekindle.start().await;
            }
            _ => {
                story.create();
                story.heard().await;
            }
        }
    }

    async fn reminded(&mut self, story: &mut Story) {
        match self.moment {
            Moment::WhilePersonaIsAsked => {
                story.outside.persona.set_faults(Faults { latency_ms: 1_500, ..Faults::default() });
                eventually("Persona is asked for a link", || async {
                    let asked = story.outside.persona.requests();
                    asked.iter().any(|request| request.path.ends_with("generate-one-time-link")).then_some(())
                })
                .await;
                self.begin_to_end(story).await;
                story.outside.persona.set_faults(Faults::default());
                self.end_and_start(story).await;
            }
            Moment::WhileTheNoticeIsDelivered => {
                self.until_a_notice_is_held(story).await;
                self.begin_to_end(story).await;
                story.outside.application.release();
                self.end_and_start(story).await;
            }
            Moment::BeforeTheOutcomeIsWritten => {
                self.until_a_notice_is_held(story).await;
                let lock = WriteLock::on(&self.scratch.url).await;
                story.outside.application.release();
                // The answer needs a moment to arrive; should it not, this is the moment before once more.
                tokio::time::sleep(Duration::from_millis(300)).await;
                self.begin_to_end(story).await;
                lock.release().await;
                self.end_and_start(story).await;
            }
            _ => {}
        }
        // Whatever was on its way twice is there now.
        eventually("the reminder is settled", || async {
            let done = ["actions", "list", "--state", "done"];
            (story.rekindle.list(&done).await.len() == 1).then_some(())
        })
        .await;
    }

    async fn finished(&mut self, story: &mut Story) {
        let notice = story.reminded().await;
        story.open(&notice.link);
        if self.moment == Moment::AfterOpening {
            story.heard().await;
            self.end(story).await;
            story.rekindle.start().await;
        }
        if self.moment == Moment::WhileThePersonFinishes {
            self.end(story).await;
            story.complete();
            tokio::time::sleep(Duration::from_millis(300)).await;
            story.rekindle.start().await;
        } else {
            story.complete();
        }
        story.heard().await;
        if self.moment == Moment::AfterFinishing {
            self.end(story).await;
            story.rekindle.start().await;
        }
    }

    /// One effective notice, one link in all its repeats, one mint, completed, silence.
    async fn check(&self, story: &Story) {
        let (moment, end) = (self.moment, self.end);
        let actions = story.at_rest().await;
        let deliveries = story.outside.application.deliveries();
        let first = &deliveries[0];
        assert!(
            deliveries.iter().all(|delivery| (&delivery.id, &delivery.link) == (&first.id, &first.link)),
            "{moment:?} {end:?}: one notice, always the same: {deliveries:?}"
        );
        let repeated = [Moment::WhileTheNoticeIsDelivered, Moment::BeforeTheOutcomeIsWritten].contains(&moment);
        let expected = if repeated && end == End::Hard { 2 } else { 1 };
        assert_eq!(deliveries.len(), expected, "{moment:?} {end:?}: {deliveries:?}");
        assert_eq!(story.outside.calls("generate-one-time-link"), 1, "{moment:?} {end:?}");
        assert_eq!(story.outside.persona.inquiry(&story.ada).unwrap().links.len(), 1, "{moment:?} {end:?}");

        let state = |state: &str| actions.iter().filter(|action| action["state"] == state).count();
        assert_eq!((state("done"), state("cancelled"), actions.len()), (1, 1, 2), "{moment:?} {end:?}: {actions:#?}");
        let events = story.rekindle.list(&["events", "list"]).await;
        assert_eq!(events.len(), story.outside.persona.events().len(), "{moment:?} {end:?}: {events:#?}");
        assert!(events.iter().all(|event| event["outcome"] == "applied" || event["outcome"] == "ignored"));
    }

    async fn end(&self, story: &mut Story) {
        self.begin_to_end(story).await;
        if self.end == End::Soft {
            story.rekindle.stopped().await;
        }
    }

    /// Ends the process, or asks it to end: what is under way may still need something to be able to.
    async fn begin_to_end(&self, story: &mut Story) {
        match self.end {
            End::Hard => story.rekindle.kill().await,
            End::Soft => story.rekindle.ask_to_stop(),
        }
    }

    async fn end_and_start(&self, story: &mut Story) {
        if self.end == End::Soft {
            story.rekindle.stopped().await;
        }
        story.rekindle.start().await;
    }

    async fn until_a_notice_is_held(&self, story: &Story) {
        story.outside.application.hold();
        eventually("a notice is under way", || async { story.outside.application.deliveries().pop() }).await;
    }
}
