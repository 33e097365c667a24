//! What the people do: each lives their story with nothing but links, as people have them.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use secrecy::SecretString;

use super::browser::{self, Page, Tab};
use super::cast::{Character, Person};
use super::line::{Tone, Voice};
use super::mailbox::{self, Mailbox};
use super::pace::Pace;
use super::stage::{ADDRESS_FIELD, ENVIRONMENT};
use crate::domain::ids::InquiryId;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::persona::simulator::{InquiryView, Move, NewInquiry, Simulator};

/// How often someone who waits for Persona looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Someone's life in the story.
pub(super) struct Life {
    pace: Pace,
    persona: Simulator,
    voice: Voice,
    mailbox: Mailbox,
    story: Story,
}

/// What became of someone, as they saw it.
#[derive(Debug, Clone)]
pub(super) struct Story {
    /// Who.
    pub(super) person: Person,
    /// When they were through with the flow, whatever the result.
    pub(super) done_at: Option<Timestamp>,
    /// Whether a reminder's link brought them in.
    pub(super) came_back: bool,
    /// Whether the old link stayed shut, if they tried it.
    pub(super) locked_out: Option<bool>,
    /// What went wrong for them.
    pub(super) trouble: Option<String>,
}

impl Life {
    pub(super) const fn new(person: Person, pace: Pace, persona: Simulator, voice: Voice, mailbox: Mailbox) -> Self {
        let story = Story { person, done_at: None, came_back: false, locked_out: None, trouble: None };
        Self { pace, persona, voice, mailbox, story }
    }

    /// Lives it, from so long after now until it is over or must be.
    pub(super) async fn live(mut self, entrance: Duration) -> Story {
        tokio::time::sleep(entrance).await;
        let curfew = self.pace.curfew();
        self.story.trouble = match tokio::time::timeout_at(curfew, self.act()).await {
            Ok(Ok(())) => None,
            Ok(Err(why)) => Some(format!("{why:#}")),
            Err(_) => Some("the story was not over in time".to_owned()),
        };
        self.story
    }

    async fn act(&mut self) -> anyhow::Result<()> {
        match self.story.person.character {
            Character::LosesTheTab => self.lose_the_tab().await,
            Character::FinishesAtOnce => self.finish_at_once().await,
            Character::MissesTheMail => self.miss_the_mail().await,
            Character::HasAScanner => self.have_a_scanner().await,
            Character::NeverComesBack => self.never_come_back().await,
            Character::OpensAStaticLink => self.open_a_static_link().await,
            Character::NeedsTwoReminders => self.need_two_reminders().await,
            Character::Fails => self.fail().await,
            Character::IsReviewed { approved } => self.be_reviewed(approved).await,
        }
    }

    async fn lose_the_tab(&mut self) -> anyhow::Result<()> {
        let inquiry = self.invited()?;
        self.begin_and_close_the_tab(&inquiry).await?;
        self.after(8).await;
        self.try_the_old_link(&inquiry).await?;
        let link = self.reminder(&inquiry).await?;
        self.after(3).await;
        let tab = self.enter_again(&link, "the fresh link: inside the flow again").await?;
        self.after(4).await;
        self.finish(&tab, "all done, thanks to the reminder").await
    }

    async fn finish_at_once(&mut self) -> anyhow::Result<()> {
        let inquiry = self.invited()?;
        self.after(4).await;
        let tab = self.enter_by_mail(&inquiry).await?;
        press(&tab, "start").await?;
        self.finish(&tab, "all done at the first go, nobody had to help").await
    }

    async fn miss_the_mail(&mut self) -> anyhow::Result<()> {
        let inquiry = self.invited()?;
        self.after(5).await;
        self.say("missed it", Tone::Bad, "the mail drowns in the inbox, unopened");
        let link = self.reminder(&inquiry).await?;
        self.after(3).await;
        let tab = self.enter_again(&link, "the fresh link, the first one ever seen").await?;
        press(&tab, "start").await?;
        self.after(5).await;
        self.finish(&tab, "all done, thanks to the reminder").await
    }

