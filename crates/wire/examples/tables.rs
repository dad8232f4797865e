//! Prints the table of every message as JSON, for comparison with other definitions of the protocol.

use std::fmt::Write;
use std::ops::RangeInclusive;

use ottla_wire::schema::{Field, Kind, MessageSchema, Schema, Type, all};

fn main() {
    let messages: Vec<String> = all().map(message).collect();
    println!("[{}]", messages.join(",\n"));
}

fn message(message: &MessageSchema) -> String {
    let kind = match message.kind {
        Kind::Request => "request",
        Kind::Response => "response",
        Kind::Header => "header",
        Kind::Metadata => "metadata",
        Kind::CoordinatorKey => "coordinator-key",
        Kind::CoordinatorValue => "coordinator-value",
        Kind::Data => "data",
    };
    format!(
        r#"{{"name":"{}","kind":"{kind}","key":{},"valid":{},"flexible":{},"latest_unstable":{},"fields":{}}}"#,
        message.body.name,
        or_null(message.key),
        range(&message.valid),
        message.flexible_from,
        message.latest_unstable,
        fields(message.body),
    )
}

fn fields(schema: &Schema) -> String {
    let fields: Vec<String> = schema.fields.iter().map(field).collect();
    format!("[{}]", fields.join(","))
}

fn field(field: &Field) -> String {
    let mut text = format!(
        r#"{{"name":"{}","type":"{}","versions":{},"nullable":{},"tag":{},"ignorable":{},"classic":{},"default":"{}""#,
        field.name,
        type_name(field.ty),
        range(&field.versions),
        field.nullable.as_ref().map_or("null".into(), range),
        or_null(field.tag),
        field.ignorable,
        field.classic,
        (field.default)().escape_default(),
    );
    if let Some(schema) = inner_struct(field.ty) {
        write!(text, r#","fields":{}"#, fields(schema)).expect("a string takes everything");
    }
    text.push('}');
    text
}

fn inner_struct(ty: Type) -> Option<&'static Schema> {
    match ty {
        Type::Struct(schema) => Some(schema),
        Type::Array(element) => inner_struct(*element),
        _ => None,
    }
}

/// In the words of Kafka's definitions; a struct is nameless, for names of structs are not on the wire.
fn type_name(ty: Type) -> String {
    let name = match ty {
        Type::Bool => "bool",
        Type::Int8 => "int8",
        Type::Int16 => "int16",
        Type::Uint16 => "uint16",
        Type::Int32 => "int32",
        Type::Uint32 => "uint32",
        Type::Int64 => "int64",
        Type::Float64 => "float64",
        Type::Uuid => "uuid",
        Type::String => "string",
        Type::Bytes => "bytes",
        Type::Records => "records",
        Type::Struct(_) => "struct",
        Type::Array(element) => return format!("[]{}", type_name(*element)),
    };
    name.into()
}

fn range(versions: &RangeInclusive<i16>) -> String {
    format!("[{},{}]", versions.start(), versions.end())
}

fn or_null(number: Option<impl ToString>) -> String {
    number.map_or("null".into(), |number| number.to_string())
}
