#[session(prefix = "shop.", rename_all = "camelCase")]
struct Shop {
    #[session(alias = "basket")]
    cart_items: Vec<u64>,
    #[session(key = "lang", name = "locale")]
    language: String,
}
