#[session(accessors = "Basket", crate = "crate::web")]
pub(crate) struct Shop {
    /// How many.
    #[deprecated]
    r#type: u32,
}
