//! The `rekindle` binary: everything is in the library, `cli` is the roof.

use std::process::ExitCode;

/// A delivery makes and drops some hundred small values, which this one is quicker at than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    rekindle::cli::main()
}
