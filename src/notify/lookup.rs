//! Asking the application how a person is reached: a signed request, by the Standard Webhooks specification, and an
//! answer in JSON.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::domain::contact::Written;
use crate::domain::ids::{ActionId, CustomerName, EnvironmentName, InquiryId, ReferenceId, TemplateId};
use crate::notify::error::NotifyError;
use crate::notify::webhook::{InvalidWebhook, Webhook, WebhookSettings};

/// The longest answer that is read, in bytes: a contact is a few hundred.
const LONGEST: usize = 16 << 10;

/// Where it is asked.
#[derive(Debug, Clone)]
pub struct Lookup {
    webhook: Webhook,
    clock: Clock,
}

/// About whom it is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The environment of the inquiry.
    pub environment: EnvironmentName,
    /// The application's own name for the person.
    pub reference_id: ReferenceId,
    /// Whose person it is.
    pub customer: Option<CustomerName>,
    /// The inquiry somebody is to be told of.
    pub inquiry_id: InquiryId,
    /// Its template.
    pub template_id: Option<TemplateId>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    r#type: &'static str,
    timestamp: String,
    data: Asked<'a>,
}

#[derive(Serialize)]
struct Asked<'a> {
    environment: &'a str,
    reference_id: &'a str,
    customer: Option<&'a str>,
    inquiry_id: &'a str,
    template_id: Option<&'a str>,
}

/// The answer. Other keys are passed over.
#[derive(Deserialize)]
struct Answer {
    email: Option<String>,
    name: Option<String>,
    language: Option<String>,
    time_zone: Option<String>,
    country: Option<String>,
}

impl Lookup {
    /// Asks at one address.
    ///
    /// # Errors
    /// [`InvalidWebhook`].
    pub fn new(settings: &WebhookSettings, clock: Clock) -> Result<Self, InvalidWebhook> {
        Ok(Self { webhook: Webhook::new(settings, clock.clone())?, clock })
    }

    /// Asks once. `None` when the application knows none: by 204 or 404, or an answer without an address.
    ///
    /// # Errors
    /// [`NotifyError`] when it did not answer, or something that is no contact.
    pub async fn ask(&self, question: &Question) -> Result<Option<Written>, NotifyError> {
        let now = self.clock.now();
        let envelope = Envelope {
            r#type: "contact.wanted",
            timestamp: now.to_string(),
            data: Asked {
                environment: question.environment.as_str(),
                reference_id: question.reference_id.as_str(),
                customer: question.customer.as_ref().map(CustomerName::as_str),
                inquiry_id: question.inquiry_id.as_str(),
                template_id: question.template_id.as_ref().map(TemplateId::as_str),
            },
        };
        let body = serde_json::to_string(&envelope).map_err(|_| NotifyError::Unsendable("it has no JSON form"))?;
        let digest = hex::encode(&Sha256::digest(body.as_bytes())[..10]);
        let id = ActionId::parse(&format!("rkq_{digest}")).unwrap_or_else(|_| unreachable!("hex is an id"));
        let (status, answer) = self.webhook.ask(&id, body, LONGEST).await?;
        if matches!(status, 204 | 404) {
            return Ok(None);
        }
        let answer: Answer =
            serde_json::from_slice(&answer).map_err(|_| NotifyError::Unsendable("the answer is no contact in JSON"))?;
        let Answer { email, name, language, time_zone, country } = answer;
        Ok(email.map(|address| Written { address, name, language, time_zone, country }))
    }
}
