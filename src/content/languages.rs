//! Which grammar colours code of a language, by the names that GitHub's Linguist and other highlighters use.

/// Names of grammars with the words for them.
///
/// Some languages have no grammar of their own here, and get one whose comments, strings and keywords look alike:
/// PowerShell that of R, Lisp that of Clojure (the grammar of Lisp takes exponential time), JSX that of TSX.
const GRAMMARS: &[(&str, &str)] = &[
    ("Bourne Again Shell (bash)", "sh shell zsh ksh ash shell-script bash-script sh-session"),
    ("JavaScript", "javascript js mjs cjs node nodejs es6 ecmascript"),
    ("TypeScriptReact", "tsx jsx react babel typescriptreact javascriptreact"),
    ("TypeScript", "typescript ts mts cts deno"),
    ("JSON", "json jsonc json5 jsonl ndjson jsonld geojson topojson webmanifest avsc"),
    ("C#", "csharp c# cs csx cake dotnet"),
    ("F#", "fsharp f# fs fsx fsi"),
    ("C++", "cpp c++ cc cxx hpp hxx hh h++ arduino ino cuda cu metal"),
    ("C", "c h opencl"),
    ("Objective-C", "objectivec objective-c objc obj-c"),
    ("Objective-C++", "objectivec++ objective-c++ objectivecpp objc++ objcpp obj-c++ mm"),
    ("ASP", "vb vbnet vb.net visualbasic visual-basic vbscript vba basic"),
    ("R", "r rscript splus powershell pwsh ps1 psm1 posh"),
    ("Python", "python py python2 python3 py2 py3 pyi pycon ipython ipython3 sage starlark bzl bazel rusthon"),
    ("Batch File", "batch batchfile bat cmd dosbatch winbatch dos"),
    ("Apache Conf", "apache apacheconf apache2 aconf htaccess vhost"),
    ("nginx", "nginx nginxconf nginx-conf"),
    (
        "SQL",
        "sql mysql mariadb postgres postgresql pgsql plpgsql psql sqlite sqlite3 plsql tsql t-sql mssql oracle ddl dml cql hiveql bigquery duckdb",
    ),
    ("LaTeX", "latex tex ltx xelatex lualatex"),
    ("BibTeX", "bibtex bib"),
    ("Rust", "rust rs ron rust-script"),
    ("Ruby", "ruby rb jruby macruby rake irb rbx gemfile podfile"),
    ("HTML (Rails)", "erb html+erb rhtml html+ruby"),
    ("HTML (EEx)", "eex heex leex html+eex"),
    ("HTML (Jinja2)", "django jinja-html html+jinja html+django htmldjango nunjucks njk liquid"),
    ("Jinja2", "jinja jinja2 j2"),
    ("HTML (Twig)", "twig html+twig"),
    ("HTML", "html htm xhtml html5 handlebars hbs mustache htmlbars html+handlebars angular"),
    ("XML", "xml xsd xslt xsl rss atom wsdl svg plist csproj vbproj xaml mathml kml gpx qrc rdf opml pom"),
    ("Svelte", "svelte astro"),
    ("Vue Component", "vue"),
    ("CSS", "css postcss pcss"),
    ("SCSS", "scss"),
    ("Sass", "sass"),
    ("Less", "less"),
    ("Stylus", "stylus styl"),
    ("YAML", "yaml yml docker-compose compose ansible k8s kubernetes openapi"),
    ("TOML", "toml"),
    ("INI", "ini dosini cfg conf editorconfig systemd desktop reg registry service"),
    ("Java Properties", "properties java-properties"),
    ("DotENV", "env dotenv .env"),
    ("Markdown", "markdown md mdx gfm commonmark pandoc rmarkdown rmd"),
    ("Makefile", "makefile make mk mf bsdmake gnumake"),
    ("CMake", "cmake"),
    ("Ninja", "ninja"),
    ("Dockerfile", "dockerfile docker containerfile"),
    ("Go", "go golang"),
    ("Java", "java"),
    ("Kotlin", "kotlin kt kts"),
    ("Scala", "scala sbt"),
    ("Groovy", "groovy gradle jenkinsfile jenkins"),
    ("Swift", "swift"),
    ("Dart", "dart flutter"),
    (
        "Clojure",
        "clojure clj cljs cljc edn lisp common-lisp commonlisp cl elisp emacs-lisp emacs scheme scm guile fennel hy wat wast wasm",
    ),
    ("Racket", "racket rkt"),
    ("Haskell", "haskell hs"),
    ("Literate Haskell", "lhs literate-haskell"),
    ("Elm", "elm"),
    ("PureScript", "purescript purs"),
    ("Idris", "idris idr"),
    ("Lean 4", "lean lean4"),
    ("OCaml", "ocaml ml reason reasonml"),
    ("SML", "sml standard-ml standardml"),
    ("Elixir", "elixir ex exs"),
    ("Erlang", "erlang erl"),
    ("Perl", "perl pl pm perl5 perl6 raku rakulang"),
    ("Lua", "lua luau moonscript"),
    ("PHP", "php inc php5 php7 php8"),
    ("Julia", "julia jl"),
    ("MATLAB", "matlab octave"),
    ("Fortran (Modern)", "fortran f90 f95 f03 f08 fortran-free"),
    ("Pascal", "pascal delphi objectpascal pas freepascal"),
    ("Ada", "ada adb ads ada95 ada2005"),
    ("x86_64 Assembly", "asm assembly nasm yasm masm gas armasm x86asm s"),
    ("VimL", "vim viml vimscript nvim"),
    ("Terraform", "terraform tf hcl opentofu tofu"),
    ("GraphQL", "graphql gql graphqls"),
    ("Protocol Buffer", "protobuf proto proto3 protobuf3 protocol-buffer protocol-buffers"),
    ("Graphviz (DOT)", "dot graphviz gv"),
    ("Diff", "diff patch udiff"),
    ("HTTP Request and Response", "http https"),
    ("Regular Expression", "regex regexp re"),
    ("Separated Values", "csv"),
    ("Tab Separated Values", "tsv"),
    ("JQ", "jq"),
    ("CoffeeScript", "coffeescript coffee coffee-script cson litcoffee"),
    ("LiveScript", "livescript live-script ls"),
    ("D", "d dlang"),
    ("Nim", "nim nimrod"),
    ("Crystal", "crystal cr"),
    ("Zig", "zig zon"),
    ("GLSL", "glsl hlsl vert frag shader"),
    ("WGSL", "wgsl"),
    ("QML", "qml"),
    ("Solidity", "solidity sol"),
    ("Vyper", "vyper vy"),
    ("VHDL", "vhdl"),
    ("Verilog", "verilog"),
    ("SystemVerilog", "systemverilog sv"),
    ("Tcl", "tcl tk"),
    ("AWK", "awk gawk mawk nawk"),
    ("Fish", "fish nushell nu"),
    ("AppleScript", "applescript osascript"),
    ("ActionScript", "actionscript as3 flash"),
    ("Ruby Haml", "haml"),
    ("Ruby Slim", "slim"),
    ("reStructuredText", "rst restructuredtext rest"),
    ("AsciiDoc (Asciidoctor)", "asciidoc adoc"),
    ("orgmode", "org orgmode org-mode"),
    ("Textile", "textile"),
    ("MediaWiki", "mediawiki wikitext wiki"),
    ("Groff/troff", "groff troff roff"),
    ("Manpage", "man"),
    ("Git Ignore", "gitignore ignore ignore-list dockerignore"),
    ("Git Attributes", "gitattributes git-attributes"),
    ("Git Config", "gitconfig git-config"),
    ("Git Commit", "gitcommit"),
    ("SSH Config", "ssh-config ssh_config sshconfig"),
    ("log", "log logs"),
    ("Crontab", "crontab cron"),
    ("Puppet", "puppet pp"),
    ("Nix", "nix nixos"),
    ("LLVM", "llvm llvm-ir ll"),
    ("Typst", "typst typ"),
    ("Rego", "rego opa"),
    ("jsonnet", "jsonnet libsonnet"),
    ("gnuplot", "gnuplot"),
    ("GDScript (Godot Engine)", "gdscript gd godot"),
    ("Robot Framework", "robot robotframework"),
    ("Cabal", "cabal"),
    ("CFML", "cfml cfm coldfusion"),
    ("NSIS", "nsis nsi"),
    ("Requirements.txt", "requirements pip"),
    ("Java Server Page (JSP)", "jsp"),
];

