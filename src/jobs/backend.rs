//! apalis' view of the actions table: a stream of actions that are claimed already.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::RandomId;
use apalis_core::worker::context::WorkerContext;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tower::layer::util::Identity;

use crate::storage::actions::Claimed;

/// One claimed action with the slot it occupies until it is settled.
pub(super) struct Job {
    pub(super) claimed: Claimed,
    pub(super) slot: OwnedSemaphorePermit,
}

/// The receiving end. Shared, so that a restarted worker goes on where the last one stopped.
#[derive(Clone)]
pub(super) struct ClaimedActions(Arc<Mutex<mpsc::Receiver<Job>>>);

impl ClaimedActions {
    pub(super) fn channel(slots: usize) -> (mpsc::Sender<Job>, Self) {
        let (sender, receiver) = mpsc::channel(slots.max(1));
        (sender, Self(Arc::new(Mutex::new(receiver))))
    }
}

impl Backend for ClaimedActions {
    type Task = Task<Job>;
    type Error = Infallible;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    /// The channel registers the waker itself, so no wake-up is lost.
    fn poll_next(&mut self, cx: &mut Context<'_>, _: &WorkerContext) -> Poll<Option<Result<Self::Task, Infallible>>> {
        let mut receiver = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        receiver.poll_recv(cx).map(|job| job.map(|job| Ok(TaskBuilder::new(job).build())))
    }

    fn poll_close(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for ClaimedActions {
    type Args = Job;
    type Id = RandomId;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = Identity;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Identity {
        Identity::new()
    }
}
