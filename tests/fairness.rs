//! Many exchanges at once: spinning ones do not stall others, suspended ones cost no thread.

use crate::support::{
    Builder, CARRIERS, Carrier, Client, Server, Site, connect,
    frames::{Connection, End, MAX_CONCURRENT_STREAMS},
};

const ODD: &str = "/misbehaving.handler.wasm";

fn start(config: &str) -> Server {
    let site = Site::new();
    site.handler("hello.handler.wasm", "rust/hello").handler("misbehaving.handler.wasm", "rust/misbehaving");
    // A line for each of thousands of exchanges would only slow the test down.
    Builder::new(site).config(config).argument("--log-level").argument("warn").start()
}

#[tokio::test]
async fn ten_spinning_handlers_do_not_stall_the_others() {
    let server = start("[limits]\ncpu_ms = 60000");
    let mut spinners = Connection::new(connect(&server, Carrier::H2c).await, &[]).await;
    for number in 0..10 {
        spinners.get(2 * number + 1, &format!("{ODD}?do=spin&at=head")).await;
    }
    for number in 0..10 {
        assert_eq!(spinners.head(2 * number + 1).await.status, 200, "it spins from here on");
    }
    let mut others = Vec::new();
    for carrier in CARRIERS {
        others.push(Client::connect(&server, carrier).await);
    }
    let begun = tokio::time::Instant::now();
    for _ in 0..100 {
        for other in &mut others {
            assert_eq!(other.get("/hello.handler.wasm").await.text(), "Hello, world!\n");
        }
    }
    let each = begun.elapsed() / 500;
    assert!(each < std::time::Duration::from_millis(500), "{each:?} each");
    // The connection that carries the spinners works, too, and every one of them still spins.
    spinners.get(101, "/hello.handler.wasm").await;
    assert_eq!(spinners.response(101).await.text(), "Hello, world!\n");
    spinners.round_trip().await;
    assert_eq!(spinners.kept().filter(|frame| frame.header.stream > 0).count(), 0);
}

#[tokio::test]
async fn all_spinners_get_their_turns() {
    let server = start("[limits]\ncpu_ms = 60000");
    let mut connection = Connection::new(connect(&server, Carrier::H2c).await, &[]).await;
    for number in 0..10 {
        connection.get(2 * number + 1, &format!("{ODD}?do=spin&ms=300")).await;
    }
    for number in 0..10 {
        assert_eq!(connection.response(2 * number + 1).await.text(), "spun\n");
    }
}

#[tokio::test]
async fn a_thousand_streams_are_open_at_once_on_one_connection() {
    let server = start("[limits]\nh2_streams = 1000");
    let mut connection = Connection::new(connect(&server, Carrier::H2Tls).await, &[]).await;
    let streams: Vec<u32> = (0..1000).map(|number| 2 * number + 1).collect();
    for stream in &streams {
        connection.post(*stream, &format!("{ODD}?do=wait&on=content&at=head")).await;
    }
    let mut heads = Vec::new();
    for stream in &streams {
        let head = connection.head(*stream).await;
        assert_eq!((head.status, head.end.clone()), (200, End::Closed), "it waits for content");
        heads.push((*stream, head));
    }
    assert_eq!(connection.settings.get(&MAX_CONCURRENT_STREAMS), Some(&1000));
    for stream in streams.iter().rev() {
        connection.content(*stream, b"now", true).await;
    }
    for (stream, head) in heads {
        let response = connection.rest(stream, head).await;
        assert_eq!((response.text(), response.end.clone()), ("waited\n", End::Complete));
    }
}

#[tokio::test]
async fn a_thousand_suspended_exchanges_finish() {
    let server = start("");
    let mut clients = Vec::new();
    for number in 0..200 {
        let mut client = Client::connect(&server, CARRIERS[number % CARRIERS.len()]).await;
        let target = format!("{ODD}?do=wait&ms=1000");
        let request = crate::support::client::Request { method: "GET", target: target.as_bytes(), fields: &[] };
        client.begin(&request, false).await;
        clients.push(client);
    }
    let mut connections = Vec::new();
    for _ in 0..4 {
        let mut connection = Connection::new(connect(&server, Carrier::H2c).await, &[]).await;
        for number in 0..200 {
            connection.get(2 * number + 1, &format!("{ODD}?do=wait&ms=1000")).await;
        }
        connections.push(connection);
    }
    for mut client in clients {
        assert_eq!(client.answer("GET").await.text(), "waited\n");
    }
    for mut connection in connections {
        for number in 0..200 {
            assert_eq!(connection.response(2 * number + 1).await.text(), "waited\n");
        }
    }
}
