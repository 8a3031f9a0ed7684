struct Visit {
    #[session(flahs)]
    notice: Option<String>,
}
