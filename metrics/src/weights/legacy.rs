//! What `torch.save` wrote before PyTorch 1.6: five pickles, then the storages one after the other.
//!
//! `pt_inception-2015-12-05-6726825d.pth` of 2020 may be of this kind, which candle does not read. The order is: a magic
//! number, the protocol version, the machine's properties, the object, the storages' keys; then for each key the number
//! of elements as an i64 and the elements, all little-endian (`torch/serialization.py`, `_legacy_load`).

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use candle_core::pickle::{Object, Stack, TensorInfo};
use candle_core::{DType, Device, Result, Tensor, bail};

/// The pickle of 0x1950a86a20f9469cfc6c, and that of protocol version 1001.
const START: [u8; 21] = [
    0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, b'.', 0x80, 0x02, 0x4d, 0xe9,
    0x03, b'.',
];

pub(super) fn is_legacy(start: &[u8]) -> bool {
    start.starts_with(&START)
}

/// Where each tensor lies.
pub(super) struct LegacyTensors {
    path: PathBuf,
    tensors: HashMap<String, TensorInfo>,
    /// Of a storage's key: first byte and bytes.
    storages: HashMap<String, (u64, u64)>,
}

impl LegacyTensors {
    pub(super) fn open(path: &Path, key: Option<&str>) -> Result<Self> {
        let mut reader = BufReader::new(File::open(path)?);
        reader.seek(SeekFrom::Start(START.len() as u64))?;
        unpickle(&mut reader)?; // byte order and sizes of C types: the same on every machine in use
        let object = unpickle(&mut reader)?;
        let Object::List(keys) = unpickle(&mut reader)? else { bail!("the list of storages is not a list") };
        let mut sizes = HashMap::new();
        element_sizes(&object, &mut sizes);

        let mut storages = HashMap::new();
        for key in keys {
            let key = key.unicode()?;
            let Some(&size) = sizes.get(&key) else { bail!("storage {key} has no known element type") };
            let mut count = [0u8; 8];
            reader.read_exact(&mut count)?;
            let Some(bytes) = u64::from_le_bytes(count).checked_mul(size) else { bail!("storage {key} has no size") };
            storages.insert(key, (reader.stream_position()?, bytes));
            let Ok(skip) = i64::try_from(bytes) else { bail!("storage has no size") };
            reader.seek_relative(skip)?;
        }

        let object = key.map_or(Ok(object.clone()), |key| entry(object, key))?;
        let Object::Dict(entries) = object else { bail!("the file holds no state dict") };
        let mut tensors = HashMap::new();
        for (name, value) in entries {
            if let Some(info) = value.into_tensor_info(name, Path::new(""))? {
                tensors.insert(info.name.clone(), info);
            }
        }
        Ok(Self { path: path.to_owned(), tensors, storages })
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.tensors.keys().cloned().collect()
    }

    pub(super) fn get(&self, name: &str) -> Result<Option<Tensor>> {
        let Some(info) = self.tensors.get(name) else { return Ok(None) };
        let Some(&(first, bytes)) = self.storages.get(info.path.trim_start_matches('/')) else {
            bail!("{name} lies in a storage that the file does not have")
        };
        if !info.layout.is_contiguous() {
            bail!("{name} is not contiguous: {:?}", info.layout)
        }
        // candle counts this offset in bytes.
        let offset = info.layout.start_offset() as u64;
        let wanted = info.layout.shape().elem_count() * info.dtype.size_in_bytes();
        if offset + wanted as u64 > bytes {
            bail!("{name} exceeds its storage of {bytes} bytes")
        }
        let mut reader = BufReader::new(File::open(&self.path)?);
        reader.seek(SeekFrom::Start(first + offset))?;
        let mut elements = vec![0u8; wanted];
        reader.read_exact(&mut elements)?;
        Tensor::from_raw_buffer(&elements, info.dtype, info.layout.dims(), &Device::Cpu).map(Some)
    }
}

fn unpickle(reader: &mut BufReader<File>) -> Result<Object> {
    let mut stack = Stack::empty();
    stack.read_loop(reader)?;
    stack.finalize()
}

fn entry(object: Object, key: &str) -> Result<Object> {
    let entries = object.dict()?;
    let found = entries.into_iter().find(|(name, _)| matches!(name, Object::Unicode(name) if name == key));
    found.map_or_else(|| bail!("the file has no entry \"{key}\""), |(_, value)| Ok(value))
}

/// Bytes an element of each storage that the object mentions, by the storage's key.
fn element_sizes(object: &Object, sizes: &mut HashMap<String, u64>) {
    match object {
        Object::PersistentLoad(id) => {
            if let Object::Tuple(id) = id.as_ref()
                && let [_, Object::Class { class_name, .. }, Object::Unicode(key), ..] = id.as_slice()
                && let Some(size) = element_size(class_name)
            {
                sizes.insert(key.clone(), size);
            }
        }
        Object::Tuple(all) | Object::List(all) => all.iter().for_each(|object| element_sizes(object, sizes)),
        Object::Dict(entries) => entries.iter().for_each(|(key, value)| {
            element_sizes(key, sizes);
            element_sizes(value, sizes);
        }),
        Object::Reduce { callable, args } | Object::Build { callable, args } => {
            element_sizes(callable, sizes);
            element_sizes(args, sizes);
        }
        _ => {}
    }
}

fn element_size(storage: &str) -> Option<u64> {
    let dtype = match storage {
        "FloatStorage" => DType::F32,
        "DoubleStorage" => DType::F64,
        "HalfStorage" => DType::F16,
        "BFloat16Storage" => DType::BF16,
        "ByteStorage" => DType::U8,
        "LongStorage" => DType::I64,
        _ => return None,
    };
    Some(dtype.size_in_bytes() as u64)
}
