//! People: each gets an inquiry, goes some way in it or all the way, at a pace of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use rekindle::clock::Clock;
use rekindle::domain::ids::InquiryId;
use rekindle::domain::time::Timestamp;
use rekindle::persona::simulator::{Move, NewInquiry, Simulator};
use tokio::task::JoinSet;

use super::ENVIRONMENT;
use super::plan::Plan;
use super::random::Random;

/// How long an inquiry lives that outlives the run, so that its reminders are planned and not due.
const OUTLIVES: SignedDuration = SignedDuration::from_hours(10);

/// What ends sooner ends within the run.
const SOON: SignedDuration = SignedDuration::from_mins(5);

#[derive(Clone)]
pub struct People {
    persona: Simulator,
    /// How long those inquiries live that end within the run, in milliseconds.
    lives: Range<u64>,
    /// When each inquiry was over, at the latest.
    finished: Arc<Mutex<BTreeMap<String, Timestamp>>>,
    /// People with more than one inquiry.
    twice: Arc<Mutex<BTreeSet<String>>>,
}

impl People {
    pub fn new(persona: Simulator, plan: &Plan) -> Self {
        let more = u64::try_from(plan.load.as_millis()).unwrap().min(200_000) / 8;
        let lives = 7_000..10_000 + more;
        Self { persona, lives, finished: Arc::default(), twice: Arc::default() }
    }

    /// When an inquiry was finished or decided.
    pub fn finished(&self) -> BTreeMap<String, Timestamp> {
        self.finished.lock().unwrap().clone()
    }

    pub fn with_more_than_one_inquiry(&self) -> BTreeSet<String> {
        self.twice.lock().unwrap().clone()
    }

    /// Lets people come for as long as the plan says, and returns when each has gone their way.
    pub async fn come(&self, plan: &Plan) {
        let (mut lives, mut number) = (JoinSet::new(), 0_u64);
        let ends = tokio::time::Instant::now() + plan.load;
        let mut random = Random::of(plan.seed, "people");
        while tokio::time::Instant::now() < ends {
            let (people, random_of) = (self.clone(), Random::of(plan.seed, &format!("person {number}")));
            lives.spawn(async move { people.live(&format!("person-{number}"), random_of).await });
            number += 1;
            // Half to one and a half of the mean, so that they come in no step.
            let mean = 1_000 / plan.people_per_second.max(1);
            tokio::time::sleep(random.millis(mean / 2..mean * 3 / 2 + 1)).await;
        }
        while let Some(life) = lives.join_next().await {
            life.unwrap();
        }
    }

    async fn live(&self, name: &str, mut random: Random) {
        let inquiry = self.begin(name, &mut random).await;
        if random.percent(10) {
            self.twice.lock().unwrap().insert(name.to_owned());
            tokio::time::sleep(random.millis(100..3_000)).await;
            let _second = self.begin(name, &mut random).await;
        }
        self.go_on(&inquiry, &mut random).await;
        self.expired(&inquiry).await;
        if random.percent(20) && self.persona.resume(&inquiry).is_ok() {
            tokio::time::sleep(random.millis(200..3_000)).await;
            self.make(&inquiry, &Move::Complete);
        }
    }

    /// Waits until an inquiry that ends within the run is no longer open.
    async fn expired(&self, inquiry: &InquiryId) {
        while self.deadline_soon(inquiry) {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    fn deadline_soon(&self, inquiry: &InquiryId) -> bool {
        let deadline = self.persona.inquiry(inquiry).and_then(|inquiry| inquiry.expires_at);
        deadline.is_some_and(|deadline| deadline.since(Clock::System.now()) < SOON)
    }

    /// Waits until no inquiry is open that ends within the run.
    pub async fn gone(&self) {
        for inquiry in self.persona.inquiries() {
            self.expired(&inquiry.id).await;
        }
    }

    async fn begin(&self, name: &str, random: &mut Random) -> InquiryId {
        let life = if random.percent(25) {
            OUTLIVES
        } else {
            SignedDuration::from_millis(i64::try_from(random.within(self.lives.clone())).unwrap())
        };
        let new = NewInquiry {
            from_creation: Some(life),
            from_resume: Some(SignedDuration::from_secs(6)),
            ..NewInquiry::for_person(name)
        };
        let inquiry = self.persona.create_inquiry(ENVIRONMENT, new).unwrap();
        tokio::time::sleep(random.millis(0..20)).await;
        inquiry
    }

    async fn go_on(&self, inquiry: &InquiryId, random: &mut Random) {
        tokio::time::sleep(random.millis(100..3_500)).await;
        if random.percent(60) {
            self.make(inquiry, &Move::Start);
            for _ in 0..random.within(0..3) {
                tokio::time::sleep(random.millis(100..900)).await;
                self.make(inquiry, &Move::Step(None));
            }
        }
        tokio::time::sleep(random.millis(100..4_000)).await;
        let end: &[Move] = match random.within(0..100) {
            0..30 => &[Move::Complete],
            30..40 => &[Move::Complete, Move::Approve],
            40..46 => &[Move::Complete, Move::MarkForReview, Move::Decline],
            46..52 => &[Move::Fail],
            52..56 => &[Move::Expire],
            _ => &[],
        };
        for step in end {
            self.make(inquiry, step);
            tokio::time::sleep(random.millis(0..300)).await;
        }
    }

    /// Tries a step; the inquiry may have expired meanwhile.
    fn make(&self, inquiry: &InquiryId, step: &Move) {
        let ends = matches!(step, Move::Complete | Move::Fail | Move::Approve | Move::Decline | Move::MarkForReview);
        if self.persona.make(inquiry, step) == Ok(true) && ends {
            let now = Clock::System.now();
            self.finished.lock().unwrap().entry(inquiry.to_string()).or_insert(now);
        }
    }
}
