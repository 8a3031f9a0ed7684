struct Visit {
    #[session(flash)]
    notice: Option<String>,
}
