//! Deliberate defects, for proving that the crash harness finds them: see `docs/reliability.md`.
//!
//! Only a build with the feature `sabotage` holds any, and only the one that `SABOTAGE` names is at work; in
//! every other build the functions here are constants. This is the only file that knows the feature.

/// Whether deliveries are answered first and committed a moment later (`answer-first`).
#[cfg(not(feature = "sabotage"))]
pub const fn answers_first() -> bool {
    false
}

/// Does a moment later what should have been done before the answer.
#[cfg(not(feature = "sabotage"))]
pub fn answer_first(_later: impl Future<Output = ()> + Send + 'static) {}

/// A statement on leases as it is run (`unfenced`: claims take what runs already, and settles ask for no lease).
#[cfg(not(feature = "sabotage"))]
pub(super) const fn unfenced(statement: &'static str) -> &'static str {
    statement
}

#[cfg(feature = "sabotage")]
pub(super) use defects::unfenced;
#[cfg(feature = "sabotage")]
pub use defects::{answer_first, answers_first};

#[cfg(feature = "sabotage")]
mod defects {
    use std::collections::HashMap;
    use std::sync::{LazyLock, Mutex, PoisonError};
    use std::time::Duration;

    const A_MOMENT: Duration = Duration::from_millis(300);

    static CHOSEN: LazyLock<Option<String>> = LazyLock::new(|| {
        let chosen = std::env::var("SABOTAGE").ok();
        tracing::error!(defect = chosen.as_deref(), "this build can be broken on purpose: it is for tests alone");
        chosen
    });

    /// See the other build's.
    pub fn answers_first() -> bool {
        CHOSEN.as_deref() == Some("answer-first")
    }

    /// See the other build's.
    pub fn answer_first(later: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(async move {
            tokio::time::sleep(A_MOMENT).await;
            later.await;
        });
    }

    /// See the other build's. A statement that no longer reads as it did when this was written is a defect of this.
    pub fn unfenced(statement: &'static str) -> &'static str {
        static BROKEN: LazyLock<Mutex<HashMap<&'static str, &'static str>>> = LazyLock::new(Mutex::default);
        if CHOSEN.as_deref() != Some("unfenced") {
            return statement;
        }
        let broken = || -> &'static str {
            let text = statement
                .replace("INDEXED BY actions_due", "")
                .replace("state = 'planned' AND due_at <= $3", "state IN ('planned', 'running') AND due_at <= $3")
                .replace("AND actions.lease_token = ended.token", "")
                .replace("AND actions.lease_until IS NOT NULL", "")
                .replace("AND held.lease_until IS NOT NULL", "");
            assert_ne!(text, statement, "nothing of this statement was broken");
            Box::leak(text.into_boxed_str())
        };
        BROKEN.lock().unwrap_or_else(PoisonError::into_inner).entry(statement).or_insert_with(broken)
    }
}
