//! Words that stand in columns: enums whose text is stored, and texts made fit to be stored.

use std::borrow::Cow;

/// Declares an enum whose values are stored as words.
macro_rules! stored_words {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$value_doc])* $value,)+
        }

        impl $name {
            /// Every value there is.
            pub const ALL: &[Self] = &[$(Self::$value),+];

            /// The word for it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)+
                }
            }

            /// Reads the word that `as_str` writes.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

/// Longest reason or error kept, in bytes: enough to understand it, too little to fill a disk.
const MAX_TEXT_BYTES: usize = 2_000;

/// A text as it can be stored: cut to a bounded length, without the NUL that PostgreSQL refuses in a text.
pub(super) fn fit(text: &str) -> Cow<'_, str> {
    let cut = &text[..text.floor_char_boundary(MAX_TEXT_BYTES)];
    if cut.contains('\0') { Cow::Owned(cut.replace('\0', "?")) } else { Cow::Borrowed(cut) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_made_fit_to_be_stored() {
        assert_eq!(fit("as it is"), "as it is");
        assert_eq!(fit("a\0b"), "a?b");
        assert_eq!(fit(&"\0ü".repeat(2_000)).len(), MAX_TEXT_BYTES - 1, "no character is cut in two");
    }
}
