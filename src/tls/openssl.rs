//! The authority and the certificate that wptserve's `openssl` kind keeps, under its names and with its rule for using
//! them again: both serve until six hours before they end, whoever made them.
//!
//! ```text
//! cacert.pem, cacert.key    the authority
//! HOST.pem, HOST.key        the certificate; HOST is the shortest name that it is for
//! ```
//!
//! What is made here has keys on P-256, not RSA, and they are not encrypted: whoever can read the one can read the
//! password in the configuration.

use std::{
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CidrSubnet, DistinguishedName, DnType, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints,
};
use time::{Duration, OffsetDateTime};

use super::{
    CertificateFiles, OpenSsl, SetupError,
    authority::{make_leaf, params, with_certificate},
    folder::Folder,
};

const CA_CERT: &str = "cacert.pem";
const CA_KEY: &str = "cacert.key";
const CA_NAME: &str = "web-platform-tests";

/// What ends sooner than this is made anew.
const RENEW_BEFORE: Duration = Duration::hours(6);

/// Where the files are.
pub(super) fn files(settings: &OpenSsl) -> CertificateFiles {
    let host = shortest(&settings.names);
    CertificateFiles {
        cert: settings.folder.join(format!("{host}.pem")),
        key: settings.folder.join(format!("{host}.key")),
        authority: Some(settings.folder.join(CA_CERT)),
    }
}

/// Makes what is missing or ends too soon.
///
/// # Errors
/// Faults of the file system, and an authority whose key cannot be read.
pub(super) fn issue(settings: &OpenSsl, now: OffsetDateTime) -> Result<(), SetupError> {
    // Nothing is written, not even a lock, while what is there will do: the folder may be read-only.
    if !settings.renew && is_complete(settings, now)? {
        tracing::info!(folder = %settings.folder.display(), "using the certificates that are there");
        return Ok(());
    }
    let folder = Folder::open(&settings.folder)?;
    if !settings.renew && is_complete(settings, now)? {
        return Ok(());
    }
    let (ca_cert, ca_key) = authority(&folder, settings, now)?;
    let issuer = Issuer::from_ca_cert_pem(&ca_cert, &ca_key)?;
    let host = shortest(&settings.names);
    let key = KeyPair::generate()?;
    let mut params = params(&subject(host), settings.names.clone(), now, life(settings))?;
    make_leaf(&mut params);
    let cert = params.signed_by(&key, &issuer)?;
    folder.write(&format!("{host}.key"), &key.serialize_pem())?;
    folder.write(&format!("{host}.pem"), &cert.pem())?;
    tracing::info!(path = %folder.file(&format!("{host}.pem")).display(), "made a certificate");
    Ok(())
}

/// Whether PEM holds a key that a password protects (RFC 5958 §3, RFC 1421 §4.6.1.1).
pub(super) fn is_encrypted(pem: &[u8]) -> bool {
    let text = String::from_utf8_lossy(pem);
    text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED")
}

/// The authority that is there, or a new one.
fn authority(folder: &Folder, settings: &OpenSsl, now: OffsetDateTime) -> Result<(String, KeyPair), SetupError> {
    if !settings.renew
        && let (Some(cert), Some(key)) = (folder.read(CA_CERT)?, folder.read(CA_KEY)?)
        && lasts(&cert, now)
    {
        let path = folder.file(CA_KEY);
        if is_encrypted(key.as_bytes()) {
            return Err(SetupError::Encrypted(path));
        }
        return match KeyPair::from_pem(&key) {
            Ok(key) => Ok((cert, key)),
            Err(error) => Err(SetupError::Key { path, reason: error.to_string() }),
        };
    }
    let mut params = params(&subject(CA_NAME), Vec::new(), now, life(settings))?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.name_constraints =
        Some(NameConstraints { permitted_subtrees: subtrees(&settings.names), excluded_subtrees: Vec::new() });
    let key = KeyPair::generate()?;
    let cert = params.self_signed(&key)?.pem();
    folder.write(CA_KEY, &key.serialize_pem())?;
    folder.write(CA_CERT, &cert)?;
    tracing::info!(path = %folder.file(CA_CERT).display(), "made an authority");
    Ok((cert, key))
}

/// Whether authority and certificate are there and last.
fn is_complete(settings: &OpenSsl, now: OffsetDateTime) -> Result<bool, SetupError> {
    let CertificateFiles { cert, key, authority } = files(settings);
    let ca_key = settings.folder.join(CA_KEY);
    for path in [Some(cert), authority].into_iter().flatten() {
        match read(&path)? {
            Some(pem) if lasts(&pem, now) => {}
            _ => return Ok(false),
        }
    }
    Ok(key.is_file() && ca_key.is_file())
}

