//! The fields of a reply: lines of one name stand together, where the first of them was put.

use bytes::Bytes;

/// Field lines, grouped by name without regard to case. Names and values are any octets; what cannot be sent is found
/// out when it is sent.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct ReplyFields {
    groups: Vec<Group>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Group {
    name: Bytes,
    values: Vec<Bytes>,
}

impl ReplyFields {
    /// Replaces all lines of this name by one, spelled this way, in the place of the first; at the end if there was
    /// none.
    pub fn set(&mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) {
        let (name, value) = (name.into(), value.into());
        match self.group(&name) {
            Some(group) => *group = Group { name, values: vec![value] },
            None => self.groups.push(Group { name, values: vec![value] }),
        }
    }

    /// Adds a line behind those of the same name, whose spelling stays; at the end if there is none.
    pub fn append(&mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) {
        let (name, value) = (name.into(), value.into());
        match self.group(&name) {
            Some(group) => group.values.push(value),
            None => self.groups.push(Group { name, values: vec![value] }),
        }
    }

    /// Removes all lines of this name.
    pub fn remove(&mut self, name: &[u8]) {
        self.groups.retain(|group| !group.name.eq_ignore_ascii_case(name));
    }

    /// The values of this name, in order.
    pub fn all(&self, name: &[u8]) -> &[Bytes] {
        let group = self.groups.iter().find(|group| group.name.eq_ignore_ascii_case(name));
        group.map_or(&[], |group| &group.values)
    }

    /// Whether there is a line of this name.
    pub fn contains(&self, name: &[u8]) -> bool {
        !self.all(name).is_empty()
    }

    /// The lines in the order in which they leave.
    pub fn iter(&self) -> impl Iterator<Item = (&Bytes, &Bytes)> {
        self.groups.iter().flat_map(|group| group.values.iter().map(|value| (&group.name, value)))
    }

    fn group(&mut self, name: &[u8]) -> Option<&mut Group> {
        self.groups.iter_mut().find(|group| group.name.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(fields: &ReplyFields) -> Vec<(&[u8], &[u8])> {
        fields.iter().map(|(name, value)| (&name[..], &value[..])).collect()
    }

    #[test]
    fn lines_of_one_name_stand_together_under_their_first_spelling() {
        let mut fields = ReplyFields::default();
        fields.append(&b"B"[..], &b"1"[..]);
        fields.append(&b"a"[..], &b"2"[..]);
        fields.append(&b"b"[..], &b"3"[..]);
        assert_eq!(lines(&fields), [(&b"B"[..], &b"1"[..]), (b"B", b"3"), (b"a", b"2")]);
        fields.set(&b"b"[..], &b"4"[..]);
        assert_eq!(lines(&fields), [(&b"b"[..], &b"4"[..]), (b"a", b"2")]);
        fields.remove(b"B");
        assert_eq!(lines(&fields), [(&b"a"[..], &b"2"[..])]);
        assert!(fields.contains(b"A") && !fields.contains(b"b"));
    }
}
