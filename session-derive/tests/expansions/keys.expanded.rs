/// The accessors of [`Shop`]. A `Session<Shop>` dereferences to this type.
struct ShopSession {
    __view: ::session_runtime::__private::View<Shop>,
}
#[doc(hidden)]
#[allow(dead_code, clippy::all, clippy::pedantic, clippy::restriction)]
const _: () = {
    use ::session_runtime::__private as __private;
    const __FIELD_0_CART_ITEMS: __private::Field<Shop, Vec<u64>> = __private::field::<
        Shop,
        Vec<u64>,
    >(
            0,
            "shop.cartItems",
            |__values| &__values.cart_items,
            |__values| &mut __values.cart_items,
            <Vec<u64> as __private::DefaultField>::default_value,
        )
        .aliases(&["shop.basket"]);
    const __FIELD_1_LANGUAGE: __private::Field<Shop, String> = __private::field::<
        Shop,
        String,
    >(
        1,
        "shop.lang",
        |__values| &__values.language,
        |__values| &mut __values.language,
        <String as __private::DefaultField>::default_value,
    );
    #[automatically_derived]
    impl ShopSession {
        /// The value of `cart_items`.
        #[must_use]
        fn cart_items(&self) -> Vec<u64> {
            __private::View::get(&self.__view, &__FIELD_0_CART_ITEMS)
        }
        /// Sets `cart_items`, whatever other requests stored meanwhile.
        fn set_cart_items(&self, value: Vec<u64>) {
            __private::View::set(&self.__view, &__FIELD_0_CART_ITEMS, value);
        }
        /// Changes `cart_items` with `step`, and returns the value as this request sees it. `step` runs again if another request changed the field meanwhile.
        fn update_cart_items(
            &self,
            step: impl ::core::ops::Fn(
                &mut Vec<u64>,
            ) + ::core::marker::Send + ::core::marker::Sync + 'static,
        ) -> Vec<u64> {
            __private::View::update(&self.__view, &__FIELD_0_CART_ITEMS, step)
        }
        /// Removes `cart_items` from the session, so it reads as its default.
        fn clear_cart_items(&self) {
            __private::View::clear(&self.__view, &__FIELD_0_CART_ITEMS);
        }
        /// Whether the session holds a value of `cart_items`.
        #[must_use]
        fn has_cart_items(&self) -> ::core::primitive::bool {
            __private::View::has(&self.__view, &__FIELD_0_CART_ITEMS)
        }
        /// The value of `language`.
        #[must_use]
        fn locale(&self) -> String {
            __private::View::get(&self.__view, &__FIELD_1_LANGUAGE)
        }
        /// Sets `language`, whatever other requests stored meanwhile.
        fn set_locale(&self, value: String) {
            __private::View::set(&self.__view, &__FIELD_1_LANGUAGE, value);
        }
        /// Changes `language` with `step`, and returns the value as this request sees it. `step` runs again if another request changed the field meanwhile.
        fn update_locale(
            &self,
            step: impl ::core::ops::Fn(
                &mut String,
            ) + ::core::marker::Send + ::core::marker::Sync + 'static,
        ) -> String {
            __private::View::update(&self.__view, &__FIELD_1_LANGUAGE, step)
        }
        /// Removes `language` from the session, so it reads as its default.
        fn clear_locale(&self) {
            __private::View::clear(&self.__view, &__FIELD_1_LANGUAGE);
        }
        /// Whether the session holds a value of `language`.
        #[must_use]
        fn has_locale(&self) -> ::core::primitive::bool {
            __private::View::has(&self.__view, &__FIELD_1_LANGUAGE)
        }
    }
    #[automatically_derived]
    impl __private::SessionSchema for Shop {
        type Accessors = ShopSession;
        const NAME: &'static ::core::primitive::str = "Shop";
        const KEYS: &'static [&'static ::core::primitive::str] = &[
            "shop.cartItems",
            "shop.basket",
            "shop.lang",
        ];
        const PRINCIPAL: ::core::option::Option<&'static ::core::primitive::str> = ::core::option::Option::None;
        const FIELDS: &'static [&'static dyn __private::AnyField<Self>] = &[
            &__FIELD_0_CART_ITEMS,
            &__FIELD_1_LANGUAGE,
        ];
        fn defaults() -> Self {
            Self {
                cart_items: __private::Field::default_value(&__FIELD_0_CART_ITEMS),
                language: __private::Field::default_value(&__FIELD_1_LANGUAGE),
            }
        }
        fn accessors(view: __private::View<Self>) -> ShopSession {
            ShopSession { __view: view }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Debug for ShopSession {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            let mut debug = ::core::fmt::Formatter::debug_struct(f, "ShopSession");
            ::core::fmt::DebugStruct::finish_non_exhaustive(&mut debug)
        }
    }
};
