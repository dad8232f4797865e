//! The declaration as data, for comparison with other definitions of the protocol.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use crate::declaration::{FieldDeclaration, MessageAttributes, StructDeclaration};

pub(crate) fn schema(declaration: &StructDeclaration) -> TokenStream {
    let name = declaration.name.to_string();
    let fields = declaration
        .fields
        .iter()
        .map(|field| field_schema(declaration, field));
    quote! {
        schema::Schema { name: #name, fields: &[#(#fields),*] }
    }
}

fn field_schema(declaration: &StructDeclaration, field: &FieldDeclaration) -> TokenStream {
    let FieldDeclaration {
        name,
        value_type,
        versions,
        ignorable,
        classic,
        ..
    } = field;
    let text = field.text();
    let this = declaration.with_lifetime(quote! { 'static });
    let nullable = option(field.nullable);
    let tag = option(field.tag);
    quote! {
        schema::Field {
            name: #text,
            ty: <#value_type as Value<'a>>::TYPE,
            versions: #versions,
            nullable: #nullable,
            tag: #tag,
            ignorable: #ignorable,
            classic: #classic,
            default: || format!("{:?}", <#this as Default>::default().#name),
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
    let key = option(*key);
    let ident = &declaration.name;
    let mut fields = declaration.fields.iter();
    let throttle = fields
        .any(|field| field.name == "throttle_time_ms")
        .then(|| {
            quote! {
                fn throttle_time_ms(&mut self) -> Option<&mut i32> {
                    Some(&mut self.throttle_time_ms)
                }
            }
        });
    quote! {
        impl<'a> Message<'a> for #this {
            const SCHEMA: schema::MessageSchema = schema::MessageSchema {
                kind: schema::Kind::#kind,
                key: #key,
                valid: #valid,
                flexible_from: #flexible_from,
                latest_unstable: #latest_unstable,
                body: <Self as Value<'a>>::TYPE.body(),
                recode: |bytes, version| {
                    let mut reader = Reader::new(bytes);
                    let message: #ident = Message::decode(&mut reader, version)?;
                    reader.finish()?;
                    let mut writer = Writer::new();
                    Message::encode(&message, &mut writer, version);
                    Ok(writer.into_bytes())
                },
            };

            const NAME: &'static str = #name;
            const KEY: Option<i16> = #key;
            const VALID: RangeInclusive<i16> = #valid;
            const FLEXIBLE_FROM: i16 = #flexible_from;

            #throttle
        }
    }
}

fn option(value: Option<impl ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote! { Some(#value) },
        None => quote! { None },
    }
}
