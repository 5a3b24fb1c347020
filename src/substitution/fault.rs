//! Why a template cannot be substituted.

/// An expression that cannot be substituted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}, octet {offset}: `{{{{{expression}}}}}`: {fault}")]
pub struct SubstitutionError {
    /// The line that the expression starts in, from 1.
    pub line: usize,
    /// Octets before the expression's first brace.
    pub offset: usize,
    /// What stands between the braces; shortened.
    pub expression: String,
    /// What is wrong with it.
    pub fault: ExpressionFault,
}

/// What is wrong with an expression.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ExpressionFault {
    /// Nothing that the language knows stands where a name should.
    #[error("no name at its start")]
    NoName,
    /// An index, arguments or an assignment stand where a name should.
    #[error("{0} where a name should be")]
    NotName(Part),
    /// A name or an assignment stands behind a value.
    #[error("{0} behind a value, where only `[index]` and `(arguments)` may be")]
    NotStep(Part),
    /// An index or an argument is not UTF-8.
    #[error("{0} that is not UTF-8")]
    NotUtf8(Part),
    /// Nothing has this name.
    #[error("`{0}` is not defined")]
    Undefined(String),
    /// What has no members is indexed.
    #[error("{0} has no members")]
    NoMembers(Kind),
    /// A number is needed as the index, or a text.
    #[error("{of} cannot be indexed by {by}")]
    IndexKind {
        /// What is indexed.
        of: Kind,
        /// What the index is.
        by: Kind,
    },
    /// There is no such member.
    #[error("there is no member {0}")]
    NoMember(String),
    /// The request has no such field.
    #[error("the request has no field `{0}`")]
    NoField(String),
    /// The name of a field or a query parameter has characters beyond ISO 8859-1.
    #[error("`{0}` is no name of a field or parameter: it has characters beyond ISO 8859-1")]
    NotLatin1(String),
    /// What is no function is called.
    #[error("{0} cannot be called")]
    NotCallable(Kind),
    /// A function has other arguments than it takes.
    #[error("`{function}` takes {takes} arguments, not {has}")]
    Arguments {
        /// The function.
        function: &'static str,
        /// How many it takes.
        takes: usize,
        /// How many there are.
        has: usize,
    },
    /// `file_hash` does not know the algorithm.
    #[error("`{0}` is none of md5, sha1, sha224, sha256, sha384 and sha512")]
    Algorithm(String),
    /// A file cannot be had, or named.
    #[error("`{path}`: {reason}")]
    File {
        /// As the expression names it.
        path: String,
        /// Why.
        reason: String,
    },
    /// The result cannot stand in a document.
    #[error("it comes to {0}, not to text or a number")]
    NoResult(Kind),
    /// The result is not UTF-8.
    #[error("the result is not UTF-8")]
    ResultNotUtf8,
    /// The escaping that the template is to have is unknown.
    #[error("unknown escaping `{0}`: `html` and `none` are known")]
    Escape(String),
    /// The document becomes too large.
    #[error("the result would have more than {0} octets")]
    TooLarge(usize),
}

/// What a part of an expression is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// `name` or `$name`.
    Name,
    /// `$name:`.
    Assignment,
    /// `[index]`.
    Index,
    /// `(arguments)`.
    Arguments,
}

impl std::fmt::Display for Part {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(match self {
            Self::Name => "a name",
            Self::Assignment => "an assignment",
            Self::Index => "an index",
            Self::Arguments => "arguments",
        })
    }
}

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Text.
    Text,
    /// Octets.
    Octets,
    /// A whole number.
    Number,
    /// A list.
    List,
    /// A map.
    Map,
    /// A function.
    Function,
    /// Nothing.
    Nothing,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(match self {
            Self::Text => "a text",
            Self::Octets => "octets",
            Self::Number => "a number",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Function => "a function",
            Self::Nothing => "nothing",
        })
    }
}
