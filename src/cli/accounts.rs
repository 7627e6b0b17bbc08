//! What `pamphlet user …` asks for, and doing it: in this process, or in the server that has the data file.

use crate::domain::actor::{Actor, Role};
use crate::domain::token::NewToken;
use crate::domain::user::{NewUser, User};
use crate::error::{Error, Result};
use crate::service::{App, resets, tokens, users};
use serde::{Deserialize, Serialize};

/// One command with everything it needs; what the local socket carries.
#[derive(Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    Add { username: String, email: String, password: String, role: Role },
    List { json: bool },
    SetPassword { username: String, password: String, keep_tokens: bool },
    SetRole { username: String, role: Role },
    SetDisabled { username: String, disabled: bool },
    MakeToken { username: String, name: String, scopes: Vec<String>, days: String },
}

/// Carries out a command with the rights of the data file's owner, and returns the lines to print.
pub async fn perform(app: &App, command: Command) -> Result<Vec<String>> {
    let system = Actor::System;
    Ok(match command {
        Command::Add { username, email, password, role } => {
            let input = NewUser { username, email, password };
            let user = app.commit(users::add(app, &system, &input, role).await).await?;
            vec![format!("Made the account {} ({}).", user.username, user.role.as_str())]
        }
        Command::List { json } => list(app, json)?,
        Command::SetPassword { username, password, keep_tokens } => {
            let user = find(app, &username)?;
            app.commit(resets::set_password(app, &system, user.id, &password, keep_tokens).await).await?;
            vec![format!("{} has a new password and is signed out everywhere.", user.username)]
        }
        Command::SetRole { username, role } => {
            let user = find(app, &username)?;
            let user = app.commit(users::set_role(&system, user.id, role)).await?;
            let article = if role == Role::Reader { "a" } else { "an" };
            vec![format!("{} is now {article} {}.", user.username, role.as_str())]
        }
        Command::SetDisabled { username, disabled } => {
            let user = find(app, &username)?;
            let user = app.commit(users::set_disabled(&system, user.id, disabled)).await?;
            let what = if disabled { "cannot sign in any more" } else { "can sign in again" };
            vec![format!("{} {what}.", user.username)]
        }
        Command::MakeToken { username, name, scopes, days } => {
            let user = find(app, &username)?;
            let input = NewToken { name, scopes, days };
            vec![app.commit(tokens::create_for(app, &system, user.id, &input)).await?.secret]
        }
    })
}

fn find(app: &App, name: &str) -> Result<User> {
    users::by_username(&app.read()?, &Actor::System, name).map_err(|error| match error {
        Error::NotFound(_) => Error::Failed(format!("There is no account “{name}”; `pamphlet user list` shows all.")),
        other => other,
    })
}

fn list(app: &App, json: bool) -> Result<Vec<String>> {
    let users = everybody(app)?;
    Ok(if json { users.iter().map(|user| as_json(user).to_string()).collect() } else { table(&users) })
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
    use crate::domain::user::Username;

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
