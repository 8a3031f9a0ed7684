//! Parses `#[session(..)]` into options, one mistake after the other: a bad option does not hide the
//! next one.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta, Path, Token, Type};

use crate::ctxt::Ctxt;
use crate::duration;
use crate::suggest::nearest;

const FIELD: &[&str] =
    &["key", "alias", "default", "into", "name", "ttl", "upgrade", "counter", "flash", "principal"];
const CONTAINER: &[&str] = &["prefix", "rename_all", "accessors", "crate", "on_mismatch"];

/// The options of the struct, as they were written.
#[derive(Default)]
pub(crate) struct ContainerAttrs {
    pub(crate) prefix: Option<LitStr>,
    pub(crate) rename_all: Option<LitStr>,
    pub(crate) accessors: Option<Ident>,
    pub(crate) krate: Option<Path>,
    pub(crate) on_mismatch: Option<LitStr>,
}

/// The options of a field, as they were written.
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

impl ContainerAttrs {
    pub(crate) fn parse(attrs: &[Attribute], ctxt: &Ctxt) -> Self {
        let mut parsed = Self::default();
        let level = Level { what: "struct", known: CONTAINER, other: FIELD };
        for option in options(attrs, &level, ctxt) {
            let value = || option.string(ctxt);
            match &*option.name.to_string() {
                "prefix" => parsed.prefix = value(),
                "rename_all" => parsed.rename_all = value(),
                "accessors" => parsed.accessors = value().and_then(|name| ident(&name, ctxt)),
                "crate" => parsed.krate = value().and_then(|path| absolute(&path, ctxt)),
                "on_mismatch" => parsed.on_mismatch = value(),
                _ => {}
            }
        }
        parsed
    }
}

impl FieldAttrs {
    pub(crate) fn parse(attrs: &[Attribute], ctxt: &Ctxt) -> Self {
        let mut parsed = Self::default();
        let level = Level { what: "field", known: FIELD, other: CONTAINER };
        for option in options(attrs, &level, ctxt) {
            let flag = || option.flag(ctxt).then(|| option.name.clone());
            match &*option.name.to_string() {
                "key" => parsed.key = option.string(ctxt),
                "alias" => parsed.aliases.extend(option.string(ctxt)),
                "default" => {
                    parsed.default = option.expr(ctxt).map(|expr| (option.name.clone(), expr));
                }
                "into" => parsed.into = flag().is_some(),
                "name" => parsed.name = option.string(ctxt).and_then(|name| ident(&name, ctxt)),
                "ttl" => parsed.ttl = option.ttl(ctxt),
                "upgrade" => parsed.upgrade = option.upgrade(ctxt),
                "counter" => parsed.counter = flag(),
                "flash" => parsed.flash = flag(),
                "principal" => parsed.principal = flag(),
                _ => {}
            }
        }
        parsed
    }
}

/// Which options are known here, and which belong elsewhere.
struct Level {
    what: &'static str,
    known: &'static [&'static str],
    other: &'static [&'static str],
}

/// One option: `name`, `name = value` or `name(..)`.
struct SessionOption {
    name: Ident,
    value: Value,
}

enum Value {
    None,
    Expr(Expr),
    /// `name(..)`, which `upgrade` alone takes.
    List(proc_macro2::Group),
}

impl SessionOption {
    fn flag(&self, ctxt: &Ctxt) -> bool {
        let name = &self.name;
        let message = format!("`{name}` takes no value\nhelp: write `#[session({name})]`");
        match &self.value {
            Value::None => return true,
            Value::Expr(value) => ctxt.error(value, message),
            Value::List(group) => ctxt.push(syn::Error::new(group.span(), message)),
        }
        false
    }

    fn string(&self, ctxt: &Ctxt) -> Option<LitStr> {
        let name = &self.name;
        let message = format!("expected `{name}` to be a string: `{name} = \"...\"`");
        match &self.value {
            Value::None => ctxt.error(name, message),
            Value::List(group) => ctxt.push(syn::Error::new(group.span(), message)),
            Value::Expr(value) => match without_groups(value) {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => return Some(text.clone()),
                _ => ctxt.error(value, message),
            },
        }
        None
    }

    fn ttl(&self, ctxt: &Ctxt) -> Option<Ttl> {
        let text = self.string(ctxt)?;
        let millis = duration::parse(&text.value());
        if millis.is_none() {
            let message = format!(
                "invalid duration `{}`\nhelp: expected e.g. `\"30s\"`, `\"15m\"`, `\"12h\"` or \
                 `\"7d\"`",
                text.value()
            );
            ctxt.error(&text, message);
        }
        millis.map(|millis| Ttl { name: self.name.clone(), millis })
    }

    fn upgrade(&self, ctxt: &Ctxt) -> Option<Upgrade> {
        let expected = "expected the older type and the function that converts it: \
                        `upgrade(from = Old, with = path)`";
        match &self.value {
            Value::None => ctxt.error(&self.name, expected),
            Value::Expr(value) => ctxt.error(value, expected),
            Value::List(group) => {
                let parser = |input: ParseStream<'_>| parse_upgrade(input, group.span(), expected);
                match parser.parse2(group.stream()) {
                    Ok((from, with)) => {
                        return Some(Upgrade { name: self.name.clone(), from, with });
                    }
                    Err(error) => ctxt.push(error),
                }
            }
        }
        None
    }

