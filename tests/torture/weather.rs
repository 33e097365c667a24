//! How Persona is today: slow, failing, or fair, and never the same for long.

use rekindle::persona::simulator::{Failure, FailureKind, FailureMoment, Faults, Simulator};
use std::time::Duration;

use super::random::Random;

/// No failures; deliveries still come twice and in another order.
pub fn fair() -> Faults {
    Faults { deliveries_repeated_share: 0.05, deliveries_reordered: true, ..Faults::default() }
}

/// Changes it, for ever.
pub async fn change(seed: u64, persona: Simulator) {
    let mut random = Random::of(seed, "weather");
    loop {
        let kind = match random.within(0..3) {
            0 => FailureKind::Status(503),
            1 => FailureKind::Status(500),
            _ => FailureKind::ConnectionDropped,
        };
        let moment = if random.percent(50) { FailureMoment::BeforeActing } else { FailureMoment::AfterActing };
        let fail_share = if random.percent(40) { 0.0 } else { 0.08 };
        let latency_ms = random.within(0..120);
        let failure = Failure { kind, moment };
        persona.set_faults(Faults { latency_ms, fail_share, failure, ..fair() });
        tokio::time::sleep(Duration::from_millis(random.within(500..2_500))).await;
    }
}

pub fn clear(persona: &Simulator) {
    persona.set_faults(Faults { deliveries_reordered: true, ..Faults::default() });
}
