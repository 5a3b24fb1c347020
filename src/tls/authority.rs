//! The local authority and the certificate that it issues, kept in `STATE/tls/`.
//!
//! ```text
//! ca.pem, ca.key        made once; what a browser is told to trust. Ten years.
//! leaf.pem, leaf.key    issued anew when near expiry, for other names, or after the authority changed
//! ```
//!
//! Whoever imports the authority trusts a key that lies in a home folder. Name constraints (RFC 5280 §4.2.1.10) bound
//! what a stolen one is good for: names under `.test` (RFC 6761 §6.2) and `localhost`, and loopback addresses.

use std::{
    collections::BTreeSet,
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PublicKeyData, SerialNumber,
};
use time::{Duration, OffsetDateTime};
use x509_parser::{
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
    pem::Pem,
};

use super::{CertificateFiles, SetupError, folder::Folder};

/// Where the files are.
pub(super) fn files(state_dir: &Path) -> CertificateFiles {
    let folder = state_dir.join("tls");
    CertificateFiles { cert: folder.join(LEAF_CERT), key: folder.join(LEAF_KEY), authority: Some(folder.join(CA_CERT)) }
}

/// Where the certificate of the local authority is, once there is one.
pub fn ca_path(state_dir: &Path) -> PathBuf {
    state_dir.join("tls").join(CA_CERT)
}

/// Makes the local authority if there is none yet, and says where its certificate is.
///
/// # Errors
/// Faults of the file system.
pub fn ensure_ca(state_dir: &Path, now: OffsetDateTime) -> Result<PathBuf, SetupError> {
    let folder = Folder::open(&state_dir.join("tls"))?;
    Authority::load_or_make(&folder, now)?;
    Ok(ca_path(state_dir))
}

/// Copies the certificate of the local authority to this file, making the authority first if need be.
///
/// # Errors
/// Faults of the file system.
pub fn export_ca(state_dir: &Path, to: &Path, now: OffsetDateTime) -> Result<(), SetupError> {
    let path = ensure_ca(state_dir, now)?;
    let text = fs::read(&path).map_err(|error| SetupError::Read { path, error })?;
    // A certificate is public: the usual mode, so that other users' browsers can import it.
    fs::write(to, text).map_err(|error| SetupError::Write { path: to.to_owned(), error })
}

/// Makes what is missing or no longer fit: the certificate is to be good for the usual names and for these.
///
/// # Errors
/// Faults of the file system, and names out of the authority's bounds.
pub(super) fn issue(state_dir: &Path, more: &[String], now: OffsetDateTime) -> Result<(), SetupError> {
    let folder = Folder::open(&state_dir.join("tls"))?;
    let authority = Authority::load_or_make(&folder, now)?;
    let names = names(more)?;
    if !leaf_is_fit(&folder, &authority, &names, now)? {
        let (cert, key) = authority.sign(names, now)?;
        folder.write(LEAF_KEY, &key)?;
        folder.write(LEAF_CERT, &cert)?;
        tracing::info!(path = %folder.file(LEAF_CERT).display(), "issued a certificate");
    }
    Ok(())
}

/// An authority that can sign.
pub(super) struct Authority {
    cert_pem: String,
    key: KeyPair,
}

impl Authority {
    pub(super) fn load_or_make(folder: &Folder, now: OffsetDateTime) -> Result<Self, SetupError> {
        let (cert, key) = (folder.read(CA_CERT)?, folder.read(CA_KEY)?);
        let existed = cert.is_some();
        if let (Some(cert_pem), Some(key)) = (cert, key)
            && let Ok(key) = KeyPair::from_pem(&key)
            // It must outlive whatever it signs today.
            && is_pair_until(&cert_pem, &key, now + LEAF_LIFE)
        {
            return Ok(Self { cert_pem, key });
        }
        let path = folder.file(CA_CERT);
        let key = KeyPair::generate()?;
        let cert_pem = ca_params(now)?.self_signed(&key)?.pem();
        // The key first: a certificate without its key would be one that someone may already trust.
        folder.write(CA_KEY, &key.serialize_pem())?;
        folder.write(CA_CERT, &cert_pem)?;
        if existed {
            tracing::warn!(path = %path.display(), "replaced the local authority, which was unfit: import it again");
        } else {
            tracing::info!(path = %path.display(), "made a local authority");
        }
        Ok(Self { cert_pem, key })
    }

