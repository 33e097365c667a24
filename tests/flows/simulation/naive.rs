//! The same people with a sender that mails one link when an inquiry is made, and nothing after.

use rekindle::clock::Clock;
use rekindle::domain::time::Timestamp;
use rekindle::persona::simulator::{NewInquiry, Opened, Settings, Simulator, Unknowns};
use secrecy::ExposeSecret;

use super::super::world::{ENVIRONMENT, minutes};
use super::crowd::Someone;
use super::report::{Naive, Spent};

/// Lives each one's story by itself: nothing that one does concerns another.
pub fn live(unknowns: &Unknowns, crowd: &[Someone]) -> Naive {
    let mut naive = Naive::default();
    for someone in crowd {
        let clock = Clock::manual(Timestamp::parse("2026-03-01T08:00:00Z").unwrap());
        let persona = Simulator::new(clock.clone(), Settings { unknowns: unknowns.clone(), ..Settings::default() });
        let inquiry = persona.create_inquiry(ENVIRONMENT, NewInquiry::for_person(&someone.name)).unwrap();
        let link = persona.generate_link(&inquiry).unwrap();
        naive.finished +=
            usize::from(someone.wants && !someone.forgets && comes(&persona, &clock, someone, link.expose_secret()));
        naive.spent.add(&Spent::default().end(&persona));
    }
    naive
}

/// Whether somebody gets to the end by the one link they have.
fn comes(persona: &Simulator, clock: &Clock, someone: &Someone, link: &str) -> bool {
    let mut before = 0;
    for (sitting, at) in someone.visits.iter().enumerate() {
        clock.advance(minutes(at - before));
        before = *at;
        if someone.scanned {
            persona.open_link(link);
        }
        let Opened::Inside { inquiry, .. } = persona.open_link(link) else { return false };
        let _ = persona.start(&inquiry);
        let _ = persona.step(&inquiry);
        if sitting + 1 == someone.visits.len() {
            persona.complete(&inquiry).unwrap();
        }
    }
    true
}
