//! The declaration as data, for comparison with other definitions of the protocol.

use proc_macro2::TokenStream;
use quote::quote;

use crate::declaration::{FieldDeclaration, MessageAttributes, StructDeclaration};

pub(crate) fn schema(declaration: &StructDeclaration) -> TokenStream {
    let name = declaration.name.to_string();
    let fields = declaration
        .fields
        .iter()
        .map(|field| field_schema(declaration, field));
    quote! {
        ::ottla_wire::schema::Schema { name: #name, fields: &[#(#fields),*] }
    }
}

fn field_schema(declaration: &StructDeclaration, field: &FieldDeclaration) -> TokenStream {
    let FieldDeclaration {
        name,
        value_type,
        versions,
        ignorable,
        ..
    } = field;
    let text = name.to_string();
    let text = text.trim_start_matches("r#");
    let this = declaration.with_lifetime(quote! { 'static });
    let option = |value: Option<TokenStream>| match value {
        Some(value) => quote! { ::core::option::Option::Some(#value) },
        None => quote! { ::core::option::Option::None },
    };
    let nullable = option(field.nullable.map(|nullable| quote! { #nullable }));
    let tag = option(field.tag.map(|tag| quote! { #tag }));
    quote! {
        ::ottla_wire::schema::Field {
            name: #text,
            ty: <#value_type as ::ottla_wire::Value<'a>>::TYPE,
            versions: #versions,
            nullable: #nullable,
            tag: #tag,
            ignorable: #ignorable,
            default: || ::std::format!("{:?}", <#this as ::core::default::Default>::default().#name),
        }
    }
}

/// `impl Message`: the name and versions.
pub(crate) fn message(
    declaration: &StructDeclaration,
    attributes: &MessageAttributes,
) -> TokenStream {
    let this = declaration.with_lifetime(quote! { 'a });
    let name = declaration.name.to_string();
    let MessageAttributes {
        kind,
        key,
        valid,
        flexible_from,
        latest_unstable,
    } = attributes;
    let key = match key {
        Some(key) => quote! { ::core::option::Option::Some(#key) },
        None => quote! { ::core::option::Option::None },
    };
    let ident = &declaration.name;
    quote! {
        impl<'a> ::ottla_wire::Message<'a> for #this {
            const SCHEMA: ::ottla_wire::schema::MessageSchema = ::ottla_wire::schema::MessageSchema {
                kind: ::ottla_wire::schema::Kind::#kind,
                key: #key,
                valid: #valid,
                flexible_from: #flexible_from,
                latest_unstable: #latest_unstable,
                body: <Self as ::ottla_wire::Value<'a>>::TYPE.body(),
                recode: |bytes, version| {
                    let mut reader = ::ottla_wire::codec::Reader::new(bytes);
                    let message: #ident = ::ottla_wire::Message::decode(&mut reader, version)?;
                    reader.finish()?;
                    let mut writer = ::ottla_wire::codec::Writer::new();
                    ::ottla_wire::Message::encode(&message, &mut writer, version);
                    ::core::result::Result::Ok(writer.into_bytes())
                },
            };

            const NAME: &'static str = #name;
            const KEY: ::core::option::Option<i16> = #key;
            const VALID: ::core::ops::RangeInclusive<i16> = #valid;
            const FLEXIBLE_FROM: i16 = #flexible_from;
        }
    }
}