    /// Signs a new key for these names alone; without any, for this machine. Chain and key, as PEM.
    ///
    /// # Errors
    /// Names out of the authority's bounds.
    pub(super) fn sign_for(&self, names: &[String], now: OffsetDateTime) -> Result<(String, String), SetupError> {
        if let Some(name) = names.iter().find(|name| !is_in_bounds(name)) {
            return Err(SetupError::OutOfBounds(name.clone()));
        }
        if names.is_empty() { self.sign(machine_names(), now) } else { self.sign(names.iter().cloned().collect(), now) }
    }

    fn sign(&self, names: BTreeSet<String>, now: OffsetDateTime) -> Result<(String, String), SetupError> {
        let issuer = Issuer::from_ca_cert_pem(&self.cert_pem, &self.key)?;
        let key = KeyPair::generate()?;
        let cert = leaf_params(names, now)?.signed_by(&key, &issuer)?;
        Ok((cert.pem(), key.serialize_pem()))
    }
}

/// Whether the leaf on disk is still good: a pair, by this authority, for these names at least, not near its end.
fn leaf_is_fit(
    folder: &Folder,
    authority: &Authority,
    names: &BTreeSet<String>,
    now: OffsetDateTime,
) -> Result<bool, SetupError> {
    let (Some(cert), Some(key)) = (folder.read(LEAF_CERT)?, folder.read(LEAF_KEY)?) else { return Ok(false) };
    let Ok(key) = KeyPair::from_pem(&key) else { return Ok(false) };
    let by_authority = with_certificate(&authority.cert_pem, |ca| {
        let id = subject_key_id(ca);
        with_certificate(&cert, |leaf| {
            id.is_some() && authority_key_id(leaf) == id && names_of(leaf).is_some_and(|own| own.is_superset(names))
        })
    });
    Ok(by_authority.flatten() == Some(true) && is_pair_until(&cert, &key, now + RENEW_BEFORE))
}

/// Whether key and certificate belong together and the certificate is good now and at `until`.
fn is_pair_until(cert_pem: &str, key: &KeyPair, until: OffsetDateTime) -> bool {
    with_certificate(cert_pem, |cert| {
        cert.public_key().raw == key.subject_public_key_info()
            && cert.validity().not_after.timestamp() > until.unix_timestamp()
    }) == Some(true)
}

pub(super) fn with_certificate<T>(pem: &str, read: impl FnOnce(&X509Certificate<'_>) -> T) -> Option<T> {
    let pem = Pem::iter_from_buffer(pem.as_bytes()).next()?.ok()?;
    let cert = pem.parse_x509().ok()?;
    Some(read(&cert))
}

fn subject_key_id<'a>(cert: &X509Certificate<'a>) -> Option<&'a [u8]> {
    cert.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0),
        _ => None,
    })
}

fn authority_key_id<'a>(cert: &X509Certificate<'a>) -> Option<&'a [u8]> {
    cert.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(id) => id.key_identifier.as_ref().map(|id| id.0),
        _ => None,
    })
}

/// The names that a certificate is for, as [`names`] writes them.
fn names_of(cert: &X509Certificate<'_>) -> Option<BTreeSet<String>> {
    let extension = cert.subject_alternative_name().ok()??;
    extension.value.general_names.iter().map(name_text).collect()
}

