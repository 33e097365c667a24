//! Payloads with everything masked that may be a person’s.
