#[session(on_mismatch = "reset")]
struct Visit {
    #[session(default = "light".to_owned(), into)]
    theme: String,
    #[session(into)]
    name: Option<String>,
    #[session(upgrade(from = u32, with = Cart::of_unknown))]
    cart: Cart,
}
