//! One table of look-ups, run against each system's way.

use std::{fs, os::unix::fs::symlink, path::Path};

use super::*;

/// What a look-up found, in a word.
fn word<D, I>(result: Result<Found<D, I>, RootError>) -> String {
    match result {
        Ok(Found::File(file)) if file.is_program => "handler".to_owned(),
        Ok(Found::File(mut file)) => {
            let mut text = String::new();
            file.file.read_to_string(&mut text).expect("it can be read");
            text
        }
        Ok(Found::Directory(_)) => "directory".to_owned(),
        Err(RootError::Io(error)) => panic!("{error}"),
        Err(error) => format!("{error:?}"),
    }
}

/// A root with everything that a look-up can meet, and beside it what it must not reach.
fn site() -> tempfile::TempDir {
    let outer = tempfile::tempdir().expect("a directory");
    let root = outer.path().join("root");
    fs::create_dir_all(root.join("sub/deep")).expect("directories");
    let write = |path: &str, text: &str| fs::write(outer.path().join(path), text).expect("a file");
    write("secret", "secret");
    write("root/file", "file");
    write("root/sub/file", "sub file");
    write("root/a.handler.wasm", "component");
    write("root/B.Handler.WASM", "component");
    let link = |target: &Path, path: &str| symlink(target, root.join(path)).expect("a link");
    link(Path::new("sub/file"), "link-in");
    link(Path::new("../file"), "sub/link-up");
    link(Path::new("sub"), "link-directory");
    link(&root.join("sub/file"), "link-in-absolute");
    link(Path::new("../secret"), "link-out");
    link(Path::new("sub/../../secret"), "link-out-by-detour");
    link(Path::new("../root/file"), "link-out-and-in");
    link(Path::new(".."), "link-out-directory");
    link(&outer.path().join("secret"), "link-out-absolute");
    link(Path::new("/etc/passwd"), "link-passwd");
    link(Path::new("a.handler.wasm"), "link-handler.txt");
    link(Path::new("nothing"), "link-broken");
    link(Path::new("link-loop"), "link-loop");
    link(Path::new("/proc/self/root"), "link-magic");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.join("fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .expect("a FIFO");
    outer
}

/// Path, what a confined look-up finds, what one that follows links finds.
const ROWS: &[(&str, &str, &str)] = &[
    ("", "directory", "directory"),
    ("file", "file", "file"),
    ("sub", "directory", "directory"),
    ("sub/file", "sub file", "sub file"),
    ("nothing", "NotFound", "NotFound"),
    ("file/below", "NotFound", "NotFound"),
    ("link-in", "sub file", "sub file"),
    ("sub/link-up", "file", "file"),
    ("link-directory", "directory", "directory"),
    ("link-directory/file", "sub file", "sub file"),
    ("link-in-absolute", "sub file", "sub file"),
    ("link-out", "Outside", "secret"),
    ("link-out-by-detour", "Outside", "secret"),
    ("link-out-and-in", "file", "file"),
    ("link-out-directory", "Outside", "directory"),
    ("link-out-directory/secret", "Outside", "secret"),
    ("link-out-absolute", "Outside", "secret"),
    ("link-magic/etc/passwd", "Outside", ""),
    ("link-passwd", "Outside", ""),
    ("link-broken", "NotFound", "NotFound"),
    ("link-loop", "NotFound", "NotFound"),
    ("a.handler.wasm", "handler", "handler"),
    ("B.Handler.WASM", "handler", "handler"),
    ("link-handler.txt", "handler", "handler"),
    ("fifo", "Special", "Special"),
];

macro_rules! finds_what_is_there {
    ($name:ident, $place:ty) => {
        #[test]
        fn $name() {
            let outer = site();
            for (follow, column) in [(false, 0), (true, 1)] {
                let place = <$place>::open(&outer.path().join("root"), follow).expect("it is there");
                for (path, confined, followed) in ROWS {
                    let expected = [confined, followed][column];
                    if expected.is_empty() {
                        continue;
                    }
                    assert_eq!(word(place.find(path.as_bytes())), **expected, "{path}, follow {follow}");
                }
            }
        }
    };
}

#[cfg(target_os = "linux")]
finds_what_is_there!(the_kernel_confines_look_ups, linux::Place);
finds_what_is_there!(canonical_paths_confine_look_ups, portable::Place);

#[test]
fn a_root_is_a_directory() {
    let outer = site();
    assert!(Root::open(&outer.path().join("root/file"), false).is_err());
    assert!(Root::open(&outer.path().join("nothing"), false).is_err());
    assert!(portable::Place::open(&outer.path().join("root/file"), false).is_err());
}

#[test]
fn names_that_are_not_text_are_found() {
    use std::os::unix::ffi::OsStrExt;
    let outer = site();
    fs::write(outer.path().join("root").join(std::ffi::OsStr::from_bytes(b"\xff")), "odd").expect("a file");
    let root = Root::open(&outer.path().join("root"), false).expect("it is there");
    assert_eq!(word(root.find(&SitePath::parse(b"/%FF").expect("valid"))), "odd");
}

#[test]
fn directories_list_their_names() {
    let outer = site();
    let root = Root::open(&outer.path().join("root"), false).expect("it is there");
    let Ok(Found::Directory(directory)) = root.find(&SitePath::parse(b"/sub").expect("valid")) else { panic!() };
    let (mut entries, is_cut) = directory.entries(10).expect("it can be read");
    entries.sort();
    let seen: Vec<_> = entries.iter().map(|entry| (&entry.name[..], entry.is_directory)).collect();
    assert_eq!(seen, [(b"deep".as_slice(), true), (b"file", false), (b"link-up", false)]);
    assert!(!is_cut);
    let (entries, is_cut) = directory.entries(2).expect("it can be read");
    assert!(entries.len() == 2 && is_cut);
}

macro_rules! lists_links_as_what_they_lead_to {
    ($name:ident, $place:ty) => {
        #[test]
        fn $name() {
            let outer = site();
            for follow in [false, true] {
                let place = <$place>::open(&outer.path().join("root"), follow).expect("it is there");
                let Ok(Found::Directory(directory)) = place.find(b"") else { panic!("a directory") };
                let (entries, _) = directory.entries(100).expect("it can be read");
                let is_directory =
                    |name: &str| entries.iter().find(|entry| entry.name == name.as_bytes()).expect(name).is_directory;
                assert!(is_directory("sub") && !is_directory("file") && !is_directory("fifo"));
                for (name, leads_to_directory) in
                    [("link-directory", true), ("link-out-directory", true), ("link-in", false), ("link-broken", false)]
                {
                    assert_eq!(is_directory(name), follow && leads_to_directory, "{name}, follow {follow}");
                }
            }
        }
    };
}

#[cfg(target_os = "linux")]
lists_links_as_what_they_lead_to!(followed_links_are_listed_as_what_they_lead_to, linux::Place);
lists_links_as_what_they_lead_to!(followed_links_are_listed_so_on_every_system, portable::Place);

#[test]
fn every_change_makes_another_identity() {
    let outer = site();
    let path = outer.path().join("root/file");
    let root = Root::open(&outer.path().join("root"), false).expect("it is there");
    let Ok(Found::File(opened)) = root.find(&SitePath::parse(b"/file").expect("valid")) else { panic!() };
    assert_eq!(root.identity(b"file"), Some(opened.identity));
    fs::write(&path, "longer").expect("a file");
    assert_ne!(root.identity(b"file"), Some(opened.identity));
    fs::remove_file(&path).expect("it was there");
    assert_eq!(root.identity(b"file"), None);
}

#[test]
fn octets_are_read_from_any_place() {
    let outer = site();
    let file = File::open(outer.path().join("root/sub/file")).expect("it is there");
    assert_eq!(read_at(&file, 4, 2).expect("it can be read"), b"fi");
    assert_eq!(read_at(&file, 4, 100).expect("it can be read"), b"file");
    assert_eq!(read_at(&file, 8, 1).expect("it can be read"), b"");
    assert!(read_now(&file, 0, 3).is_none_or(|octets| octets == b"sub"));
    assert!(read_now(&file, 8, 3).is_none());
}
