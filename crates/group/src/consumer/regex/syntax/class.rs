//! Sets of characters: within brackets, or by their names.

use super::{Result, SyntaxError, Translator, exact};

/// There are fewer, and to look at one costs more than to read the rest of an expression.
const MAX_UNICODE_CLASSES: usize = 256;

/// RE2's are of ASCII.
fn perl_class(name: char) -> String {
    let class = match name {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        's' => r"[\t\n\f\r ]",
        'S' => r"[^\t\n\f\r ]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        _ => unreachable!("only these are asked for"),
    };
    class.to_owned()
}

impl Translator<'_> {
    /// `\d`, `\pL`, `\p{Greek}` and the like, behind the backslash.
    pub(super) fn named_class(&mut self) -> Result<Option<String>> {
        match self.input.peek().copied() {
            Some('d' | 'D' | 's' | 'S' | 'w' | 'W') => Ok(self.input.next().map(perl_class)),
            Some(class @ ('p' | 'P')) => {
                self.input.next();
                let name = match self.input.next() {
                    Some('{') => self.input.by_ref().take_while(|c| *c != '}').collect(),
                    Some(name) => name.to_string(),
                    None => return Err(SyntaxError::CharacterRange),
                };
                let (class, name) = match name.strip_prefix('^') {
                    Some(name) if class == 'p' => ('P', name),
                    Some(name) => ('p', name),
                    None => (class, name.as_str()),
                };
                let class = format!("\\{class}{{{name}}}");
                if !self.unicode_classes.contains(&class) {
                    if self.unicode_classes.len() == MAX_UNICODE_CLASSES
                        || regex::Regex::new(&class).is_err()
                    {
                        return Err(SyntaxError::CharacterRange);
                    }
                    self.unicode_classes.insert(class.clone());
                }
                Ok(Some(class))
            }
            _ => Ok(None),
        }
    }

    pub(super) fn class(&mut self) -> Result<()> {
        let mut class = String::from("[");
        if self.eat("^") {
            class.push('^');
        }
        let mut first = true;
        loop {
            match self.input.peek() {
                None => return Err(SyntaxError::MissingBracket),
                Some(']') if !first => break,
                Some(_) => class.push_str(&self.class_item()?),
            }
            first = false;
        }
        self.input.next();
        class.push(']');
        self.push(&class);
        Ok(())
    }

    fn class_item(&mut self) -> Result<String> {
        if let Some(posix) = self.posix_class()? {
            return Ok(posix);
        }
        if self.input.peek() == Some(&'\\') {
            let mut ahead = self.input.clone();
            ahead.next();
            std::mem::swap(&mut ahead, &mut self.input);
            if let Some(class) = self.named_class()? {
                return Ok(class);
            }
            self.input = ahead;
        }
        let low = self.class_character()?;
        let mut ahead = self.input.clone();
        if ahead.next() == Some('-') && !matches!(ahead.next(), None | Some(']')) {
            self.input.next();
            let high = self.class_character()?;
            if high < low {
                return Err(SyntaxError::CharacterRange);
            }
            return Ok(format!("{}-{}", exact(low), exact(high)));
        }
        Ok(exact(low))
    }

    /// `[:alpha:]` or `[:^alpha:]`; without its end it is text.
    fn posix_class(&mut self) -> Result<Option<String>> {
        let mut ahead = self.input.clone();
        if ahead.next() != Some('[') || ahead.next() != Some(':') {
            return Ok(None);
        }
        if self.no_posix_class_ends {
            return Ok(None);
        }
        let mut name = String::new();
        loop {
            match ahead.next() {
                Some(':') if ahead.peek() == Some(&']') => break,
                Some(character) => name.push(character),
                None => {
                    self.no_posix_class_ends = true;
                    return Ok(None);
                }
            }
        }
        const NAMES: [&str; 14] = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print",
            "punct", "space", "upper", "word", "xdigit",
        ];
        if !NAMES.contains(&name.strip_prefix('^').unwrap_or(&name)) {
            return Err(SyntaxError::CharacterRange);
        }
        let class = format!("[:{name}:]");
        assert!(self.eat(&class), "it was read just now");
        Ok(Some(class))
    }

    fn class_character(&mut self) -> Result<char> {
        match self.input.next() {
            None => Err(SyntaxError::MissingBracket),
            Some('\\') => self.escaped_character(),
            Some(character) => Ok(character),
        }
    }
}
