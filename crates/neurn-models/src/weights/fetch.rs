//! Published weights from the network, into a folder where they stay.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use super::{FetchError, Weights};

/// The variable of the environment that may name the folder of weights.
const FOLDER: &str = "NEURN_WEIGHTS";

/// The most bytes of a file whose size is not published.
const MOST_BYTES: u64 = 1 << 30;

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder of published weights. What is not there yet is fetched.
///
/// ```no_run
/// use neurn_models::{ResNet50Weights, WeightsFolder};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let weights = ResNet50Weights::ImageNet1kV2.weights();
/// let path = WeightsFolder::of_user()?.file(weights, &mut |done, all| {
///     eprintln!("{done} of {all:?} bytes");
/// })?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightsFolder {
    folder: PathBuf,
}

impl WeightsFolder {
    /// The folder that the variable `NEURN_WEIGHTS` names, or `neurn/weights` in the
    /// user's folder for what can be had again.
    ///
    /// # Errors
    ///
    /// If the system knows no such folder.
    pub fn of_user() -> Result<Self, FetchError> {
        let named = std::env::var_os(FOLDER).filter(|folder| !folder.is_empty());
        let users = || dirs::cache_dir().map(|folder| folder.join("neurn/weights"));
        let folder = named.map(PathBuf::from).or_else(users);
        folder.map(Self::at).ok_or(FetchError::NoFolder)
    }

    /// The folder at `folder`, which is made when something is fetched into it.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The file of the weights, whose checksum is right. If it is not there, it is
    /// fetched; `progress` is told how many bytes are there and how many there will
    /// be, if that is known.
    ///
    /// A fetch that was cut off goes on where it ended, from a file whose name ends
    /// in `.part`. The file has its name only when it is whole and right.
    ///
    /// # Errors
    ///
    /// If there is no network or the server does not give the file, which says what
    /// to put where; if what stands there or was sent is not the published file; if
    /// the file is a link, or the folder cannot be written.
    pub fn file(
        &self,
        weights: &Weights,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<PathBuf, FetchError> {
        let path = self.folder.join(weights.file());
        if is_there(&path)? {
            return verified(&path, weights).map(|()| path);
        }
        let part = self.folder.join(format!("{}.part", weights.file()));
        is_there(&part)?;
        let (Some(address), Some(_)) = (weights.address(), weights.sha256()) else {
            return Err(FetchError::NotPublished { path });
        };
        let io = |source| FetchError::io(&self.folder, source);
        fs::create_dir_all(&self.folder).map_err(io)?;
        Download {
            weights,
            address: &address,
            path: &path,
            part: &part,
        }
        .run(progress)?;
        if let Err(error) = verified(&part, weights) {
            // Nothing to go on with.
            fs::remove_file(&part).map_err(|source| FetchError::io(&part, source))?;
            return Err(error);
        }
        fs::rename(&part, &path).map_err(|source| FetchError::io(&path, source))?;
        Ok(path)
    }
}

/// Whether there is a file at `path`, and no link to something elsewhere.
fn is_there(path: &Path) -> Result<bool, FetchError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(true),
        Ok(_) => Err(FetchError::NoFile {
            path: path.to_owned(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(FetchError::io(path, error)),
    }
}

/// Whether a file has the published checksum, as far as that is published.
fn verified(path: &Path, weights: &Weights) -> Result<(), FetchError> {
    let io = |source| FetchError::io(path, source);
    let mut file = File::open(path).map_err(io)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        match file.read(&mut chunk).map_err(io)? {
            0 => break,
            read => hash.update(&chunk[..read]),
        }
    }
    let found: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    match weights.sha256() {
        Some(expected) if !found.starts_with(expected) => Err(FetchError::Checksum {
            path: path.to_owned(),
            expected: expected.to_string(),
            found,
        }),
        _ => Ok(()),
    }
}

struct Download<'a> {
    weights: &'a Weights,
    address: &'a str,
    /// Where the file will be.
    path: &'a Path,
    /// Where it is until it is whole.
    part: &'a Path,
}

