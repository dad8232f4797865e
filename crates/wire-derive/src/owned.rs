//! Copying what a struct borrows.

use proc_macro2::TokenStream;
use quote::quote;

use crate::declaration::StructDeclaration;

/// `impl IntoOwned`.
pub(crate) fn into_owned(declaration: &StructDeclaration) -> TokenStream {
    let this = declaration.with_lifetime(quote! { '_ });
    let owned = declaration.with_lifetime(quote! { 'static });
    let name = &declaration.name;
    let fields = declaration.fields.iter().map(|field| &field.name);
    let copies = declaration.fields.iter().map(|field| {
        let name = &field.name;
        quote! { IntoOwned::into_owned(self.#name) }
    });
    quote! {
        impl IntoOwned for #this {
            type Owned = #owned;

            fn into_owned(self) -> Self::Owned {
                #name { #(#fields: #copies),* }
            }
        }
    }
}