fn read(path: &Path) -> Result<Option<String>, SetupError> {
    match fs::read(path) {
        Ok(octets) => Ok(Some(String::from_utf8_lossy(&octets).into_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SetupError::Read { path: PathBuf::from(path), error }),
    }
}

/// Whether a certificate is good for long enough.
fn lasts(pem: &str, now: OffsetDateTime) -> bool {
    let until = now + RENEW_BEFORE;
    with_certificate(pem, |cert| cert.validity().not_after.timestamp() >= until.unix_timestamp()) == Some(true)
}

fn life(settings: &OpenSsl) -> Duration {
    // The day before the present, from which certificates are good, does not count.
    Duration::days(i64::from(settings.days) + 1)
}

fn shortest(names: &[String]) -> &str {
    names.iter().min_by_key(|name| (name.len(), name.as_str())).map_or("localhost", String::as_str)
}

fn subject(common_name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, common_name);
    subject
}

/// What the authority may vouch for: the names, each with whatever is below it.
fn subtrees(names: &[String]) -> Vec<GeneralSubtree> {
    let covers = |parent: &str, name: &str| name.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'));
    let tops = names.iter().filter(|name| !names.iter().any(|parent| covers(parent, name)));
    tops.map(|name| match name.parse::<IpAddr>() {
        Ok(address) => {
            let prefix = if address.is_ipv4() { 32 } else { 128 };
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, prefix))
        }
        Err(_) => GeneralSubtree::DnsName(name.clone()),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::tls::{CertificateSource, Identity, Settings};

    const START: OffsetDateTime = datetime!(2030-01-01 0:00 UTC);

    fn settings(folder: &Path) -> OpenSsl {
        let names = ["www.a.test", "a.test", "b.test", "xn--lve-6lad.b.test"].map(str::to_owned).to_vec();
        OpenSsl { folder: folder.join("_certs"), names, days: 30, renew: false }
    }

    fn load(settings: &OpenSsl, now: OffsetDateTime) -> Result<Identity, SetupError> {
        let certificate = CertificateSource::OpenSsl(settings.clone());
        Identity::load(&Settings { certificate, key_log: None }, now)
    }

    #[test]
    fn what_is_made_has_the_names_that_wptserve_looks_for_and_is_used_again() {
        let root = tempfile::tempdir().unwrap();
        let settings = settings(root.path());
        let first = load(&settings, START).unwrap();
        for name in ["cacert.pem", "cacert.key", "a.test.pem", "a.test.key"] {
            assert!(settings.folder.join(name).is_file(), "{name}");
        }
        let ca = fs::read(settings.folder.join(CA_CERT)).unwrap();
        assert_eq!(load(&settings, START + Duration::days(20)).unwrap().spki_hash(), first.spki_hash());
        assert_eq!(first.validity().until, START + Duration::days(30));
        // Six hours before the end both are made anew, for the authority ends with the certificate.
        let nearly = START + Duration::days(30) - Duration::hours(5);
        assert_ne!(load(&settings, nearly).unwrap().spki_hash(), first.spki_hash());
        assert_ne!(fs::read(settings.folder.join(CA_CERT)).unwrap(), ca);
        let renewing = OpenSsl { renew: true, ..settings };
        assert_ne!(load(&renewing, START).unwrap().spki_hash(), load(&renewing, START).unwrap().spki_hash());
    }

    #[test]
    fn the_authority_is_bound_to_the_hosts() {
        let root = tempfile::tempdir().unwrap();
        let settings = settings(root.path());
        load(&settings, START).unwrap();
        let pem = fs::read_to_string(settings.folder.join(CA_CERT)).unwrap();
        let permitted = with_certificate(&pem, |cert| {
            let constraints = cert.name_constraints().unwrap().expect("constraints");
            format!("{:?}", constraints.value.permitted_subtrees)
        });
        let permitted = permitted.unwrap();
        assert!(permitted.contains("\"a.test\"") && permitted.contains("\"b.test\""), "{permitted}");
        assert!(!permitted.contains("www"), "{permitted}");
    }

    #[test]
    fn a_certificate_that_is_gone_is_signed_by_the_authority_that_is_there() {
        let root = tempfile::tempdir().unwrap();
        let settings = settings(root.path());
        let first = load(&settings, START).unwrap();
        let ca = fs::read(settings.folder.join(CA_CERT)).unwrap();
        fs::remove_file(settings.folder.join("a.test.key")).unwrap();
        assert_ne!(load(&settings, START).unwrap().spki_hash(), first.spki_hash());
        assert_eq!(fs::read(settings.folder.join(CA_CERT)).unwrap(), ca);
    }

    #[test]
    fn encrypted_keys_are_refused_by_name() {
        let root = tempfile::tempdir().unwrap();
        let settings = settings(root.path());
        load(&settings, START).unwrap();
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        // Not needed while the certificate is good.
        fs::write(settings.folder.join(CA_KEY), encrypted).unwrap();
        load(&settings, START).unwrap();
        fs::remove_file(settings.folder.join("a.test.pem")).unwrap();
        let error = load(&settings, START).expect_err("encrypted").to_string();
        assert!(error.contains("cacert.key") && error.contains("encrypted"), "{error}");
        let certificate =
            CertificateSource::Files { cert: settings.folder.join(CA_CERT), key: settings.folder.join(CA_KEY) };
        let error = Identity::load(&Settings { certificate, key_log: None }, START).expect_err("encrypted");
        assert!(matches!(error, SetupError::Encrypted(_)), "{error}");
    }
}
