//! One line of the story: when, who, what, in words that fit a terminal of 100 columns.

use std::io::IsTerminal;

use tokio::sync::mpsc::UnboundedSender;

use crate::clock::Clock;
use crate::domain::time::Timestamp;

/// Columns before the text: time, name, mark and verb.
const BEFORE_TEXT: usize = 30;

/// The widest line.
pub(super) const COLUMNS: usize = 100;

/// One thing that happened. No link, code or token ever stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// When.
    pub(super) at: Timestamp,
    /// To whom.
    pub(super) name: String,
    /// Who did it.
    pub(super) side: Side,
    /// What it was, in a word or two.
    pub(super) verb: &'static str,
    /// How it feels.
    pub(super) tone: Tone,
    /// What it was.
    pub(super) text: String,
}

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// A person, the application or Persona.
    People,
    /// Rekindle.
    Rekindle,
}

/// How something feels; a colour on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Goes its way.
    Plain,
    /// Someone is helped.
    Good,
    /// Someone is stuck.
    Bad,
    /// Nothing came of it.
    Quiet,
}

/// How lines are painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    colours: bool,
}

/// By which people tell what they do.
#[derive(Debug, Clone)]
pub(super) struct Voice {
    clock: Clock,
    lines: UnboundedSender<Line>,
}

impl Voice {
    pub(super) const fn new(clock: Clock, lines: UnboundedSender<Line>) -> Self {
        Self { clock, lines }
    }

    /// Tells what someone did just now, and gives the time.
    pub(super) fn say(&self, name: &str, verb: &'static str, tone: Tone, text: impl Into<String>) -> Timestamp {
        let at = self.clock.now();
        let line = Line { at, name: name.to_owned(), side: Side::People, verb, tone, text: text.into() };
        // Nobody listens any more once the story was broken off.
        let _ = self.lines.send(line);
        at
    }
}

impl Style {
    /// In colours on a terminal, unless `NO_COLOR` (<https://no-color.org>) asks for none.
    pub(super) fn of_terminal() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colours: std::io::stdout().is_terminal() && !unwanted }
    }

    #[cfg(test)]
    pub(super) const fn plain() -> Self {
        Self { colours: false }
    }

    /// The text in a colour, by its SGR code.
    pub(super) fn painted(self, code: &str, text: &str) -> String {
        if self.colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// In the colour of what feels so.
    pub(super) fn toned(self, tone: Tone, text: &str) -> String {
        match tone {
            Tone::Plain => text.to_owned(),
            Tone::Good => self.painted("32", text),
            Tone::Bad => self.painted("33", text),
            Tone::Quiet => self.painted("2", text),
        }
    }
}

impl Line {
    /// The line as it is printed; times count from `start`.
    pub(super) fn written(&self, start: Timestamp, style: Style) -> String {
        let tenths = self.at.since(start).as_millis().max(0) / 100;
        let time = format!("{:>5}s", format!("{}.{}", tenths / 10, tenths % 10));
        let name = format!("{:<6}", self.name);
        let mark = if self.side == Side::Rekindle { ">" } else { " " };
        let verb = format!("{:<10}", self.verb);
        let (mark, verb) = match (self.side, self.tone) {
            (Side::Rekindle, Tone::Plain | Tone::Good) => (style.painted("36", mark), style.painted("1;36", &verb)),
            (_, Tone::Plain) => (mark.to_owned(), style.painted("1", &verb)),
            (_, tone) => (mark.to_owned(), style.toned(tone, &verb)),
        };
        let text = style.toned(self.tone, &clipped(&self.text, COLUMNS - BEFORE_TEXT));
        format!("{}  {}  {mark} {verb}  {text}", style.painted("2", &time), style.painted("1", &name))
    }
}

fn clipped(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let kept: String = text.chars().take(columns - 3).collect();
    format!("{kept}...")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line {
            at: Timestamp::from_micros(104_250_000),
            name: "Bo".to_owned(),
            side: Side::Rekindle,
            verb: "reminded",
            tone: Tone::Good,
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_line_says_when_who_and_what() {
        let written = line("40 % of the time is gone").written(Timestamp::from_second(100), Style::plain());
        assert_eq!(written, "  4.2s  Bo      > reminded    40 % of the time is gone");
        assert_eq!(written.find("40 %"), Some(BEFORE_TEXT));
    }

    #[test]
    fn a_long_line_is_cut_to_the_terminal() {
        let written = line(&"x".repeat(200)).written(Timestamp::from_second(0), Style::plain());
        assert_eq!(written.chars().count(), COLUMNS);
        assert!(written.ends_with("x..."));
    }

    #[test]
    fn colours_are_only_there_where_they_are_wanted() {
        let start = Timestamp::from_second(100);
        assert!(!line("x").written(start, Style::plain()).contains('\u{1b}'));
        assert!(line("x").written(start, Style { colours: true }).contains("\u{1b}[32mx\u{1b}[0m"));
    }
}
