//! Every statement that is run on the table.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::schema::Table;

/// The statements, with the table's name in them. Times are milliseconds since the epoch.
pub(super) struct Sql {
    pub(super) load: SqlStr,
    pub(super) create: SqlStr,
    pub(super) update: SqlStr,
    pub(super) rename: SqlStr,
    pub(super) delete: SqlStr,
    pub(super) sweep: SqlStr,
    pub(super) list: SqlStr,
    pub(super) delete_all: SqlStr,
    pub(super) scan: SqlStr,
}

/// The server's clock, which alone judges what is live. It goes on within a statement, so a row that
/// was waited for is judged by the time it was got.
const NOW: &str = "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// What makes a [`Record`](crate::record::Record), in the order in which it is read.
const RECORD: &str =
    "s.fields::text, s.created_at, s.expires_at, s.deadline, s.idle, s.persistent, s.principal";

/// The same without the fields.
const REST: &str = "s.created_at, s.expires_at, s.deadline, s.idle, s.persistent, s.principal";

impl Sql {
    pub(super) fn new(table: &Table) -> Self {
        let table = table.qualified();
        let live = format!("s.fields IS NOT NULL AND s.expires_at > {NOW}");
        Self {
            load: safe(format!(
                "SELECT {RECORD} FROM {table} AS s WHERE s.key = $1 AND s.expires_at > {NOW}"
            )),
            // Overwrites only what has expired.
            create: safe(format!(
                "INSERT INTO {table} AS s (key, fields, created_at, expires_at, deadline, idle,
                    persistent, principal, sweep_minute)
                VALUES ($1, $2::text::jsonb, $3, $4, $5, $6, $7, $8, {minute})
                ON CONFLICT (key) DO UPDATE SET {excluded}, moved_to = NULL
                WHERE s.expires_at <= {NOW}
                RETURNING true",
                minute = session_minute("$4::bigint"),
                excluded = excluded(),
            )),
            update: safe(update(&table, &live, "s.key")),
            rename: safe(rename(&table, &live)),
            // Answers where the session has moved: then that is to be deleted.
            delete: safe(format!(
                "INSERT INTO {table} AS s (key, created_at, expires_at, deadline, idle, persistent,
                    sweep_minute, moved_to)
                {tombstone}
                ON CONFLICT (key) DO UPDATE SET {excluded},
                    moved_to = CASE WHEN s.expires_at > {NOW} THEN s.moved_to END
                RETURNING s.moved_to",
                tombstone = tombstone("$1", "$2", "NULL::bytea", ""),
                excluded = excluded(),
            )),
            // An array, so that the rows are chosen once, however the rest is planned.
            sweep: safe(format!(
                "DELETE FROM {table} WHERE key = ANY (ARRAY(
                    SELECT s.key FROM {table} AS s
                    WHERE s.sweep_minute <= (SELECT {NOW} / 60000)
                    ORDER BY s.sweep_minute LIMIT $1
                    FOR UPDATE SKIP LOCKED))
                RETURNING true"
            )),
            list: safe(format!(
                "SELECT {RECORD}, s.key FROM {table} AS s WHERE s.principal = $1 AND {live}"
            )),
            // Follows a row that is renamed meanwhile to its new key.
            delete_all: safe(format!(
                "UPDATE {table} AS s SET fields = NULL, principal = NULL,
                    (expires_at, deadline, sweep_minute) = (
                        SELECT until, until, {minute} FROM (SELECT {NOW} + $3 AS until) AS grave)
                WHERE s.principal = $1 AND {live} AND s.key IS DISTINCT FROM $2
                RETURNING true",
                minute = tombstone_minute("until"),
            )),
            // Rows that have ended are counted too, so that the work is bounded; their fields are null.
            scan: safe(format!(
                "SELECT CASE WHEN s.expires_at > {NOW} THEN s.fields::text END, {REST}, s.key
                FROM {table} AS s WHERE s.key > $1 ORDER BY s.key LIMIT $2"
            )),
        }
    }
}

fn safe(sql: String) -> SqlStr {
    // Nothing but the checked and quoted name of the table was put in.
    AssertSqlSafe(Arc::<str>::from(sql)).into_sql_str()
}

