//! Names that are nearly another one.

/// The names most like one that is not among them: those with its words, or a few letters away; the nearest first.
pub fn nearest(names: &[String], wanted: &str, count: usize) -> Vec<String> {
    let wanted: Vec<char> = wanted.to_lowercase().chars().take(64).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let most = (wanted.len() / 3).clamp(1, 4);
    let mut near: Vec<(usize, &String)> = names
        .iter()
        .filter_map(|name| {
            let other: Vec<char> = name.to_lowercase().chars().take(128).collect();
            let distance = distance(&wanted, &other, most).or_else(|| {
                let holds = |a: &[char], b: &[char]| b.len() >= 4 && a.windows(b.len()).any(|part| part == b);
                (holds(&other, &wanted) || holds(&wanted, &other)).then(|| most + wanted.len().abs_diff(other.len()))
            });
            distance.map(|distance| (distance, name))
        })
        .collect();
    near.sort();
    near.truncate(count);
    near.into_iter().map(|(_, name)| name.clone()).collect()
}

/// Letters to insert, remove or replace (Levenshtein, 1966), when no more than `most`.
fn distance(a: &[char], b: &[char], most: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = before + usize::from(x != y);
            before = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(before + 1);
        }
        if row.iter().all(|&cost| cost > most) {
            return None;
        }
    }
    row.last().copied().filter(|&cost| cost <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_and_a_part_of_a_name_are_near() {
        let names = ["Router", "route", "PathRouter", "listen", "Rooter"].map(str::to_owned);
        assert_eq!(nearest(&names, "Ruoter", 3), ["Rooter", "Router"]);
        assert_eq!(nearest(&names, "router_", 2), ["Router", "Rooter"]);
        assert_eq!(nearest(&names, "pathrouters", 5), ["PathRouter", "Router", "route"]);
        assert!(nearest(&names, "quux", 5).is_empty());
        assert!(nearest(&names, "", 5).is_empty());
    }
}
