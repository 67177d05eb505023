//! Where a run is, when it is not in a folder.

use std::path::{Path, PathBuf};

use url::Url;

use crate::failure::{Explain as _, refuse};
use crate::store::digest;

/// Names the folder of mirrors.
const SCRATCH: &str = "GENTRON_SCRATCH";

/// Whether a run is named by an address instead of a folder.
pub fn is_address(run: &Path) -> bool {
    run.to_str().is_some_and(|text| text.contains("://"))
}

/// The address that a run is named by, if it is one; without a slash at its end.
///
/// # Errors
/// It is none that can be understood.
pub fn of(run: &Path) -> anyhow::Result<Option<Url>> {
    let Some(text) = run.to_str().filter(|_| is_address(run)) else { return Ok(None) };
    let hint = "name it as s3://bucket/table2, gs://bucket/table2, az://container/table2 or file:///folder/table2";
    let address = Url::parse(text.trim_end_matches('/')).explain(|| (format!("`{text}` is no address"), hint))?;
    if address.path().trim_matches('/').is_empty() {
        return Err(refuse(format!("`{text}` names a whole bucket"), hint));
    }
    Ok(Some(address))
}

/// The folder of all mirrors of an address: in `GENTRON_SCRATCH`, else where the system keeps what can be had again.
///
/// # Errors
/// The system has no such place.
pub fn scratch(address: &Url) -> anyhow::Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set(SCRATCH)
        .or_else(|| Some(set("XDG_CACHE_HOME")?.join("gentron/runs")))
        .or_else(|| Some(set("HOME")?.join(".cache/gentron/runs")));
    let folder =
        folder.ok_or_else(|| refuse("there is no folder for a run's mirror", format!("name one in {SCRATCH}")))?;
    Ok(folder.join(&digest::of_bytes(address.as_str().as_bytes())[..16]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_no_addresses() {
        assert!(of(Path::new("runs/table2")).unwrap().is_none());
        assert!(of(Path::new("/scratch/a:b")).unwrap().is_none());
        let address = of(Path::new("s3://bucket/runs/table2/")).unwrap().unwrap();
        assert_eq!(address.as_str(), "s3://bucket/runs/table2");
        for wrong in ["s3://bucket", "s3://bucket/", "://x"] {
            assert!(of(Path::new(wrong)).is_err(), "{wrong}");
        }
    }
}