/// Applies a patch to a live row, or refuses it and leaves the row as it was.
///
/// | parameter | |
/// | --- | --- |
/// | `$1` | the key |
/// | `$2`, `$3` | the texts to set and the fields to remove |
/// | `$4`, `$5` | the texts that must be there and the fields that must not |
/// | `$6` to `$10` | the fields to add to, the deltas, the lower and upper bounds, the starts |
/// | `$11`, `$12` | whether the principal changes, and to which |
/// | `$13` | until when the session lives: at least, or exactly if there is a new lifetime |
/// | `$14` to `$16` | the new lifetime: deadline, idle timeout, persistent or not |
///
/// The row is read nowhere but in the update itself: what it reads is the row that it has locked,
/// with all that was committed while it waited for the lock.
fn update(table: &str, live: &str, key: &str) -> String {
    format!(
        "UPDATE {table} AS s SET (key, fields, principal, expires_at, deadline, idle, persistent,
            sweep_minute, refused) = (
            SELECT CASE WHEN fits THEN {key} ELSE s.key END,
                CASE WHEN fits THEN (s.fields - $3::text[]) || $2::text::jsonb || {SUMS}
                    ELSE s.fields END,
                CASE WHEN fits AND $11 THEN $12 ELSE s.principal END,
                until,
                CASE WHEN fits THEN coalesce($14, s.deadline) ELSE s.deadline END,
                CASE WHEN fits THEN coalesce($15, s.idle) ELSE s.idle END,
                CASE WHEN fits THEN coalesce($16, s.persistent) ELSE s.persistent END,
                {minute},
                NOT fits
            FROM (
                SELECT fits, CASE
                    WHEN NOT fits THEN s.expires_at
                    WHEN $14::bigint IS NOT NULL THEN least($13, $14)
                    WHEN $13::bigint IS NOT NULL
                        THEN least(greatest($13, s.expires_at), s.deadline)
                    ELSE s.expires_at END AS until
                FROM (SELECT {FITS} AS fits OFFSET 0) AS judged
                OFFSET 0) AS timed)
        WHERE s.key = $1 AND {live}
        RETURNING s.refused, CASE WHEN s.refused THEN s.fields::text END AS fields, s.created_at,
            s.expires_at, s.deadline, s.idle, s.persistent, s.principal",
        minute = session_minute("until"),
    )
}

/// Applies a patch and moves the row to the key `$17`; a tombstone takes its place for `$18`, which leads
/// `delete` to `$19`.
///
/// The row itself moves, so a statement that waited for it finds it under its new key.
fn rename(table: &str, live: &str) -> String {
    format!(
        "WITH moved AS ({update}), buried AS (
            INSERT INTO {table} (key, created_at, expires_at, deadline, idle, persistent,
                sweep_minute, moved_to)
            {tombstone})
        SELECT * FROM moved",
        update = update(table, live, "$17"),
        tombstone = tombstone("$1", "$18", "$19::bytea", ", moved WHERE NOT refused"),
    )
}

/// Whether a patch fits the fields: the texts are as expected, and what is to be added to is an
/// integer.
const FITS: &str = "s.fields @> $4::text::jsonb AND NOT s.fields ?| $5::text[] AND NOT EXISTS (
    SELECT FROM unnest($6::text[]) AS a(field) WHERE s.fields ? field AND CASE
        WHEN s.fields ->> field ~ '^(0|-?[1-9][0-9]{0,18})$'
            THEN (s.fields ->> field)::numeric
                NOT BETWEEN -9223372036854775808 AND 9223372036854775807
        ELSE true END)";

/// The fields that are added to. Of type `numeric`, so that nothing overflows before it is clamped.
const SUMS: &str = "coalesce((
    SELECT jsonb_object_agg(field, least(greatest(
        coalesce((s.fields ->> field)::numeric, start) + delta, low), high)::text)
    FROM unnest($6::text[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[])
        AS a(field, delta, low, high, start)), '{}')";

/// Selects a tombstone for the key, as an `INSERT` takes it.
fn tombstone(key: &str, time: &str, to: &str, from: &str) -> String {
    let minute = tombstone_minute("until");
    format!(
        "SELECT {key}::bytea, 0, until, until, 0, false, {minute}, {to}
        FROM (SELECT {NOW} + {time}::bigint AS until) AS grave{from}"
    )
}

/// The minute from which on a session that expires at `time` is swept. It is on the hour: sessions
/// are touched all the time, and a row whose indexed columns stay can be updated in place.
fn session_minute(time: &str) -> String {
    format!("({time} / 3600000 + 1) * 60")
}

/// The minute from which on a tombstone that ends at `time` is swept.
fn tombstone_minute(time: &str) -> String {
    format!("{time} / 60000 + 1")
}

/// Overwrites a row with what was to be inserted.
fn excluded() -> String {
    let columns = [
        "fields",
        "principal",
        "created_at",
        "expires_at",
        "deadline",
        "idle",
        "persistent",
        "sweep_minute",
        "refused",
    ];
    columns.map(|column| format!("{column} = excluded.{column}")).join(", ")
}
