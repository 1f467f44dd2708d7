//! How the daemon program says what its settings would be without becoming a daemon.
//!
//! A mistake in the configuration keeps every daemon from starting, and so from saying what the mistake is beside
//! and what is allowed instead. A client then runs the program with [`FLAG`] and reads what it prints: the encoded
//! answer that a daemon would give, mistakes left out of the settings and told as its problem.

use crate::v1::ShowConfigResponse;
use prost::Message as _;

/// The flag, without dashes.
pub const FLAG: &str = "print-settings";

/// The bytes that the daemon program prints.
pub fn encode(settings: &ShowConfigResponse) -> Vec<u8> {
    settings.encode_to_vec()
}

/// Reads what [`encode`] wrote; `None` when it is something else.
pub fn decode(bytes: &[u8]) -> Option<ShowConfigResponse> {
    // No bytes would be an answer without a key.
    let settings = ShowConfigResponse::decode(bytes).ok()?;
    (!settings.keys.is_empty()).then_some(settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::ConfigKey;

    #[test]
    fn settings_come_back_as_they_were_printed() {
        let settings = ShowConfigResponse {
            file: "/c.toml".to_owned(),
            keys: vec![ConfigKey::default()],
            problem: "line 3".to_owned(),
            ..ShowConfigResponse::default()
        };
        assert_eq!(decode(&encode(&settings)), Some(settings));
        for other in [&b""[..], b"error: unexpected argument '--print-settings' found\n"] {
            assert_eq!(decode(other), None);
        }
    }
}
