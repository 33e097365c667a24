//! What is left of an environment's rate limit, and in whose hands it is.

use jiff::SignedDuration;

use crate::domain::budget::{
    FOR_WAITING, LONGEST_WAIT, Place, Refused, Returned, SET_BACK, Told, URGENCIES, Urgency, WINDOW, place, share,
};
use crate::domain::time::Timestamp;

/// One environment's budget, as all processes know it.
///
/// Every change is one [`Ledger::exchange`], made under a lock that processes share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// Calls a window allows; `None` until an answer said so.
    pub limit: Option<u32>,
    /// Calls left in the window by the last answer, those in hands and under way among them.
    pub left: u32,
    /// Calls of this window whose end told nothing. No answer is known to have counted them, so they come off that.
    pub blind: u32,
    /// When the last window that was told of ends, by our clock.
    pub resets_at: Option<Timestamp>,
    /// Since when a window is assumed to have begun of which no answer has told yet.
    pub assumed_since: Option<Timestamp>,
    /// How much of the limit is used, in per cent: halved by a refusal, and regained step by step.
    pub pace: u32,
    /// When a refusal last halved it.
    pub slowed_at: Option<Timestamp>,
    /// Until when nothing is asked, because Persona said so.
    pub closed_until: Option<Timestamp>,
    /// What each urgency was granted in this window, in the order of [`Urgency::ALL`].
    pub granted: [u32; URGENCIES],
    /// Who has calls in hand or under way.
    pub holdings: Vec<Holding>,
    /// Calls a window is assumed to allow before anything is told; from the configuration.
    pub careful: u32,
    /// When the last exchange was made, by the clock of who made it.
    pub written_at: Timestamp,
}

/// The calls one process has in hand or under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The process.
    pub owner: String,
    /// How many.
    pub calls: u32,
    /// Until when they are its own, by our clock. After that it is dead, and they count as made.
    pub until: Timestamp,
}

/// What was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// How many calls may be made.
    pub calls: u32,
    /// When it is worth asking for more.
    pub opens_at: Timestamp,
}

/// Waited for after a window's end, because clocks of several machines differ a little.
const MARGIN: SignedDuration = SignedDuration::from_secs(1);

/// While nothing at all is known of the limit, so many calls are under way at most: one tells it.
const PROBES: u32 = 1;

/// People who wait need not wait for that one.
const WAITING_PROBES: u32 = 3;

/// At most this part of what is free is given to one process at once, so that the others find something.
const PARTS: u32 = 8;

/// What is regained of the pace in a window without a refusal, in per cent.
const REGAINED: u32 = 10;

/// The least pace: with it the first wait of 5 s has doubled to 40 s, as Persona recommends.
const LEAST_PACE: u32 = 6;

impl Ledger {
    /// Nothing is known yet.
    #[must_use]
    pub fn unknown(careful: u32, now: Timestamp) -> Self {
        Self {
            limit: None,
            left: careful,
            blind: 0,
            resets_at: None,
            assumed_since: Some(now),
            pace: 100,
            slowed_at: None,
            closed_until: None,
            granted: [0; URGENCIES],
            holdings: Vec::new(),
            careful,
            written_at: now,
        }
    }

    /// Takes back what a process returns, brings everything to the present, and grants up to `wanted` calls.
    ///
    /// What the process holds from here on is its own until then; it must end by then, too.
    pub fn exchange(
        &mut self,
        owner: &str,
        returned: &Returned,
        wanted: Option<(Urgency, u32)>,
        until: Timestamp,
        now: Timestamp,
    ) -> Grant {
        if returned.clock_in_doubt {
            self.follow(now);
        }
        self.take_back(owner, returned, now);
        self.advance(now);
        self.written_at = now;
        let calls = wanted.map_or(0, |(urgency, most)| self.grant(urgency, most, now));
        match self.holdings.iter_mut().find(|holding| holding.owner == owner) {
            Some(holding) => {
                holding.calls += calls;
                holding.until = until;
            }
            None => self.holdings.push(Holding { owner: owner.to_owned(), calls, until }),
        }
        self.holdings.retain(|holding| holding.calls > 0);
        Grant { calls, opens_at: self.opens_at(now) }
    }

