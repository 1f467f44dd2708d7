//! A small random BERT, imported and compared with the same computation written out plainly: the
//! import knows nothing of the default model.

use crate::common::{assets, cosine, quiet};
use codemem_core::ports::Embedder;
use codemem_embed::{
    AssetConfig, AssetState, Assets, EmbedError, EmbeddingPool, Given, PoolConfig, Pooling, Precision,
};
use codemem_embed::{import_model, list_models};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

const HIDDEN: usize = 32;
const INNER: usize = 48;
const HEADS: usize = 4;
const LAYERS: usize = 2;
const WORDS: usize = 60;
const POSITIONS: usize = 16;

/// The model's tensors, row-major, by name.
struct Tiny(BTreeMap<String, (Vec<usize>, Vec<f32>)>);

impl Tiny {
    fn random() -> Self {
        let mut state = 7_u64;
        let mut next = move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            ((state >> 40) as f32 / (1_u64 << 24) as f32 - 0.5) * 0.5
        };
        let mut tensors = BTreeMap::new();
        let mut add = |name: String, shape: &[usize]| {
            let values = (0..shape.iter().product()).map(|_| next()).collect();
            tensors.insert(name, (shape.to_vec(), values));
        };
        add("embeddings.word_embeddings.weight".into(), &[WORDS, HIDDEN]);
        add("embeddings.position_embeddings.weight".into(), &[POSITIONS, HIDDEN]);
        add("embeddings.token_type_embeddings.weight".into(), &[2, HIDDEN]);
        let mut norms = vec!["embeddings.LayerNorm".to_owned()];
        for layer in 0..LAYERS {
            let prefix = format!("encoder.layer.{layer}");
            let mut dense = |name: &str, n_in: usize, n_out: usize| {
                add(format!("{prefix}.{name}.weight"), &[n_out, n_in]);
                add(format!("{prefix}.{name}.bias"), &[n_out]);
            };
            for name in [
                "attention.self.query",
                "attention.self.key",
                "attention.self.value",
                "attention.output.dense",
            ] {
                dense(name, HIDDEN, HIDDEN);
            }
            dense("intermediate.dense", HIDDEN, INNER);
            dense("output.dense", INNER, HIDDEN);
            norms.push(format!("{prefix}.attention.output.LayerNorm"));
            norms.push(format!("{prefix}.output.LayerNorm"));
        }
        for norm in norms {
            add(format!("{norm}.weight"), &[HIDDEN]);
            add(format!("{norm}.bias"), &[HIDDEN]);
        }
        Self(tensors)
    }

    /// Writes the folder as sentence-transformers would; tensors under a prefix, as some exporters do.
    fn write(&self, dir: &Path, prefix: &str, pooling: &serde_json::Value) {
        let json = |name: &str, value: &serde_json::Value| {
            fs::write(dir.join(name), value.to_string()).expect("written");
        };
        let config = json!({
            "model_type": "bert", "hidden_size": HIDDEN, "intermediate_size": INNER, "num_attention_heads": HEADS,
            "num_hidden_layers": LAYERS, "vocab_size": WORDS, "max_position_embeddings": POSITIONS,
            "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-6
        });
        json("config.json", &config);
        let module =
            |path: &str, name: &str| json!({"path": path, "type": format!("sentence_transformers.models.{name}")});
        json(
            "modules.json",
            &json!([module("", "Transformer"), module("1_Pooling", "Pooling")]),
        );
        fs::create_dir_all(dir.join("1_Pooling")).expect("created");
        json("1_Pooling/config.json", pooling);
        json("sentence_bert_config.json", &json!({"max_seq_length": 12}));
        json("tokenizer.json", &tokenizer());
        let bytes: BTreeMap<String, (&Vec<usize>, Vec<u8>)> = self
            .0
            .iter()
            .map(|(name, (shape, values))| {
                let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                (format!("{prefix}{name}"), (shape, bytes))
            })
            .collect();
        let views: Vec<_> = bytes
            .iter()
            .map(|(name, (shape, bytes))| {
                (
                    name,
                    TensorView::new(Dtype::F32, (*shape).clone(), bytes).expect("a tensor"),
                )
            })
            .collect();
        let file = safetensors::serialize(views, None).expect("serialised");
        fs::write(dir.join("model.safetensors"), file).expect("written");
    }

    fn get(&self, name: &str) -> Vec<f64> {
        self.0[name].1.iter().copied().map(f64::from).collect()
    }

    fn dense(&self, rows: &[Vec<f64>], name: &str) -> Vec<Vec<f64>> {
        let (weight, bias) = (self.get(&format!("{name}.weight")), self.get(&format!("{name}.bias")));
        let out = |row: &Vec<f64>| {
            let weights = weight.chunks(row.len());
            weights
                .zip(&bias)
                .map(|(weights, bias)| dot(weights, row) + bias)
                .collect()
        };
        rows.iter().map(out).collect()
    }

    fn norm(&self, rows: &[Vec<f64>], name: &str) -> Vec<Vec<f64>> {
        let (weight, bias) = (self.get(&format!("{name}.weight")), self.get(&format!("{name}.bias")));
        let normed = |row: &Vec<f64>| {
            let mean = row.iter().sum::<f64>() / row.len() as f64;
            let variance = row.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / row.len() as f64;
            let scale = (variance + 1e-6).sqrt();
            (0..row.len())
                .map(|at| (row[at] - mean) / scale * weight[at] + bias[at])
                .collect()
        };
        rows.iter().map(normed).collect()
    }

    /// The vectors of the word pieces after the last layer.
    fn encode(&self, ids: &[usize]) -> Vec<Vec<f64>> {
        let row = |name: &str, at: usize| self.get(name)[at * HIDDEN..(at + 1) * HIDDEN].to_vec();
        let embedded = ids.iter().enumerate().map(|(position, &id)| {
            let word = row("embeddings.word_embeddings.weight", id);
            let place = row("embeddings.position_embeddings.weight", position);
            add(&add(&word, &place), &row("embeddings.token_type_embeddings.weight", 0))
        });
        let mut x = self.norm(&embedded.collect::<Vec<_>>(), "embeddings.LayerNorm");
        for layer in 0..LAYERS {
            let part = |name: &str| format!("encoder.layer.{layer}.{name}");
            let [query, key, value] =
                ["query", "key", "value"].map(|name| self.dense(&x, &part(&format!("attention.self.{name}"))));
            let size = HIDDEN / HEADS;
            let mut context = vec![vec![0.0; HIDDEN]; ids.len()];
            for head in 0..HEADS {
                let slice = head * size..(head + 1) * size;
                for (at, out) in context.iter_mut().enumerate() {
                    let score =
                        |other: &Vec<f64>| dot(&query[at][slice.clone()], &other[slice.clone()]) / (size as f64).sqrt();
                    let shares: Vec<f64> = key.iter().map(|key| score(key).exp()).collect();
                    let total: f64 = shares.iter().sum();
                    for column in slice.clone() {
                        out[column] = (0..ids.len())
                            .map(|other| shares[other] / total * value[other][column])
                            .sum();
                    }
                }
            }
            let output = self.dense(&context, &part("attention.output.dense"));
            x = self.norm(&add_rows(&x, &output), &part("attention.output.LayerNorm"));
            let mut wide = self.dense(&x, &part("intermediate.dense"));
            for value in wide.iter_mut().flatten() {
                *value *= 0.5 * (1.0 + erf(*value / std::f64::consts::SQRT_2));
            }
            let output = self.dense(&wide, &part("output.dense"));
            x = self.norm(&add_rows(&x, &output), &part("output.LayerNorm"));
        }
        x
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn add_rows(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    a.iter().zip(b).map(|(a, b)| add(a, b)).collect()
}

/// The error function by its power series, which is exact enough for the small values met here.
fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..60 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

fn unit(vector: &[f64]) -> Vec<f64> {
    let length = dot(vector, vector).sqrt();
    vector.iter().map(|value| value / length).collect()
}

fn mean(rows: &[Vec<f64>]) -> Vec<f64> {
    let sum = rows.iter().fold(vec![0.0; HIDDEN], |sum, row| add(&sum, row));
    sum.iter().map(|value| value / rows.len() as f64).collect()
}

/// Words `w5` to `w59` with those numbers, between 1 and 2.
fn tokenizer() -> serde_json::Value {
    let mut vocabulary: serde_json::Map<_, _> = (5..WORDS).map(|id| (format!("w{id}"), json!(id))).collect();
    for (name, id) in [("[PAD]", 0), ("[CLS]", 1), ("[SEP]", 2), ("[UNK]", 3), ("a", 4)] {
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

/// A data directory that uses the shared library and this folder's model.
fn installed(data: &Path, folder: &Path, precision: Precision) -> Arc<Assets> {
    let mut config = AssetConfig::new(data);
    config.offline = true;
    config.onnxruntime = Some(assets().installed().expect("installed").onnxruntime.clone());
    config.precision = precision;
    let given = Given {
        onnxruntime: None,
        model_dir: Some(folder.to_owned()),
    };
    let tiny = Assets::new(config);
    tiny.setup(&given, &quiet).expect("imported");
    Arc::new(tiny)
}

const TEXTS: [(&str, &[usize]); 3] = [
    ("w5 w17 w23", &[1, 5, 17, 23, 2]),
    (
        "w40 w41 w42 w43 w44 w45 w46 w47 w48",
        &[1, 40, 41, 42, 43, 44, 45, 46, 47, 48, 2],
    ),
    ("", &[1, 2]),
];

fn check(precision: Precision, prefix: &str, pooling: &serde_json::Value, pool: impl Fn(&[Vec<f64>]) -> Vec<f64>) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let folder = dir.path().join("tiny model");
    fs::create_dir(&folder).expect("created");
    let tiny = Tiny::random();
    tiny.write(&folder, prefix, pooling);
    let assets = installed(&dir.path().join("data"), &folder, precision);
    assert_eq!(assets.active_model(), "tiny-model");
    let model = EmbeddingPool::new(assets, PoolConfig::default()).expect("threads");
    let texts: Vec<String> = TEXTS.iter().map(|(text, _)| (*text).to_owned()).collect();
    let vectors = model.embed_passages(&texts).expect("embedded");
    for ((text, ids), vector) in TEXTS.iter().zip(&vectors) {
        let expected: Vec<f32> = unit(&pool(&tiny.encode(ids)))
            .iter()
            .map(|&value| value as f32)
            .collect();
        match precision {
            Precision::Fp32 => {
                let largest = expected
                    .iter()
                    .zip(vector)
                    .map(|(a, b)| (a - b).abs())
                    .fold(0.0, f32::max);
                assert!(largest < 1e-5, "{largest} off for {text:?}");
            }
            Precision::Int8 => assert!(cosine(&expected, vector) > 0.98, "{text:?}"),
        }
    }
}

#[test]
fn any_plain_bert_gives_its_own_vectors() {
    let mean_pooling = json!({"pooling_mode_mean_tokens": true});
    check(Precision::Fp32, "", &mean_pooling, mean);
    check(
        Precision::Fp32,
        "bert.",
        &json!({"pooling_mode_cls_token": true}),
        |rows| rows[0].clone(),
    );
    check(Precision::Int8, "", &mean_pooling, mean);
}

#[test]
fn an_import_is_the_same_every_time_and_is_listed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    Tiny::random().write(dir.path(), "", &json!({"pooling_mode": "mean"}));
    let models = dir.path().join("models");
    let first = import_model(dir.path(), "tiny", &models, &quiet).expect("imported");
    let second = import_model(dir.path(), "tiny", &models, &quiet).expect("imported over the first");
    assert_eq!(first, second);
    assert_eq!(
        (first.dimension, first.window, first.pooling),
        (HIDDEN, 12, Pooling::Mean)
    );
    assert_eq!(list_models(&models).expect("readable"), [first]);
    let entries = fs::read_dir(&models).expect("readable").count();
    assert_eq!(entries, 1, "nothing unfinished is left");
}

#[test]
fn importing_does_not_change_the_model_in_use() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let folder = dir.path().join("tiny");
    fs::create_dir(&folder).expect("created");
    Tiny::random().write(&folder, "", &json!({"pooling_mode": "mean"}));
    let assets = Assets::new(AssetConfig::new(dir.path().join("data")));
    let manifest = assets.import(&folder, None, &quiet).expect("imported");
    assert_eq!(manifest.name, "tiny");
    assert_eq!(assets.active_model(), "all-MiniLM-L6-v2");
    let AssetState::Missing { what } = assets.state() else {
        panic!("neither library nor default model are there");
    };
    assert_eq!(what.len(), 2);
}

#[test]
fn weights_that_do_not_fit_the_configuration_are_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut tiny = Tiny::random();
    let refused = |tiny: &Tiny| {
        tiny.write(dir.path(), "", &json!({"pooling_mode": "mean"}));
        let models = dir.path().join("models");
        let error = import_model(dir.path(), "tiny", &models, &quiet).expect_err("refused");
        assert!(matches!(error, EmbedError::Malformed { .. }), "{error}");
        assert!(list_models(&models).expect("readable").is_empty());
        error.to_string()
    };
    let name = "encoder.layer.1.output.dense.bias";
    let bias = tiny.0.remove(name).expect("it has one");
    assert!(refused(&tiny).contains(&format!("it has no tensor `{name}`")));
    tiny.0
        .insert(name.to_owned(), (vec![HIDDEN / 2], bias.1[..HIDDEN / 2].to_vec()));
    assert!(refused(&tiny).contains("has shape [16] where the configuration says [32]"));
    fs::write(dir.path().join("model.safetensors"), "not tensors").expect("written");
    let error = import_model(dir.path(), "tiny", &dir.path().join("models"), &quiet).expect_err("refused");
    assert!(matches!(error, EmbedError::Malformed { .. }), "{error}");
}
