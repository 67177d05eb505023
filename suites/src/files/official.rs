//! The official files that are known by digest.

use serde::{Deserialize, Serialize};

/// Who publishes a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// `Karine-Huang/T2I-CompBench`, folder `examples/dataset` (MIT).
    Compbench,
    /// `google-research/parti` (Apache-2.0).
    Parti,
    /// `djghosh13/geneval`, folder `prompts` (MIT).
    Geneval,
}

/// Which published version of a file this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Revision {
    /// The version of the pinned commit, newest when this was written.
    Current,
    /// An earlier published version; the text says when it was valid.
    Earlier(&'static str),
    /// None of the versions that are known: edited, converted, or newer than this program.
    Unknown,
    /// A user's own file, which has no official version.
    Own,
}

impl Revision {
    /// The revision of the file with this digest; [`Revision::Own`] where nobody publishes it.
    pub(crate) fn of(origin: Option<Origin>, sha256: &str) -> Self {
        let Some(origin) = origin else { return Self::Own };
        OFFICIAL
            .iter()
            .find(|file| file.origin == origin && file.sha256 == sha256)
            .map_or(Self::Unknown, |file| file.revision)
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Current => f.pad("current"),
            Self::Earlier(when) => f.pad(when),
            Self::Unknown => f.pad("unknown revision"),
            Self::Own => f.pad("own file"),
        }
    }
}

/// One version of an official file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownFile {
    /// Who publishes it.
    pub origin: Origin,
    /// Its name.
    pub name: &'static str,
    /// Prompts in it; in `new_objects.txt`, pairs of words.
    pub prompts: usize,
    /// Which version it is.
    pub revision: Revision,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: &'static str,
}

/// Prompts in DrawBench. Its authors publish it as an online table without a version, so that no digest can be known.
pub const DRAWBENCH_PROMPTS: usize = 200;

const fn file(origin: Origin, name: &'static str, prompts: usize, sha256: &'static str) -> KnownFile {
    KnownFile { origin, name, prompts, revision: Revision::Current, sha256 }
}

const fn earlier(name: &'static str, prompts: usize, when: &'static str, sha256: &'static str) -> KnownFile {
    KnownFile { origin: Compbench, name, prompts, revision: Revision::Earlier(when), sha256 }
}

use Origin::{Compbench, Geneval, Parti};

