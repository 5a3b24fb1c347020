//! Parts of a sequence, as Python's `sequence[start:end]` selects them.

use std::ops::Range;

/// What `start` and `end` select of `length` members: negative numbers count from the end, what lies outside is cut off,
/// and where the end comes before the start nothing is selected.
pub(super) fn selected(start: Option<i64>, end: Option<i64>, length: usize) -> Range<usize> {
    let place = |number: i64| {
        let distance = usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX);
        if number < 0 { length.saturating_sub(distance) } else { distance.min(length) }
    };
    let start = start.map_or(0, place);
    start..end.map_or(length, place).max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_selected_as_python_selects_them() {
        for (start, end, expected) in [
            (None, None, 0..10),
            (Some(1), None, 1..10),
            (Some(1), Some(3), 1..3),
            (None, Some(3), 0..3),
            (Some(-3), None, 7..10),
            (Some(-3), Some(-1), 7..9),
            (Some(5), Some(2), 5..5),
            (Some(100), None, 10..10),
            (Some(-100), Some(2), 0..2),
            (Some(i64::MIN), Some(i64::MAX), 0..10),
            (Some(i64::MAX), Some(i64::MIN), 10..10),
        ] {
            assert_eq!(selected(start, end, 10), expected, "{start:?} {end:?}");
        }
    }
}
