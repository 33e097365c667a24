//! What the operator's customers are told: how their person stands, and nothing of the operator or of others.

use super::{Answer, By, Cause, Diagnosis, Help};

impl Diagnosis {
    /// The diagnosis without what is the operator's alone: who paused or muted what and why, what is configured, how
    /// much others ask of Persona, what went wrong there, and what was tried.
    #[must_use]
    pub fn for_customers(mut self) -> Self {
        let errors: Vec<String> = self.causes.iter().filter_map(error_of).collect();
        self.evidence.retain(|one| one.by != By::Operator && !errors.contains(&one.what));
        self.causes = self.causes.into_iter().filter_map(outside).collect();
        self.help.retain(|help| matches!(help, Help::LetIn | Help::Nothing | Help::MakeAnother));
        if self.answer == Answer::NotNow {
            self.help.push(Help::Wait { until: None });
        }
        if self.help.is_empty() {
            let help = if self.answer == Answer::No { Help::AskOperator } else { Help::Nothing };
            self.help.push(help);
        }
        self.actions.clear();
        self.quiet = None;
        self
    }
}

fn error_of(cause: &Cause) -> Option<String> {
    match cause {
        Cause::Unreachable { error, .. } => Some(error.clone()),
        _ => None,
    }
}

/// A cause in words for customers; `None` where it keeps nobody out.
fn outside(cause: Cause) -> Option<Cause> {
    match cause {
        Cause::Muted | Cause::HeldOut | Cause::Suppressed { .. } | Cause::NoMoment { .. } | Cause::LanePaused(_) => {
            None
        }
        Cause::Observing | Cause::NoKey | Cause::NotConfigured => Some(Cause::Operator),
        Cause::BudgetSpent { .. } | Cause::Unreachable { .. } => Some(Cause::Busy),
        other => Some(other),
    }
}
