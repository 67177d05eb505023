//! Names that cannot be guessed, and the study's own key.

use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::failure::Explain as _;
use crate::store::digest::hexadecimal;

/// The file of the key, readable by its owner alone.
pub const FILE: &str = "secret.json";

/// What the operator has and raters have not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Secret {
    /// Key of invitations, in hexadecimal.
    pub invitations: String,
    /// Opens the operator's page.
    pub operator: String,
}

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self { invitations: token()? + &token()?, operator: token()? })
    }

    /// Reads it.
    ///
    /// # Errors
    /// The file is missing or damaged.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        let lost =
            || (format!("cannot read the key {}", path.display()), "restore it from your copy of the study's folder");
        let bytes = std::fs::read(&path).explain(lost)?;
        serde_json::from_slice(&bytes).explain(lost)
    }

    /// Writes it so that nobody else can read it.
    ///
    /// # Errors
    /// The disk fails.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        use std::io::Write as _;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(folder.join(FILE))?;
        file.write_all(&crate::store::run::pretty(self)?)?;
        Ok(file.sync_all()?)
    }

    /// A fresh invitation: a random name and its signature.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn invitation(&self) -> anyhow::Result<String> {
        let name = token()?;
        Ok(format!("{name}-{}", self.signature(&name)))
    }

    /// The name of an invitation that this study has signed.
    pub fn invited<'a>(&self, invitation: &'a str) -> Option<&'a str> {
        let (name, signature) = invitation.split_once('-')?;
        same(signature, &self.signature(name)).then_some(name)
    }

    /// The personal link of whoever came with this invitation, or from a page with this number.
    pub fn rater(&self, name: &str) -> String {
        hexadecimal(&hmac(self.invitations.as_bytes(), format!("rater {name}").as_bytes())[..16])
    }

    fn signature(&self, name: &str) -> String {
        hexadecimal(&hmac(self.invitations.as_bytes(), format!("invitation {name}").as_bytes())[..16])
    }
}

/// 128 random bits in hexadecimal.
///
/// # Errors
/// The system has no random numbers.
pub fn token() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    Ok(hexadecimal(&bytes))
}

/// Whether a word can be one of [`token`]'s.
pub fn is_token(word: &str) -> bool {
    word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Equal, in time that does not tell where they differ.
pub fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

/// HMAC-SHA-256 (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0u8; 64];
    if key.len() > 64 {
        block[..32].copy_from_slice(&Sha256::digest(key))
    } else {
        block[..key.len()].copy_from_slice(key)
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_gives_the_known_answer() {
        let answer = hexadecimal(&hmac(b"Jefe", b"what do ya want for nothing?"));
        assert_eq!(answer, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn an_invitation_of_another_study_is_none() {
        let (ours, theirs) = (Secret::new().unwrap(), Secret::new().unwrap());
        let invitation = ours.invitation().unwrap();
        assert!(ours.invited(&invitation).is_some() && theirs.invited(&invitation).is_none());
        assert!(ours.invited("").is_none() && ours.invited("a-b").is_none());
        assert!(is_token(&token().unwrap()) && !is_token("../../etc/passwd"));
    }
}
