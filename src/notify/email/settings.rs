//! By which server letters go, and in whose name.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use lettre::message::Mailbox;
use secrecy::SecretString;

/// By which server letters go, and in whose name.
#[derive(Clone)]
pub struct EmailSettings {
    /// The server's name, which its certificate has to show.
    pub host: String,
    /// Its port; 587 for [`Security::StartTls`], 465 for [`Security::Tls`], as a rule.
    pub port: u16,
    /// How the connection is kept from others' eyes.
    pub security: Security,
    /// Whether letters may travel unencrypted to another machine.
    pub allow_plaintext: bool,
    /// A certificate authority, as PEM, that is trusted besides the system's.
    pub authority: Option<Vec<u8>>,
    /// User and password.
    pub credentials: Option<(String, SecretString)>,
    /// In whose name.
    pub from: Mailbox,
    /// Where answers go; to `from` where there is none.
    pub reply_to: Option<Mailbox>,
    /// How long one step with the server may take.
    pub timeout: Duration,
}

/// How the connection to a mail server is kept from others' eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS after a greeting in the clear; without it nothing is sent.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// Not at all.
    None,
}

/// Why an e-mail notifier can't be made; worded for an operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    /// Letters would be readable on their way.
    #[error(
        "security = \"none\" would send links and addresses readable to another machine; use \"starttls\" or \"tls\", or, \
         where the network between is your own, say allow_plaintext = true"
    )]
    Plain,
    /// What is to be trusted is no certificate.
    #[error("ca_file holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)")]
    Authority,
    /// No TLS on this machine.
    #[error("TLS can't be set up on this machine; install its CA certificates (package ca-certificates): {0}")]
    Tls(String),
}

impl EmailSettings {
    /// A server on this machine, without TLS, and ten seconds a step.
    #[must_use]
    pub fn local(port: u16, from: Mailbox) -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port,
            security: Security::None,
            allow_plaintext: false,
            authority: None,
            credentials: None,
            from,
            reply_to: None,
            timeout: Duration::from_secs(10),
        }
    }

    /// Whether a connection in the clear was meant, or leaves this machine never.
    pub(super) fn may_be_plain(&self) -> bool {
        let loopback = self.host.parse::<IpAddr>().map_or(self.host == "localhost", |address| address.is_loopback());
        loopback || self.allow_plaintext
    }
}

impl fmt::Debug for EmailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailSettings").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}
