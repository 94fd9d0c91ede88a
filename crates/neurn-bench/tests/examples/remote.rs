//! Runs spread over Burn servers on the loopback.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::domain_transfer::{records, results};
use crate::{example, refused};

/// A Burn server that ends with the test.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start() -> Self {
        // Free a moment ago; nothing else here asks for ports.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let process = example("burn_server")
            .args(["--port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { process, port };
        let up = (0..300).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        assert!(up, "the server does not start");
        server
    }

    fn address(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// Four runs.
fn start(devices: &str, out: &Path) -> Child {
    example("domain_transfer")
        .args(["--source", "mnist", "--target", "usps", "--epochs", "1"])
        .args(["--train-limit", "320", "--seeds", "2", "--device", devices])
        .arg("--out")
        .arg(out)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_server_that_dies_gives_its_run_back() {
    let (alone, spread) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut first, second) = (Server::start(), Server::start());
    let output = start(&first.address(), alone.path());
    assert!(output.wait_with_output().unwrap().status.success());
    assert_eq!(results(alone.path()).len(), 4);

    let devices = format!("{},{}", first.address(), second.address());
    let child = start(&devices, spread.path());
    // Until the first run is done, so that others are under way on both.
    let file = spread.path().join("results.jsonl");
    let written = (0..1200).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        file.metadata().is_ok_and(|file| file.len() > 0)
    });
    assert!(written, "no record within two minutes");
    first.process.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    assert!(error.contains("goes back to the queue"), "{error}");
    assert_eq!(results(spread.path()), results(alone.path()));
}

#[test]
fn with_no_server_left_what_is_done_is_kept() {
    let out = tempfile::tempdir().unwrap();
    let mut server = Server::start();
    let child = start(&server.address(), out.path());
    let file = out.path().join("results.jsonl");
    while file.metadata().map_or(0, |file| file.len()) == 0 {
        std::thread::sleep(Duration::from_millis(100));
    }
    server.process.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("runs are left and no device"), "{error}");
    let kept = records(out.path()).len();
    assert!((1..4).contains(&kept), "{kept} records");
    assert!(out.path().join("table.md").exists());
}

#[test]
fn a_server_that_is_not_there() {
    let out = tempfile::tempdir().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let address = format!("ws://127.0.0.1:{port}");
    let output = start(&address, out.path()).wait_with_output().unwrap();
    refused(&output, 1, &[&address, "does not start"]);
}
