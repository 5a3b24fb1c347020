//! What expressions see.

use std::collections::BTreeMap;

/// What the expressions of a template see of the request, the configuration and the site.
pub trait Facts {
    /// `headers[name]`: the value of a request field; none if there is no such field.
    fn field(&self, name: &str) -> Option<Vec<u8>>;

    /// `GET[name]`: the octets of the first value of a query parameter; none if there is no such parameter.
    fn query(&self, name: &str) -> Option<Vec<u8>>;

    /// `hosts`, `domains`, `host`, `ports`, `browser_host` and every other key of the configuration; none for others.
    fn config(&self, name: &str) -> Option<&Value>;

    /// `location[part]`: `server`, `scheme`, `host`, `hostname`, `port`, `path`, `pathname` or `query`; none for others.
    fn location(&self, part: &str) -> Option<String>;

    /// `url_base`: `/` or the prefix of the mount point.
    fn url_base(&self) -> &str;

    /// `uuid()`: a random UUID (RFC 9562 §5.4) in its usual form.
    fn uuid(&self) -> String;

    /// The octets of a file named below the document root, for `file_hash(algorithm, path)`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    fn file(&self, path: &str) -> Result<Vec<u8>, String>;

    /// `fs_path(path)`: the absolute path of a file: below the document root if `path` starts with `/`, else beside the
    /// file that was requested.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    fn fs_path(&self, path: &str) -> Result<String, String>;
}

/// What an expression, or a step of one, comes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// Text.
    Text(String),
    /// Octets.
    Octets(Vec<u8>),
    /// A whole number.
    Number(i64),
    /// By index, from 0.
    List(Vec<Self>),
    /// By key.
    Map(BTreeMap<String, Self>),
    /// Something that is no result: a function, or what stands for nothing.
    Nothing,
}