/// The name of the grammar for `language`; `None` for plain text and unknown languages. PHP without an opening tag is
/// taken as the inside of one.
pub fn grammar(language: &str, code: &str) -> Option<&'static str> {
    let language = language.to_ascii_lowercase();
    let word = ["language-", "lang-"].iter().find_map(|prefix| language.strip_prefix(prefix)).unwrap_or(&language);
    // HackMD writes `python=` for numbered lines.
    let word = word.trim_end_matches('=');
    let known = |words: &str| words.split(' ').any(|known| known == word);
    let (name, _) = GRAMMARS.iter().find(|(_, words)| known(words))?;
    Some(if *name == "PHP" && !code.contains("<?") { "PHP Source" } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::budget::Budget;
    use crate::content::highlight::Grammars;

    #[test]
    fn every_grammar_is_there_and_every_word_means_one() {
        let set = two_face::syntax::extra_newlines();
        let mut words: Vec<&str> = GRAMMARS.iter().flat_map(|(_, words)| words.split(' ')).collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
        for (name, _) in GRAMMARS.iter().chain(&[("PHP Source", "")]) {
            assert!(set.find_syntax_by_name(name).is_some(), "{name}");
        }
    }

    #[test]
    fn code_is_coloured_whatever_people_call_its_language() {
        let grammars = Grammars::default();
        for (language, code) in [
            ("jsx", "const owl = <b>1</b>; // hoot\n"),
            ("cjs", "const owl = require('owl');\n"),
            ("csharp", "var owl = \"hoot\";\n"),
            ("objective-c", "NSString *owl = @\"hoot\";\n"),
            ("pwsh", "$owl = \"hoot\" # night\n"),
            ("py3", "owl = 1 # hoot\n"),
            ("bat", "rem hoot\n"),
            ("apacheconf", "# hoot\nRewriteEngine On\n"),
            ("mysql", "SELECT 'hoot' -- night\n"),
            ("tex", "\\section{owl} % hoot\n"),
            ("emacs-lisp", "(defun owl () \"hoot\") ; night\n"),
            ("php", "$owl = 'hoot'; // night\n"),
            ("lang-Rust", "let owl = 1; // hoot\n"),
            ("vb", "' hoot\nDim owl\n"),
            ("python=", "owl = 1 # hoot\n"),
        ] {
            let html = grammars.spans(code, language, &mut Budget::default());
            assert!(html.as_ref().is_some_and(|html| html.contains("<span class=\"hl-")), "{language}: {html:?}");
        }
        for plain in ["", "text", "plaintext", "console", "output", "no-such-language", "c d"] {
            assert_eq!(grammar(plain, ""), None, "{plain}");
        }
    }
}
