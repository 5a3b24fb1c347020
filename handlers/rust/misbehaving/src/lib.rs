use framewright_guest::{Request, ResponseWriter, handler};
handler!(x);
fn x(_: Request, _: ResponseWriter) {}
