//! What a declaration says, read from its tokens.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{
    Data, DeriveInput, Error, Expr, Fields, GenericArgument, LitInt, PathArguments, RangeLimits,
    Result, Type,
};

/// An inclusive range of versions, written as a Rust range of either kind with either end open.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) first: i16,
    pub(crate) last: i16,
}

impl Versions {
    pub(crate) const ALL: Self = Self {
        first: 0,
        last: i16::MAX,
    };

    fn parse(meta: &ParseNestedMeta<'_>) -> Result<Self> {
        let expression: Expr = meta.value()?.parse()?;
        let Expr::Range(range) = &expression else {
            let only = number(&expression)?;
            return Ok(Self {
                first: only,
                last: only,
            });
        };
        let first = range.start.as_deref().map_or(Ok(0), number)?;
        let last = match (range.end.as_deref(), &range.limits) {
            (None, _) => i16::MAX,
            (Some(end), RangeLimits::Closed(_)) => number(end)?,
            (Some(_), RangeLimits::HalfOpen(_)) => {
                return Err(Error::new(range.span(), "name the last version: `..=`"));
            }
        };
        if first > last {
            return Err(Error::new(range.span(), "no version is in this range"));
        }
        Ok(Self { first, last })
    }
}

fn number(expression: &Expr) -> Result<i16> {
    syn::parse2::<LitInt>(expression.to_token_stream())?.base10_parse()
}

impl ToTokens for Versions {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { first, last } = self;
        tokens.extend(quote! { #first..=#last });
    }
}

pub(crate) struct StructDeclaration {
    pub(crate) name: Ident,
    /// Whether it borrows from the frame; the lifetime is always `'a`.
    pub(crate) borrows: bool,
    pub(crate) fields: Vec<FieldDeclaration>,
}

pub(crate) struct FieldDeclaration {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    /// The type, or what is in the `Option`.
    pub(crate) value_type: Type,
    pub(crate) versions: Versions,
    /// Present exactly for an `Option`.
    pub(crate) nullable: Option<Versions>,
    pub(crate) tag: Option<u32>,
    pub(crate) default: Expr,
    pub(crate) ignorable: bool,
    /// Whether its length stays as it is in inflexible versions.
    pub(crate) classic: bool,
}

impl StructDeclaration {
    pub(crate) fn parse(input: &DeriveInput) -> Result<Self> {
        let Data::Struct(data) = &input.data else {
            return Err(Error::new(input.span(), "expected a struct"));
        };
        let fields = match &data.fields {
            Fields::Named(fields) => fields.named.iter().collect(),
            Fields::Unit => Vec::new(),
            Fields::Unnamed(fields) => {
                return Err(Error::new(fields.span(), "fields need their names"));
            }
        };
        let fields = fields
            .into_iter()
            .map(FieldDeclaration::parse)
            .collect::<Result<Vec<_>>>()?;
        check_tags(&fields)?;
        Ok(Self {
            name: input.ident.clone(),
            borrows: input.generics.lifetimes().next().is_some(),
            fields,
        })
    }

