//! Reading a sentence-transformers folder: what kind of model it is and how it is to be run.

use crate::error::EmbedError;
use crate::manifest::Pooling;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::fs;
use std::path::{Path, PathBuf};

/// The weights.
pub(super) const WEIGHTS: &str = "model.safetensors";
const CONFIG: &str = "config.json";
const MODULES: &str = "modules.json";
const SENTENCE_CONFIG: &str = "sentence_bert_config.json";

/// A folder that can be imported.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Folder {
    pub(super) dir: PathBuf,
    pub(super) bert: BertConfig,
    pub(super) pooling: Pooling,
    /// Word pieces read of one text part, the special ones included.
    pub(super) window: usize,
}

/// `config.json` of a BERT model, as far as it decides the graph.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct BertConfig {
    pub(super) hidden_size: usize,
    pub(super) intermediate_size: usize,
    pub(super) num_attention_heads: usize,
    pub(super) num_hidden_layers: usize,
    pub(super) vocab_size: usize,
    pub(super) max_position_embeddings: usize,
    pub(super) type_vocab_size: usize,
    #[serde(default = "default_eps")]
    pub(super) layer_norm_eps: f32,
    #[serde(default)]
    hidden_act: Option<String>,
    #[serde(default)]
    position_embedding_type: Option<String>,
    #[serde(default)]
    is_decoder: bool,
}

fn default_eps() -> f32 {
    1e-12
}

#[derive(Deserialize)]
struct Kind {
    #[serde(default)]
    model_type: Option<String>,
}

#[derive(Deserialize)]
struct Module {
    path: String,
    r#type: String,
}

#[derive(Deserialize)]
struct SentenceConfig {
    max_seq_length: Option<usize>,
}

impl Folder {
    /// Reads the folder's configuration; an error names what it holds when that cannot be imported.
    pub(super) fn open(dir: &Path) -> Result<Self, EmbedError> {
        let unsupported = |found: String| EmbedError::Unsupported {
            dir: dir.to_owned(),
            found,
        };
        let kind: Kind = read_json(&dir.join(CONFIG))?;
        match kind.model_type.as_deref() {
            Some("bert") => {}
            Some(other) => return Err(unsupported(format!("model_type `{other}`"))),
            None => return Err(unsupported("no model_type".to_owned())),
        }
        let bert: BertConfig = read_json(&dir.join(CONFIG))?;
        bert.check().map_err(unsupported)?;
        for file in [WEIGHTS, crate::manifest::TOKENIZER, MODULES] {
            if !dir.join(file).is_file() {
                return Err(unsupported(format!("no {file}")));
            }
        }
        let pooling = pooling(dir)?;
        let sentence = dir.join(SENTENCE_CONFIG);
        let asked = if sentence.is_file() {
            read_json::<SentenceConfig>(&sentence)?.max_seq_length
        } else {
            None
        };
        let window = asked.unwrap_or(usize::MAX).min(bert.max_position_embeddings);
        if window < MIN_WINDOW {
            return Err(unsupported(format!("a window of {window} word pieces")));
        }
        Ok(Self {
            dir: dir.to_owned(),
            bert,
            pooling,
            window,
        })
    }
}

/// The two special word pieces and at least some text between them.
const MIN_WINDOW: usize = 8;

impl BertConfig {
    /// Attention values per head.
    pub(super) fn head_size(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }

    /// What the weights do not show but the vectors depend on.
    pub(super) fn describe(&self) -> String {
        format!(
            "bert layers {} heads {} hidden {} eps {:e}",
            self.num_hidden_layers, self.num_attention_heads, self.hidden_size, self.layer_norm_eps
        )
    }

    fn check(&self) -> Result<(), String> {
        match self.hidden_act.as_deref() {
            None | Some("gelu") => {}
            Some(other) => return Err(format!("activation `{other}`")),
        }
        match self.position_embedding_type.as_deref() {
            None | Some("absolute") => {}
            Some(other) => return Err(format!("position embeddings `{other}`")),
        }
        if self.is_decoder {
            return Err("a decoder".to_owned());
        }
        let heads = self.num_attention_heads;
        if heads == 0 || !self.hidden_size.is_multiple_of(heads) || self.num_hidden_layers == 0 {
            return Err(format!("{heads} attention heads over {} values", self.hidden_size));
        }
        Ok(())
    }
}

/// How the folder's modules pool. Vectors are always normalised, so a `Normalize` module changes nothing.
fn pooling(dir: &Path) -> Result<Pooling, EmbedError> {
    let unsupported = |found: String| EmbedError::Unsupported {
        dir: dir.to_owned(),
        found,
    };
    let modules: Vec<Module> = read_json(&dir.join(MODULES))?;
    let mut pooling = None;
    for module in &modules {
        match module.r#type.rsplit('.').next().unwrap_or_default() {
            "Transformer" if module.path.is_empty() => {}
            "Normalize" => {}
            "Pooling" => {
                // A module's path comes from a file: it must stay inside the folder.
                if module.path.is_empty() || module.path.contains(['/', '\\']) || module.path.starts_with('.') {
                    return Err(unsupported(format!("a pooling module at `{}`", module.path)));
                }
                let config = read_json(&dir.join(&module.path).join(CONFIG))?;
                pooling = Some(pooling_mode(&config).map_err(unsupported)?);
            }
            other => return Err(unsupported(format!("a module of type `{other}`"))),
        }
    }
    pooling.ok_or_else(|| unsupported("no pooling module".to_owned()))
}

/// The one pooling that a pooling module's configuration switches on: named by one field, or by a
/// flag for each kind there is. More than one would be joined end to end.
fn pooling_mode(config: &Map<String, Value>) -> Result<Pooling, String> {
    let flag = |(name, value): (&String, &Value)| {
        let name = name.strip_prefix("pooling_mode_")?;
        (value.as_bool() == Some(true)).then(|| name.to_owned())
    };
    let mut modes = match config.get("pooling_mode").and_then(Value::as_str) {
        Some(mode) => vec![mode.to_owned()],
        None => config.iter().filter_map(flag).collect(),
    };
    modes.sort(); // whether a JSON object keeps its order depends on features of other crates
    match modes.join(" + ").as_str() {
        "mean" | "mean_tokens" => Ok(Pooling::Mean),
        "cls" | "cls_token" => Ok(Pooling::First),
        other => Err(format!("pooling `{other}`")),
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, EmbedError> {
    let bytes = fs::read(path).map_err(EmbedError::read(path))?;
    serde_json::from_slice(&bytes).map_err(|error| EmbedError::malformed(path, &error))
}

#[cfg(test)]
mod tests;
