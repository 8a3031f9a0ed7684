//! Numbers and moments, compared with what `Patch::apply` and the server's clock say.

use std::time::Duration;

use session_runtime::Timestamp;
use session_runtime::patch::{Applied, ExpiryOp, FieldOp, Patch, PrincipalOp};
use session_runtime::record::{Lifetime, Principal, Record};
use session_runtime::store::{Created, Loaded, Store, Updated};

use crate::batch::Crowded;
use crate::site::{HOUR, key, now, record, store};

/// The same sequence in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % sides
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())]
    }
}

const NUMBERS: [i64; 30] = [
    i64::MIN,
    i64::MIN + 1,
    -9_007_199_254_740_993,
    -9_007_199_254_740_992,
    -1_000_000_000_000_000_000,
    -5_000_000_000,
    -1_000_000_001,
    -1_000_000_000,
    -999_999_999,
    -256,
    -10,
    -9,
    -1,
    0,
    1,
    9,
    10,
    99,
    255,
    999_999_999,
    1_000_000_000,
    1_000_000_001,
    i32::MAX as i64,
    5_000_000_000,
    1_000_000_000_000_000_000,
    9_007_199_254_740_991,
    9_007_199_254_740_992,
    9_007_199_254_740_993,
    i64::MAX - 1,
    i64::MAX,
];

#[tokio::test]
async fn sums_are_exact_over_all_of_i64() {
    let Some((store, _)) = store() else { return };
    exact_sums(store, 2_400).await;
}

#[tokio::test]
async fn sums_are_exact_where_many_go_together() {
    let Some((store, _)) = store() else { return };
    exact_sums(Crowded::new(store).await, 800).await;
}

async fn exact_sums(store: impl Store, rounds: usize) {
    let mut dice = Dice(7);
    let mut held: Record = record([("a", "1")]);
    let key = key();
    assert_eq!(store.create(&key, &held).await.unwrap(), Created::Created);
    for round in 0..rounds {
        // Twenty operations on random numbers, sums and bounds. Or only one operation, which takes
        // the fast path of the script, or joins a batch.
        let mut patch = Patch::empty();
        let numbers = [0..20, 0..1, 1..2, 2..3, 3..4, 4..5][round % 6].clone();
        for n in numbers {
            let (low, high) = (dice.pick(&NUMBERS), dice.pick(&NUMBERS));
            let op = FieldOp::Add {
                delta: dice.pick(&NUMBERS),
                min: low.min(high),
                max: low.max(high),
                start: if dice.roll(2) == 0 { 0 } else { dice.pick(&NUMBERS) },
            };
            patch.fields.push((format!("n{n}").into(), op));
        }
        assert_eq!(patch.apply(&mut held), Applied::Applied);
        assert_eq!(store.update(&key, &patch).await.unwrap(), Updated::Applied);
        assert_eq!(store.load(&key).await.unwrap(), Loaded::Live(held.clone()), "{patch:?}");
        let again = (0..20).map(|n| {
            let op = match dice.roll(3) {
                0 => FieldOp::Remove,
                _ => FieldOp::Set(dice.pick(&NUMBERS).to_string().into()),
            };
            (format!("n{n}").into(), op)
        });
        let patch = Patch { fields: again.collect(), ..Patch::empty() };
        let _ = patch.apply(&mut held);
        assert_eq!(store.update(&key, &patch).await.unwrap(), Updated::Applied);
    }
}

#[tokio::test]
async fn random_patches_mean_what_apply_means() {
    let Some((store, _)) = store() else { return };
    random_patches(store, 100).await;
}

#[tokio::test]
async fn random_patches_mean_what_apply_means_where_many_go_together() {
    let Some((store, _)) = store() else { return };
    random_patches(Crowded::new(store).await, 60).await;
}

