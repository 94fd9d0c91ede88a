//! A Python script that measures the others: it is asked a line at a time, so that both
//! sides are measured in turn.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The script at work.
pub struct Peer {
    process: Child,
    ask: ChildStdin,
    answers: std::io::Lines<BufReader<ChildStdout>>,
}

impl Peer {
    /// Starts a script of this folder with the Python that `PYTHON` names, for so many
    /// threads.
    pub fn start(script: &str, threads: usize) -> Result<Self, Box<dyn Error>> {
        let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benches");
        let mut process = Command::new(python)
            .args([format!("{folder}/{script}"), threads.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let ask = process.stdin.take().ok_or("no stdin")?;
        let answers = process.stdout.take().ok_or("no stdout")?;
        Ok(Self {
            process,
            ask,
            answers: BufReader::new(answers).lines(),
        })
    }

    /// Its answer to a question, each of one line.
    pub fn ask(&mut self, question: &str) -> Result<String, Box<dyn Error>> {
        writeln!(self.ask, "{question}")?;
        Ok(self.answers.next().ok_or("the script ended")??)
    }

    /// Lets it end.
    pub fn end(mut self) -> Result<(), Box<dyn Error>> {
        drop(self.ask);
        self.process.wait()?;
        Ok(())
    }
}
