//! Which of a run's logical shards a worker has.

use std::fmt;
use std::str::FromStr;

use crate::failure::{Explain as _, refuse};

/// How many workers there are, where the scheduler's own count is not it: `gentron submit` sets it.
pub const WORKERS: &str = "GENTRON_WORKERS";
/// What is added to the scheduler's index, where an array had to be split.
pub const OFFSET: &str = "GENTRON_SHARD_OFFSET";

/// Worker `index` of `count`: it has every shard whose number leaves `index` when divided by `count`. The logical shards stay the same
/// for any number of workers, so that what one number has begun another may finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// From 0.
    pub index: u32,
    /// At least 1.
    pub count: u32,
}

impl Share {
    /// One worker for all.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    fn new(index: u32, count: u32) -> Result<Self, String> {
        if index < count {
            return Ok(Self { index, count });
        }
        Err(format!("shard {index} of {count}: the first is 0, the last {}", i64::from(count) - 1))
    }

    /// Whether it has a logical shard.
    pub fn has(&self, shard: u32) -> bool {
        shard % self.count == self.index
    }

    /// What a scheduler says in the environment: Slurm's array variables, or Kubernetes' `JOB_COMPLETION_INDEX`; none where there is
    /// no scheduler.
    ///
    /// # Errors
    /// A variable is no number, the count is not known, or an array with gaps does not say how many it stands for.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<Self>> {
        let number = |name: &str| -> anyhow::Result<Option<u32>> {
            let Some(text) = variable(name).filter(|text| !text.is_empty()) else { return Ok(None) };
            let number = text.trim().parse::<u32>();
            number.map(Some).explain(|| (format!("{name} is `{text}`, which is no number"), HINT))
        };
        let (workers, offset) = (number(WORKERS)?, number(OFFSET)?.unwrap_or(0));
        let (index, count) = match (number("SLURM_ARRAY_TASK_ID")?, number("JOB_COMPLETION_INDEX")?) {
            (Some(id), _) => match workers {
                Some(workers) => (id + offset, workers),
                None => dense(id, &number)?,
            },
            (None, Some(index)) => match workers {
                Some(workers) => (index + offset, workers),
                None => {
                    let what = format!("JOB_COMPLETION_INDEX is {index}, but {WORKERS} does not say of how many");
                    return Err(refuse(what, "set it to the job's `completions`"));
                }
            },
            (None, None) => return Ok(None),
        };
        Self::new(index, count).map(Some).map_err(|what| refuse(what, HINT))
    }
}

const HINT: &str = "give --shard i/N, as in --shard 3/16";

/// A whole array, as `--array=0-15`. One with gaps, as `--array=3,7`, has a count that is not that of the workers.
fn dense(id: u32, number: &impl Fn(&str) -> anyhow::Result<Option<u32>>) -> anyhow::Result<(u32, u32)> {
    let all = [number("SLURM_ARRAY_TASK_MIN")?, number("SLURM_ARRAY_TASK_MAX")?, number("SLURM_ARRAY_TASK_COUNT")?];
    if let [min, Some(max), Some(count)] = all {
        let min = min.unwrap_or(0);
        if max.checked_sub(min).is_some_and(|span| span + 1 == count) && id >= min {
            return Ok((id - min, count));
        }
    }
    let what = format!("this job array has gaps, or does not say how many it has: task {id} of an unknown number");
    Err(refuse(what, format!("set {WORKERS}, or give --shard i/N")))
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not i/N, as in 3/16");
        let (index, count) = text.split_once('/').ok_or_else(wrong)?;
        Self::new(index.parse().map_err(|_| wrong())?, count.parse().map_err(|_| wrong())?)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> anyhow::Result<Option<Share>> {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Share::of_environment(|name| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()))
    }

    #[test]
    fn every_shard_has_exactly_one_worker_whatever_their_number() {
        for count in [1, 2, 7, 256, 300] {
            let shares: Vec<Share> = (0..count).map(|index| format!("{index}/{count}").parse().unwrap()).collect();
            for shard in 0..256 {
                assert_eq!(shares.iter().filter(|share| share.has(shard)).count(), 1);
            }
        }
        for wrong in ["3/3", "0/0", "-1/4", "1", "a/b", "1/4/2"] {
            assert!(wrong.parse::<Share>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn schedulers_say_it_in_their_own_way() {
        let array = |id, min, max, count| {
            environment(&[
                ("SLURM_ARRAY_TASK_ID", id),
                ("SLURM_ARRAY_TASK_MIN", min),
                ("SLURM_ARRAY_TASK_MAX", max),
                ("SLURM_ARRAY_TASK_COUNT", count),
            ])
        };
        let share = |index, count| Some(Share { index, count });
        assert_eq!(environment(&[]).unwrap(), None);
        assert_eq!(array("3", "0", "15", "16").unwrap(), share(3, 16));
        assert_eq!(array("1", "1", "4", "4").unwrap(), share(0, 4));
        assert!(array("3", "3", "7", "2").is_err(), "an array with gaps is not 3/2");
        let kubernetes = [("JOB_COMPLETION_INDEX", "2")];
        assert!(environment(&kubernetes).is_err());
        assert_eq!(environment(&[kubernetes[0], (WORKERS, "8")]).unwrap(), share(2, 8));
        let split = [("SLURM_ARRAY_TASK_ID", "4"), (WORKERS, "256"), (OFFSET, "100")];
        assert_eq!(environment(&split).unwrap(), share(104, 256));
        assert!(environment(&[("SLURM_ARRAY_TASK_ID", "x")]).is_err());
    }
}