    /// How many calls of that urgency could be granted now.
    #[must_use]
    pub fn available(&self, urgency: Urgency, now: Timestamp) -> u32 {
        if self.closed_until.is_some_and(|until| now < until) {
            return 0;
        }
        let (size, under_way) = (self.size(), self.under_way());
        let free = self.left.saturating_sub(self.basis() - size + self.blind + under_way);
        let available = match urgency {
            Urgency::Waiting => free,
            other => {
                let own = other.least(size).saturating_sub(self.granted[other.place()]);
                let above = free.saturating_sub(self.leaves(other, size));
                above.max(own.min(free.saturating_sub(share(size, FOR_WAITING))))
            }
        };
        if self.is_probing() {
            let probes = if urgency == Urgency::Waiting { WAITING_PROBES } else { PROBES };
            return available.min(probes.saturating_sub(under_way));
        }
        available
    }

    /// How many calls a minute of that urgency are possible at the present pace, when nobody else asks.
    #[must_use]
    pub fn per_minute(&self, urgency: Urgency) -> u32 {
        let limit = self.limit.unwrap_or(self.careful);
        let size = share(limit, self.pace).max(1);
        size.saturating_sub(self.leaves_untouched(urgency, size)).max(1)
    }

    /// When it is worth asking again: when Persona lets us, else when the window is over at the latest.
    #[must_use]
    pub fn opens_at(&self, now: Timestamp) -> Timestamp {
        if let Some(closed) = self.closed_until.filter(|closed| now < *closed) {
            return closed;
        }
        let window = match (self.assumed_since, self.resets_at) {
            _ if self.is_probing() => now.plus(MARGIN),
            (Some(since), _) => since.plus(WINDOW + MARGIN),
            (None, Some(at)) => at.plus(MARGIN),
            (None, None) => now,
        };
        window.max(now)
    }

    /// Follows a clock that was set back: whatever was still to come when it was last written is as far ahead of the
    /// clock as it is now.
    ///
    /// So nobody waits for a time that comes later than what was waited for, and no window begins before it would
    /// have: as much time as there was left then is the most that can be left. It must only be done when one's own clock
    /// may have been set back. Clocks of two machines that differ are no reason: each would do it again and again.
    pub fn follow(&mut self, now: Timestamp) {
        let back = self.written_at.since(now);
        if back <= SET_BACK {
            return;
        }
        let times = [&mut self.resets_at, &mut self.assumed_since, &mut self.slowed_at, &mut self.closed_until];
        let untils = self.holdings.iter_mut().map(|holding| &mut holding.until);
        for at in times.into_iter().flatten().chain(untils) {
            *at = at.minus(back);
        }
        self.written_at = now;
    }

    /// Brings it to the present: a window that is over begins anew, and what a dead process held counts as used.
    pub fn advance(&mut self, now: Timestamp) {
        let (ended, since) = match (self.assumed_since, self.resets_at) {
            (Some(since), _) => (since.plus(WINDOW + MARGIN), since.plus(WINDOW)),
            (None, Some(at)) => (at.plus(MARGIN), at),
            (None, None) => (now, now),
        };
        // What lies that far ahead was told before a clock was set back.
        let too_far = |at: &Timestamp| *at > now.plus(LONGEST_WAIT + WINDOW);
        let set_back = too_far(&ended) || self.resets_at.as_ref().is_some_and(too_far);
        if set_back {
            // Else every answer would be taken for one of a window that is over.
            self.resets_at = None;
        }
        if now >= ended || set_back {
            let windows = u32::try_from(now.since(since).as_secs() / WINDOW.as_secs()).unwrap_or(0);
            self.begin_window(windows + 1, now);
            self.assumed_since = Some(now);
            self.left = self.basis();
        }
        if self.closed_until.is_some_and(|until| until <= now || until > now.plus(LONGEST_WAIT + WINDOW)) {
            self.closed_until = None;
        }
        let (living, dead): (Vec<Holding>, Vec<Holding>) = std::mem::take(&mut self.holdings)
            .into_iter()
            .partition(|holding| now < holding.until && holding.until <= now.plus(WINDOW));
        // What ended a window ago is in no window that matters.
        let matters = |holding: &&Holding| holding.until > now.minus(WINDOW);
        let lost: u32 = dead.iter().filter(matters).map(|holding| holding.calls).sum();
        self.blind += lost;
        self.holdings = living;
    }

