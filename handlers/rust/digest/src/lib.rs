//! Hashes an upload of any size as it streams through, in constant memory, and answers with its SHA-256 and length.

use framewright_guest::{ContentEvent, Fault, Request, ResponseWriter, field, handler};
use sha2::{Digest, Sha256};

handler!(digest);

fn digest(request: Request, response: ResponseWriter) -> Result<(), Fault> {
    let mut hash = Sha256::new();
    let mut octets = 0;
    loop {
        match request.read(0, None)? {
            ContentEvent::Data(data) => {
                hash.update(&data);
                octets += data.len() as u64;
            }
            ContentEvent::Trailers(_) => {}
            ContentEvent::End => break,
        }
    }

    let answer = format!("{{\"sha256\":\"{}\",\"octets\":{octets}}}\n", hexadecimal(&hash.finalize()));
    let fields = [field("content-type", "application/json"), field("content-length", answer.len().to_string())];
    response.send_headers(200, &fields, false)?;
    Ok(response.send_data(answer.as_bytes(), true)?)
}

fn hexadecimal(octets: &[u8]) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]).collect()
}
