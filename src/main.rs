//! The `rekindle` binary: everything is in the library, `cli` is the roof.

fn main() {}
