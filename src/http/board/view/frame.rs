//! What stands around every page: places, who reads it, its colours.

/// What stands around a page.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// What the page is.
    pub title: String,
    /// Where in the house it is.
    pub place: Place,
    /// Who reads it.
    pub operator: Option<Operator>,
    /// The token every form carries.
    pub csrf: String,
    /// Colours.
    pub theme: Theme,
    /// Its own address.
    pub here: String,
    /// Every so many seconds it is asked for again; 0 for never.
    pub live: u32,
    /// What came of the last act.
    pub said: Option<Said>,
    /// Where the stylesheet is.
    pub style: &'static str,
    /// Where the script is.
    pub script: &'static str,
}

/// Who reads a page.
#[derive(Debug, Clone, Default)]
pub struct Operator {
    /// As they signed in.
    pub name: String,
    /// Their role.
    pub role: String,
    /// The one environment they see, where they are bound to one.
    pub environment: Option<String>,
    /// Whether they may see the audit.
    pub audits: bool,
    /// Whether they may see the settings.
    pub administers: bool,
}

/// What came of an act.
#[derive(Debug, Clone)]
pub struct Said {
    /// The class that colours it.
    pub tone: &'static str,
    /// Its shape.
    pub shape: &'static str,
    /// What people read.
    pub text: String,
}

/// Colours, as somebody chose them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// A place in the house.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Place {
    /// The first page.
    #[default]
    Overview,
    /// Inquiries.
    Inquiries,
    /// Actions.
    Actions,
    /// Events.
    Events,
    /// Many things done again.
    Replays,
    /// What was kept aside or refused.
    Quarantine,
    /// What is wrong, and who was told.
    Alerts,
    /// Templates.
    Templates,
    /// What came of reminding.
    Report,
    /// Lanes.
    Lanes,
    /// What operators did.
    Audit,
    /// The configuration.
    Settings,
    /// None of them.
    Nowhere,
}

/// A place as the navigation shows it.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its name.
    pub name: &'static str,
    /// Where it is.
    pub href: &'static str,
    /// Whether the page is there.
    pub here: bool,
    /// Whether a gap stands before it.
    pub apart: bool,
}

const PLACES: &[(Place, &str, &str)] = &[
    (Place::Overview, "Overview", "/"),
    (Place::Inquiries, "Inquiries", "/inquiries"),
    (Place::Actions, "Actions", "/actions"),
    (Place::Events, "Events", "/events"),
    (Place::Replays, "Replays", "/replays"),
    (Place::Alerts, "Alerts", "/alerts"),
    (Place::Quarantine, "Quarantine", "/quarantine"),
    (Place::Templates, "Templates", "/templates"),
    (Place::Report, "Does it help?", "/report"),
    (Place::Lanes, "Lanes and limits", "/lanes"),
    (Place::Audit, "Audit", "/audit"),
    (Place::Settings, "Settings", "/settings"),
];

impl Frame {
    /// The places of the navigation.
    pub fn places(&self) -> Vec<Link> {
        let seen = |place| match (place, &self.operator) {
            (Place::Audit, Some(operator)) => operator.audits,
            (Place::Settings, Some(operator)) => operator.administers,
            (_, operator) => operator.is_some(),
        };
        let link = |(place, name, href)| {
            let apart = matches!(place, Place::Alerts | Place::Audit);
            Link { name, href, here: place == self.place, apart }
        };
        PLACES.iter().copied().filter(|(place, ..)| seen(*place)).map(link).collect()
    }
}

impl Theme {
    /// Reads what [`Theme::as_str`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::System, Self::Light, Self::Dark].into_iter().find(|theme| theme.as_str() == text)
    }

    /// As text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// As people read it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    /// What the toggle leads to.
    pub const fn next(self) -> Self {
        match self {
            Self::System => Self::Dark,
            Self::Dark => Self::Light,
            Self::Light => Self::System,
        }
    }

    /// The scheme, where it is not the system's.
    pub fn fixed(self) -> Option<&'static str> {
        (self != Self::System).then_some(self.as_str())
    }
}
