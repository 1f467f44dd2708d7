//! A BERT encoder with pooling and normalisation as an ONNX graph.
//!
//! Inputs `input_ids` and `attention_mask`, both [batch, sequence] of 64-bit integers; output
//! `embedding`, [batch, hidden], unit length. Token types are all zero, so their embedding is folded
//! into the position table. Only standard operators, in the shapes that ONNX Runtime fuses: a
//! quantised layer becomes one `MatMulIntegerToFloat` or `DynamicQuantizeMatMul`, the activation one
//! `BiasGelu`. Measured against its own attention and skip-normalisation operators this graph is the
//! faster one.

use super::folder::{BertConfig, Folder};
use super::onnx::{Attribute, Axis, DataType, GraphProto, NodeProto, TensorProto, ValueInfo};
use super::quantize;
use super::weights::Weights;
use crate::error::EmbedError;
use crate::manifest::{Pooling, Precision};
use std::collections::HashMap;

/// What is added to the attention of masked positions: its exponential is zero in 32 bits.
const MASKED: f32 = -10_000.0;

/// A graph with its constant tensors.
pub(super) struct Graph {
    pub(super) proto: GraphProto,
    pub(super) tensors: Vec<TensorProto>,
}

/// Builds the graph of one precision.
pub(super) fn build(folder: &Folder, weights: &Weights<'_>, precision: Precision) -> Result<Graph, EmbedError> {
    let builder = Builder {
        bert: &folder.bert,
        weights,
        precision,
        nodes: Vec::new(),
        tensors: Vec::new(),
        quantized: HashMap::new(),
    };
    builder.build(folder.pooling, folder.window)
}

struct Builder<'a> {
    bert: &'a BertConfig,
    weights: &'a Weights<'a>,
    precision: Precision,
    nodes: Vec<NodeProto>,
    tensors: Vec<TensorProto>,
    /// Values that are quantised already: query, key and value read the same one.
    quantized: HashMap<String, [String; 3]>,
}

