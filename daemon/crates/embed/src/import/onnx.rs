//! The part of the ONNX file format that a graph of ours needs, and nothing more.
//!
//! Each field carries its number in `onnx.proto`. A model is written piece by piece, one tensor at a
//! time, because a graph with its weights does not need to be in memory twice.

use crate::error::EmbedError;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};
use std::io::Write;
use std::path::Path;

/// `TensorProto.DataType`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum DataType {
    Float = 1,
    Int8 = 3,
    Int64 = 7,
}

/// Version of the file format itself; 8 is the one that came with operator set 17.
const IR_VERSION: i64 = 8;
/// The operator set: the first with `LayerNormalization`.
const OPSET: i64 = 17;
/// `ModelProto.graph` and `GraphProto.initializer`, written by hand.
const FIELD_GRAPH: u32 = 7;
const FIELD_INITIALIZER: u32 = 5;

#[derive(Clone, PartialEq, Message)]
struct ModelProto {
    #[prost(int64, tag = "1")]
    ir_version: i64,
    #[prost(string, tag = "2")]
    producer_name: String,
    #[prost(message, repeated, tag = "8")]
    opset_import: Vec<OperatorSetId>,
}

#[derive(Clone, PartialEq, Message)]
struct OperatorSetId {
    #[prost(string, tag = "1")]
    domain: String,
    #[prost(int64, tag = "2")]
    version: i64,
}

/// A graph without its tensors.
#[derive(Clone, PartialEq, Message)]
pub(super) struct GraphProto {
    #[prost(message, repeated, tag = "1")]
    pub(super) node: Vec<NodeProto>,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(message, repeated, tag = "11")]
    pub(super) input: Vec<ValueInfo>,
    #[prost(message, repeated, tag = "12")]
    pub(super) output: Vec<ValueInfo>,
}

/// One operation.
#[derive(Clone, PartialEq, Message)]
pub(super) struct NodeProto {
    #[prost(string, repeated, tag = "1")]
    pub(super) input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub(super) output: Vec<String>,
    #[prost(string, tag = "3")]
    pub(super) name: String,
    #[prost(string, tag = "4")]
    pub(super) op_type: String,
    #[prost(message, repeated, tag = "5")]
    pub(super) attribute: Vec<Attribute>,
}

/// A constant parameter of an operation.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Attribute {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(float, optional, tag = "2")]
    f: Option<f32>,
    #[prost(int64, optional, tag = "3")]
    i: Option<i64>,
    #[prost(int64, repeated, packed = "false", tag = "8")]
    ints: Vec<i64>,
    /// `AttributeProto.AttributeType`: 1 float, 2 int, 7 ints.
    #[prost(int32, tag = "20")]
    kind: i32,
}

impl Attribute {
    pub(super) fn float(name: &str, value: f32) -> Self {
        Self {
            name: name.to_owned(),
            f: Some(value),
            kind: 1,
            ..Self::default()
        }
    }

    pub(super) fn int(name: &str, value: i64) -> Self {
        Self {
            name: name.to_owned(),
            i: Some(value),
            kind: 2,
            ..Self::default()
        }
    }

    pub(super) fn ints(name: &str, values: &[i64]) -> Self {
        Self {
            name: name.to_owned(),
            ints: values.to_vec(),
            kind: 7,
            ..Self::default()
        }
    }
}

/// A constant tensor.
#[derive(Clone, PartialEq, Message)]
pub(super) struct TensorProto {
    #[prost(int64, repeated, packed = "false", tag = "1")]
    dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    data_type: i32,
    #[prost(string, tag = "8")]
    pub(super) name: String,
    /// Little-endian elements, row-major.
    #[prost(bytes = "vec", tag = "9")]
    raw_data: Vec<u8>,
}

impl TensorProto {
    pub(super) fn new(name: String, data_type: DataType, dims: &[usize], raw_data: Vec<u8>) -> Self {
        Self {
            dims: dims.iter().map(|&dim| dim as i64).collect(),
            data_type: data_type as i32,
            name,
            raw_data,
        }
    }
}

/// An input or output of the graph.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ValueInfo {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    r#type: Option<TypeProto>,
}

