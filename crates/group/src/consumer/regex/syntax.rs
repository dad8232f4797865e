//! RE2's syntax, which members write, in that of the library that matches.
//!
//! They are mostly the same language. What RE2 refuses is refused here with RE2's reason; what the library would read otherwise (literal
//! braces, `\Q..\E`, octal escapes, operations on sets within brackets) is written so that it cannot. Groups capture nothing: only whether
//! a name matches is asked. Within the characters that a topic's name can have, both match the same.

mod class;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

/// Why RE2 does not take an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SyntaxError {
    CharacterRange,
    Escape,
    NamedCapture,
    DuplicateCapture,
    PerlSyntax,
    NestedRepetition,
    RepeatCount,
    RepeatArgument,
    MissingBracket,
    MissingParenthesis,
    SurplusParenthesis,
    TrailingBackslash,
}

impl SyntaxError {
    /// Word for word what Kafka's library says.
    pub(super) const fn description(self) -> &'static str {
        match self {
            Self::CharacterRange => "invalid character class range",
            Self::Escape => "invalid escape sequence",
            Self::NamedCapture => "invalid named capture",
            Self::DuplicateCapture => "duplicate capture group name",
            Self::PerlSyntax => "invalid or unsupported Perl syntax",
            Self::NestedRepetition => "invalid nested repetition operator",
            Self::RepeatCount => "invalid repeat count",
            Self::RepeatArgument => "missing argument to repetition operator",
            Self::MissingBracket => "missing closing ]",
            Self::MissingParenthesis => "missing closing )",
            Self::SurplusParenthesis => "regexp/syntax: internal error",
            Self::TrailingBackslash => "trailing backslash at end of expression",
        }
    }
}

type Result<T> = std::result::Result<T, SyntaxError>;

/// The most that an expression may be repeated.
const MAX_REPEAT: u32 = 1000;

pub(super) fn translate(text: &str) -> Result<String> {
    let mut translator = Translator {
        input: text.chars().peekable(),
        output: String::with_capacity(text.len()),
        depth: 0,
        before: Before::Nothing,
        captures: BTreeSet::new(),
        unicode_classes: BTreeSet::new(),
        no_posix_class_ends: false,
    };
    translator.run()?;
    Ok(translator.output)
}

/// What a repetition would repeat.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Expression,
    Repetition,
}

struct Translator<'a> {
    input: Peekable<Chars<'a>>,
    output: String,
    depth: usize,
    before: Before,
    captures: BTreeSet<String>,
    /// Those that were found to exist.
    unicode_classes: BTreeSet<String>,
    /// There is no `:]` any more, as was found once.
    no_posix_class_ends: bool,
}

