//! Charts as SVG, made by hand: chart libraries write fixed colours into the shapes, which one theme can't read and a
//! strict policy for styles leaves no way to change, and no titles for screen readers. Here classes carry the colours,
//! and every chart says in words what it shows.

use askama::Template;

/// Columns over time, each of two parts that stand on each other.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "board/columns.html")]
pub struct Columns {
    id: &'static str,
    /// What it shows, in a sentence.
    said: String,
    names: [&'static str; 2],
    stacks: Vec<Column>,
    most: u64,
    first: String,
    last: String,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    said: String,
    x: String,
    width: String,
    lower: (String, String),
    upper: (String, String),
}

/// One period: its name and the numbers of the lower and the upper part.
pub type Period = (String, u64, u64);

const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 120.0;

impl Columns {
    /// Columns for these periods. `said` is what the chart shows; `names` those of the lower and the upper part.
    pub fn of(id: &'static str, said: impl Into<String>, names: [&'static str; 2], periods: &[Period]) -> Self {
        let most = periods.iter().map(|(_, lower, upper)| lower + upper).max().unwrap_or(0);
        let step = WIDTH / count(periods.len().max(1));
        let width = (step * 0.72).min(26.0);
        let height = |n: u64| if most == 0 { 0.0 } else { HEIGHT * number(n) / number(most) };
        let columns = periods.iter().enumerate().map(|(at, (name, lower, upper))| {
            // What is there can be seen.
            let seen = |n: u64| if n == 0 { 0.0 } else { height(n).max(1.5) };
            let (low, up) = (seen(*lower), seen(*upper));
            Column {
                said: format!("{name}: {lower} {}, {upper} {}", names[0], names[1]),
                x: px(step * count(at) + (step - width) / 2.0),
                width: px(width),
                lower: (px(HEIGHT - low), px(low)),
                upper: (px((HEIGHT - low - up).max(0.0)), px(up)),
            }
        });
        let stacks = columns.collect();
        let name = |period: Option<&Period>| period.map(|(name, ..)| name.clone()).unwrap_or_default();
        let (first, last) = (name(periods.first()), name(periods.last()));
        Self { id, said: said.into(), names, stacks, most, first, last }
    }

    /// Whether there is nothing to be seen.
    pub const fn is_empty(&self) -> bool {
        self.most == 0
    }
}

/// How much of its rail a bar takes, as SVG wants it.
pub fn share(of: u64, most: u64) -> String {
    if of == 0 || most == 0 {
        return "0".to_owned();
    }
    format!("{:.1}%", (number(of) / number(most) * 100.0).clamp(1.0, 100.0))
}

fn px(n: f64) -> String {
    format!("{n:.1}")
}

/// A picture needs no more than 32 bits of it.
fn number(n: u64) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

fn count(n: usize) -> f64 {
    number(n.try_into().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_on_each_other_and_say_what_they_are() {
        let periods = [("Mon".to_owned(), 3, 1), ("Tue".to_owned(), 0, 0)];
        let html = Columns::of("c", "People who finished", ["alone", "came back"], &periods).to_string();
        assert!(html.contains("<title id=\"c-title\">People who finished</title>"), "{html}");
        assert!(html.contains("<title>Mon: 3 alone, 1 came back</title>"), "{html}");
        assert!(html.contains(r#"y="30.0" width="26.0" height="90.0""#), "three of four: {html}");
        assert!(html.contains(r#"y="0.0" width="26.0" height="30.0""#), "the rest on top: {html}");
    }

    #[test]
    fn nothing_divides_by_nothing() {
        assert!(Columns::of("c", "", ["", ""], &[]).is_empty());
        assert_eq!((share(0, 0), share(1, 1_000), share(5, 5)), ("0".into(), "1.0%".into(), "100.0%".into()));
    }
}
