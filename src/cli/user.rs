//! `pamphlet user …`: accounts, while the server is stopped.

use crate::cli::args::Call;
use crate::cli::terminal::say;
use crate::cli::{Failure, Outcome};
use crate::domain::actor::{Actor, Role};
use crate::domain::token::NewToken;
use crate::domain::user::{NewUser, User, Username};
use crate::error::{Error, Result};
use crate::service::{App, Clock, resets, tokens, users};
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
    let input = NewUser { username, email, password };
    // Before a file is made for nothing.
    input.validate(Username::parse_any)?;
    let app = open(call, Opening::Create)?;
    let user = wait(async { app.commit(users::add(&app, &Actor::System, &input, role).await).await })?;
    say(format!("Made the account {} ({}).", user.username, user.role.as_str()));
    Ok(())
}

pub fn list(call: &Call) -> Outcome {
    let json = call.flag("json")?;
    let app = open(call, Opening::Existing)?;
    let users = everybody(&app)?;
    if json {
        users.iter().for_each(|user| say(as_json(user).to_string()));
    } else {
        table(&users).iter().for_each(say);
    }
    Ok(())
}

/// All pages of the list.
fn everybody(app: &App) -> Result<Vec<User>> {
    let txn = app.read()?;
    let mut everybody = Vec::new();
    for number in 1.. {
        let page = users::list(&txn, &Actor::System, number)?;
        everybody.extend(page.items.iter().cloned());
        if number >= page.pages() {
            break;
        }
    }
    Ok(everybody)
}

pub fn passwd(call: &Call) -> Outcome {
    let app = open(call, Opening::Existing)?;
    let user = find(&app, call)?;
    let password = new_password(call, user.username.as_str())?;
    wait(async { app.commit(resets::set_password(&app, &Actor::System, user.id, &password, false).await).await })?;
    say(format!("{} has a new password and is signed out everywhere.", user.username));
    Ok(())
}

pub fn role(call: &Call) -> Outcome {
    let role = role_named(&call.argument(1).to_string_lossy())?;
    let app = open(call, Opening::Existing)?;
    let user = find(&app, call)?;
    let user = wait(app.commit(users::set_role(&Actor::System, user.id, role)))?;
    say(format!("{} is now {} {}.", user.username, article(role), role.as_str()));
    Ok(())
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
    let app = open(call, Opening::Existing)?;
    let user = find(&app, call)?;
    let issued = wait(app.commit(tokens::create_for(&app, &Actor::System, user.id, &input)))?;
    say(issued.secret);
    Ok(())
}

pub fn disable(call: &Call) -> Outcome {
    set_disabled(call, true)
}

pub fn enable(call: &Call) -> Outcome {
    set_disabled(call, false)
}

fn set_disabled(call: &Call, disabled: bool) -> Outcome {
    let app = open(call, Opening::Existing)?;
    let user = find(&app, call)?;
    let user = wait(app.commit(users::set_disabled(&Actor::System, user.id, disabled)))?;
    let what = if disabled { "cannot sign in any more" } else { "can sign in again" };
    say(format!("{} {what}.", user.username));
    Ok(())
}

fn article(role: Role) -> &'static str {
    if role == Role::Reader { "a" } else { "an" }
}

/// Opens the file; while a server has it, says what to do instead.
fn open(call: &Call, opening: Opening) -> std::result::Result<App, Failure> {
    let config = call.config()?;
    require_file(&config.data, opening)?;
    let store = Store::open(&config.data, opening, config.cache_size()).map_err(|error| match error {
        Error::DataFile(message) if message.contains("in use") => Error::DataFile(format!(
            "The data file “{}” is in use, most likely by a running server. Please stop it first, or see to accounts in the browser under /admin/users.",
            config.data.display()
        )),
        other => other,
    })?;
    Ok(App::new(store, Clock::System, config)?)
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

fn find(app: &App, call: &Call) -> Result<User> {
    let name = name(call);
    users::by_username(&app.read()?, &Actor::System, &name).map_err(|error| match error {
        Error::NotFound(_) => Error::Failed(format!("There is no account “{name}”; `pamphlet user list` shows all.")),
        other => other,
    })
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

fn state(user: &User) -> &'static str {
    if user.disabled { "disabled" } else { "active" }
}

fn as_json(user: &User) -> serde_json::Value {
    serde_json::json!({
        "username": user.username.as_str(),
        "display_name": user.display_name,
        "email": user.email.as_ref().map(|email| email.as_str()),
        "role": user.role.as_str(),
        "disabled": user.disabled,
        "created_at": user.created_at.rfc3339(),
    })
}

/// Columns as wide as their longest entry.
fn table(users: &[User]) -> Vec<String> {
    let heading = ["NAME", "ROLE", "STATE", "E-MAIL", "DISPLAY NAME"].map(str::to_owned);
    let rows = users.iter().map(|user| {
        let email = user.email.as_ref().map_or("-", |email| email.as_str());
        [user.username.as_str(), user.role.as_str(), state(user), email, &user.display_name].map(str::to_owned)
    });
    let rows: Vec<[String; 5]> = std::iter::once(heading).chain(rows).collect();
    let mut widths = [0; 5];
    for row in &rows {
        widths.iter_mut().zip(row).for_each(|(width, cell)| *width = cell.chars().count().max(*width));
    }
    let line = |row: &[String; 5]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}  "));
        cells.collect::<String>().trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::UserId;
    use crate::domain::time::Timestamp;

    #[test]
    fn the_table_is_aligned() {
        let user = |name: &str, role| User {
            id: UserId(1),
            username: Username::parse_any(name).unwrap(),
            display_name: name.to_uppercase(),
            email: None,
            bio: String::new(),
            role,
            disabled: role == Role::Author,
            created_at: Timestamp::from_ms(0),
        };
        let lines = table(&[user("ada", Role::Administrator), user("grace.hopper", Role::Author)]);
        assert_eq!(lines[0], "NAME          ROLE           STATE     E-MAIL  DISPLAY NAME");
        assert_eq!(lines[1], "ada           administrator  active    -       ADA");
        assert_eq!(lines[2], "grace.hopper  author         disabled  -       GRACE.HOPPER");
    }
}
