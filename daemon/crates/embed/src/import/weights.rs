//! The weights of a model: named tensors of a safetensors file, as 32-bit floats.

use crate::error::EmbedError;
use safetensors::{Dtype, SafeTensors};
use std::path::Path;

/// Prefixes under which exporters keep the same tensors.
const PREFIXES: [&str; 2] = ["", "bert."];

/// A parsed safetensors file.
pub(super) struct Weights<'data> {
    tensors: SafeTensors<'data>,
    path: &'data Path,
    prefix: &'static str,
}

impl<'data> Weights<'data> {
    /// Parses the bytes of the file at `path`.
    pub(super) fn parse(path: &'data Path, bytes: &'data [u8]) -> Result<Self, EmbedError> {
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| EmbedError::malformed(path, &error))?;
        let probe = "embeddings.word_embeddings.weight";
        let prefix = PREFIXES
            .into_iter()
            .find(|prefix| tensors.tensor(&format!("{prefix}{probe}")).is_ok())
            .ok_or_else(|| EmbedError::malformed(path, &format_args!("it has no tensor `{probe}`")))?;
        Ok(Self { tensors, path, prefix })
    }

    /// A tensor of exactly this shape, row-major.
    pub(super) fn get(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, EmbedError> {
        let malformed = |problem: String| EmbedError::malformed(self.path, &problem);
        let tensor = self
            .tensors
            .tensor(&format!("{}{name}", self.prefix))
            .map_err(|_| malformed(format!("it has no tensor `{name}`")))?;
        if tensor.shape() != shape {
            return Err(malformed(format!(
                "tensor `{name}` has shape {:?} where the configuration says {shape:?}",
                tensor.shape()
            )));
        }
        let data = tensor.data();
        match tensor.dtype() {
            Dtype::F32 => Ok(data
                .as_chunks()
                .0
                .iter()
                .map(|&bytes| f32::from_le_bytes(bytes))
                .collect()),
            Dtype::F16 => Ok(data
                .as_chunks()
                .0
                .iter()
                .map(|&bytes| half(u16::from_le_bytes(bytes)))
                .collect()),
            // A bfloat16 is the upper half of the 32-bit float.
            Dtype::BF16 => Ok(data
                .as_chunks()
                .0
                .iter()
                .map(|&bytes| f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16))
                .collect()),
            other => Err(malformed(format!("tensor `{name}` has elements of type {other:?}"))),
        }
    }

    /// A linear layer's weight, stored as [out, in], turned to [in, out].
    pub(super) fn transposed(&self, name: &str, n_in: usize, n_out: usize) -> Result<Vec<f32>, EmbedError> {
        let weight = self.get(name, &[n_out, n_in])?;
        let mut turned = vec![0.0; weight.len()];
        for (out, row) in weight.chunks_exact(n_in).enumerate() {
            for (column, &value) in row.iter().enumerate() {
                turned[column * n_out + out] = value;
            }
        }
        Ok(turned)
    }
}

/// An IEEE half-precision number as a 32-bit float; exact for every value.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let fraction = f32::from(bits & 0x03ff) / 1024.0;
    match (bits >> 10) & 0x1f {
        0 => sign * fraction * 2.0_f32.powi(-14),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        exponent => sign * (1.0 + fraction) * 2.0_f32.powi(i32::from(exponent) - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves() {
        for (bits, expected) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65_504.0),
            (0x0001, 5.960_464_5e-8),
            (0x0400, 6.103_515_6e-5),
            (0x3555, 0.333_251_95),
            (0x7c00, f32::INFINITY),
        ] {
            assert_eq!(half(bits).to_bits(), f32::to_bits(expected), "{bits:#06x}");
        }
        assert!(half(0x7e00).is_nan());
    }
}
