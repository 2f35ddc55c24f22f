//! What `quickstart` writes and says.

use std::path::Path;

use super::Places;

/// What the texts are about.
pub(super) struct Texts<'a> {
    pub(super) address: &'a str,
    pub(super) user: &'a str,
    pub(super) domain: &'a str,
    pub(super) hostname: &'a str,
    pub(super) places: &'a Places,
    pub(super) program: &'a Path,
}

impl Texts<'_> {
    /// The configuration: what differs from the defaults, and what is often changed.
    pub(super) fn configuration(&self) -> String {
        let Self { hostname, domain, .. } = self;
        let data = self.places.data.display();
        format!(
            r#"# Posthorn's configuration. Every key is optional; an unknown one is an error.
# After a change: systemctl restart posthorn

# The server's name, as clients and DNS know it.
hostname = "{hostname}"

# All mail is in here, one file an account. For a backup, copy the folder while the server is stopped.
data = "{data}"

# Where clients connect: IMAP over TLS, and IMAP with STARTTLS.
imaps = "[::]:993"
imap = "[::]:143"

# Where your mail server (Postfix, say) hands mail over. LMTP has no login: keep it on this machine.
lmtp = "127.0.0.1:24"

# The largest message.
append_limit = "64 MiB"

[store]
# How long what was deleted is kept: days that the server runs.
retention = "30d"
# How much memory the states of accounts may take together.
memory = "256 MiB"
# How much of the disk stays free: beyond that no mail is taken, and what is there is read.
reserve = "64 MiB"

# Without these a self-signed certificate is used, and clients ask whether to trust it. New files are read by themselves.
#[tls]
#certificate = "/etc/letsencrypt/live/{hostname}/fullchain.pem"
#key = "/etc/letsencrypt/live/{hostname}/privkey.pem"

[delivery]
# Mail to user+lists@{domain} goes to the mailbox "lists", where there is one.
detail_separator = "+"

[log]
# text or json; error, warn, info, debug or trace
format = "text"
level = "info"
"#
        )
    }

    /// The systemd unit.
    pub(super) fn unit(&self) -> String {
        let (program, config, data) =
            (self.program.display(), self.places.config.display(), self.places.data.display());
        format!(
            "[Unit]
Description=Posthorn mail server
Documentation=https://www.rfc-editor.org/rfc/rfc9051
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
User=posthorn
ExecStart={program} serve --config {config}
Restart=on-failure
TimeoutStopSec=15
LimitNOFILE=524288
# Ports below 1024 without being root.
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths={data}
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
LockPersonality=yes
SystemCallArchitectures=native
UMask=0077

[Install]
WantedBy=multi-user.target
"
        )
    }

    /// What Thunderbird asks for when somebody types an address into it.
    pub(super) fn autoconfig(&self) -> String {
        let Self { domain, hostname, .. } = self;
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="{domain}">
    <domain>{domain}</domain>
    <displayName>{domain}</displayName>
    <incomingServer type="imap">
      <hostname>{hostname}</hostname>
      <port>993</port>
      <socketType>SSL</socketType>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
    </incomingServer>
    <!-- Posthorn does not send mail: this is your mail server. -->
    <outgoingServer type="smtp">
      <hostname>{hostname}</hostname>
      <port>465</port>
      <socketType>SSL</socketType>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
    </outgoingServer>
  </emailProvider>
</clientConfig>
"#
        )
    }

    /// What is left to do.
    pub(super) fn next_steps(&self) -> String {
        let Self { address, user, domain, hostname, .. } = self;
        let (program, config, data) =
            (self.program.display(), self.places.config.display(), self.places.data.display());
        let (unit, autoconfig) = (self.places.unit.display(), self.places.autoconfig.display());
        let install = match self.places.unit.starts_with("/etc/systemd") {
            true => String::new(),
            false => format!("\n    cp {unit} /etc/systemd/system/"),
        };
        format!(
            "
Next, as root:

 1. A user for the server, and the server:

    useradd --system --home-dir {data} --shell /usr/sbin/nologin posthorn
    chown -R posthorn: {data}{install}
    systemctl daemon-reload && systemctl enable --now posthorn

    From then on, commands run as that user: sudo -u posthorn {program} user list --config {config}

 2. A certificate that clients trust, from Let's Encrypt or elsewhere: name its files in [tls] of {config}.

 3. A mail server that takes mail from the world and hands it over by LMTP at 127.0.0.1:24, and sends yours.
    docs/postfix.md has a Postfix configuration.

 4. DNS records of {domain}:

    {hostname}.            A      (this machine's IPv4 address)
    {hostname}.            AAAA   (this machine's IPv6 address)
    {domain}.              MX     10 {hostname}.
    _imaps._tcp.{domain}.  SRV    0 1 993 {hostname}.
    _imap._tcp.{domain}.   SRV    10 1 143 {hostname}.
    _submissions._tcp.{domain}.  SRV  0 1 465 {hostname}.

    (SRV: RFC 6186 and RFC 8314. Thunderbird also looks for https://autoconfig.{domain}/mail/config-v1.1.xml:
    serve {autoconfig} there.)

 5. In a mail client: {address}; server {hostname}, port 993, TLS; user name {address} (not {user}).

To try it now, without any of that: {program} serve --config {config} --imap 127.0.0.1:1143 --imaps 127.0.0.1:1993
"
        )
    }
}
