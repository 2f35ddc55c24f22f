use std::time::Duration;

use super::*;

fn wrong(text: &str) -> String {
    Config::parse(text).expect_err("refused").to_string()
}

#[test]
fn a_whole_file_is_read() {
    let text = r#"
        data = "/srv/mail"
        hostname = "mail.example.org"
        imap = "127.0.0.1:143"
        imaps = ["127.0.0.1:993", "[::1]:993"]
        lmtp = "unix:/run/lmtp"
        append_limit = "10 MiB"
        plaintext_login = true
        [tls]
        certificate = "/etc/c.pem"
        key = "/etc/k.pem"
        [limits]
        sessions_per_account = 7
        [store]
        retention = "2 weeks"
        memory = "1G"
        reserve = "1 GiB"
        [delivery]
        detail_separator = "-"
        [log]
        format = "json"
        level = "debug"
    "#;
    let config = Config::parse(text).unwrap();
    assert_eq!(config.data(), Path::new("/srv/mail"));
    assert_eq!(config.hostname(), "mail.example.org");
    assert_eq!(config.imap(), ["127.0.0.1:143".parse().unwrap()]);
    assert_eq!(config.imaps().len(), 2);
    assert_eq!(config.lmtp(), [Listen::Unix("/run/lmtp".into())]);
    assert_eq!(config.append_limit, Size(10 << 20));
    assert!(config.plaintext_login);
    assert_eq!(config.limits.sessions_per_account, 7);
    assert_eq!(config.limits.connections, Limits::default().connections);
    let options = config.store.options(&config.limits);
    assert_eq!((options.retention, options.memory), (Duration::from_hours(14 * 24), 1 << 30));
    assert_eq!((options.reserve, Storage::default().options(&config.limits).reserve), (Some(1 << 30), None));
    assert_eq!(options.inspect, store::Options::default().inspect);
    assert_eq!(config.delivery.separator(), Some('-'));
    assert_eq!(config.log.format, LogFormat::Json);
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_key_that_was_meant() {
    assert_eq!(
        wrong("data = \"/x\"\nimasp = \"[::]:993\"\n"),
        "line 2: there is no key `imasp`; did you mean `imaps`?"
    );
    assert_eq!(wrong("[log]\n\nfromat = \"json\"\n"), "line 3: there is no key `fromat`; did you mean `format`?");
    assert_eq!(
        wrong("[limits]\nsessions-per-account = 7"),
        "line 2: there is no key `sessions-per-account`; did you mean `sessions_per_account`?"
    );
    let far = wrong("colour = \"red\"");
    assert!(far.starts_with("line 1: there is no key `colour`; there are data, hostname,"), "{far}");
}

#[test]
fn a_wrong_value_says_what_to_write() {
    assert!(
        wrong("imap = \"143\"").contains("write 127.0.0.1:143, [::]:143 or unix:/path"),
        "{}",
        wrong("imap = \"143\"")
    );
    assert!(wrong("\n\nappend_limit = \"lots\"").starts_with("line 3: `lots` is no size"));
    assert!(wrong("append_limit = 0").contains("0 has room for nothing"));
    assert!(wrong("append_limit = \"99999999999G\"").contains("no size"));
    for time in ["\"30\"", "\"0d\"", "\"soon\"", "\"5 months\"", "\"99999999999999999d\""] {
        let told = wrong(&format!("[store]\nretention = {time}"));
        assert!(told.starts_with("line 2: ") && told.contains("write one like \"30d\""), "{told}");
    }
    assert!(wrong("imap = 143").contains("line 1: "));
    assert!(wrong("imap = [").contains("line 1: "));
}

#[test]
fn flags_win_over_the_file_and_name_all_listeners() {
    let config = Config::parse("imap = \"127.0.0.1:143\"\nimaps = \"127.0.0.1:993\"").unwrap();
    let flags = Overrides {
        imap: vec!["127.0.0.1:1143".parse().unwrap()],
        plaintext_login: Some(true),
        data: Some("/tmp/x".into()),
        ..Overrides::default()
    };
    let config = config.with(flags);
    assert_eq!(config.imap(), ["127.0.0.1:1143".parse().unwrap()]);
    assert_eq!(config.imaps(), []);
    assert!(config.plaintext_login);
    assert_eq!(config.data(), Path::new("/tmp/x"));
}

#[test]
fn without_a_file_the_usual_ports() {
    let config = Config::load(None, Overrides::default()).unwrap();
    assert_eq!(config.imap(), ["[::]:143".parse().unwrap()]);
    assert_eq!(config.imaps(), ["[::]:993".parse().unwrap()]);
    assert_eq!(config.lmtp(), ["127.0.0.1:24".parse().unwrap()]);
}

#[test]
fn a_certificate_without_its_key_is_refused() {
    let flags = Overrides { certificate: Some("/c.pem".into()), ..Overrides::default() };
    assert_eq!(Config::load(None, flags).unwrap_err(), ConfigError::HalfTls);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::load(Some(Path::new("/no/such.toml")), Overrides::default()).unwrap_err().to_string();
    assert!(error.starts_with("cannot read the configuration /no/such.toml: "), "{error}");
}
