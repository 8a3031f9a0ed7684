struct Visit {
    #[session(principal)]
    user_id: Option<u64>,
}
