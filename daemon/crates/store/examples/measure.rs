//! Temporary.
use codemem_core::ids::*;
use codemem_core::path::RepoPath;
use codemem_core::ports::*;
use codemem_core::unit::*;
use codemem_store::*;
use std::time::Instant;

fn rng(s: &mut u64) -> u64 { *s ^= *s << 13; *s ^= *s >> 7; *s ^= *s << 17; *s }
fn rss() -> String {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    s.lines().filter(|l| l.starts_with("VmRSS") || l.starts_with("RssAnon")|| l.starts_with("VmHWM")).collect::<Vec<_>>().join(" ")
}
fn pct(mut v: Vec<f64>) -> String { v.sort_by(|a,b| a.total_cmp(b)); format!("p50 {:.3} ms p95 {:.3} ms", v[v.len()/2], v[v.len()*95/100]) }

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let dir = std::path::PathBuf::from(&args[2]);
    let n: u32 = args[3].parse().unwrap();
    match args[1].as_str() { "catalog" => catalog(&dir, n), _ => vectors(&dir, n, args.get(4).map_or(384, |d| d.parse().unwrap())) }
}

fn catalog(dir: &std::path::Path, n_files: u32) {
    let c = SqliteCatalog::open(dir).unwrap();
    let w = c.worktree(std::path::Path::new("/x")).unwrap();
    let mut s = 88172645463325252u64;
    let h = |s: &mut u64| { let mut b=[0;16]; b[..8].copy_from_slice(&rng(s).to_le_bytes()); b[8..].copy_from_slice(&rng(s).to_le_bytes()); Hash128(b)};
    let (nc, ns) = (21u32, 28u32);
    let t = Instant::now(); let mut rows=0u64; let mut busy=0.0; let mut chunks: Vec<ChunkId> = vec![]; let mut worst: f64 = 0.0;
    let mut hashes = vec![];
    for b in (0..n_files).step_by(500) {
        let mut change = ManifestChange::default();
        for f in b..(b+500).min(n_files) {
            let symbols = (0..ns).map(|i| { let name = format!("handle_{}_{:x}", ["request","buffer","page","inode"][i as usize%4], rng(&mut s)%200_000); Symbol{ qualified_name: if i%3==0 {format!("Server::{name}")} else {name.clone()}, signature: format!("pub fn {name}(&self, request: Request<Body>, len: usize) -> Result<()>"), name, kind: SymbolKind::Function, docstring: (i%3==0).then(|| "Handles what comes in and gives it to whoever waits for it; returns early when nobody does.".into()), lines: LineSpan{start:i*10+1,end:i*10+9}, parent: None}}).collect();
            let ch = (0..nc).map(|i| Chunk{lines:LineSpan{start:i*12+1,end:i*12+12},bytes:0..0,symbol:Some(i),defines:0..0}).collect();
            let texts = (0..nc).map(|_| h(&mut s)).collect();
            let hash = h(&mut s); hashes.push(hash);
            change.put.push(FileRecord{path:RepoPath::new(&format!("drivers/net/sub{}/file_{f:06}.c", f/40)).unwrap(), stamp:FileStamp{size:5000,mtime_ns:1_700_000_000_000_000_000+i64::from(f)}, hash, extraction:Some((Extraction{language:"c".into(),chunks:ch,symbols,leading_comment:None,has_errors:false},texts)), summary:h(&mut s)});
            rows += u64::from(nc+ns);
        }
        let t1 = Instant::now();
        let r = c.record(w,&change,1).unwrap();
        let e = t1.elapsed().as_secs_f64(); busy += e; worst = worst.max(e);
        chunks.extend(r.iter().map(|r| r.new_chunks[3]));
        let t1 = Instant::now();
        c.mark_lexical(&r.iter().map(|r| r.content).collect::<Vec<_>>(), &r.iter().map(|r| r.path).collect::<Vec<_>>()).unwrap();
        if b == 0 { println!("mark_lexical 500: {:?}", t1.elapsed()); }
    }
    println!("record: {rows} chunk+symbol rows, {:.0} rows/s in record, {:.1}s wall, worst batch {:.0} ms, disk {} MB = {:.0} B/row  {}", rows as f64/busy, t.elapsed().as_secs_f64(), worst*1e3, c.disk_bytes()>>20, c.disk_bytes() as f64/rows as f64, rss());
    let time = |name: &str, k: usize, mut f: Box<dyn FnMut(usize)+'_>| { let mut v=vec![]; for i in 0..k { let t=Instant::now(); f(i); v.push(t.elapsed().as_secs_f64()*1e3);} println!("{name}: {}", pct(v)); };
    time("chunks(50)", 200, Box::new(|i| { let ids: Vec<_> = (0..50).map(|j| chunks[(i*7919+j*104729)%chunks.len()]).collect(); assert_eq!(c.chunks(&ids).unwrap().len(),50);}));
    time("chunks(1)", 200, Box::new(|i| { c.chunks(&[chunks[(i*7919)%chunks.len()]]).unwrap();}));
    time("chunks_of", 200, Box::new(|i| { assert_eq!(c.chunks_of(ContentId(1+(i as u32*7919)%n_files)).unwrap().len(), 21);}));
    time("chunks_with_texts(100)", 100, Box::new(|i| { let ids: Vec<_> = (0..100).map(|j| TextId(1+((i*7919+j*104729) as u32)%(n_files*21))).collect(); c.chunks_with_texts(&ids).unwrap();}));
    time("definitions(5 names,50)", 100, Box::new(|i| { let ids: Vec<_> = (0..5).map(|j| format!("handle_page_{:x}", i*31+j)).collect(); c.definitions(&ids,50).unwrap();}));
    time("known(500)", 50, Box::new(|i| { let v: Vec<_> = (0..500).map(|j| hashes[(i*7919+j*104729)%hashes.len()]).collect(); assert_eq!(c.known(&v,1).unwrap().len(),500);}));
    time("manifest", 5, Box::new(|_| { c.manifest(w).unwrap();}));
    time("counts cached", 20, Box::new(|_| { c.counts(w).unwrap();}));
    time("counts after write", 10, Box::new(|_| { c.mark_vectors(&[]).unwrap(); c.counts(w).unwrap();}));
    time("pending chunks 64", 20, Box::new(|_| { assert!(c.pending_vectors(VectorSpace::Chunks,64).unwrap().len()<=64);}));
    let t=Instant::now(); let mut n=0; let mut marks=vec![]; let mut pend=vec![];
    for _ in 0..(n_files/128).min(200) { let t1=Instant::now(); let p = c.pending_vectors(VectorSpace::Chunks,64).unwrap(); pend.push(t1.elapsed().as_secs_f64()*1e3); let ids: Vec<_> = p.iter().flat_map(|f| f.texts.iter().map(|t| t.1)).collect(); n+=ids.len(); let t1=Instant::now(); c.mark_vectors(&ids).unwrap(); marks.push(t1.elapsed().as_secs_f64()*1e3);}
    println!("pending+mark: {n} texts in {:?}; pending {}; mark(1344) {}", t.elapsed(), pct(pend), pct(marks));
    let t=Instant::now(); let one = ManifestChange{put: vec![FileRecord{path:RepoPath::new("drivers/net/sub0/file_000000.c").unwrap(), stamp:FileStamp{size:1,mtime_ns:1}, hash:hashes[1], extraction:None, summary:hashes[0]}],..Default::default()};
    c.record(w,&one,1).unwrap(); println!("record one file: {:?}", t.elapsed());
    let t=Instant::now(); let g=c.garbage().unwrap(); println!("garbage (1 file): {:?} {} {}", t.elapsed(), g.contents.len(), g.texts.len());
    let t=Instant::now(); c.collect(&g).unwrap(); println!("collect: {:?}", t.elapsed());
    let t=Instant::now(); c.check().unwrap(); println!("quick_check: {:?}", t.elapsed());
    drop(c); let t=Instant::now(); let c = SqliteCatalog::open(dir).unwrap(); println!("open: {:?} disk {} MB", t.elapsed(), c.disk_bytes()>>20);
    let t=Instant::now(); c.remove_worktree(w).unwrap(); println!("remove_worktree: {:?}", t.elapsed());
    let t=Instant::now(); let g=c.garbage().unwrap(); println!("garbage (all): {:?}", t.elapsed());
    let t=Instant::now(); c.collect(&g).unwrap(); println!("collect all: {:?} disk {} KB  {}", t.elapsed(), c.disk_bytes()>>10, rss());
}

