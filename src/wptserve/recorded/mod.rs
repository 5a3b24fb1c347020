//! What the original answered to recorded requests, and what comes of them here. The little that joins the parts stands
//! in `answer.rs`; templates are filled in by hand.

mod answer;
mod exchange;
mod routing;
mod urls;

use exchange::{Exchange, exchanges};

#[test]
fn generated_documents_are_the_originals_octet_by_octet() {
    compare(include_str!("../../../tests/wptserve/recorded/generated.txt"), 277);
}

#[test]
fn files_side_files_ranges_listings_and_errors_are_the_originals() {
    compare(include_str!("../../../tests/wptserve/recorded/files.txt"), 122);
}

fn compare(text: &str, at_least: usize) {
    let exchanges = exchanges(text);
    assert!(exchanges.len() >= at_least, "only {} exchanges", exchanges.len());
    let site = answer::Site::new();
    let mut faults = Vec::new();
    for exchange in &exchanges {
        let answered = site.answer(exchange);
        if answered != exchange.response {
            faults.push(format!("{}\nexpected:\n{}\nfound:\n{answered}", exchange.request, exchange.response));
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n\n{}", faults.len(), exchanges.len(), faults.join("\n\n"));
}
