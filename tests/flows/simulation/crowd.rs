//! Who there is: when they begin, when they come, how they go.

/// Somebody who is asked to verify themselves.
#[derive(Debug, Clone)]
pub struct Someone {
    pub name: String,
    /// When their inquiry is made, in minutes.
    pub begins: i64,
    /// Whether they ever come.
    pub wants: bool,
    /// When they come, in minutes after the beginning; the last time they stay to the end.
    pub visits: Vec<i64>,
    /// Whether they come the first time only when they are reminded.
    pub forgets: bool,
    /// Whether a scanner opens every link before they do.
    pub scanned: bool,
}

/// `SplitMix64`: the same crowd every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        i64::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap() % bound
    }
}

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

/// So many people, begun within the first 14 days, all through within 14 more where they want to be.
pub fn crowd(people: usize, seed: u64) -> Vec<Someone> {
    let mut dice = Dice(seed);
    (0..people).map(|number| someone(number, &mut dice)).collect()
}

fn someone(number: usize, dice: &mut Dice) -> Someone {
    // Most come within a day, some within days, a few in the second week.
    let mut at = match dice.below(100) {
        0..35 => dice.below(HOUR),
        35..65 => dice.below(DAY),
        65..85 => DAY + dice.below(2 * DAY),
        _ => 3 * DAY + dice.below(7 * DAY),
    };
    let sittings = match dice.below(10) {
        0..5 => 1,
        5..8 => 2,
        _ => 3,
    };
    let mut visits = vec![at];
    for _ in 1..sittings {
        at += match dice.below(10) {
            0..5 => 10 + dice.below(3 * HOUR),
            5..9 => dice.below(30 * HOUR),
            _ => DAY + dice.below(DAY),
        };
        visits.push(at);
    }
    Someone {
        name: format!("person-{number}"),
        begins: dice.below(14 * DAY),
        wants: dice.below(20) > 0,
        visits,
        forgets: dice.below(10) < 2,
        scanned: dice.below(10) < 3,
    }
}
