//! The Date field's value (RFC 9110 §5.6.7).

use std::time::SystemTime;

use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

const IMF_FIXDATE: &[BorrowedFormatItem<'static>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// Now.
#[expect(clippy::disallowed_methods, reason = "this is where the calendar's time enters responses")]
pub(super) fn today() -> OffsetDateTime {
    SystemTime::now().into()
}

/// Now, as IMF-fixdate.
pub(super) fn now() -> String {
    text(today())
}

fn text(moment: OffsetDateTime) -> String {
    moment.format(IMF_FIXDATE).expect("every component of the format is one that a date has")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_imf_fixdate() {
        let moment = OffsetDateTime::from_unix_timestamp(784_111_777).expect("in range");
        assert_eq!(text(moment), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
