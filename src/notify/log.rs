//! The dry run: a line in the log instead of a notice.

use crate::domain::alert;
use crate::notify::Delivered;
use crate::notify::news::News;
use crate::notify::notice::{Alert, Invitation, Notice, Replaced};

/// Writes one line per notice and tells nobody: in a dry run an operator sees which reminders would go out when.
///
/// The line carries no link and no reference id: logs are read by more people than are let into an inquiry.
pub(super) fn deliver(notice: &Notice) -> Delivered {
    tracing::info!(
        environment = %notice.environment,
        inquiry = %notice.inquiry_id,
        step = %notice.step,
        status = %notice.status,
        deadline = %notice.deadline,
        "a reminder is due; this notifier is a dry run, so nobody was told"
    );
    Delivered::Logged
}

/// Writes one line per replacement and tells nobody.
pub(super) fn tell(news: &Replaced) -> Delivered {
    tracing::info!(
        environment = %news.environment,
        inquiry = %news.inquiry_id,
        replaced = %news.replaced_inquiry_id,
        cause = %news.cause,
        "an inquiry was replaced; this notifier is a dry run, so nobody was told"
    );
    Delivered::Logged
}

/// Writes one line per piece of news and tells nobody.
pub(super) fn publish(news: &News) -> Delivered {
    tracing::info!(
        environment = %news.environment,
        inquiry = %news.inquiry_id,
        topic = %news.news.topic(),
        "an application is to be told; this notifier is a dry run, so nobody was told"
    );
    Delivered::Logged
}

/// Writes one line per link that was asked for, without the link, and tells nobody.
pub(super) fn invite(invitation: &Invitation) -> Delivered {
    tracing::info!(
        environment = %invitation.environment,
        inquiry = %invitation.inquiry_id,
        "somebody asked for a new link; this notifier is a dry run, so nobody was told"
    );
    Delivered::Logged
}

/// Writes one line per alert.
pub(super) fn alert(told: &Alert) -> Delivered {
    let Alert { environment, name, summary, .. } = told;
    match told.news {
        alert::News::Firing => {
            tracing::warn!(%environment, alert = %name, since = %told.since, summary, "alert: it fires");
        }
        alert::News::Resolved => tracing::info!(%environment, alert = %name, since = %told.since, "alert: it is over"),
    }
    Delivered::Logged
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::notify::notice::example;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_dry_run_names_the_inquiry_but_never_the_way_in() {
        let lines = Lines::default();
        let written = lines.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || written.clone()).with_ansi(false).finish();
        let delivered = tracing::subscriber::with_default(subscriber, || deliver(&example()));
        assert_eq!(delivered, Delivered::Logged);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("a reminder is due") && text.contains("inq_Notice1") && text.contains("50%"), "{text}");
        assert!(!text.contains("code=") && !text.contains("customer-17"), "{text}");
    }
}
