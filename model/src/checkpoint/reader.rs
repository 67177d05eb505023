//! Tensors from safetensors files, one at a time.
//!
//! Read, not mapped: what was mapped and touched counts as this process's memory until the system wants it back, and a network of
//! ten gigabytes would need twenty while it is loaded.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use candle_core::{DType, Device, Tensor};
use safetensors::tensor::{Dtype, Metadata};

use super::CheckpointError;

/// Open files and where each of their tensors lies.
pub(super) struct Reader {
    files: Vec<Mutex<File>>,
    tensors: BTreeMap<String, Place>,
}

struct Place {
    file: usize,
    dtype: DType,
    shape: Vec<usize>,
    /// First byte in the file, and their number.
    bytes: (u64, usize),
}

impl Reader {
    /// Reads the headers of `paths`.
    ///
    /// # Errors
    /// [`CheckpointError::Unreadable`], or [`CheckpointError::Damaged`] where a header is no header or the file ends before its
    /// last tensor.
    pub(super) fn open(paths: &[PathBuf]) -> Result<Self, CheckpointError> {
        let (mut files, mut tensors) = (Vec::new(), BTreeMap::new());
        for path in paths {
            let unreadable = |source| CheckpointError::Unreadable { path: path.clone(), source };
            let damaged = |reason: &dyn std::fmt::Display| CheckpointError::Damaged {
                path: path.clone(),
                source: candle_core::Error::Msg(reason.to_string()),
            };
            let mut file = File::open(path).map_err(unreadable)?;
            let length = file.metadata().map_err(unreadable)?.len();
            let Some(header) = header(&mut file, length).map_err(unreadable)? else {
                return Err(damaged(&"it ends within its header"));
            };
            let metadata: Metadata = serde_json::from_slice(&header).map_err(|e| damaged(&e))?;
            let data = (header.len() + 8) as u64;
            for (name, info) in metadata.tensors() {
                let (start, end) = info.data_offsets;
                if data + end as u64 > length {
                    return Err(damaged(&format!("it ends before the last byte of {name}")));
                }
                let Some(dtype) = dtype(info.dtype) else {
                    return Err(damaged(&format!("{name} is of type {:?}", info.dtype)));
                };
                let (file, shape) = (files.len(), info.shape.clone());
                tensors.insert(name, Place { file, dtype, shape, bytes: (data + start as u64, end - start) });
            }
            files.push(Mutex::new(file));
        }
        Ok(Self { files, tensors })
    }

    /// Name and shape of each tensor.
    pub(super) fn shapes(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.tensors.iter().map(|(name, place)| (name.as_str(), place.shape.as_slice()))
    }

    /// The shape of a tensor that is there.
    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|place| place.shape.as_slice())
    }

    /// Reads a tensor, in the type in which it is stored.
    pub(super) fn read(&self, name: &str, device: &Device) -> candle_core::Result<Tensor> {
        let Some(place) = self.tensors.get(name) else { candle_core::bail!("no tensor {name} in the checkpoint") };
        let mut bytes = vec![0; place.bytes.1];
        {
            let mut file = self.files[place.file].lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(place.bytes.0))?;
            file.read_exact(&mut bytes)?;
        }
        Tensor::from_raw_buffer(&bytes, place.dtype, &place.shape, device)
    }
}

/// The header's text, which its length in eight bytes precedes; none where the file is shorter than that.
fn header(file: &mut File, length: u64) -> std::io::Result<Option<Vec<u8>>> {
    if length < 8 {
        return Ok(None);
    }
    let mut size = [0; 8];
    file.read_exact(&mut size)?;
    let size = u64::from_le_bytes(size);
    if size > length - 8 {
        return Ok(None);
    }
    let mut header = vec![0; size as usize];
    file.read_exact(&mut header)?;
    Ok(Some(header))
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
