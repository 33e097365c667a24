//! The first page: what needs a person, then what flows, what is open, what comes and what came of it.

use askama::Template;

use super::chart::Columns;
use super::frame::Frame;
use super::mark::Mark;
use super::replays::Again;
use super::when::When;

/// The first page.
#[derive(Debug, Clone, Template)]
#[template(path = "board/overview.html")]
pub struct Overview {
    /// What stands around it.
    pub frame: Frame,
    /// The environments there are to look at, when there are several.
    pub environments: Vec<Tab>,
    /// What needs a person, the most pressing first.
    pub needs: Vec<Need>,
    /// What flowed in the last day.
    pub flow: Vec<Figure>,
    /// Deliveries by hour.
    pub deliveries: Columns,
    /// Inquiries by status.
    pub statuses: Vec<Bar>,
    /// Open inquiries by the time that is left.
    pub deadlines: Vec<Bar>,
    /// What is due, by kind.
    pub due: Vec<Due>,
    /// The columns of what is due.
    pub spans: Vec<String>,
    /// What came of it.
    pub outcome: Vec<Figure>,
    /// People who finished, by day.
    pub finished: Columns,
    /// How each environment does.
    pub health: Vec<Health>,
}

/// A way to narrow a page.
#[derive(Debug, Clone)]
pub struct Tab {
    /// What people read.
    pub name: String,
    /// Where it leads.
    pub href: String,
    /// Whether the page is there.
    pub here: bool,
}

/// Something that needs a person.
#[derive(Debug, Clone)]
pub struct Need {
    /// Unique on the page, and the same the next time.
    pub id: String,
    /// How pressing, as a word with a shape.
    pub mark: Mark,
    /// What it is.
    pub what: String,
    /// Why, and what helps.
    pub why: String,
    /// When it last happened.
    pub when: Option<When>,
    /// Where it is looked at.
    pub href: String,
    /// What the button says.
    pub go: &'static str,
    /// Looks at what it would mean to try all of it again.
    pub again: Option<Again>,
}

/// A number and what it counts.
#[derive(Debug, Clone)]
pub struct Figure {
    /// What it counts.
    pub name: &'static str,
    /// The number.
    pub value: String,
    /// More about it.
    pub small: String,
}

/// A number beside others.
#[derive(Debug, Clone)]
pub struct Bar {
    /// What it counts.
    pub mark: Mark,
    /// Where its rows are.
    pub href: String,
    /// The number.
    pub value: String,
    /// How much of the rail it takes.
    pub share: String,
    /// The class of its colour.
    pub class: &'static str,
}

/// Work of a kind that is due.
#[derive(Debug, Clone)]
pub struct Due {
    /// The kind.
    pub kind: String,
    /// Where its actions are.
    pub href: String,
    /// How much in each span.
    pub counts: Vec<String>,
}

/// How an environment does.
#[derive(Debug, Clone)]
pub struct Health {
    /// Its name.
    pub name: String,
    /// Whether what is planned is performed.
    pub mode: Mark,
    /// When a delivery last came.
    pub delivery: Option<When>,
    /// How far reconciliation is.
    pub reconciled: Option<When>,
    /// Its trouble.
    pub trouble: Option<String>,
    /// What may still be asked of Persona.
    pub budget: String,
}
