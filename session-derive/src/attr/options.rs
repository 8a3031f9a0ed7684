//! Parses the options in `#[session(..)]`, whatever they mean. After a mistake it goes on with the
//! next option.

use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta, Token};

use crate::errors::Errors;
use crate::suggest::nearest;

/// Whether the attribute is on the struct or on a field.
pub(super) struct Level {
    /// `struct` or `field`.
    pub(super) item: &'static str,
    /// The options that are allowed here.
    pub(super) known: &'static [&'static str],
    /// The options that are allowed only on the other level.
    pub(super) other: &'static [&'static str],
}

/// One option: `name`, `name = value` or `name(..)`.
pub(super) struct SessionOption {
    pub(super) name: Ident,
    pub(super) value: Value,
}

/// What follows the name of an option.
pub(super) enum Value {
    None,
    Expr(Expr),
    /// `name(..)`, which only `upgrade` takes.
    List(proc_macro2::Group),
}

/// The known options of all `#[session(..)]` attributes. Unknown and duplicate ones are reported.
pub(super) fn options(attrs: &[Attribute], level: &Level, errors: &Errors) -> Vec<SessionOption> {
    let mut options: Vec<SessionOption> = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("session")) {
        for option in parse_attribute(attr, level, errors) {
            let name = option.name.to_string();
            if !level.known.contains(&&*name) {
                errors.add(&option.name, unknown(&name, level));
            } else if name != "alias" && options.iter().any(|known| known.name == option.name) {
                errors.add(&option.name, format!("duplicate session attribute `{name}`"));
            } else {
                options.push(option);
            }
        }
    }
    options
}

impl SessionOption {
    /// Whether the option has no value, as is right for a flag.
    pub(super) fn flag(&self, errors: &Errors) -> bool {
        let name = &self.name;
        let message = format!("`{name}` takes no value\nhelp: write `#[session({name})]`");
        match &self.value {
            Value::None => return true,
            Value::Expr(value) => errors.add(value, message),
            Value::List(group) => errors.push(syn::Error::new(group.span(), message)),
        }
        false
    }

    pub(super) fn string(&self, errors: &Errors) -> Option<LitStr> {
        let name = &self.name;
        let message = format!("expected `{name}` to be a string: `{name} = \"...\"`");
        match &self.value {
            Value::None => errors.add(name, message),
            Value::List(group) => errors.push(syn::Error::new(group.span(), message)),
            Value::Expr(value) => match without_groups(value) {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => return Some(text.clone()),
                _ => errors.add(value, message),
            },
        }
        None
    }

    pub(super) fn expr(&self, errors: &Errors) -> Option<Expr> {
        let name = &self.name;
        let message = format!("expected `{name}` to have a value: `{name} = ..`");
        match &self.value {
            Value::None => errors.add(name, message),
            Value::List(group) => errors.push(syn::Error::new(group.span(), message)),
            Value::Expr(value) => return Some(value.clone()),
        }
        None
    }
}

/// Values that come from `macro_rules!` are wrapped in invisible groups.
fn without_groups(expr: &Expr) -> &Expr {
    match expr {
        Expr::Group(group) => without_groups(&group.expr),
        expr => expr,
    }
}

fn unknown(name: &str, level: &Level) -> String {
    let Level { item, known, other } = level;
    if other.contains(&name) {
        return match *item {
            "field" => format!(
                "`{name}` is a struct attribute\nhelp: move it from the field to the struct"
            ),
            _ => format!("`{name}` is a field attribute\nhelp: move it onto a field"),
        };
    }
    let help = match nearest(name, known.iter().copied()) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("expected one of `{}`", known.join("`, `")),
    };
    format!("unknown session {item} attribute `{name}`\nhelp: {help}")
}

fn parse_attribute(attr: &Attribute, level: &Level, errors: &Errors) -> Vec<SessionOption> {
    let example = if level.item == "field" { "key = \"...\"" } else { "prefix = \"...\"" };
    let expected = format!("expected session attributes in parentheses: `#[session({example})]`");
    match &attr.meta {
        Meta::List(list) if list.tokens.is_empty() => errors.add(attr, expected),
        Meta::List(list) => {
            let expected = format!("expected a session attribute, such as `{example}`");
            let parser = |input: ParseStream<'_>| Ok(parse_options(input, &expected, errors));
            match parser.parse2(list.tokens.clone()) {
                Ok(options) => return options,
                Err(error) => errors.push(error),
            }
        }
        _ => errors.add(attr, expected),
    }
    Vec::new()
}

fn parse_options(input: ParseStream<'_>, expected: &str, errors: &Errors) -> Vec<SessionOption> {
    let mut options = Vec::new();
    while !input.is_empty() {
        match parse_option(input, expected) {
            Ok(option) => options.push(option),
            Err(error) => {
                errors.push(error);
                skip_to_comma(input);
            }
        }
        let has_comma = input.parse::<Option<Token![,]>>().is_ok_and(|comma| comma.is_some());
        if !has_comma && !input.is_empty() {
            errors.push(input.error("expected `,` between session attributes"));
            skip_to_comma(input);
            let _ = input.parse::<Token![,]>();
        }
    }
    options
}

fn parse_option(input: ParseStream<'_>, expected: &str) -> syn::Result<SessionOption> {
    let name: Ident =
        input.call(Ident::parse_any).map_err(|error| syn::Error::new(error.span(), expected))?;
    let value = if let Some(eq) = input.parse::<Option<Token![=]>>()? {
        if input.is_empty() || input.peek(Token![,]) {
            return Err(syn::Error::new(eq.span, format!("expected a value after `{name} =`")));
        }
        Value::Expr(input.parse()?)
    } else if input.peek(syn::token::Paren) {
        Value::List(input.parse()?)
    } else {
        Value::None
    };
    Ok(SessionOption { name, value })
}

fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        let _ = input.parse::<proc_macro2::TokenTree>();
    }
}
