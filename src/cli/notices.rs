//! `rekindle notices`: what people are written, looked at before it is sent, and sent to oneself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};

use crate::app::channels;
use crate::cli::Common;
use crate::clock::Clock;
use crate::config::{Config, NotifierConfig};
use crate::domain::ids::{EnvironmentName, InquiryId, NotifierName};
use crate::domain::inquiry::Inquiry;
use crate::domain::language::Language;
use crate::domain::letter::LetterKind;
use crate::domain::rules::DEFAULT_LIFETIME;
use crate::domain::status::Status;
use crate::notify::email::{Email, EmailSettings};
use crate::notify::letter::{Letter, Letters, sample_invitation, sample_notice};
use crate::notify::notice::Notice;
use crate::notify::{Delivered, Notifier};

/// An invented person's, at a name that is kept for examples (RFC 2606).
const NOBODY: &str = "ada@example.com";

#[derive(Debug, Subcommand)]
pub(super) enum Notices {
    /// A letter as people would get it, with an invented person and a link that opens nothing
    Preview(Preview),
    /// Send one such letter through a notifier, to see that it arrives
    Test(Test),
}

#[derive(Debug, Args)]
pub(super) struct Preview {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    which: Which,
    /// As it would be written about this inquiry: its next step and its deadline
    #[arg(long, value_name = "ID", requires = "environment")]
    inquiry: Option<String>,
    /// The environment the inquiry lives in
    #[arg(long)]
    environment: Option<String>,
    /// Into a file: .txt, .html, or .eml, the whole message; without it, the text is printed
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Test {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    which: Which,
    /// Whom to: an e-mail address of your own
    #[arg(long, value_name = "ADDRESS")]
    to: String,
    /// By which notifier of the configuration
    #[arg(long, value_name = "NAME")]
    notifier: String,
}

#[derive(Debug, Args)]
struct Which {
    /// What about: reminder, revived, replaced or invitation
    #[arg(long, default_value = "reminder")]
    kind: LetterKind,
    /// In which language: en, es, de or fr; the first of [brand] languages without it
    #[arg(long)]
    language: Option<Language>,
    /// While there is time, or when it is nearly up
    #[arg(long, value_enum, default_value = "early")]
    step: When,
}

/// How much time is left.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum When {
    Early,
    LastCall,
}

impl Notices {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Preview(preview) => preview.run().await,
            Self::Test(test) => test.run().await,
        }
    }
}

impl Preview {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.common.configuration()?;
        let letters = channels::letters(&config).context("notices.templates")?;
        let mut notice = self.which.notice(&letters, NOBODY.into())?;
        if let (Some(environment), Some(inquiry)) = (&self.environment, &self.inquiry) {
            let known = self.inquiry(environment, inquiry).await?;
            about(&mut notice, &known, &config)?;
        }
        let letter = self.which.letter(&letters, &notice)?;
        let Some(file) = &self.out else {
            println!("{}\n\n{}", letter.subject, letter.text.expose_secret().trim_end());
            return Ok(ExitCode::SUCCESS);
        };
        let bytes = match file.extension().and_then(|kind| kind.to_str()) {
            Some("txt") => format!("{}\n\n{}", letter.subject, letter.text.expose_secret()).into_bytes(),
            Some("html") => letter.html.expose_secret().as_bytes().to_vec(),
            Some("eml") => message(&config, &letters, &notice)?,
            _ => bail!("--out: name a file that ends in .txt, .html or .eml"),
        };
        write(file, &bytes)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn inquiry(&self, environment: &str, id: &str) -> anyhow::Result<Inquiry> {
        let environment = EnvironmentName::parse(environment).context("--environment")?;
        let id = InquiryId::parse(id).context("--inquiry")?;
        let (_, database) = self.common.database().await?;
        let stored = database.read().await?.inquiry(&environment, &id).await?;
        let stored = stored.with_context(|| {
            format!(
                "there is no inquiry {id} in environment {environment}; `rekindle inquiries list` shows those there are"
            )
        })?;
        Ok(stored.inquiry)
    }
}