impl Download<'_> {
    fn run(&self, progress: &mut dyn FnMut(u64, Option<u64>)) -> Result<(), FetchError> {
        let done = fs::metadata(self.part).map_or(0, |part| part.len());
        let (response, done) = self.ask(done)?;
        let left = response.body().content_length();
        let all = left.map(|left| left.saturating_add(done));
        let most = self.most();
        if all.is_some_and(|all| all > most) {
            return Err(self.too_long(most));
        }
        let io = |source| FetchError::io(self.part, source);
        let mut part = OpenOptions::new()
            .create(true)
            .append(done > 0)
            .write(true)
            .truncate(done == 0)
            .open(self.part)
            .map_err(io)?;
        let mut body = response.into_body().into_reader();
        let mut there = done;
        let mut chunk = vec![0; 1 << 16];
        progress(there, all);
        loop {
            let read = match body.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => read,
                // What has come is kept for the next time.
                Err(source) => return Err(self.interrupted(there, all, Some(source))),
            };
            there += read as u64;
            if there > most {
                return Err(self.too_long(most));
            }
            part.write_all(&chunk[..read]).map_err(io)?;
            progress(there, all);
        }
        part.sync_all().map_err(io)?;
        match all {
            Some(all) if there < all => Err(self.interrupted(there, Some(all), None)),
            _ => Ok(()),
        }
    }

    /// The server's answer, and how many bytes come before it.
    fn ask(&self, done: u64) -> Result<(Response<Body>, u64), FetchError> {
        let agent: Agent = Agent::config_builder()
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .http_status_as_error(false)
            .build()
            .into();
        let get = |range: Option<u64>| {
            let request = agent.get(self.address);
            let request = match range {
                Some(start) => request.header("Range", format!("bytes={start}-")),
                None => request,
            };
            request.call().map_err(|source| FetchError::Offline {
                address: self.address.to_string(),
                path: self.path.to_owned(),
                source: Box::new(source),
            })
        };
        let mut response = get((done > 0).then_some(done))?;
        if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            response = get(None)?;
        }
        match response.status() {
            // Some servers send all of it whatever is asked for.
            StatusCode::OK => Ok((response, 0)),
            StatusCode::PARTIAL_CONTENT if starts_at(&response, done) => Ok((response, done)),
            status => Err(FetchError::Status {
                address: self.address.to_string(),
                path: self.path.to_owned(),
                status: status.as_u16(),
            }),
        }
    }

    /// The most bytes that the file may have. Published sizes are rounded to a
    /// thousandth of a MiB.
    fn most(&self) -> u64 {
        let bytes = |mebibytes: f64| ((mebibytes + 0.001) * f64::from(1 << 20)).ceil() as u64;
        self.weights.mebibytes().map_or(MOST_BYTES, bytes)
    }

    fn too_long(&self, most: u64) -> FetchError {
        // Nothing to go on with; if it cannot be removed, the next fetch says so.
        _ = fs::remove_file(self.part);
        FetchError::TooLong {
            address: self.address.to_string(),
            most,
        }
    }

    fn interrupted(&self, done: u64, all: Option<u64>, source: Option<io::Error>) -> FetchError {
        FetchError::Interrupted {
            address: self.address.to_string(),
            path: self.path.to_owned(),
            done,
            all,
            source,
        }
    }
}

