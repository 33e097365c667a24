//! The end of the story in numbers, counted from what Rekindle and the mailbox hold, not from the lines told.

use super::cast::Character;
use super::line::{Style, Tone};
use super::stage::Stage;
use super::verdict::Outcome;
use super::watcher::{self, Snapshot};
use crate::domain::action::State;
use crate::storage::StorageError;

/// What it all came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    people: usize,
    inquiries: usize,
    deliveries: u32,
    duplicates: u32,
    late: usize,
    reminders: usize,
    came_back: Vec<&'static str>,
    by_themselves: Vec<&'static str>,
    failed: Vec<&'static str>,
    stayed_away: Vec<&'static str>,
    left_outside: Vec<&'static str>,
    troubled: usize,
}

impl Summary {
    /// Counts.
    pub(super) async fn of(stage: &Stage, outcomes: &[Outcome]) -> Result<Self, StorageError> {
        Ok(Self::count(&Snapshot::take(stage.app()).await?, outcomes))
    }

    fn count(rekindle: &Snapshot, outcomes: &[Outcome]) -> Self {
        let deliveries = rekindle.events.iter().map(|event| event.deliveries).sum();
        let mut summary = Self {
            people: outcomes.len(),
            inquiries: rekindle.inquiries.len(),
            deliveries,
            duplicates: deliveries - u32::try_from(rekindle.events.len()).unwrap_or(deliveries),
            late: rekindle.events.iter().filter(|event| watcher::came_late(event)).count(),
            reminders: rekindle.actions.iter().filter(|action| action.state == State::Done).count(),
            troubled: outcomes.iter().map(Outcome::troubled_when_done).sum(),
            ..Self::default()
        };
        for outcome in outcomes {
            let list = match outcome.story.person.character {
                Character::Fails => &mut summary.failed,
                Character::NeverComesBack => &mut summary.stayed_away,
                _ if !outcome.got_through() => &mut summary.left_outside,
                _ if outcome.story.came_back => &mut summary.came_back,
                _ => &mut summary.by_themselves,
            };
            list.push(outcome.story.person.name);
        }
        summary
    }

    /// The summary, and the verdict with every complaint.
    pub(super) fn text(&self, complaints: &[String], style: Style) -> String {
        let mut lines = vec![style.painted("1", "SUMMARY")];
        let mut row = |label: &str, count: String, note: &str| {
            let note = if note.is_empty() { String::new() } else { format!("  {}", style.painted("2", note)) };
            lines.push(format!("  {label:<24}{count:>4}{note}"));
        };
        row("people", self.people.to_string(), "");
        row("inquiries", self.inquiries.to_string(), "");
        let of_them = format!("duplicates: {}, late: {}; each event is stored once", self.duplicates, self.late);
        row("deliveries taken", self.deliveries.to_string(), &of_them);
        row("reminders sent", self.reminders.to_string(), "each with a fresh one-time link");
        for (label, names) in [
            ("back by a reminder", &self.came_back),
            ("finished by themselves", &self.by_themselves),
            ("failed the check", &self.failed),
            ("never wanted to finish", &self.stayed_away),
            ("left outside", &self.left_outside),
        ] {
            if !names.is_empty() || label == "left outside" {
                row(label, names.len().to_string(), &names.join(", "));
            }
        }
        row("reminded when done", self.troubled.to_string(), "nobody is troubled for nothing");
        lines.push(String::new());
        if complaints.is_empty() {
            lines.push(
                style.toned(Tone::Good, "Everyone who wanted to finish got in, and nobody who was done was troubled."),
            );
        } else {
            lines.push(style.toned(Tone::Bad, "It did not end well:"));
            lines.extend(complaints.iter().map(|complaint| format!("  {complaint}")));
            lines.push("On a machine that is busy or slow, give it more time: --seconds 120".to_owned());
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::super::cast::cast;
    use super::super::people::Story;
    use super::super::verdict::Ended;
    use super::*;
    use crate::domain::status::Status;
    use crate::domain::time::Timestamp;

    /// The first six people, each reminded once, with an inquiry that ended so.
    fn outcomes(statuses: [Status; 6]) -> Vec<Outcome> {
        let done = Timestamp::from_second(100);
        let outcome = |(person, status): (_, Status)| Outcome {
            reminded_at: vec![done.minus(jiff::SignedDuration::from_secs(9))],
            story: Story {
                person,
                done_at: status.is_over().then_some(done),
                came_back: true,
                locked_out: None,
                trouble: None,
            },
            inquiries: vec![Ended { at_persona: status.clone(), in_rekindle: Some(status) }],
        };
        cast(6).into_iter().zip(statuses).map(outcome).collect()
    }

    #[test]
    fn who_stayed_outside_is_named_and_so_is_every_complaint() {
        let through = Status::Completed;
        let mut outcomes =
            outcomes([through.clone(), through.clone(), Status::Pending, Status::Expired, through.clone(), through]);
        outcomes[1].story.came_back = false;
        outcomes[4].reminded_at.push(Timestamp::from_second(500));
        let empty = Snapshot {
            taken_at: Timestamp::from_second(0),
            events: Vec::new(),
            actions: Vec::new(),
            inquiries: Vec::new(),
        };
        let summary = Summary::count(&empty, &outcomes);
        let text = summary.text(&["Chidi: no way in".to_owned()], Style::plain());
        for row in [
            "  back by a reminder         3  Ada, Emre, Farah",
            "  finished by themselves     1  Bo",
            "  never wanted to finish     1  Dara",
            "  left outside               1  Chidi",
            "  reminded when done         1",
            "It did not end well:\n  Chidi: no way in",
        ] {
            assert!(text.contains(row), "{row:?} is missing in:\n{text}");
        }
        let well = summary.text(&[], Style::plain());
        assert!(well.ends_with("nobody who was done was troubled."), "{well}");
    }
}
