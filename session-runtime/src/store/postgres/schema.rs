//! The table: its name, how it is created, and whether this store created it.
//!
//! All statements here are raw SQL, because a pooler may not support prepared statements.

use sqlx::{AssertSqlSafe, PgConnection, Row};

use crate::error::ConfigError;

/// The name of the table that keeps the sessions.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// `None` for the first schema in the server's search path.
    pub(super) schema: Option<String>,
    pub(super) name: String,
}

/// Creates the table under its default name.
const SQL: &str = include_str!("schema.sql");

/// The name and the type of every column.
const COLUMNS: [(&str, &str); 11] = [
    ("key", "bytea"),
    ("fields", "jsonb"),
    ("principal", "text"),
    ("created_at", "bigint"),
    ("expires_at", "bigint"),
    ("deadline", "bigint"),
    ("idle", "bigint"),
    ("persistent", "boolean"),
    ("sweep_minute", "bigint"),
    ("refused", "boolean"),
    ("moved_to", "bytea"),
];

/// The advisory lock for creating tables of this store: an arbitrary number.
const LOCK: i64 = 0x7365_7373_696f_6e73;

/// The oldest version of PostgreSQL that supports the statements.
const OLDEST: i32 = 12;

impl Table {
    /// Checks the names.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        // PostgreSQL keeps 63 bytes of a name, and the names of the indexes are longer.
        check_name("table", &self.name, 50)?;
        self.schema.as_ref().map_or(Ok(()), |schema| check_name("schema", schema, 63))
    }

    /// The quoted name for statements.
    pub(super) fn qualified(&self) -> String {
        match &self.schema {
            Some(schema) => format!(r#""{schema}"."{}""#, self.name),
            None => format!(r#""{}""#, self.name),
        }
    }

    /// Creates the table and its indexes if they are missing.
    fn sql(&self, unlogged: bool) -> String {
        let mut sql = SQL
            .replace("sessions_sweep", &format!(r#""{}_sweep""#, self.name))
            .replace("sessions_principal", &format!(r#""{}_principal""#, self.name))
            .replace(" sessions ", &format!(" {} ", self.qualified()));
        if unlogged {
            sql = sql.replace("CREATE TABLE", "CREATE UNLOGGED TABLE");
        }
        sql
    }

    /// Creates the schema and the table if they are missing.
    pub(super) async fn migrate(
        &self,
        connection: &mut PgConnection,
        unlogged: bool,
    ) -> sqlx::Result<()> {
        if let Some(schema) = &self.schema
            && !exists(connection, "to_regnamespace", &format!(r#""{schema}""#)).await?
        {
            // The check comes first because this needs a right on the database even if the schema
            // exists.
            let sql = format!(r#"CREATE SCHEMA IF NOT EXISTS "{schema}""#);
            run_in_turn(connection, &sql).await?;
        }
        if !exists(connection, "to_regclass", &self.qualified()).await? {
            run_in_turn(connection, &self.sql(unlogged)).await?;
        }
        Ok(())
    }

    /// Checks the server and the table.
    pub(super) async fn verify(&self, connection: &mut PgConnection) -> Result<(), Unfit> {
        let server = sqlx::raw_sql(
            "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')",
        );
        let server = server.fetch_one(&mut *connection).await?;
        let (version, encoding): (i32, String) = (server.try_get(0)?, server.try_get(1)?);
        if version / 10_000 < OLDEST {
            return Err(Unfit::Config(ConfigError::new(format_args!(
                "the server is PostgreSQL {}; sessions need PostgreSQL {OLDEST} or later",
                version / 10_000
            ))));
        }
        if encoding != "UTF8" {
            return Err(Unfit::Config(ConfigError::new(format_args!(
                "the database has the encoding `{encoding}`, which cannot hold every text; \
                 sessions need a database with the encoding `UTF8`"
            ))));
        }
        let columns = AssertSqlSafe(format!(
            "SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute
            WHERE attrelid = to_regclass('{}') AND attnum > 0 AND NOT attisdropped",
            self.qualified()
        ));
        let columns = sqlx::raw_sql(columns).fetch_all(connection).await?;
        let columns = columns.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        let columns: Vec<(String, String)> = columns.collect::<sqlx::Result<_>>()?;
        self.check_columns(&columns).map_err(Unfit::Config)
    }

    fn check_columns(&self, columns: &[(String, String)]) -> Result<(), ConfigError> {
        let table = self.qualified();
        if columns.is_empty() {
            return Err(ConfigError::new(format_args!(
                "there is no table `{table}` for the sessions; \
                 make it with `migrate` or with the SQL from the docs of `PostgresStoreBuilder`"
            )));
        }
        let has = |(name, kind): (&str, &str)| {
            columns.iter().any(|column| column.0 == name && column.1 == kind)
        };
        match COLUMNS.into_iter().find(|column| !has(*column)) {
            None => Ok(()),
            Some((name, kind)) => Err(ConfigError::new(format_args!(
                "the table `{table}` was not made by this store: \
                 it has no column `{name}` of type `{kind}`; choose another name with `table`"
            ))),
        }
    }
}

/// Why a server cannot be used.
pub(super) enum Unfit {
    /// It did not answer, or it answered with an error.
    Server(sqlx::Error),
    /// It answered, and the configuration of the server or the store must change.
    Config(ConfigError),
}

impl From<sqlx::Error> for Unfit {
    fn from(error: sqlx::Error) -> Self {
        Self::Server(error)
    }
}

async fn exists(connection: &mut PgConnection, lookup: &str, name: &str) -> sqlx::Result<bool> {
    let sql = AssertSqlSafe(format!("SELECT {lookup}('{name}') IS NOT NULL"));
    sqlx::raw_sql(sql).fetch_one(connection).await?.try_get(0)
}

/// Runs statements in one transaction, one process after the other.
///
/// Without the lock, two processes that create the same table at once can fail in spite of
/// `IF NOT EXISTS`.
async fn run_in_turn(connection: &mut PgConnection, sql: &str) -> sqlx::Result<()> {
    // The process that has the lock may need longer than the limit of an ordinary statement.
    let sql = AssertSqlSafe(format!(
        "SET LOCAL statement_timeout = '1min'; SELECT pg_advisory_xact_lock({LOCK}); {sql}"
    ));
    sqlx::raw_sql(sql).execute(connection).await?;
    Ok(())
}

fn check_name(what: &str, name: &str, longest: usize) -> Result<(), ConfigError> {
    let valid = !name.is_empty()
        && name.len() <= longest
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.as_bytes()[0].is_ascii_digit();
    if valid {
        return Ok(());
    }
    Err(ConfigError::new(format_args!(
        "the {what} name {name:?} is not valid; \
         use up to {longest} ASCII letters, digits and `_`, not beginning with a digit"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sql_has_the_names_in_it() {
        let table = Table { schema: Some("web".into()), name: "Visitors".into() };
        table.check().unwrap();
        let sql = table.sql(true);
        assert!(sql.starts_with(r#"CREATE UNLOGGED TABLE IF NOT EXISTS "web"."Visitors" ("#));
        assert!(sql.contains(r#""Visitors_sweep" ON "web"."Visitors" (sweep_minute)"#));
        assert!(sql.contains(r#""Visitors_principal" ON "web"."Visitors""#));
        assert!(!sql.contains("sessions"), "{sql}");
    }

    #[test]
    fn names_are_checked() {
        for wrong in ["", "1a", "a-b", "a\"b", "a.b", "ü", &"a".repeat(51)] {
            let table = Table { schema: None, name: wrong.to_owned() };
            assert!(table.check().unwrap_err().to_string().contains("table name"), "{wrong}");
        }
        let table = Table { schema: Some("a b".into()), name: "a".into() };
        assert!(table.check().unwrap_err().to_string().contains("schema name"));
    }
}
