//! The objects below an address, by names relative to it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::TryStreamExt as _;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _, ObjectStoreScheme, RetryConfig, WriteMultipart};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use crate::failure::{Explain as _, refuse};
use crate::store::atomic;

/// What is longer is sent in parts.
const PART: usize = 16 << 20;

/// One of a store's objects, as it was listed or left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Changes whenever the content does: the store's entity tag, or the time of the change where it has none.
    pub tag: String,
    /// Bytes.
    pub length: u64,
}

/// A store's part below an address.
pub struct Bucket {
    store: Arc<dyn ObjectStore>,
    prefix: Key,
    runtime: Runtime,
    /// As a person reads it.
    address: String,
}

/// How to say who one is, by kind of store.
fn hint(scheme: &str) -> &'static str {
    match scheme {
        "s3" | "s3a" => {
            "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION say who and where; for a server of your own AWS_ENDPOINT_URL, and \
             AWS_ALLOW_HTTP=true where it has no TLS"
        }
        "gs" => "GOOGLE_APPLICATION_CREDENTIALS names the file of a service account",
        "file" => "check the folder and its permissions",
        _ => "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY say who and where",
    }
}

impl Bucket {
    /// The objects below an address; credentials come from the environment, by the names that each vendor's own tools use.
    ///
    /// # Errors
    /// No such kind of store, or its settings make no sense. Nothing is asked of the store yet.
    pub fn open(address: &Url) -> anyhow::Result<Self> {
        let unknown = || {
            (format!("`{address}` is in no store that is known"), "s3://, gs://, az://, abfs:// and file:// are known")
        };
        let (scheme, prefix) = ObjectStoreScheme::parse(address).explain(unknown)?;
        // A store that is away for a moment is waited for; one that is not there is no reason to wait for minutes.
        let retry = RetryConfig { max_retries: 6, retry_timeout: Duration::from_secs(60), ..RetryConfig::default() };
        let set = || (format!("{address} cannot be used"), hint(address.scheme()));
        let store: Arc<dyn ObjectStore> = match scheme {
            ObjectStoreScheme::AmazonS3 => {
                Arc::new(AmazonS3Builder::from_env().with_url(address.as_str()).with_retry(retry).build().explain(set)?)
            }
            ObjectStoreScheme::GoogleCloudStorage => Arc::new(
                GoogleCloudStorageBuilder::from_env()
                    .with_url(address.as_str())
                    .with_retry(retry)
                    .build()
                    .explain(set)?,
            ),
            ObjectStoreScheme::MicrosoftAzure => Arc::new(
                MicrosoftAzureBuilder::from_env().with_url(address.as_str()).with_retry(retry).build().explain(set)?,
            ),
            ObjectStoreScheme::Local => Arc::new(LocalFileSystem::new()),
            _ => {
                let (what, hint) = unknown();
                return Err(refuse(what, hint));
            }
        };
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Self { store, prefix, runtime, address: address.to_string() })
    }

    fn key(&self, name: &str) -> Key {
        name.split('/').fold(self.prefix.clone(), |key, part| key.join(part))
    }

    fn explained<T>(&self, result: object_store::Result<T>, what: &str) -> anyhow::Result<T> {
        let scheme = self.address.split(':').next().unwrap_or_default();
        result.explain(|| (format!("cannot {what} {}", self.address), hint(scheme)))
    }

    /// All objects, by their names below the address.
    ///
    /// # Errors
    /// The store cannot be reached, or refuses.
    pub fn list(&self) -> anyhow::Result<BTreeMap<String, Object>> {
        let listed = self.runtime.block_on(self.store.list(Some(&self.prefix)).try_collect::<Vec<ObjectMeta>>());
        let below = format!("{}/", self.prefix);
        let named = self.explained(listed, "list")?.into_iter().filter_map(|meta| {
            let name = meta.location.as_ref().strip_prefix(&below)?.to_owned();
            let tag = meta.e_tag.unwrap_or_else(|| meta.last_modified.to_rfc3339());
            Some((name, Object { tag, length: meta.size }))
        });
        Ok(named.collect())
    }

    /// Brings an object into a file.
    ///
    /// # Errors
    /// It is not there, the store refuses, or the disk does.
    pub fn fetch(&self, name: &str, to: &Path) -> anyhow::Result<()> {
        let key = self.key(name);
        let what = format!("fetch {name} from");
        let result = self.explained(self.runtime.block_on(self.store.get(&key)), &what)?;
        let mut pieces = result.into_stream();
        atomic::write_with(to, |file| {
            while let Some(piece) = self.explained(self.runtime.block_on(pieces.try_next()), &what)? {
                file.write_all(&piece)?;
            }
            Ok(())
        })
    }

    /// Makes a file an object, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be read, or the store refuses.
    pub fn send(&self, name: &str, from: &Path) -> anyhow::Result<Object> {
        let key = self.key(name);
        let what = format!("send {name} to");
        let cannot = || format!("cannot read {}", from.display());
        let mut file = File::open(from).with_context(cannot)?;
        let length = file.metadata().with_context(cannot)?.len();
        let put = if length <= PART as u64 {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).with_context(cannot)?;
            self.runtime.block_on(self.store.put(&key, bytes.into()))
        } else {
            let upload = self.explained(self.runtime.block_on(self.store.put_multipart(&key)), &what)?;
            let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
            let mut bytes = vec![0; PART];
            loop {
                let count = file.read(&mut bytes).with_context(cannot)?;
                if count == 0 {
                    break;
                }
                // Parts in flight are in memory.
                self.explained(self.runtime.block_on(upload.wait_for_capacity(4)), &what)?;
                let _within = self.runtime.enter();
                upload.write(&bytes[..count]);
            }
            self.runtime.block_on(upload.finish())
        };
        let tag = match self.explained(put, &what)?.e_tag {
            Some(tag) => tag,
            None => {
                let meta = self.explained(self.runtime.block_on(self.store.head(&key)), &what)?;
                meta.e_tag.unwrap_or_else(|| meta.last_modified.to_rfc3339())
            }
        };
        Ok(Object { tag, length })
    }

    /// Removes an object; one that is not there is no error.
    ///
    /// # Errors
    /// The store refuses.
    pub fn remove(&self, name: &str) -> anyhow::Result<()> {
        match self.runtime.block_on(self.store.delete(&self.key(name))) {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            removed => self.explained(removed, &format!("remove {name} from")),
        }
    }
}
