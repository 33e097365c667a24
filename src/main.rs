//! The `rekindle` binary: everything is in the library, `cli` is the roof.

use std::process::ExitCode;

fn main() -> ExitCode {
    rekindle::cli::main()
}
