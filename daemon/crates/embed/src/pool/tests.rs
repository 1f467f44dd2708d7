//! The lanes over a model that does what the test says.

use super::*;
use crate::batch::Batch;
use crate::session::Model;
use crate::source::{LoadedModel, ModelFacts};
use crate::tokenize::TextEncoder;
use codemem_core::ports::PortErrorKind;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A word-level tokenizer of the words `w0` to `w99`, numbered 10 to 109, between 1 and 2.
pub(crate) fn encoder(window: usize) -> TextEncoder {
    let mut vocabulary: serde_json::Map<String, serde_json::Value> = (0..100)
        .map(|word| (format!("w{word}"), serde_json::json!(word + 10)))
        .collect();
    for (name, id) in [("[PAD]", 0), ("[CLS]", 1), ("[SEP]", 2), ("[UNK]", 3), ("a", 4)] {
        vocabulary.insert(name.to_owned(), serde_json::json!(id));
    }
    let special = |name: &str, id: u32| serde_json::json!({"id": name, "ids": [id], "tokens": [name]});
    let json = serde_json::json!({
        "version": "1.0",
        "truncation": {"max_length": 5, "strategy": "LongestFirst", "stride": 0, "direction": "Right"},
        "padding": {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": null,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": [],
        "normalizer": null,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"[CLS]": special("[CLS]", 1), "[SEP]": special("[SEP]", 2)}},
        "decoder": null,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"}
    });
    TextEncoder::parse(Path::new("tokenizer.json"), json.to_string().as_bytes(), window).expect("a tokenizer")
}

/// A model whose vector is (word pieces in the row, first word's number, 1). It panics on word 99,
/// and a batch that holds word 98 announces itself and waits at the gate.
struct Gated {
    arrived_tx: Sender<()>,
    gate_rx: Receiver<()>,
    batches: Arc<AtomicUsize>,
}

impl Model for Gated {
    fn embed(&mut self, batch: &Batch) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.batches.fetch_add(1, Ordering::SeqCst);
        assert!(!batch.ids.contains(&109), "word 99 was met");
        if batch.ids.contains(&108) {
            self.arrived_tx.send(()).expect("the test listens");
            self.gate_rx.recv().expect("the test opens the gate");
        }
        let rows = batch.ids.chunks(batch.width).zip(batch.mask.chunks(batch.width));
        Ok(rows
            .map(|(ids, mask)| vec![mask.iter().sum::<i64>() as f32, ids[1] as f32, 1.0])
            .collect())
    }
}

struct Fake {
    encoder: Arc<TextEncoder>,
    fingerprint: Mutex<Option<String>>,
    loads: AtomicUsize,
    batches: Arc<AtomicUsize>,
    arrived_tx: Sender<()>,
    gate_rx: Receiver<()>,
}

impl ModelSource for Fake {
    fn facts(&self) -> Result<ModelFacts, EmbedError> {
        let fingerprint = self.fingerprint.lock().expect("unpoisoned").clone();
        Ok(ModelFacts {
            fingerprint: fingerprint.ok_or(EmbedError::Missing {
                what: "the model".into(),
            })?,
            dimension: 3,
        })
    }

    fn load(&self, _threads: usize) -> Result<LoadedModel, EmbedError> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        Ok(LoadedModel {
            fingerprint: self.facts()?.fingerprint,
            encoder: Arc::clone(&self.encoder),
            model: Box::new(Gated {
                arrived_tx: self.arrived_tx.clone(),
                gate_rx: self.gate_rx.clone(),
                batches: Arc::clone(&self.batches),
            }),
        })
    }
}

struct Setup {
    pool: EmbeddingPool,
    source: Arc<Fake>,
    arrived_rx: Receiver<()>,
    gate_tx: Sender<()>,
}

fn setup() -> Setup {
    let (arrived_tx, arrived_rx) = bounded(8);
    let (gate_tx, gate_rx) = bounded(8);
    let source = Arc::new(Fake {
        encoder: Arc::new(encoder(10)),
        fingerprint: Mutex::new(Some("one".into())),
        loads: AtomicUsize::new(0),
        batches: Arc::default(),
        arrived_tx,
        gate_rx,
    });
    let shared = Arc::clone(&source);
    Setup {
        pool: EmbeddingPool::over(shared, PoolConfig::default()).expect("threads"),
        source,
        arrived_rx,
        gate_tx,
    }
}

fn strings<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

#[test]
fn answers_come_in_the_order_of_the_texts() {
    let Setup { pool, .. } = setup();
    let texts = strings(["w5", "w6 w1 w2 w3", "w7 w1", "w8 w1 w2 w3 w4 w5 w6"]);
    let vectors = pool.embed_passages(&texts).expect("embedded");
    let expected = [[3.0, 15.0, 1.0], [6.0, 16.0, 1.0], [4.0, 17.0, 1.0], [9.0, 18.0, 1.0]];
    assert_eq!(vectors, expected);
    assert!(pool.embed_passages(&[]).expect("nothing to do").is_empty());
}