impl Builder<'_> {
    fn build(mut self, pooling: Pooling, window: usize) -> Result<Graph, EmbedError> {
        let hidden = self.bert.hidden_size;
        self.floats("one", &[], &[1.0]);
        self.floats("half", &[], &[0.5]);
        self.floats("sqrt_two", &[], &[std::f32::consts::SQRT_2]);
        self.floats("masked", &[], &[MASKED]);
        self.integers("axis_0", &[0]);
        self.integers("axis_1", &[1]);
        self.integers("axis_2", &[2]);
        self.integers("axes_1_2", &[1, 2]);
        let (heads, size) = (self.bert.num_attention_heads as i64, self.bert.head_size() as i64);
        self.integers("split_heads", &[0, 0, heads, size]);
        self.integers("join_heads", &[0, 0, hidden as i64]);

        let mask = self.node(
            "Cast",
            &["attention_mask"],
            &[Attribute::int("to", DataType::Float as i64)],
        );
        let bias = self.attention_bias(&mask);
        let mut x = self.embeddings(window)?;
        for layer in 0..self.bert.num_hidden_layers {
            x = self.layer(layer, &x, &bias)?;
        }
        let pooled = match pooling {
            Pooling::Mean => self.mean(&x, &mask),
            Pooling::First => {
                self.integer_scalar("first", 0);
                self.node("Gather", &[&x, "first"], &[Attribute::int("axis", 1)])
            }
        };
        let attributes = [Attribute::int("axis", -1), Attribute::int("p", 2)];
        self.push("LpNormalization", &[&pooled], &["embedding"], &attributes);
        let text = [Axis::Named("batch"), Axis::Named("sequence")];
        Ok(Graph {
            proto: GraphProto {
                node: self.nodes,
                name: "bert".to_owned(),
                input: vec![
                    ValueInfo::new("input_ids", DataType::Int64, &text),
                    ValueInfo::new("attention_mask", DataType::Int64, &text),
                ],
                output: vec![ValueInfo::new(
                    "embedding",
                    DataType::Float,
                    &[Axis::Named("batch"), Axis::Fixed(hidden)],
                )],
            },
            tensors: self.tensors,
        })
    }

    /// Zero where the mask is one, [`MASKED`] where it is zero; [batch, 1, 1, sequence].
    fn attention_bias(&mut self, mask: &str) -> String {
        let mask = self.node("Unsqueeze", &[mask, "axes_1_2"], &[]);
        let absent = self.node("Sub", &["one", &mask], &[]);
        self.node("Mul", &[&absent, "masked"], &[])
    }

    fn embeddings(&mut self, window: usize) -> Result<String, EmbedError> {
        let hidden = self.bert.hidden_size;
        let n_words = self.bert.vocab_size;
        let words = self
            .weights
            .get("embeddings.word_embeddings.weight", &[n_words, hidden])?;
        let words = match self.precision {
            Precision::Fp32 => {
                self.floats("words", &[n_words, hidden], &words);
                self.node("Gather", &["words", "input_ids"], &[])
            }
            Precision::Int8 => {
                let table = quantize::rows(&words, hidden);
                self.int8("words", &[n_words, hidden], &table.values);
                self.floats("words_scale", &[n_words, 1], &table.scales);
                let rows = self.node("Gather", &["words", "input_ids"], &[]);
                let rows = self.node("Cast", &[&rows], &[Attribute::int("to", DataType::Float as i64)]);
                let scales = self.node("Gather", &["words_scale", "input_ids"], &[]);
                self.node("Mul", &[&rows, &scales], &[])
            }
        };
        let n_positions = self.bert.max_position_embeddings;
        let mut positions = self
            .weights
            .get("embeddings.position_embeddings.weight", &[n_positions, hidden])?;
        let n_types = self.bert.type_vocab_size;
        let types = self
            .weights
            .get("embeddings.token_type_embeddings.weight", &[n_types, hidden])?;
        positions.truncate(window * hidden);
        for row in positions.chunks_exact_mut(hidden) {
            for (value, of_type) in row.iter_mut().zip(&types) {
                *value += of_type;
            }
        }
        self.floats("positions", &[window, hidden], &positions);
        let length = self.node(
            "Shape",
            &["input_ids"],
            &[Attribute::int("start", 1), Attribute::int("end", 2)],
        );
        let positions = self.node("Slice", &["positions", "axis_0", &length, "axis_0"], &[]);
        let sum = self.node("Add", &[&words, &positions], &[]);
        self.layer_norm(&sum, "embeddings.LayerNorm")
    }

    fn layer(&mut self, layer: usize, x: &str, bias: &str) -> Result<String, EmbedError> {
        let hidden = self.bert.hidden_size;
        let inner = self.bert.intermediate_size;
        let prefix = format!("encoder.layer.{layer}");
        let part = |name: &str| format!("{prefix}.{name}");

        // The attention's 1/√size goes into the query's weights.
        let scale = 1.0 / (self.bert.head_size() as f32).sqrt();
        let query = self.dense(x, &part("attention.self.query"), hidden, hidden, scale)?;
        let key = self.dense(x, &part("attention.self.key"), hidden, hidden, 1.0)?;
        let value = self.dense(x, &part("attention.self.value"), hidden, hidden, 1.0)?;
        let query = self.heads(&query, &[0, 2, 1, 3]);
        let key = self.heads(&key, &[0, 2, 3, 1]);
        let value = self.heads(&value, &[0, 2, 1, 3]);
        let scores = self.node("MatMul", &[&query, &key], &[]);
        let scores = self.node("Add", &[&scores, bias], &[]);
        let shares = self.node("Softmax", &[&scores], &[Attribute::int("axis", -1)]);
        let context = self.node("MatMul", &[&shares, &value], &[]);
        let context = self.node("Transpose", &[&context], &[Attribute::ints("perm", &[0, 2, 1, 3])]);
        let context = self.node("Reshape", &[&context, "join_heads"], &[]);
        let output = self.dense(&context, &part("attention.output.dense"), hidden, hidden, 1.0)?;
        let sum = self.node("Add", &[x, &output], &[]);
        let x = self.layer_norm(&sum, &part("attention.output.LayerNorm"))?;

        let wide = self.dense(&x, &part("intermediate.dense"), hidden, inner, 1.0)?;
        let wide = self.gelu(&wide);
        let output = self.dense(&wide, &part("output.dense"), inner, hidden, 1.0)?;
        let sum = self.node("Add", &[&x, &output], &[]);
        self.layer_norm(&sum, &part("output.LayerNorm"))
    }

    /// [batch, sequence, hidden] to one matrix per head.
    fn heads(&mut self, x: &str, order: &[i64]) -> String {
        let split = self.node("Reshape", &[x, "split_heads"], &[]);
        self.node("Transpose", &[&split], &[Attribute::ints("perm", order)])
    }

    /// x/2 · (1 + erf(x/√2)), in the order of operations that the runtime recognises.
    fn gelu(&mut self, x: &str) -> String {
        let erf = self.node("Div", &[x, "sqrt_two"], &[]);
        let erf = self.node("Erf", &[&erf], &[]);
        let erf = self.node("Add", &[&erf, "one"], &[]);
        let product = self.node("Mul", &[x, &erf], &[]);
        self.node("Mul", &[&product, "half"], &[])
    }

    /// A linear layer; weight and bias times `scale`.
    fn dense(&mut self, x: &str, name: &str, n_in: usize, n_out: usize, scale: f32) -> Result<String, EmbedError> {
        let mut weight = self.weights.transposed(&format!("{name}.weight"), n_in, n_out)?;
        let mut bias = self.weights.get(&format!("{name}.bias"), &[n_out])?;
        for value in weight.iter_mut().chain(&mut bias) {
            *value *= scale;
        }
        let (weight_name, bias_name) = (format!("{name}.weight"), format!("{name}.bias"));
        self.floats(&bias_name, &[n_out], &bias);
        let product = match self.precision {
            Precision::Fp32 => {
                self.floats(&weight_name, &[n_in, n_out], &weight);
                self.node("MatMul", &[x, &weight_name], &[])
            }
            Precision::Int8 => {
                let matrix = quantize::columns(&weight, n_out);
                let scale_name = format!("{name}.scale");
                self.int8(&weight_name, &[n_in, n_out], &matrix.values);
                self.floats(&scale_name, &[n_out], &matrix.scales);
                let [x, x_scale, x_zero] = self.quantized(x);
                let product = self.node("MatMulInteger", &[&x, &weight_name, &x_zero], &[]);
                let product = self.node("Cast", &[&product], &[Attribute::int("to", DataType::Float as i64)]);
                let scale = self.node("Mul", &[&x_scale, &scale_name], &[]);
                self.node("Mul", &[&product, &scale], &[])
            }
        };
        Ok(self.node("Add", &[&product, &bias_name], &[]))
    }

    /// A value in 8 bits with its scale and zero point, measured anew for every batch.
    fn quantized(&mut self, x: &str) -> [String; 3] {
        if let Some(known) = self.quantized.get(x) {
            return known.clone();
        }
        let outputs = ["values", "scale", "zero"].map(|part| format!("{x}.{part}"));
        let names = outputs.each_ref().map(String::as_str);
        self.push("DynamicQuantizeLinear", &[x], &names, &[]);
        self.quantized.insert(x.to_owned(), outputs.clone());
        outputs
    }

    fn layer_norm(&mut self, x: &str, name: &str) -> Result<String, EmbedError> {
        let hidden = self.bert.hidden_size;
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        let values = self.weights.get(&weight, &[hidden])?;
        self.floats(&weight, &[hidden], &values);
        let values = self.weights.get(&bias, &[hidden])?;
        self.floats(&bias, &[hidden], &values);
        let attributes = [
            Attribute::int("axis", -1),
            Attribute::float("epsilon", self.bert.layer_norm_eps),
        ];
        Ok(self.node("LayerNormalization", &[x, &weight, &bias], &attributes))
    }

    /// The mean over the positions whose mask is one; there is always one.
    fn mean(&mut self, x: &str, mask: &str) -> String {
        let column = self.node("Unsqueeze", &[mask, "axis_2"], &[]);
        let kept = self.node("Mul", &[x, &column], &[]);
        let sum = self.node("ReduceSum", &[&kept, "axis_1"], &[Attribute::int("keepdims", 0)]);
        let count = self.node("ReduceSum", &[mask, "axis_1"], &[Attribute::int("keepdims", 1)]);
        self.node("Div", &[&sum, &count], &[])
    }

    /// Adds an operation with one output and returns the output's name.
    fn node(&mut self, op: &str, inputs: &[&str], attributes: &[Attribute]) -> String {
        let output = format!("{op}_{}", self.nodes.len());
        self.push(op, inputs, &[&output], attributes);
        output
    }

    fn push(&mut self, op: &str, inputs: &[&str], outputs: &[&str], attributes: &[Attribute]) {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        self.nodes.push(NodeProto {
            input: owned(inputs),
            output: owned(outputs),
            name: format!("node_{}", self.nodes.len()),
            op_type: op.to_owned(),
            attribute: attributes.to_vec(),
        });
    }

    fn floats(&mut self, name: &str, dims: &[usize], values: &[f32]) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(name, DataType::Float, dims, bytes);
    }

    fn int8(&mut self, name: &str, dims: &[usize], values: &[i8]) {
        let bytes = values.iter().map(|&value| value.cast_unsigned()).collect();
        self.tensor(name, DataType::Int8, dims, bytes);
    }

    fn integers(&mut self, name: &str, values: &[i64]) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(name, DataType::Int64, &[values.len()], bytes);
    }

    fn integer_scalar(&mut self, name: &str, value: i64) {
        self.tensor(name, DataType::Int64, &[], value.to_le_bytes().to_vec());
    }

    fn tensor(&mut self, name: &str, data_type: DataType, dims: &[usize], bytes: Vec<u8>) {
        self.tensors
            .push(TensorProto::new(name.to_owned(), data_type, dims, bytes));
    }
}
