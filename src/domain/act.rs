//! What is done with Rekindle, and who may do it.

use std::fmt;

/// What somebody may do; each role may all that the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks at states, and sees no payload.
    Viewer,
    /// Does the daily work: retries, cancels, lets people in, reads payloads.
    Operator,
    /// Gives others their rights, and sees how the installation is set up.
    Admin,
}

/// Declares every act: its word, the least role that may do it, and whether people may feel it.
macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $least:ident, $whom:ident;)+) => {
        /// Something that is done with Rekindle.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Act {
            $($(#[$doc])* $name,)+
        }

        impl Act {
            /// Every act there is.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The act as text.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// The least role that may do it.
            #[must_use]
            pub const fn least(self) -> Role {
                match self {
                    $(Self::$name => Role::$least,)+
                }
            }

            /// Whether a person may feel it: be told something or nothing, get in or not, be read about. Only with a
            /// reason then.
            #[must_use]
            pub const fn touches_people(self) -> bool {
                match self {
                    $(Self::$name => acts!(@touches $whom),)+
                }
            }
        }
    };
    (@touches people) => {
        true
    };
    (@touches nobody) => {
        false
    };
}

acts! {
    /// Seeing states, lists and totals. It leaves no record.
    Look = "look", Viewer, nobody;
    /// Reading what a payload says about a person.
    Reveal = "reveal", Operator, people;
    /// Making an action due that failed or was cancelled.
    Retry = "retry", Operator, people;
    /// Cancelling an action.
    Cancel = "cancel", Operator, people;
    /// Moving an action to another time.
    Reschedule = "reschedule", Operator, people;
    /// Reminding a person now.
    Remind = "remind", Operator, people;
    /// Reviving an inquiry that expired.
    Revive = "revive", Operator, people;
    /// Making a new inquiry in the place of one.
    Replace = "replace", Operator, people;
    /// Asking Persona how an inquiry is.
    Reread = "reread", Operator, nobody;
    /// Telling a person nothing any more.
    Mute = "mute", Operator, people;
    /// Telling a person again.
    Unmute = "unmute", Operator, people;
    /// Telling a person nothing any more by a channel.
    Suppress = "suppress", Operator, people;
    /// Taking that back.
    Unsuppress = "unsuppress", Operator, people;
    /// Making an access link.
    MintLink = "mint_link", Operator, people;
    /// Letting access links open no more.
    RevokeLink = "revoke_link", Operator, people;
    /// Applying an event that was set aside.
    ReleaseEvent = "release_event", Operator, people;
    /// Discarding an event that was set aside.
    DiscardEvent = "discard_event", Operator, people;
    /// Performing nothing of a lane.
    PauseLane = "pause_lane", Operator, people;
    /// Performing a lane again.
    ResumeLane = "resume_lane", Operator, people;
    /// Putting lanes in order.
    OrderLane = "order_lane", Operator, nobody;
    /// Planning everyone of a template anew, or holding that.
    RunTemplate = "run_template", Operator, people;
    /// Applying events again, or making many actions due.
    Replay = "replay", Operator, people;
    /// Hearing nothing of an alert for a while.
    SilenceAlert = "silence_alert", Operator, people;
    /// Hearing of an alert again.
    UnsilenceAlert = "unsilence_alert", Operator, people;
    /// Asking Persona for what its webhooks did not bring.
    Reconcile = "reconcile", Operator, nobody;
    /// Reading the audit.
    ReadAudit = "read_audit", Operator, nobody;
    /// Seeing the configuration, without its secrets.
    ReadSettings = "read_settings", Admin, nobody;
    /// Changing what is set up here or at Persona.
    ChangeSettings = "change_settings", Admin, nobody;
    /// Making a token.
    CreateToken = "create_token", Admin, nobody;
    /// Revoking a token.
    RevokeToken = "revoke_token", Admin, nobody;
    /// Making a sign-in link for somebody.
    InviteOperator = "invite_operator", Admin, nobody;
    /// Destroying a key, and with it what was sealed under it.
    DestroyKey = "destroy_key", Admin, people;
    /// Signing in.
    SignIn = "sign_in", Viewer, nobody;
    /// Signing out.
    SignOut = "sign_out", Viewer, nobody;
}

impl Role {
    /// Every role there is, from the least on.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The role as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Reads what [`Role::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// Whether this role may do that.
    #[must_use]
    pub fn may(self, act: Act) -> bool {
        self >= act.least()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Act {
    /// Reads what [`Act::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|act| act.as_str() == text)
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written out once more on purpose: whoever moves an act to another role has to say so twice.
    const ADMINS: [&str; 6] =
        ["read_settings", "change_settings", "create_token", "revoke_token", "invite_operator", "destroy_key"];
    const VIEWERS: [&str; 3] = ["look", "sign_in", "sign_out"];

    #[test]
    fn each_role_may_what_it_should_and_nothing_else() {
        for act in Act::ALL {
            let (viewer, operator) = (VIEWERS.contains(&act.as_str()), !ADMINS.contains(&act.as_str()));
            let may = Role::ALL.map(|role| role.may(*act));
            assert_eq!(may, [viewer, operator, true], "{act}");
        }
        assert!(!Role::Viewer.may(Act::Reveal), "a viewer sees no payload");
    }

    #[test]
    fn words_are_read_back_and_no_two_are_the_same() {
        for act in Act::ALL {
            assert_eq!(Act::parse(act.as_str()), Some(*act));
        }
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!((Act::parse("everything"), Role::parse("root")), (None, None));
    }

    #[test]
    fn whatever_people_feel_needs_a_reason() {
        let silent: Vec<&str> = Act::ALL.iter().filter(|act| !act.touches_people()).map(|act| act.as_str()).collect();
        let looking = ["look", "reread", "order_lane", "reconcile", "read_audit"];
        let own = ["read_settings", "change_settings", "create_token", "revoke_token", "invite_operator"];
        assert_eq!(silent, [&looking[..], &own[..], &["sign_in", "sign_out"]].concat());
    }
}