impl Translator<'_> {
    fn run(&mut self) -> Result<()> {
        while let Some(character) = self.input.next() {
            match character {
                '(' => self.open()?,
                ')' => {
                    self.depth = self
                        .depth
                        .checked_sub(1)
                        .ok_or(SyntaxError::SurplusParenthesis)?;
                    self.push(")");
                }
                '|' => {
                    self.output.push('|');
                    self.before = Before::Nothing;
                }
                '*' | '+' | '?' => self.repeat(character.encode_utf8(&mut [0; 4]))?,
                '{' => match self.counted()? {
                    Some(count) => self.repeat(&count)?,
                    None => self.literal('{'),
                },
                '[' => self.class()?,
                '\\' => self.escape()?,
                '.' | '^' | '$' => self.push(character.encode_utf8(&mut [0; 4])),
                character => self.literal(character),
            }
        }
        if self.depth > 0 {
            return Err(SyntaxError::MissingParenthesis);
        }
        Ok(())
    }

    fn push(&mut self, expression: &str) {
        self.output.push_str(expression);
        self.before = Before::Expression;
    }

    fn literal(&mut self, character: char) {
        self.output.push_str(&exact(character));
        self.before = Before::Expression;
    }

    fn eat(&mut self, text: &str) -> bool {
        let mut ahead = self.input.clone();
        let found = text.chars().all(|expected| ahead.next() == Some(expected));
        if found {
            self.input = ahead;
        }
        found
    }

    fn repeat(&mut self, operator: &str) -> Result<()> {
        let lazy = self.eat("?");
        match self.before {
            Before::Nothing => return Err(SyntaxError::RepeatArgument),
            Before::Repetition => return Err(SyntaxError::NestedRepetition),
            Before::Expression => {}
        }
        self.output.push_str(operator);
        if lazy {
            self.output.push('?');
        }
        self.before = Before::Repetition;
        Ok(())
    }

    /// `{n}`, `{n,}` or `{n,m}` behind its brace; anything else is text.
    fn counted(&mut self) -> Result<Option<String>> {
        // No further than a count can reach: an expression of nothing but braces is read once, too.
        let mut ahead = self.input.clone();
        let mut body = String::new();
        while let Some(c) = ahead.next_if(|c| c.is_ascii_digit() || *c == ',') {
            body.push(c);
        }
        if ahead.next() != Some('}') {
            return Ok(None);
        }
        let (min, max) = match body.split_once(',') {
            None => (body.as_str(), Some(body.as_str())),
            Some((min, "")) => (min, None),
            Some((min, max)) => (min, Some(max)),
        };
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !is_number(min) || !max.is_none_or(is_number) {
            return Ok(None);
        }
        let number = |text: &str| text.parse().unwrap_or(u32::MAX);
        let (least, most) = (number(min), max.map(number));
        if least > MAX_REPEAT || most.is_some_and(|most| most > MAX_REPEAT || most < least) {
            return Err(SyntaxError::RepeatCount);
        }
        self.input = ahead;
        Ok(Some(format!("{{{body}}}")))
    }

    fn open(&mut self) -> Result<()> {
        self.depth += 1;
        if !self.eat("?") {
            self.output.push_str("(?:");
        } else if self.eat("P<") || self.eat("<") {
            self.named_capture()?;
            self.output.push_str("(?:");
        } else {
            self.flags()?;
        }
        Ok(())
    }

    fn named_capture(&mut self) -> Result<()> {
        let mut name = String::new();
        loop {
            match self.input.next() {
                Some('>') => break,
                Some(c) if c == '_' || c.is_ascii_alphanumeric() => name.push(c),
                _ => return Err(SyntaxError::NamedCapture),
            }
        }
        if name.is_empty() {
            return Err(SyntaxError::NamedCapture);
        }
        self.before = Before::Nothing;
        if self.captures.insert(name) {
            Ok(())
        } else {
            Err(SyntaxError::DuplicateCapture)
        }
    }

    /// `(?flags)` up to the end of the group, or `(?flags:` of a group.
    fn flags(&mut self) -> Result<()> {
        let mut set = BTreeSet::new();
        let mut unset = BTreeSet::new();
        let mut negative = false;
        loop {
            let end = match self.input.next() {
                Some(flag @ ('i' | 'm' | 's' | 'U')) => {
                    if negative {
                        set.remove(&flag);
                        unset.insert(flag);
                    } else {
                        set.insert(flag);
                    }
                    continue;
                }
                Some('-') if !negative => {
                    negative = true;
                    continue;
                }
                Some(end @ (':' | ')')) => end,
                _ => return Err(SyntaxError::PerlSyntax),
            };
            if negative && unset.is_empty() {
                return Err(SyntaxError::PerlSyntax);
            }
            let mut flags: String = set.iter().collect();
            if !unset.is_empty() {
                flags.push('-');
                flags.extend(&unset);
            }
            if end == ':' {
                self.output.push_str(&format!("(?{flags}:"));
                self.before = Before::Nothing;
            } else {
                self.depth -= 1;
                if !flags.is_empty() {
                    self.output.push_str(&format!("(?{flags})"));
                }
            }
            return Ok(());
        }
    }

    fn escape(&mut self) -> Result<()> {
        match self.input.peek() {
            None => Err(SyntaxError::TrailingBackslash),
            Some('Q') => {
                self.input.next();
                while self.input.peek().is_some() && !self.eat("\\E") {
                    let character = self.input.next().expect("one was seen just now");
                    self.literal(character);
                }
                Ok(())
            }
            Some('E') => {
                self.input.next();
                Ok(())
            }
            Some(anchor @ ('A' | 'b' | 'B' | 'z')) => {
                let anchor = format!("\\{anchor}");
                self.input.next();
                self.push(&anchor);
                Ok(())
            }
            Some(_) => match self.named_class()? {
                Some(class) => {
                    self.push(&class);
                    Ok(())
                }
                None => {
                    let character = self.escaped_character()?;
                    self.literal(character);
                    Ok(())
                }
            },
        }
    }

    /// A single character, behind the backslash.
    fn escaped_character(&mut self) -> Result<char> {
        let first = self.input.next().ok_or(SyntaxError::TrailingBackslash)?;
        match first {
            // A digit of its own would refer to a group.
            '1'..='7' if !matches!(self.input.peek(), Some('0'..='7')) => Err(SyntaxError::Escape),
            '0'..='7' => {
                let mut code = first.to_digit(8).expect("an octal digit");
                for _ in 0..2 {
                    let digit = self.input.peek().and_then(|c| c.to_digit(8));
                    let Some(digit) = digit else { break };
                    code = code * 8 + digit;
                    self.input.next();
                }
                char::from_u32(code).ok_or(SyntaxError::Escape)
            }
            'x' => self.hexadecimal(),
            'a' => Ok('\x07'),
            'f' => Ok('\x0c'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'v' => Ok('\x0b'),
            punctuation if !punctuation.is_ascii_alphanumeric() => Ok(punctuation),
            _ => Err(SyntaxError::Escape),
        }
    }

    /// `\x7f` or `\x{10ffff}`.
    fn hexadecimal(&mut self) -> Result<char> {
        let digits: String = if self.eat("{") {
            self.input.by_ref().take_while(|c| *c != '}').collect()
        } else {
            self.input.by_ref().take(2).collect()
        };
        let code = u32::from_str_radix(&digits, 16).map_err(|_| SyntaxError::Escape)?;
        char::from_u32(code).ok_or(SyntaxError::Escape)
    }
}

/// A character that means nothing but itself, within brackets and without.
fn exact(character: char) -> String {
    if character.is_alphanumeric() || character == '_' {
        character.to_string()
    } else {
        format!("\\x{{{:x}}}", u32::from(character))
    }
}
