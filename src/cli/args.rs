//! From the words of the command line to a command with its options and settings.

use crate::cli::Failure;
use crate::cli::commands::{COMMANDS, Command};
use crate::config::{self, Config, Layer, SETTINGS, Setting, Source};
use crate::domain::link::Links;
use crate::server::memory;
use lexopt::{Arg, Parser};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// A command as it was called.
pub struct Call {
    pub command: &'static Command,
    arguments: Vec<OsString>,
    options: BTreeMap<String, Vec<String>>,
    environment: fn(&str) -> Option<String>,
}

/// What somebody asked for.
pub enum Request {
    Run(Call),
    /// Help for the command or group of these words; none: for the program.
    Help(Vec<String>),
    Version,
}

/// Whether an option takes a value; `None`: there is no such option.
fn takes_value(name: &str) -> Option<bool> {
    let own = COMMANDS.iter().flat_map(|command| command.options).find(|option| option.name == name);
    own.map(|option| option.value.is_some()).or_else(|| Setting::by_name(name).map(|_| true))
}

/// Reads the command line. Options may stand anywhere.
pub fn parse(
    args: impl IntoIterator<Item = OsString>,
    environment: fn(&str) -> Option<String>,
) -> Result<Request, Failure> {
    let mut parser = Parser::from_args(args);
    let (mut words, mut options, mut help) = (Vec::new(), BTreeMap::<String, Vec<String>>::new(), false);
    while let Some(arg) = parser.next().map_err(|cause| Failure::Usage(format!("{cause}.")))? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => help = true,
            Arg::Short('V') | Arg::Long("version") => return Ok(Request::Version),
            Arg::Short(letter) => return Err(Failure::Usage(format!("There is no option -{letter}."))),
            Arg::Value(word) => words.push(word),
            Arg::Long(name) => {
                let name = name.to_owned();
                let value = match takes_value(&name) {
                    None => return Err(no_option(&name, None)),
                    Some(true) => text(&name, parser.value().map_err(|_| needs_value(&name))?)?,
                    Some(false) => String::new(),
                };
                options.entry(name).or_default().push(value);
            }
        }
    }
    if let Some((name, _)) = options.iter().find(|(name, values)| values.len() > 1 && !is_repeatable(name)) {
        return Err(Failure::Usage(format!("--{name} is given more than once; please give it once.")));
    }
    if help {
        return Ok(Request::Help(words.iter().map(|word| word.to_string_lossy().into_owned()).collect()));
    }
    let (command, arguments) = find(words)?;
    if let Some(stray) = options.keys().find(|name| !command.takes(name)) {
        return Err(no_option(stray, Some(command)));
    }
    Call { command, arguments, options, environment }.checked().map(Request::Run)
}

/// The command that the first words name, and what follows.
fn find(mut words: Vec<OsString>) -> Result<(&'static Command, Vec<OsString>), Failure> {
    if words.is_empty() {
        words.push("serve".into());
    }
    let first = words.remove(0).to_string_lossy().into_owned();
    if let Some(command) = Command::by_name(&first) {
        return Ok((command, words));
    }
    let group = Command::group(&first);
    let known = if group.is_empty() {
        let mut known: Vec<&str> = COMMANDS.iter().filter_map(|command| command.name.split(' ').next()).collect();
        known.dedup();
        known
    } else {
        group.iter().filter_map(|command| command.name.split(' ').nth(1)).collect()
    };
    if group.is_empty() {
        return Err(Failure::Usage(format!("There is no command “{first}”; {}", suggestion(&first, &known))));
    }
    if words.is_empty() {
        return Err(Failure::Usage(format!("“{first}” needs a second word: {}.", known.join(", "))));
    }
    let second = words.remove(0).to_string_lossy().into_owned();
    match Command::by_name(&format!("{first} {second}")) {
        Some(command) => Ok((command, words)),
        None => Err(Failure::Usage(format!("There is no command “{first} {second}”; {}", suggestion(&second, &known)))),
    }
}

