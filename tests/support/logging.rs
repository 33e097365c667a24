//! Log lines as a test sees them.

use std::sync::Once;

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

/// Writes every log line of this thread, and the close of every span, until the guard is dropped.
///
/// Tests share a process, and tracing remembers for the whole process what nobody listens to; so somebody always does.
pub fn listen<W>(writer: W) -> DefaultGuard
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    static AWAKE: Once = Once::new();
    AWAKE.call_once(|| {
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
    });
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(writer)
        .finish();
    tracing::subscriber::set_default(subscriber)
}
