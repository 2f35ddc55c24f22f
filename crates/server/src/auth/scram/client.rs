//! For tests: an honest client (RFC 5802 §3), or one that is not quite.

use sha2::{Digest, Sha256};

use super::{base64, hmac, nonce};

/// What a client saw of the keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::auth) struct Seen {
    pub(in crate::auth) salt: String,
    pub(in crate::auth) iterations: String,
}

pub(in crate::auth) struct Client {
    name: String,
    password: String,
    flag: String,
    authzid: String,
    exporter: Option<[u8; 32]>,
    nonce: String,
    seen: Seen,
    expects: String,
}

impl Client {
    pub(in crate::auth) fn new(name: &str, password: &str) -> Self {
        Self {
            name: name.to_owned(),
            password: password.to_owned(),
            flag: "n".to_owned(),
            authzid: String::new(),
            exporter: None,
            nonce: nonce().unwrap(),
            seen: Seen::default(),
            expects: String::new(),
        }
    }

    pub(in crate::auth) fn bound(self, exporter: [u8; 32]) -> Self {
        Self { flag: "p=tls-exporter".to_owned(), exporter: Some(exporter), ..self }
    }

    pub(in crate::auth) fn flag(self, flag: &str) -> Self {
        Self { flag: flag.to_owned(), ..self }
    }

    pub(in crate::auth) fn authzid(self, authzid: &str) -> Self {
        Self { authzid: format!("a={authzid}"), ..self }
    }

    fn gs2_header(&self) -> String {
        format!("{},{},", self.flag, self.authzid)
    }

    fn bare(&self) -> String {
        format!("n={},r={}", self.name, self.nonce)
    }

    pub(in crate::auth) fn first(&self) -> String {
        format!("{}{}", self.gs2_header(), self.bare())
    }

    pub(in crate::auth) fn last(&mut self, server_first: &str) -> String {
        let mut parts = server_first.split(',');
        let mut part = |name| parts.next().unwrap().strip_prefix(name).unwrap().to_owned();
        let nonce = part("r=");
        self.seen = Seen { salt: part("s="), iterations: part("i=") };
        assert!(nonce.starts_with(&self.nonce) && nonce.len() > self.nonce.len());
        let mut bound = self.gs2_header().into_bytes();
        bound.extend(self.exporter.iter().flatten());
        let without_proof = format!("c={},r={nonce}", base64::encode(&bound));
        let auth_message = format!("{},{server_first},{without_proof}", self.bare());
        let prepared = stringprep::saslprep(&self.password).unwrap();
        let salt = base64::decode(&self.seen.salt).unwrap();
        let rounds = self.seen.iterations.parse().unwrap();
        let salted = pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(prepared.as_bytes(), &salt, rounds);
        let client_key = hmac(&salted, b"Client Key");
        let signature = hmac(&Sha256::digest(client_key), auth_message.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(signature).map(|(key, signed)| key ^ signed).collect();
        let server_key = hmac(&salted, b"Server Key");
        self.expects = format!("v={}", base64::encode(&hmac(&server_key, auth_message.as_bytes())));
        format!("{without_proof},p={}", base64::encode(&proof))
    }

    pub(in crate::auth) fn believes(&self, server_last: &str) -> bool {
        server_last == self.expects
    }

    pub(in crate::auth) fn seen(&self) -> Seen {
        self.seen.clone()
    }
}
