/// The accessors of [`Shop`]. A `Session<Shop>` dereferences to this type.
#[allow(deprecated)]
pub(crate) struct Basket {
    __view: crate::web::__private::View<Shop>,
}
#[doc(hidden)]
#[allow(deprecated, dead_code, clippy::all, clippy::pedantic, clippy::restriction)]
const _: () = {
    use crate::web::__private as __private;
    const __FIELD_0_TYPE: __private::Field<Shop, u32> = __private::field::<
        Shop,
        u32,
    >(
        0,
        "type",
        |__values| &__values.r#type,
        |__values| &mut __values.r#type,
        <u32 as __private::DefaultField>::default_value,
    );
    #[automatically_derived]
    impl Basket {
        /// The value of `r#type`.
        ///
        /// How many.
        #[deprecated]
        #[must_use]
        fn r#type(&self) -> u32 {
            __private::View::get(&self.__view, &__FIELD_0_TYPE)
        }
        /// Sets `r#type`, whatever other requests stored meanwhile.
        ///
        /// How many.
        #[deprecated]
        fn set_type(&self, value: u32) {
            __private::View::set(&self.__view, &__FIELD_0_TYPE, value);
        }
        /// Changes `r#type` with `step`, and returns the value as this request sees it. `step` runs again if another request changed the field meanwhile.
        ///
        /// How many.
        #[deprecated]
        fn update_type(
            &self,
            step: impl ::core::ops::Fn(
                &mut u32,
            ) + ::core::marker::Send + ::core::marker::Sync + 'static,
        ) -> u32 {
            __private::View::update(&self.__view, &__FIELD_0_TYPE, step)
        }
        /// Removes `r#type` from the session, so it reads as its default.
        ///
        /// How many.
        #[deprecated]
        fn clear_type(&self) {
            __private::View::clear(&self.__view, &__FIELD_0_TYPE);
        }
        /// Whether the session holds a value of `r#type`.
        ///
        /// How many.
        #[deprecated]
        #[must_use]
        fn has_type(&self) -> ::core::primitive::bool {
            __private::View::has(&self.__view, &__FIELD_0_TYPE)
        }
    }
    #[automatically_derived]
    impl __private::SessionSchema for Shop {
        type Accessors = Basket;
        const NAME: &'static ::core::primitive::str = "Shop";
        const KEYS: &'static [&'static ::core::primitive::str] = &["type"];
        const PRINCIPAL: ::core::option::Option<&'static ::core::primitive::str> = ::core::option::Option::None;
        const FIELDS: &'static [&'static dyn __private::AnyField<Self>] = &[
            &__FIELD_0_TYPE,
        ];
        fn defaults() -> Self {
            Self {
                r#type: __private::Field::default_value(&__FIELD_0_TYPE),
            }
        }
        fn accessors(view: __private::View<Self>) -> Basket {
            Basket { __view: view }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Debug for Basket {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            let mut debug = ::core::fmt::Formatter::debug_struct(f, "Basket");
            ::core::fmt::DebugStruct::finish_non_exhaustive(&mut debug)
        }
    }
};
