//! The accessors of a field: what each is called, takes and returns, and its documentation.
//!
//! The working code and the stubs after a mistake differ only in the bodies of the accessors.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::schema::{Field, Kind};

/// One accessor of a field.
pub(crate) struct Accessor<'a> {
    pub(crate) field: &'a Field,
    pub(crate) verb: Verb,
    pub(crate) name: Ident,
    /// What it takes after `&self`.
    pub(crate) argument: Option<Argument>,
    pub(crate) returns: Option<TokenStream>,
}

/// What an accessor does.
#[derive(Clone, Copy)]
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

/// The argument of an accessor.
pub(crate) struct Argument {
    name: Ident,
    ty: TokenStream,
    /// The function that makes a value of the field's type from it, with `#[session(into)]`.
    conversion: Option<TokenStream>,
}

/// The accessors that the field has.
pub(crate) fn accessors(field: &Field) -> impl Iterator<Item = Accessor<'_>> {
    use Verb::{Add, Clear, ExpiresAt, Flash, Get, Has, Peek, Set, Sub, Take, Update};
    let verbs: &[Verb] = match field.kind {
        Kind::Plain => &[Get, Set, Update, Clear, Has],
        Kind::Counter => &[Get, Set, Update, Clear, Has, Add, Sub],
        Kind::Flash => &[Flash, Take, Peek],
        // A principal is never computed from the one before, so it has no `update_x`.
        Kind::Principal => &[Get, Set, Clear, Has],
    };
    let expires_at = field.attrs.ttl.as_ref().map(|_| ExpiresAt);
    verbs.iter().copied().chain(expires_at).map(|verb| Accessor::new(field, verb))
}

/// The accessors that a field can have at all, for one whose kind is not known.
pub(crate) fn all_accessors(field: &Field) -> impl Iterator<Item = Accessor<'_>> {
    use Verb::{Add, Clear, ExpiresAt, Flash, Get, Has, Peek, Set, Sub, Take, Update};
    let verbs = [Get, Set, Update, Clear, Has, Add, Sub, Flash, Take, Peek, ExpiresAt];
    verbs.into_iter().map(|verb| Accessor::new(field, verb))
}