    async fn have_a_scanner(&mut self) -> anyhow::Result<()> {
        let inquiry = self.invited()?;
        self.begin_and_close_the_tab(&inquiry).await?;
        self.after(10).await;
        self.try_the_old_link(&inquiry).await?;
        let link = self.reminder(&inquiry).await?;
        inside(browser::open(&link).await?)?;
        self.say("scanned", Tone::Quiet, "the mail scanner opens the fresh link first, which uses it up");
        self.after(4).await;
        let tab = self.enter_again(&link, "the same link a moment later: still inside, within its grace").await?;
        self.after(4).await;
        self.finish(&tab, "all done, in spite of the scanner").await
    }

    async fn never_come_back(&mut self) -> anyhow::Result<()> {
        let inquiry = self.invited()?;
        self.begin_and_close_the_tab(&inquiry).await?;
        for thought in ["reads the reminder and closes it", "reads this one too, and stays away"] {
            self.reminder(&inquiry).await?;
            self.after(2).await;
            self.say("not now", Tone::Quiet, thought);
        }
        until_expired(&self.persona, &[inquiry]).await;
        self.say("expired", Tone::Quiet, "time is up; two reminders were enough, and nobody writes again");
        Ok(())
    }

    async fn open_a_static_link(&mut self) -> anyhow::Result<()> {
        let template = self.persona.templates().into_iter().next().context("there is no template")?;
        let (site, reference) = (self.persona.base_url(), &self.story.person.reference_id);
        let link = format!("{site}/verify?inquiry-template-id={template}&reference-id={reference}").into();
        let mut tabs = Vec::new();
        for told in [
            "a link to the template itself: it makes an inquiry of its own",
            "the same link again: it makes a second inquiry",
            "and once more: three inquiries for one person now",
        ] {
            self.after(3).await;
            tabs.push(inside(browser::open(&link).await?)?);
            self.say("opened", Tone::Plain, told);
        }
        let middle = tabs.swap_remove(1);
        self.after(5).await;
        press(&middle, "start").await?;
        self.finish(&middle, "all done in one of the three; the other two don't matter now").await?;
        let others: Vec<InquiryId> = tabs.into_iter().map(|tab| tab.inquiry).collect();
        until_expired(&self.persona, &others).await;
        self.say("expired", Tone::Quiet, "the two inquiries left over run out, and nobody is troubled");
        Ok(())
    }

    async fn need_two_reminders(&mut self) -> anyhow::Result<()> {
        let inquiry = self.invited()?;
        self.begin_and_close_the_tab(&inquiry).await?;
        self.reminder(&inquiry).await?;
        self.after(2).await;
        self.say("not now", Tone::Quiet, "sees the reminder, and puts it off");
        let link = self.reminder(&inquiry).await?;
        self.after(3).await;
        let tab = self.enter_again(&link, "the second fresh link: inside the flow again").await?;
        self.after(4).await;
        self.finish(&tab, "all done, thanks to the second reminder").await
    }

    async fn fail(&mut self) -> anyhow::Result<()> {
        let inquiry = self.invited()?;
        self.after(5).await;
        let tab = self.enter_by_mail(&inquiry).await?;
        press(&tab, "start").await?;
        self.after(6).await;
        done(&tab.press("fail").await?)?;
        let at = self.say("failed", Tone::Bad, "the check fails; a reminder would be no help, so none comes");
        self.story.done_at = Some(at);
        Ok(())
    }

    async fn be_reviewed(&mut self, approved: bool) -> anyhow::Result<()> {
        let inquiry = self.invited()?;
        self.after(4).await;
        let tab = self.enter_by_mail(&inquiry).await?;
        press(&tab, "start").await?;
        self.after(6).await;
        self.finish(&tab, "all done, but somebody has to look at it").await?;
        self.persona.make(&inquiry, &Move::MarkForReview)?;
        self.after(35).await;
        let (decision, verb, tone) =
            if approved { (Move::Approve, "approved", Tone::Good) } else { (Move::Decline, "declined", Tone::Bad) };
        self.persona.make(&inquiry, &decision)?;
        self.say(verb, tone, "a reviewer has decided");
        Ok(())
    }
}

