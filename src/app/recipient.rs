//! Whom a notice is for, as far as the application, or the inquiry itself, told us.

use secrecy::SecretString;

use crate::app::App;
use crate::app::step::Step;
use crate::domain::ids::NotifierName;
use crate::domain::inquiry::Inquiry;
use crate::notify::recipient::Recipient;

/// Where a notice goes, and how whoever gets it asks for no more.
#[derive(Debug, Clone, Default)]
pub(super) struct Addressed {
    /// The person, where an address of theirs is known.
    pub(super) to: Option<Recipient>,
    /// A link that ends such notices by one click (RFC 8058), where people reach us.
    pub(super) unsubscribe: Option<SecretString>,
}

impl App {
    /// Whom a notice about an inquiry is for, by one notifier.
    #[expect(clippy::unused_async, reason = "what is known of people is asked for here")]
    pub(super) async fn recipient_of(&self, _inquiry: &Inquiry, _notifier: &NotifierName) -> Step<Addressed> {
        Ok(Addressed::default())
    }
}
