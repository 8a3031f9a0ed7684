//! What visitors meet when PostgreSQL is not there, goes away, comes back or is slow.
