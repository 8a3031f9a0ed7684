//! What `#[session(..)]` says: the options of a struct and of a field, with their values.

mod options;

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Expr, Ident, LitStr, Path, Token, Type};

use self::options::{Level, SessionOption, Value, options};
use crate::duration;
use crate::errors::Errors;
use crate::suggest::nearest;

/// The options of the struct, as they are written.
#[derive(Default)]
pub(crate) struct StructAttrs {
    pub(crate) prefix: Option<LitStr>,
    pub(crate) rename_all: Option<LitStr>,
    pub(crate) accessors: Option<Ident>,
    pub(crate) runtime: Option<Path>,
    pub(crate) on_mismatch: Option<LitStr>,
}

/// The options of a field, as they are written.
#[derive(Default)]
pub(crate) struct FieldAttrs {
    pub(crate) key: Option<LitStr>,
    pub(crate) aliases: Vec<LitStr>,
    pub(crate) default: Option<(Ident, Expr)>,
    pub(crate) into: bool,
    pub(crate) name: Option<Ident>,
    pub(crate) ttl: Option<Ttl>,
    pub(crate) upgrade: Option<Upgrade>,
    pub(crate) counter: Option<Ident>,
    pub(crate) flash: Option<Ident>,
    pub(crate) principal: Option<Ident>,
}

/// `ttl = "15m"`
pub(crate) struct Ttl {
    pub(crate) name: Ident,
    pub(crate) millis: u64,
}

/// `upgrade(from = Old, with = path)`
pub(crate) struct Upgrade {
    pub(crate) name: Ident,
    pub(crate) from: Type,
    pub(crate) with: Expr,
}

const STRUCT: &[&str] = &["prefix", "rename_all", "accessors", "crate", "on_mismatch"];
const FIELD: &[&str] =
    &["key", "alias", "default", "into", "name", "ttl", "upgrade", "counter", "flash", "principal"];

impl StructAttrs {
    pub(crate) fn parse(attrs: &[Attribute], errors: &Errors) -> Self {
        let mut parsed = Self::default();
        let level = Level { item: "struct", known: STRUCT, other: FIELD };
        for option in options(attrs, &level, errors) {
            let value = || option.string(errors);
            match &*option.name.to_string() {
                "prefix" => parsed.prefix = value(),
                "rename_all" => parsed.rename_all = value(),
                "accessors" => parsed.accessors = value().and_then(|name| ident(&name, errors)),
                "crate" => parsed.runtime = value().and_then(|path| absolute(&path, errors)),
                "on_mismatch" => parsed.on_mismatch = value(),
                _ => {}
            }
        }
        parsed
    }
}

impl FieldAttrs {
    pub(crate) fn parse(attrs: &[Attribute], errors: &Errors) -> Self {
        let mut parsed = Self::default();
        let level = Level { item: "field", known: FIELD, other: STRUCT };
        for option in options(attrs, &level, errors) {
            let flag = || option.flag(errors).then(|| option.name.clone());
            match &*option.name.to_string() {
                "key" => parsed.key = option.string(errors),
                "alias" => parsed.aliases.extend(option.string(errors)),
                "default" => {
                    parsed.default = option.expr(errors).map(|expr| (option.name.clone(), expr));
                }
                "into" => parsed.into = flag().is_some(),
                "name" => parsed.name = option.string(errors).and_then(|name| ident(&name, errors)),
                "ttl" => parsed.ttl = ttl(&option, errors),
                "upgrade" => parsed.upgrade = upgrade(&option, errors),
                "counter" => parsed.counter = flag(),
                "flash" => parsed.flash = flag(),
                "principal" => parsed.principal = flag(),
                _ => {}
            }
        }
        parsed
    }
}

fn ttl(option: &SessionOption, errors: &Errors) -> Option<Ttl> {
    let text = option.string(errors)?;
    let millis = duration::parse(&text.value());
    if millis.is_none() {
        let message = format!(
            "invalid duration `{}`\nhelp: expected e.g. `\"30s\"`, `\"15m\"`, `\"12h\"` or \
             `\"7d\"`",
            text.value()
        );
        errors.add(&text, message);
    }
    millis.map(|millis| Ttl { name: option.name.clone(), millis })
}

fn upgrade(option: &SessionOption, errors: &Errors) -> Option<Upgrade> {
    let expected = "expected the older type and the function that converts it: \
                    `upgrade(from = Old, with = path)`";
    match &option.value {
        Value::None => errors.add(&option.name, expected),
        Value::Expr(value) => errors.add(value, expected),
        Value::List(group) => {
            let parser = |input: ParseStream<'_>| parse_upgrade(input, group.span(), expected);
            match parser.parse2(group.stream()) {
                Ok((from, with)) => {
                    return Some(Upgrade { name: option.name.clone(), from, with });
                }
                Err(error) => errors.push(error),
            }
        }
    }
    None
}

/// Parses `from = Old, with = path`, in either order.
fn parse_upgrade(input: ParseStream<'_>, span: Span, expected: &str) -> syn::Result<(Type, Expr)> {
    let (mut from, mut with) = (None, None);
    while !input.is_empty() {
        let name = input.call(Ident::parse_any)?;
        let word = name.to_string();
        let is_duplicate = match &*word {
            "from" => from.is_some(),
            "with" => with.is_some(),
            _ => {
                let help = match nearest(&word, ["from", "with"]) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => "expected `from` and `with`".to_owned(),
                };
                let message = format!("unknown option `{word}` of `upgrade`\nhelp: {help}");
                return Err(syn::Error::new(name.span(), message));
            }
        };
        if is_duplicate {
            let message = format!("duplicate option `{word}` of `upgrade`");
            return Err(syn::Error::new(name.span(), message));
        }
        input.parse::<Token![=]>()?;
        if word == "from" {
            from = Some(input.parse()?);
        } else {
            with = Some(input.parse()?);
        }
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    from.zip(with).ok_or_else(|| syn::Error::new(span, expected))
}

fn ident(text: &LitStr, errors: &Errors) -> Option<Ident> {
    let ident = text.parse::<Ident>().ok();
    if ident.is_none() {
        let value = text.value();
        let help = match syn::parse_str::<Ident>(&format!("r#{value}")) {
            Ok(_) => format!("it is a keyword: write `r#{value}`"),
            Err(_) => "write letters, digits and `_`, beginning with a letter".to_owned(),
        };
        errors.add(text, format!("`{value}` is not an identifier\nhelp: {help}"));
    }
    ident
}

fn absolute(text: &LitStr, errors: &Errors) -> Option<Path> {
    let path = text.parse_with(Path::parse_mod_style).ok().filter(|path| {
        path.leading_colon.is_some() || path.segments.first().is_some_and(|it| it.ident == "crate")
    });
    if path.is_none() {
        errors.add(text, "path must be absolute: `::path` or `crate::path`");
    }
    path
}
