//! The default model against vectors that an independent implementation computed.
//!
//! `fixtures/reference.py` made `fixtures/reference.json`.

use crate::common::{assets, cosine, data_dir};
use codemem_core::ports::Embedder;
use codemem_embed::{AssetConfig, Assets, EmbeddingPool, PoolConfig, Precision};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
struct Case {
    text: String,
    vector: Vec<f32>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("fixtures/reference.json")).expect("a list of cases")
}

fn pool(precision: Precision) -> EmbeddingPool {
    assets();
    let mut config = AssetConfig::new(data_dir());
    config.precision = precision;
    EmbeddingPool::new(Arc::new(Assets::new(config)), PoolConfig::default()).expect("threads")
}

#[test]
fn full_precision_equals_the_reference() {
    let (pool, cases) = (pool(Precision::Fp32), cases());
    // Together, so that short texts are padded to long ones, and alone.
    let texts: Vec<String> = cases.iter().map(|case| case.text.clone()).collect();
    let together = pool.embed_passages(&texts).expect("embedded");
    for (case, vector) in cases.iter().zip(&together) {
        let alone = pool.embed_query(&case.text).expect("embedded");
        for vector in [vector, &alone] {
            assert_eq!(vector.len(), 384);
            let largest = case
                .vector
                .iter()
                .zip(vector)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            assert!(largest < 1e-4, "{largest} off for {:?}", case.text);
        }
    }
}

#[test]
fn eight_bits_stay_close_to_the_reference() {
    let (pool, cases) = (pool(Precision::Int8), cases());
    let texts: Vec<String> = cases.iter().map(|case| case.text.clone()).collect();
    let together = pool.embed_passages(&texts).expect("embedded");
    let alone: Vec<_> = texts
        .iter()
        .map(|text| pool.embed_query(text).expect("embedded"))
        .collect();
    for vectors in [together, alone] {
        let cosines: Vec<f32> = cases
            .iter()
            .zip(&vectors)
            .map(|(case, vector)| cosine(&case.vector, vector))
            .collect();
        let mean = cosines.iter().sum::<f32>() / cosines.len() as f32;
        assert!(mean >= 0.985, "mean cosine {mean} of {cosines:?}");
        for vector in vectors {
            assert!((cosine(&vector, &vector) - 1.0).abs() < 1e-4, "not unit length");
        }
    }
}

#[test]
fn the_two_precisions_are_never_taken_for_each_other() {
    let (int8, fp32) = (pool(Precision::Int8), pool(Precision::Fp32));
    assert_ne!(int8.fingerprint().expect("known"), fp32.fingerprint().expect("known"));
    assert_eq!(int8.dimension().expect("known"), 384);
}

#[test]
fn a_text_longer_than_the_window_is_read_to_its_end() {
    let pool = pool(Precision::Int8);
    let filler = "the buffer is flushed and the handle is closed again. ".repeat(60);
    let marked = format!("{filler} penguins breed on antarctic ice in winter");
    let vectors = pool.embed_passages(&[filler, marked]).expect("embedded");
    let question = pool.embed_query("where do penguins breed").expect("embedded");
    let (without, with) = (cosine(&question, &vectors[0]), cosine(&question, &vectors[1]));
    // Cut at the window, the two texts would be one and the same.
    assert!(
        with > without + 0.03,
        "{with} with the last sentence, {without} without"
    );
}

#[test]
fn unloaded_models_come_back() {
    let pool = pool(Precision::Int8);
    let before = pool.embed_query("open a socket").expect("embedded");
    assert!(pool.is_loaded());
    pool.unload();
    assert!(!pool.is_loaded());
    let after = pool.embed_query("open a socket").expect("embedded again");
    assert_eq!(before, after);
}