async fn random_patches(store: impl Store, sessions: usize) {
    let mut dice = Dice(11);
    let texts = ["0", "1", "-1", "\"x\"", "1.0", "-0", "null", "[1, 2]", "9223372036854775808", ""];
    for _ in 0..sessions {
        let mut key = key();
        let mut held = record([("a", "1"), ("b", "\"x\"")]);
        assert_eq!(store.create(&key, &held).await.unwrap(), Created::Created);
        for _ in 0..25 {
            let mut patch = Patch::empty();
            // A patch with only one operation takes the fast path of the script, or joins a batch.
            let alone = dice.roll(2) == 0;
            let fields = ["a", "b", "c", "d"];
            for field in if alone { [dice.pick(&fields)].to_vec() } else { fields.to_vec() } {
                let maybe = |dice: &mut Dice| (dice.roll(3) > 0).then(|| dice.pick(&texts).into());
                let op = match dice.roll(6) {
                    0 => FieldOp::Set(dice.pick(&texts).into()),
                    1 => FieldOp::Remove,
                    2 => FieldOp::Add {
                        delta: dice.pick(&NUMBERS),
                        min: -5,
                        max: 5,
                        start: [0, 3][dice.roll(2)],
                    },
                    3 => FieldOp::Replace {
                        old: held.fields.get_shared(field).cloned(),
                        new: maybe(&mut dice),
                    },
                    4 => FieldOp::Replace { old: maybe(&mut dice), new: maybe(&mut dice) },
                    _ => continue,
                };
                patch.fields.push((field.into(), op));
            }
            patch.principal = match dice.roll(4) {
                _ if alone => PrincipalOp::Keep,
                0 => PrincipalOp::Set(Principal::new("user_id", dice.pick(&["7", "8"]))),
                1 => PrincipalOp::Clear,
                _ => PrincipalOp::Keep,
            };
            let moment =
                Timestamp::from_millis(now().as_millis() + 60_000 * dice.roll(3_000) as u64);
            patch.expiry = match dice.roll(4) {
                _ if alone => ExpiryOp::Keep,
                0 => ExpiryOp::Extend(moment),
                1 => ExpiryOp::SetLifetime {
                    lifetime: Lifetime { idle: HOUR, persistent: dice.roll(2) == 0 },
                    expires_at: moment + Duration::from_secs(5),
                    deadline: moment + HOUR,
                },
                _ => ExpiryOp::Keep,
            };
            let expected = match patch.apply(&mut held) {
                Applied::Applied => Updated::Applied,
                Applied::Conflict => Updated::Conflict(held.clone()),
                Applied::Mismatch(field) => Updated::Mismatch(field),
            };
            let to = crate::site::key();
            if dice.roll(3) == 0 {
                let applied = expected == Updated::Applied;
                assert_eq!(store.rename(&key, &to, &patch).await.unwrap(), expected, "{patch:?}");
                key = if applied { to } else { key };
            } else {
                assert_eq!(store.update(&key, &patch).await.unwrap(), expected, "{patch:?}");
            }
            assert_eq!(store.load(&key).await.unwrap(), Loaded::Live(held.clone()), "{patch:?}");
        }
    }
}

#[tokio::test]
async fn a_session_ends_at_its_millisecond() {
    let Some((store, keys)) = store() else { return };
    let client = redis::Client::open(&*keys.url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut time = async || {
        let (seconds, micros): (u64, u64) =
            redis::cmd("TIME").query_async(&mut connection).await.unwrap();
        seconds * 1_000 + micros / 1_000
    };
    for _ in 0..10 {
        let key = key();
        let end = time().await + 30;
        let record = Record { expires_at: Timestamp::from_millis(end), ..record([]) };
        assert_eq!(store.create(&key, &record).await.unwrap(), Created::Created);
        loop {
            let before = time().await;
            let loaded = store.load(&key).await.unwrap();
            let after = time().await;
            if after < end {
                assert!(matches!(loaded, Loaded::Live(_)), "absent {} ms early", end - after);
            }
            if before >= end {
                assert_eq!(loaded, Loaded::Absent, "live {} ms late", before - end);
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_session_without_end() {
    let Some((store, _)) = store() else { return };
    let (one, two) = (key(), key());
    let end = Timestamp::from_millis(u64::MAX);
    let mut record = record([("n", "1")]);
    record.expires_at = end;
    record.deadline = end;
    record.lifetime.idle = Duration::MAX;
    record.principal = Some(Principal::new("user_id", "\"endless\""));
    assert_eq!(store.create(&one, &record).await.unwrap(), Created::Created);
    let touch = Patch { expiry: ExpiryOp::Extend(end), ..crate::site::add(1) };
    assert_eq!(store.update(&one, &touch).await.unwrap(), Updated::Applied);
    assert_eq!(store.rename(&one, &two, &touch).await.unwrap(), Updated::Applied);
    let Loaded::Live(kept) = store.load(&two).await.unwrap() else { panic!("it has ended") };
    assert_eq!(kept.fields.get("n"), Some("3"));
    assert!(kept.expires_at.as_millis() > 250_000_000_000_000, "beyond the year 9000");
    assert_eq!(store.delete_all(&record.principal.unwrap(), None).await.unwrap(), 1);
}
