#!/usr/bin/env bash
# What a session schema of 50 fields costs the compiler, beside serde's derives on the same struct.
#
#   benches/compile-time.sh [runs]
#
# Three crates with the same dependencies and the same field types are checked in turn, each after a change
# of its one file: the bare struct, with `Serialize, Deserialize`, and with `SessionSchema`. What counts is
# how much longer than the bare struct each derive takes. A busy machine spoils it: compare medians of one run.
set -euo pipefail

runs=${1:-11}
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fields() {
    local counter=$1 flash=$2 i
    for i in $(seq 1 10); do
        echo "    $counter pub count_$i: u64,"
        echo "    pub name_$i: Option<String>,"
        echo "    pub list_$i: Vec<Item>,"
        echo "    pub flag_$i: bool,"
        echo "    $flash pub notice_$i: Option<String>,"
    done
}

crate() {
    local name=$1 derive=$2 counter=$3 flash=$4
    mkdir -p "$work/$name/src"
    cat >"$work/$name/Cargo.toml" <<TOML
[package]
name = "$name"
edition = "2024"

[dependencies]
serde = { version = "1", features = ["derive"] }
session-runtime = { path = "$root/session-runtime" }
TOML
    {
        echo "#[derive(Clone, serde::Serialize, serde::Deserialize)]"
        echo "pub struct Item { pub name: String }"
        echo
        echo "$derive"
        echo "pub struct Fifty {"
        fields "$counter" "$flash"
        echo "}"
    } >"$work/$name/src/lib.rs"
}

crate bare "" "" ""
crate serde_derives "#[derive(serde::Serialize, serde::Deserialize)]" "" ""
crate session_schema "#[derive(session_runtime::SessionSchema)]" \
    "#[session(counter)]" "#[session(flash)]"
crates=(bare serde_derives session_schema)
printf '[workspace]\nresolver = "3"\nmembers = ["bare", "serde_derives", "session_schema"]\n' \
    >"$work/Cargo.toml"
cp "$root/Cargo.lock" "$work/"
cd "$work"
cargo check --quiet

for _ in $(seq "$runs"); do
    for name in "${crates[@]}"; do
        echo "// changed" >>"$name/src/lib.rs"
        start=$(date +%s%N)
        cargo check --quiet --package "$name"
        echo $((($(date +%s%N) - start) / 1000000)) >>"$name.times"
    done
done

printf '%-16s %s\n' "crate" "milliseconds: median (least to most)"
for name in "${crates[@]}"; do
    sort -n "$name.times" | awk -v name="$name" \
        '{ t[NR] = $1 } END { printf "%-16s %d (%d to %d)\n", name, t[int((NR + 1) / 2)], t[1], t[NR] }'
done
