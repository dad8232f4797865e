//! Turns the declaration of a message into its codec.
//!
//! A message is a struct whose fields stand in the order of the wire:
//!
//! ```ignore
//! #[derive(Clone, Debug, PartialEq, Message)]
//! #[message(request = 1, versions = 4..=18, flexible = 12..)]
//! pub struct FetchRequest<'a> {
//!     #[field(versions = 12.., tag = 0, default = None, ignorable)]
//!     pub cluster_id: Option<Str<'a>>,
//!     pub max_wait_ms: i32,
//!     #[field(versions = 7.., default = -1, ignorable)]
//!     pub session_epoch: i32,
//!     pub topics: Vec<FetchTopic<'a>>,
//! }
//! ```
//!
//! On the struct, `request`, `response`, `metadata`, `coordinator_key` or `coordinator_value` gives the API key, record id
//! or record type; `header` and `data` stand alone;
//! `versions` are those spoken; `flexible` those with compact lengths and tagged fields, and is left out if there are none;
//! `latest_unstable` says that the last of them may still change.
//!
//! On a field, all of it optional:
//!
//! - `versions`: those that have the field; without it, all.
//! - `nullable`: those in which an `Option` may be null; without it, all. Where it may not be, `None` is written as the empty value.
//! - `tag`: it is a tagged field, present only if it differs from its default.
//! - `default`: its value in a version without it, and in `Default`; without it, the type's: 0, empty, false, and not `None`.
//! - `ignorable`: a version without the field may lose its value.
//! - `classic`: its length is never compact.
//!
//! Structs inside messages derive `Struct` and take the same field attributes. `IntoOwned` derives a copy that outlives the frame.

mod codec;
mod declaration;
mod owned;
mod schema;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as TokenStream2;
use quote::quote;
use syn::{DeriveInput, parse_macro_input};

use declaration::{MessageAttributes, StructDeclaration};

/// A message: `Value`, `Default` and `Message`.
#[proc_macro_derive(Message, attributes(message, field))]
pub fn derive_message(input: TokenStream) -> TokenStream {
    derive(input, |input, declaration| {
        let attributes = MessageAttributes::parse(input)?;
        Ok(vec![
            codec::value(declaration),
            codec::default(declaration),
            schema::message(declaration, &attributes),
        ])
    })
}

/// A struct inside messages: `Value`, `Default` and `Nullable`.
#[proc_macro_derive(Struct, attributes(field))]
pub fn derive_struct(input: TokenStream) -> TokenStream {
    derive(input, |_, declaration| {
        Ok(vec![
            codec::value(declaration),
            codec::default(declaration),
            codec::nullable(declaration),
        ])
    })
}

/// The struct with everything borrowed copied: `IntoOwned`.
#[proc_macro_derive(IntoOwned)]
pub fn derive_into_owned(input: TokenStream) -> TokenStream {
    derive(input, |_, declaration| {
        Ok(vec![owned::into_owned(declaration)])
    })
}

/// Puts the `impls` for a declaration in its place, or what is wrong with it.
fn derive(
    input: TokenStream,
    impls: impl FnOnce(&DeriveInput, &StructDeclaration) -> syn::Result<Vec<TokenStream2>>,
) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    StructDeclaration::parse(&input)
        .and_then(|declaration| impls(&input, &declaration))
        .map(|impls| in_scope(&impls))
        .unwrap_or_else(|error| error.into_compile_error())
        .into()
}

/// A scope with the names that the codec uses, which the module of the declaration does not see.
fn in_scope(impls: &[TokenStream2]) -> TokenStream2 {
    quote! {
        #[allow(unused_imports)]
        const _: () = {
            use ::std::ops::RangeInclusive;

            use ::ottla_wire::codec::{DecodeError, LENGTH_ROOM, Reader, Version, Writer};
            use ::ottla_wire::{IntoOwned, Message, Nullable, Value, schema};
            #(#impls)*
        };
    }
}
