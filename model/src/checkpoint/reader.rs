//! Tensors from safetensors files, one at a time.
//!
//! Read, not mapped: a tensor of candle's owns its memory, so that a mapped file would be copied all the same, and what was mapped and
//! touched counts as this process's memory until the system wants it back. A network of ten gigabytes would need twenty while it is
//! loaded; so it needs ten.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::{Mutex, PoisonError};

use candle_core::{DType, Device, Tensor};
use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};
use half::vec::HalfBitsVecExt;
use half::{bf16, f16};
use safetensors::tensor::{Dtype, Metadata};

use super::files::Located;
use super::{CheckpointError, Misplaced};

/// No sane header is larger; a larger length means that the file is something else, and memory for it is not to be had.
const LONGEST_HEADER: u64 = 100 << 20;

/// Open files and where each of their tensors lies.
pub(super) struct Reader {
    files: Vec<Mutex<File>>,
    tensors: BTreeMap<String, Place>,
    absent: Vec<(String, String)>,
}

struct Place {
    file: usize,
    dtype: DType,
    shape: Vec<usize>,
    /// First byte in the file, and their number.
    bytes: (u64, usize),
}

impl Reader {
    /// Reads the headers of some weights' files.
    ///
    /// # Errors
    /// [`CheckpointError::Unreadable`], [`CheckpointError::Damaged`] where a header is no header or the file ends before its last
    /// tensor, or [`CheckpointError::Index`].
    pub(super) fn open(weights: &Located) -> Result<Self, CheckpointError> {
        let mut files = Vec::new();
        let mut found: BTreeMap<String, Vec<Place>> = BTreeMap::new();
        for path in &weights.files {
            let unreadable = |source| CheckpointError::Unreadable { path: path.clone(), source };
            let damaged = |reason: &dyn std::fmt::Display| CheckpointError::Damaged {
                path: path.clone(),
                source: candle_core::Error::Msg(reason.to_string()),
            };
            let mut file = File::open(path).map_err(unreadable)?;
            let length = file.metadata().map_err(unreadable)?.len();
            let header = header(&mut file, length).map_err(unreadable)?.map_err(|reason| damaged(&reason))?;
            let metadata: Metadata = serde_json::from_slice(&header).map_err(|e| damaged(&e))?;
            let data = (header.len() + 8) as u64;
            let last = metadata.tensors().values().map(|info| info.data_offsets.1).max().unwrap_or(0);
            if data + (last as u64) < length {
                return Err(damaged(&"it goes on after its last tensor"));
            }
            for (name, info) in metadata.tensors() {
                let (start, end) = info.data_offsets;
                if data + end as u64 > length {
                    return Err(damaged(&format!("it ends before the last byte of {name}")));
                }
                let Some(dtype) = dtype(info.dtype) else {
                    return Err(damaged(&format!(
                        "{name} is of type {:?}, and only f32, f16, bf16 and f64 are read",
                        info.dtype
                    )));
                };
                let (file, shape) = (files.len(), info.shape.clone());
                let bytes = (data + start as u64, end - start);
                found.entry(name).or_default().push(Place { file, dtype, shape, bytes });
            }
            files.push(Mutex::new(file));
        }
        let (tensors, absent) = placed(weights, found)?;
        Ok(Self { files, tensors, absent })
    }

    /// Tensors that are in no part though the index names them, and the file that it names. Published indices name tensors that are the
    /// same as others and were therefore left out: whoever knows the network tells whether they are missed.
    pub(super) fn absent(&self) -> &[(String, String)] {
        &self.absent
    }

    /// Name and shape of each tensor.
    pub(super) fn shapes(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.tensors.iter().map(|(name, place)| (name.as_str(), place.shape.as_slice()))
    }

    /// The shape of a tensor that is there.
    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|place| place.shape.as_slice())
    }

    /// Reads a tensor as `wanted`. Between the types of weights it is converted while it is read, so that beside the result only
    /// a piece of it is in memory.
    pub(super) fn read(&self, name: &str, wanted: DType, device: &Device) -> candle_core::Result<Tensor> {
        let Some(place) = self.tensors.get(name) else { candle_core::bail!("no tensor {name} in the checkpoint") };
        let mut file = self.files[place.file].lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(place.bytes.0))?;
        let shape = place.shape.as_slice();
        let elements = shape.iter().product();
        let tensor = match (place.dtype, wanted) {
            (DType::F32, DType::F32) => Tensor::from_vec(whole::<f32>(&mut file, elements)?, shape, &Device::Cpu)?,
            (DType::BF16, DType::BF16) => {
                let bits: Vec<u16> = whole(&mut file, elements)?;
                Tensor::from_vec(bits.reinterpret_into::<bf16>(), shape, &Device::Cpu)?
            }
            (DType::F16, DType::F16) => {
                let bits: Vec<u16> = whole(&mut file, elements)?;
                Tensor::from_vec(bits.reinterpret_into::<f16>(), shape, &Device::Cpu)?
            }
            (DType::BF16, DType::F32) => {
                let widen = |bits: &[u16], to: &mut [f32]| bits.reinterpret_cast::<bf16>().convert_to_f32_slice(to);
                Tensor::from_vec(by_pieces(&mut file, elements, widen)?, shape, &Device::Cpu)?
            }
            (DType::F16, DType::F32) => {
                let widen = |bits: &[u16], to: &mut [f32]| bits.reinterpret_cast::<f16>().convert_to_f32_slice(to);
                Tensor::from_vec(by_pieces(&mut file, elements, widen)?, shape, &Device::Cpu)?
            }
            (DType::F32, DType::BF16) => {
                let narrow = |from: &[f32], to: &mut [bf16]| to.convert_from_f32_slice(from);
                Tensor::from_vec(by_pieces(&mut file, elements, narrow)?, shape, &Device::Cpu)?
            }
            (DType::F32, DType::F16) => {
                let narrow = |from: &[f32], to: &mut [f16]| to.convert_from_f32_slice(from);
                Tensor::from_vec(by_pieces(&mut file, elements, narrow)?, shape, &Device::Cpu)?
            }
            _ => {
                let bytes: Vec<u8> = whole(&mut file, place.bytes.1)?;
                Tensor::from_raw_buffer(&bytes, place.dtype, shape, &Device::Cpu)?.to_dtype(wanted)?
            }
        };
        tensor.to_device(device)
    }
}

