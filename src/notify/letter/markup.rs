//! The little that a template's text can say besides words: `[label](link)` on a line of its own is the button.

/// A part of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    /// Lines that belong together.
    Paragraph(Vec<String>),
    /// The way in.
    Button {
        /// What stands on it.
        label: String,
        /// Where it leads.
        link: String,
    },
}

/// The parts of a text, which empty lines keep apart.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut paragraph = Vec::new();
    for line in text.lines().map(str::trim).chain([""]) {
        let button = button(line);
        if (line.is_empty() || button.is_some()) && !paragraph.is_empty() {
            blocks.push(Block::Paragraph(std::mem::take(&mut paragraph)));
        }
        match button {
            Some((label, link)) => blocks.push(Block::Button { label: label.to_owned(), link: link.to_owned() }),
            None if line.is_empty() => {}
            None => paragraph.push(line.to_owned()),
        }
    }
    blocks
}

fn button(line: &str) -> Option<(&str, &str)> {
    let (label, address) = line.strip_prefix('[')?.strip_suffix(')')?.split_once("](")?;
    let leads = address.starts_with("https://") || address.starts_with("http://");
    (leads && !label.is_empty() && !address.contains(char::is_whitespace)).then_some((label, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_and_buttons_are_told_apart() {
        let paragraph = |lines: &[&str]| Block::Paragraph(lines.iter().map(|line| (*line).to_owned()).collect());
        let button = Block::Button { label: "Go on".to_owned(), link: "https://x.example/1".to_owned() };
        let text =
            "\nHello,\n\n\none\n two\n[Go on](https://x.example/1)\nand [no](javascript:1)\n[no](javascript:1)\n";
        assert_eq!(
            blocks(text),
            [
                paragraph(&["Hello,"]),
                paragraph(&["one", "two"]),
                button,
                paragraph(&["and [no](javascript:1)", "[no](javascript:1)"])
            ]
        );
        assert_eq!(blocks(" \n"), []);
    }
}