fn name_text(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(octets) => {
            let v4 = <[u8; 4]>::try_from(*octets).map(IpAddr::from);
            let v6 = <[u8; 16]>::try_from(*octets).map(IpAddr::from);
            v4.or(v6).ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

/// The names of the certificate: this machine's own, and the hosts that web-platform tests are served under.
///
/// Tests put up to two of [`SUBDOMAINS`] before a host. A wildcard stands for one label (RFC 9525 §6.3), so there is one
/// for each second label.
fn names(more: &[String]) -> Result<BTreeSet<String>, SetupError> {
    let mut names = machine_names();
    for host in TEST_HOSTS {
        names.insert(host.to_owned());
        names.insert(format!("*.{host}"));
        names.extend(SUBDOMAINS.iter().map(|label| format!("*.{label}.{host}")));
    }
    for name in more {
        let wildcard = name.split_once('.').map(|(_, parent)| format!("*.{parent}"));
        if names.contains(name) || wildcard.is_some_and(|wildcard| names.contains(&wildcard)) {
            continue;
        }
        if !is_in_bounds(name) {
            return Err(SetupError::OutOfBounds(name.clone()));
        }
        names.insert(name.clone());
    }
    Ok(names)
}

fn machine_names() -> BTreeSet<String> {
    BTreeSet::from(["localhost".to_owned(), Ipv4Addr::LOCALHOST.to_string(), Ipv6Addr::LOCALHOST.to_string()])
}

/// Whether the authority's name constraints permit a name.
fn is_in_bounds(name: &str) -> bool {
    match name.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => matches!(name.rsplit('.').next(), Some("test" | "localhost")),
    }
}

fn ca_params(now: OffsetDateTime) -> Result<CertificateParams, SetupError> {
    let mut params = params(&subject("Framewright local authority"), Vec::new(), now, CA_LIFE)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::DnsName("test".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(IpAddr::from([127, 0, 0, 0]), 8)),
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(IpAddr::from(Ipv6Addr::LOCALHOST), 128)),
        ],
        excluded_subtrees: Vec::new(),
    });
    Ok(params)
}

fn leaf_params(names: BTreeSet<String>, now: OffsetDateTime) -> Result<CertificateParams, SetupError> {
    let mut params = params(&subject("Framewright test server"), names.into_iter().collect(), now, LEAF_LIFE)?;
    make_leaf(&mut params);
    Ok(params)
}

/// What a server's certificate has.
pub(super) fn make_leaf(params: &mut CertificateParams) {
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
}

fn subject(common_name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, "Framewright");
    subject.push(DnType::CommonName, common_name);
    subject
}

/// What both certificates have: a name, a random serial number, and a validity that begins a day ago, because clocks of
/// virtual machines differ.
pub(super) fn params(
    subject: &DistinguishedName,
    names: Vec<String>,
    now: OffsetDateTime,
    life: Duration,
) -> Result<CertificateParams, SetupError> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = subject.clone();
    params.serial_number = Some(random_serial()?);
    params.not_before = now - Duration::DAY;
    params.not_after = now - Duration::DAY + life;
    Ok(params)
}

/// 127 random bits, and positive, as RFC 5280 §4.1.2.2 has it.
fn random_serial() -> Result<SerialNumber, SetupError> {
    let mut octets = [0; 16];
    let random = rustls::crypto::ring::default_provider().secure_random;
    random.fill(&mut octets).map_err(|_| SetupError::Random)?;
    octets[0] = octets[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&octets))
}

const CA_CERT: &str = "ca.pem";
const CA_KEY: &str = "ca.key";
const LEAF_CERT: &str = "leaf.pem";
const LEAF_KEY: &str = "leaf.key";

/// Hosts of the web-platform tests; `.test` resolves nowhere by itself.
const TEST_HOSTS: [&str; 2] = ["web-platform.test", "not-web-platform.test"];

/// Labels that the tests put before a host; the last two are 天気の良い日 and élève (RFC 5891 A-labels).
const SUBDOMAINS: [&str; 5] = ["www", "www1", "www2", "xn--n8j6ds53lwwkrqhv28a", "xn--lve-6lad"];

const CA_LIFE: Duration = Duration::days(3650);

/// Browsers refuse leaf certificates that are good for more than 398 days.
const LEAF_LIFE: Duration = Duration::days(397);

/// A leaf this near to its end is replaced at start, so that none ends while a server runs.
const RENEW_BEFORE: Duration = Duration::days(30);
