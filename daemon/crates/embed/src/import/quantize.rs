//! Weights in 8 bits with one scale per channel.

/// Largest magnitude of a quantised matrix weight: 7 bits instead of 8.
///
/// x86 processors without VNNI multiply unsigned activations by signed weights in pairs and add
/// each pair in 16 bits: 255 × 127 × 2 would saturate, 255 × 64 × 2 does not. Measured on the
/// reference sentences the seventh bit costs 0.001 of cosine; saturation would cost far more, and
/// only on some machines.
const MATRIX_MAX: f32 = 64.0;

/// Largest magnitude of a quantised table entry; tables are only read, never multiplied in integers.
const TABLE_MAX: f32 = 127.0;

/// A matrix or table with its scales: value ≈ quantised × scale.
pub(super) struct Quantized {
    /// Row-major, as the input was.
    pub(super) values: Vec<i8>,
    /// One per column of a matrix, one per row of a table.
    pub(super) scales: Vec<f32>,
}

/// Quantises a row-major matrix of `n_columns`, one scale per column.
pub(super) fn columns(matrix: &[f32], n_columns: usize) -> Quantized {
    let mut largest = vec![0.0_f32; n_columns];
    for row in matrix.chunks_exact(n_columns) {
        for (largest, value) in largest.iter_mut().zip(row) {
            *largest = largest.max(value.abs());
        }
    }
    let scales: Vec<f32> = largest.iter().map(|&largest| scale(largest, MATRIX_MAX)).collect();
    let values = matrix
        .chunks_exact(n_columns)
        .flat_map(|row| row.iter().zip(&scales).map(|(&value, &scale)| quantize(value, scale)))
        .collect();
    Quantized { values, scales }
}

/// Quantises a row-major table of `n_columns`, one scale per row.
pub(super) fn rows(table: &[f32], n_columns: usize) -> Quantized {
    let mut values = Vec::with_capacity(table.len());
    let mut scales = Vec::with_capacity(table.len() / n_columns);
    for row in table.chunks_exact(n_columns) {
        let scale = scale(
            row.iter().fold(0.0, |largest, value| value.abs().max(largest)),
            TABLE_MAX,
        );
        values.extend(row.iter().map(|&value| quantize(value, scale)));
        scales.push(scale);
    }
    Quantized { values, scales }
}

/// A channel of zeros gets the scale 1, so that nothing divides by zero.
fn scale(largest: f32, max: f32) -> f32 {
    if largest > 0.0 { largest / max } else { 1.0 }
}

fn quantize(value: f32, scale: f32) -> i8 {
    (value / scale).round() as i8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_value_moves_by_more_than_half_a_step(
            matrix in proptest::collection::vec(-4.0_f32..4.0, 1..20).prop_map(|row| row.repeat(3)),
        ) {
            let n_columns = matrix.len() / 3;
            let by_column = columns(&matrix, n_columns);
            let by_row = rows(&matrix, n_columns);
            for (index, &value) in matrix.iter().enumerate() {
                let scale = by_column.scales[index % n_columns];
                prop_assert!(by_column.values[index].unsigned_abs() <= 64);
                prop_assert!((f32::from(by_column.values[index]) * scale - value).abs() <= scale * 0.501);
                let scale = by_row.scales[index / n_columns];
                prop_assert!((f32::from(by_row.values[index]) * scale - value).abs() <= scale * 0.501);
            }
        }
    }

    #[test]
    fn a_channel_of_zeros_stays_zero() {
        let quantized = columns(&[0.0, 1.0, 0.0, -2.0], 2);
        assert_eq!(quantized.values, [0, 32, 0, -64]);
        assert_eq!(quantized.scales, [1.0, 2.0 / 64.0]);
    }
}
