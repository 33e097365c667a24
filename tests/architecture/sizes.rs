//! What has to be short to be read.

use super::source::Source;

const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 80;
const MAIN_LINES: usize = 40;

pub fn files_are_short(source: &Source) -> Vec<String> {
    longer_than(FILE_LINES, source)
}

pub fn main_is_the_shortest(source: &Source) -> Vec<String> {
    // Under 40 lines, so 39 are the most.
    if source.path == "src/main.rs" { longer_than(MAIN_LINES - 1, source) } else { Vec::new() }
}

fn longer_than(most: usize, source: &Source) -> Vec<String> {
    if source.lines <= most {
        return Vec::new();
    }
    vec![source.complaint(most + 1, &format!("{} lines, at most {most}", source.lines))]
}

pub fn functions_are_short(source: &Source) -> Vec<String> {
    let tokens = &source.tokens;
    let mut complaints = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let name = tokens.get(at + 1).map_or("", |name| name.text.as_str());
        // `fn(…)` is a type.
        if token.text != "fn" || name == "(" {
            continue;
        }
        let lines = last_line(source, at) + 1 - token.line;
        if lines > FUNCTION_LINES {
            complaints
                .push(source.complaint(token.line, &format!("{name} has {lines} lines, at most {FUNCTION_LINES}")));
        }
    }
    complaints
}

/// Where the function at `at` ends: with its body's bracket, or without one at the semicolon.
fn last_line(source: &Source, at: usize) -> usize {
    let (mut curly, mut round) = (0_usize, 0_usize);
    for token in &source.tokens[at..] {
        match token.text.as_str() {
            "(" | "[" => round += 1,
            ")" | "]" => round = round.saturating_sub(1),
            ";" if curly == 0 && round == 0 => return token.line,
            "{" => curly += 1,
            "}" => {
                curly = curly.saturating_sub(1);
                if curly == 0 && round == 0 {
                    return token.line;
                }
            }
            _ => {}
        }
    }
    source.lines
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    #[test]
    fn what_is_too_long_is_found() {
        let lines = |count: usize| "let a = 1;\n".repeat(count);
        check(files_are_short, &[("src/a.rs", &lines(400), 0), ("src/a.rs", &lines(401), 1)]);
        check(main_is_the_shortest, &[("src/main.rs", &lines(39), 0), ("src/main.rs", &lines(40), 1)]);
        check(main_is_the_shortest, &[("src/lib.rs", &lines(40), 0)]);
        let function =
            |count| format!("fn short() {{}}\nfn long(a: [u8; 3]) -> u8 {{\n{}}}\nfn after();\n", lines(count));
        check(functions_are_short, &[("src/a.rs", &function(78), 0), ("src/a.rs", &function(79), 1)]);
        let inner = format!("trait A {{\nfn only(a: [u8; 3]);\n}}\ntype F = fn(u8) -> u8;\n{}", lines(100));
        check(functions_are_short, &[("src/a.rs", &inner, 0)]);
        let nested = format!("fn outer() {{\nfn inner() {{\n{}}}\n}}", lines(80));
        check(functions_are_short, &[("src/a.rs", &nested, 2)]);
    }
}