impl<'a> Accessor<'a> {
    fn new(field: &'a Field, verb: Verb) -> Self {
        let Field { stem, ty, .. } = field;
        let span = field.span();
        let named = |prefix: &str| format_ident!("{prefix}{}", stem.unraw(), span = span);
        let value = || Some(quote!(#ty));
        // Only a name without a prefix can be a keyword, so only the getter keeps the `r#`.
        let mut getter = stem.clone();
        getter.set_span(span);
        let (name, argument, returns) = match verb {
            Verb::Get => (getter, None, value()),
            Verb::Set => (named("set_"), Some(Argument::of_setter(field)), None),
            Verb::Update => (named("update_"), Some(Argument::of_update(field)), value()),
            Verb::Clear => (named("clear_"), None, None),
            Verb::Has => {
                (named("has_"), None, Some(quote_spanned!(span=> ::core::primitive::bool)))
            }
            Verb::Add => (named("add_"), Some(Argument::of_sum(field)), value()),
            Verb::Sub => (named("sub_"), Some(Argument::of_sum(field)), value()),
            Verb::Flash => (named("flash_"), Some(Argument::of_flash(field)), None),
            Verb::Take => (named("take_"), None, value()),
            Verb::Peek => (named("peek_"), None, value()),
            Verb::ExpiresAt => {
                let timestamp = quote_spanned!(span=> ::core::option::Option<__private::Timestamp>);
                (format_ident!("{}_expires_at", stem.unraw(), span = span), None, Some(timestamp))
            }
        };
        Self { field, verb, name, argument, returns }
    }

    /// The accessor as a method with this body.
    ///
    /// The method has the field's visibility, documentation and deprecation. It has the field's
    /// span too, so that rustc and editors show the field as its definition.
    pub(crate) fn method(&self, body: &TokenStream) -> TokenStream {
        let Self { field, name, returns, .. } = self;
        let Field { vis, docs, deprecated, .. } = field;
        // Indented as the field's own lines are.
        let summary = format!(" {}", self.summary());
        let blank_line = (!docs.is_empty()).then(|| quote!(#[doc = ""]));
        let must_use = self.only_reads().then(|| quote!(#[must_use]));
        let argument = self.argument.as_ref().map(|Argument { name, ty, .. }| quote!(, #name: #ty));
        let returns = returns.as_ref().map(|ty| quote!(-> #ty));
        let function = quote_spanned! {field.span()=>
            #vis fn #name(&self #argument) #returns { #body }
        };
        quote! {
            #[doc = #summary]
            #blank_line
            #(#docs)*
            #deprecated
            #must_use
            #function
        }
    }

    /// Whether a call is a mistake if nothing uses what it returns.
    fn only_reads(&self) -> bool {
        matches!(self.verb, Verb::Get | Verb::Has | Verb::Peek | Verb::ExpiresAt)
    }

    /// The first paragraph of its documentation. The field's own documentation follows.
    fn summary(&self) -> String {
        let Field { ident, kind, .. } = self.field;
        match self.verb {
            Verb::Get => format!("The value of `{ident}`."),
            Verb::Set if *kind == Kind::Principal => {
                format!("Sets `{ident}`, who is signed in. Another value renews the session's id.")
            }
            Verb::Set => format!("Sets `{ident}`, whatever other requests stored meanwhile."),
            Verb::Update => format!(
                "Changes `{ident}` with `step`, and returns the value as this request sees it. \
                 `step` runs again if another request changed the field meanwhile."
            ),
            Verb::Clear if *kind == Kind::Principal => format!(
                "Removes `{ident}`, so nobody is signed in. If somebody was, this renews the \
                 session's id."
            ),
            Verb::Clear => {
                format!("Removes `{ident}` from the session, so it reads as its default.")
            }
            Verb::Has => format!("Whether the session holds a value of `{ident}`."),
            Verb::Add => sum_summary(&format!("Adds `amount` to `{ident}`")),
            Verb::Sub => sum_summary(&format!("Subtracts `amount` from `{ident}`")),
            Verb::Flash => format!("Leaves a message in `{ident}`, to be read once."),
            Verb::Take => format!("Returns `{ident}` and empties it."),
            Verb::Peek => format!("Returns `{ident}` and leaves it as it is."),
            Verb::ExpiresAt => format!(
                "When `{ident}` expires, unless it is written again. `None` if it has no value, or \
                 expires with the session."
            ),
        }
    }
}

fn sum_summary(action: &str) -> String {
    format!(
        "{action}, within the range of its type, and returns the value as this request sees it. \
         Concurrent requests may all see the same value: the store merges them when they are saved."
    )
}

impl Argument {
    /// What `set_x` takes.
    fn of_setter(field: &Field) -> Self {
        let ty = &field.ty;
        let value = Self::new("value", field.span(), quote!(#ty));
        match field.option_item() {
            Some(item) if field.into => Self {
                ty: quote!(impl __private::IntoOption<#item>),
                conversion: Some(quote!(__private::IntoOption::into_option)),
                ..value
            },
            _ => value.or_into(field),
        }
    }

    /// What `update_x` takes.
    fn of_update(field: &Field) -> Self {
        let (ty, span) = (&field.ty, field.span());
        let step = quote_spanned! {span=>
            impl ::core::ops::Fn(&mut #ty) + ::core::marker::Send + ::core::marker::Sync + 'static
        };
        Self::new("step", span, step)
    }

    /// What `add_x` and `sub_x` take.
    fn of_sum(field: &Field) -> Self {
        let ty = &field.ty;
        Self::new("amount", field.span(), quote!(#ty))
    }

    /// What `flash_x` takes.
    fn of_flash(field: &Field) -> Self {
        let ty = &field.ty;
        let span = ty.span();
        match field.item() {
            Some(item) => Self::new("message", span, quote!(#item)).or_into(field),
            None if field.kind == Kind::Flash => {
                // With the span of the type, rustc reports a type that is no flash type only once.
                let item = quote_spanned!(span=> <#ty as __private::Flash>::Item);
                Self::new("message", span, item).or_into(field)
            }
            // A stub, which takes anything: the field may have been meant to be of another kind.
            None => Self::new("message", span, quote!(impl ::core::marker::Sized)),
        }
    }

    fn new(name: &str, span: Span, ty: TokenStream) -> Self {
        Self { name: Ident::new(name, span), ty, conversion: None }
    }

    fn or_into(self, field: &Field) -> Self {
        if !field.into {
            return self;
        }
        let ty = self.ty;
        Self {
            ty: quote!(impl ::core::convert::Into<#ty>),
            conversion: Some(quote!(::core::convert::Into::into)),
            ..self
        }
    }

    /// The value in the body of the accessor.
    pub(crate) fn value(&self) -> TokenStream {
        let Self { name, conversion, .. } = self;
        match conversion {
            Some(function) => quote!(#function(#name)),
            None => quote!(#name),
        }
    }
}
