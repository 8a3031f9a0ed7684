//! The derive macro of `session-runtime`. That crate re-exports it, so depend only on
//! `session-runtime`.

mod accessor;
mod attr;
mod case;
mod duration;
mod errors;
mod expand;
#[cfg(test)]
mod expansions;
mod fallback;
mod lints;
mod schema;
mod self_name;
mod suggest;
mod valid;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

use crate::errors::Errors;
use crate::schema::Schema;

/// Turns a struct into a session schema.
///
/// Each field becomes a key of the session. The generated handle has a set of accessors for each
/// field.
///
/// ```
/// use session_runtime::{Session, SessionSchema};
///
/// /// What this site remembers of a visitor.
/// #[derive(SessionSchema)]
/// struct Visit {
///     /// Pages seen.
///     #[session(counter)]
///     counter: u64,
///     theme: Option<String>,
///     #[session(principal)]
///     user_id: Option<u64>,
///     #[session(flash)]
///     notice: Option<String>,
/// }
///
/// async fn index(session: Session<Visit>) -> String {
///     if session.theme().is_none() {
///         session.set_theme(Some("light".to_owned()));
///     }
///     let seen = session.add_counter(1);
///     format!("You have visited this page {seen} times")
/// }
/// ```
///
/// # What is generated
///
/// For `struct Visit`:
///
/// - `struct VisitSession` with the visibility of `Visit`. A `Session<Visit>` dereferences to it,
///   so the accessors need no import. Methods of your own go into an `impl VisitSession` in the
///   same module.
/// - `impl SessionSchema for Visit`. For generic code, `Visit::KEYS` has every key that the schema
///   claims.
/// - `impl PrincipalSchema for Visit`, if there is a principal.
///
/// The accessors of a field `x: T` have its visibility, documentation and `#[deprecated]`. If the
/// field has no `pub`, only its own module and the modules in it can call them. All of them take
/// `&self`.
///
/// | field | accessors |
/// | --- | --- |
/// | any | `x() -> T`, `set_x(T)`, `update_x(impl Fn(&mut T)) -> T`, `clear_x()`, `has_x() -> bool` |
/// | `#[session(counter)]` | these, and `add_x(T) -> T`, `sub_x(T) -> T` |
/// | `#[session(flash)]`, of type `Option<M>` or `Vec<M>` | `flash_x(M)`, `take_x() -> T`, `peek_x() -> T`, no others |
/// | `#[session(principal)]`, of type `Option<Id>` | `x()`, `set_x(T)`, `clear_x()`, `has_x()` |
/// | with `ttl = ".."` | also `x_expires_at() -> Option<Timestamp>` |
///
/// - `set_x` stores its value, whatever other requests stored meanwhile.
/// - `update_x` changes the value with a closure, which is `Fn + Send + Sync + 'static`. The
///   closure runs again if another request changed the field meanwhile, so its result must depend
///   only on the value.
/// - `clear_x` removes the key. The field reads as its default then.
/// - `add_x` and `sub_x` change a counter by a number. The store merges the sums of concurrent
///   requests. They stop at the bounds of the type (`u64` at `i64::MAX`).
/// - `update_x`, `add_x` and `sub_x` return the value as this request sees it: the value that it
///   loaded, with its own changes. Concurrent requests may all see the same value, so a strict
///   limit must not depend on it.
/// - `take_x` returns the messages and removes them. `peek_x` leaves them.
/// - A principal says who is signed in. A change of it renews the session's id.
///
/// # Requirements
///
/// - Field types own their data. They implement `Serialize`, `DeserializeOwned` and `Clone`, and
///   also `Default` unless the field has a `default`.
/// - A value must read back from its JSON. One that does not, such as a NaN or an infinite float,
///   is an error when it is saved.
/// - The struct has named fields and no parameters, and it is `Send`.
///
/// # Attributes of the struct
///
/// | attribute | meaning |
/// | --- | --- |
/// | `prefix = "app."` | comes before every key of the struct, also before those of `key` and `alias` |
/// | `rename_all = "camelCase"` | how names of fields become keys; as in serde one of `lowercase`, `UPPERCASE`, `PascalCase`, `camelCase`, `snake_case`, `SCREAMING_SNAKE_CASE`, `kebab-case`, `SCREAMING-KEBAB-CASE`; keys from `key` and `alias` stay as they are |
/// | `accessors = "Name"` | the name of the handle instead of `VisitSession` |
/// | `crate = "path"` | the path of the runtime instead of `::session_runtime`; begins with `::` or `crate::` |
/// | `on_mismatch = "error"` | a stored value that does not decode is an error, and stays stored; the default |
/// | `on_mismatch = "reset"` | a stored value that does not decode reads as the field's default |
///
/// ```
/// use session_runtime::SessionSchema;
///
/// #[derive(SessionSchema)]
/// #[session(prefix = "shop.", rename_all = "camelCase", accessors = "Basket", on_mismatch = "reset")]
/// struct Shop {
///     item_count: u32,
///     #[session(key = "promo", alias = "voucher")]
///     promotion: Option<String>,
/// }
///
/// impl Basket {
///     fn is_empty(&self) -> bool {
///         self.item_count() == 0
///     }
/// }
///
/// assert_eq!(Shop::KEYS, ["shop.itemCount", "shop.promo", "shop.voucher"]);
/// ```
///
/// # Attributes of a field
///
/// | attribute | meaning |
/// | --- | --- |
/// | `key = "..."` | the stored key instead of the field's name |
/// | `alias = "..."` | an older key; may be repeated. It is read if `key` is absent, and removed when the field is written. An older version of the application does not find a value under the new key: while both run, as in a rolling deploy, rename the field only in the code, with `key = "old"` |
/// | `default = expr` | the value while nothing is stored, instead of `Default::default()`; not for flash and principal |
/// | `into` | the setter, or `flash_x`, takes `impl Into<..>`; the setter of an `Option<T>` takes a `T`, an `Option<T>`, or what becomes a `T` |
/// | `name = "..."` | the accessors are named after this instead of the field; the key stays |
/// | `ttl = "15m"` | the field expires when this time has passed since it was last written; in `s`, `m`, `h` or `d`; not for principal |
/// | `upgrade(from = Old, with = path)` | a stored value that does not decode is decoded as `Old` and converted by `path`, a `fn(Old) -> T`; not for principal |
/// | `counter` | an integer of up to 64 bits whose sums the store merges |
/// | `flash` | messages that are read once |
/// | `principal` | who is signed in; at most one in a session |
///
/// `counter`, `flash` and `principal` exclude each other.
///
/// ```
/// use session_runtime::{Session, SessionSchema};
///
/// #[derive(SessionSchema)]
/// struct Preferences {
///     #[session(default = 20)]
///     page_size: u32,
///     #[session(key = "lang", alias = "language", default = "en".to_owned(), into)]
///     language: String,
///     /// `Session::id` is taken.
///     #[session(name = "customer")]
///     id: Option<u64>,
///     #[session(flash, into)]
///     hints: Vec<String>,
/// }
///
/// fn handler(session: &Session<Preferences>) {
///     session.set_language("de");
///     session.set_customer(Some(7));
///     session.flash_hints("try the new search");
/// }
/// ```
///
/// # Fields that expire
///
/// A field with a `ttl` has one more accessor, `x_expires_at() -> Option<Timestamp>`.
///
/// ```
/// use session_runtime::{Session, SessionSchema};
///
/// #[derive(SessionSchema)]
/// struct Account {
///     #[session(principal)]
///     user_id: Option<u64>,
///     /// The password was asked for again.
///     #[session(ttl = "15m")]
///     confirmed: bool,
///     #[session(ttl = "10m", into)]
///     code: Option<String>,
///     /// Guesses of `code`.
///     #[session(counter, ttl = "10m")]
///     tries: u8,
/// }
///
/// fn check_code(session: &Session<Account>, guess: &str) -> bool {
///     if session.add_tries(1) > 3 || session.code().as_deref() != Some(guess) {
///         return false;
///     }
///     session.clear_code();
///     session.set_confirmed(true); // for the next 15 minutes
///     true
/// }
/// ```
///
/// This is no strict limit: guesses that arrive at the same time may all see the same `tries`.
///
/// - Every write restarts the time. It runs from the moment when the change is saved.
/// - An expired field reads as its default, `has_x()` is false, and `add_x` starts from the
///   default. That also holds in requests that began earlier. A change of this request cannot
///   expire before it is saved.
/// - A field never extends the session. It expires with the session at the latest.
/// - The time of expiry is stored next to the value, under the key `x@expires`. So `ttl` can be
///   added, changed and removed while sessions live. A value that was stored without `ttl` stays
///   until it is written again. One that was stored with `ttl` keeps its time.
///
/// # Fields whose type changes
///
/// ```
/// use session_runtime::SessionSchema;
///
/// /// Earlier versions stored only the number of items.
/// #[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
/// struct Cart {
///     items: Vec<u64>,
///     unknown: u32,
/// }
///
/// impl Cart {
///     fn of_unknown(unknown: u32) -> Self {
///         Self { items: Vec::new(), unknown }
///     }
/// }
///
/// #[derive(SessionSchema)]
/// struct Shop {
///     #[session(upgrade(from = u32, with = Cart::of_unknown))]
///     cart: Cart,
/// }
/// ```
///
/// A stored value is first decoded as the field's type, so a value that fits both types is never
/// converted. Reading changes nothing: the new form is stored when the field is next written. To
/// find the changes of type that need `upgrade`, use `testing::assert_compatible` of
/// `session_runtime`.
///
/// # Big fields
///
/// A getter returns a clone. That can be expensive, such as for a list of a hundred kilobytes that
/// a request reads more than once. Put such a value into an `Arc`. It is stored as the value
/// itself, read without a copy, and changed through `Arc::make_mut`.
///
/// ```
/// use std::sync::Arc;
/// use session_runtime::{Session, SessionSchema};
///
/// #[derive(SessionSchema)]
/// struct Shop {
///     items: Arc<Vec<String>>,
/// }
///
/// fn handler(session: &Session<Shop>) {
///     session.update_items(|items| Arc::make_mut(items).push("tea".to_owned()));
///     let items: Arc<Vec<String>> = session.items();
///     println!("{} items", items.len());
/// }
/// ```
///
/// # Keys and names
///
/// A key has 1 to 64 characters from `A-Z a-z 0-9 _ - . :`. No two keys of a struct are the same,
/// aliases included. A raw identifier counts without its `r#`: `r#type` is stored as `type`, with
/// the accessors `r#type`, `set_type` and so on.
///
/// No accessor can have the name of a method that Rust would find first:
///
/// - of `Session`: `id`, `is_new`, `created_at`, `expires_at`, `renew`, `destroy`, `commit`,
///   `remember`, `touch`;
/// - of a trait: `clone`, `to_owned`, `borrow`, `borrow_mut`, `deref`, `fmt`, `type_id`, `into`,
///   `try_into`.
///
/// Rename the accessors of such a field with `name`.
#[proc_macro_derive(SessionSchema, attributes(session))]
pub fn derive_session_schema(input: TokenStream) -> TokenStream {
    derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Parses, validates and expands. The expansion cannot fail, because its schema has no mistakes.
fn derive(input: &DeriveInput) -> proc_macro2::TokenStream {
    let errors = Errors::default();
    let schema = Schema::parse(input, &errors);
    valid::check(&schema, &errors);
    match errors.into_result() {
        Ok(()) => expand::expand(&schema),
        Err(errors) => {
            let errors = errors.to_compile_error();
            let stubs = fallback::expand(&schema);
            quote::quote!(#errors #stubs)
        }
    }
}
