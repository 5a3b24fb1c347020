//! The modules' imports point one way: this reads the sources and fails on a back-arrow. Inside one package nothing else
//! stops a cycle.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// Each module and the modules of ours that it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("exchange", &[]),
    ("quota", &[]),
    ("observe", &[]),
    ("drain", &[]),
    ("wire", &["exchange", "observe"]),
    ("tls", &["exchange", "observe"]),
    ("http1", &["drain", "exchange", "observe", "wire"]),
    ("http2", &["drain", "exchange", "observe", "wire"]),
    ("site", &["exchange", "observe"]),
    ("stash", &["exchange"]),
    // Of wire, the codec of raw frames alone; of reply, the form that pipes take.
    ("sandbox", &["exchange", "observe", "quota", "reply", "stash", "wire"]),
    ("substitution", &[]),
    // Of site, reading a part of an open file.
    ("reply", &["site"]),
    ("pipes", &["reply", "substitution"]),
    ("wptserve", &["exchange", "observe", "pipes", "reply", "site", "substitution"]),
    ("router", &["exchange", "observe", "quota", "reply", "sandbox", "site", "wptserve"]),
    ("tenant", &["exchange", "observe", "quota", "router", "sandbox", "site", "stash", "tls"]),
    ("admin", &["exchange", "quota", "tenant"]),
    ("server", &["drain", "exchange", "http1", "http2", "observe", "tls", "wire"]),
    ("cli", &[]),
    // Settings only: config fills what subsystems own.
    (
        "config",
        &[
            "cli", "exchange", "http1", "http2", "observe", "quota", "router", "sandbox", "server", "site", "stash",
            "tenant", "tls", "wptserve",
        ],
    ),
];

#[test]
fn imports_point_one_way() {
    let mut faults = Vec::new();
    for file in sources(Path::new("src")) {
        let Some(module) = module_of(&file) else { continue };
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            faults.push(format!("{}: module `{module}` is not in the map", file.display()));
            continue;
        };
        let text = std::fs::read_to_string(&file).expect("a source file");
        for used in used_modules(&text).into_iter().filter(|used| *used != module && !allowed.contains(&used.as_str()))
        {
            faults.push(format!("{}: `{module}` may not use `{used}`", file.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_map_has_no_cycle() {
    for (module, _) in MAY_USE {
        let mut seen = BTreeSet::new();
        let mut todo = vec![*module];
        while let Some(next) = todo.pop() {
            let uses = MAY_USE.iter().find(|(name, _)| *name == next).map_or(&[][..], |(_, uses)| uses);
            assert!(!uses.contains(module), "`{module}` reaches itself through `{next}`");
            todo.extend(uses.iter().filter(|used| seen.insert(**used)));
        }
    }
}

#[test]
fn files_stay_short() {
    for file in sources(Path::new("src")) {
        let text = std::fs::read_to_string(&file).expect("a source file");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default().lines().count();
        assert!(code <= 500, "{} has {code} lines before its tests: more than 500", file.display());
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a source folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The top-level module of a file; none for the roots of library and binary, and the binary's own modules.
fn module_of(file: &Path) -> Option<String> {
    let first = file.strip_prefix("src").ok()?.components().next()?.as_os_str().to_str()?;
    let name = first.strip_suffix(".rs").unwrap_or(first);
    (!["lib", "main", "command"].contains(&name)).then(|| name.to_owned())
}

/// The top-level modules named behind `crate::`, single or in braces.
fn used_modules(text: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|character| character.is_alphanumeric() || character == '_' || character == '$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => used.extend(group_heads(group)),
            None => used.extend(identifier(rest)),
        }
    }
    used
}

/// The first identifiers of a brace group's members.
fn group_heads(group: &str) -> Vec<String> {
    let (mut heads, mut depth, mut member_starts) = (Vec::new(), 0usize, true);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => member_starts = true,
            _ if member_starts && !character.is_whitespace() => {
                heads.extend(identifier(&group[at..]));
                member_starts = false;
            }
            _ => {}
        }
    }
    heads
}

fn identifier(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect();
    // Macros and types at the crate's root are no modules.
    (!name.is_empty() && name.chars().all(|character| !character.is_uppercase())).then_some(name)
}
