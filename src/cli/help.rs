//! Help that fits 80 columns, made from the tables of commands and settings.

use crate::cli::args::Call;
use crate::cli::commands::{COMMANDS, Command};
use crate::cli::{Failure, Outcome, terminal};
use crate::config::{self, SETTINGS, Setting};
use std::fmt::Write;

/// Widest line.
const WIDTH: usize = 80;
/// Where explanations begin.
const INDENT: usize = 26;

/// `pamphlet help [COMMAND]`.
pub fn run(call: &Call) -> Outcome {
    terminal::say(text(&call.words())?.trim_end());
    Ok(())
}

/// Help for a command, a group of commands, the settings or the program.
pub fn text(words: &[String]) -> Result<String, Failure> {
    let name = words.join(" ");
    let first = words.first().map_or("", String::as_str);
    if words.is_empty() {
        return Ok(overview());
    }
    if name == "config" {
        return Ok(settings());
    }
    // Of `serve stray --help` the command is meant.
    let two = words.get(..2).unwrap_or_default().join(" ");
    if let Some(command) = Command::by_name(&two).or_else(|| Command::by_name(first)) {
        return Ok(one(command));
    }
    let group = Command::group(first);
    if !group.is_empty() && words.len() == 1 {
        let mut out = format!("Usage: pamphlet {first} COMMAND\n\nCommands:\n");
        group.iter().for_each(|command| entry(&mut out, &synopsis(command), command.about));
        return Ok(out);
    }
    Err(Failure::Usage(format!("There is no command “{name}”; see `pamphlet --help`.")))
}

fn overview() -> String {
    let mut out = String::from(
        "pamphlet: a blog in one executable and one file\n\nUsage: pamphlet [OPTIONS] [COMMAND]\n\nCommands:\n",
    );
    COMMANDS.iter().for_each(|command| entry(&mut out, &synopsis(command), command.about));
    if let Some(serve) = Command::by_name("serve") {
        out.push_str("\nOptions of serve:\n");
        options(&mut out, serve);
    }
    out.push('\n');
    paragraph(
        &mut out,
        "`pamphlet COMMAND --help` explains a command. Every option can also be given as an environment variable \
         such as PAMPHLET_DATA; a flag counts before the environment, the environment before the file of --config. \
         `pamphlet help config` prints every setting with its default.",
    );
    out.push('\n');
    paragraph(
        &mut out,
        "Exit codes: 0 done, 1 it failed, 2 wrong usage, 3 the data file refuses (damaged, newer or in use).",
    );
    out
}

fn one(command: &Command) -> String {
    let mut out = String::new();
    let has_options = !command.options.is_empty() || !command.settings.is_empty();
    let options_word = if has_options { " [OPTIONS]" } else { "" };
    let _ = writeln!(out, "Usage: pamphlet {}{options_word}\n", synopsis(command));
    paragraph(&mut out, command.about);
    if !command.more.is_empty() {
        out.push('\n');
        paragraph(&mut out, command.more);
    }
    if !command.arguments.is_empty() {
        out.push_str("\nArguments:\n");
        command.arguments.iter().for_each(|argument| entry(&mut out, argument.name, argument.help));
    }
    out.push_str("\nOptions:\n");
    options(&mut out, command);
    out
}

fn synopsis(command: &Command) -> String {
    let arguments = command.arguments.iter().map(|argument| {
        if argument.required { format!(" {}", argument.name) } else { format!(" [{}]", argument.name) }
    });
    format!("{}{}", command.name, arguments.collect::<String>())
}

fn options(out: &mut String, command: &Command) {
    for option in command.options {
        let value = option.value.map_or(String::new(), |value| format!(" {value}"));
        entry(out, &format!("--{}{value}", option.name), option.help);
    }
    for setting in command.settings.iter().filter_map(|name| Setting::by_name(name)) {
        entry(out, &format!("--{} {}", setting.name, setting.value), &with_default(command, setting));
    }
    entry(out, "-h, --help", "Print help.");
    if command.name == "serve" {
        entry(out, "-V, --version", "Print the version.");
    }
}

