use super::*;

const CLIENT_FIRST: &[u8] = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const SERVER_NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const CLIENT_FINAL: &[u8] = b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                              p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

fn pencil() -> Keys {
    Keys::derive(b"pencil", base64::decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap(), 4096)
}

fn pending(nonce: &str) -> Pending {
    let first = ClientFirst::parse(CLIENT_FIRST, Binding::Unavailable).unwrap();
    server_first(&first, Binding::Unavailable, pencil(), nonce).1
}

fn check(pending: &Pending, message: &[u8]) -> Result<String, Broken> {
    pending.read(message).and_then(|proof| pending.check(&proof))
}

#[test]
fn the_example_of_rfc_7677_section_3() {
    let first = ClientFirst::parse(CLIENT_FIRST, Binding::Unavailable).unwrap();
    assert_eq!((first.username.as_str(), first.authzid.as_deref()), ("user", None));
    let (text, pending) = server_first(&first, Binding::Unavailable, pencil(), SERVER_NONCE);
    let expected = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    assert_eq!(text, expected);
    assert_eq!(check(&pending, CLIENT_FINAL).as_deref(), Ok("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
}

#[test]
fn a_replayed_transcript_fails() {
    assert_eq!(check(&pending(&nonce().unwrap()), CLIENT_FINAL), Err(Broken::Nonce));
    assert_ne!(nonce().unwrap(), nonce().unwrap());
    // With the new nonce put in its place, the proof is of another message.
    let spliced = String::from_utf8_lossy(CLIENT_FINAL).replace(SERVER_NONCE, "other");
    assert_eq!(check(&pending("other"), spliced.as_bytes()), Err(Broken::Proof));
}

#[test]
fn a_wrong_password_fails() {
    let first = ClientFirst::parse(CLIENT_FIRST, Binding::Unavailable).unwrap();
    let other = Keys::derive(b"pencils", pencil().salt, 4096);
    let (_, pending) = server_first(&first, Binding::Unavailable, other, SERVER_NONCE);
    assert_eq!(check(&pending, CLIENT_FINAL), Err(Broken::Proof));
}

#[test]
fn the_channel_binding_flag_has_to_match_what_was_offered() {
    let with = |flag: &str| format!("{flag},,n=user,r=abc").into_bytes();
    let parse = |flag: &str, binding| ClientFirst::parse(&with(flag), binding).map(|_| ());
    let exporter = Binding::Exporter([7; 32]);
    assert_eq!(parse("n", Binding::Unavailable), Ok(()));
    assert_eq!(parse("n", Binding::Declined), Ok(()));
    assert_eq!(parse("y", Binding::Unavailable), Ok(()));
    assert_eq!(parse("p=tls-exporter", exporter), Ok(()));
    // A downgrade: -PLUS was announced, and the client did not get to see it (RFC 5802 §6).
    assert_eq!(parse("y", Binding::Declined), Err(Broken::Binding));
    assert_eq!(parse("n", exporter), Err(Broken::Binding));
    assert_eq!(parse("y", exporter), Err(Broken::Binding));
    assert_eq!(parse("p=tls-unique", exporter), Err(Broken::Binding));
    assert_eq!(parse("p=tls-exporter", Binding::Declined), Err(Broken::Binding));
    assert_eq!(parse("x", Binding::Unavailable), Err(Broken::Syntax));
}

#[test]
fn a_binding_to_another_connection_fails() {
    let prove = |ours: [u8; 32], theirs: [u8; 32]| {
        let binding = Binding::Exporter(ours);
        let first = ClientFirst::parse(b"p=tls-exporter,,n=user,r=abc", binding).unwrap();
        let (text, pending) = server_first(&first, binding, pencil(), "def");
        let message = client_final(&text, &[b"p=tls-exporter,,", &theirs[..]].concat());
        check(&pending, message.as_bytes())
    };
    assert!(prove([7; 32], [7; 32]).is_ok());
    assert_eq!(prove([7; 32], [8; 32]), Err(Broken::Binding));
}

/// What a client that knows "pencil" answers, its first message having been `n=user,r=abc`.
fn client_final(server_first: &str, bound: &[u8]) -> String {
    let without = format!("c={},r=abcdef", base64::encode(bound));
    let salted = pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(b"pencil", &pencil().salt, 4096);
    let client_key = hmac(&salted, b"Client Key");
    let auth = format!("n=user,r=abc,{server_first},{without}");
    let signature = hmac(&Sha256::digest(client_key), auth.as_bytes());
    let proof: Vec<u8> = client_key.iter().zip(signature).map(|(a, b)| a ^ b).collect();
    format!("{without},p={}", base64::encode(&proof))
}

#[test]
fn names_with_commas_and_equals_signs() {
    let parse = |text: &str| ClientFirst::parse(text.as_bytes(), Binding::Unavailable);
    let first = parse("n,a=b=2Cc,n=x=3Dy=2Cz,r=abc,q=1").unwrap();
    assert_eq!((first.authzid.as_deref(), first.username.as_str()), (Some("b,c"), "x=y,z"));
    for wrong in
        ["n,,n=a=b,r=abc", "n,,n=a=2c,r=abc", "n,,n=,r=abc", "n,,n=a", "n,,r=abc,n=a", "n,,n=a,r=", "n,,n=a,r=a b"]
    {
        assert_eq!(parse(wrong), Err(Broken::Syntax), "{wrong}");
    }
    for wrong in ["", "n", "n,", "n,,", "n,b=x,n=a,r=b", "n,,n=a,r=b,x", "n,,n=a,r=b,1=2", "n,,n=a\0,r=b"] {
        assert_eq!(parse(wrong), Err(Broken::Syntax), "{wrong}");
    }
    assert_eq!(parse("n,,m=x,n=a,r=b"), Err(Broken::Extension));
    assert_eq!(parse("n,,n=a,r=b,m=x"), Err(Broken::Extension));
    assert_eq!(ClientFirst::parse(b"n,,n=\xff,r=b", Binding::Unavailable), Err(Broken::Syntax));
}

#[test]
fn broken_last_messages() {
    let pending = pending(SERVER_NONCE);
    for wrong in [
        "",
        "c=biws",
        "c=biws,r=x",
        "c=biws,r=x,p=",
        "c=biws,r=x,p=AAAA",
        "r=x,c=biws,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    ] {
        assert_eq!(check(&pending, wrong.as_bytes()), Err(Broken::Syntax), "{wrong}");
    }
    let unbound = String::from_utf8_lossy(CLIENT_FINAL).replace("biws", "eSws");
    assert_eq!(check(&pending, unbound.as_bytes()), Err(Broken::Binding));
}

#[test]
fn a_fake_stays_the_same_and_differs_by_name_and_secret() {
    let (a, b) = (Keys::fake(&[1; 32], "nobody"), Keys::fake(&[1; 32], "nobody"));
    assert_eq!(a, b);
    assert_ne!(a.salt, Keys::fake(&[1; 32], "nobody2").salt);
    assert_ne!(a.salt, Keys::fake(&[2; 32], "nobody").salt);
    let real = Keys::new(b"x").unwrap();
    assert_eq!((a.iterations, a.salt.len()), (real.iterations, real.salt.len()));
    assert!(real.fit(b"x") && !real.fit(b"y"));
}