#[test]
fn a_query_is_answered_while_passages_are_being_embedded() {
    let Setup {
        pool,
        arrived_rx,
        gate_tx,
        ..
    } = setup();
    thread::scope(|scope| {
        let passages = scope.spawn(|| pool.embed_passages(&strings(["w98"])));
        arrived_rx.recv().expect("the passage reaches the model");
        // The index lane stands at the gate, and stays there until after this answer.
        assert_eq!(pool.embed_query("w5").expect("answered"), [3.0, 15.0, 1.0]);
        assert!(!passages.is_finished());
        gate_tx.send(()).expect("the model waits");
        let vectors = passages.join().expect("no panic").expect("embedded");
        assert_eq!(vectors, [[3.0, 108.0, 1.0]]);
    });
}

#[test]
fn a_long_passage_is_read_to_its_end_and_pooled() {
    let Setup { pool, source, .. } = setup();
    // 8 words fit beside the special ones: 20 words make three parts of 6, 7 and 7.
    let words: Vec<String> = (0..20).map(|word| format!("w{word}")).collect();
    let vectors = pool.embed_passages(&[words.join(" ")]).expect("embedded");
    let length = (9.0_f32.powi(2) + 23.0_f32.powi(2) + 1.0).sqrt();
    let expected = [9.0 / length, 23.0 / length, 1.0 / length];
    for (found, expected) in vectors[0].iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6, "{vectors:?}");
    }
    assert_eq!(source.encoder.parts(&words.join(" ")).expect("split").len(), 3);
}

#[test]
fn a_long_query_is_read_up_to_its_bound() {
    let Setup { pool, source, .. } = setup();
    let words = "w5 ".repeat(1_000_000);
    let vector = pool.embed_query(&words).expect("answered");
    assert_eq!(vector.len(), 3);
    assert_eq!(source.batches.load(Ordering::SeqCst), 1);
}

#[test]
fn a_repeated_query_is_remembered_until_another_model_comes() {
    let Setup { pool, source, .. } = setup();
    for _ in 0..3 {
        pool.embed_query("w5").expect("answered");
    }
    assert_eq!(source.batches.load(Ordering::SeqCst), 1);
    *source.fingerprint.lock().expect("unpoisoned") = Some("two".into());
    pool.embed_query("w5").expect("answered");
    assert_eq!(source.batches.load(Ordering::SeqCst), 2);
    // The lane noticed as well, and loaded the other model.
    assert_eq!(source.loads.load(Ordering::SeqCst), 2);
}

#[test]
fn nothing_is_loaded_before_the_first_text_and_again_after_unloading() {
    let Setup { pool, source, .. } = setup();
    assert_eq!(pool.fingerprint().expect("known"), Fingerprint("one".into()));
    assert_eq!(pool.dimension().expect("known"), 3);
    assert_eq!(source.loads.load(Ordering::SeqCst), 0);
    let texts = strings(["w5"]);
    pool.embed_passages(&texts).expect("embedded");
    pool.embed_passages(&texts).expect("embedded");
    assert_eq!(source.loads.load(Ordering::SeqCst), 1);
    pool.unload();
    let vectors = pool.embed_passages(&texts).expect("embedded after unloading");
    assert_eq!(vectors, [[3.0, 15.0, 1.0]]);
    assert_eq!(source.loads.load(Ordering::SeqCst), 2);
}

#[test]
fn without_a_model_it_is_unavailable_and_works_as_soon_as_there_is_one() {
    let Setup { pool, source, .. } = setup();
    let installed = source.fingerprint.lock().expect("unpoisoned").take();
    let error = pool.embed_query("w5").expect_err("no model");
    assert_eq!(error.kind, PortErrorKind::Unavailable);
    assert!(error.hint.is_some_and(|hint| hint.contains("codemem setup")));
    assert_eq!(
        pool.fingerprint().expect_err("no model").kind,
        PortErrorKind::Unavailable
    );
    assert_eq!(
        pool.embed_passages(&strings(["w5"])).expect_err("no model").kind,
        PortErrorKind::Unavailable
    );
    *source.fingerprint.lock().expect("unpoisoned") = installed;
    pool.embed_query("w5").expect("answered");
}

#[test]
fn a_panic_becomes_an_error_and_the_lane_goes_on_with_a_new_session() {
    let Setup { pool, source, .. } = setup();
    let error = pool.embed_passages(&strings(["w99"])).expect_err("a panic");
    assert_eq!(error.kind, PortErrorKind::Failed);
    assert!(error.to_string().contains("word 99 was met"), "{error}");
    pool.embed_passages(&strings(["w5"])).expect("embedded");
    assert_eq!(source.loads.load(Ordering::SeqCst), 2);
}

#[test]
fn many_callers_at_once_each_get_their_own_answer() {
    let Setup { pool, .. } = setup();
    thread::scope(|scope| {
        let callers: Vec<_> = (0..90)
            .map(|word| {
                scope.spawn({
                    let pool = &pool;
                    move || (word, pool.embed_query(&format!("w{word}")))
                })
            })
            .collect();
        for caller in callers {
            let (word, vector) = caller.join().expect("no panic");
            assert_eq!(vector.expect("answered"), [3.0, (word + 10) as f32, 1.0]);
        }
    });
}
