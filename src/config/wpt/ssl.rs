//! `ssl`: which certificate the servers show.

use std::path::Path;

use serde_json::Value;

use super::node::{Content, Node};
use crate::{
    config::error::{ConfigError, Fault},
    tls::{CertificateSource, OpenSsl},
};

/// Days that a certificate may be good for: a hundred years.
const MOST_DAYS: u64 = 36_500;

/// Where the configuration has the certificate from; none with type `none`. `names` are those of all hosts.
///
/// # Errors
/// What makes no sense, and what this version does not do.
pub(super) fn resolve(
    ssl: &Node,
    checkout: &Path,
    names: Vec<String>,
) -> Result<Option<CertificateSource>, ConfigError> {
    let after_connect = ssl.at("encrypt_after_connect");
    if after_connect.boolean()? {
        return Err(after_connect.fault(Fault::NotSupported("ssl.encrypt_after_connect")));
    }
    let kind = ssl.at("type");
    match kind.text()? {
        "none" => Ok(None),
        "pregenerated" => {
            let files = ssl.at("pregenerated");
            let path = |key: &'static str| {
                let node = files.at(key);
                let path = node.text_or_null()?.ok_or_else(|| node.fault(Fault::Missing { key }))?;
                Ok(checkout.join(path))
            };
            Ok(Some(CertificateSource::Files { cert: path("host_cert_path")?, key: path("host_key_path")? }))
        }
        "openssl" => {
            let settings = ssl.at("openssl");
            let folder = settings.at("base_path");
            let path = folder.text_or_null()?.ok_or_else(|| folder.fault(Fault::Missing { key: "base_path" }))?;
            Ok(Some(CertificateSource::OpenSsl(OpenSsl {
                folder: checkout.join(path),
                names,
                days: days(settings.at("duration"))?,
                renew: settings.at("force_regenerate").boolean()?,
            })))
        }
        other => Err(kind.fault(Fault::Word {
            key: kind.key.clone(),
            value: other.to_owned(),
            expected: "\"pregenerated\", \"openssl\", \"none\"",
        })),
    }
}

fn days(node: &Node) -> Result<u32, ConfigError> {
    let Content::Scalar(Value::Number(number)) = &node.value else { return Err(node.wrong("a number of days")) };
    let value = number.as_u64().ok_or_else(|| node.wrong("a number of days"))?;
    match u32::try_from(value) {
        Ok(days) if (1..=MOST_DAYS).contains(&value) => Ok(days),
        _ => Err(node.fault(Fault::OutOfRange { key: "duration", value, least: 1, most: MOST_DAYS })),
    }
}