fn vectors(dir: &std::path::Path, n: u32, dim: usize) {
    let mut s = 88172645463325252u64;
    let mut vector = || { let v: Vec<f32> = (0..dim).map(|_| (rng(&mut s)>>40) as f32/(1u64<<24) as f32-0.5).collect(); let l = v.iter().map(|x|x*x).sum::<f32>().sqrt(); v.into_iter().map(|x|x/l).collect::<Vec<f32>>() };
    println!("start {}", rss());
    let v = EdgeVectors::create(dir, 1).unwrap();
    let mut up = 0.0; let mut flush = vec![]; 
    let t0 = Instant::now();
    for b in (0..n).step_by(1000) {
        let p: Vec<_> = (b..(b+1000).min(n)).map(|i| (TextId(i+1), vector())).collect();
        let t=Instant::now(); v.upsert(VectorSpace::Chunks,&p).unwrap(); up += t.elapsed().as_secs_f64();
        let t=Instant::now(); v.flush().unwrap(); flush.push(t.elapsed().as_secs_f64()*1e3);
    }
    println!("upsert {:.0}/s; flush after 1000: {} max {:.0}; wall {:?}; disk {} MB {}", f64::from(n)/up, pct(flush.clone()), flush.iter().fold(0.0f64,|a,b|a.max(*b)), t0.elapsed(), v.disk_bytes()>>20, rss());
    let mut fl = vec![]; for i in 0..50 { let p: Vec<_> = (0..64).map(|j| (TextId(i*64+j+1), vector())).collect(); v.upsert(VectorSpace::Chunks,&p).unwrap(); let t=Instant::now(); v.flush().unwrap(); fl.push(t.elapsed().as_secs_f64()*1e3);} println!("flush after 64: {}", pct(fl));
    let search = |v: &EdgeVectors, q: &mut dyn FnMut()->Vec<f32>, within: Option<&IdSet>| { let mut t1=vec![]; for _ in 0..60 { let q=q(); let t=Instant::now(); v.search(VectorSpace::Chunks,&q,within,200).unwrap(); t1.push(t.elapsed().as_secs_f64()*1e3);} pct(t1) };
    println!("search 200: {}  {}", search(&v,&mut vector,None), rss());
    let half: IdSet = (1..=n).filter(|i| i%2==0).collect(); println!("search within 50%: {}", search(&v,&mut vector,Some(&half)));
    let tenth: IdSet = (1..=n).filter(|i| i%10==0).collect(); println!("search within 10%: {}", search(&v,&mut vector,Some(&tenth)));
    drop(v); let t=Instant::now(); let v = EdgeVectors::open(dir).unwrap().unwrap(); println!("open {:?} count {} disk {} MB {}", t.elapsed(), v.count(VectorSpace::Chunks).unwrap(), v.disk_bytes()>>20, rss());
    println!("search 200: {}", search(&v,&mut vector,None));
    let ids: Vec<_> = (1..=n*3/10).map(TextId).collect(); let t=Instant::now(); v.delete(&ids).unwrap(); v.flush().unwrap(); println!("delete 30%: {:?} disk {} MB", t.elapsed(), v.disk_bytes()>>20);
    println!("search 200: {}", search(&v,&mut vector,None));
}
