//! Base64 read back as text: what is hidden in it is judged like what is not.

/// Most characters that are read.
const MAX: usize = 8 * 1024;

/// The text that a run of base64 (standard or for addresses, padded or not) stands for; `None` when it is none or no text.
pub(super) fn text(encoded: &str) -> Option<String> {
    let encoded = encoded.trim_end_matches('=');
    if encoded.len() < 4 || encoded.len() > MAX || encoded.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(encoded.len() * 3 / 4);
    let (mut bits, mut n_bits) = (0_u32, 0_u32);
    for byte in encoded.bytes() {
        let sextet = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(sextet);
        n_bits += 6;
        if n_bits >= 8 {
            n_bits -= 8;
            bytes.push((bits >> n_bits) as u8);
            bits &= (1 << n_bits) - 1;
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.chars().any(|c| c.is_control() && !c.is_whitespace())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_alphabets_and_refuses_what_is_no_text() {
        assert_eq!(text("dXNlcjpwYXNz"), Some("user:pass".to_owned()));
        assert_eq!(text("w6Q_w6Q-"), Some("ä?ä>".to_owned()));
        assert_eq!(text("w6Q/w6Q+"), Some("ä?ä>".to_owned()));
        assert_eq!(text("dXNlcg=="), Some("user".to_owned()));
        assert_eq!(text("/////w=="), None);
        assert_eq!(text("AAAA"), None);
        assert_eq!(text("a b c"), None);
    }
}
