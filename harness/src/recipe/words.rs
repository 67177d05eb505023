//! How recipe values read in names and tables.

use super::schema::{Conditioning, EncoderKind, SamplerKind, WeightType};

/// A value with a word for arm names and one for tables.
pub trait Words {
    /// The short word of arm names.
    fn short(self) -> &'static str;
    /// The paper's or the field's spelling, for tables.
    fn word(self) -> &'static str;
}

impl Words for Conditioning {
    fn short(self) -> &'static str {
        match self {
            Self::AdaLnZero => "adaln",
            Self::CrossAttention => "cross",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::AdaLnZero => "adaLN-Zero",
            Self::CrossAttention => "cross-attention",
        }
    }
}

impl Words for EncoderKind {
    fn short(self) -> &'static str {
        match self {
            Self::Clip => "clip",
            Self::T5 => "t5",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Clip => "CLIP",
            Self::T5 => "T5",
        }
    }
}

impl Words for WeightType {
    fn short(self) -> &'static str {
        self.word()
    }

    fn word(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        }
    }
}

impl Words for SamplerKind {
    fn short(self) -> &'static str {
        self.name()
    }

    fn word(self) -> &'static str {
        match self {
            Self::Ddim => "DDIM",
            Self::DpmSolverPp => "DPM-Solver++(2M)",
            Self::DpmSolverPpKarras => "DPM-Solver++(2M) Karras",
            Self::Euler => "Euler",
            Self::Ddpm => "DDPM",
        }
    }
}
