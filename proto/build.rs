//! Compiles the contract without a system `protoc`, and keeps its descriptor set for reflection.

use prost::Message as _;
use std::error::Error;
use std::path::PathBuf;

const FILES: [&str; 6] = [
    "codemem/v1/config.proto",
    "codemem/v1/daemon.proto",
    "codemem/v1/doctor.proto",
    "codemem/v1/index.proto",
    "codemem/v1/models.proto",
    "codemem/v1/search.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let descriptors = protox::compile(FILES, ["."])?;
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    // `compile_fds` ignores `file_descriptor_set_path`, so the set is written here.
    std::fs::write(out.join("codemem.v1.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    for file in FILES {
        println!("cargo::rerun-if-changed={file}");
    }
    Ok(())
}