/// A type; of its kinds only tensors.
#[derive(Clone, PartialEq, Message)]
struct TypeProto {
    #[prost(message, optional, tag = "1")]
    tensor_type: Option<TensorType>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorType {
    #[prost(int32, tag = "1")]
    elem_type: i32,
    #[prost(message, optional, tag = "2")]
    shape: Option<Shape>,
}

#[derive(Clone, PartialEq, Message)]
struct Shape {
    #[prost(message, repeated, tag = "1")]
    dim: Vec<Dimension>,
}

/// An axis: of fixed size or named.
#[derive(Clone, PartialEq, Message)]
struct Dimension {
    #[prost(int64, optional, tag = "1")]
    dim_value: Option<i64>,
    #[prost(string, optional, tag = "2")]
    dim_param: Option<String>,
}

/// An axis as the graph declares it.
#[derive(Clone, Copy)]
pub(super) enum Axis<'a> {
    Named(&'a str),
    Fixed(usize),
}

impl ValueInfo {
    pub(super) fn new(name: &str, elem: DataType, axes: &[Axis<'_>]) -> Self {
        let dim = axes
            .iter()
            .map(|axis| match axis {
                Axis::Named(name) => Dimension {
                    dim_value: None,
                    dim_param: Some((*name).to_owned()),
                },
                Axis::Fixed(size) => Dimension {
                    dim_value: Some(*size as i64),
                    dim_param: None,
                },
            })
            .collect();
        Self {
            name: name.to_owned(),
            r#type: Some(TypeProto {
                tensor_type: Some(TensorType {
                    elem_type: elem as i32,
                    shape: Some(Shape { dim }),
                }),
            }),
        }
    }
}

/// Writes a model: the graph's body first, then its tensors one by one.
pub(super) fn write_model(
    out: &mut impl Write,
    path: &Path,
    graph: &GraphProto,
    tensors: &[TensorProto],
) -> Result<(), EmbedError> {
    let model = ModelProto {
        ir_version: IR_VERSION,
        producer_name: "codemem".to_owned(),
        opset_import: vec![OperatorSetId {
            domain: String::new(),
            version: OPSET,
        }],
    };
    let mut head = model.encode_to_vec();
    let body = graph.encode_to_vec();
    let tensors_len: usize = tensors.iter().map(field_len).sum();
    encode_key(FIELD_GRAPH, WireType::LengthDelimited, &mut head);
    encode_varint((body.len() + tensors_len) as u64, &mut head);
    let mut write = |bytes: &[u8]| out.write_all(bytes).map_err(EmbedError::write(path));
    write(&head)?;
    write(&body)?;
    for tensor in tensors {
        let mut field = Vec::with_capacity(field_len(tensor));
        encode_key(FIELD_INITIALIZER, WireType::LengthDelimited, &mut field);
        encode_varint(tensor.encoded_len() as u64, &mut field);
        tensor.encode_raw(&mut field);
        write(&field)?;
    }
    Ok(())
}

/// Bytes of one initializer with its key (one byte, as the field number is below 16) and length.
fn field_len(tensor: &TensorProto) -> usize {
    let len = tensor.encoded_len();
    1 + encoded_len_varint(len as u64) + len
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same bytes read as one message with the hand-written fields declared.
    #[derive(Clone, PartialEq, Message)]
    struct WholeModel {
        #[prost(int64, tag = "1")]
        ir_version: i64,
        #[prost(message, optional, tag = "7")]
        graph: Option<WholeGraph>,
        #[prost(message, repeated, tag = "8")]
        opset_import: Vec<OperatorSetId>,
    }

    #[derive(Clone, PartialEq, Message)]
    struct WholeGraph {
        #[prost(message, repeated, tag = "1")]
        node: Vec<NodeProto>,
        #[prost(message, repeated, tag = "5")]
        initializer: Vec<TensorProto>,
        #[prost(message, repeated, tag = "12")]
        output: Vec<ValueInfo>,
    }

    #[test]
    fn what_is_written_in_pieces_reads_as_one_message() {
        let graph = GraphProto {
            node: vec![NodeProto {
                op_type: "Add".into(),
                attribute: vec![Attribute::int("axis", 0), Attribute::ints("perm", &[0, 2, 1])],
                ..NodeProto::default()
            }],
            name: "g".into(),
            input: Vec::new(),
            output: vec![ValueInfo::new(
                "y",
                DataType::Float,
                &[Axis::Named("batch"), Axis::Fixed(3)],
            )],
        };
        let tensors = vec![
            TensorProto::new("a".into(), DataType::Float, &[2], vec![0; 8]),
            TensorProto::new("b".into(), DataType::Int8, &[200, 2], vec![7; 400]),
        ];
        let mut bytes = Vec::new();
        write_model(&mut bytes, Path::new("model"), &graph, &tensors).expect("memory");
        let read = WholeModel::decode(bytes.as_slice()).expect("a message");
        let read_graph = read.graph.expect("a graph");
        assert_eq!(read.ir_version, IR_VERSION);
        assert_eq!(read.opset_import[0].version, OPSET);
        assert_eq!(read_graph.node, graph.node);
        assert_eq!(read_graph.initializer, tensors);
        assert_eq!(read_graph.output, graph.output);
        // A zero must be written, or readers take the operation's own default.
        assert_eq!(read_graph.node[0].attribute[0].i, Some(0));
    }
}
