//! `pamphlet user …`: accounts, also while the server runs.

use crate::cli::accounts::{self, Command};
#[cfg(unix)]
use crate::cli::admin_socket;
use crate::cli::args::Call;
use crate::cli::terminal::{note, say};
use crate::cli::{Failure, Outcome};
use crate::config::Config;
use crate::domain::actor::Role;
use crate::domain::token::NewToken;
use crate::domain::user::{NewUser, Username};
use crate::error::{Error, Result};
use crate::service::{App, Clock};
use crate::store::{Opening, Store};
use std::io::{BufRead, IsTerminal, Read};
use std::path::Path;

/// Longest line read as a password; longer ones are refused by the rule for passwords anyway.
const MAX_LINE: u64 = 4_096;

pub fn add(call: &Call) -> Outcome {
    let role = call.option("role").map_or(Ok(Role::Reader), |word| role_named(&word))?;
    let email = call.option("email").unwrap_or_default();
    let username = name(call);
    let password = new_password(call, &username)?;
    // Before a file is made for nothing.
    let input = NewUser { username, email, password };
    input.validate(Username::parse_any)?;
    let NewUser { username, email, password } = input;
    run(call, Opening::Create, Command::Add { username, email, password, role })
}

pub fn list(call: &Call) -> Outcome {
    run(call, Opening::Existing, Command::List { json: call.flag("json")? })
}

pub fn passwd(call: &Call) -> Outcome {
    require_file(&call.config()?.data, Opening::Existing)?;
    let (username, keep_tokens) = (name(call), call.flag("keep-tokens")?);
    let password = new_password(call, &username)?;
    run(call, Opening::Existing, Command::SetPassword { username, password, keep_tokens })
}

pub fn role(call: &Call) -> Outcome {
    let role = role_named(&call.argument(1).to_string_lossy())?;
    run(call, Opening::Existing, Command::SetRole { username: name(call), role })
}

pub fn token(call: &Call) -> Outcome {
    let scopes = call.option("scopes").ok_or_else(|| {
        Failure::Usage("Please say what the token is for with --scopes, such as posts:read,media:read or *.".into())
    })?;
    let input = NewToken {
        name: call.option("name").unwrap_or_else(|| "Command line".into()),
        scopes: scopes.split(',').map(str::to_owned).collect(),
        days: call.option("days").unwrap_or_default(),
    };
    input.validate()?;
    let NewToken { name: token, scopes, days } = input;
    run(call, Opening::Existing, Command::MakeToken { username: name(call), name: token, scopes, days })
}

pub fn disable(call: &Call) -> Outcome {
    run(call, Opening::Existing, Command::SetDisabled { username: name(call), disabled: true })
}

pub fn enable(call: &Call) -> Outcome {
    run(call, Opening::Existing, Command::SetDisabled { username: name(call), disabled: false })
}

/// Does it here, or, while a server has the data file, there.
fn run(call: &Call, opening: Opening, command: Command) -> Outcome {
    let config = call.config()?;
    require_file(&config.data, opening)?;
    let lines = match Store::open(&config.data, opening, config.cache_size()) {
        Ok(store) => wait(accounts::perform(&App::new(store, Clock::System, config)?, command))?,
        Err(Error::DataFile(message)) if message.contains("in use") => ask_server(&config, &command)?,
        Err(error) => return Err(error.into()),
    };
    lines.iter().for_each(say);
    Ok(())
}

/// Has the server that has the data file do it, and says so.
fn ask_server(config: &Config, command: &Command) -> std::result::Result<Vec<String>, Failure> {
    #[cfg(unix)]
    if let Some(lines) = admin_socket::ask(&config.data, command)? {
        note("pamphlet: The running server did this.");
        return Ok(lines);
    }
    #[cfg(not(unix))]
    let _ = (note, command);
    Err(Failure::Error(Error::DataFile(format!(
        "The data file “{}” is in use, and no server that uses it listens to commands. Please stop the program that uses it, or see to accounts in the browser under /admin/users.",
        config.data.display()
    ))))
}

fn require_file(path: &Path, opening: Opening) -> Result<()> {
    if opening == Opening::Existing && !path.exists() {
        return Err(Error::Failed(format!(
            "There is no data file “{}”; please name it with --data, or make it with `pamphlet serve`.",
            path.display()
        )));
    }
    Ok(())
}

fn name(call: &Call) -> String {
    call.argument(0).to_string_lossy().into_owned()
}

fn role_named(word: &str) -> std::result::Result<Role, Failure> {
    Role::parse(word).ok_or_else(|| {
        Failure::Usage(format!("“{word}” is no role; please choose reader, author, editor or administrator."))
    })
}

/// Runs one use case; there is nobody else to serve meanwhile.
fn wait<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .map_err(|cause| Error::Failed(format!("The program could not start: {cause}.")))?;
    runtime.block_on(work)
}

/// Asked for twice on a terminal, else one line of standard input.
fn new_password(call: &Call, name: &str) -> std::result::Result<String, Failure> {
    let stdin = std::io::stdin();
    if call.flag("password-stdin")? || !stdin.is_terminal() {
        let mut line = String::new();
        stdin.lock().take(MAX_LINE).read_line(&mut line).map_err(unread)?;
        let password = line.trim_end_matches(['\n', '\r']);
        if password.is_empty() {
            return Err(Failure::Usage("No password came on standard input; please send one line.".into()));
        }
        return Ok(password.to_owned());
    }
    let first = rpassword::prompt_password(format!("Password for {name}: ")).map_err(unread)?;
    let second = rpassword::prompt_password("Once more: ").map_err(unread)?;
    if first != second {
        return Err(Failure::Error(Error::Failed("The two passwords differ; please try again.".into())));
    }
    Ok(first)
}

fn unread(cause: std::io::Error) -> Failure {
    Failure::Error(Error::Failed(format!("The password could not be read: {cause}.")))
}
