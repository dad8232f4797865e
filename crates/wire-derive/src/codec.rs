//! Reading and writing a struct.

use proc_macro2::TokenStream;
use quote::quote;

use crate::declaration::{FieldDeclaration, StructDeclaration, Versions};
use crate::schema;

/// `impl Value`: the codec of the struct.
pub(crate) fn value(declaration: &StructDeclaration) -> TokenStream {
    let this = declaration.with_lifetime(quote! { 'a });
    let schema = schema::schema(declaration);
    let read = read(declaration);
    let write = write(declaration);
    let lost_field = lost_field(declaration);
    quote! {
        impl<'a> ::ottla_wire::Value<'a> for #this {
            const TYPE: ::ottla_wire::schema::Type = ::ottla_wire::schema::Type::Struct(&#schema);

            fn read(
                reader: &mut ::ottla_wire::codec::Reader<'a>,
                version: ::ottla_wire::codec::Version,
            ) -> ::core::result::Result<Self, ::ottla_wire::codec::DecodeError> {
                #read
            }

            fn write(
                &self,
                writer: &mut ::ottla_wire::codec::Writer,
                version: ::ottla_wire::codec::Version,
            ) {
                #write
            }

            fn lost_field(
                &self,
                version: ::ottla_wire::codec::Version,
            ) -> ::core::option::Option<&'static str> {
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
        impl ::core::default::Default for #this {
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
        impl<'a> ::ottla_wire::Nullable<'a> for #this {
            fn read_nullable(
                reader: &mut ::ottla_wire::codec::Reader<'a>,
                version: ::ottla_wire::codec::Version,
            ) -> ::core::result::Result<::core::option::Option<Self>, ::ottla_wire::codec::DecodeError> {
                if reader.is_present()? {
                    ::ottla_wire::Value::read(reader, version).map(::core::option::Option::Some)
                } else {
                    ::core::result::Result::Ok(::core::option::Option::None)
                }
            }

            fn write_nullable(
                value: ::core::option::Option<&Self>,
                writer: &mut ::ottla_wire::codec::Writer,
                version: ::ottla_wire::codec::Version,
            ) {
                writer.present(value.is_some());
                if let ::core::option::Option::Some(value) = value {
                    ::ottla_wire::Value::write(value, writer, version);
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
        let mut this = <Self as ::core::default::Default>::default();
        #(#positional)*
        if version.flexible {
            reader.tagged_fields(#read_tags)?;
        }
        ::core::result::Result::Ok(this)
    }
}

/// The body of `Value::write`: the positional fields, then the number of tagged ones, then these.
fn write(declaration: &StructDeclaration) -> TokenStream {
    let positional = declaration.positional().map(|field| {
        let write = write_value(field);
        if_version_has(field.versions, &write, None)
    });
    let tagged = declaration.tagged();
    let present: Vec<_> = tagged
        .iter()
        .map(|(tag, _)| quote::format_ident!("has_tag_{tag}"))
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
            quote! { ::core::option::Option::Some(&self.#name) }
        };
        let inside = quote! {
            let lost = #value.and_then(|value| ::ottla_wire::Value::lost_field(value, version));
            if lost.is_some() {
                return lost;
            }
        };
        let text = name.to_string();
        let outside = quote! {
            let default: #ty = #default;
            if self.#name != default {
                return ::core::option::Option::Some(#text);
            }
        };
        if_version_has(*versions, &inside, (!field.ignorable).then_some(&outside))
    });
    quote! {
        #({ #checks })*
        ::core::option::Option::None
    }
}

fn read_value(field: &FieldDeclaration, reader: &TokenStream) -> TokenStream {
    let plain = quote! { ::ottla_wire::Value::read(#reader, version)? };
    let Some(nullable) = field.nullable else {
        return plain;
    };
    let maybe_null = quote! { ::ottla_wire::Nullable::read_nullable(#reader, version)? };
    let some = quote! { ::core::option::Option::Some(#plain) };
    if_version_has(nullable, &maybe_null, Some(&some))
}

fn write_value(field: &FieldDeclaration) -> TokenStream {
    let name = &field.name;
    let Some(nullable) = field.nullable else {
        return quote! { ::ottla_wire::Value::write(&self.#name, writer, version); };
    };
    let maybe_null =
        quote! { ::ottla_wire::Nullable::write_nullable(self.#name.as_ref(), writer, version); };
    let never_null = quote! {
        ::ottla_wire::Value::write(
            self.#name.as_ref().unwrap_or(&::core::default::Default::default()),
            writer,
            version,
        );
    };
    if_version_has(nullable, &maybe_null, Some(&never_null))
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
