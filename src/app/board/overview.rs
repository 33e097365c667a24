//! The first thing to look at: what needs somebody, what flows, what is open, what comes, and what came of it.

use jiff::SignedDuration;

use crate::app::board::{Attention, Board, Capped, Period, StorageError, Totals};
use crate::domain::action::Kind;
use crate::domain::ids::EnvironmentName;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::storage::inquiries::Span;

/// Everything on the first page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// When it was read, by our clock.
    pub at: Timestamp,
    /// What needs somebody first; empty in a good hour.
    pub attention: Attention,
    /// Inquiries by environment and status, in the order a verification takes.
    pub statuses: Vec<OpenByStatus>,
    /// Open inquiries by the time that is left to their deadline.
    pub deadlines: Vec<OpenByDeadline>,
    /// Planned work by kind and the time until it is due.
    pub due: Vec<DueSoon>,
    /// What happened in the last 24 hours.
    pub day: Totals,
    /// What happened in the last 30 days.
    pub month: Totals,
}

/// How many inquiries have a status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenByStatus {
    /// Their environment.
    pub environment: EnvironmentName,
    /// The status.
    pub status: Status,
    /// How many.
    pub count: Capped,
}

/// How many open inquiries have so much time left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenByDeadline {
    /// Their environment.
    pub environment: EnvironmentName,
    /// From so long from now; `None`: however long ago.
    pub from: Option<SignedDuration>,
    /// To so long from now, 0 for those whose deadline has passed; `None`: however long.
    pub to: Option<SignedDuration>,
    /// How many.
    pub count: Capped,
}

/// How much planned work is due within a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueSoon {
    /// Its environment.
    pub environment: EnvironmentName,
    /// Its kind.
    pub kind: Kind,
    /// From so long from now; `None`: however long ago.
    pub from: Option<SignedDuration>,
    /// To so long from now, 0 for what is due already; `None`: however long.
    pub to: Option<SignedDuration>,
    /// How much.
    pub count: Capped,
}

/// What is left to a deadline, or until work is due: the ends of the parts, in hours.
const HOURS: [i64; 4] = [1, 6, 24, 72];

/// As far back and ahead as times go that databases can keep.
const EVER: SignedDuration = SignedDuration::from_hours(24 * 365 * 200);

/// Persona's statuses in the order a verification takes.
const STATUSES: [Status; 8] = [
    Status::Created,
    Status::Pending,
    Status::Expired,
    Status::Failed,
    Status::Completed,
    Status::NeedsReview,
    Status::Declined,
    Status::Approved,
];

impl Board {
    /// Everything on the first page.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn overview(&self) -> Result<Overview, StorageError> {
        let at = self.app.clock().now();
        let (mut statuses, mut deadlines, mut due) = (Vec::new(), Vec::new(), Vec::new());
        let mut tx = self.app.database().read().await?;
        let parts = parts();
        for environment in self.environments() {
            let words: Vec<&str> = STATUSES.iter().map(Status::as_str).collect();
            let counts = tx.count_by_status(&environment, &words).await?;
            let by_status = STATUSES.into_iter().zip(counts).filter(|(_, count)| !count.is_zero());
            let environment_of = |(status, count)| OpenByStatus { environment: environment.clone(), status, count };
            statuses.extend(by_status.map(environment_of));
            let spans: Vec<Span> = parts.iter().map(|part| span(*part, at)).collect();
            let counts = tx.count_by_deadline(&environment, &spans).await?;
            deadlines.extend(parts.iter().zip(counts).map(|((from, to), count)| OpenByDeadline {
                environment: environment.clone(),
                from: *from,
                to: *to,
                count,
            }));
            let wanted: Vec<(Kind, Part)> =
                Kind::ALL.into_iter().flat_map(|kind| parts.iter().map(move |part| (kind, *part))).collect();
            let spans: Vec<(Kind, Span)> = wanted.iter().map(|(kind, part)| (*kind, span(*part, at))).collect();
            let counts = tx.count_due(&environment, &spans).await?;
            let planned = wanted.into_iter().zip(counts).filter(|(_, count)| !count.is_zero());
            due.extend(planned.map(|((kind, (from, to)), count)| DueSoon {
                environment: environment.clone(),
                kind,
                from,
                to,
                count,
            }));
        }
        drop(tx);
        let hour = Period::Hour.beginning(at);
        let back = |hours| hour.minus(SignedDuration::from_hours(hours));
        let end = hour.plus(SignedDuration::from_hours(1));
        let (day, month) = (self.totals(back(23), end).await?, self.totals(back(30 * 24 - 1), end).await?);
        Ok(Overview { at, attention: self.attention().await?, statuses, deadlines, due, day, month })
    }
}

/// From so long from now to so long from now.
type Part = (Option<SignedDuration>, Option<SignedDuration>);

/// The parts that the time ahead is looked at in: what has passed, and then from one end to the next.
fn parts() -> Vec<Part> {
    let ends: Vec<SignedDuration> = HOURS.into_iter().map(SignedDuration::from_hours).collect();
    let begins = [SignedDuration::ZERO].into_iter().chain(ends.iter().copied());
    let parts = begins.zip(ends.iter().copied().map(Some).chain([None])).map(|(from, to)| (Some(from), to));
    [(None, Some(SignedDuration::ZERO))].into_iter().chain(parts).collect()
}

fn span((from, to): Part, now: Timestamp) -> Span {
    let from = from.map_or(now.minus(EVER), |from| now.plus(from));
    (from, to.map_or(now.plus(EVER), |to| now.plus(to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_lies_in_one_part() {
        let now = Timestamp::from_second(1_767_225_600);
        let spans: Vec<Span> = parts().into_iter().map(|part| span(part, now)).collect();
        assert_eq!(spans.len(), HOURS.len() + 2);
        assert_eq!(spans[0].1, now);
        for pair in spans.windows(2) {
            assert_eq!(pair[0].1, pair[1].0, "no gap and no overlap");
        }
    }
}