impl Call {
    fn checked(self) -> Result<Call, Failure> {
        let wanted = self.command.arguments;
        let required = wanted.iter().filter(|argument| argument.required).count();
        let name = self.command.name;
        if let Some(missing) = wanted.get(self.arguments.len()).filter(|_| self.arguments.len() < required) {
            return Err(Failure::Usage(format!("“{name}” needs {}; see `pamphlet {name} --help`.", missing.name)));
        }
        // `help user add` has two words for its one argument.
        if let Some(stray) = self.arguments.get(wanted.len()).filter(|_| name != "help") {
            return Err(Failure::Usage(format!(
                "“{}” is one word too many; see `pamphlet {name} --help`.",
                stray.to_string_lossy()
            )));
        }
        Ok(self)
    }

    /// The argument at this place, as given.
    pub fn argument(&self, index: usize) -> OsString {
        self.arguments.get(index).cloned().unwrap_or_default()
    }

    /// All arguments as text.
    pub fn words(&self) -> Vec<String> {
        self.arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect()
    }

    /// The value of an option of this command, or of its environment variable.
    pub fn option(&self, name: &str) -> Option<String> {
        let given = self.options.get(name).and_then(|values| values.last()).cloned();
        given.or_else(|| (self.environment)(&config::variable(name)).filter(|value| !value.trim().is_empty()))
    }

    /// Whether an option without a value is there, or its environment variable says yes.
    pub fn flag(&self, name: &str) -> Result<bool, Failure> {
        if self.options.contains_key(name) {
            return Ok(true);
        }
        let variable = config::variable(name);
        match (self.environment)(&variable).unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "" | "0" | "false" | "no" => Ok(false),
            "1" | "true" | "yes" => Ok(true),
            other => Err(Failure::Usage(format!("{variable}: “{other}” is neither true nor false."))),
        }
    }

    /// Whether anybody named this setting at all.
    pub fn names(&self, setting: &str) -> bool {
        self.option(setting).is_some()
    }

    /// The settings in force: flags, then the environment, then the file, then the defaults.
    pub fn config(&self) -> Result<Config, Failure> {
        let mut values = BTreeMap::new();
        for setting in SETTINGS {
            if let Some(given) = self.options.get(setting.name) {
                values.insert(setting.name, given.clone());
            }
        }
        let mut layers = vec![Layer { source: Source::Flag, values }, Layer::environment(self.environment)];
        if let Some(path) = self.option("config").filter(|_| self.command.takes("config")) {
            let path = PathBuf::from(path);
            let text = std::fs::read_to_string(&path).map_err(|cause| {
                Failure::Usage(format!("The configuration file “{}” cannot be read: {cause}.", path.display()))
            })?;
            layers.push(Layer::file(path, &text).map_err(usage)?);
        }
        let config = Config::resolve(&layers).map_err(usage)?;
        if let Some(url) = &config.public_url {
            Links::from_public_url(url).map_err(Failure::Usage)?;
        }
        Ok(Config { memory: memory::limit(), ..config })
    }
}

fn usage(message: std::borrow::Cow<'static, str>) -> Failure {
    Failure::Usage(message.into_owned())
}

fn is_repeatable(name: &str) -> bool {
    Setting::by_name(name).is_some_and(|setting| setting.repeatable)
}

fn text(name: &str, value: OsString) -> Result<String, Failure> {
    value.into_string().map_err(|_| Failure::Usage(format!("The value of --{name} is not UTF-8.")))
}

fn needs_value(name: &str) -> Failure {
    let own = COMMANDS.iter().flat_map(|command| command.options).find(|option| option.name == name);
    let value = own.and_then(|option| option.value).or_else(|| Setting::by_name(name).map(|setting| setting.value));
    Failure::Usage(format!("--{name} needs a value: --{name} {}.", value.unwrap_or("VALUE")))
}

fn no_option(name: &str, command: Option<&Command>) -> Failure {
    let mut known: Vec<&str> = Vec::new();
    for each in COMMANDS.iter().filter(|each| command.is_none_or(|command| command.name == each.name)) {
        known.extend(each.settings);
        known.extend(each.options.iter().map(|option| option.name));
    }
    known.push("help");
    match (command, nearest(name, &known)) {
        (_, Some(near)) => Failure::Usage(format!("There is no option --{name}; did you mean --{near}?")),
        (Some(command), None) => {
            Failure::Usage(format!("“{0}” has no option --{name}; see `pamphlet {0} --help`.", command.name))
        }
        (None, None) => Failure::Usage(format!("There is no option --{name}; see `pamphlet --help`.")),
    }
}

