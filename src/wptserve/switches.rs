//! Faults of the original that pages can see: each is mended or kept as the operator likes. `docs/differences.md` says
//! what each is, and `docs/wpt.md` lists the switches. What no page can see is mended without one.

/// Something that is mended when it is on, and as the original has it when it is off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Switch {
    /// Whole files have a Content-Length, and the connection lives on.
    StaticLength,
    /// Templates and Python handlers see all request fields of one name, not one of them.
    RequestDuplicates,
    /// Generated documents have all fields of one name of their script's side files, not the last of them.
    DocumentDuplicates,
    /// Over HTTP/2 the request's URL has the scheme `https` and the host that was asked for.
    Http2Url,
    /// Over HTTP/2 Python handlers can read the request's content.
    Http2Content,
}

/// Which of the [`Switch`]es are on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Switches(u8);

impl Switch {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::StaticLength, Self::RequestDuplicates, Self::DocumentDuplicates, Self::Http2Url, Self::Http2Content];

    /// Whether it is on unless somebody says otherwise: only where no test of the stable reference comes out otherwise.
    fn is_on_by_default(self) -> bool {
        matches!(self, Self::StaticLength | Self::Http2Content)
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl Switches {
    /// Whether this one is on.
    pub fn has(self, switch: Switch) -> bool {
        self.0 & switch.bit() != 0
    }

    /// Turns each that somebody has named on or off.
    pub fn turn(&mut self, named: impl IntoIterator<Item = (Switch, Option<bool>)>) {
        for (switch, on) in named {
            match on {
                Some(true) => self.0 |= switch.bit(),
                Some(false) => self.0 &= !switch.bit(),
                None => {}
            }
        }
    }
}

impl Default for Switches {
    fn default() -> Self {
        let mut switches = Self(0);
        switches.turn(Switch::ALL.map(|switch| (switch, Some(switch.is_on_by_default()))));
        switches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_switch_is_turned_by_itself() {
        for switch in Switch::ALL {
            for on in [true, false] {
                let mut switches = Switches::default();
                switches.turn([(switch, Some(on))]);
                for other in Switch::ALL {
                    let expected = if other == switch { on } else { other.is_on_by_default() };
                    assert_eq!(switches.has(other), expected, "{switch:?}: {on}, {other:?}");
                }
            }
        }
        let mut switches = Switches::default();
        switches.turn(Switch::ALL.map(|switch| (switch, None)));
        assert_eq!(switches, Switches::default());
    }
}