    /// The type with a lifetime, if it has one.
    pub(crate) fn with_lifetime(&self, lifetime: TokenStream) -> TokenStream {
        let name = &self.name;
        if self.borrows {
            quote! { #name<#lifetime> }
        } else {
            quote! { #name }
        }
    }

    /// The fields of the body, which all versions that have them write in this order.
    pub(crate) fn positional(&self) -> impl Iterator<Item = &FieldDeclaration> {
        self.fields.iter().filter(|field| field.tag.is_none())
    }

    /// The tagged fields with their tags, ascending, as they are written behind the body.
    pub(crate) fn tagged(&self) -> Vec<(u32, &FieldDeclaration)> {
        let mut tagged: Vec<_> = self
            .fields
            .iter()
            .filter_map(|field| Some((field.tag?, field)))
            .collect();
        tagged.sort_by_key(|(tag, _)| *tag);
        tagged
    }
}

/// A tag may serve two fields only if no version has both.
fn check_tags(fields: &[FieldDeclaration]) -> Result<()> {
    for (i, field) in fields.iter().enumerate() {
        let clash = fields[..i].iter().any(|other| {
            field.tag.is_some()
                && field.tag == other.tag
                && field.versions.first <= other.versions.last
                && other.versions.first <= field.versions.last
        });
        if clash {
            return Err(Error::new(field.name.span(), "the tag is taken"));
        }
    }
    Ok(())
}

impl FieldDeclaration {
    /// The name as text.
    pub(crate) fn text(&self) -> String {
        self.name.unraw().to_string()
    }

    fn parse(field: &syn::Field) -> Result<Self> {
        let name = field
            .ident
            .clone()
            .ok_or_else(|| Error::new(field.span(), "fields need their names"))?;
        let inner = inside_option(&field.ty);
        let optional = inner.is_some();
        let mut declaration = Self {
            name,
            ty: field.ty.clone(),
            value_type: inner.unwrap_or(&field.ty).clone(),
            versions: Versions::ALL,
            nullable: optional.then_some(Versions::ALL),
            tag: None,
            default: if optional {
                syn::parse_quote! { ::core::option::Option::Some(::core::default::Default::default()) }
            } else {
                syn::parse_quote! { ::core::default::Default::default() }
            },
            ignorable: false,
            classic: false,
        };
        for attribute in field.attrs.iter().filter(|a| a.path().is_ident("field")) {
            attribute.parse_nested_meta(|meta| declaration.read(&meta, optional))?;
        }
        Ok(declaration)
    }

    fn read(&mut self, meta: &ParseNestedMeta<'_>, optional: bool) -> Result<()> {
        let Some(attribute) = meta.path.get_ident() else {
            return Err(meta.error("expected a word"));
        };
        match attribute.to_string().as_str() {
            "versions" => self.versions = Versions::parse(meta)?,
            "nullable" if optional => self.nullable = Some(Versions::parse(meta)?),
            "nullable" => return Err(meta.error("only an `Option` is nullable")),
            "tag" => self.tag = Some(meta.value()?.parse::<LitInt>()?.base10_parse()?),
            "default" => self.default = meta.value()?.parse()?,
            "ignorable" => self.ignorable = true,
            "classic" => self.classic = true,
            _ => {
                return Err(meta.error(
                    "expected `versions`, `nullable`, `tag`, `default`, `ignorable` or `classic`",
                ));
            }
        }
        Ok(())
    }
}

fn inside_option(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(inner) if last.ident == "Option" => Some(inner),
        _ => None,
    }
}

/// What `#[message(...)]` says.
pub(crate) struct MessageAttributes {
    /// The variant of `schema::Kind`.
    pub(crate) kind: Ident,
    pub(crate) key: Option<i16>,
    pub(crate) valid: Versions,
    pub(crate) flexible_from: i16,
    pub(crate) latest_unstable: bool,
}

impl MessageAttributes {
    pub(crate) fn parse(input: &DeriveInput) -> Result<Self> {
        let attribute = input
            .attrs
            .iter()
            .find(|attribute| attribute.path().is_ident("message"))
            .ok_or_else(|| Error::new(input.ident.span(), "expected `#[message(...)]`"))?;
        let mut kind = None;
        let mut valid = None;
        let mut flexible_from = i16::MAX;
        let mut latest_unstable = false;
        attribute.parse_nested_meta(|meta| {
            let Some(word) = meta.path.get_ident() else {
                return Err(meta.error("expected a word"));
            };
            let key = |meta: &ParseNestedMeta<'_>| meta.value()?.parse::<LitInt>()?.base10_parse();
            match word.to_string().as_str() {
                "request" => kind = Some(("Request", Some(key(&meta)?))),
                "response" => kind = Some(("Response", Some(key(&meta)?))),
                "metadata" => kind = Some(("Metadata", Some(key(&meta)?))),
                "coordinator_key" => kind = Some(("CoordinatorKey", Some(key(&meta)?))),
                "coordinator_value" => kind = Some(("CoordinatorValue", Some(key(&meta)?))),
                "header" => kind = Some(("Header", None)),
                "data" => kind = Some(("Data", None)),
                "versions" => valid = Some(Versions::parse(&meta)?),
                "flexible" => flexible_from = Versions::parse(&meta)?.first,
                "latest_unstable" => latest_unstable = true,
                _ => {
                    return Err(meta.error(
                        "expected a kind of message, `versions`, `flexible` or `latest_unstable`",
                    ));
                }
            }
            Ok(())
        })?;
        let missing = |what| Error::new(attribute.span(), format!("expected {what}"));
        let (kind, key) = kind.ok_or_else(|| {
            missing("`request`, `response`, `metadata`, `coordinator_key`, `coordinator_value`, `header` or `data`")
        })?;
        Ok(Self {
            kind: Ident::new(kind, attribute.span()),
            key,
            valid: valid.ok_or_else(|| missing("`versions`"))?,
            flexible_from,
            latest_unstable,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(input: DeriveInput) -> String {
        let declaration = StructDeclaration::parse(&input);
        let attributes = MessageAttributes::parse(&input);
        declaration
            .err()
            .or(attributes.err())
            .map_or_else(String::new, |error| error.to_string())
    }

    #[test]
    fn ranges_are_inclusive_and_open_ends_reach_all() {
        let declaration = StructDeclaration::parse(&syn::parse_quote! {
            struct S {
                #[field(versions = 3..=5)] a: i8,
                #[field(versions = ..=5)] b: i8,
                #[field(versions = 3..)] c: i8,
                #[field(versions = 3)] d: i8,
                e: Option<i8>,
            }
        })
        .unwrap();
        let ranges: Vec<_> = declaration
            .fields
            .iter()
            .map(|field| (field.versions.first, field.versions.last))
            .collect();
        assert_eq!(
            ranges,
            [(3, 5), (0, 5), (3, i16::MAX), (3, 3), (0, i16::MAX)]
        );
        assert!(declaration.fields[0].nullable.is_none());
        assert!(declaration.fields[4].nullable.is_some());
    }

    #[test]
    fn tagged_fields_are_written_by_ascending_tag() {
        let declaration = StructDeclaration::parse(&syn::parse_quote! {
            struct S { #[field(tag = 8)] a: i8, #[field(tag = 2)] b: i8, c: i8 }
        })
        .unwrap();
        let tags: Vec<_> = declaration.tagged().iter().map(|(tag, _)| *tag).collect();
        assert_eq!(tags, [2, 8]);
        assert_eq!(declaration.positional().count(), 1);
    }

    #[test]
    fn a_wrong_declaration_is_told_what_is_wrong() {
        let of_field = |field: TokenStream| {
            error(syn::parse_quote! { #[message(data, versions = 0)] struct S { #field } })
        };
        assert_eq!(of_field(quote! { a: i8 }), "");
        for (field, expected) in [
            (
                quote! { #[field(versions = 1..3)] a: i8 },
                "name the last version: `..=`",
            ),
            (
                quote! { #[field(versions = 5..=3)] a: i8 },
                "no version is in this range",
            ),
            (
                quote! { #[field(nullable = 1..)] a: i8 },
                "only an `Option` is nullable",
            ),
            (
                quote! { #[field(tag = 1)] a: i8, #[field(tag = 1)] b: i8 },
                "the tag is taken",
            ),
        ] {
            assert_eq!(of_field(field), expected);
        }
        assert_eq!(
            of_field(
                quote! { #[field(versions = ..=3, tag = 1)] a: i8, #[field(versions = 4.., tag = 1)] b: i8 }
            ),
            "",
            "no version has both"
        );
        assert_eq!(
            error(syn::parse_quote! { struct S {} }),
            "expected `#[message(...)]`"
        );
        assert_eq!(
            error(syn::parse_quote! { #[message(data)] struct S {} }),
            "expected `versions`"
        );
    }
}
