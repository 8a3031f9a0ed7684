//! The model of a struct: everything it says, right or wrong. `valid` looks for the mistakes.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Data, DeriveInput, Fields, GenericArgument, GenericParam, Generics, Ident, LitStr,
    Path, PathArguments, Token, Type, TypePath, Visibility,
};

use crate::attr::{FieldAttrs, StructAttrs};
use crate::case::Case;
use crate::errors::Errors;
use crate::{lints, self_name};

/// A struct that derives `SessionSchema`.
pub(crate) struct Schema {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    /// Whether it has parameters, which is a mistake.
    pub(crate) is_generic: bool,
    /// The name of the generated handle.
    pub(crate) handle: Ident,
    /// The path of the runtime.
    pub(crate) runtime: Path,
    pub(crate) reset_on_mismatch: bool,
    /// Whether the generated code must allow the lint `deprecated`.
    pub(crate) allows_deprecated: bool,
    pub(crate) prefix: Option<LitStr>,
    pub(crate) fields: Vec<Field>,
}

/// One field of the struct.
pub(crate) struct Field {
    pub(crate) index: usize,
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) ty: Type,
    /// The name that its accessors' names are made from.
    pub(crate) stem: Ident,
    pub(crate) key: LitStr,
    pub(crate) aliases: Vec<LitStr>,
    pub(crate) default: Option<TokenStream>,
    pub(crate) into: bool,
    pub(crate) kind: Kind,
    /// Its `#[doc]` attributes.
    pub(crate) docs: Vec<Attribute>,
    pub(crate) deprecated: Option<Attribute>,
    pub(crate) attrs: FieldAttrs,
    /// Whether all its attributes could be read. If not, its kind is a guess.
    pub(crate) is_understood: bool,
}

/// Decides which accessors a field has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Counter,
    Flash,
    Principal,
}

impl Schema {
    /// Reads the struct. Anything but a struct with named fields is reported, and has no fields.
    pub(crate) fn parse(input: &DeriveInput, errors: &Errors) -> Self {
        let attrs = StructAttrs::parse(&input.attrs, errors);
        let case = attrs.rename_all.as_ref().and_then(|name| Case::parse(name, errors));
        let case = case.unwrap_or(Case::Snake);
        let reset_on_mismatch = resets_on_mismatch(attrs.on_mismatch.as_ref(), errors);
        let prefix = attrs.prefix.as_ref().map(LitStr::value).unwrap_or_default();
        let ident = input.ident.clone();
        let fields = named_fields(input, errors)
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(index, field)| Field::parse(index, field, &ident, &prefix, case, errors))
            .collect();
        Self {
            is_generic: has_parameters(&input.generics, errors),
            handle: attrs.accessors.unwrap_or_else(|| format_ident!("{ident}Session")),
            vis: input.vis.clone(),
            runtime: attrs.runtime.unwrap_or_else(|| syn::parse_quote!(::session_runtime)),
            reset_on_mismatch,
            allows_deprecated: lints::must_allow_deprecated(input),
            prefix: attrs.prefix,
            fields,
            ident,
        }
    }

    pub(crate) fn principal(&self) -> Option<&Field> {
        self.fields.iter().find(|field| field.kind == Kind::Principal)
    }
}

