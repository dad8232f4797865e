//! Reading and writing a struct. The names used in what is written here are brought in by `in_scope`.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use crate::declaration::{FieldDeclaration, StructDeclaration, Versions};
use crate::schema;

/// `impl Value`: the codec of the struct.
pub(crate) fn value(declaration: &StructDeclaration) -> TokenStream {
    let this = declaration.with_lifetime(quote! { 'a });
    let schema = schema::schema(declaration);
    let read = read(declaration);
    let write = write(declaration);
    let room = room(declaration);
    let lost_field = lost_field(declaration);
    quote! {
        impl<'a> Value<'a> for #this {
            const TYPE: schema::Type = schema::Type::Struct(&#schema);

            fn read(
                reader: &mut Reader<'a>,
                version: Version,
            ) -> Result<Self, DecodeError> {
                #read
            }

            fn write(
                &self,
                writer: &mut Writer,
                version: Version,
            ) {
                #write
            }

            fn room(&self) -> usize {
                #room
            }

            fn lost_field(
                &self,
                version: Version,
            ) -> Option<&'static str> {
                #lost_field
            }
        }
    }
}

/// `impl Default`: what the fields hold in versions without them.
pub(crate) fn default(declaration: &StructDeclaration) -> TokenStream {
    let this = declaration.with_lifetime(quote! { '_ });
    let names = declaration.fields.iter().map(|field| &field.name);
    let defaults = declaration.fields.iter().map(|field| &field.default);
    quote! {
        impl Default for #this {
            fn default() -> Self {
                Self { #(#names: #defaults),* }
            }
        }
    }
}

/// `impl Nullable`: a marker goes before a struct that may be null.
pub(crate) fn nullable(declaration: &StructDeclaration) -> TokenStream {
    let this = declaration.with_lifetime(quote! { 'a });
    quote! {
        impl<'a> Nullable<'a> for #this {
            fn read_nullable(
                reader: &mut Reader<'a>,
                version: Version,
            ) -> Result<Option<Self>, DecodeError> {
                if reader.is_present()? {
                    Value::read(reader, version).map(Some)
                } else {
                    Ok(None)
                }
            }

            fn write_nullable(
                value: Option<&Self>,
                writer: &mut Writer,
                version: Version,
            ) {
                writer.present(value.is_some());
                if let Some(value) = value {
                    Value::write(value, writer, version);
                }
            }

            fn read_nullable_tagged(
                reader: &mut Reader<'a>,
                version: Version,
            ) -> Result<Option<Self>, DecodeError> {
                if reader.is_present_tagged()? {
                    Value::read(reader, version).map(Some)
                } else {
                    Ok(None)
                }
            }

            fn write_nullable_tagged(
                value: Option<&Self>,
                writer: &mut Writer,
                version: Version,
            ) {
                writer.present_tagged(value.is_some());
                if let Some(value) = value {
                    Value::write(value, writer, version);
                }
            }
        }
    }
}

/// The body of `Value::read`: from the defaults, the positional fields, then the tagged ones.
fn read(declaration: &StructDeclaration) -> TokenStream {
    let positional = declaration.positional().map(|field| {
        let name = &field.name;
        let read = read_value(field, &quote! { reader });
        if_version_has(field.versions, &quote! { this.#name = #read; }, None)
    });
    let tags: Vec<_> = declaration
        .tagged()
        .into_iter()
        .map(|(tag, field)| {
            let FieldDeclaration { name, versions, .. } = field;
            let read = read_value(field, &quote! { tagged });
            quote! { #tag if version.is_in(#versions) => this.#name = #read, }
        })
        .collect();
    let read_tags = if tags.is_empty() {
        quote! { |_, tagged| tagged.pass_over() }
    } else {
        quote! {
            |tag, tagged| {
                match tag {
                    #(#tags)*
                    _ => return tagged.pass_over(),
                }
                tagged.finish()
            }
        }
    };
    quote! {
        let mut this = <Self as Default>::default();
        #(#positional)*
        if version.flexible {
            reader.tagged_fields(#read_tags)?;
        }
        Ok(this)
    }
}

/// The body of `Value::write`: the positional fields, then the number of tagged ones, then these.
fn write(declaration: &StructDeclaration) -> TokenStream {
    let positional = declaration.positional().map(|field| {
        let write = write_value(field);
        if_version_has(field.versions, &write, None)
    });
    let tagged = declaration.tagged();
    let present: Vec<_> = (0..tagged.len())
        .map(|i| format_ident!("writes_tag_{i}"))
        .collect();
    let decide = tagged.iter().zip(&present).map(|((_, field), present)| {
        let FieldDeclaration {
            name,
            ty,
            versions,
            default,
            ..
        } = field;
        quote! {
            let #present = version.is_in(#versions) && {
                let default: #ty = #default;
                self.#name != default
            };
        }
    });
    let write_tags = tagged.iter().zip(&present).map(|((tag, field), present)| {
        let write = write_value(field);
        quote! {
            if #present {
                writer.tagged_field(#tag, |writer| { #write });
            }
        }
    });
    quote! {
        #(#positional)*
        if version.flexible {
            #(#decide)*
            writer.uvarint(0 #(+ u32::from(#present))*);
            #(#write_tags)*
        }
    }
}

/// The body of `Value::room`: that of every field, and what tags and null markers add.
fn room(declaration: &StructDeclaration) -> TokenStream {
    let fields = declaration.fields.iter().map(|field| {
        let FieldDeclaration {
            name, value_type, ..
        } = field;
        if field.nullable.is_none() {
            return quote! { Value::room(&self.#name) };
        }
        // Where it may not be null, nothing is written as the empty value.
        quote! {
            1 + match &self.#name {
                Some(value) => Value::room(value),
                None => Value::room(&<#value_type as Default>::default()),
            }
        }
    });
    let tagged = declaration.tagged().len();
    quote! {
        // A tag and a length each, and how many there are.
        LENGTH_ROOM + #tagged * 2 * LENGTH_ROOM #(+ #fields)*
    }
}

/// The body of `Value::lost_field`: each field that the version has is asked, each other one must hold its default.
fn lost_field(declaration: &StructDeclaration) -> TokenStream {
    let checks = declaration.fields.iter().map(|field| {
        let FieldDeclaration {
            name,
            ty,
            versions,
            default,
            ..
        } = field;
        let value = if field.nullable.is_some() {
            quote! { self.#name.as_ref() }
        } else {
            quote! { Some(&self.#name) }
        };
        let inside = quote! {
            let lost = #value.and_then(|value| Value::lost_field(value, version));
            if lost.is_some() {
                return lost;
            }
        };
        let text = field.text();
        let outside = quote! {
            let default: #ty = #default;
            if self.#name != default {
                return Some(#text);
            }
        };
        if_version_has(*versions, &inside, (!field.ignorable).then_some(&outside))
    });
    quote! {
        #({ #checks })*
        None
    }
}

fn read_value(field: &FieldDeclaration, reader: &TokenStream) -> TokenStream {
    let version = version_of(field);
    let plain = quote! { Value::read(#reader, #version)? };
    let Some(nullable) = field.nullable else {
        return plain;
    };
    let read_nullable = nullable_method(field, "read_nullable");
    let maybe_null = quote! { Nullable::#read_nullable(#reader, #version)? };
    let some = quote! { Some(#plain) };
    if_version_has(nullable, &maybe_null, Some(&some))
}

fn write_value(field: &FieldDeclaration) -> TokenStream {
    let name = &field.name;
    let version = version_of(field);
    let Some(nullable) = field.nullable else {
        return quote! { Value::write(&self.#name, writer, #version); };
    };
    let write_nullable = nullable_method(field, "write_nullable");
    let maybe_null = quote! { Nullable::#write_nullable(self.#name.as_ref(), writer, #version); };
    let never_null = quote! {
        Value::write(
            self.#name.as_ref().unwrap_or(&Default::default()),
            writer,
            #version,
        );
    };
    if_version_has(nullable, &maybe_null, Some(&never_null))
}

fn nullable_method(field: &FieldDeclaration, name: &str) -> Ident {
    if field.tag.is_some() {
        format_ident!("{name}_tagged")
    } else {
        format_ident!("{name}")
    }
}

/// The version that the value of a field is read and written in.
fn version_of(field: &FieldDeclaration) -> TokenStream {
    if field.classic {
        quote! { version.classic() }
    } else {
        quote! { version }
    }
}

/// `then` in the versions of the range and `otherwise` in others, without a question where the answer is known.
fn if_version_has(
    versions: Versions,
    then: &TokenStream,
    otherwise: Option<&TokenStream>,
) -> TokenStream {
    if versions == Versions::ALL {
        return then.clone();
    }
    let otherwise = otherwise.map(|otherwise| quote! { else { #otherwise } });
    quote! { if version.is_in(#versions) { #then } #otherwise }
}
