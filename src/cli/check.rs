//! `pamphlet check`: the data file and the configuration, each finding a sentence.

use crate::cli::Outcome;
use crate::cli::args::Call;
use crate::cli::terminal::{counted, say};
use crate::config::Config;
use crate::error::Error;
use crate::store::check;

pub fn run(call: &Call) -> Outcome {
    let config = call.config()?;
    say("The configuration is sound.");
    remarks(&config).iter().for_each(say);
    let data = config.data.display();
    if !config.data.exists() {
        return Err(
            Error::Failed(format!("There is no data file “{data}” to check; please name it with --data.")).into()
        );
    }
    let checkup = check::check(&config.data)?;
    checkup.findings.iter().for_each(say);
    if checkup.more > 0 {
        say(format!("… and {}.", counted(checkup.more, "more finding")));
    }
    let found = checkup.findings.len() + checkup.more;
    if found > 0 {
        return Err(Error::DataFile(format!(
            "The data file “{data}” is damaged: {}, named above. Please restore it from a backup.",
            counted(found, "finding")
        ))
        .into());
    }
    if checkup.schema == 0 {
        say(format!("The data file “{data}” is empty; it is set up at the first start."));
        return Ok(());
    }
    let counts: Vec<String> = checkup.counts.iter().map(|(noun, count)| counted(*count, noun)).collect();
    say(format!("The data file “{data}” is sound (schema {}): {}.", checkup.schema, counts.join(", ")));
    if !checkup.walked {
        say("It is being served, so its checksums were not walked; stop the server to have that done too.");
    }
    Ok(())
}

/// What is allowed and probably not meant.
fn remarks(config: &Config) -> Vec<String> {
    let mut remarks = Vec::new();
    let outside = config.listen.iter().find(|address| !address.ip().is_loopback());
    let plain = config.public_url.as_deref().is_none_or(|url| url.starts_with("http:"));
    if let Some(address) = outside.filter(|_| plain) {
        remarks.push(format!(
            "To know: {address} can be reached from other machines without encryption; behind a proxy with https, set --public-url."
        ));
    }
    let proxied = config.public_url.as_deref().is_some_and(|url| url.starts_with("https:"));
    if proxied && config.trusted_proxies.is_empty() {
        remarks.push(
            "To know: the public URL has https, so there is a proxy; without --trusted-proxy all visitors look like one."
                .into(),
        );
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_probably_not_meant_is_said() {
        let config = |listen: &str, url: Option<&str>| Config {
            listen: vec![listen.parse().unwrap()],
            public_url: url.map(str::to_owned),
            ..Config::default()
        };
        assert!(remarks(&config("127.0.0.1:80", None)).is_empty());
        assert_eq!(remarks(&config("0.0.0.0:80", None)).len(), 1);
        assert_eq!(remarks(&config("127.0.0.1:80", Some("https://example.org"))).len(), 1);
    }
}