impl Test {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.common.configuration()?;
        let letters = channels::letters(&config).context("notices.templates")?;
        let name = NotifierName::parse(&self.notifier).context("--notifier")?;
        let Some(settings) = config.notifiers.get(&name) else {
            let names: Vec<&str> = config.notifiers.keys().map(NotifierName::as_str).collect();
            bail!("--notifier: there is no notifier {name}; configured: {}", names.join(", "));
        };
        let notifier = channels::notifier(settings, &letters, &Clock::System);
        let notifier = notifier.with_context(|| format!("notifiers.{name}"))?;
        let address = SecretString::from(self.to.as_str());
        let delivered = if self.which.kind == LetterKind::Invitation {
            let (language, left) = (self.which.language(&letters), self.which.step.left());
            notifier.invite(&sample_invitation(address, language, Clock::System.now(), left)?).await
        } else {
            notifier.deliver(&self.which.notice(&letters, address)?).await
        };
        println!("{}", said(delivered.with_context(|| format!("notifiers.{name}"))?, &notifier));
        Ok(ExitCode::SUCCESS)
    }
}

impl Which {
    fn language(&self, letters: &Letters) -> Language {
        self.language.or_else(|| letters.brand().languages.first().copied()).unwrap_or(Language::En)
    }

    fn notice(&self, letters: &Letters, address: SecretString) -> anyhow::Result<Notice> {
        Ok(sample_notice(self.kind, address, self.language(letters), Clock::System.now(), self.step.left())?)
    }

    fn letter(&self, letters: &Letters, notice: &Notice) -> anyhow::Result<Letter> {
        if self.kind != LetterKind::Invitation {
            return Ok(letters.of_notice(notice)?);
        }
        let (language, left) = (self.language(letters), self.step.left());
        Ok(letters.of_invitation(&sample_invitation(NOBODY.into(), language, notice.created_at, left)?)?)
    }
}

impl When {
    const fn left(self) -> SignedDuration {
        match self {
            Self::Early => SignedDuration::from_hours(12),
            Self::LastCall => SignedDuration::from_hours(3),
        }
    }
}

/// Makes a sample say what there is to say about an inquiry. Nothing of its person is read.
fn about(notice: &mut Notice, inquiry: &Inquiry, config: &Config) -> anyhow::Result<()> {
    let environment = config.environments.get(&inquiry.environment);
    let lifetime = environment.map(|of| of.rules.for_template(inquiry.known.template_id()).lifetime);
    let deadline = inquiry.deadline(lifetime.unwrap_or(DEFAULT_LIFETIME));
    notice.deadline = deadline.context("the inquiry has no deadline, so nobody would be reminded of it")?;
    notice.status = inquiry.status().cloned().unwrap_or(Status::Pending);
    notice.next_step = inquiry.known.next_step().cloned();
    if let Some(to) = &mut notice.to {
        to.name = None;
    }
    Ok(())
}

/// The whole message, by the first mail server configured, or by none.
fn message(config: &Config, letters: &Letters, notice: &Notice) -> anyhow::Result<Vec<u8>> {
    let mail = config.notifiers.values().find(|notifier| matches!(notifier, NotifierConfig::Email(_)));
    let email = match mail {
        Some(settings) => match channels::notifier(settings, letters, &Clock::System)? {
            Notifier::Email(email) => email,
            Notifier::Webhook(_) | Notifier::Log => bail!("this notifier sends no messages"),
        },
        None => Email::new(&EmailSettings::local(25, "rekindle@example.com".parse()?), letters.clone(), Clock::System)?,
    };
    Ok(email.draft(notice)?)
}

fn write(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(file, bytes).with_context(|| format!("{} can't be written", file.display()))?;
    println!("wrote {}", file.display());
    Ok(())
}

fn said(delivered: Delivered, notifier: &Notifier) -> String {
    match (delivered, notifier) {
        (Delivered::Mailed, _) => "the mail server took it; look into the mailbox, and into its spam folder".to_owned(),
        (Delivered::Accepted { status }, _) => format!("the application took it and answered {status}"),
        (Delivered::Logged | Delivered::NotTheirs, _) => "it was written to the log, and nobody was told".to_owned(),
    }
}