fn with_default(command: &Command, setting: &Setting) -> String {
    let default = match (command.name, setting.name) {
        ("try", "listen") => Some("127.0.0.1:0"),
        ("try", "log-level") => Some("warn"),
        _ => setting.default,
    };
    let repeatable = if setting.repeatable { " Repeatable." } else { "" };
    let default = default.map_or(String::new(), |default| format!(" [default: {default}]"));
    format!("{}{repeatable}{default}", setting.help)
}

/// Bounds of what is kept in memory beside the caches that have a setting.
const FIXED: &str = "What else is kept in memory has a fixed bound: heads of posts 1 MB, outlines of conversations 2 MB, \
     names of 2,048 people and 256 categories, documents of GraphQL 2 MB, events 4 MB with 256 KB of them to be told \
     again, bodies on their way 16 MB for forms and 64 MB for uploads, 1,024 writes that wait for the disk, 512 KB of \
     lines for the log.";

/// `pamphlet help config`.
fn settings() -> String {
    let mut out = String::new();
    paragraph(
        &mut out,
        "Settings, each as a flag, an environment variable (lists separated by commas) or a key in the TOML file that \
         --config FILE or PAMPHLET_CONFIG names (lists as arrays). A flag counts before the environment, the \
         environment before the file, the file before the default.",
    );
    for setting in SETTINGS {
        let _ = writeln!(out, "\n--{} {}", setting.name, setting.value);
        let _ = writeln!(out, "    environment  {}", config::variable(setting.name));
        let _ = writeln!(out, "    file         {} = {}", setting.name, example(setting));
        let _ = writeln!(out, "    default      {}", setting.default.unwrap_or("not set"));
        let repeatable = if setting.repeatable { " May be given more than once." } else { "" };
        wrap(&mut out, &format!("{}{repeatable}", setting.help), 4);
    }
    out.push('\n');
    paragraph(&mut out, FIXED);
    out
}

fn example(setting: &Setting) -> String {
    let value = setting.default.unwrap_or(match setting.name {
        "public-url" => "https://example.org/blog",
        "trusted-proxy" => "127.0.0.1",
        "bcrypt-cost" => "12",
        "cache" => "16MB",
        "page-cache" => "8MB",
        _ => setting.value,
    });
    match (setting.repeatable, value.parse::<u64>().is_ok()) {
        (true, _) => format!("[\"{value}\"]"),
        (false, true) => value.to_owned(),
        (false, false) => format!("\"{value}\""),
    }
}

/// A term with its explanation beside it, or below where it is long.
fn entry(out: &mut String, term: &str, help: &str) {
    let _ = write!(out, "  {term}");
    let used = 2 + term.chars().count();
    if used + 2 > INDENT {
        out.push('\n');
        return wrap(out, help, INDENT);
    }
    let mut wrapped = String::new();
    wrap(&mut wrapped, help, INDENT);
    out.push_str(wrapped.get(used..).unwrap_or_default());
}

fn paragraph(out: &mut String, text: &str) {
    wrap(out, text, 0);
}

fn wrap(out: &mut String, text: &str, indent: usize) {
    let mut column = 0;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > WIDTH {
            out.push('\n');
            column = 0;
        }
        if column == 0 {
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(name: &str) -> String {
        let words: Vec<String> = name.split_whitespace().map(str::to_owned).collect();
        text(&words).unwrap_or_else(|_| panic!("no help for {name}"))
    }

    #[test]
    fn help_of_everything_fits_the_terminal_and_names_every_option() {
        for command in COMMANDS {
            let help = help(command.name);
            for name in command.settings.iter().copied().chain(command.options.iter().map(|option| option.name)) {
                assert!(help.contains(&format!("--{name}")), "{} lacks --{name}", command.name);
            }
        }
        let names = COMMANDS.iter().map(|command| command.name).chain(["", "config", "user", "import"]);
        for name in names {
            for line in help(name).lines() {
                assert!(line.chars().count() <= WIDTH, "{name}: {line}");
            }
        }
    }

    #[test]
    fn every_setting_is_explained_and_every_name_in_the_table_is_one() {
        let all = help("config");
        for setting in SETTINGS {
            assert!(all.contains(&format!("--{} {}", setting.name, setting.value)));
            assert!(all.contains(&config::variable(setting.name)));
        }
        for name in COMMANDS.iter().flat_map(|command| command.settings) {
            assert!(Setting::by_name(name).is_some(), "{name}");
        }
        assert!(text(&["nonsense".into()]).is_err());
    }
}
