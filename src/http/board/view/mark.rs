//! States as a word with a shape and a colour; never a colour alone.

use askama::Template;

/// A word with its shape.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r##"<span class="mark {{ tone }}"><svg aria-hidden="true"><use href="#s-{{ shape }}"/></svg>{{ word }}</span>"##
)]
pub struct Mark {
    /// `ok`, `warn`, `bad`, `live` or `idle`: the class that colours it.
    pub tone: &'static str,
    /// The name of a symbol in `templates/board/sprite.html`.
    pub shape: &'static str,
    /// What people read.
    pub word: String,
}

impl Mark {
    /// Any mark.
    pub fn new(tone: &'static str, shape: &'static str, word: impl Into<String>) -> Self {
        Self { tone, shape, word: word.into() }
    }

    /// It is well.
    pub fn ok(word: impl Into<String>) -> Self {
        Self::new("ok", "check", word)
    }

    /// Somebody should look.
    pub fn warn(word: impl Into<String>) -> Self {
        Self::new("warn", "triangle", word)
    }

    /// It went wrong.
    pub fn bad(word: impl Into<String>) -> Self {
        Self::new("bad", "cross", word)
    }

    /// The status of an inquiry, as Persona writes it.
    pub fn of_status(status: &str) -> Self {
        let (tone, shape) = match status {
            "created" => ("live", "ring"),
            "pending" => ("live", "half"),
            "expired" => ("warn", "clock"),
            "completed" | "approved" => ("ok", "check"),
            "failed" | "declined" => ("bad", "cross"),
            "needs_review" => ("warn", "diamond"),
            _ => ("idle", "square"),
        };
        Self::new(tone, shape, status.replace('_', " "))
    }

    /// The state of an action.
    pub fn of_state(state: &str) -> Self {
        let (tone, shape) = match state {
            "planned" => ("live", "clock"),
            "running" => ("live", "half"),
            "done" => ("ok", "check"),
            "failed" => ("bad", "cross"),
            _ => ("idle", "dash"),
        };
        let word = if state == "failed" { "dead letter" } else { state };
        Self::new(tone, shape, word)
    }

    /// What became of an event.
    pub fn of_outcome(outcome: Option<&str>) -> Self {
        let (tone, shape) = match outcome {
            Some("applied") => ("ok", "check"),
            Some("ignored" | "discarded") => ("idle", "dash"),
            Some("quarantined") => ("warn", "diamond"),
            Some("unreadable") => ("bad", "cross"),
            _ => ("live", "half"),
        };
        Self::new(tone, shape, outcome.unwrap_or("not settled yet"))
    }

    /// How an attempt ended.
    pub fn of_attempt(outcome: &str) -> Self {
        match outcome {
            "done" => Self::ok(outcome),
            "failed" | "gave_up" | "given_up" | "give_up" => Self::bad(outcome.replace('_', " ")),
            "retry" | "again" => Self::new("warn", "clock", outcome),
            other => Self::new("idle", "dash", other.replace('_', " ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_a_word_with_a_shape_and_no_markup_of_others() {
        let html = Mark::of_status("<b>on hold</b>").to_string();
        assert!(html.contains("#s-square") && html.contains("&#60;b&#62;on hold"), "{html}");
    }

    #[test]
    fn no_two_statuses_look_alike_without_colour_unless_they_mean_alike() {
        let shape = |status| Mark::of_status(status).shape;
        for pair in ["created", "pending", "expired", "completed", "failed", "needs_review"].windows(2) {
            assert_ne!(shape(pair[0]), shape(pair[1]));
        }
    }
}
