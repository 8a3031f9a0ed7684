//! The model: what a struct says, without judging it.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident};
use syn::ext::IdentExt;
use syn::parse::Parse;
use syn::{
    Attribute, Data, DeriveInput, Fields, GenericArgument, GenericParam, Generics, Ident, LitStr,
    Path, PathArguments, Type, TypePath, Visibility,
};

use crate::attr::{ContainerAttrs, FieldAttrs, at};
use crate::case::Case;
use crate::ctxt::Ctxt;
use crate::lints;

/// A struct that is to be a session schema.
pub(crate) struct Schema {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    /// It has parameters, which is a mistake.
    pub(crate) generic: bool,
    /// The generated handle.
    pub(crate) accessors: Ident,
    /// The path of the runtime.
    pub(crate) krate: Path,
    pub(crate) reset_on_mismatch: bool,
    pub(crate) allows_deprecated: bool,
    pub(crate) prefix: Option<LitStr>,
    pub(crate) fields: Vec<Field>,
}

/// One field of it.
pub(crate) struct Field {
    pub(crate) index: usize,
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) ty: Type,
    /// What the names of its accessors are made of.
    pub(crate) stem: Ident,
    pub(crate) key: LitStr,
    pub(crate) aliases: Vec<LitStr>,
    pub(crate) default: Option<TokenStream>,
    pub(crate) into: bool,
    pub(crate) kind: Kind,
    /// `#[doc]`.
    pub(crate) docs: Vec<Attribute>,
    pub(crate) deprecated: Option<Attribute>,
    pub(crate) attrs: FieldAttrs,
    /// Its attributes say what was meant.
    pub(crate) is_understood: bool,
}

/// What decides which accessors a field has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Counter,
    Flash,
    Principal,
}

/// One accessor of a field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Set,
    Update,
    Clear,
    Has,
    Add,
    Sub,
    Flash,
    Take,
    Peek,
    ExpiresAt,
}

impl Kind {
    pub(crate) fn verbs(self) -> &'static [Verb] {
        use Verb::{Add, Clear, Flash, Get, Has, Peek, Set, Sub, Take, Update};
        match self {
            Self::Plain => &[Get, Set, Update, Clear, Has],
            Self::Counter => &[Get, Set, Update, Clear, Has, Add, Sub],
            Self::Flash => &[Flash, Take, Peek],
            Self::Principal => &[Get, Set, Clear, Has],
        }
    }
}

impl Verb {
    pub(crate) const ALL: &'static [Self] = &[
        Self::Get,
        Self::Set,
        Self::Update,
        Self::Clear,
        Self::Has,
        Self::Add,
        Self::Sub,
        Self::Flash,
        Self::Take,
        Self::Peek,
        Self::ExpiresAt,
    ];

    /// Calling it for nothing is a mistake.
    pub(crate) fn only_reads(self) -> bool {
        matches!(self, Self::Get | Self::Has | Self::Peek | Self::ExpiresAt)
    }

    /// What comes before the stem.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Get | Self::ExpiresAt => "",
            Self::Set => "set_",
            Self::Update => "update_",
            Self::Clear => "clear_",
            Self::Has => "has_",
            Self::Add => "add_",
            Self::Sub => "sub_",
            Self::Flash => "flash_",
            Self::Take => "take_",
            Self::Peek => "peek_",
        }
    }
}

impl Schema {
    /// Reads the struct. What is no struct with named fields is reported, and has no fields.
    pub(crate) fn parse(input: &DeriveInput, ctxt: &Ctxt) -> Self {
        let attrs = ContainerAttrs::parse(&input.attrs, ctxt);
        let case = attrs.rename_all.as_ref().and_then(|name| Case::parse(name, ctxt));
        let prefix = attrs.prefix.as_ref().map(LitStr::value).unwrap_or_default();
        let reset_on_mismatch = match attrs.on_mismatch.as_ref().map(|it| (it, it.value())) {
            None => false,
            Some((_, choice)) if choice == "error" => false,
            Some((_, choice)) if choice == "reset" => true,
            Some((text, _)) => {
                ctxt.error(text, "expected one of `\"error\"`, `\"reset\"`");
                false
            }
        };
        let ident = input.ident.clone();
        let fields = named_fields(input, ctxt)
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(index, field)| {
                Field::parse(index, field, &ident, &prefix, case.unwrap_or(Case::Snake), ctxt)
            })
            .collect();
        Self {
            generic: has_parameters(&input.generics, ctxt),
            accessors: attrs.accessors.unwrap_or_else(|| format_ident!("{ident}Session")),
            vis: input.vis.clone(),
            krate: attrs.krate.unwrap_or_else(|| syn::parse_quote!(::session_runtime)),
            reset_on_mismatch,
            allows_deprecated: lints::allows_deprecated(input),
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
        ctxt: &Ctxt,
    ) -> Self {
        let mistakes = ctxt.len();
        let mut attrs = FieldAttrs::parse(&field.attrs, ctxt);
        let is_understood = ctxt.len() == mistakes;
        if let Some(upgrade) = &mut attrs.upgrade {
            upgrade.from = replace_self(&upgrade.from, schema);
            upgrade.with = replace_self(&upgrade.with, schema);
        }
        // Only structs with named fields come here.
        let ident = field.ident.clone().expect("a named field");
        let prefixed = |key: LitStr| at(key.span(), &format!("{prefix}{}", key.value()));
        let key = attrs.key.clone();
        let key = key.unwrap_or_else(|| at(ident.span(), &case.apply(&ident.unraw().to_string())));
        let with = |name: &str| {
            field.attrs.iter().filter(|it| it.path().is_ident(name)).cloned().collect::<Vec<_>>()
        };
        Self {
            index,
            vis: field.vis.clone(),
            // The type is repeated where `Self` is another type.
            ty: replace_self(&field.ty, schema),
            stem: attrs.name.clone().unwrap_or_else(|| ident.clone()),
            key: prefixed(key),
            aliases: attrs.aliases.drain(..).map(prefixed).collect(),
            default: attrs
                .default
                .as_ref()
                .map(|(_, expr)| rename_self(expr.to_token_stream(), schema)),
            into: attrs.into,
            kind: match &attrs {
                FieldAttrs { counter: Some(_), .. } => Kind::Counter,
                FieldAttrs { flash: Some(_), .. } => Kind::Flash,
                FieldAttrs { principal: Some(_), .. } => Kind::Principal,
                _ => Kind::Plain,
            },
            docs: with("doc"),
            deprecated: with("deprecated").into_iter().next(),
            attrs,
            is_understood,
            ident,
        }
    }

