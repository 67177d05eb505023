//! An indexed job for Kubernetes, and one that waits for it, merges and reports: both may be created at once, in any order.

use serde_json::{Value, json};

use crate::failure::REQUEUE;
use crate::interrupt::GRACE;
use crate::shards::share::WORKERS;

/// What the cluster is asked for.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Name of the jobs; a DNS label.
    pub name: String,
    /// The run, as containers name it.
    pub run: String,
    /// Container image that has `gentron`.
    pub image: String,
    /// Volume claim that holds the run's folder, and all else that workers read; none where the run is in an object store.
    pub claim: Option<String>,
    /// Secret whose entries are the containers' environment.
    pub secret: Option<String>,
    /// Where it is mounted.
    pub mount: String,
    /// Workers, and so indices.
    pub workers: u32,
    /// Workers at once.
    pub at_once: u32,
    /// GPUs a worker.
    pub gpus: u32,
    /// CPUs a worker, as `8` or `500m`.
    pub cpus: Option<String>,
    /// Memory a worker, as `32Gi`.
    pub memory: Option<String>,
    /// Seconds that a pod has from the moment when it is told to go.
    pub grace: u32,
}

/// Seconds after which the second job no longer waits: a week.
const PATIENCE: u32 = 7 * 24 * 3600;

/// Waits until no shard of the run, `$0`, has anything left, and says each minute how far it is. Backquotes, because Kubernetes has its own
/// meaning for `$(…)`.
const WAIT: &str = r#"until left=`gentron retry-plan "$0"` && [ -z "$left" ]; do gentron status "$0"; sleep 60; done"#;

/// A quantity as Kubernetes reads it, and more than nothing.
///
/// # Errors
/// It is none.
pub fn quantity(text: &str) -> Result<String, String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let units = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    let is_exponent = || unit.strip_prefix(['e', 'E']).is_some_and(|digits| digits.parse::<i8>().is_ok());
    let is_above = number.parse::<f64>().is_ok_and(|number| number > 0.0);
    if is_above && (units.contains(&unit) || is_exponent()) {
        return Ok(text.to_owned());
    }
    Err("it must be a quantity above 0 as Kubernetes writes it: 8, 500m, 0.5, 32Gi".to_owned())
}

/// The name of an image, a claim or a secret: Kubernetes would refuse an empty one, or one with blanks.
///
/// # Errors
/// It is one of these.
pub fn name(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(char::is_whitespace) {
        return Err("it must be a name, without blanks".to_owned());
    }
    Ok(text.to_owned())
}

/// Where a volume may be mounted.
///
/// # Errors
/// It may not be mounted there.
pub fn mount_path(text: &str) -> Result<String, String> {
    if !text.starts_with('/') || text.contains(':') {
        return Err("it must be an absolute path without `:`, as /work".to_owned());
    }
    Ok(text.to_owned())
}

/// What a pod does not fail by: it was evicted, drained or preempted.
fn disrupted() -> Value {
    json!({ "action": "Ignore", "onPodConditions": [{ "type": "DisruptionTarget", "status": "True" }] })
}

/// The job of the workers, and the one that waits for them and concludes.
pub fn manifests(cluster: &Cluster, work: &[String], conclude: &[Vec<String>]) -> [Value; 2] {
    [workers(cluster, work), conclusion(cluster, conclude)]
}

fn workers(cluster: &Cluster, command: &[String]) -> Value {
    let environment = json!([
        { "name": WORKERS, "value": cluster.workers.to_string() },
        // A batch that takes longer is given up in time: a worker that was killed would count as one that failed.
        { "name": GRACE, "value": cluster.grace.to_string() },
    ]);
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": { "name": format!("{}-work", cluster.name) },
        "spec": {
            "completionMode": "Indexed",
            "completions": cluster.workers,
            "parallelism": cluster.at_once,
            "backoffLimitPerIndex": 5,
            "maxFailedIndexes": cluster.workers,
            "podFailurePolicy": { "rules": [
                disrupted(),
                // Stopped in time, which is no failure either.
                { "action": "Ignore", "onExitCodes": { "containerName": "gentron", "operator": "In", "values": [REQUEUE] } },
                // Could not run, and will not: what is missing has to be brought first.
                { "action": "FailIndex", "onExitCodes": { "containerName": "gentron", "operator": "In", "values": [2] } },
            ] },
            "template": pod(cluster, vec![container(cluster, "gentron", command, &environment)], cluster.gpus > 0, &[]),
        },
    })
}