impl Life {
    fn say(&self, verb: &'static str, tone: Tone, text: &str) -> Timestamp {
        self.voice.say(self.story.person.name, verb, tone, text)
    }

    /// Waits for a share of everyone's time, in per cent.
    async fn after(&self, share: u32) {
        tokio::time::sleep(self.pace.share(share)).await;
    }

    /// The application makes an inquiry and mails its plain link.
    fn invited(&self) -> anyhow::Result<InquiryId> {
        let mut new = NewInquiry::for_person(&self.story.person.reference_id);
        new.fields.insert(ADDRESS_FIELD.to_owned(), mailbox::address_of(&self.story.person).into());
        let inquiry = self.persona.create_inquiry(ENVIRONMENT, new).context("no inquiry was made")?;
        self.say("invited", Tone::Plain, "the application makes an inquiry and mails its plain link");
        Ok(inquiry)
    }

    async fn begin_and_close_the_tab(&self, inquiry: &InquiryId) -> anyhow::Result<()> {
        self.after(4).await;
        let tab = self.enter_by_mail(inquiry).await?;
        press(&tab, "start").await?;
        self.after(5).await;
        drop(tab);
        self.say("lost tab", Tone::Bad, "has begun, and closes the tab: the session is gone with it");
        Ok(())
    }

    /// Opens the plain link, as it was mailed.
    async fn enter_by_mail(&self, inquiry: &InquiryId) -> anyhow::Result<Tab> {
        let tab = inside(browser::open(&self.view(inquiry)?.plain_link).await?)?;
        self.say("opened", Tone::Plain, "the mailed link: inside the flow");
        Ok(tab)
    }

    /// Opens the plain link once more, without the session: the locked door that all of this is about.
    async fn try_the_old_link(&mut self, inquiry: &InquiryId) -> anyhow::Result<()> {
        let page = browser::open(&self.view(inquiry)?.plain_link).await?;
        self.story.locked_out = Some(matches!(page, Page::Refused(_)));
        let Page::Refused(title) = page else { bail!("the old link should have been locked, and was not") };
        self.say("locked out", Tone::Bad, &format!("comes back by the old link: \"{title}\""));
        Ok(())
    }

    /// Waits for the next reminder, as long as it can be of use.
    async fn reminder(&mut self, inquiry: &InquiryId) -> anyhow::Result<SecretString> {
        let too_late = until_expired(&self.persona, std::slice::from_ref(inquiry));
        tokio::select! {
            biased;
            link = self.mailbox.recv() => link.context("the mailbox is gone"),
            () = too_late => bail!("time ran out before a reminder came"),
        }
    }

    async fn enter_again(&mut self, link: &SecretString, told: &str) -> anyhow::Result<Tab> {
        let tab = inside(browser::open(link).await?)?;
        self.story.came_back = true;
        self.say("opened", Tone::Good, told);
        Ok(tab)
    }

    async fn finish(&mut self, tab: &Tab, told: &str) -> anyhow::Result<()> {
        done(&tab.press("complete").await?)?;
        self.story.done_at = Some(self.say("completed", Tone::Good, told));
        Ok(())
    }

    fn view(&self, inquiry: &InquiryId) -> anyhow::Result<InquiryView> {
        self.persona.inquiry(inquiry).context("the inquiry is gone")
    }
}

async fn until_expired(persona: &Simulator, inquiries: &[InquiryId]) {
    let expired = |id| persona.inquiry(id).is_none_or(|view| view.status == Status::Expired);
    while !inquiries.iter().all(expired) {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn press(tab: &Tab, action: &str) -> anyhow::Result<()> {
    inside(tab.press(action).await?).map(drop)
}

fn inside(page: Page) -> anyhow::Result<Tab> {
    match page {
        Page::Inside(tab) => Ok(tab),
        Page::Done => bail!("the flow was over already"),
        Page::Refused(title) => bail!("the link did not lead inside: \"{title}\""),
    }
}

fn done(page: &Page) -> anyhow::Result<()> {
    ensure!(matches!(page, Page::Done), "the flow did not come to its end");
    Ok(())
}
