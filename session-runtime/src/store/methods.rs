//! The signatures of [`Store`](super::Store), for stores that pass their calls on.

/// Writes the methods of `Store` with the macro `$write`, which gets each signature.
///
/// `$write` gets `load(key: &StoreKey) -> Loaded` and so on: the name, the arguments, and the type
/// inside the `Result`. It writes the whole method, so one macro of a few lines makes a wrapper:
///
/// ```text
/// macro_rules! forward {
///     ($method:ident($($argument:ident: $type:ty),*) -> $answer:ty) => {
///         async fn $method(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
///             self.0.$method($($argument),*).await
///         }
///     };
/// }
///
/// impl Store for Wrapper {
///     store_methods!(forward);
/// }
/// ```
///
/// - `store_methods!(forward: load, create)` writes only the methods that are named.
/// - `store_methods!(forward 'a)` gives every reference the lifetime `'a`, for methods that are not
///   `async fn`.
///
/// The types must be in scope where the macro is used. Some tests include this file, too.
macro_rules! store_methods {
    ($write:ident $($a:lifetime)?) => {
        store_methods!(@load $write $($a)?);
        store_methods!(@create $write $($a)?);
        store_methods!(@update $write $($a)?);
        store_methods!(@rename $write $($a)?);
        store_methods!(@delete $write $($a)?);
        store_methods!(@sweep $write $($a)?);
        store_methods!(@list $write $($a)?);
        store_methods!(@delete_all $write $($a)?);
        store_methods!(@scan $write $($a)?);
    };
    ($write:ident: $($method:ident),+ $(,)?) => {
        $(store_methods!(@$method $write);)+
    };
    (@load $write:ident $($a:lifetime)?) => {
        $write!(load(key: &$($a)? StoreKey) -> Loaded);
    };
    (@create $write:ident $($a:lifetime)?) => {
        $write!(create(key: &$($a)? StoreKey, record: &$($a)? Record) -> Created);
    };
    (@update $write:ident $($a:lifetime)?) => {
        $write!(update(key: &$($a)? StoreKey, patch: &$($a)? Patch) -> Updated);
    };
    (@rename $write:ident $($a:lifetime)?) => {
        $write!(
            rename(from: &$($a)? StoreKey, to: &$($a)? StoreKey, patch: &$($a)? Patch) -> Updated
        );
    };
    (@delete $write:ident $($a:lifetime)?) => {
        $write!(delete(key: &$($a)? StoreKey) -> ());
    };
    (@sweep $write:ident $($a:lifetime)?) => {
        $write!(sweep(limit: usize) -> usize);
    };
    (@list $write:ident $($a:lifetime)?) => {
        $write!(list(principal: &$($a)? Principal) -> Vec<SessionInfo>);
    };
    (@delete_all $write:ident $($a:lifetime)?) => {
        $write!(
            delete_all(principal: &$($a)? Principal, except: Option<&$($a)? StoreKey>) -> usize
        );
    };
    (@scan $write:ident $($a:lifetime)?) => {
        $write!(scan(after: Option<&$($a)? Cursor>, limit: usize) -> Page);
    };
}
pub(crate) use store_methods;
