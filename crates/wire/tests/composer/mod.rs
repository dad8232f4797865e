//! Messages made from their tables alone, without the codec that is tested with them.

use bytes::Bytes;
use ottla_wire::codec::{Version, Writer};
use ottla_wire::schema::{Field, MessageSchema, Schema, Type};

/// Writes a message from its table alone, with values drawn from `choices`: what the derived codec must read.
struct Composer<'a> {
    choices: &'a [u8],
    drawn: usize,
    writer: Writer,
    version: Version,
    with_tags: bool,
}

impl Composer<'_> {
    fn draw(&mut self) -> u8 {
        self.drawn += 1;
        self.choices[self.drawn % self.choices.len()]
            .wrapping_add((self.drawn / self.choices.len()) as u8)
    }

    fn compose(&mut self, schema: &Schema, depth: usize) {
        let has = |field: &&Field| field.versions.contains(&self.version.number);
        let mut tagged: Vec<_> = schema
            .fields
            .iter()
            .filter(has)
            .filter(|f| f.tag.is_some())
            .collect();
        let positional: Vec<_> = schema
            .fields
            .iter()
            .filter(has)
            .filter(|f| f.tag.is_none())
            .collect();
        for field in positional {
            self.field(field, depth);
        }
        if self.version.flexible {
            if !self.with_tags {
                tagged.clear();
            }
            tagged.sort_by_key(|field| field.tag);
            self.writer.uvarint(tagged.len() as u32);
            for field in tagged {
                let outer = std::mem::take(&mut self.writer);
                self.field(field, depth);
                let value = std::mem::replace(&mut self.writer, outer).into_bytes();
                let tag = field.tag.expect("only tagged fields are left");
                self.writer.tagged_field(tag, |writer| writer.raw(&value));
            }
        }
    }

    fn field(&mut self, field: &Field, depth: usize) {
        let outer = self.version;
        self.version.flexible &= !field.classic;
        self.field_in_its_version(field, depth);
        self.version = outer;
    }

    fn field_in_its_version(&mut self, field: &Field, depth: usize) {
        let nullable = field
            .nullable
            .as_ref()
            .is_some_and(|nullable| nullable.contains(&self.version.number));
        let null = nullable && self.draw().is_multiple_of(3);
        match field.ty {
            Type::Struct(schema) => {
                if nullable && field.tag.is_some() {
                    self.writer.present_tagged(!null);
                } else if nullable {
                    self.writer.present(!null);
                }
                if !null {
                    self.compose(schema, depth + 1);
                }
            }
            _ if null && matches!(field.ty, Type::String) => self.writer.string(None, self.version),
            _ if null => self.writer.bytes(None, self.version),
            ty => self.value(ty, depth),
        }
    }

    fn value(&mut self, ty: Type, depth: usize) {
        let drawn = self.draw();
        match ty {
            Type::Bool => self.writer.i8(i8::from(drawn.is_multiple_of(2))),
            Type::Int8 => self.writer.i8(drawn as i8),
            // Among these every number is an error code, which is all that an error code can hold.
            Type::Int16 => self.writer.i16(i16::from(drawn % 100) - 1),
            Type::Uint16 => self.writer.u16(u16::from(drawn) * 257),
            Type::Int32 => self
                .writer
                .i32(i32::from(drawn as i8).wrapping_mul(0x0101_0101)),
            Type::Uint32 => self.writer.u32(u32::from(drawn) * 0x0101_0101),
            Type::Int64 => self
                .writer
                .i64(i64::from(drawn as i8).wrapping_mul(0x0101_0101_0101_0101)),
            Type::Float64 => self.writer.f64(f64::from(drawn) / 3.0),
            Type::Uuid => self.writer.u128(u128::from(drawn) << 64 | 7),
            Type::String => self
                .writer
                .string(Some(&"ö".repeat(usize::from(drawn))), self.version),
            Type::Bytes | Type::Records => self
                .writer
                .bytes(Some(&vec![drawn; usize::from(drawn)]), self.version),
            Type::Struct(schema) => self.compose(schema, depth + 1),
            Type::Array(element) => {
                let count = usize::from(drawn) % if depth < 3 { 4 } else { 2 };
                self.writer.length(Some(count), self.version);
                for _ in 0..count {
                    self.value(*element, depth);
                }
            }
        }
    }
}

pub(crate) fn compose(
    message: &MessageSchema,
    version: Version,
    choices: &[u8],
    with_tags: bool,
) -> Bytes {
    let mut composer = Composer {
        choices,
        drawn: 0,
        writer: Writer::new(),
        version,
        with_tags,
    };
    composer.compose(message.body, 0);
    composer.writer.into_bytes()
}
