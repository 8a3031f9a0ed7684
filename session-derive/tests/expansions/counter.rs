struct Visit {
    #[session(counter)]
    counter: u64,
}
