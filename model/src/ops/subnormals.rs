//! Numbers below the normal range of f32, such as the tails of a softmax and the squares of small gradients: Intel's processors take about
//! eighty times as long for a product with one (measured with AVX-512), and none of them shows in a sum.

/// Runs `work` with subnormal operands taken as zero and subnormal results made zero, on the calling thread alone, where the processor can.
///
/// Rust's floating point assumes that the default mode is in force, so this is for kernels: nothing in `work` may depend on which of
/// the two values a subnormal number has.
pub fn flushing_subnormals<R>(work: impl FnOnce() -> R) -> R {
    struct Restore(mode::Word);
    impl Drop for Restore {
        fn drop(&mut self) {
            mode::write(self.0);
        }
    }
    let before = mode::read();
    let _restore = Restore(before);
    mode::write(before | mode::FLUSH);
    work()
}

#[cfg(target_arch = "x86_64")]
mod mode {
    use std::arch::asm;

    pub type Word = u32;
    /// Flush-to-zero and denormals-are-zero of MXCSR.
    pub const FLUSH: Word = 1 << 15 | 1 << 6;

    pub fn read() -> Word {
        let mut word: Word = 0;
        // SAFETY: stores MXCSR, which every x86-64 has, into a variable of its size.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut word, options(nostack, preserves_flags)) };
        word
    }

    pub fn write(word: Word) {
        // SAFETY: `word` was read from MXCSR; the two bits that are added are no reserved ones, and no exception is unmasked.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const word, options(nostack, preserves_flags, readonly)) };
    }
}

#[cfg(target_arch = "aarch64")]
mod mode {
    use std::arch::asm;

    pub type Word = u64;
    /// Flush-to-zero of FPCR.
    pub const FLUSH: Word = 1 << 24;

    pub fn read() -> Word {
        let word: Word;
        // SAFETY: reads FPCR, which every AArch64 has.
        unsafe { asm!("mrs {}, fpcr", out(reg) word, options(nomem, nostack, preserves_flags)) };
        word
    }

    pub fn write(word: Word) {
        // SAFETY: `word` was read from FPCR; the bit that is added is no reserved one, and no exception is trapped.
        unsafe { asm!("msr fpcr, {}", in(reg) word, options(nostack, preserves_flags)) };
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod mode {
    pub type Word = u8;
    pub const FLUSH: Word = 0;

    pub fn read() -> Word {
        0
    }

    pub fn write(_: Word) {}
}

#[cfg(all(test, any(target_arch = "x86_64", target_arch = "aarch64")))]
mod tests {
    use super::*;
    use std::hint::black_box;

    /// 2⁻¹³⁰, computed where the compiler cannot.
    fn product() -> f32 {
        black_box(f32::MIN_POSITIVE) * black_box(1.0 / 16.0)
    }

    #[test]
    fn subnormal_numbers_are_zero_inside_and_themselves_again_outside() {
        assert_eq!(product(), f32::MIN_POSITIVE / 16.0);
        assert_eq!(flushing_subnormals(product), 0.0);
        assert_eq!(flushing_subnormals(|| flushing_subnormals(product) + product()), 0.0, "nested");
        assert_eq!(product(), f32::MIN_POSITIVE / 16.0);
        let panicked = std::panic::catch_unwind(|| flushing_subnormals(|| panic!("on purpose")));
        assert!(panicked.is_err() && product() > 0.0, "a panic restores the mode, too");
    }

    #[test]
    fn whoever_has_a_core_to_itself_flushes() {
        assert_eq!(crate::ops::single_threaded(product), 0.0);
    }
}
