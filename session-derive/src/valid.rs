//! Finds the mistakes that the macro itself can see. Types are left to rustc, which sees through
//! aliases.

use std::collections::HashMap;

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{GenericArgument, Ident, LitStr, PathArguments, Type, TypeReference};

use crate::accessor::{Accessor, Verb, accessors};
use crate::errors::Errors;
use crate::schema::{Field, Schema};

/// The longest key that every store takes.
const MAX_KEY: usize = 64;

/// Names that no accessor can have: Rust would find the other method first.
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
pub(crate) fn check(schema: &Schema, errors: &Errors) {
    check_handle(schema, errors);
    for field in &schema.fields {
        check_kind(field, errors);
        check_owned(&field.ty, errors);
    }
    check_principals(schema, errors);
    check_keys(schema, errors);
    check_accessors(schema, errors);
}

fn check_handle(schema: &Schema, errors: &Errors) {
    if schema.handle == schema.ident {
        let message = format!(
            "`{}` is the struct itself\nhelp: the accessors need a type of their own, such as \
             `{0}Session`",
            schema.ident
        );
        errors.add(&schema.handle, message);
    }
}

/// Reports options that exclude each other.
fn check_kind(field: &Field, errors: &Errors) {
    for (one, other) in contradictions(field) {
        errors.add_with_note(
            (&other, format!("`{other}` cannot be combined with `{one}`")),
            (&one, format!("`{one}` is here")),
        );
    }
}

/// The pairs of options of the field that exclude each other.
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
        // Somebody is signed in until the session ends.
        (principal, &ttl),
        // Stores find the sessions of a principal by its value as it is stored.
        (principal, &upgrade),
    ];
    let exclusive = exclusive.map(|(one, other)| one.clone().zip(other.clone()));
    exclusive.into_iter().flatten()
}

fn check_principals(schema: &Schema, errors: &Errors) {
    let mut marks = schema.fields.iter().filter_map(|field| field.attrs.principal.as_ref());
    let Some(first) = marks.next() else { return };
    for second in marks {
        let message = "a session has only one principal\n\
                       help: mark only the field that says who is signed in";
        errors.add_with_note((second, message), (first, "the first principal is here"));
    }
}

/// Reports borrowed data, which a session cannot hold.
fn check_owned(ty: &Type, errors: &Errors) {
    match ty {
        Type::Reference(reference) => {
            let message = format!("session fields own their data\nhelp: {}", owned(reference));
            errors.add(reference.and_token, message);
        }
        Type::Path(path) => {
            for segment in &path.path.segments {
                let PathArguments::AngleBracketed(list) = &segment.arguments else { continue };
                for argument in &list.args {
                    if let GenericArgument::Type(ty) = argument {
                        check_owned(ty, errors);
                    }
                }
            }
        }
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|ty| check_owned(ty, errors)),
        Type::Array(array) => check_owned(&array.elem, errors),
        Type::Group(group) => check_owned(&group.elem, errors),
        Type::Paren(paren) => check_owned(&paren.elem, errors),
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

/// Reports ill-formed keys, and keys that are used twice.
fn check_keys(schema: &Schema, errors: &Errors) {
    if let Some(prefix) = schema.prefix.as_ref().filter(|it| !it.value().chars().all(is_key_char)) {
        let problem = format!("prefix `{}` cannot be part of a session key", prefix.value());
        errors.add(prefix, format!("{problem}\nhelp: use characters from {KEY_CHARS}"));
        return;
    }
    let mut used: HashMap<String, &LitStr> = HashMap::new();
    for field in &schema.fields {
        for key in std::iter::once(&field.key).chain(&field.aliases) {
            check_key(key, errors);
            let text = key.value();
            if let Some(first) = used.get(&text) {
                errors.add_with_note(
                    (key, format!("duplicate session key `{text}`")),
                    (first, format!("the key `{text}` is first used here")),
                );
            } else {
                used.insert(text, key);
            }
        }
    }
}

fn check_key(key: &LitStr, errors: &Errors) {
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
    errors.add(key, format!("{problem}\nhelp: {help} with `#[session(key = \"...\")]`"));
}

const KEY_CHARS: &str = "`A-Z a-z 0-9 _ - . :`";

fn is_key_char(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_-.:".contains(letter)
}

/// Reports accessors that another method would hide, and accessors that have one name.
fn check_accessors(schema: &Schema, errors: &Errors) {
    let mut taken: HashMap<String, Accessor<'_>> = HashMap::new();
    for field in &schema.fields {
        for accessor in accessors(field) {
            let name = accessor.name.unraw().to_string();
            if let Some((_, hidden_by)) = RESERVED.iter().find(|(reserved, _)| *reserved == name) {
                errors.add(
                    place_of_name(field),
                    format!(
                        "the accessor `{name}` would be hidden by `{hidden_by}`\nhelp: keep the \
                         stored key and rename the accessors: `#[session(name = \"...\")]`"
                    ),
                );
            }
            match taken.get(&name) {
                None => {
                    taken.insert(name, accessor);
                }
                // Rustc reports two fields with one name.
                Some(first) if first.field.ident == field.ident => {}
                Some(first) => {
                    errors.add_with_note(
                        (place_of_name(field), collision(&accessor, first)),
                        (place_of_name(first.field), format!("`{}` is here", first.field.ident)),
                    );
                    // The other accessors of the two fields would give the same message.
                    break;
                }
            }
        }
    }
}

fn collision(second: &Accessor<'_>, first: &Accessor<'_>) -> String {
    let described = |Accessor { field, verb, name, .. }: &Accessor<'_>| match verb {
        Verb::Get => format!("field `{}`", field.ident),
        Verb::Set => format!("the setter generated for `{}`", field.ident),
        _ => format!("`{name}` generated for `{}`", field.ident),
    };
    format!(
        "{} collides with {}\nhelp: rename the accessors of one of them: \
         `#[session(name = \"...\")]`",
        described(second),
        described(first),
    )
}

/// Where the name of a field's accessors is written.
fn place_of_name(field: &Field) -> &Ident {
    field.attrs.name.as_ref().unwrap_or(&field.ident)
}