    fn expr(&self, ctxt: &Ctxt) -> Option<Expr> {
        let name = &self.name;
        let message = format!("expected `{name}` to have a value: `{name} = ..`");
        match &self.value {
            Value::None => ctxt.error(name, message),
            Value::List(group) => ctxt.push(syn::Error::new(group.span(), message)),
            Value::Expr(value) => return Some(value.clone()),
        }
        None
    }
}

/// The known options of all `#[session(..)]` attributes; everything else is reported.
fn options(attrs: &[Attribute], level: &Level, ctxt: &Ctxt) -> Vec<SessionOption> {
    let mut options: Vec<SessionOption> = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("session")) {
        for option in parse_list(attr, level, ctxt) {
            let name = option.name.to_string();
            if !level.known.contains(&&*name) {
                ctxt.error(&option.name, unknown(&name, level));
            } else if name != "alias" && options.iter().any(|known| known.name == option.name) {
                ctxt.error(&option.name, format!("duplicate session attribute `{name}`"));
            } else {
                options.push(option);
            }
        }
    }
    options
}

fn unknown(name: &str, level: &Level) -> String {
    let Level { what, known, other } = level;
    if other.contains(&name) {
        return match *what {
            "field" => {
                format!(
                    "`{name}` is a struct attribute\nhelp: move it from the field to the struct"
                )
            }
            _ => format!("`{name}` is a field attribute\nhelp: move it onto a field"),
        };
    }
    let help = match nearest(name, known.iter().copied()) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("expected one of `{}`", known.join("`, `")),
    };
    format!("unknown session {what} attribute `{name}`\nhelp: {help}")
}

fn parse_list(attr: &Attribute, level: &Level, ctxt: &Ctxt) -> Vec<SessionOption> {
    let example = if level.what == "field" { "key = \"...\"" } else { "prefix = \"...\"" };
    let expected = format!("expected session attributes in parentheses: `#[session({example})]`");
    match &attr.meta {
        Meta::List(list) if list.tokens.is_empty() => ctxt.error(attr, expected),
        Meta::List(list) => {
            let expected = format!("expected a session attribute, such as `{example}`");
            let parser = |input: ParseStream<'_>| Ok(parse_options(input, &expected, ctxt));
            match parser.parse2(list.tokens.clone()) {
                Ok(options) => return options,
                Err(error) => ctxt.push(error),
            }
        }
        _ => ctxt.error(attr, expected),
    }
    Vec::new()
}

fn parse_options(input: ParseStream<'_>, expected: &str, ctxt: &Ctxt) -> Vec<SessionOption> {
    let mut options = Vec::new();
    while !input.is_empty() {
        match parse_option(input, expected) {
            Ok(option) => options.push(option),
            Err(error) => {
                ctxt.push(error);
                skip_to_comma(input);
            }
        }
        // The comma, or the end.
        if input.parse::<Option<Token![,]>>().is_ok_and(|comma| comma.is_none())
            && !input.is_empty()
        {
            ctxt.push(input.error("expected `,` between session attributes"));
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

/// `from = Old, with = path`, in either order.
fn parse_upgrade(input: ParseStream<'_>, span: Span, expected: &str) -> syn::Result<(Type, Expr)> {
    let (mut from, mut with) = (None, None);
    while !input.is_empty() {
        let name = input.call(Ident::parse_any)?;
        let word = name.to_string();
        let is_twice = match &*word {
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
        if is_twice {
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

fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        let _ = input.parse::<proc_macro2::TokenTree>();
    }
}

/// Values that come out of `macro_rules!` are wrapped in groups that nobody sees.
fn without_groups(expr: &Expr) -> &Expr {
    match expr {
        Expr::Group(group) => without_groups(&group.expr),
        expr => expr,
    }
}

fn ident(text: &LitStr, ctxt: &Ctxt) -> Option<Ident> {
    let ident = text.parse::<Ident>().ok();
    if ident.is_none() {
        let value = text.value();
        let help = match syn::parse_str::<Ident>(&format!("r#{value}")) {
            Ok(_) => format!("it is a keyword: write `r#{value}`"),
            Err(_) => "write letters, digits and `_`, beginning with a letter".to_owned(),
        };
        ctxt.error(text, format!("`{value}` is not an identifier\nhelp: {help}"));
    }
    ident
}

fn absolute(text: &LitStr, ctxt: &Ctxt) -> Option<Path> {
    let path = text.parse_with(Path::parse_mod_style).ok().filter(|path| {
        path.leading_colon.is_some() || path.segments.first().is_some_and(|it| it.ident == "crate")
    });
    if path.is_none() {
        ctxt.error(text, "path must be absolute: `::path` or `crate::path`");
    }
    path
}

/// Where a string stands that has no text of its own.
pub(crate) fn at(span: Span, text: &str) -> LitStr {
    LitStr::new(text, span)
}
