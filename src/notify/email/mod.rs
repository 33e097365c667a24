//! Letters by e-mail, over SMTP: each under a stable `Message-ID`, so that a repeat can be known for one.

mod answer;
mod message;
mod settings;

use std::fmt;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;

pub use self::settings::{EmailSettings, InvalidEmail, Security};
use crate::clock::Clock;
use crate::domain::ids::ActionId;
use crate::notify::Delivered;
use crate::notify::error::NotifyError;
use crate::notify::letter::{Letter, Letters};
use crate::notify::notice::{Invitation, Notice};
use crate::notify::recipient::Recipient;
use crate::tls;

/// Sends letters to people's own mailboxes.
#[derive(Clone)]
pub struct Email {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    host: String,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    timeout: Duration,
    letters: Letters,
    clock: Clock,
}

/// The most connections to the server at one time.
const CONNECTIONS: u32 = 8;

/// How long a connection is kept for the next letter. Servers end those that are idle for minutes.
const IDLE: Duration = Duration::from_secs(30);

impl Email {
    /// A notifier by one mail server. Opens no connection yet.
    ///
    /// # Errors
    /// [`InvalidEmail`] names what is wrong and what to do.
    pub fn new(settings: &EmailSettings, letters: Letters, clock: Clock) -> Result<Self, InvalidEmail> {
        tls::install();
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(security(settings)?)
            .timeout(Some(settings.timeout))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS).idle_timeout(IDLE));
        if let Some((user, password)) = &settings.credentials {
            builder = builder.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
        }
        Ok(Self {
            transport: builder.build(),
            host: settings.host.clone(),
            from: settings.from.clone(),
            reply_to: settings.reply_to.clone(),
            timeout: settings.timeout,
            letters,
            clock,
        })
    }

    /// Sends one reminder, once.
    #[tracing::instrument(name = "notify.email.deliver", skip_all, fields(host = %self.host, action = %notice.id))]
    pub(super) async fn deliver(&self, notice: &Notice) -> Result<Delivered, NotifyError> {
        let to = notice.to.as_ref().ok_or(NotifyError::Nobody)?;
        let letter = self.letters.of_notice(notice)?;
        self.send(&self.message(&notice.id, to, &letter, notice.unsubscribe.as_ref())?).await
    }

    /// Sends a link that somebody asked for, once.
    #[tracing::instrument(name = "notify.email.invite", skip_all, fields(host = %self.host, action = %invitation.id))]
    pub(super) async fn invite(&self, invitation: &Invitation) -> Result<Delivered, NotifyError> {
        let to = invitation.to.as_ref().ok_or(NotifyError::Nobody)?;
        let letter = self.letters.of_invitation(invitation)?;
        self.send(&self.message(&invitation.id, to, &letter, invitation.unsubscribe.as_ref())?).await
    }

    /// The letter as it would be sent, for looking at.
    ///
    /// # Errors
    /// [`NotifyError`] where it can't be put into a message.
    pub fn draft(&self, notice: &Notice) -> Result<Vec<u8>, NotifyError> {
        let to = notice.to.as_ref().ok_or(NotifyError::Nobody)?;
        let letter = self.letters.of_notice(notice)?;
        Ok(self.message(&notice.id, to, &letter, notice.unsubscribe.as_ref())?.formatted())
    }

    fn message(
        &self,
        id: &ActionId,
        to: &Recipient,
        letter: &Letter,
        unsubscribe: Option<&secrecy::SecretString>,
    ) -> Result<Message, NotifyError> {
        let sender = message::Sender { from: &self.from, reply_to: self.reply_to.as_ref() };
        message::message(&sender, id, to, letter, unsubscribe, self.clock.now())
    }

    async fn send(&self, message: &Message) -> Result<Delivered, NotifyError> {
        // lettre bounds each step; a server that answers each of them slowly is bounded here.
        let sent = tokio::time::timeout(self.timeout * 3, self.transport.send(message.clone())).await;
        match sent {
            Err(_) => Err(NotifyError::Timeout { host: self.host.clone() }),
            Ok(Ok(_)) => Ok(Delivered::Mailed),
            Ok(Err(error)) => Err(answer::what_followed(&error, &self.host)),
        }
    }
}

fn security(settings: &EmailSettings) -> Result<Tls, InvalidEmail> {
    if settings.security == Security::None {
        return if settings.may_be_plain() { Ok(Tls::None) } else { Err(InvalidEmail::Plain) };
    }
    let mut parameters = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.authority {
        let authority = Certificate::from_pem(pem).map_err(|_| InvalidEmail::Authority)?;
        parameters = parameters.add_root_certificate(authority);
    }
    let parameters = parameters.build().map_err(|error| InvalidEmail::Tls(error.to_string()))?;
    Ok(match settings.security {
        Security::Tls => Tls::Wrapper(parameters),
        Security::StartTls | Security::None => Tls::Required(parameters),
    })
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email").field("host", &self.host).finish_non_exhaustive()
    }
}