    fn grant(&mut self, urgency: Urgency, most: u32, now: Timestamp) -> u32 {
        let available = self.available(urgency, now);
        let calls = most.min((available / PARTS).max(1)).min(available);
        self.granted[urgency.place()] += calls;
        calls
    }

    fn take_back(&mut self, owner: &str, returned: &Returned, now: Timestamp) {
        if let Some(holding) = self.holdings.iter_mut().find(|holding| holding.owner == owner) {
            holding.calls = holding.calls.saturating_sub(returned.calls());
        }
        for (granted, unused) in self.granted.iter_mut().zip(returned.unused) {
            *granted = granted.saturating_sub(unused);
        }
        self.blind += returned.unheard;
        if let Some(told) = returned.told {
            self.hear(told, returned.unheard, now);
        }
        if let Some(refused) = returned.refused {
            self.slow_down(refused, now);
        }
    }

    fn hear(&mut self, told: Told, unheard: u32, now: Timestamp) {
        let limit = told.limit.max(1);
        match (self.resets_at.map(|known| place(told.resets_at, known)), self.assumed_since) {
            (None | Some(Place::After), assumed) => {
                if assumed.is_none() {
                    self.begin_window(1, now);
                    self.blind = unheard;
                }
                self.limit = Some(limit);
                self.left = told.remaining;
                self.resets_at = Some(told.resets_at);
                self.assumed_since = None;
            }
            (Some(Place::Same), None) => {
                self.limit = Some(limit);
                self.left = self.left.min(told.remaining);
                self.resets_at = self.resets_at.map(|known| known.min(told.resets_at));
            }
            // It can't be of a window that is over, so the clock was set back without anybody's seeing it.
            (Some(Place::Before), None) if told.resets_at > now.plus(MARGIN) => {
                self.left = self.left.min(told.remaining);
            }
            // Of a window that is over.
            (Some(Place::Same), Some(_)) | (Some(Place::Before), _) => {}
        }
    }

    fn slow_down(&mut self, refused: Refused, now: Timestamp) {
        if self.slowed_at.is_none_or(|slowed| refused.begun_at > slowed || slowed > now) {
            self.pace = (self.pace / 2).max(LEAST_PACE);
            self.slowed_at = Some(now);
        }
        let unsaid = SignedDuration::from_secs(5) * 50 / i32::try_from(self.pace).unwrap_or(50).max(1);
        let until = refused.until.unwrap_or_else(|| now.plus(unsaid)).min(now.plus(LONGEST_WAIT));
        self.closed_until = self.closed_until.max(Some(until));
    }

    fn begin_window(&mut self, windows: u32, now: Timestamp) {
        self.granted = [0; URGENCIES];
        self.blind = 0;
        if self.slowed_at.is_none_or(|slowed| now.since(slowed) >= WINDOW || slowed > now) {
            self.pace = self.pace.saturating_add(windows.saturating_mul(REGAINED)).min(100);
        }
    }

    /// What the window allows as far as we know.
    fn basis(&self) -> u32 {
        match (self.limit, self.assumed_since) {
            (Some(limit), None) => limit,
            (Some(limit), Some(_)) => limit.min(self.careful),
            (None, _) => self.careful,
        }
    }

    /// What is used of it at the present pace.
    fn size(&self) -> u32 {
        share(self.basis(), self.pace).max(1).min(self.basis())
    }

    fn leaves(&self, urgency: Urgency, size: u32) -> u32 {
        let below = |other: &&Urgency| urgency == Urgency::Reminder && **other > urgency;
        let unused = |other: &Urgency| other.least(size).saturating_sub(self.granted[other.place()]);
        share(size, urgency.leaves()) + Urgency::ALL.iter().filter(below).map(unused).sum::<u32>()
    }

    fn leaves_untouched(&self, urgency: Urgency, size: u32) -> u32 {
        Self { granted: [0; URGENCIES], ..self.clone() }.leaves(urgency, size)
    }

    fn under_way(&self) -> u32 {
        self.holdings.iter().map(|holding| holding.calls).sum()
    }

    fn is_probing(&self) -> bool {
        self.limit.is_none() && self.blind == 0
    }
}
