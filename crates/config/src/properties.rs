//! Java's properties files: `key=value` lines with comments, continuations and escapes.

/// A property and the line it begins on, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    pub line: usize,
    pub key: String,
    pub value: String,
}

/// All properties of a text, in order; a key may come again, and then the last one counts.
#[must_use]
pub fn parse(text: &str) -> Vec<Property> {
    let mut properties = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, first)) = lines.next() {
        let mut logical = first.trim_start().to_owned();
        if logical.is_empty() || logical.starts_with(['#', '!']) {
            continue;
        }
        while ends_open(&logical) {
            logical.pop();
            let Some((_, next)) = lines.next() else { break };
            logical.push_str(next.trim_start());
        }
        let (key, value) = split(&logical);
        properties.push(Property {
            line: number + 1,
            key: unescape(key),
            value: unescape(value),
        });
    }
    properties
}

/// An odd number of backslashes at the end: the next line goes on.
fn ends_open(line: &str) -> bool {
    line.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
}

/// At the first `=`, `:` or white space that no backslash stands before.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        if !escaped && (c == '=' || c == ':' || c.is_whitespace()) {
            let rest = line[at..].trim_start();
            let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start();
            return (&line[..at], rest);
        }
        escaped = c == '\\' && !escaped;
    }
    (line, "")
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('t') => out.push('\t'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let digits: String = rest.by_ref().take(4).collect();
                let character = u32::from_str_radix(&digits, 16)
                    .ok()
                    .and_then(char::from_u32);
                out.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(usize, String, String)> {
        parse(text)
            .into_iter()
            .map(|p| (p.line, p.key, p.value))
            .collect()
    }

    #[test]
    fn lines_are_read_as_java_reads_them() {
        let text = "# comment\n\n a = 1 \nb:two words\nc\\=d e\\\n   f\n! also a comment\nempty\n";
        let expected = [
            (3, "a", "1 "),
            (4, "b", "two words"),
            (5, "c=d", "ef"),
            (8, "empty", ""),
        ];
        let expected: Vec<_> = expected
            .map(|(l, k, v)| (l, k.to_owned(), v.to_owned()))
            .into();
        assert_eq!(pairs(text), expected);
    }

    #[test]
    fn escapes_are_resolved() {
        assert_eq!(
            pairs("k=a\\tb\\u0041\\\\"),
            [(1, "k".to_owned(), "a\tbA\\".to_owned())]
        );
        assert_eq!(pairs("k=\\u00"), [(1, "k".to_owned(), "\0".to_owned())]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text: String) {
            let _ = parse(&text);
        }
    }
}