    /// Where the field is defined.
    pub(crate) fn span(&self) -> Span {
        self.ident.span()
    }

    /// The name of an accessor, with the span of the field.
    pub(crate) fn method(&self, verb: Verb) -> Ident {
        match verb {
            Verb::Get => {
                let mut name = self.stem.clone();
                name.set_span(self.ident.span());
                name
            }
            Verb::ExpiresAt => {
                format_ident!("{}_expires_at", self.stem.unraw(), span = self.ident.span())
            }
            verb => {
                format_ident!("{}{}", verb.prefix(), self.stem.unraw(), span = self.ident.span())
            }
        }
    }

    pub(crate) fn methods(&self) -> impl Iterator<Item = (Verb, Ident)> + '_ {
        let expires_at = self.attrs.ttl.as_ref().map(|_| Verb::ExpiresAt);
        let verbs = self.kind.verbs().iter().copied().chain(expires_at);
        verbs.map(|verb| (verb, self.method(verb)))
    }

    /// The `T` of a type that is visibly `Option<T>`.
    pub(crate) fn option(&self) -> Option<&Type> {
        item(&self.ty, &["Option"])
    }

    /// The `T` of a type that is visibly `Option<T>` or `Vec<T>`.
    pub(crate) fn item(&self) -> Option<&Type> {
        item(&self.ty, &["Option", "Vec"])
    }
}

/// The `T` of a type of the standard library with one of these names.
fn item<'a>(ty: &'a Type, names: &[&str]) -> Option<&'a Type> {
    let Type::Path(TypePath { qself: None, path, .. }) = without_groups(ty) else { return None };
    let last = path.segments.last()?;
    let name = last.ident.to_string();
    // `option::Option` or a path into the library: any other leads to a type of the user's.
    let first = path.segments.first()?.ident.to_string();
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

/// Types that come out of `macro_rules!` are wrapped in groups that nobody sees.
pub(crate) fn without_groups(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => without_groups(&group.elem),
        Type::Paren(paren) => without_groups(&paren.elem),
        ty => ty,
    }
}

/// Reports the parameters of the struct.
fn has_parameters(generics: &Generics, ctxt: &Ctxt) -> bool {
    for parameter in &generics.params {
        match parameter {
            GenericParam::Lifetime(lifetime) => ctxt.error(
                lifetime,
                "session fields own their data\nhelp: use types without lifetimes, such as \
                 `String` instead of `&str`",
            ),
            GenericParam::Type(parameter) => ctxt.error(parameter, PARAMETER),
            GenericParam::Const(parameter) => ctxt.error(parameter, PARAMETER),
        }
    }
    if let Some(clause) = &generics.where_clause {
        ctxt.error(clause, "a session schema cannot have a `where` clause");
    }
    !generics.params.is_empty() || generics.where_clause.is_some()
}

const PARAMETER: &str = "a session schema cannot have type or const parameters\n\
                         help: write the field's own type";

fn named_fields<'a>(
    input: &'a DeriveInput,
    ctxt: &Ctxt,
) -> Option<&'a syn::punctuated::Punctuated<syn::Field, syn::Token![,]>> {
    let message = "`SessionSchema` can be derived only for structs with named fields\n\
                   help: each field becomes a session key";
    match &input.data {
        Data::Enum(data) => ctxt.error(data.enum_token, message),
        Data::Union(data) => ctxt.error(data.union_token, message),
        Data::Struct(data) => match &data.fields {
            Fields::Unnamed(fields) => ctxt.error(fields, message),
            Fields::Named(fields) if !fields.named.is_empty() => return Some(&fields.named),
            _ => ctxt.error(&input.ident, message),
        },
    }
    None
}

fn replace_self<T: Parse + ToTokens + Clone>(part: &T, schema: &Ident) -> T {
    let tokens = part.to_token_stream();
    if !mentions_self(tokens.clone()) {
        return part.clone();
    }
    syn::parse2(rename_self(tokens, schema)).unwrap_or_else(|_| part.clone())
}

fn mentions_self(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "Self",
        TokenTree::Group(group) => mentions_self(group.stream()),
        _ => false,
    })
}

fn rename_self(tokens: TokenStream, schema: &Ident) -> TokenStream {
    tokens
        .into_iter()
        .map(|token| match token {
            TokenTree::Ident(ident) if ident == "Self" => {
                let mut name = schema.clone();
                name.set_span(ident.span());
                TokenTree::Ident(name)
            }
            TokenTree::Group(group) => {
                let mut renamed =
                    proc_macro2::Group::new(group.delimiter(), rename_self(group.stream(), schema));
                renamed.set_span(group.span());
                TokenTree::Group(renamed)
            }
            token => token,
        })
        .collect()
}
