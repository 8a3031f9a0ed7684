//! What accessors do to values within a request and after it.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::StatusCode;
use session_runtime::{CookieCommand, SessionSchema};

use crate::site::{Site, Visit, keep};

#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
struct Item {
    name: String,
    price: f64,
}

#[derive(SessionSchema)]
#[session(rename_all = "camelCase")]
struct Shop {
    #[session(counter, default = -5)]
    level: i8,
    #[session(default = "light".to_owned(), into)]
    theme: String,
    #[session(default = Some(3))]
    choice: Option<u8>,
    cart_items: Vec<Item>,
    #[session(key = "loc", name = "language")]
    locale: Option<String>,
    #[session(flash, name = "id")]
    hint: Option<String>,
    #[session(counter, ttl = "10m")]
    tries: u8,
    #[session(counter, default = u64::MAX)]
    big: u64,
}

async fn visit<T>(
    site: &Site,
    cookie: &mut Option<String>,
    handler: impl FnOnce(&session_runtime::Session<Shop>) -> T,
) -> T {
    let handle = site.begin(cookie);
    let answer = handler(&handle.session::<Shop>().await.unwrap());
    let finished = handle.finish(StatusCode::OK).await;
    assert!(finished.error.is_none(), "{finished:?}");
    keep(cookie, &finished);
    answer
}

#[tokio::test]
async fn defaults_are_read_and_not_stored() {
    let (site, mut cookie) = (Site::new(), None);
    visit(&site, &mut cookie, |session| {
        assert_eq!(
            (session.level(), session.theme(), session.choice()),
            (-5, "light".into(), Some(3))
        );
        assert!(!session.has_level() && !session.has_theme() && !session.has_choice());
    })
    .await;
    assert_eq!(cookie, None);
    // `None` is a value of its own where the default is another one.
    visit(&site, &mut cookie, |session| session.set_choice(None)).await;
    visit(&site, &mut cookie, |session| {
        assert_eq!((session.choice(), session.has_choice()), (None, true));
        session.clear_choice();
        assert_eq!((session.choice(), session.has_choice()), (Some(3), false));
    })
    .await;
    visit(&site, &mut cookie, |session| assert_eq!(session.choice(), Some(3))).await;
}

#[tokio::test]
async fn counters_start_at_their_default_and_saturate_once() {
    let (site, mut cookie) = (Site::new(), None);
    visit(&site, &mut cookie, |session| {
        assert_eq!(session.add_level(1), -4);
        assert_eq!(session.add_level(i8::MAX), 123);
    })
    .await;
    visit(&site, &mut cookie, |session| {
        assert_eq!(session.add_level(100), 127);
        assert_eq!(session.sub_level(100), 123, "the sum is saturated, not each step");
        assert_eq!(session.sub_level(i8::MIN), 127);
    })
    .await;
    visit(&site, &mut cookie, |session| {
        assert_eq!(session.level(), 127);
        session.set_level(0);
        assert_eq!(session.add_level(1), 1);
        assert_eq!(session.update_level(|level| *level *= 2), 2);
        assert_eq!(session.sub_level(5), -3);
    })
    .await;
    assert_eq!(visit(&site, &mut cookie, |session| session.level()).await, -3);
}

#[tokio::test]
async fn later_changes_fold_into_earlier_ones() {
    let (site, mut cookie) = (Site::new(), None);
    let item = |name: &str| Item { name: name.into(), price: 0.1 };
    visit(&site, &mut cookie, |session| {
        session.set_cart_items(vec![item("a")]);
        let cart = session.update_cart_items(move |cart| cart.push(item("b")));
        assert_eq!(cart, [item("a"), item("b")]);
        session.set_theme("dark");
        session.set_language(Some("de".into()));
        session.flash_id("hint".into());
    })
    .await;
    visit(&site, &mut cookie, |session| {
        assert_eq!(session.cart_items(), [item("a"), item("b")]);
        assert_eq!((session.theme(), session.language()), ("dark".into(), Some("de".into())));
        assert_eq!(session.take_id().as_deref(), Some("hint"));
        session.update_cart_items(|cart| cart.clear());
        session.clear_cart_items();
        assert!(!session.has_cart_items());
    })
    .await;
    visit(&site, &mut cookie, |session| {
        assert_eq!((session.cart_items(), session.take_id()), (vec![], None));
    })
    .await;
}

#[tokio::test]
async fn a_closure_may_change_other_fields() {
    let session = Site::new().begin(&None).session::<Shop>().await.unwrap();
    let inner = session.clone();
    let cart = session.update_cart_items(move |cart| {
        inner.add_level(1);
        cart.push(Item::default());
    });
    assert_eq!((cart.len(), session.level()), (1, -4));
}

#[tokio::test]
#[should_panic = "updates the session field `theme` changes it through the session"]
async fn a_closure_that_changes_its_own_field_is_a_mistake() {
    let session = Site::new().begin(&None).session::<Shop>().await.unwrap();
    let inner = session.clone();
    session.update_theme(move |_| inner.set_theme("dark"));
}

