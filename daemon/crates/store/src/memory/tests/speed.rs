use super::*;
use std::time::Instant;
#[test]
fn speed() {
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    let text = |n: u64| format!("memory {n} about deploys and parsers: {}", (0..60).map(|k| format!("word{} ", (n * 31 + k * 17) % 3000)).collect::<String>());
    let vec384 = |n: u64| -> Vec<f32> { let v: Vec<f32> = (0..384).map(|k| ((n * 7919 + k * 104729) % 1000) as f32 / 1000.0).collect(); let l = v.iter().map(|x| x * x).sum::<f32>().sqrt(); v.iter().map(|x| x / l).collect() };
    let make = |n: u64| { let m = memory(n, &text(n)); let c = parts::passages(&m).len(); parts::index(&m, Some(vec![vec384(n); c])) };
    let f = codemem_core::ports::Fingerprint("m".into());
    memories.without_vectors(&f, 0).expect("x");
    let all: Vec<_> = (0..10_000).map(make).collect();
    let t = Instant::now();
    for batch in all.chunks(128) { apply(&memories, batch.iter().map(|i| MemoryChange::Add(Box::new(i.clone()))).collect()); }
    let mut out = format!("import 10k in 128s: {:?}\n", t.elapsed());
    let mut times = |name: &str, run: &mut dyn FnMut(u64)| { let mut ts: Vec<_> = (0..40).map(|k| { let t = Instant::now(); run(k); t.elapsed() }).collect(); ts.sort(); out += &format!("{name}: p50 {:?} p95 {:?} min {:?}\n", ts[20], ts[37], ts[0]); };
    let indexed: Vec<_> = (0..40).map(|k| make(20_000 + k)).collect();
    times("single add", &mut |k| { apply(&memories, vec![MemoryChange::Add(Box::new(indexed[k as usize].clone()))]); });
    let idx: Vec<_> = (0..40).map(|k| make(30_000 + k)).collect();
    times("commit only", &mut |k| { let db = memories.writable().expect("x"); let mut w = memories.lock_writer(); memories.commit(&db, &mut w, "c", |tx| super::super::write::apply(tx, &[MemoryChange::Add(Box::new(idx[k as usize].clone()))], &note(NOW))).expect("x"); });
    times("index put+flush", &mut |k| { let db = memories.writable().expect("x"); memories.finder.update(&db, &[10_041 + k as u32], |_| Some(&idx[k as usize])); });
    times("fsync alone", &mut |k| { use std::io::Write; let p = root.path().join("probe"); let mut fl = fs::OpenOptions::new().create(true).append(true).open(p).expect("x"); fl.write_all(&[k as u8; 4096]).expect("x"); fl.sync_data().expect("x"); });
    let mut q = query(&first_reader(), "word17 word34 deploys parsers"); q.limit = 100;
    times("candidates words", &mut |_| { memories.candidates(&q).expect("x"); });
    q.vector = Some(vec384(5));
    times("candidates both", &mut |_| { memories.candidates(&q).expect("x"); });
    times("rows of 250 + count", &mut |_| { memories.read("x", |tx| { for k in 1..250 { super::super::rows::load(tx, k * 13)?; } super::super::read::count(tx, &first_reader(), &MemoryFilter::default(), NOW) }).expect("x"); });
    times("delete", &mut |k| { apply(&memories, vec![MemoryChange::Delete(id(k))]); });
    let t = Instant::now(); memories.backup(None, NOW).expect("x"); out += &format!("backup {:?}\n", t.elapsed());
    out += &format!("db {} index {}\n", memories.writable().expect("x").disk_bytes(), memories.finder.disk_bytes());
    let t = Instant::now(); drop(memories); out += &format!("close {:?}\n", t.elapsed());
    let t = Instant::now(); let memories = open(root.path()); out += &format!("open {:?}\n", t.elapsed());
    let t = Instant::now(); memories.finder.rebuild(&memories.writable().expect("x")).expect("x"); out += &format!("rebuild {:?}\n", t.elapsed());
    let t = Instant::now(); memories.check(); out += &format!("check {:?}\n", t.elapsed());
    let db = memories.writable().expect("x"); q.limit = 100; let t = Instant::now(); db.read("s", |tx| super::super::scan::search(tx, &q)).expect("x"); out += &format!("scan {:?}\n", t.elapsed());
    fs::write("/tmp/m1speed.txt", out).expect("x");
}