/// Places by name, and what the index names and no file has, each with the file that it should be in.
type Placed = (BTreeMap<String, Place>, Vec<(String, String)>);

/// Of each tensor the place that the index says; one that it does not name must be in one file alone. Then what it names and is nowhere.
fn placed(weights: &Located, found: BTreeMap<String, Vec<Place>>) -> Result<Placed, CheckpointError> {
    let nothing = BTreeMap::new();
    let named = weights.index.as_ref().map_or(&nothing, |index| &index.places);
    let file = |i: usize| weights.files[i].file_name().unwrap_or_default().to_string_lossy().into_owned();
    let absent = named.iter().filter(|(name, _)| !found.contains_key(*name));
    let absent = absent.map(|(name, &i)| (name.clone(), file(i))).collect();
    let (mut tensors, mut problems) = (BTreeMap::new(), Vec::new());
    for (name, mut places) in found {
        let said = named.get(&name).copied();
        let right = match said {
            Some(i) => places.iter().position(|place| place.file == i),
            None => (places.len() == 1).then_some(0),
        };
        match right {
            Some(i) => drop(tensors.insert(name, places.swap_remove(i))),
            None => {
                let found = places.iter().map(|place| file(place.file)).collect();
                problems.push(Misplaced { name, named: said.map(file), found });
            }
        }
    }
    // Without an index there is one file, and in it each tensor once.
    let Some(index) = weights.index.as_ref().filter(|_| !problems.is_empty()) else { return Ok((tensors, absent)) };
    Err(CheckpointError::Index { path: index.path.clone(), problems })
}

/// The next `count` numbers of a file.
fn whole<T: bytemuck::Pod>(file: &mut File, count: usize) -> std::io::Result<Vec<T>> {
    let mut numbers = vec![T::zeroed(); count];
    file.read_exact(bytemuck::cast_slice_mut(&mut numbers))?;
    Ok(numbers)
}

/// The next `count` numbers of a file, through `convert`.
fn by_pieces<Stored: bytemuck::Pod, Wanted: Clone + Default>(
    file: &mut File,
    count: usize,
    convert: impl Fn(&[Stored], &mut [Wanted]),
) -> std::io::Result<Vec<Wanted>> {
    const PIECE: usize = 1 << 16;
    let mut piece = vec![Stored::zeroed(); PIECE.min(count)];
    let mut numbers = vec![Wanted::default(); count];
    for numbers in numbers.chunks_mut(PIECE) {
        let piece = &mut piece[..numbers.len()];
        file.read_exact(bytemuck::cast_slice_mut(piece))?;
        convert(piece, numbers);
    }
    Ok(numbers)
}

/// The header's text, which its length in eight bytes precedes; else why there is none.
fn header(file: &mut File, length: u64) -> std::io::Result<Result<Vec<u8>, &'static str>> {
    const SHORT: &str = "it ends within its header";
    if length < 8 {
        return Ok(Err(SHORT));
    }
    let mut size = [0; 8];
    file.read_exact(&mut size)?;
    let size = u64::from_le_bytes(size);
    if size > length - 8 {
        return Ok(Err(SHORT));
    }
    if size > LONGEST_HEADER {
        return Ok(Err("it begins with no length that a header has"));
    }
    let mut header = vec![0; size as usize];
    file.read_exact(&mut header)?;
    Ok(Ok(header))
}

fn dtype(dtype: Dtype) -> Option<DType> {
    Some(match dtype {
        Dtype::F64 => DType::F64,
        Dtype::F32 => DType::F32,
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::BF16,
        Dtype::I64 => DType::I64,
        Dtype::U32 => DType::U32,
        Dtype::U8 | Dtype::BOOL => DType::U8,
        _ => return None,
    })
}
