//! The quick ones among the attacks; the others wait for deadlines or send much, and `make attack` runs them.

use crate::attack::{Arena, Row, all};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quick_attacks_are_refused_and_the_good_tenant_is_served() {
    let arena = Arena::open().await;
    let mut lost = Vec::new();
    for attack in all().iter().filter(|attack| attack.is_quick) {
        let row = arena.endure(attack).await;
        if !row.faults.is_empty() {
            lost.push(row.to_string());
        }
    }
    assert!(lost.is_empty(), "quiet p99: {:?}\n{}\n{}", arena.quiet(), Row::HEAD, lost.join("\n"));
}
