struct Visit {
    #[session(counter, ttl = "15m")]
    tries: u8,
}
