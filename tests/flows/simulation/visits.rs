//! How people come: by the link of a reminder, or to the application, which lets them in.

use std::collections::HashMap;

use rekindle::app::access::Admission;
use rekindle::domain::access::Form;
use rekindle::domain::ids::InquiryId;
use rekindle::persona::simulator::Opened;
use secrecy::ExposeSecret;

use super::super::world::World;
use super::crowd::Someone;

/// How long somebody who was sent away waits before they try again, in minutes.
const AGAIN: i64 = 30;

/// Somebody's way through.
pub struct Life {
    pub someone: Someone,
    /// The inquiry the application made for them.
    pub inquiry: Option<InquiryId>,
    pub finished: bool,
    pub last_told: String,
    /// How often they have sat down.
    sat: usize,
    /// When they come next, in minutes after the start of it all; `None` until they are reminded.
    comes: Option<i64>,
    /// The link of the latest reminder.
    reminder: Option<String>,
}

impl Life {
    pub fn of(someone: &Someone) -> Self {
        let comes = (!someone.forgets).then(|| someone.begins + someone.visits[0]);
        Self {
            someone: someone.clone(),
            inquiry: None,
            finished: false,
            last_told: "nothing".to_owned(),
            sat: 0,
            comes,
            reminder: None,
        }
    }

    pub fn begins_by(&self, passed: i64) -> bool {
        self.inquiry.is_none() && self.someone.begins <= passed
    }

    pub fn comes_by(&self, passed: i64) -> bool {
        let wants = self.someone.wants && !self.finished && self.inquiry.is_some();
        wants && self.comes.is_some_and(|comes| comes <= passed)
    }

    pub const fn is_outside(&self) -> bool {
        self.someone.wants && !self.finished
    }

    /// Comes: by the reminder at hand, else to the application. Sent away, they try again later.
    pub async fn visit(&mut self, world: &World, passed: i64) {
        self.comes = Some(passed + AGAIN);
        if let Some(link) = self.reminder.take()
            && let Some(inquiry) = self.open(world, &link)
        {
            return self.sit(world, &inquiry, passed);
        }
        let first = self.inquiry.clone().unwrap();
        match world.admit(&first, Form::Browser).await {
            Admission::Link { link, .. } => {
                if let Some(inquiry) = self.open(world, link.expose_secret()) {
                    self.sit(world, &inquiry, passed);
                }
            }
            Admission::Done { .. } => self.finished = true,
            other => self.last_told = format!("{other:?}"),
        }
    }

    fn open(&mut self, world: &World, link: &str) -> Option<InquiryId> {
        if self.someone.scanned {
            world.persona.open_link(link);
        }
        match world.persona.open_link(link) {
            Opened::Inside { inquiry, .. } => Some(inquiry),
            Opened::Refused(why) => {
                self.last_told = format!("the link: {why:?}");
                None
            }
        }
    }

    /// In the flow: the last time to the end, else until they close the tab.
    fn sit(&mut self, world: &World, inquiry: &InquiryId, passed: i64) {
        // Who began before goes on where they were.
        let _ = world.persona.start(inquiry);
        let _ = world.persona.step(inquiry);
        self.sat += 1;
        if let Some(next) = self.someone.visits.get(self.sat) {
            self.comes = Some(passed + next - self.someone.visits[self.sat - 1]);
        } else {
            world.persona.complete(inquiry).unwrap();
            self.finished = true;
        }
    }
}

/// Hands reminders on to those they are for; who had forgotten comes.
pub fn receive(world: &World, lives: &mut [Life]) {
    let mut links: HashMap<String, String> = HashMap::new();
    for notice in world.application.notices() {
        if let Some(name) = notice.reference_id {
            links.insert(name, notice.link);
        }
    }
    for life in lives.iter_mut().filter(|life| life.comes.is_none()) {
        if let Some(link) = links.remove(&life.someone.name) {
            life.reminder = Some(link);
            life.comes = Some(life.someone.begins + life.someone.visits[0]);
        }
    }
}