impl Field {
    fn parse(
        index: usize,
        field: &syn::Field,
        schema: &Ident,
        prefix: &str,
        case: Case,
        errors: &Errors,
    ) -> Self {
        let errors_before = errors.len();
        let mut attrs = FieldAttrs::parse(&field.attrs, errors);
        let is_understood = errors.len() == errors_before;
        if let Some(upgrade) = &mut attrs.upgrade {
            upgrade.from = self_name::replace_in(&upgrade.from, schema);
            upgrade.with = self_name::replace_in(&upgrade.with, schema);
        }
        // `named_fields` answers only fields with names.
        let ident = field.ident.clone().expect("a named field");
        let key_of_name = || LitStr::new(&case.apply(&ident.unraw().to_string()), ident.span());
        let prefixed = |key: LitStr| LitStr::new(&format!("{prefix}{}", key.value()), key.span());
        let default = attrs.default.as_ref();
        let default = default.map(|(_, it)| self_name::replace(it.to_token_stream(), schema));
        let attributes = |name: &'static str| {
            field.attrs.iter().filter(move |it| it.path().is_ident(name)).cloned()
        };
        Self {
            index,
            vis: field.vis.clone(),
            ty: self_name::replace_in(&field.ty, schema),
            stem: attrs.name.clone().unwrap_or_else(|| ident.clone()),
            key: prefixed(attrs.key.clone().unwrap_or_else(key_of_name)),
            aliases: attrs.aliases.drain(..).map(prefixed).collect(),
            default,
            into: attrs.into,
            kind: match &attrs {
                FieldAttrs { counter: Some(_), .. } => Kind::Counter,
                FieldAttrs { flash: Some(_), .. } => Kind::Flash,
                FieldAttrs { principal: Some(_), .. } => Kind::Principal,
                _ => Kind::Plain,
            },
            docs: attributes("doc").collect(),
            deprecated: attributes("deprecated").next(),
            attrs,
            is_understood,
            ident,
        }
    }

    /// Where the field is defined.
    pub(crate) fn span(&self) -> Span {
        self.ident.span()
    }

    /// The `T` of a type that is written as `Option<T>`.
    pub(crate) fn option_item(&self) -> Option<&Type> {
        item(&self.ty, &["Option"])
    }

    /// The `T` of a type that is written as `Option<T>` or `Vec<T>`.
    pub(crate) fn item(&self) -> Option<&Type> {
        item(&self.ty, &["Option", "Vec"])
    }
}

/// The `T` of a type of the standard library that has one of these names.
fn item<'a>(ty: &'a Type, names: &[&str]) -> Option<&'a Type> {
    let Type::Path(TypePath { qself: None, path, .. }) = without_groups(ty) else { return None };
    let last = path.segments.last()?;
    let name = last.ident.to_string();
    let first = path.segments.first()?.ident.to_string();
    // `Option`, `option::Option` or a path into the library. Any other path leads to a type of the
    // user.
    let is_std = match path.segments.len() {
        1 => true,
        2 if first == name.to_lowercase() => true,
        _ => ["std", "core", "alloc"].contains(&&*first),
    };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match (arguments.args.first()?, arguments.args.len()) {
        (GenericArgument::Type(item), 1) if is_std && names.contains(&&*name) => Some(item),
        _ => None,
    }
}

/// Types that come from `macro_rules!` are wrapped in invisible groups.
fn without_groups(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => without_groups(&group.elem),
        Type::Paren(paren) => without_groups(&paren.elem),
        ty => ty,
    }
}

fn resets_on_mismatch(choice: Option<&LitStr>, errors: &Errors) -> bool {
    let Some(choice) = choice else { return false };
    match &*choice.value() {
        "error" => false,
        "reset" => true,
        _ => {
            errors.add(choice, "expected one of `\"error\"`, `\"reset\"`");
            false
        }
    }
}

/// Whether the struct has parameters. They are reported.
fn has_parameters(generics: &Generics, errors: &Errors) -> bool {
    for parameter in &generics.params {
        match parameter {
            GenericParam::Lifetime(lifetime) => errors.add(
                lifetime,
                "session fields own their data\nhelp: use types without lifetimes, such as \
                 `String` instead of `&str`",
            ),
            GenericParam::Type(parameter) => errors.add(parameter, PARAMETER),
            GenericParam::Const(parameter) => errors.add(parameter, PARAMETER),
        }
    }
    if let Some(clause) = &generics.where_clause {
        errors.add(clause, "a session schema cannot have a `where` clause");
    }
    !generics.params.is_empty() || generics.where_clause.is_some()
}

const PARAMETER: &str = "a session schema cannot have type or const parameters\n\
                         help: write concrete types in the fields instead";

fn named_fields<'a>(
    input: &'a DeriveInput,
    errors: &Errors,
) -> Option<&'a Punctuated<syn::Field, Token![,]>> {
    let message = "`SessionSchema` can be derived only for structs with named fields\n\
                   help: each field becomes a session key";
    match &input.data {
        Data::Enum(data) => errors.add(data.enum_token, message),
        Data::Union(data) => errors.add(data.union_token, message),
        Data::Struct(data) => match &data.fields {
            Fields::Unnamed(fields) => errors.add(fields, message),
            Fields::Named(fields) if !fields.named.is_empty() => return Some(&fields.named),
            _ => errors.add(&input.ident, message),
        },
    }
    None
}
