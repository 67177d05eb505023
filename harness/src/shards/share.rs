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

    /// What a scheduler says in the environment: Slurm's array variables, or those of the tasks that one `srun` starts, or Kubernetes'
    /// `JOB_COMPLETION_INDEX`; none where there is no scheduler.
    ///
    /// # Errors
    /// A variable is no number, the count is not known, two of them say who this is or none does, or an array with gaps does not say how
    /// many it stands for.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<Self>> {
        let number = |name: &str| -> anyhow::Result<Option<u32>> {
            let Some(text) = variable(name).filter(|text| !text.is_empty()) else { return Ok(None) };
            let number = text.trim().parse::<u32>();
            number.map(Some).explain(|| (format!("{name} is `{text}`, which is no number"), HINT))
        };
        let (workers, offset) = (number(WORKERS)?, number(OFFSET)?.unwrap_or(0));
        let shifted = |name: &str, index: u32| {
            let what = || format!("{name} is {index} and {OFFSET} {offset}: no worker has such a number");
            index.checked_add(offset).ok_or_else(|| refuse(what(), HINT))
        };
        let (index, count) = match (number(ARRAY)?, number(COMPLETION)?) {
            (Some(_), Some(_)) => {
                let what = format!("{ARRAY} and {COMPLETION} are both set: which of them says who this worker is?");
                return Err(refuse(what, format!("unset the other one, or {HINT}")));
            }
            (Some(id), None) => match workers {
                Some(workers) => (shifted(ARRAY, id)?, workers),
                None => dense(id, &number)?,
            },
            (None, Some(index)) => match workers {
                Some(workers) => (shifted(COMPLETION, index)?, workers),
                None => {
                    let what = format!("{COMPLETION} is {index}, but {WORKERS} does not say of how many");
                    return Err(refuse(what, "set it to the job's `completions`"));
                }
            },
            (None, None) => match (step(&number)?, workers) {
                (Some((task, tasks)), workers) => (shifted(TASK, task)?, workers.unwrap_or(tasks)),
                (None, None | Some(1)) => return Ok(None),
                (None, Some(workers)) => {
                    let what = format!("{WORKERS} is {workers}, but nothing says which of them this is");
                    return Err(refuse(what, format!("unset it to do the whole plan, or {HINT}")));
                }
            },
        };
        Self::new(index, count).map(Some).map_err(|what| refuse(what, HINT))
    }
}

/// Slurm's number of an array's task.
const ARRAY: &str = "SLURM_ARRAY_TASK_ID";
/// Slurm's number of one of the tasks of a job step.
const TASK: &str = "SLURM_PROCID";
/// Kubernetes' number of an indexed job's pod.
const COMPLETION: &str = "JOB_COMPLETION_INDEX";

/// Which of how many tasks of a job step this is; none where there is one task alone, or no Slurm.
fn step(number: &impl Fn(&str) -> anyhow::Result<Option<u32>>) -> anyhow::Result<Option<(u32, u32)>> {
    let (Some(task), Some(tasks)) = (number(TASK)?, number("SLURM_NTASKS")?.filter(|tasks| *tasks > 1)) else {
        return Ok(None);
    };
    // A job's script has the number of its first task and the count of all, and runs once; what `srun` starts has its step's number, too.
    if task == 0 && number("SLURM_STEP_ID")?.is_none() {
        let what = format!("this is the script of a job of {tasks} tasks, and not one of these tasks");
        return Err(refuse(what, "start them with `srun gentron work …`, or give --shard 0/1 for the whole plan"));
    }
    Ok(Some((task, tasks)))
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

    #[test]
    fn tasks_of_one_srun_share_and_a_jobs_script_is_none_of_them() {
        let share = |index, count| Some(Share { index, count });
        let task = |id, tasks| [("SLURM_PROCID", id), ("SLURM_NTASKS", tasks), ("SLURM_STEP_ID", "0")];
        assert_eq!(environment(&task("0", "8")).unwrap(), share(0, 8));
        assert_eq!(environment(&task("7", "8")).unwrap(), share(7, 8));
        assert_eq!(environment(&task("0", "1")).unwrap(), None);
        let script = [("SLURM_PROCID", "0"), ("SLURM_NTASKS", "8")];
        assert!(environment(&script).unwrap_err().to_string().contains("script of a job of 8 tasks"));
        assert_eq!(environment(&[("SLURM_NTASKS", "8")]).unwrap(), None, "a shell of salloc");
        // In a script of `submit slurm`, whatever the site starts beside it.
        for tasks in ["1", "4"] {
            let all = [&task("0", tasks)[..], &[("SLURM_ARRAY_TASK_ID", "5"), (WORKERS, "16"), (OFFSET, "0")]].concat();
            assert_eq!(environment(&all).unwrap(), share(5, 16));
        }
    }

    #[test]
    fn what_says_too_much_or_too_little_is_refused() {
        let both = [("SLURM_ARRAY_TASK_ID", "1"), ("JOB_COMPLETION_INDEX", "2"), (WORKERS, "4")];
        let said = environment(&both).unwrap_err().to_string();
        assert!(said.contains("SLURM_ARRAY_TASK_ID") && said.contains("JOB_COMPLETION_INDEX"), "{said}");
        let said = environment(&[(WORKERS, "4")]).unwrap_err().to_string();
        assert!(said.contains("nothing says which"), "{said}");
        assert_eq!(environment(&[(WORKERS, "1")]).unwrap(), None);
        assert_eq!(environment(&[(WORKERS, ""), (OFFSET, "0")]).unwrap(), None);
        for name in ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"] {
            let wraps = [(name, "1"), (WORKERS, "4"), (OFFSET, "4294967295")];
            assert!(environment(&wraps).unwrap_err().to_string().contains("no worker has such a number"));
        }
    }
}
