//! Offers this machine's devices to `domain_transfer` on another, through Burn's
//! own remote backend.
//!
//! ```text
//! cargo run --release --features remote --example burn_server -- --port 3000
//! cargo run --release --features remote --example domain_transfer -- --device ws://host:3000
//! ```
//!
//! The connection is neither encrypted nor closed to strangers: for a trusted
//! network only. docs/scaling.md says more.

use std::process::ExitCode;

use burn::server::{RemoteServer, WebSocketTransport};
use clap::Parser;
use neurn_bench::device::DeviceName;

/// Offer devices to programs on other machines, on a trusted network.
#[derive(Debug, Parser)]
#[command(name = "burn_server", version)]
struct Arguments {
    /// The port to listen on.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// The devices to offer: flex, cuda:0,cuda:1, ...
    #[arg(long, value_delimiter = ',', default_value = "flex")]
    device: Vec<DeviceName>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut devices = Vec::new();
    for name in &arguments.device {
        match name.open() {
            Ok(device) => devices.push(device),
            Err(error) => {
                eprintln!("error: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    eprintln!(
        "serving {} devices on port {}",
        devices.len(),
        arguments.port
    );
    let served = RemoteServer::new(devices).serve(WebSocketTransport::new(arguments.port));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: port {}: {error}", arguments.port);
            ExitCode::FAILURE
        }
    }
}
