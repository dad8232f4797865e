use super::*;

fn matches(pattern: &str, name: &str) -> bool {
    let translated = translate(pattern).unwrap();
    regex::Regex::new(&format!(r"\A(?:{translated})\z"))
        .unwrap()
        .is_match(name)
}

#[test]
fn what_both_read_alike_matches() {
    assert!(matches("orders-.*", "orders-eu"));
    assert!(matches("a|ab", "ab"));
    assert!(matches("(?i)ORDERS(-[a-z]{2,3}?)+", "orders-eu-us"));
    assert!(matches(r"^\w+\.\d+$", "topic.42"));
    assert!(matches("[[:alpha:]]+[^[:digit:]_]", "topic"));
    assert!(matches("(?P<name>x)(?<other>y)(?s-i:z)", "xyz"));
    assert!(!matches("orders", "orders-eu"));
}

#[test]
fn what_re2_takes_for_text_is_text() {
    assert!(matches("a{", "a{"));
    assert!(matches("a{,2}", "a{,2}"));
    assert!(matches(r"\Qa.b*\E.", "a.b*c"));
    assert!(matches("[a&&b]+", "a&b"));
    assert!(matches("[[a]+", "[a"));
    assert!(matches(r"[]a-]+", "]a-"));
    assert!(matches(r"\101\x42\x{43}\_", "ABC_"));
    assert!(matches(r"a#b c", "a#b c"));
}

#[test]
fn what_re2_refuses_is_refused_for_its_reason() {
    use SyntaxError::*;
    for (pattern, error) in [
        ("(", MissingParenthesis),
        ("a)", SurplusParenthesis),
        ("[a", MissingBracket),
        ("[b-a]", CharacterRange),
        ("[[:word:][:foo:]]", CharacterRange),
        (r"\pX", CharacterRange),
        ("*", RepeatArgument),
        ("a|+", RepeatArgument),
        ("a**", NestedRepetition),
        ("a{1001}", RepeatCount),
        ("a{2,1}", RepeatCount),
        (r"\1", Escape),
        (r"\C", Escape),
        (r"\y", Escape),
        (r"a\", TrailingBackslash),
        ("(?x)a", PerlSyntax),
        ("(?=a)", PerlSyntax),
        ("(?P<n", NamedCapture),
        ("(?P<n>a)(?P<n>b)", DuplicateCapture),
    ] {
        assert_eq!(translate(pattern), Err(error), "{pattern}");
    }
}

#[test]
fn perl_classes_are_of_ascii() {
    assert!(matches(r"\w\W\d\D\s\S", "a-1b c"));
    assert!(matches(r"[\w.-]+[^\d\s]", "a.b-c"));
    assert!(!matches(r"\w", "é"));
    assert!(!matches(r"[\d]", "٣"));
    assert!(matches(r"[^\w]", "é"));
}

#[test]
fn what_is_asked_again_and_again_is_answered_once() {
    let pattern = r"\pL".repeat(10_000);
    assert_eq!(translate(&pattern).unwrap(), r"\p{L}".repeat(10_000));
    let pattern = "[[:".repeat(10_000);
    assert_eq!(translate(&pattern), Err(SyntaxError::MissingBracket));
}
