//! What lies at a path, for those who answer with it in ways of their own.

use std::{fs::File, sync::Arc};

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    Refusal, Site, SitePath, is_program_name,
    respond::{blocking, cached},
    root::{Found, Opened},
};

/// What lies at a path.
#[derive(Debug)]
pub enum Lying {
    /// A file.
    File(FileContent),
    /// A directory.
    Directory(Vec<Name>),
}

/// A file's octets.
#[derive(Clone, Debug)]
pub enum FileContent {
    /// Read already.
    Memory(Bytes),
    /// Open; this many octets when it was opened.
    Disk(Arc<File>, u64),
}

/// A name in a directory.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Name {
    /// The name, any octets but `/` and NUL.
    pub octets: Vec<u8>,
    /// Whether it is a directory's; links count as files unless the site follows all of them.
    pub is_directory: bool,
}

impl FileContent {
    /// Octets, when it was opened.
    pub fn length(&self) -> u64 {
        match self {
            Self::Memory(octets) => octets.len() as u64,
            Self::Disk(_, length) => *length,
        }
    }
}

impl Site {
    /// What is at `path`, as it is after `arrived`. A path that ends in `/` names directories only. Directories
    /// are listed without regard to an index, in no order, handlers and scripts among the rest; of more than 10,000
    /// names the rest is left out.
    ///
    /// # Errors
    /// A [`Refusal`]; handlers and scripts are forbidden.
    pub async fn find(&self, path: SitePath<'_>, arrived: Instant) -> Result<Lying, Refusal> {
        if is_program_name(path.name()) {
            return Err(Refusal::Forbidden("the octets of handlers and scripts are not served"));
        }
        if let Some(file) = self.fresh(&path, arrived) {
            return Ok(Lying::File(FileContent::Memory(file.content.clone())));
        }
        let (root, sought) = (Arc::clone(&self.root), path.clone().into_owned());
        let (lying, keep) = blocking(move || match root.find(&sought)? {
            Found::File(_) if sought.is_directory() => Err(Refusal::NotFound),
            Found::File(file) => read(&sought, file),
            Found::Directory(directory) => {
                let (entries, _) = directory.entries(MAX_NAMES).map_err(Refusal::Unreadable)?;
                let names =
                    entries.into_iter().map(|entry| Name { octets: entry.name, is_directory: entry.is_directory });
                Ok((Lying::Directory(names.collect()), None))
            }
        })
        .await?;
        if let Some(file) = keep {
            self.cache.insert(path.key(), file);
        }
        Ok(lying)
    }

    /// Whether something is at `path`, or was just now: one system call that waits for nobody, as long as the system
    /// has the directories in memory.
    pub fn exists(&self, path: &SitePath<'_>) -> bool {
        self.root.identity(path.as_octets()).is_some()
    }
}

type Kept = Option<Arc<super::cache::CachedFile>>;

fn read(path: &SitePath<'_>, mut file: Opened) -> Result<(Lying, Kept), Refusal> {
    if file.is_program {
        return Err(Refusal::Forbidden("the octets of handlers and scripts are not served"));
    }
    Ok(match cached(path, &mut file)? {
        Some(small) => {
            let content = FileContent::Memory(small.content.clone());
            (Lying::File(content), small.identity.is_settled().then(|| Arc::new(small)))
        }
        None => (Lying::File(FileContent::Disk(Arc::new(file.file), file.length)), None),
    })
}

/// Names of a directory that are looked at: with names of 255 octets this already costs 2.5 MB.
const MAX_NAMES: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::Settings;

    fn site() -> (tempfile::TempDir, Site) {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, octets) in [("a.txt", "text"), ("x.handler.wasm", "no"), ("d/index.html", "index"), ("d/.f", "")] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, octets).expect("a file");
        }
        std::fs::File::create(folder.path().join("large")).and_then(|file| file.set_len(3 << 20)).expect("a file");
        let site = Site::open(&Settings::new(folder.path())).expect("a site");
        (folder, site)
    }

    async fn lying(site: &Site, path: &str) -> Result<Lying, Refusal> {
        site.find(SitePath::parse(path.as_bytes()).expect("a path"), Instant::now()).await
    }

    #[tokio::test]
    async fn files_come_whole_or_open_and_directories_as_names() {
        let (_folder, site) = site();
        for _ in 0..2 {
            let Ok(Lying::File(FileContent::Memory(octets))) = lying(&site, "/a.txt").await else { panic!("a file") };
            assert_eq!(octets, "text");
        }
        let Ok(Lying::File(file @ FileContent::Disk(..))) = lying(&site, "/large").await else { panic!("a file") };
        assert_eq!(file.length(), 3 << 20);
        for path in ["/d", "/d/"] {
            let Ok(Lying::Directory(mut names)) = lying(&site, path).await else { panic!("a directory") };
            names.sort();
            assert_eq!(names.iter().map(|name| &name.octets[..]).collect::<Vec<_>>(), [&b".f"[..], b"index.html"]);
        }
        assert!(matches!(lying(&site, "/a.txt/").await, Err(Refusal::NotFound)));
        assert!(matches!(lying(&site, "/none").await, Err(Refusal::NotFound)));
        assert!(matches!(lying(&site, "/x.handler.wasm").await, Err(Refusal::Forbidden(_))));
        let exists = |path: &[u8]| site.exists(&SitePath::parse(path).expect("a path"));
        assert!(exists(b"/a.txt") && exists(b"/d") && !exists(b"/none"));
    }

    #[tokio::test]
    async fn fewer_octets_than_asked_for_are_read_at_the_end_alone() {
        let (folder, _site) = site();
        let file = Arc::new(File::open(folder.path().join("a.txt")).expect("a file"));
        for (offset, length, expected) in [(0, 4, "text"), (0, 9, "text"), (2, 1, "x"), (2, 9, "xt"), (4, 1, "")] {
            assert_eq!(crate::site::read(&file, offset, length).await.expect("octets"), expected.as_bytes());
        }
    }

    #[tokio::test]
    async fn a_changed_file_comes_as_it_is_now() {
        let (folder, site) = site();
        let path = folder.path().join("a.txt");
        for text in ["one", "two", "three"] {
            std::fs::write(&path, text).expect("it is written");
            let Ok(Lying::File(FileContent::Memory(octets))) = lying(&site, "/a.txt").await else { panic!("a file") };
            assert_eq!(octets, text);
        }
    }
}
