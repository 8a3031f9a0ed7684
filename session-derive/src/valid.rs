//! What the macro itself judges; types are left to rustc, which knows what an alias stands for.

use std::collections::HashMap;

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{GenericArgument, Ident, LitStr, PathArguments, Type, TypeReference};

use crate::ctxt::Ctxt;
use crate::schema::{Field, Schema, Verb};

/// Longest key that every store takes.
const MAX_KEY: usize = 64;

/// Accessors with these names would never be reached: Rust finds the other method first.
const RESERVED: &[(&str, &str)] = &[
    ("id", "Session::id"),
    ("is_new", "Session::is_new"),
    ("created_at", "Session::created_at"),
    ("expires_at", "Session::expires_at"),
    ("renew", "Session::renew"),
    ("destroy", "Session::destroy"),
    ("commit", "Session::commit"),
    ("remember", "Session::remember"),
    ("touch", "Session::touch"),
    ("clone", "Clone::clone"),
    ("to_owned", "ToOwned::to_owned"),
    ("borrow", "Borrow::borrow"),
    ("borrow_mut", "BorrowMut::borrow_mut"),
    ("deref", "Deref::deref"),
    ("fmt", "Debug::fmt"),
    ("type_id", "Any::type_id"),
    ("into", "Into::into"),
    ("try_into", "TryInto::try_into"),
];

/// Reports every mistake of the schema.
pub(crate) fn check(schema: &Schema, ctxt: &Ctxt) {
    check_handle(schema, ctxt);
    for field in &schema.fields {
        check_kind(field, ctxt);
        check_owned(&field.ty, ctxt);
    }
    check_principals(schema, ctxt);
    check_keys(schema, ctxt);
    check_accessors(schema, ctxt);
}

fn check_handle(schema: &Schema, ctxt: &Ctxt) {
    if schema.accessors == schema.ident {
        let message = format!(
            "`{}` is the struct itself\nhelp: the accessors are methods of a second type, \
             such as `{0}Session`",
            schema.ident
        );
        ctxt.error(&schema.accessors, message);
    }
}

/// Reports options that exclude each other.
fn check_kind(field: &Field, ctxt: &Ctxt) {
    for (one, other) in contradictions(field) {
        ctxt.error_with(
            (&other, format!("`{other}` cannot be combined with `{one}`")),
            (&one, format!("`{one}` is here")),
        );
    }
}

/// Options of the field that exclude each other.
pub(crate) fn contradictions(field: &Field) -> impl Iterator<Item = (Ident, Ident)> {
    let attrs = &field.attrs;
    let [counter, flash, principal] = [&attrs.counter, &attrs.flash, &attrs.principal];
    let default = attrs.default.as_ref().map(|(name, _)| name.clone());
    let ttl = attrs.ttl.as_ref().map(|ttl| ttl.name.clone());
    let upgrade = attrs.upgrade.as_ref().map(|upgrade| upgrade.name.clone());
    let exclusive = [
        (counter, flash),
        (counter, principal),
        (flash, principal),
        (flash, &default),
        (principal, &default),
        // Who is signed in ends with the session, and is what sessions are indexed by.
        (principal, &ttl),
        (principal, &upgrade),
    ];
    let exclusive = exclusive.map(|(one, other)| one.clone().zip(other.clone()));
    exclusive.into_iter().flatten()
}

fn check_principals(schema: &Schema, ctxt: &Ctxt) {
    let mut marks = schema.fields.iter().filter_map(|field| field.attrs.principal.as_ref());
    let Some(first) = marks.next() else { return };
    for second in marks {
        let message = "a session has one principal, and another field is marked already\n\
                       help: mark the field that says who is signed in";
        ctxt.error_with((second, message), (first, "the first principal is here"));
    }
}

/// Borrowed data, which a session cannot hold.
fn check_owned(ty: &Type, ctxt: &Ctxt) {
    match ty {
        Type::Reference(reference) => {
            let message = format!("session fields own their data\nhelp: {}", owned(reference));
            ctxt.error(reference.and_token, message);
        }
        Type::Path(path) => {
            for segment in &path.path.segments {
                let PathArguments::AngleBracketed(list) = &segment.arguments else { continue };
                for argument in &list.args {
                    if let GenericArgument::Type(ty) = argument {
                        check_owned(ty, ctxt);
                    }
                }
            }
        }
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| check_owned(ty, ctxt)),
        Type::Array(array) => check_owned(&array.elem, ctxt),
        Type::Group(group) => check_owned(&group.elem, ctxt),
        Type::Paren(paren) => check_owned(&paren.elem, ctxt),
        _ => {}
    }
}

