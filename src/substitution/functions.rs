//! What expressions can call.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};

use super::{
    evaluate::latin1,
    facts::{Facts, Value},
    fault::ExpressionFault,
};

/// A function of the language.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Function {
    /// `uuid()`
    Uuid,
    /// `header_or_default(name, default)`
    HeaderOrDefault,
    /// `file_hash(algorithm, path)`
    FileHash,
    /// `fs_path(path)`
    FsPath,
}

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "uuid" => Some(Self::Uuid),
            "header_or_default" => Some(Self::HeaderOrDefault),
            "file_hash" => Some(Self::FileHash),
            "fs_path" => Some(Self::FsPath),
            _ => None,
        }
    }

    /// The result, a text or octets.
    pub(super) fn call(self, arguments: &[&str], facts: &dyn Facts) -> Result<Value, ExpressionFault> {
        match (self, arguments) {
            (Self::Uuid, []) => Ok(Value::Text(facts.uuid())),
            (Self::HeaderOrDefault, [name, default]) => {
                let value = facts.field(latin1(name)?);
                Ok(value.map_or_else(|| Value::Text((*default).to_owned()), Value::Octets))
            }
            (Self::FileHash, [algorithm, path]) => file_hash(algorithm, path, facts),
            (Self::FsPath, [path]) => facts.fs_path(path).map(Value::Text).map_err(|reason| file_fault(path, reason)),
            _ => {
                let (function, takes) = self.signature();
                Err(ExpressionFault::Arguments { function, takes, has: arguments.len() })
            }
        }
    }

    fn signature(self) -> (&'static str, usize) {
        match self {
            Self::Uuid => ("uuid", 0),
            Self::HeaderOrDefault => ("header_or_default", 2),
            Self::FileHash => ("file_hash", 2),
            Self::FsPath => ("fs_path", 1),
        }
    }
}

fn file_hash(algorithm: &str, path: &str, facts: &dyn Facts) -> Result<Value, ExpressionFault> {
    // An unknown algorithm is found out before the file is read.
    let digest: fn(&[u8]) -> Vec<u8> = match algorithm {
        "md5" => |octets| Md5::digest(octets).to_vec(),
        "sha1" => |octets| Sha1::digest(octets).to_vec(),
        "sha224" => |octets| Sha224::digest(octets).to_vec(),
        "sha256" => |octets| Sha256::digest(octets).to_vec(),
        "sha384" => |octets| Sha384::digest(octets).to_vec(),
        "sha512" => |octets| Sha512::digest(octets).to_vec(),
        _ => return Err(ExpressionFault::Algorithm(algorithm.to_owned())),
    };
    let octets = facts.file(path).map_err(|reason| file_fault(path, reason))?;
    Ok(Value::Octets(STANDARD.encode(digest(&octets)).into_bytes()))
}

fn file_fault(path: &str, reason: String) -> ExpressionFault {
    ExpressionFault::File { path: path.to_owned(), reason }
}
