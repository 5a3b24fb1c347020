use std::{path::Path, sync::Arc, task::{Context, Poll}, net::SocketAddr};
use bytes::Bytes;
use framewright::{exchange::*, sandbox::*};
struct Null;
impl StreamWriter for Null {
    fn send_informational<'a>(&'a mut self, _: u16, _: &'a FieldSection) -> BoxFuture<'a, Result<(), SendError>> { Box::pin(async {Ok(())}) }
    fn send_head<'a>(&'a mut self, h: ResponseHead<'a>) -> BoxFuture<'a, Result<(), SendError>> { if std::env::var("V").is_ok() {println!("{h:?}");} Box::pin(async {Ok(())}) }
    fn send_data(&mut self, d: Bytes, _: bool) -> BoxFuture<'_, Result<(), SendError>> { if std::env::var("V").is_ok() {println!("{d:?}");} Box::pin(async {Ok(())}) }
    fn send_trailers<'a>(&'a mut self, _: &'a FieldSection) -> BoxFuture<'a, Result<(), SendError>> { Box::pin(async {Ok(())}) }
    fn reset(&mut self, c: u32) {println!("reset {c}");}
    fn open_window(&self) -> u64 {0}
    fn can_send_trailers(&self) -> bool {true}
    fn poll_peer_gone(&mut self, _: &mut Context<'_>) -> Poll<Option<u32>> {Poll::Pending}
}
fn ex() -> Exchange {
    let a: SocketAddr = "127.0.0.1:1".parse().unwrap();
    Exchange { id: ExchangeId::next(), head: RequestHead { method: Bytes::from_static(b"GET"), scheme: Bytes::from_static(b"http"), authority: None, path_and_query: Bytes::from_static(b"/"), version: Version::Http11, fields: FieldSection::new(), verbatim: Bytes::new() }, content: Box::new(NoContent), response: ResponseWriter::new(Box::new(Null), Version::Http11, false), connection: Arc::new(ConnectionFacts{ id: ConnectionId::next(), peer: a, local: a, listener: "x".into(), tls: None}), stream_id: None }
}
#[test] fn x(){
    let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().event_interval(8).build().unwrap();
    rt.block_on(async {
    let sb = Sandbox::new(Settings{cache_dir: Some("/tmp/fwcache".into()), ..Settings::default()}).unwrap();
    let t = Target { file: Path::new("/work/wt/hello.wasm").into(), name: "hello".into(), grants: Grants::NONE, root: Path::new("/").into() };
    println!("{:?}", sb.check(&t.file, Grants::NONE));
    unsafe_print(&sb.run(&t, ex()).await);
    for _ in 0..3 {
    let mut v = Vec::new();
    for _ in 0..20000 { let e = ex(); let s = std::time::Instant::now(); let r = sb.run(&t, e).await; v.push(s.elapsed()); assert!(r.outcome.cause().is_none()); }
    v.sort(); println!("p10 {:?} p50 {:?} p90 {:?} p99 {:?}", v[v.len()/10], v[v.len()/2], v[v.len()*9/10], v[v.len()*99/100]);
    }
    });
}
fn unsafe_print(r: &Report) { println!("{r:?}"); }
