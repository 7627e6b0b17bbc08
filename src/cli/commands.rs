//! Every command: its words, its options and what runs it; parsing and help follow from this table.

use crate::cli::args::Call;
use crate::cli::{Outcome, backup, check, help, import, serve, try_it, user};

/// One command.
pub struct Command {
    /// The words that name it: `serve`, `user add`.
    pub name: &'static str,
    /// What follows the words, each with its meaning.
    pub arguments: &'static [Argument],
    /// Options of this command alone.
    pub options: &'static [Opt],
    /// Names of the settings it heeds, which are options too.
    pub settings: &'static [&'static str],
    /// One line for the list of commands.
    pub about: &'static str,
    /// More sentences for its own help.
    pub more: &'static str,
    pub run: fn(&Call) -> Outcome,
}

/// Something that stands after the words of a command.
pub struct Argument {
    pub name: &'static str,
    pub required: bool,
    pub help: &'static str,
}

/// An option of one command.
pub struct Opt {
    pub name: &'static str,
    /// What stands for its value in help; `None` for one that is there or not.
    pub value: Option<&'static str>,
    pub help: &'static str,
}

const CONFIG: Opt = Opt {
    name: "config",
    value: Some("FILE"),
    help: "Read settings from a TOML file; `pamphlet help config` lists them.",
};
const NAME: Argument = Argument { name: "NAME", required: true, help: "The user name." };
const PASSWORD_STDIN: Opt = Opt {
    name: "password-stdin",
    value: None,
    help: "Read the password from standard input, one line, even on a terminal.",
};
const BESIDE: &str = "While a server runs on the data file, the command goes to it by a local socket.";

