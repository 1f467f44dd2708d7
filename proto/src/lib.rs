//! The contract between the daemon and its clients: messages, versions, meeting place, errors.
//!
//! Everything that two codemem programs must agree on lives here and nowhere else. The only crates
//! that name the generated types are this one, the client, the programs that speak through it and
//! the daemon's `rpc` module. Nothing here connects, spawns or serves; what touches the file system
//! (the runtime directory and its locks) is blocking and quick.

pub mod dirs;
pub mod env;
pub mod logs;
pub mod memory;
pub mod read_only;
pub mod rendezvous;
pub mod request;
pub mod settings;
pub mod startup;
pub mod status;
pub mod strict;
pub mod time;
pub mod version;

/// Messages, clients and servers generated from `codemem/v1/*.proto`.
#[expect(
    missing_docs,
    clippy::pedantic,
    reason = "generated; the comments are in the .proto files"
)]
pub mod v1 {
    tonic::include_proto!("codemem.v1");
}

/// The compiled contract, for gRPC reflection: an encoded `google.protobuf.FileDescriptorSet`.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/codemem.v1.bin"));

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message as _;

    /// As much of `google.protobuf.FileDescriptorSet` as the test reads.
    #[derive(prost::Message)]
    struct DescriptorSet {
        #[prost(message, repeated, tag = "1")]
        files: Vec<FileDescriptor>,
    }

    #[derive(prost::Message)]
    struct FileDescriptor {
        #[prost(message, repeated, tag = "6")]
        services: Vec<ServiceDescriptor>,
    }

    #[derive(prost::Message)]
    struct ServiceDescriptor {
        #[prost(string, tag = "1")]
        name: String,
    }

    #[test]
    fn the_descriptor_set_carries_every_service() {
        let set = DescriptorSet::decode(FILE_DESCRIPTOR_SET).expect("valid");
        let services = set.files.into_iter().flat_map(|file| file.services);
        let mut names: Vec<String> = services.map(|service| service.name).collect();
        names.sort();
        assert_eq!(
            names,
            [
                "Config", "Daemon", "Doctor", "Graph", "Index", "Memory", "Models", "Search"
            ]
        );
    }
}