fn owned(reference: &TypeReference) -> String {
    match &*reference.elem {
        Type::Path(path) if path.path.is_ident("str") => "use `String` instead of `&str`".into(),
        Type::Slice(slice) => {
            let item = slice.elem.to_token_stream();
            format!("use `Vec<{item}>` instead of `&[{item}]`")
        }
        _ => "use an owned type instead of the reference".into(),
    }
}

/// Ill-formed keys, and keys that are used twice.
fn check_keys(schema: &Schema, ctxt: &Ctxt) {
    if let Some(prefix) = schema.prefix.as_ref().filter(|it| !it.value().chars().all(is_key_char)) {
        let problem = format!("prefix `{}` cannot be part of a session key", prefix.value());
        ctxt.error(prefix, format!("{problem}\nhelp: use characters from {KEY_CHARS}"));
        return;
    }
    let mut used: HashMap<String, &LitStr> = HashMap::new();
    for field in &schema.fields {
        for key in std::iter::once(&field.key).chain(&field.aliases) {
            check_key(key, ctxt);
            let text = key.value();
            if let Some(first) = used.get(&text) {
                ctxt.error_with(
                    (key, format!("duplicate session key `{text}`")),
                    (first, format!("the key `{text}` is first used here")),
                );
            } else {
                used.insert(text, key);
            }
        }
    }
}

fn check_key(key: &LitStr, ctxt: &Ctxt) {
    let text = key.value();
    let problem = if text.is_empty() {
        "a session key cannot be empty".to_owned()
    } else if let Some(wrong) = text.chars().find(|letter| !is_key_char(*letter)) {
        format!("session key `{text}` contains `{}`", wrong.escape_debug())
    } else if text.len() > MAX_KEY {
        format!("session key of {} characters, the limit is {MAX_KEY}", text.len())
    } else {
        return;
    };
    let help = format!("choose 1 to {MAX_KEY} characters from {KEY_CHARS}");
    ctxt.error(key, format!("{problem}\nhelp: {help} with `#[session(key = \"...\")]`"));
}

const KEY_CHARS: &str = "`A-Z a-z 0-9 _ - . :`";

fn is_key_char(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_-.:".contains(letter)
}

/// Accessors that would be hidden, and accessors that collide.
fn check_accessors(schema: &Schema, ctxt: &Ctxt) {
    let mut taken: HashMap<String, (&Field, Verb)> = HashMap::new();
    for field in &schema.fields {
        for (verb, method) in field.methods() {
            let name = method.unraw().to_string();
            if let Some((_, hidden_by)) = RESERVED.iter().find(|(reserved, _)| *reserved == name) {
                ctxt.error(
                    place(field),
                    format!(
                        "the accessor `{name}` would be hidden by `{hidden_by}`\nhelp: keep the \
                         stored key and rename the accessors: `#[session(name = \"...\")]`"
                    ),
                );
            }
            match taken.get(&name) {
                None => {
                    taken.insert(name, (field, verb));
                }
                // A field twice in one struct is rustc's to report.
                Some((first, _)) if first.ident == field.ident => {}
                Some((first, first_verb)) => {
                    ctxt.error_with(
                        (place(field), collision(field, verb, first, *first_verb)),
                        (place(first), format!("`{}` is here", first.ident)),
                    );
                    // The other accessors of the two would say the same.
                    break;
                }
            }
        }
    }
}

fn collision(field: &Field, verb: Verb, first: &Field, first_verb: Verb) -> String {
    let called = |field: &Field, verb: Verb| match verb {
        Verb::Get => format!("field `{}`", field.ident),
        Verb::Set => format!("the setter generated for `{}`", field.ident),
        verb => format!("`{}` generated for `{}`", field.method(verb), field.ident),
    };
    format!(
        "{} collides with {}\nhelp: rename the accessors of one of them: \
         `#[session(name = \"...\")]`",
        called(field, verb),
        called(first, first_verb),
    )
}

/// Where the name of a field's accessors comes from.
fn place(field: &Field) -> &Ident {
    field.attrs.name.as_ref().unwrap_or(&field.ident)
}
