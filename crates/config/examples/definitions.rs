//! The table beside Apache's (`conformance/configs`): reads what its classes say of keys and values, and says the same of ours.

use std::io::{self, BufRead, Write};

use ottla_config::{Key, Kind, Value, table};

/// How null is written.
const NULL: &str = "\\N";

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut told = Vec::new();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split('\t').collect();
        let (scope, name) = (words[1], words[2]);
        match (words[0], find(scope, name)) {
            (_, None) => writeln!(out, "{}\t{scope}\t{name}\tmissing", words[0])?,
            ("key", Some(key)) => {
                writeln!(out, "{}", described(scope, key))?;
                told.push((scope.to_owned(), key.name));
            }
            (_, Some(key)) => {
                let text = words[3];
                let outcome = Value::parse(key, text)
                    .map_or_else(|_| "refused".to_owned(), |value| shown(key, &value));
                writeln!(out, "value\t{scope}\t{name}\t{text}\t{outcome}")?;
            }
        }
    }
    for (scope, keys) in all() {
        for key in keys {
            if !told.contains(&(scope.to_owned(), key.name)) {
                writeln!(out, "{}", described(scope, key))?;
            }
        }
    }
    Ok(())
}

fn all() -> [(&'static str, Vec<&'static Key>); 4] {
    [
        ("broker", table::server().collect()),
        ("topic", table::topic().collect()),
        ("group", table::group().collect()),
        ("client-metrics", table::client_metrics().collect()),
    ]
}

fn find(scope: &str, name: &str) -> Option<&'static Key> {
    match scope {
        "broker" => table::server_key(name),
        "topic" => table::topic_key(name),
        "group" => table::group_key(name),
        _ => table::client_metrics_key(name),
    }
}

fn described(scope: &str, key: &Key) -> String {
    let kind = match key.kind {
        Kind::Boolean => "BOOLEAN",
        Kind::Text => "STRING",
        Kind::Int => "INT",
        Kind::Short => "SHORT",
        Kind::Long => "LONG",
        Kind::Double => "DOUBLE",
        Kind::List => "LIST",
        Kind::Class => "CLASS",
        Kind::Password => "PASSWORD",
    };
    let is_shown = if key.is_listed() { "shown" } else { "hidden" };
    let default = key.default.unwrap_or(NULL);
    format!("key\t{scope}\t{}\t{kind}\t{is_shown}\t{default}", key.name)
}

fn shown(key: &Key, value: &Value) -> String {
    match key.is_sensitive() {
        true => "[hidden]".to_owned(),
        false => value.to_string(),
    }
}
