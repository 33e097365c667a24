//! A Rust source as words: comments and the insides of texts are told apart from code.

/// One word or sign of the code, with its line (from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

/// One file of `src/`.
pub struct Source {
    /// Such as `src/http/server.rs`.
    pub path: String,
    /// How many lines it has.
    pub lines: usize,
    /// Its code: names, numbers, `::`, single signs, and texts with their opening quote only.
    pub tokens: Vec<Token>,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let mut reader = Reader { rest: text, line: 1, tokens: Vec::new() };
        while reader.step() {}
        Self { path: path.to_owned(), lines: text.lines().count(), tokens: reader.tokens }
    }

    /// The modules from the crate's root to this file: `["http", "server"]`; empty for `lib.rs` and `main.rs`.
    pub fn modules(&self) -> Vec<&str> {
        let inner = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let mut modules: Vec<&str> = inner.split('/').collect();
        if matches!(modules.last(), Some(&("mod" | "lib" | "main"))) {
            modules.pop();
        }
        modules
    }

    /// The floor this file is on; none for `lib.rs` and `main.rs`.
    pub fn floor(&self) -> Option<&str> {
        self.modules().first().copied()
    }

    /// Where a sequence of words and signs begins, given with blanks between: `"Timestamp :: now"`.
    pub fn find(&self, sequence: &str) -> Vec<&Token> {
        let wanted: Vec<&str> = sequence.split(' ').collect();
        let here = |window: &&[Token]| window.iter().zip(&wanted).all(|(token, wanted)| token.text == *wanted);
        self.tokens.windows(wanted.len()).filter(here).map(|window| &window[0]).collect()
    }

    /// What stands in quotes, with its line.
    pub fn texts(&self) -> impl Iterator<Item = (&str, usize)> {
        self.tokens.iter().filter_map(|token| Some((token.text.strip_prefix('"')?, token.line)))
    }

    /// A complaint about a line of this file.
    pub fn complaint(&self, line: usize, trouble: &str) -> String {
        format!("{}:{line}: {trouble}", self.path)
    }
}

struct Reader<'t> {
    rest: &'t str,
    line: usize,
    tokens: Vec<Token>,
}

impl Reader<'_> {
    /// Reads one thing; `false` at the end.
    fn step(&mut self) -> bool {
        let Some(first) = self.rest.chars().next() else { return false };
        let raw_text =
            self.rest.trim_start_matches(['b', 'c', 'r']).starts_with(['"', '#']) && is_text_prefix(self.rest);
        if self.rest.starts_with("//") {
            self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
        } else if self.rest.starts_with("/*") {
            self.block_comment();
        } else if first == '"' || raw_text {
            self.text();
        } else if first == '\'' {
            self.quote();
        } else if first.is_alphanumeric() || first == '_' {
            let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
            self.token(end);
        } else if self.rest.starts_with("::") {
            self.token(2);
        } else if first.is_whitespace() {
            self.skip(first.len_utf8());
        } else {
            self.token(first.len_utf8());
        }
        true
    }

    fn token(&mut self, bytes: usize) {
        self.tokens.push(Token { text: self.rest[..bytes].to_owned(), line: self.line });
        self.skip(bytes);
    }

    fn skip(&mut self, bytes: usize) {
        let (gone, rest) = self.rest.split_at(bytes);
        self.line += gone.matches('\n').count();
        self.rest = rest;
    }

    fn block_comment(&mut self) {
        let (mut depth, mut at) = (0_usize, 0);
        while at < self.rest.len() {
            let here = &self.rest[at..];
            if here.starts_with("/*") {
                depth += 1;
                at += 2;
            } else if here.starts_with("*/") {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    break;
                }
            } else {
                at += here.chars().next().map_or(1, char::len_utf8);
            }
        }
        self.skip(at);
    }

    fn text(&mut self) {
        let prefix = self.rest.find(['"', '#']).unwrap_or(0);
        let raw = self.rest[..prefix].contains('r');
        self.skip(prefix);
        let hashes = self.rest.chars().take_while(|c| *c == '#').count();
        self.skip(hashes + 1);
        let end = if raw {
            self.rest.find(&format!("\"{}", "#".repeat(hashes))).unwrap_or(self.rest.len())
        } else {
            end_of_escaped(self.rest, '"')
        };
        self.tokens.push(Token { text: format!("\"{}", &self.rest[..end]), line: self.line });
        self.skip((end + 1 + hashes).min(self.rest.len()));
    }

    /// A letter in quotes, or the quote of a lifetime.
    fn quote(&mut self) {
        let mut after = self.rest[1..].chars();
        let letter = match (after.next(), after.next()) {
            (Some('\\'), _) => true,
            (Some(_), next) => next == Some('\''),
            _ => false,
        };
        let bytes = if letter { 2 + end_of_escaped(&self.rest[1..], '\'') } else { 1 };
        self.skip(bytes.min(self.rest.len()));
    }
}

/// Whether `r"`, `r#"`, `b"`, `br#"` or `c"` begins here, and not a name like `r#type`.
fn is_text_prefix(rest: &str) -> bool {
    let prefix = rest.len() - rest.trim_start_matches(['b', 'c', 'r']).len();
    let after = rest[prefix..].trim_start_matches('#');
    prefix > 0 && prefix <= 2 && after.starts_with('"')
}

fn end_of_escaped(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let tokens = Source::new("src/x.rs", text).tokens.into_iter().map(|token| token.text);
        tokens.filter(|text| !text.starts_with('"')).collect()
    }

    #[test]
    fn comments_and_texts_are_no_code() {
        assert_eq!(words("a // b\n/* c /* d */ e */ f"), ["a", "f"]);
        assert_eq!(words(r#"a("b \" c", 'd', '\'', b"e", r"f\", "g")"#), ["a", "(", ",", ",", ",", ",", ",", ")"]);
        assert_eq!(words("r#\"a \"b\" c\"# d br##\"x\"# y\"## z"), ["d", "z"]);
        assert_eq!(words("<'a> &'a str; r#type"), ["<", "a", ">", "&", "a", "str", ";", "r", "#", "type"]);
        assert_eq!(words("a::b:c"), ["a", "::", "b", ":", "c"]);
    }

    #[test]
    fn texts_are_kept_apart_with_their_lines() {
        let source = Source::new("src/x.rs", "let a =\n  \"one\ntwo\";\nlet b = r#\"three\"#;");
        assert_eq!(source.texts().collect::<Vec<_>>(), [("one\ntwo", 2), ("three", 4)]);
    }

    #[test]
    fn a_path_tells_modules_and_floor() {
        let of = |path: &'static str| Source::new(path, "").modules().join("::");
        assert_eq!(of("src/http/server.rs"), "http::server");
        assert_eq!(of("src/config/tests/mod.rs"), "config::tests");
        assert_eq!((of("src/clock.rs").as_str(), of("src/lib.rs").as_str()), ("clock", ""));
        assert_eq!(Source::new("src/http/mod.rs", "").floor(), Some("http"));
    }
}
