//! A model that does not fit on the disk, and then does.

use super::disk::{data_of_daemon, start_apart, take_room};
use super::text;
use crate::sandbox;
use serde_json::{Map, Value, json};
use std::fs;
use std::path::Path;

const HIDDEN: usize = 32;
/// Makes the model 2 MiB, more than the disk has left at first.
const INNER: usize = 8 * 1024;
const WORDS: usize = 20;
const POSITIONS: usize = 16;

/// Writes a BERT of one layer as sentence-transformers would.
fn write_model(folder: &Path) {
    let write = |name: &str, value: &Value| fs::write(folder.join(name), value.to_string()).expect("written");
    fs::create_dir_all(folder.join("1_Pooling")).expect("made");
    write(
        "config.json",
        &json!({
            "model_type": "bert", "hidden_size": HIDDEN, "intermediate_size": INNER, "num_attention_heads": 4,
            "num_hidden_layers": 1, "vocab_size": WORDS, "max_position_embeddings": POSITIONS,
            "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-6
        }),
    );
    let module = |path: &str, name: &str| json!({"path": path, "type": format!("sentence_transformers.models.{name}")});
    write(
        "modules.json",
        &json!([module("", "Transformer"), module("1_Pooling", "Pooling")]),
    );
    write("1_Pooling/config.json", &json!({"pooling_mode_mean_tokens": true}));
    write("sentence_bert_config.json", &json!({"max_seq_length": 12}));
    write("tokenizer.json", &tokenizer());
    fs::write(folder.join("model.safetensors"), weights()).expect("written");
}

fn tokenizer() -> Value {
    let mut vocabulary: Map<String, Value> = (4..WORDS).map(|id| (format!("w{id}"), json!(id))).collect();
    for (id, name) in ["[PAD]", "[CLS]", "[SEP]", "[UNK]"].into_iter().enumerate() {
        vocabulary.insert(name.to_owned(), json!(id));
    }
    let special = |name: &str| json!({"SpecialToken": {"id": name, "type_id": 0}});
    let sequence = |name: &str| json!({"Sequence": {"id": name, "type_id": 0}});
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": {"type": "TemplateProcessing",
            "single": [special("[CLS]"), sequence("A"), special("[SEP]")], "pair": [sequence("A"), sequence("B")],
            "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]},
                "[SEP]": {"id": "[SEP]", "ids": [2], "tokens": ["[SEP]"]}}},
        "decoder": null,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"}
    })
}

/// A safetensors file: the length of a JSON header, the header, the numbers.
fn weights() -> Vec<u8> {
    let mut shapes: Vec<(String, Vec<usize>)> = vec![
        ("embeddings.word_embeddings.weight".into(), vec![WORDS, HIDDEN]),
        ("embeddings.position_embeddings.weight".into(), vec![POSITIONS, HIDDEN]),
        ("embeddings.token_type_embeddings.weight".into(), vec![2, HIDDEN]),
    ];
    let layer = |name: &str| format!("encoder.layer.0.{name}");
    for (name, n_in, n_out) in [
        ("attention.self.query", HIDDEN, HIDDEN),
        ("attention.self.key", HIDDEN, HIDDEN),
        ("attention.self.value", HIDDEN, HIDDEN),
        ("attention.output.dense", HIDDEN, HIDDEN),
        ("intermediate.dense", HIDDEN, INNER),
        ("output.dense", INNER, HIDDEN),
    ] {
        shapes.push((format!("{}.weight", layer(name)), vec![n_out, n_in]));
        shapes.push((format!("{}.bias", layer(name)), vec![n_out]));
    }
    for norm in [
        "embeddings.LayerNorm".to_owned(),
        layer("attention.output.LayerNorm"),
        layer("output.LayerNorm"),
    ] {
        shapes.push((format!("{norm}.weight"), vec![HIDDEN]));
        shapes.push((format!("{norm}.bias"), vec![HIDDEN]));
    }
    let (mut header, mut numbers) = (Map::new(), Vec::new());
    for (name, shape) in shapes {
        let start = numbers.len();
        for n in 0..shape.iter().product::<usize>() {
            numbers.extend_from_slice(&((n % 13) as f32 / 13.0 - 0.4).to_le_bytes());
        }
        header.insert(
            name,
            json!({"dtype": "F32", "shape": shape, "data_offsets": [start, numbers.len()]}),
        );
    }
    let header = Value::Object(header).to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(&numbers);
    file
}

#[test]
fn a_model_that_does_not_fit_leaves_nothing_and_fits_when_there_is_room() {
    let sandbox = sandbox::with_model();
    let folder = sandbox.path("home/tiny");
    write_model(&folder);
    let runtime = fs::read_link(sandbox.path("data/runtime")).expect("a link to the shared assets");
    let mount = format!(
        "mount -t tmpfs -o size=64m,mode=0700 tmpfs \"$CODEMEM_DATA_DIR\" && ln -s '{}' \"$CODEMEM_DATA_DIR\"",
        runtime.display()
    );
    if let Some(started) = start_apart(&sandbox, &mount) {
        started.success();
        let data = data_of_daemon(&sandbox);
        take_room(&data, 1 << 20);
        let answer = sandbox.codemem(["model", "import", text(&folder), "--name", "tiny"]);
        assert_eq!(answer.code, 4, "{answer:?}");
        assert!(
            answer.stderr.contains("data/models") && answer.stderr.contains("free space on the disk"),
            "{answer:?}"
        );
        let left: Vec<_> = fs::read_dir(data.join("models")).expect("listed").collect();
        assert!(left.is_empty(), "half a model is no model: {left:?}");
        fs::remove_file(data.join("filler")).expect("room given back");
    }
    sandbox
        .codemem(["model", "import", text(&folder), "--name", "tiny"])
        .success();
    let models = sandbox.codemem(["model", "list", "--json"]).json();
    assert!(models.to_string().contains("tiny"), "{models}");
}
