//! Folders that can and cannot be imported.

use super::*;
use serde_json::json;

fn config() -> Value {
    json!({
        "model_type": "bert", "hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 4,
        "num_hidden_layers": 2, "vocab_size": 100, "max_position_embeddings": 64, "type_vocab_size": 2,
        "hidden_act": "gelu", "position_embedding_type": "absolute", "layer_norm_eps": 1e-12
    })
}

fn modules(names: &[(&str, &str)]) -> Value {
    let module =
        |(name, path): &(&str, &str)| json!({"path": path, "type": format!("sentence_transformers.models.{name}")});
    names.iter().map(module).collect()
}

const USUAL: [(&str, &str); 3] = [
    ("Transformer", ""),
    ("Pooling", "1_Pooling"),
    ("Normalize", "2_Normalize"),
];

fn open(config: &Value, modules: &Value, pooling: &Value, sentence: Option<Value>) -> Result<Folder, EmbedError> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, text: &[u8]| fs::write(dir.path().join(name), text).expect("written");
    fs::create_dir(dir.path().join("1_Pooling")).expect("created");
    write("config.json", config.to_string().as_bytes());
    write("modules.json", modules.to_string().as_bytes());
    write("1_Pooling/config.json", pooling.to_string().as_bytes());
    write(WEIGHTS, b"");
    write("tokenizer.json", b"");
    if let Some(sentence) = sentence {
        write(SENTENCE_CONFIG, sentence.to_string().as_bytes());
    }
    Folder::open(dir.path())
}

fn mean() -> Value {
    json!({"word_embedding_dimension": 32, "pooling_mode_mean_tokens": true, "pooling_mode_cls_token": false})
}

/// `config()` with one field changed.
fn with(field: &str, value: Value) -> Value {
    let mut config = config();
    config[field] = value;
    config
}

#[test]
fn plain_bert_is_read() {
    let folder = open(
        &config(),
        &modules(&USUAL),
        &mean(),
        Some(json!({"max_seq_length": 48})),
    )
    .expect("supported");
    assert_eq!((folder.window, folder.pooling), (48, Pooling::Mean));
    assert_eq!(folder.bert.head_size(), 8);
}

#[test]
fn the_window_never_exceeds_the_positions() {
    for sentence in [
        None,
        Some(json!({"max_seq_length": 512})),
        Some(json!({"max_seq_length": null})),
    ] {
        let folder = open(&config(), &modules(&USUAL), &mean(), sentence).expect("supported");
        assert_eq!(folder.window, 64);
    }
}

#[test]
fn first_token_pooling_in_either_spelling() {
    for pooling in [json!({"pooling_mode_cls_token": true}), json!({"pooling_mode": "cls"})] {
        let folder = open(&config(), &modules(&USUAL), &pooling, None).expect("supported");
        assert_eq!(folder.pooling, Pooling::First);
    }
}

#[test]
fn anything_else_is_refused_by_name() {
    let check =
        |config: Value, modules: Value, pooling: Value, expected: &str| match open(&config, &modules, &pooling, None)
            .expect_err(expected)
        {
            EmbedError::Unsupported { found, .. } => assert_eq!(found, expected),
            other => panic!("{other:?}"),
        };
    let usual = || modules(&USUAL);
    check(
        with("model_type", json!("roberta")),
        usual(),
        mean(),
        "model_type `roberta`",
    );
    check(with("model_type", json!(null)), usual(), mean(), "no model_type");
    check(
        with("hidden_act", json!("gelu_new")),
        usual(),
        mean(),
        "activation `gelu_new`",
    );
    let relative = with("position_embedding_type", json!("relative_key"));
    check(relative, usual(), mean(), "position embeddings `relative_key`");
    check(with("is_decoder", json!(true)), usual(), mean(), "a decoder");
    let heads = with("num_attention_heads", json!(5));
    check(heads, usual(), mean(), "5 attention heads over 32 values");
    let dense = modules(&[("Transformer", ""), ("Pooling", "1_Pooling"), ("Dense", "2_Dense")]);
    check(config(), dense, mean(), "a module of type `Dense`");
    check(config(), modules(&[("Transformer", "")]), mean(), "no pooling module");
    let outside = modules(&[("Transformer", ""), ("Pooling", "../elsewhere")]);
    check(config(), outside, mean(), "a pooling module at `../elsewhere`");
    let max = json!({"pooling_mode_max_tokens": true});
    check(config(), usual(), max, "pooling `max_tokens`");
    let both = json!({"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": true});
    check(config(), usual(), both, "pooling `cls_token + mean_tokens`");
    check(
        config(),
        usual(),
        json!({"pooling_mode": "lasttoken"}),
        "pooling `lasttoken`",
    );
}

#[test]
fn a_refusal_says_what_is_supported_and_what_to_do() {
    let roberta = with("model_type", json!("roberta"));
    let error = open(&roberta, &modules(&USUAL), &mean(), None).expect_err("unsupported");
    let message = error.to_string();
    assert!(
        message.contains("model_type `roberta`") && message.contains("plain BERT"),
        "{message}"
    );
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("codemem model import DIR"))
    );
}

#[test]
fn a_folder_without_weights_or_configuration_is_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    assert!(matches!(Folder::open(dir.path()), Err(EmbedError::Read { .. })));
    fs::write(dir.path().join("config.json"), "{").expect("written");
    assert!(matches!(Folder::open(dir.path()), Err(EmbedError::Malformed { .. })));
    fs::write(dir.path().join("config.json"), config().to_string()).expect("written");
    match Folder::open(dir.path()) {
        Err(EmbedError::Unsupported { found, .. }) => assert_eq!(found, "no model.safetensors"),
        other => panic!("{other:?}"),
    }
}
