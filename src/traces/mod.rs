//! Traces, for those who ask for them: a delivery followed to what it planned, and an action through all its attempts.
//!
//! An action may be performed days after it was planned, by another process, so nothing of a trace is stored: an
//! action's trace has an id that follows from the action's own, and what planned it is linked with it, both ways.
//! Spans of this target cost nothing while nobody asks for traces; no log filter but one that names them shows them.

mod export;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use sha2::{Digest, Sha256};
use tracing::{Span, trace_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::domain::action::Planned;
use crate::domain::ids::ActionId;

pub use self::export::{Exporter, InvalidExport, TraceSettings, exporter, layer};

/// The target of spans that are made for traces alone.
pub const TARGET: &str = "rekindle::traces";

/// The trace of an action, and the span that all of its attempts have above them: the same in every process.
#[must_use]
pub fn of_action(id: &ActionId) -> SpanContext {
    let hash: [u8; 32] = Sha256::digest(format!("action/{id}")).into();
    let trace = TraceId::from_bytes(hash[..16].try_into().unwrap_or_default());
    let span = SpanId::from_bytes(hash[16..24].try_into().unwrap_or_default());
    SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::default())
}

/// Puts a span that was not entered yet into the trace of its action.
pub fn belongs_to(span: &Span, action: &ActionId) {
    if !span.is_disabled() && is_wanted() {
        let _ = span.set_parent(Context::new().with_remote_span_context(of_action(action)));
    }
}

/// Says what a span that was not entered yet comes from: it is the child of one span, and linked with several.
pub fn comes_from(span: &Span, causes: &[Span]) {
    if span.is_disabled() {
        return;
    }
    match causes {
        [one] => {
            let _ = span.set_parent(one.context());
        }
        several => {
            for cause in several {
                link(span, cause);
            }
        }
    }
}

/// Says that somebody waits for the work of a span, which has a trace of its own.
pub fn comes_with(span: &Span, waiting: &Span) {
    if !span.is_disabled() {
        link(span, waiting);
    }
}

/// Links two spans with each other.
fn link(one: &Span, other: &Span) {
    let (first, second) = (context(one), context(other));
    one.add_link(second);
    other.add_link(first);
}

/// Tells that these actions were planned, in their own traces, by whatever is under way.
pub fn planned<'a>(actions: impl Iterator<Item = &'a Planned>) {
    let cause = Span::current();
    for Planned { id, work, inquiry, environment, due_at, .. } in actions {
        let span = trace_span!(target: TARGET, parent: None, "app.plan.planned",
            action = %id, kind = %work.kind(), inquiry = %inquiry, environment = %environment, due_at = %due_at);
        if span.is_disabled() {
            return;
        }
        belongs_to(&span, id);
        link(&span, &cause);
    }
}

/// Whether anybody asked for traces.
fn is_wanted() -> bool {
    tracing::span_enabled!(target: TARGET, tracing::Level::TRACE)
}

fn context(span: &Span) -> SpanContext {
    span.context().span().span_context().clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_has_one_trace_wherever_it_is_asked_for() {
        let of = |id: &str| of_action(&ActionId::parse(id).unwrap());
        assert_eq!(of("0f3a"), of("0f3a"));
        assert_ne!(of("0f3a").trace_id(), of("0f3b").trace_id());
        assert!(of("0f3a").is_valid() && of("0f3a").is_remote());
    }

    #[test]
    fn nothing_happens_where_nobody_asks() {
        let span = trace_span!(target: TARGET, "test.span");
        assert!(span.is_disabled());
        belongs_to(&span, &ActionId::parse("0f3a").unwrap());
        comes_from(&span, &[Span::none(), Span::none()]);
        assert!(!context(&span).is_valid());
    }
}
