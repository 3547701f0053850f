//! The least of a mail server and of Redis that a test needs, on sockets.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Takes mails.
pub(crate) struct MailSink {
    port: u16,
    mails: Receiver<String>,
}

impl MailSink {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (taken, mails) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let taken = taken.clone();
                thread::spawn(move || taken.send(take(stream)));
            }
        });
        Self { port, mails }
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The next mail, with what was said before it.
    pub(crate) fn mail(&self) -> String {
        self.mails.recv_timeout(Duration::from_secs(20)).expect("a mail")
    }
}

/// One mail (RFC 5321), as it came.
fn take(mut stream: TcpStream) -> String {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let (mut said, mut in_data) = (String::new(), false);
    stream.write_all(b"220 sink\r\n").unwrap();
    for line in lines {
        said.push_str(&line);
        said.push('\n');
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match (in_data, verb.as_str()) {
            (true, _) if line == "." => {
                stream.write_all(b"250 taken\r\n").unwrap();
                return said;
            }
            (true, _) => continue,
            (false, "DATA") => {
                in_data = true;
                "354 go on\r\n"
            }
            _ => "250 fine\r\n",
        };
        stream.write_all(answer.as_bytes()).unwrap();
    }
    said
}

/// Answers every command of Redis with a simple yes.
pub(crate) struct RedisPretender {
    port: u16,
    closed: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl RedisPretender {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut pretender = Self { port, closed: Arc::default(), streams: Arc::default(), thread: None };
        pretender.serve(listener);
        pretender
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn close(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // Wakes who waits for a connection.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        self.thread.take().unwrap().join().unwrap();
        for stream in self.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn open_again(&mut self) {
        self.closed.store(false, Ordering::SeqCst);
        self.serve(TcpListener::bind(("127.0.0.1", self.port)).unwrap());
    }

    fn serve(&mut self, listener: TcpListener) {
        let (closed, streams) = (self.closed.clone(), self.streams.clone());
        self.thread = Some(thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if closed.load(Ordering::SeqCst) {
                    return;
                }
                streams.lock().unwrap().push(stream.try_clone().unwrap());
                thread::spawn(move || answer(stream));
            }
        }));
    }
}

fn answer(mut stream: TcpStream) {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    // A command is an array, and nothing in those of a handshake begins with an asterisk.
    for _ in lines.filter(|line| line.starts_with('*')) {
        if stream.write_all(b"+OK\r\n").is_err() {
            return;
        }
    }
}
