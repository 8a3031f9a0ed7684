//! The derive macro of `session-runtime`, which re-exports it: depend on that crate alone.

mod attr;
mod case;
mod ctxt;
mod duration;
mod expand;
#[cfg(test)]
mod expansions;
mod fallback;
mod lints;
mod schema;
mod suggest;
mod valid;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

use crate::ctxt::Ctxt;
use crate::schema::Schema;

/// Turns a struct into a session schema: each field becomes a key of the session, and a handle with one
/// set of accessors for each field is generated.
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
/// - `struct VisitSession` with the visibility of `Visit`. A `Session<Visit>` dereferences to it, so the
///   accessors need no import. Methods of your own go into an `impl VisitSession` in the same module.
/// - `impl SessionSchema for Visit`, with every claimed key in `Visit::KEYS` for generic code, and `impl PrincipalSchema for Visit` if there is a principal.
///
/// The accessors of a field `x: T` have its visibility, documentation and `#[deprecated]`. A field without
/// `pub` has accessors for its own module and the modules in it. All of them take `&self`.
///
/// | field | accessors |
/// | --- | --- |
/// | any | `x() -> T`, `set_x(T)`, `update_x(impl Fn(&mut T)) -> T`, `clear_x()`, `has_x() -> bool` |
/// | `#[session(counter)]` | these, and `add_x(T) -> T`, `sub_x(T) -> T` |
/// | `#[session(flash)]`, of type `Option<M>` or `Vec<M>` | `flash_x(M)`, `take_x() -> T`, `peek_x() -> T`, no others |
/// | `#[session(principal)]`, of type `Option<Id>` | `x()`, `set_x(T)`, `clear_x()`, `has_x()` |
/// | with `ttl = ".."` | also `x_expires_at() -> Option<Timestamp>` |
///
/// - `set_x` decides the field: this request's value wins.
/// - `update_x` returns the new value. Its closure runs again if another request changed the field
///   meanwhile, so it depends on the value alone; it is `Fn + Send + Sync + 'static`.
/// - `clear_x` removes the key; the field reads as its default again.
/// - `add_x` and `sub_x` return the new value. The sums of concurrent requests are merged by the store,
///   and stop at the bounds of the type (`u64` at `i64::MAX`).
/// - `take_x` reads messages once, `peek_x` leaves them.
/// - A principal says who is signed in: changing it renews the session's id.
///
/// # Requirements
///
/// Field types own their data and implement `Serialize`, `DeserializeOwned` and `Clone`, and `Default` unless
/// the field has a `default`. A value reads back from its JSON; one that does not, such as a NaN or an infinite
/// float, is an error when it is saved. The struct is `Send`. It has named fields and no parameters.
///
/// # Attributes of the struct
///
/// | attribute | meaning |
/// | --- | --- |
/// | `prefix = "app."` | put before every key of the struct: derived ones, `key` and `alias` |
/// | `rename_all = "camelCase"` | how names of fields become keys, with serde's names: `lowercase`, `UPPERCASE`, `PascalCase`, `camelCase`, `snake_case`, `SCREAMING_SNAKE_CASE`, `kebab-case`, `SCREAMING-KEBAB-CASE`; keys given by `key` and `alias` stay as they are |
/// | `accessors = "Name"` | the name of the handle instead of `VisitSession` |
/// | `crate = "path"` | where the runtime is, if not at `::session_runtime`; begins with `::` or `crate::` |
/// | `on_mismatch = "error"` | a stored value that does not decode is an error, and is left alone; the default |
/// | `on_mismatch = "reset"` | it reads as the field's default |
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
/// | `alias = "..."` | an older key, may be repeated: read when `key` is absent, removed when the field is written. An older version does not find the value under `key`: while both run, as in a rolling deploy, rename the field in the code alone, with `key = "old"` |
/// | `default = expr` | the value while nothing is stored, instead of `Default::default()`; not for flash and principal |
/// | `into` | the setter, or `flash_x`, takes `impl Into<..>`; that of an `Option` takes the value, `Some` of it and `None` |
/// | `name = "..."` | the stem of the accessors' names instead of the field's name; the key stays |
/// | `ttl = "15m"` | the field is absent when this time has passed since it was last written; `s`, `m`, `h` or `d`; not for principal |
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
///     /// Wrong guesses of `code`.
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
/// - Every write restarts the time, which runs from the moment the change is saved.
/// - Once over, the field reads as its default, `has_x()` is false and `add_x` starts anew: in requests
///   that began before, too. What a request itself has changed is not over before it is saved.
/// - It never lengthens the session: with that, the field ends at the latest.
/// - The time is kept beside the value, under the key `x@expires`, so `ttl` can be added, changed and removed
///   while sessions live: a value that was stored without it stays until it is written again, one that was
///   stored with it keeps its time.
///
/// # Fields whose type changes
///
/// ```
/// use session_runtime::SessionSchema;
///
/// /// It was a mere number of items once.
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
/// A stored value is decoded as the field's type first, so what fits both is never converted. The new shape
/// is written when the field is next written; reading changes nothing. `session_runtime`'s
/// `testing::assert_compatible` finds changes of type that need this.
///
/// # Big fields
///
/// A getter returns a clone. Where that is much, such as a list of a hundred kilobytes that is read more than
/// once in a request, put the value into an `Arc`: it is stored as the value itself, read without a copy, and
/// rewritten through `Arc::make_mut`.
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
/// A key has 1 to 64 characters from `A-Z a-z 0-9 _ - . :`, and every key of a struct, aliases included, is
/// its own. The name of a raw identifier is without the `r#`: `r#type` is stored as `type`, with the
/// accessors `r#type`, `set_type` and so on.
///
/// No accessor can be called like a method of `Session` (`id`, `is_new`, `created_at`, `expires_at`,
/// `renew`, `destroy`, `commit`, `remember`, `touch`) or of a trait that Rust would find first (`clone`,
/// `to_owned`, `borrow`, `borrow_mut`, `deref`, `fmt`, `type_id`, `into`, `try_into`): rename the accessors with
/// `name`.
#[proc_macro_derive(SessionSchema, attributes(session))]
pub fn derive_session_schema(input: TokenStream) -> TokenStream {
    derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Parse, validate, expand: an expansion is made only of a schema without mistakes, so it cannot fail.
fn derive(input: &DeriveInput) -> proc_macro2::TokenStream {
    let ctxt = Ctxt::default();
    let schema = Schema::parse(input, &ctxt);
    valid::check(&schema, &ctxt);
    match ctxt.check() {
        Ok(()) => expand::expand(&schema),
        Err(errors) => {
            let errors = errors.to_compile_error();
            let stubs = fallback::expand(&schema);
            quote::quote!(#errors #stubs)
        }
    }
}