/// Every version that is known. The earlier ones of T2I-CompBench are those of its first commit, `7710d05`: until
/// 2025-09-03 (`3310c2f`) five prompts of `color_val.txt` were duplicates, and `spatial.txt` lacked 300 until
/// 2024-11-23 (`33d6305`). The files `action*.txt` of 2023 are the bytes of `non_spatial*.txt`.
#[rustfmt::skip]
pub const OFFICIAL: &[KnownFile] = &[
    file(Compbench, "3d_spatial.txt", 1000, "1ae21ab1c669cca035f8ce27c83a312dd4ecddc0796a2d4a6910163b9a92fa3f"),
    file(Compbench, "3d_spatial_train.txt", 700, "0bba7e9ad31b0ce7908f6cbf2426a4b7ef6e8b841c1b737d0ad2d5b8e688dd93"),
    file(Compbench, "3d_spatial_val.txt", 300, "c9953597315f36a5fcb41291bb19bdc6ab5f64a0fa760d691b4854a73f5d1fe9"),
    file(Compbench, "color.txt", 860, "e3034f86a70c3422dd7157c050dc9c8346a32162a3f1165302c9dba05c4f48f3"),
    file(Compbench, "color_train.txt", 700, "db5d3287027d453f8c977f0c7315f8a01a770f02f61fa54ae19406762982393f"),
    file(Compbench, "color_val.txt", 300, "1634259756dbc77d13093d907d414480080ec9790a8c97ad09efaea7b2534f2d"),
    file(Compbench, "color_val_seen.txt", 200, "9b2859d9107b2ed4cae95808749de5ac3557a280eb79067a8ef55c4eec7711a9"),
    file(Compbench, "color_val_unseen.txt", 100, "7fa6f76bb602df9624262ee819f0b1ede20c14880cbacfb7fe8ce79f8157b5c2"),
    file(Compbench, "complex.txt", 1000, "58c982554cfe40bedafe3fb495f18196bc0d3905f94b984e0580b24cb624f171"),
    file(Compbench, "complex_train.txt", 700, "d214ac45cb3c5307dd14a144c8c69aa5ffdcc7be74ff71b5dac989f8ca9f924b"),
    file(Compbench, "complex_train_action.txt", 504, "2bf41d7d857883a7344aed46c45343f5089a71cc394d81c00f4aab5348a81dc8"),
    file(Compbench, "complex_train_spatial.txt", 130, "a7ccfa228a825497db4e6e688332a90f3b53da66a76da324390b597be92a0da0"),
    file(Compbench, "complex_train_spatialaction.txt", 66, "933cdc3e6eeaa6564f762736dd32f5e74c4809381fc2c2787bec434bc6b0c7ea"),
    file(Compbench, "complex_val.txt", 300, "1b808018b8d9916db3d47d5aa2ef18377a3549a56901a474156f799824cdf3b4"),
    file(Compbench, "complex_val_action.txt", 212, "d49ee4c7f99e3f3379fb8704a54ff5288b83bb412971edf616a4721c2473308e"),
    file(Compbench, "complex_val_spatial.txt", 58, "6c7ac0ab75c7c9080cfc7b421fb059b9b0febb98471707aeedf58771088abc02"),
    file(Compbench, "complex_val_spatialaction.txt", 30, "e02ddc7fed812e6577e7386ec2137ce0a994a5ce19771661f68df7ac349a6ca9"),
    file(Compbench, "new_objects.txt", 101, "f39a3d2ff6067d7738673cbf465dc659ccc750776162989a5d9916f1d5f3e231"),
    file(Compbench, "non_spatial.txt", 1000, "90ae0e995992768d8ddb862d821733103ebf822668a42c857862cc71018a0009"),
    file(Compbench, "non_spatial_train.txt", 700, "dbac5a9ec83204dcd0c3538a12d3212e2ce66db6f7ba45b49a1d869b2d3f2430"),
    file(Compbench, "non_spatial_val.txt", 300, "04c56cc9ac441dc9ea6c5157652058bd1635b5308526dd31bb29a1caab9a758d"),
    file(Compbench, "numeracy.txt", 1000, "ba97b876f32f6cac34507a085c7e7ecc6079641b5cbd0fc0c1eb5240ac4b64f0"),
    file(Compbench, "numeracy_train.txt", 700, "f66bb8708cb0be23c0406e14d892b25661b2b71e3e72abddc79c38466ab629c6"),
    file(Compbench, "numeracy_val.txt", 300, "dad8df141604b70ba7554bec724e3db0a80023680769b5c514854ea2d2527bbe"),
    file(Compbench, "shape.txt", 1000, "571dfc71ecbea33aa4e504acbe0a7519780920012d9ad360aa212e7e4b6eb6df"),
    file(Compbench, "shape_train.txt", 700, "451bdfccd330d4cf979d45664817be7959e89250b93d5c591cc562b858175a87"),
    file(Compbench, "shape_val.txt", 300, "37e1a276906c7ea9516cbd7ac8501be896006c0c17ca7344f260562834455bae"),
    file(Compbench, "shape_val_seen.txt", 200, "5581f4c8904e11b00fe6e33d2cc21a5822f59f39f43fa51479bc30aa6d458a4d"),
    file(Compbench, "shape_val_unseen.txt", 100, "35b17a7b015405c5c96c51c5cd969a786b3855c48e6f68c184626f5db444d987"),
    file(Compbench, "spatial.txt", 1000, "66f6b1dcf335389111a0379357fbf5233498e67ba15251ee0f7de2f1ac620ae1"),
    file(Compbench, "spatial_train.txt", 700, "af14cdf2320057d98f94077e6211c2ddfaabfbb9e3842873657baabb17e00de6"),
    file(Compbench, "spatial_val.txt", 300, "8707a1d7e42ce3002d95363cf55f74bd043c843ae27108f5125aaaa7840ca988"),
    file(Compbench, "texture.txt", 1000, "9957553c3e653ab54660454615ea5f3c9d4b807eca9c13b44cb9679d3f2c425e"),
    file(Compbench, "texture_train.txt", 700, "4846315c5972f9e9cc82e4833099e8ec2c28b999ca77269512715f3f56bde54f"),
    file(Compbench, "texture_val.txt", 300, "fbb5363515b4a28009e360afaaaf389d2dd2289e50dbb0c6ef4ea0c7fe4f3d4f"),
    file(Compbench, "texture_val_seen.txt", 200, "5548a49c68efefbbc88b2eb6dffd0f141373235370659158a5d15fdbd82c8c96"),
    file(Compbench, "texture_val_unseen.txt", 100, "6035f7dd8fd9efd6fbeedef64b04e1f651e977b2a1b9c47365c9e4eed0edc27b"),
    earlier("color.txt", 1000, "before 2025-09", "a0b1c5c9807664a73848fa8914106a20737637d420aae8a67304ee98c1764094"),
    earlier("color_val.txt", 300, "before 2025-09", "1e37a12c1861bf6b11623eaffb0bf6d6eeea9702caf45b95d040f1721bba7f4f"),
    earlier("spatial.txt", 700, "before 2024-11", "3a50aa78434730de0fbeeb35a8d24d182a3d8dbcab84c1c806346b4052239065"),
    file(Parti, "PartiPrompts.tsv", 1632, "fab29e41bb512a169b56acab4cf2a41dcb675e285df2efcde6640c7dd3c440eb"),
    file(Geneval, "evaluation_metadata.jsonl", 553, "5c48e0813e812e3c373fa5c8ed07a8f0a483be30272b4427b0559c8048e67c13"),
];