/// Every command, in the order of help.
pub const COMMANDS: &[Command] = &[
    Command {
        name: "serve",
        arguments: &[],
        options: &[CONFIG],
        settings: &[
            "data",
            "listen",
            "public-url",
            "trusted-proxy",
            "cache",
            "page-cache",
            "bcrypt-cost",
            "session-days",
            "max-connections",
            "graphql-introspection",
            "api-quota",
            "cors-origin",
            "metrics-token",
            "log",
            "log-level",
        ],
        about: "Serves the blog; the same as no command.",
        more: "Makes the data file when it is absent. While there is no administrator, prints a one-time link to set \
               the blog up. SIGTERM or Ctrl-C ends it after the requests that run; a second one ends it at once. Closing its terminal \
               is like SIGTERM; without a terminal (a service, nohup) it goes on after SIGHUP.",
        run: serve::run,
    },
    Command {
        name: "try",
        arguments: &[],
        options: &[
            Opt { name: "empty", value: None, help: "No sample content." },
            Opt { name: "ttl", value: Some("SECONDS"), help: "End by itself after so many seconds." },
            Opt { name: "json", value: None, help: "Print one line of JSON on standard output once it answers." },
            Opt { name: "exit-with-stdin", value: None, help: "End when standard input closes." },
        ],
        settings: &[
            "listen",
            "public-url",
            "trusted-proxy",
            "page-cache",
            "max-connections",
            "graphql-introspection",
            "api-quota",
            "cors-origin",
            "log",
            "log-level",
        ],
        about: "A throwaway blog in memory with sample content.",
        more: "Listens on a random port of 127.0.0.1 unless --listen says otherwise, has an administrator “admin” with \
               a random password, and is gone when it ends. The line of --json has the members url, admin (username, \
               password, token), pid and ready_ms; the token is an API token with every scope: send it as \
               “Authorization: Bearer TOKEN”. Logs warnings only unless --log-level says otherwise, and has no quota unless \
               --api-quota says otherwise.",
        run: try_it::run,
    },
    Command {
        name: "user add",
        arguments: &[NAME],
        options: &[
            Opt {
                name: "role",
                value: Some("ROLE"),
                help: "reader (as when not given), author, editor or administrator.",
            },
            Opt { name: "email", value: Some("ADDRESS"), help: "E-mail address, with which one can log in too." },
            PASSWORD_STDIN,
            CONFIG,
        ],
        settings: &["data", "bcrypt-cost"],
        about: "Makes an account.",
        more: "Asks for the password on a terminal, else reads it from standard input, one line. While a server runs on \
               the data file, the command goes to it by a local socket.",
        run: user::add,
    },
    Command {
        name: "user list",
        arguments: &[],
        options: &[Opt { name: "json", value: None, help: "One line of JSON for each account." }, CONFIG],
        settings: &["data"],
        about: "Lists the accounts.",
        more: BESIDE,
        run: user::list,
    },
    Command {
        name: "user passwd",
        arguments: &[NAME],
        options: &[
            PASSWORD_STDIN,
            Opt {
                name: "keep-tokens",
                value: None,
                help: "Keep the API tokens of the account; else they are revoked.",
            },
            CONFIG,
        ],
        settings: &["data", "bcrypt-cost"],
        about: "Gives an account a new password and signs it out everywhere.",
        more: "Asks for the password on a terminal, else reads it from standard input, one line. While a server runs on \
               the data file, the command goes to it by a local socket.",
        run: user::passwd,
    },
    Command {
        name: "user role",
        arguments: &[NAME, Argument { name: "ROLE", required: true, help: "reader, author, editor or administrator." }],
        options: &[CONFIG],
        settings: &["data"],
        about: "Changes what an account may do.",
        more: BESIDE,
        run: user::role,
    },
    Command {
        name: "user disable",
        arguments: &[NAME],
        options: &[CONFIG],
        settings: &["data"],
        about: "Keeps an account from signing in; what it wrote stays.",
        more: BESIDE,
        run: user::disable,
    },
    Command {
        name: "user enable",
        arguments: &[NAME],
        options: &[CONFIG],
        settings: &["data"],
        about: "Lets a disabled account sign in again.",
        more: BESIDE,
        run: user::enable,
    },
    Command {
        name: "user token",
        arguments: &[NAME],
        options: &[
            Opt {
                name: "name", value: Some("TEXT"), help: "What the token is for; “Command line” when not given."
            },
            Opt {
                name: "scopes",
                value: Some("WORDS"),
                help: "What it is for, separated by commas: posts:read,media:read; * is everything.",
            },
            Opt { name: "days", value: Some("DAYS"), help: "Ends after so many days; never when not given." },
            CONFIG,
        ],
        settings: &["data"],
        about: "Makes an API token for an account and prints it, this once.",
        more: "A token can never do more than its account may. The scopes are posts:read, posts:write, pages:read, \
               pages:write, comments:read, comments:write, categories:write, media:read, media:write, users:read, \
               users:write, settings:read, settings:write, account:read and account:write. While a server runs on the \
               data file, the command goes to it by a local socket.",
        run: user::token,
    },
    Command {
        name: "import markdown",
        arguments: &[Argument {
            name: "PATH",
            required: true,
            help: "A folder, looked through with its folders, or a single file.",
        }],
        options: &[
            Opt { name: "dry-run", value: None, help: "Report only; write nothing." },
            Opt {
                name: "permalink",
                value: Some("PATTERN"),
                help: "Addresses that the posts had, where the site’s configuration does not tell: /:year/:month/:title/.",
            },
            Opt { name: "base", value: Some("PATH"), help: "The path under which the old site was: /blog." },
            Opt { name: "report", value: Some("FILE"), help: "Writes the whole report to this file." },
            CONFIG,
        ],
        settings: &["data", "public-url", "cache"],
        about: "Brings in Markdown files with front matter.",
        more: "Takes Markdown (.md, .markdown, .mkd, .mdx) and HTML with the headers of Jekyll, Hugo, Zola, Hexo, Pelican, \
               Eleventy and Docusaurus: title, date, slug, permalink, aliases, authors, draft, categories, tags, \
               description, cover, lang. A date may also stand in the path or the file’s name. Old addresses redirect: \
               the configuration of the site is read in PATH or above it. In --permalink, :year, :month, :day, :title \
               (the slug or the file’s name), :categories, :section and the names of header fields are replaced. Images \
               of the site come along, authors become disabled accounts. Importing again brings what changed, also \
               when a file was moved; a post that was edited or deleted on the blog since is left as it is. Set the blog up (or `user add NAME --role administrator`) before importing if the posts’ author \
               should be you.",
        run: import::markdown,
    },
    Command {
        name: "backup",
        arguments: &[Argument { name: "FILE", required: true, help: "The file to make; it must not exist." }],
        options: &[CONFIG],
        settings: &["data"],
        about: "Makes a verified copy of the data file, while it is served too.",
        more: "",
        run: backup::run,
    },
    Command {
        name: "check",
        arguments: &[],
        options: &[CONFIG],
        settings: &["data", "listen", "public-url", "trusted-proxy"],
        about: "Verifies the data file and the configuration.",
        more: "Looks at every record and at everything that refers to another. While the file is served, its checksums \
               are left out; stop the server to have them walked too. Ends with exit code 0 when all is well and 3 \
               when the file is damaged.",
        run: check::run,
    },
    Command {
        name: "help",
        arguments: &[Argument { name: "COMMAND", required: false, help: "A command, or `config` for the settings." }],
        options: &[],
        settings: &[],
        about: "Explains a command; `help config` prints every setting.",
        more: "",
        run: help::run,
    },
];

impl Command {
    /// The command of that name.
    pub fn by_name(name: &str) -> Option<&'static Command> {
        COMMANDS.iter().find(|command| command.name == name)
    }

    /// Commands whose name begins with this word: `user add`, `user list` …
    pub fn group(word: &str) -> Vec<&'static Command> {
        COMMANDS.iter().filter(|command| command.name.split_once(' ').is_some_and(|(first, _)| first == word)).collect()
    }

    /// Whether it has an option of that name, a setting included.
    pub fn takes(&self, option: &str) -> bool {
        self.settings.contains(&option) || self.options.iter().any(|own| own.name == option)
    }
}
