//! The codec of all services: requests of the Memory service are read strictly, everything else as
//! protobuf is usually read.
//!
//! Strictly means that a field which is not in the contract is an error that names it, instead of being
//! passed over: what is not understood must not look stored. Answers stay tolerant, so that a newer daemon
//! may say more than a client knows. Pure; runs wherever a message is decoded.

use crate::status::{ErrorKind, WireError};
use prost::bytes::{Buf as _, Bytes};
use prost::{Message as ProstMessage, Name};
use std::marker::PhantomData;
use tonic::Status;
use tonic::codec::{Codec as TonicCodec, DecodeBuf, Decoder};
use tonic_prost::{ProstCodec, ProstDecoder, ProstEncoder};

/// A message of the contract that is read strictly, as the build script writes it down.
struct Message {
    /// With its package.
    name: &'static str,
    /// Whether it is a request, and not only a part of one.
    is_request: bool,
    /// Number, name and, of a message, its place in [`MESSAGES`].
    fields: &'static [(u32, &'static str, Option<usize>)],
}

static MESSAGES: &[Message] = include!(concat!(env!("OUT_DIR"), "/strict.rs"));

/// Wire types, as the encoding numbers them.
const VARINT: usize = 0;
const EIGHT_BYTES: usize = 1;
const LENGTH_DELIMITED: usize = 2;
const FOUR_BYTES: usize = 5;

/// What the generated clients and servers encode and decode with.
#[derive(Clone, Debug)]
pub struct Codec<T, U>(ProstCodec<T, U>);

impl<T, U> Default for Codec<T, U> {
    fn default() -> Self {
        Self(ProstCodec::new())
    }
}

impl<T, U> TonicCodec for Codec<T, U>
where
    T: ProstMessage + Send + 'static,
    U: ProstMessage + Name + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = StrictDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        self.0.encoder()
    }

    fn decoder(&mut self) -> Self::Decoder {
        let name = U::full_name();
        StrictDecoder {
            strict: MESSAGES
                .iter()
                .find(|message| message.is_request && message.name == name),
            tolerant: self.0.decoder(),
            message: PhantomData,
        }
    }
}

/// Decodes one kind of message, strictly where it is one that is read so.
pub struct StrictDecoder<U> {
    strict: Option<&'static Message>,
    tolerant: ProstDecoder<U>,
    message: PhantomData<U>,
}

impl<U: ProstMessage + Default> Decoder for StrictDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let Some(message) = self.strict else {
            return self.tolerant.decode(buffer);
        };
        let bytes = buffer.copy_to_bytes(buffer.remaining());
        read(message, bytes).map(Some).map_err(Status::from)
    }
}

fn read<U: ProstMessage + Default>(message: &Message, bytes: Bytes) -> Result<U, WireError> {
    let request = short(message.name);
    if let Err(unknown) = check(message, request, &bytes) {
        let error = WireError::new(ErrorKind::Usage, unknown);
        return Err(error.with_hint(
            "nothing was done, for what is not understood must not look stored; `codemem daemon restart` helps when the daemon is older than the client",
        ));
    }
    U::decode(bytes).map_err(|error| {
        // Names message and field, and what is wrong: a text that is not UTF-8, a number where a text belongs.
        let error = error.to_string();
        let what = error
            .strip_prefix("failed to decode Protobuf message: ")
            .unwrap_or(&error);
        WireError::new(ErrorKind::Usage, format!("`{request}` cannot be read: {what}"))
    })
}

/// Looks for fields that are not in the contract, in the message and in its parts. What is no valid
/// encoding is left to whoever decodes it.
fn check(message: &Message, path: &str, mut bytes: &[u8]) -> Result<(), String> {
    while !bytes.is_empty() {
        let Some(key) = varint(&mut bytes) else { return Ok(()) };
        let (number, wire_type) = (key >> 3, key & 7);
        let known = message.fields.iter().find(|(known, _, _)| *known as usize == number);
        let Some((_, name, inner)) = known else {
            return Err(format!("`{path}` has no field {number}"));
        };
        let length = match wire_type {
            VARINT => match bytes.iter().position(|byte| byte & 0x80 == 0) {
                Some(last) => last + 1,
                None => return Ok(()),
            },
            EIGHT_BYTES => 8,
            FOUR_BYTES => 4,
            LENGTH_DELIMITED => match varint(&mut bytes) {
                Some(length) => length,
                None => return Ok(()),
            },
            // Groups: no field of ours is one.
            _ => return Ok(()),
        };
        let Some((value, rest)) = bytes.split_at_checked(length) else {
            return Ok(());
        };
        if let (Some(inner), LENGTH_DELIMITED) = (inner, wire_type) {
            check(&MESSAGES[*inner], &format!("{path}.{name}"), value)?;
        }
        bytes = rest;
    }
    Ok(())
}

