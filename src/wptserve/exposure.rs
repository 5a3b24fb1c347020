//! The globals that a test runs in (`// META: global=`).

use super::{
    edition::Edition,
    meta::{Metadata, NotText},
};

/// A kind of global that a page can run a test in. (`jsshell` is none: runners do without a page there.)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Global {
    /// A window; the test is a classic script.
    Window,
    /// A window; the test is a module script. Today's.
    WindowModule,
    /// A dedicated worker.
    DedicatedWorker,
    /// A dedicated worker that is a module.
    DedicatedWorkerModule,
    /// A shared worker.
    SharedWorker,
    /// A shared worker that is a module.
    SharedWorkerModule,
    /// A service worker.
    ServiceWorker,
    /// A service worker that is a module.
    ServiceWorkerModule,
    /// A ShadowRealm. Today's.
    ShadowRealm(RealmHost),
}

/// Where a ShadowRealm is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RealmHost {
    /// In a window.
    Window,
    /// In another ShadowRealm, which is in a window.
    ShadowRealm,
    /// In a dedicated worker.
    DedicatedWorker,
    /// In a shared worker.
    SharedWorker,
    /// In a service worker.
    ServiceWorker,
    /// In an audio worklet.
    AudioWorklet,
}

/// Every global, with its keyword and whether it is today's alone.
const GLOBALS: [(Global, &str, Edition); 14] = [
    (Global::Window, "window", Edition::July2021),
    (Global::WindowModule, "window-module", Edition::Today),
    (Global::DedicatedWorker, "dedicatedworker", Edition::July2021),
    (Global::DedicatedWorkerModule, "dedicatedworker-module", Edition::July2021),
    (Global::SharedWorker, "sharedworker", Edition::July2021),
    (Global::SharedWorkerModule, "sharedworker-module", Edition::July2021),
    (Global::ServiceWorker, "serviceworker", Edition::July2021),
    (Global::ServiceWorkerModule, "serviceworker-module", Edition::July2021),
    (Global::ShadowRealm(RealmHost::Window), "shadowrealm-in-window", Edition::Today),
    (Global::ShadowRealm(RealmHost::ShadowRealm), "shadowrealm-in-shadowrealm", Edition::Today),
    (Global::ShadowRealm(RealmHost::DedicatedWorker), "shadowrealm-in-dedicatedworker", Edition::Today),
    (Global::ShadowRealm(RealmHost::SharedWorker), "shadowrealm-in-sharedworker", Edition::Today),
    (Global::ShadowRealm(RealmHost::ServiceWorker), "shadowrealm-in-serviceworker", Edition::Today),
    (Global::ShadowRealm(RealmHost::AudioWorklet), "shadowrealm-in-audioworklet", Edition::Today),
];

impl Global {
    /// Its keyword.
    pub fn keyword(self) -> &'static str {
        GLOBALS.iter().find(|(global, ..)| *global == self).map_or("", |(_, keyword, _)| keyword)
    }
}

/// A set of globals.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exposure(Vec<Global>);

impl Exposure {
    /// What a script's comments say: the first `global` alone counts.
    ///
    /// # Errors
    /// A value before it that is no text.
    pub fn of(metadata: &Metadata, edition: Edition) -> Result<Self, NotText> {
        Ok(Self::parse(metadata.first("global")?.unwrap_or_default(), edition))
    }

    /// Reads a list of keywords. Unknown ones mean nothing; an empty text means windows and dedicated workers.
    pub fn parse(value: &str, edition: Edition) -> Self {
        if value.is_empty() {
            return Self(vec![Global::Window, Global::DedicatedWorker]);
        }
        let mut globals = Vec::new();
        for keyword in value.split(',').map(|keyword| keyword.trim_matches(is_python_space)) {
            match keyword {
                "worker" => globals.extend([Global::DedicatedWorker, Global::SharedWorker, Global::ServiceWorker]),
                "shadowrealm" if edition == Edition::Today => {
                    globals.extend(GLOBALS.iter().filter_map(|(global, ..)| match global {
                        Global::ShadowRealm(_) => Some(*global),
                        _ => None,
                    }));
                }
                _ => globals.extend(named(keyword, edition)),
            }
        }
        Self(globals)
    }

    /// Whether this global is in the set.
    pub fn contains(&self, global: Global) -> bool {
        self.0.contains(&global)
    }
}

fn named(keyword: &str, edition: Edition) -> Option<Global> {
    let (global, _, since) = GLOBALS.iter().find(|(_, name, _)| *name == keyword)?;
    (*since == Edition::July2021 || edition == Edition::Today).then_some(*global)
}

/// What Python's `str.strip` removes: Unicode's white space and four control characters.
fn is_python_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keywords(value: &str, edition: Edition) -> Vec<&'static str> {
        let exposure = Exposure::parse(value, edition);
        GLOBALS.iter().filter(|(global, ..)| exposure.contains(*global)).map(|(_, keyword, _)| *keyword).collect()
    }

    #[test]
    fn keywords_make_sets() {
        let realms = "shadowrealm-in-window,shadowrealm-in-shadowrealm,shadowrealm-in-dedicatedworker,\
                      shadowrealm-in-sharedworker,shadowrealm-in-serviceworker,shadowrealm-in-audioworklet";
        for (value, in_2021, today) in [
            ("", "window,dedicatedworker", "window,dedicatedworker"),
            (" ", "", ""),
            ("window", "window", "window"),
            ("Window", "", ""),
            (" window ,\u{1c}sharedworker\t,jsshell", "window,sharedworker", "window,sharedworker"),
            ("worker", "dedicatedworker,sharedworker,serviceworker", "dedicatedworker,sharedworker,serviceworker"),
            ("worker-module", "", ""),
            ("window-module", "", "window-module"),
            ("shadowrealm", "", realms),
            ("shadowrealm-in-audioworklet,window", "window", "window,shadowrealm-in-audioworklet"),
            ("nonsense,,serviceworker-module", "serviceworker-module", "serviceworker-module"),
            ("!window", "", ""),
        ] {
            assert_eq!(keywords(value, Edition::July2021).join(","), in_2021, "{value}");
            assert_eq!(keywords(value, Edition::Today).join(","), today, "{value}");
        }
    }

    #[test]
    fn every_global_is_found_by_its_keyword() {
        for (global, keyword, _) in GLOBALS {
            assert_eq!(global.keyword(), keyword);
            assert!(Exposure::parse(keyword, Edition::Today).contains(global), "{keyword}");
        }
    }
}
