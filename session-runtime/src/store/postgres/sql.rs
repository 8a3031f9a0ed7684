//! The statements on the table.

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

/// The server's clock, the only one that decides what is live.
///
/// `clock_timestamp()` advances within a statement. So a row that a statement waited for is judged
/// by the time when the statement got it.
const NOW: &str = "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// The columns of a [`Record`](crate::record::Record), in the order in which they are read.
const RECORD: &str =
    "s.fields::text, s.created_at, s.expires_at, s.deadline, s.idle, s.persistent, s.principal";

/// The same columns without the fields.
const REST: &str = "s.created_at, s.expires_at, s.deadline, s.idle, s.persistent, s.principal";

impl Sql {
    pub(super) fn new(table: &Table) -> Self {
        let table = table.qualified();
        let live = format!("s.fields IS NOT NULL AND s.expires_at > {NOW}");
        Self {
            load: safe(format!(
                "SELECT {RECORD} FROM {table} AS s WHERE s.key = $1 AND s.expires_at > {NOW}"
            )),
            // Replaces only an expired row.
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
            // Returns where a rename has moved the session, which the caller deletes next.
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
            // The array makes sure that the rows are chosen once, whatever the query plan.
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
            // A rename keeps the row, so this also finds a session that is renamed meanwhile.
            delete_all: safe(format!(
                "UPDATE {table} AS s SET fields = NULL, principal = NULL,
                    (expires_at, deadline, sweep_minute) = (
                        SELECT until, until, {minute} FROM (SELECT {NOW} + $3 AS until) AS tombstone)
                WHERE s.principal = $1 AND {live} AND s.key IS DISTINCT FROM $2
                RETURNING true",
                minute = tombstone_minute("until"),
            )),
            // The limit also counts expired rows and tombstones, so that the work is bounded. Their
            // fields are null.
            scan: safe(format!(
                "SELECT CASE WHEN s.expires_at > {NOW} THEN s.fields::text END, {REST}, s.key
                FROM {table} AS s WHERE s.key > $1 ORDER BY s.key LIMIT $2"
            )),
        }
    }
}

fn safe(sql: String) -> SqlStr {
    // The text only contains the name of the table, which is checked and quoted.
    AssertSqlSafe(Arc::<str>::from(sql)).into_sql_str()
}

/// Applies a patch to a live row, or refuses the patch and leaves the row unchanged.
///
/// | parameter | |
/// | --- | --- |
/// | `$1` | the key |
/// | `$2`, `$3` | the texts to set, and the fields to remove |
/// | `$4`, `$5` | the texts that must be stored, and the fields that must be absent |
/// | `$6` to `$10` | the fields to add to, the deltas, the lower and upper bounds, the starts |
/// | `$11`, `$12` | whether the principal changes, and the new one |
/// | `$13` | the new expiry: the earliest, or the exact one if there is a new lifetime |
/// | `$14` to `$16` | the new lifetime: deadline, idle timeout, persistent or not |
///
/// Only the update itself reads the row. So it reads the row that it has locked, with all that was
/// committed while it waited for the lock.
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

/// Applies a patch and moves the row to the key `$17`.
///
/// A tombstone takes its place for `$18` milliseconds; `delete` follows it to `$19`. The row itself
/// moves, so a statement that waited for the row finds it under the new key.
fn rename(table: &str, live: &str) -> String {
    format!(
        "WITH moved AS ({update}), tombstone AS (
            INSERT INTO {table} (key, created_at, expires_at, deadline, idle, persistent,
                sweep_minute, moved_to)
            {tombstone})
        SELECT * FROM moved",
        update = update(table, live, "$17"),
        tombstone = tombstone("$1", "$18", "$19::bytea", ", moved WHERE NOT refused"),
    )
}

/// Whether a patch fits the fields: the texts are as expected, and every field to add to holds an
/// integer.
const FITS: &str = "s.fields @> $4::text::jsonb AND NOT s.fields ?| $5::text[] AND NOT EXISTS (
    SELECT FROM unnest($6::text[]) AS a(field) WHERE s.fields ? field AND CASE
        WHEN s.fields ->> field ~ '^(0|-?[1-9][0-9]{0,18})$'
            THEN (s.fields ->> field)::numeric
                NOT BETWEEN -9223372036854775808 AND 9223372036854775807
        ELSE true END)";

/// The sums of the fields to add to: `numeric`, so that nothing overflows before it is clamped.
const SUMS: &str = "coalesce((
    SELECT jsonb_object_agg(field, least(greatest(
        coalesce((s.fields ->> field)::numeric, start) + delta, low), high)::text)
    FROM unnest($6::text[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[])
        AS a(field, delta, low, high, start)), '{}')";

/// Selects the row of a tombstone for an `INSERT`.
fn tombstone(key: &str, time: &str, to: &str, from: &str) -> String {
    let minute = tombstone_minute("until");
    format!(
        "SELECT {key}::bytea, 0, until, until, 0, false, {minute}, {to}
        FROM (SELECT {NOW} + {time}::bigint AS until) AS tombstone{from}"
    )
}

/// The minute from which on a sweep removes a session that expires at `time`.
///
/// It is a full hour, so a touch rarely changes it. PostgreSQL can update a row in place if no
/// indexed column changes.
fn session_minute(time: &str) -> String {
    format!("({time} / 3600000 + 1) * 60")
}

/// The minute from which on a sweep removes a tombstone that expires at `time`.
fn tombstone_minute(time: &str) -> String {
    format!("{time} / 60000 + 1")
}

/// Replaces the columns of an existing row by those of the `INSERT`.
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