#[tokio::test]
async fn closures_of_other_tasks_run_again() {
    let session = Site::new().begin(&None).session::<Shop>().await.unwrap();
    let (inner, runs) = (session.clone(), AtomicUsize::new(0));
    let level = session.update_level(move |level| {
        if runs.fetch_add(1, Ordering::Relaxed) == 0 {
            let other = inner.clone();
            std::thread::spawn(move || other.add_level(10)).join().unwrap();
        }
        *level += 1;
    });
    assert_eq!((level, session.level()), (6, 6));
}

#[tokio::test]
async fn a_value_that_needs_no_key_is_not_said_to_have_one() {
    let (site, mut cookie) = (Site::new(), None);
    visit(&site, &mut cookie, |session| session.set_choice(None)).await;
    let session = site.begin(&cookie).session::<Shop>().await.unwrap();
    session.add_level(0);
    session.add_tries(2);
    session.sub_tries(2);
    session.update_theme(|theme| *theme = "light".into());
    session.update_choice(|choice| *choice = Some(3));
    for _ in 0..2 {
        assert_eq!(
            (session.has_level(), session.has_tries(), session.has_theme()),
            (false, false, false)
        );
        assert_eq!(session.tries_expires_at(), None);
        assert!(session.has_choice(), "it replaces a stored value");
        session.commit().await.unwrap();
    }
    session.sub_tries(1);
    assert_eq!((session.has_tries(), session.tries_expires_at()), (false, None));
    session.add_level(1);
    session.update_level(|level| *level -= 1);
    assert!(!session.has_level());
    session.add_level(-1);
    session.commit().await.unwrap();
    assert_eq!((session.has_level(), session.has_tries()), (true, false));
}

#[tokio::test]
async fn a_default_beyond_the_bounds_of_a_counter_is_cut() {
    let session = Site::new().begin(&None).session::<Shop>().await.unwrap();
    let most = u64::try_from(i64::MAX).unwrap();
    assert_eq!((session.big(), session.add_big(0), session.sub_big(1)), (most, most, most - 1));
    session.clear_big();
    assert_eq!(session.big(), most);
}

#[tokio::test]
async fn keys_are_renamed() {
    assert_eq!(
        Shop::KEYS,
        ["level", "theme", "choice", "cartItems", "loc", "hint", "tries", "big"]
    );
}

#[derive(SessionSchema)]
struct Ratings {
    average: f64,
    marks: Vec<Option<f64>>,
    best: Option<f64>,
    #[session(default = f64::NAN)]
    last: f64,
    comment: String,
}

#[tokio::test]
async fn a_value_that_would_not_read_back_is_not_stored() {
    let (site, mut cookie) = (Site::new(), None);
    let handle = site.begin(&cookie);
    handle.session::<Ratings>().await.unwrap().set_average(4.5);
    keep(&mut cookie, &handle.finish(StatusCode::OK).await);
    for wrong in [f64::NAN, f64::INFINITY] {
        let session = site.begin(&cookie).session::<Ratings>().await.unwrap();
        session.set_average(wrong);
        let error = session.commit().await.unwrap_err();
        assert!(error.to_string().contains("`average` of type `f64`"), "{error}");
        let why = std::error::Error::source(&error).unwrap().source().unwrap().to_string();
        assert!(why.contains("NaN"), "{why}");
    }
    // A `null` that reads back is a value like any other.
    let session = site.begin(&cookie).session::<Ratings>().await.unwrap();
    assert_eq!(session.average(), 4.5);
    session.set_marks(vec![None, Some(1.0)]);
    session.set_best(Some(f64::NAN));
    session.set_last(f64::NAN);
    session.set_comment("null".into());
    session.commit().await.unwrap();
    let session = site.begin(&cookie).session::<Ratings>().await.unwrap();
    assert_eq!((session.marks(), session.best()), (vec![None, Some(1.0)], None));
    assert_eq!((session.last().is_nan(), session.comment()), (true, "null".into()));
}

#[tokio::test]
async fn a_value_that_cannot_be_written_is_an_error() {
    #[derive(Clone, Default, serde::Deserialize)]
    struct Unwritable;

    impl serde::Serialize for Unwritable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("not today"))
        }
    }

    #[derive(SessionSchema)]
    struct Odd {
        thing: Unwritable,
    }

    let site = Site::new();
    let handle = site.begin(&None);
    handle.session::<Odd>().await.unwrap().set_thing(Unwritable);
    let error = handle.finish(StatusCode::OK).await.error.unwrap();
    assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(error.to_string().contains("`thing`"), "{error}");

    // A commit saves all or nothing, and what an early one reported is dropped.
    let handle = site.begin(&None);
    let visit = handle.session::<Visit>().await.unwrap();
    visit.add_counter(1);
    handle.session::<Odd>().await.unwrap().set_thing(Unwritable);
    assert!(handle.commit().await.is_err());
    assert_eq!(visit.counter(), 0);
    let finished = handle.finish(StatusCode::OK).await;
    assert!(finished.error.is_none() && finished.cookie == CookieCommand::Nothing);
}
