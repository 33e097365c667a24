//! Lanes that are paused, resumed and put in order, and what only one process does at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rekindle::app::lanes::LaneChange;
use rekindle::domain::action::{Kind, State};

use super::hall::{Hall, Play, Seen, app, environment};
use crate::support::{on_both, operator};

on_both! {
    /// A paused lane is left alone by workers that run already; what is under way ends; resumed, it goes on.
    async fn a_paused_lane_is_left_alone_until_it_is_resumed(scratch: &Scratch) {
        let hall = Hall::new(&scratch.url, Play::For(Duration::from_millis(300))).await;
        hall.plan(40, 3).await;
        let worker = hall.start("concurrency = 2\npoll_interval_ms = 50").await;
        hall.wait_for("some are done", async || hall.players.total().ended >= 2).await;
        let change = async |change, reason: &str| {
            hall.app.change_lane(&environment(), Kind::Remind, change, &operator("ada"), reason).await.unwrap()
        };
        change(LaneChange::Pause, "the application moves").await;
        hall.until(State::Running, 0).await;
        let begun = hall.players.total().begun;
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(hall.players.total(), Seen { begun, ended: begun, stopped: 0 });
        assert!(begun < 40);
        let (_, setting) = hall.app.lane_settings().await.unwrap().remove(0);
        let setting = setting.unwrap();
        assert_eq!(
            (setting.paused, &*setting.changed_by, &*setting.reason),
            (true, "cli:ada", "the application moves")
        );
        assert_eq!(hall.app.next_due().await.unwrap(), None, "nobody has a reason to look again and again");

        change(LaneChange::Priority(3), "it is urgent").await;
        let resumed = change(LaneChange::Resume, "it has moved").await;
        assert_eq!((resumed.paused, resumed.priority), (false, 3), "one change leaves the other as it was");
        hall.until(State::Done, 40).await;
        worker.stop().await;
    }

    /// Of several processes one does it; when it dies another one does.
    async fn what_one_process_does_is_done_by_one_at_a_time(scratch: &Scratch) {
        let (begun, at_once) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let mut processes = Vec::new();
        for _ in 0..3 {
            let (app, _) = app(&scratch.url, "").await;
            let (begun, at_once) = (begun.clone(), at_once.clone());
            processes.push(tokio::spawn(async move {
                app.singly("sweep", async |_| {
                    begun.fetch_add(1, Ordering::SeqCst);
                    let _here = Here::come(&at_once);
                    std::future::pending::<()>().await;
                })
                .await;
            }));
        }
        let until = async |count| {
            let waiting = async {
                while begun.load(Ordering::SeqCst) < count {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            tokio::time::timeout(Duration::from_mins(1), waiting).await.unwrap();
        };
        until(1).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(begun.load(Ordering::SeqCst), 1);
        // Who has it dies without a word; which one that is shows in who is left.
        for process in processes {
            let before = begun.load(Ordering::SeqCst);
            let others_left = at_once.load(Ordering::SeqCst);
            assert_eq!(others_left, 1);
            process.abort();
            let _ = process.await;
            if at_once.load(Ordering::SeqCst) == 0 && before < 3 {
                until(before + 1).await;
            }
            if at_once.load(Ordering::SeqCst) == 0 {
                break;
            }
        }
    }
}

/// Counts who is here.
struct Here<'a>(&'a AtomicU32);

impl<'a> Here<'a> {
    fn come(at_once: &'a AtomicU32) -> Self {
        assert_eq!(at_once.fetch_add(1, Ordering::SeqCst), 0, "two at a time");
        Self(at_once)
    }
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
