struct Visit {
    /// Light or dark.
    pub theme: Option<String>,
}
