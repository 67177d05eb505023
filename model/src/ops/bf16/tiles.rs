//! A block of sums by AMX's tile products: 16 x 16 sums of 16 x 32 by 32 x 16 numbers in one instruction.
//!
//! Rust has no stable intrinsics for them, so a step is assembly: four tiles of sums, two of each side.

use super::pack::first;
use super::{NR, Sink};
use std::arch::asm;
use std::arch::x86_64::*;
use std::sync::LazyLock;

/// Rows of a block of four tiles.
const MR: usize = 32;
/// Pairs in a row of a tile.
pub(super) const STEP: usize = 16;
/// Pairs of a tile of the left side.
const TILE: usize = 16 * STEP;

/// Whether the processor has tiles of bfloat16 and the operating system keeps them across switches for this process.
pub(super) fn are_supported() -> bool {
    static SUPPORTED: LazyLock<bool> = LazyLock::new(|| is_in_processor() && is_permitted());
    *SUPPORTED
}

/// AMX-TILE and AMX-BF16 of leaf 7.
fn is_in_processor() -> bool {
    __cpuid(0).eax >= 7 && {
        let features = __cpuid_count(7, 0).edx;
        features >> 24 & 1 == 1 && features >> 22 & 1 == 1
    }
}

/// Linux keeps the large state of tiles only for a process that asks.
#[cfg(target_os = "linux")]
fn is_permitted() -> bool {
    const ARCH_PRCTL: u64 = 158;
    const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
    const XTILEDATA: u64 = 18;
    let result: i64;
    // SAFETY: a system call that grants or refuses a permission to this process, and touches no memory of it.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => result,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XTILEDATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack)
        );
    }
    result == 0
}

#[cfg(not(target_os = "linux"))]
fn is_permitted() -> bool {
    false
}

/// All eight tiles of this thread have 16 rows of 64 bytes while this lives; then they are given back, so that a switch of threads has
/// nothing to save.
pub(super) struct Configured;

impl Configured {
    /// # Panics
    /// Where there are no tiles.
    pub(super) fn new() -> Self {
        /// Palette 1; bytes a row from byte 16 on, rows from byte 48 on.
        #[repr(align(64))]
        struct Config {
            bytes: [u8; 64],
        }
        static CONFIG: Config = {
            let mut bytes = [0; 64];
            bytes[0] = 1;
            let mut tile = 0;
            while tile < 8 {
                bytes[16 + 2 * tile] = 64;
                bytes[48 + tile] = 16;
                tile += 1;
            }
            Config { bytes }
        };
        assert!(are_supported(), "no tiles here");
        // SAFETY: the instruction is there and reads 64 bytes.
        unsafe { asm!("ldtilecfg [{}]", in(reg) CONFIG.bytes.as_ptr(), options(nostack, preserves_flags, readonly)) };
        Self
    }
}

impl Drop for Configured {
    fn drop(&mut self) {
        // SAFETY: the instruction is there; nobody else uses the tiles of this thread.
        unsafe { asm!("tilerelease", options(nostack, preserves_flags, nomem)) };
    }
}

/// Rows x columns of `c` from a left side of tiles and a panel, both filled with zeros to whole [`STEP`]s.
///
/// # Safety
/// The processor has AVX-512 and tiles, which are configured; `c` is writable for `rows` of `columns`, `sink.row_stride` apart.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn block(
    left: &[u32],
    panel: &[u32],
    (rows, columns, inner): (usize, usize, usize),
    c: *mut f32,
    sink: Sink,
) {
    let steps = inner.div_ceil(2 * STEP);
    let tiles = steps * TILE; // of the same rows
    assert!(rows.next_multiple_of(MR) / 16 * tiles <= left.len(), "left side out of bounds");
    assert!(steps * STEP * NR <= panel.len(), "panel out of bounds");
    let mut room = Sums([0.0; MR * NR]);
    for i in (0..rows).step_by(MR) {
        let height = (rows - i).min(MR);
        let (a, b, c) = (left[i / 16 * tiles..].as_ptr(), panel.as_ptr(), c.wrapping_add(i * sink.row_stride));
        // SAFETY: the caller's promise; the reads of `left` and `panel` were just checked, and `room` holds all four tiles.
        unsafe {
            if height == MR && columns == NR && sink.scale == 1.0 {
                four_tiles(a, tiles, b, steps, (c, sink.row_stride), sink.keep);
            } else {
                four_tiles(a, tiles, b, steps, (room.0.as_mut_ptr(), NR), false);
                put(&room, c, (height, columns), sink);
            }
        }
    }
}

/// [`MR`] x [`NR`], row-major.
#[repr(align(64))]
struct Sums([f32; MR * NR]);

/// `c = a @ b`, or `c + a @ b`, over `steps` of [`STEP`] pairs.
///
/// # Safety
/// Tiles are configured; `a` holds twice `steps` tiles, the lower ones from `tiles` on, `b` pair rows of [`NR`] for as many steps, `c`
/// [`MR`] rows of [`NR`] at its stride.
#[inline]
unsafe fn four_tiles(
    a: *const u32,
    tiles: usize,
    b: *const u32,
    steps: usize,
    (c, row_stride): (*mut f32, usize),
    keep: bool,
) {
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "test {keep}, {keep}",
            "jnz 3f",
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "jmp 2f",
            "3:",
            "tileloadd tmm0, [{c} + {stride}]",
            "tileloadd tmm1, [{c} + {stride} + 64]",
            "tileloadd tmm2, [{lower} + {stride}]",
            "tileloadd tmm3, [{lower} + {stride} + 64]",
            "2:",
            "tileloadd tmm4, [{a} + {row}]",
            "tileloadd tmm6, [{b} + 2 * {row}]",
            "tileloadd tmm7, [{b} + 2 * {row} + 64]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tileloadd tmm5, [{below} + {row}]",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "add {a}, 1024",
            "add {b}, 2048",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "add {below}, 1024",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "dec {steps}",
            "jnz 2b",
            "tilestored [{c} + {stride}], tmm0",
            "tilestored [{c} + {stride} + 64], tmm1",
            "tilestored [{lower} + {stride}], tmm2",
            "tilestored [{lower} + {stride} + 64], tmm3",
            a = inout(reg) a => _,
            below = inout(reg) a.wrapping_add(tiles) => _,
            b = inout(reg) b => _,
            steps = inout(reg) steps => _,
            row = in(reg) 4 * STEP,
            c = in(reg) c,
            lower = in(reg) c.wrapping_add(16 * row_stride),
            stride = in(reg) 4 * row_stride,
            keep = in(reg) usize::from(keep),
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack)
        );
    }
}

/// Adds sums to what they belong to.
///
/// # Safety
/// `c` holds `height` rows of `columns`.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn put(sums: &Sums, c: *mut f32, (height, columns): (usize, usize), sink: Sink) {
    let scale = _mm512_set1_ps(sink.scale);
    let masks = [first(columns), first(columns.saturating_sub(16))];
    for i in 0..height {
        for (half, mask) in masks.into_iter().enumerate() {
            // SAFETY: the caller's promise; columns beyond the last are masked.
            unsafe {
                let sum = _mm512_load_ps(sums.0.as_ptr().add(i * NR + 16 * half));
                let c = c.wrapping_add(i * sink.row_stride + 16 * half);
                let before = if sink.keep { _mm512_maskz_loadu_ps(mask, c) } else { _mm512_setzero_ps() };
                _mm512_mask_storeu_ps(c, mask, _mm512_fmadd_ps(sum, scale, before));
            }
        }
    }
}
