//! A language server that follows a script, for trying the client and for its tests.
//!
//! What it says of a file stands in the file: a line `error: TEXT` or `warning: TEXT` is diagnosed
//! as that. Other lines make it misbehave: `crash`, `hang`, `garbage`, `huge`, `flood`; and
//! `elsewhere: PATH` has it publish an error for another file. Arguments say what kind of server it
//! is:
//!
//! - `--answers`: it answers when asked, and publishes nothing;
//! - `--without-version`: it publishes without saying of which version;
//! - `--mute`: it says nothing of files;
//! - `--twice`: it publishes an empty list first, and what there is then;
//! - `--refuse`: it ends at once with a word on its error output;
//! - `--child FILE`: it starts a process that sleeps, and writes its number to the file;
//! - `--log FILE`: it writes down the methods that it gets.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "it is a small program, and ends when something is wrong"
)]

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{BufRead as _, Read as _, Write as _};
use std::process::{Command, ExitCode};

use serde_json::{Value, json};

struct Server {
    arguments: Vec<String>,
    /// Text and version of the files that are open.
    files: HashMap<String, (String, i64)>,
}

fn main() -> ExitCode {
    let mut server = Server {
        arguments: std::env::args().skip(1).collect(),
        files: HashMap::new(),
    };
    if server.is("--refuse") {
        eprintln!("starting\nerror: Unknown binary in this toolchain");
        return ExitCode::FAILURE;
    }
    if let Some(file) = server.value("--child") {
        let line = format!("sleep 1000 < /dev/null > /dev/null 2>&1 & echo $! > {file}");
        Command::new("sh").args(["-c", &line]).status().unwrap();
    }
    let mut input = std::io::stdin().lock();
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if input.read_line(&mut line).unwrap() == 0 {
                return ExitCode::SUCCESS;
            }
            match line.trim().split_once(": ") {
                Some((_, value)) => length = value.parse().unwrap(),
                None => break,
            }
        }
        let mut body = vec![0; length];
        input.read_exact(&mut body).unwrap();
        let message: Value = serde_json::from_slice(&body).unwrap();
        if message["method"] == "exit" {
            return ExitCode::SUCCESS;
        }
        if let Some(code) = server.take(&message) {
            return code;
        }
    }
}

impl Server {
    fn is(&self, argument: &str) -> bool {
        self.arguments.iter().any(|given| given == argument)
    }

    fn value(&self, argument: &str) -> Option<&String> {
        let index = self.arguments.iter().position(|given| given == argument)?;
        self.arguments.get(index + 1)
    }

    /// Takes a message in. Returns the exit code when it is the end.
    fn take(&mut self, message: &Value) -> Option<ExitCode> {
        let method = message["method"].as_str().unwrap_or("answer");
        let params = &message["params"];
        if let Some(log) = self.value("--log") {
            let mut log = OpenOptions::new()
                .create(true)
                .append(true)
                .open(log)
                .unwrap();
            writeln!(log, "{method}").unwrap();
        }
        let document = &params["textDocument"];
        let uri = document["uri"].as_str().unwrap_or_default().to_owned();
        match method {
            "initialize" => {
                let mut capabilities = json!({"textDocumentSync": {"change": 1, "save": true}});
                if self.is("--answers") {
                    capabilities["diagnosticProvider"] = json!({});
                }
                answer(message, json!({"capabilities": capabilities}));
            }
            "initialized" => send(&json!({
                "jsonrpc": "2.0", "id": "s1", "method": "workspace/configuration",
                "params": {"items": [{"section": "a.b"}]},
            })),
            "shutdown" => answer(message, Value::Null),
            "textDocument/didOpen" | "textDocument/didChange" => {
                let text = match method {
                    "textDocument/didOpen" => &document["text"],
                    _ => &params["contentChanges"][0]["text"],
                };
                let text = text.as_str().unwrap().to_owned();
                let version = document["version"].as_i64().unwrap();
                let code = self.misbehave(&text);
                self.files.insert(uri.clone(), (text, version));
                self.publish(&uri);
                return code;
            }
            "textDocument/didClose" => {
                self.files.remove(&uri);
            }
            "textDocument/diagnostic" => {
                let (text, _) = &self.files[&uri];
                answer(message, json!({"kind": "full", "items": diagnostics(text)}));
            }
            _ => {}
        }
        None
    }

    fn publish(&self, uri: &str) {
        if self.is("--answers") || self.is("--mute") {
            return;
        }
        let (text, version) = &self.files[uri];
        let mut params = json!({"uri": uri, "version": version, "diagnostics": []});
        if self.is("--without-version") {
            params.as_object_mut().unwrap().remove("version");
        }
        if self.is("--twice") {
            publish(params.clone());
        }
        params["diagnostics"] = diagnostics(text);
        publish(params);
        for line in text.lines() {
            if let Some(path) = line.strip_prefix("elsewhere: ") {
                let diagnostics = diagnostics("error: broken elsewhere");
                publish(json!({"uri": format!("file://{path}"), "diagnostics": diagnostics}));
            }
        }
    }

    /// Does what a line tells it to. Returns the exit code when it is the end.
    fn misbehave(&self, text: &str) -> Option<ExitCode> {
        let mut output = std::io::stdout().lock();
        for line in text.lines() {
            match line {
                "crash" => {
                    eprintln!("thread 'main' panicked at the script");
                    return Some(ExitCode::FAILURE);
                }
                "hang" => loop {
                    std::thread::park();
                },
                "garbage" => drop(output.write_all(b"Oh no!\n")),
                "huge" => drop(output.write_all(b"Content-Length: 9999999999\r\n\r\n")),
                "flood" => {
                    let note =
                        json!({"jsonrpc": "2.0", "method": "window/logMessage", "params": {}});
                    let note = note.to_string();
                    while write!(output, "Content-Length: {}\r\n\r\n{note}", note.len()).is_ok() {}
                    return Some(ExitCode::FAILURE);
                }
                _ => {}
            }
            let _ = output.flush();
        }
        None
    }
}

/// Returns what is wrong with a text.
fn diagnostics(text: &str) -> Value {
    let found = text.lines().enumerate().filter_map(|(number, line)| {
        let (word, message) = line.split_once(": ")?;
        let severity = match word {
            "error" => 1,
            "warning" => 2,
            _ => return None,
        };
        let place = json!({"line": number, "character": 0});
        Some(json!({
            "range": {"start": place, "end": place}, "severity": severity, "message": message
        }))
    });
    found.collect()
}

fn publish(params: Value) {
    send(&json!({
        "jsonrpc": "2.0", "method": "textDocument/publishDiagnostics", "params": params
    }));
}

fn answer(request: &Value, result: Value) {
    send(&json!({"jsonrpc": "2.0", "id": request["id"], "result": result}));
}

fn send(message: &Value) {
    let body = message.to_string();
    let mut output = std::io::stdout().lock();
    // Nobody may listen any more.
    let _ = write!(output, "Content-Length: {}\r\n\r\n{body}", body.len());
    let _ = output.flush();
}