fn varint(bytes: &mut &[u8]) -> Option<usize> {
    prost::decode_length_delimiter(bytes).ok()
}

/// The name without its package.
fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1;

    fn strict(name: &str) -> &'static Message {
        MESSAGES
            .iter()
            .find(|message| short(message.name) == name)
            .expect("a strict message")
    }

    fn request() -> v1::FindMemoriesRequest {
        v1::FindMemoriesRequest {
            caller: Some(v1::MemoryCaller {
                project: "/p".to_owned(),
                ..v1::MemoryCaller::default()
            }),
            query: "what".to_owned(),
            filter: Some(v1::MemoryFilter {
                levels: vec![v1::ContextLevel::UserPreference.into(), 77],
                since_ms: -1,
                ..v1::MemoryFilter::default()
            }),
            limit: u32::MAX,
            ..v1::FindMemoriesRequest::default()
        }
    }

    fn refusal(name: &str, bytes: Vec<u8>) -> WireError {
        let read = read::<v1::FindMemoriesRequest>(strict(name), bytes.into());
        read.expect_err("refused")
    }

    /// A length-delimited field.
    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![number << 3 | 2, content.len() as u8];
        bytes.extend(content);
        bytes
    }

    #[test]
    fn what_is_in_the_contract_is_read() {
        let bytes = request().encode_to_vec();
        let read: v1::FindMemoriesRequest = read(strict("FindMemoriesRequest"), bytes.into()).expect("read");
        assert_eq!(read, request());
    }

    #[test]
    fn every_request_of_the_service_is_strict_and_no_answer_is() {
        let requests: Vec<&str> = MESSAGES
            .iter()
            .filter(|m| m.is_request)
            .map(|m| short(m.name))
            .collect();
        for name in [
            "AddMemoryRequest",
            "ImportMemoriesRequest",
            "RestoreMemoriesRequest",
            "MemoryStatsRequest",
        ] {
            assert!(requests.contains(&name), "{name}");
        }
        assert!(requests.iter().all(|name| name.ends_with("Request")), "{requests:?}");
        assert!(MESSAGES.iter().all(|message| !message.name.ends_with("Response")));
        let mut answers = Codec::<v1::AddMemoryRequest, v1::FindMemoriesResponse>::default();
        assert!(answers.decoder().strict.is_none());
        let mut others = Codec::<v1::StatusResponse, v1::StatusRequest>::default();
        assert!(others.decoder().strict.is_none());
        let mut requests = Codec::<v1::FindMemoriesResponse, v1::FindMemoriesRequest>::default();
        assert!(requests.decoder().strict.is_some());
    }

    #[test]
    fn an_unknown_field_is_named_wherever_it_is() {
        let unknown = field(9, b"x");
        let mut top = request().encode_to_vec();
        top.extend(&unknown);
        let error = refusal("FindMemoriesRequest", top);
        assert_eq!(error.kind, ErrorKind::Usage);
        assert_eq!(error.message, "`FindMemoriesRequest` has no field 9");
        let inside = [request().encode_to_vec(), field(3, &unknown)].concat();
        assert_eq!(
            refusal("FindMemoriesRequest", inside).message,
            "`FindMemoriesRequest.filter` has no field 9"
        );
        // Also as a number, as a group, and with the largest number there is.
        for bytes in [vec![9 << 3, 1], vec![9 << 3 | 3], vec![0xf8, 0xff, 0xff, 0xff, 0x0f, 1]] {
            assert!(refusal("FindMemoriesRequest", bytes).message.contains("has no field"));
        }
    }

    #[test]
    fn what_cannot_be_decoded_says_where() {
        let error = refusal("FindMemoriesRequest", field(2, b"\xed\xa0\x80"));
        assert_eq!(error.kind, ErrorKind::Usage);
        assert!(error.message.contains("FindMemoriesRequest.query"), "{error}");
        assert!(error.message.contains("UTF-8"), "{error}");
        for bytes in [
            vec![0x12],
            vec![0x12, 9, b'x'],
            vec![0xff; 20],
            vec![1 << 3 | 2, 2, 0x12, 0xff],
        ] {
            assert_eq!(refusal("FindMemoriesRequest", bytes).kind, ErrorKind::Usage);
        }
    }
}