/// One container after the other: one waits for the workers, the next ones do all but the last of the commands, and the pod's own does
/// that. It asks for no CPUs and memory of its own: while it waits, workers could not have them.
fn conclusion(cluster: &Cluster, commands: &[Vec<String>]) -> Value {
    let cluster = Cluster { gpus: 0, cpus: None, memory: None, ..cluster.clone() };
    let none = json!([]);
    let wait = ["sh", "-c", WAIT, cluster.run.as_str()].map(str::to_owned).to_vec();
    let mut containers: Vec<Value> = std::iter::once(&wait)
        .chain(commands)
        .enumerate()
        .map(|(index, command)| container(&cluster, &format!("gentron-{index}"), command, &none))
        .collect();
    let last = containers.pop().into_iter().collect();
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": { "name": format!("{}-report", cluster.name) },
        "spec": {
            "backoffLimit": 2,
            "activeDeadlineSeconds": PATIENCE,
            "podFailurePolicy": { "rules": [disrupted()] },
            "template": pod(&cluster, last, false, &containers),
        },
    })
}

fn pod(cluster: &Cluster, containers: Vec<Value>, gpu: bool, before: &[Value]) -> Value {
    let mut spec = json!({
        "restartPolicy": "Never",
        // The batch in hand is finished when a pod is told to go, if it can be in that time.
        "terminationGracePeriodSeconds": cluster.grace,
        "containers": containers,
    });
    if let Some(claim) = &cluster.claim {
        spec["volumes"] = json!([{ "name": "work", "persistentVolumeClaim": { "claimName": claim } }]);
    }
    if !before.is_empty() {
        spec["initContainers"] = json!(before);
    }
    if gpu {
        spec["tolerations"] = json!([{ "key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule" }]);
    }
    json!({ "spec": spec })
}

fn container(cluster: &Cluster, name: &str, command: &[String], environment: &Value) -> Value {
    let mut limits = serde_json::Map::new();
    let mut requests = serde_json::Map::new();
    if cluster.gpus > 0 {
        limits.insert("nvidia.com/gpu".into(), json!(cluster.gpus.to_string()));
    }
    for (key, value) in [("cpu", &cluster.cpus), ("memory", &cluster.memory)] {
        if let Some(value) = value {
            requests.insert(key.into(), json!(value));
        }
    }
    let mut container = json!({
        "name": name,
        "image": cluster.image,
        "command": command,
        "env": environment,
        "resources": { "limits": limits, "requests": requests },
    });
    if cluster.claim.is_some() {
        container["volumeMounts"] = json!([{ "name": "work", "mountPath": cluster.mount }]);
    }
    if let Some(secret) = &cluster.secret {
        container["envFrom"] = json!([{ "secretRef": { "name": secret } }]);
    }
    container
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_those_that_kubernetes_reads() {
        for right in ["8", "500m", "0.5", ".5", "32Gi", "1e3", "2E", "2E-1", "100Mi"] {
            assert_eq!(quantity(right).as_deref(), Ok(right));
        }
        for wrong in ["", "0", "-1", "lots", "32Gb", "32 Gi", "1.2.3", "Gi", "1e", "1ee3", "0Gi", "NaN", "inf"] {
            assert!(quantity(wrong).is_err(), "{wrong}");
        }
        assert!(name("").is_err() && name(" ").is_err() && name("a b").is_err() && name("registry/a:1").is_ok());
        assert!(mount_path("work").is_err() && mount_path("/a:b").is_err() && mount_path("/work").is_ok());
    }

    #[test]
    fn a_pod_that_waits_takes_nothing_from_workers_and_does_not_wait_for_ever() {
        let cluster = Cluster {
            name: "g".into(),
            run: "/work/it's mine".into(),
            image: "i".into(),
            claim: Some("c".into()),
            secret: None,
            mount: "/work".into(),
            workers: 4,
            at_once: 4,
            gpus: 1,
            cpus: Some("8".into()),
            memory: Some("32Gi".into()),
            grace: 300,
        };
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let merge = words(&["gentron", "merge", "/work/it's mine"]);
        let report = words(&["gentron", "report", "/work/it's mine"]);
        let [work, conclude] = manifests(&cluster, &words(&["gentron", "work"]), &[merge.clone(), report.clone()]);
        let (worker, waiter) = (&work["spec"]["template"]["spec"], &conclude["spec"]["template"]["spec"]);
        assert_eq!(
            (&worker["terminationGracePeriodSeconds"], &conclude["spec"]["activeDeadlineSeconds"]),
            (&json!(300), &json!(604_800))
        );
        let told = &worker["containers"][0]["env"];
        assert_eq!(told[1], json!({ "name": "GENTRON_GRACE", "value": "300" }));
        assert_eq!(worker["containers"][0]["resources"]["requests"], json!({ "cpu": "8", "memory": "32Gi" }));
        let before = waiter["initContainers"].as_array().unwrap();
        assert_eq!((before.len(), &before[1]["command"]), (2, &json!(merge)));
        assert_eq!(before[0]["command"][3], "/work/it's mine");
        assert_eq!(waiter["containers"][0]["command"], json!(report));
        for container in before {
            assert_eq!(container["resources"], json!({ "limits": {}, "requests": {} }));
        }
    }
}