/// The end of a sentence about a word that is not known.
fn suggestion(word: &str, known: &[&str]) -> String {
    match (nearest(word, known), known) {
        (Some(near), _) => format!("did you mean {near}?"),
        (None, [only]) => format!("the only one is {only}."),
        (None, _) => format!("there are {}.", known.join(", ")),
    }
}

/// The known word that `word` is most likely a slip of.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = known.iter().map(|other| (distance(word, other), *other)).min()?;
    (near.0 <= 1 + word.chars().count() / 4).then_some(near.1)
}

/// Letters to insert, remove or replace to turn one word into the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, c) in from.chars().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        let mut next = vec![left];
        for (above, other) in row.iter().skip(1).zip(&to) {
            left = (diagonal + usize::from(c != *other)).min(left + 1).min(above + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serve_takes_every_setting_as_a_flag() {
        let serve = COMMANDS.iter().find(|command| command.name == "serve").unwrap();
        let all: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
        assert_eq!(serve.settings.len(), all.len());
        assert!(all.iter().all(|name| serve.settings.contains(name)), "{all:?}");
    }

    fn request(line: &str) -> Result<Request, Failure> {
        parse(line.split_whitespace().map(OsString::from), |_| None)
    }

    fn call(line: &str) -> Call {
        match request(line) {
            Ok(Request::Run(call)) => call,
            _ => panic!("{line} does not run"),
        }
    }

    fn refusal(line: &str) -> String {
        match request(line) {
            Err(Failure::Usage(message)) => message,
            _ => panic!("{line} was not refused"),
        }
    }

    #[test]
    fn no_command_is_serve_and_options_stand_anywhere() {
        assert_eq!(call("").command.name, "serve");
        assert_eq!(call("--data x").config().unwrap().data, PathBuf::from("x"));
        let call = call("user --data=x add ada --role editor");
        assert_eq!((call.command.name, call.argument(0)), ("user add", "ada".into()));
        assert_eq!(call.option("role").as_deref(), Some("editor"));
    }

    #[test]
    fn slips_are_refused_with_a_suggestion() {
        assert!(refusal("--lisen 1").ends_with("did you mean --listen?"));
        assert!(refusal("serv").ends_with("did you mean serve?"));
        assert!(refusal("user ad").ends_with("did you mean add?"));
        assert!(refusal("user").contains("add, list, passwd"));
        assert!(refusal("import markdown").contains("needs PATH"));
        assert!(refusal("backup a b").contains("“b”"));
        assert!(refusal("backup a --listen 1").contains("no option --listen"));
        assert!(refusal("--data").contains("--data FILE"));
        assert!(refusal("--data a --data b").contains("more than once"));
        assert!(refusal("-x").contains("-x"));
        assert!(refusal("try --empty=1").len() > 5);
    }

    #[test]
    fn the_environment_stands_for_any_option() {
        let words = ["try"].map(OsString::from);
        let environment = |name: &str| match name {
            "PAMPHLET_TTL" => Some("5".to_owned()),
            "PAMPHLET_JSON" => Some("true".to_owned()),
            "PAMPHLET_EMPTY" => Some("maybe".to_owned()),
            _ => None,
        };
        let Ok(Request::Run(call)) = parse(words, environment) else { panic!("try does not run") };
        assert_eq!(call.option("ttl").as_deref(), Some("5"));
        assert!(matches!(call.flag("json"), Ok(true)));
        assert!(matches!(call.flag("exit-with-stdin"), Ok(false)));
        assert!(call.flag("empty").is_err());
    }

    #[test]
    fn words_near_each_other_are_found() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(nearest("chekc", &["check", "serve"]), Some("check"));
        assert_eq!(nearest("zzz", &["check", "serve"]), None);
    }
}
