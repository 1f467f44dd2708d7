//! Compiles the contract without a system `protoc`, keeps its descriptor set for reflection, and tells
//! [`strict`](src/strict.rs) which fields there are.

use prost::Message as _;
use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use tonic_prost_build::FileDescriptorSet;

const FILES: [&str; 9] = [
    "codemem/v1/config.proto",
    "codemem/v1/daemon.proto",
    "codemem/v1/doctor.proto",
    "codemem/v1/freshness.proto",
    "codemem/v1/graph.proto",
    "codemem/v1/index.proto",
    "codemem/v1/memory.proto",
    "codemem/v1/models.proto",
    "codemem/v1/search.proto",
];

/// The service whose requests are read strictly.
const STRICT: &str = "Memory";

/// `TYPE_MESSAGE` of `google.protobuf.FieldDescriptorProto.Type`.
const MESSAGE: i32 = 11;

fn main() -> Result<(), Box<dyn Error>> {
    let descriptors = protox::compile(FILES, ["."])?;
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    // `compile_fds` ignores `file_descriptor_set_path`, so the set is written here.
    std::fs::write(out.join("codemem.v1.bin"), descriptors.encode_to_vec())?;
    std::fs::write(out.join("strict.rs"), strict_messages(&descriptors)?)?;
    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names();
    tonic_prost_build::configure()
        .codec_path("crate::strict::Codec")
        .compile_fds_with_config(descriptors, config)?;
    for file in FILES {
        println!("cargo::rerun-if-changed={file}");
    }
    Ok(())
}

/// The requests of the strict service and what they are made of, as the text of a table.
fn strict_messages(descriptors: &FileDescriptorSet) -> Result<String, Box<dyn Error>> {
    let services = descriptors.file.iter().flat_map(|file| &file.service);
    let service = services.into_iter().find(|service| service.name() == STRICT);
    let service = service.ok_or("the strict service is gone")?;
    // Grows while it is walked, by the messages of fields.
    let mut names: Vec<String> = service
        .method
        .iter()
        .map(|method| method.input_type().to_owned())
        .collect();
    let n_requests = names.len();
    let mut rows = String::new();
    let mut at = 0;
    while let Some(name) = names.get(at).cloned() {
        at += 1;
        let messages = descriptors.file.iter().flat_map(|file| {
            let package = file.package();
            file.message_type
                .iter()
                .map(move |message| (format!(".{package}.{}", message.name()), message))
        });
        let (_, message) = messages
            .into_iter()
            .find(|(found, _)| *found == name)
            .ok_or_else(|| format!("`{name}` is no message of its own"))?;
        let is_request = at <= n_requests;
        writeln!(
            rows,
            "Message {{ name: {:?}, is_request: {is_request}, fields: &[",
            name.trim_start_matches('.')
        )?;
        for field in &message.field {
            let inner = (field.r#type == Some(MESSAGE)).then(|| {
                let inner = field.type_name();
                let known = names.iter().position(|name| name == inner);
                known.unwrap_or_else(|| {
                    names.push(inner.to_owned());
                    names.len() - 1
                })
            });
            writeln!(rows, "({}, {:?}, {inner:?}),", field.number(), field.name())?;
        }
        writeln!(rows, "] }},")?;
    }
    Ok(format!("&[\n{rows}]\n"))
}
