/// The accessors of [`Visit`]. A `Session<Visit>` dereferences to this type.
struct VisitSession {
    __view: ::session_runtime::__private::View<Visit>,
}
#[doc(hidden)]
#[allow(dead_code, clippy::all, clippy::pedantic, clippy::restriction)]
const _: () = {
    use ::session_runtime::__private as __private;
    fn __default_theme() -> String {
        "light".to_owned()
    }
    const __FIELD_0_THEME: __private::Field<Visit, String> = __private::field::<
        Visit,
        String,
    >(
            0,
            "theme",
            |__values| &__values.theme,
            |__values| &mut __values.theme,
            __default_theme,
        )
        .reset_on_mismatch();
    const __FIELD_1_NAME: __private::Field<Visit, Option<String>> = __private::field::<
        Visit,
        Option<String>,
    >(
            1,
            "name",
            |__values| &__values.name,
            |__values| &mut __values.name,
            <Option<String> as __private::DefaultField>::default_value,
        )
        .reset_on_mismatch();
    const __FIELD_2_CART: __private::Field<Visit, Cart> = __private::field::<
        Visit,
        Cart,
    >(
            2,
            "cart",
            |__values| &__values.cart,
            |__values| &mut __values.cart,
            <Cart as __private::DefaultField>::default_value,
        )
        .upgrade::<
            u32,
        >(|__text| __private::upgrade::<u32, Cart>(__text, Cart::of_unknown))
        .reset_on_mismatch();
    #[automatically_derived]
    impl VisitSession {
        /// The value of `theme`.
        #[must_use]
        fn theme(&self) -> String {
            __private::View::get(&self.__view, &__FIELD_0_THEME)
        }
        /// Sets `theme`, whatever other requests stored meanwhile.
        fn set_theme(&self, value: impl ::core::convert::Into<String>) {
            __private::View::set(
                &self.__view,
                &__FIELD_0_THEME,
                ::core::convert::Into::into(value),
            );
        }
        /// Changes `theme` with `step`, and returns the value as this request sees it. `step` runs again if another request changed the field meanwhile.
        fn update_theme(
            &self,
            step: impl ::core::ops::Fn(
                &mut String,
            ) + ::core::marker::Send + ::core::marker::Sync + 'static,
        ) -> String {
            __private::View::update(&self.__view, &__FIELD_0_THEME, step)
        }
        /// Removes `theme` from the session, so it reads as its default.
        fn clear_theme(&self) {
            __private::View::clear(&self.__view, &__FIELD_0_THEME);
        }
        /// Whether the session holds a value of `theme`.
        #[must_use]
        fn has_theme(&self) -> ::core::primitive::bool {
            __private::View::has(&self.__view, &__FIELD_0_THEME)
        }
        /// The value of `name`.
        #[must_use]
        fn name(&self) -> Option<String> {
            __private::View::get(&self.__view, &__FIELD_1_NAME)
        }
        /// Sets `name`, whatever other requests stored meanwhile.
        fn set_name(&self, value: impl __private::IntoOption<String>) {
            __private::View::set(
                &self.__view,
                &__FIELD_1_NAME,
                __private::IntoOption::into_option(value),
            );
        }
        /// Changes `name` with `step`, and returns the value as this request sees it. `step` runs again if another request changed the field meanwhile.
        fn update_name(
            &self,
            step: impl ::core::ops::Fn(
                &mut Option<String>,
            ) + ::core::marker::Send + ::core::marker::Sync + 'static,
        ) -> Option<String> {
            __private::View::update(&self.__view, &__FIELD_1_NAME, step)
        }
        /// Removes `name` from the session, so it reads as its default.
        fn clear_name(&self) {
            __private::View::clear(&self.__view, &__FIELD_1_NAME);
        }
        /// Whether the session holds a value of `name`.
        #[must_use]
        fn has_name(&self) -> ::core::primitive::bool {
            __private::View::has(&self.__view, &__FIELD_1_NAME)
        }
        /// The value of `cart`.
        #[must_use]
        fn cart(&self) -> Cart {
            __private::View::get(&self.__view, &__FIELD_2_CART)
        }
        /// Sets `cart`, whatever other requests stored meanwhile.
        fn set_cart(&self, value: Cart) {
            __private::View::set(&self.__view, &__FIELD_2_CART, value);
        }
        /// Changes `cart` with `step`, and returns the value as this request sees it. `step` runs again if another request changed the field meanwhile.
        fn update_cart(
            &self,
            step: impl ::core::ops::Fn(
                &mut Cart,
            ) + ::core::marker::Send + ::core::marker::Sync + 'static,
        ) -> Cart {
            __private::View::update(&self.__view, &__FIELD_2_CART, step)
        }
        /// Removes `cart` from the session, so it reads as its default.
        fn clear_cart(&self) {
            __private::View::clear(&self.__view, &__FIELD_2_CART);
        }
        /// Whether the session holds a value of `cart`.
        #[must_use]
        fn has_cart(&self) -> ::core::primitive::bool {
            __private::View::has(&self.__view, &__FIELD_2_CART)
        }
    }
    #[automatically_derived]
    impl __private::SessionSchema for Visit {
        type Accessors = VisitSession;
        const NAME: &'static ::core::primitive::str = "Visit";
        const KEYS: &'static [&'static ::core::primitive::str] = &[
            "theme",
            "name",
            "cart",
        ];
        const PRINCIPAL: ::core::option::Option<&'static ::core::primitive::str> = ::core::option::Option::None;
        const FIELDS: &'static [&'static dyn __private::AnyField<Self>] = &[
            &__FIELD_0_THEME,
            &__FIELD_1_NAME,
            &__FIELD_2_CART,
        ];
        fn defaults() -> Self {
            Self {
                theme: __private::Field::default_value(&__FIELD_0_THEME),
                name: __private::Field::default_value(&__FIELD_1_NAME),
                cart: __private::Field::default_value(&__FIELD_2_CART),
            }
        }
        fn accessors(view: __private::View<Self>) -> VisitSession {
            VisitSession { __view: view }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Debug for VisitSession {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            let mut debug = ::core::fmt::Formatter::debug_struct(f, "VisitSession");
            ::core::fmt::DebugStruct::finish_non_exhaustive(&mut debug)
        }
    }
};