/// Whether a part of a file begins at this byte.
fn starts_at(response: &Response<Body>, start: u64) -> bool {
    let range = response.headers().get("content-range");
    let range = range.and_then(|range| range.to_str().ok());
    let first = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next());
    first.and_then(|first| first.parse().ok()) == Some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::net::TcpListener;
    use std::sync::mpsc::{Receiver, channel};
    use std::thread;

    use super::super::{IMAGENET, Labels};

    /// What a server does with one request.
    #[derive(Clone, Copy)]
    enum Answer {
        /// The whole file, or what is asked for of it.
        File,
        /// The whole file, whatever is asked for.
        Whole,
        /// It says how long the file is, and closes after so many bytes.
        Closes(usize),
        /// The same without saying how long it is.
        ClosesWithoutLength(usize),
        /// Another file.
        Other,
        /// A file that does not end.
        Endless,
        /// This status.
        Status(u16),
    }

    fn contents() -> Vec<u8> {
        (0..300_000_u32)
            .map(|x| (x.wrapping_mul(x) >> 7) as u8)
            .collect()
    }

    /// A server on the loopback, and the requests that it got.
    fn server(answers: &[Answer]) -> (&'static str, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (sender, requests) = channel();
        let answers = answers.to_vec();
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") {
                    stream.read_exact(&mut byte).unwrap();
                    request.push(byte[0]);
                }
                let request = String::from_utf8(request).unwrap();
                // A client that has seen enough closes.
                _ = respond(&mut stream, answer, &request);
                _ = sender.send(request);
            }
        });
        (Box::leak(address.into_boxed_str()), requests)
    }

    fn range(request: &str) -> Option<usize> {
        let line = request
            .lines()
            .find(|line| line.to_lowercase().starts_with("range:"))?;
        line.split_once("bytes=")?
            .1
            .trim_end_matches('-')
            .parse()
            .ok()
    }

    fn respond(stream: &mut impl Write, answer: Answer, request: &str) -> io::Result<()> {
        let contents = contents();
        let all = contents.len();
        let mut head = |line: &str, length: Option<usize>| {
            write!(stream, "HTTP/1.1 {line}\r\nConnection: close\r\n")?;
            if let Some(length) = length {
                write!(stream, "Content-Length: {length}\r\n")?;
            }
            write!(stream, "\r\n")
        };
        match (answer, range(request)) {
            (Answer::File, Some(start)) => {
                let line = format!(
                    "206 Partial Content\r\nContent-Range: bytes {start}-{}/{all}",
                    all - 1
                );
                head(&line, Some(all - start))?;
                stream.write_all(&contents[start..])
            }
            (Answer::File | Answer::Whole, _) => {
                head("200 OK", Some(all))?;
                stream.write_all(&contents)
            }
            (Answer::Closes(bytes), _) => {
                head("200 OK", Some(all))?;
                stream.write_all(&contents[..bytes])
            }
            (Answer::ClosesWithoutLength(bytes), _) => {
                head("200 OK", None)?;
                stream.write_all(&contents[..bytes])
            }
            (Answer::Other, _) => {
                head("200 OK", Some(4))?;
                stream.write_all(b"none")
            }
            (Answer::Endless, _) => {
                head("200 OK", None)?;
                (0..10_000).try_for_each(|_| stream.write_all(&[0; 1 << 10]))
            }
            (Answer::Status(status), _) => head(&format!("{status} No"), Some(0)),
        }
    }

    fn weights(server: &'static str) -> Weights {
        let hash: String = Sha256::digest(contents())
            .iter()
            .map(|x| format!("{x:02x}"))
            .collect();
        Weights {
            model: "resnet18",
            name: "Test",
            server: Some(server),
            file: "test.pth",
            sha256: Some(Box::leak(hash.into_boxed_str())),
            mebibytes: Some(300_000.0 / f64::from(1 << 20)),
            top1: None,
            labels: Labels::ImageNet,
            preprocessing: IMAGENET,
        }
    }

    fn fetch(folder: &Path, server: &'static str) -> Result<PathBuf, FetchError> {
        WeightsFolder::at(folder).file(&weights(server), &mut |_, _| {})
    }

    #[test]
    fn a_file_is_fetched_once() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("made/for/it");
        let (server, requests) = server(&[Answer::File]);
        let mut told = Vec::new();
        let path = WeightsFolder::at(&folder)
            .file(&weights(server), &mut |done, all| told.push((done, all)))
            .unwrap();
        assert_eq!(path, folder.join("test.pth"));
        assert_eq!(fs::read(&path).unwrap(), contents());
        assert!(
            requests
                .recv()
                .unwrap()
                .starts_with("GET /test.pth HTTP/1.1\r\n")
        );
        assert_eq!(
            (told[0], told[told.len() - 1]),
            ((0, Some(300_000)), (300_000, Some(300_000)))
        );
        // The server is gone, and nobody asks it.
        assert_eq!(fetch(&folder, server).unwrap(), path);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn what_was_cut_off_is_gone_on_with() {
        for last in [Answer::File, Answer::Whole] {
            let folder = tempfile::tempdir().unwrap();
            let (server, requests) = server(&[Answer::Closes(100_000), last]);
            let error = fetch(folder.path(), server).unwrap_err();
            let FetchError::Interrupted { done, all, .. } = error else {
                panic!("{error}");
            };
            assert_eq!((done, all), (100_000, Some(300_000)));
            assert!(!folder.path().join("test.pth").exists());
            let path = fetch(folder.path(), server).unwrap();
            assert_eq!(fs::read(path).unwrap(), contents());
            assert_eq!(range(&requests.recv().unwrap()), None);
            assert_eq!(range(&requests.recv().unwrap()), Some(100_000));
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_part_that_is_too_long_already_is_begun_again() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("test.pth.part"), contents()).unwrap();
        let (server, requests) = server(&[Answer::Status(416), Answer::File]);
        let path = fetch(folder.path(), server).unwrap();
        assert_eq!(fs::read(path).unwrap(), contents());
        assert_eq!(range(&requests.recv().unwrap()), Some(300_000));
        assert_eq!(range(&requests.recv().unwrap()), None);
    }

    #[test]
    fn what_is_not_the_published_file_is_not_kept() {
        let half = Answer::ClosesWithoutLength(150_000);
        for answer in [Answer::Other, half] {
            let folder = tempfile::tempdir().unwrap();
            let (server, _requests) = server(&[answer]);
            let error = fetch(folder.path(), server).unwrap_err();
            assert!(matches!(error, FetchError::Checksum { .. }), "{error}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }

    /// A part of something else shows only at the end.
    #[test]
    fn a_part_of_another_file_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("test.pth.part"), [7; 1000]).unwrap();
        let (server, _requests) = server(&[Answer::File, Answer::File]);
        let error = fetch(folder.path(), server).unwrap_err();
        assert!(matches!(error, FetchError::Checksum { .. }), "{error}");
        fetch(folder.path(), server).unwrap();
    }

    #[test]
    fn a_file_without_an_end_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let (server, _requests) = server(&[Answer::Endless]);
        let error = fetch(folder.path(), server).unwrap_err();
        assert!(matches!(error, FetchError::TooLong { .. }), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn without_a_server_the_message_says_what_to_put_where() {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let (closed, _requests) = server(&[Answer::Status(404), Answer::Status(500)]);
        let gone: &'static str = Box::leak(address.into_boxed_str());
        for server in [gone, closed, closed] {
            let error = fetch(folder.path(), server).unwrap_err();
            assert!(
                matches!(
                    error,
                    FetchError::Offline { .. } | FetchError::Status { .. }
                ),
                "{error}"
            );
            let text = error.to_string();
            for part in [
                format!("{server}/test.pth"),
                folder.path().display().to_string(),
            ] {
                assert!(text.contains(&part), "{text}");
            }
            assert!(text.contains("NEURN_WEIGHTS"), "{text}");
        }
    }

    #[test]
    fn weights_that_are_nowhere_are_asked_of_the_user() {
        let folder = tempfile::tempdir().unwrap();
        let mut weights = weights("http://127.0.0.1:1");
        weights.sha256 = None;
        let error = WeightsFolder::at(folder.path()).file(&weights, &mut |_, _| {});
        let text = error.unwrap_err().to_string();
        assert!(text.contains("test.pth"), "{text}");
    }

    #[test]
    fn another_file_in_its_place_is_an_error_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.pth");
        fs::write(&path, b"the user's own").unwrap();
        let error = fetch(folder.path(), "http://127.0.0.1:1").unwrap_err();
        assert!(matches!(error, FetchError::Checksum { .. }), "{error}");
        assert_eq!(fs::read(path).unwrap(), b"the user's own");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        for name in ["test.pth", "test.pth.part"] {
            let folder = tempfile::tempdir().unwrap();
            let elsewhere = tempfile::tempdir().unwrap();
            let target = elsewhere.path().join("target");
            fs::write(&target, b"kept").unwrap();
            std::os::unix::fs::symlink(&target, folder.path().join(name)).unwrap();
            let (server, _requests) = server(&[Answer::File]);
            let error = fetch(folder.path(), server).unwrap_err();
            assert!(matches!(error, FetchError::NoFile { .. }), "{error}");
            assert_eq!(fs::read(target).unwrap(), b"kept");
        }
    }
}
