//! An indexed job for Kubernetes, and one that merges and reports after it.

use serde_json::{Value, json};

use crate::failure::REQUEUE;
use crate::shards::share::WORKERS;

/// What the cluster is asked for.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Name of the jobs; a DNS label.
    pub name: String,
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
    /// As `8` or `500m`.
    pub cpus: Option<String>,
    /// As `32Gi`.
    pub memory: Option<String>,
}

/// The two jobs: the second is to be created when the first is complete.
pub fn manifests(cluster: &Cluster, work: &[String], conclude: &[Vec<String>]) -> [Value; 2] {
    [workers(cluster, work), conclusion(cluster, conclude)]
}

fn workers(cluster: &Cluster, command: &[String]) -> Value {
    let environment = json!([{ "name": WORKERS, "value": cluster.workers.to_string() }]);
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
                // Evicted, drained, preempted; or stopped in time: neither counts as a failure.
                { "action": "Ignore", "onPodConditions": [{ "type": "DisruptionTarget", "status": "True" }] },
                { "action": "Ignore", "onExitCodes": { "containerName": "gentron", "operator": "In", "values": [REQUEUE] } },
                // Could not run, and will not: what is missing has to be brought first.
                { "action": "FailIndex", "onExitCodes": { "containerName": "gentron", "operator": "In", "values": [2] } },
            ] },
            "template": pod(cluster, vec![container(cluster, "gentron", command, &environment)], cluster.gpus > 0, &[]),
        },
    })
}

/// Merging is one container before the other, which reports.
fn conclusion(cluster: &Cluster, commands: &[Vec<String>]) -> Value {
    let cluster = Cluster { gpus: 0, ..cluster.clone() };
    let none = json!([]);
    let mut containers: Vec<Value> = commands
        .iter()
        .enumerate()
        .map(|(index, command)| container(&cluster, &format!("gentron-{index}"), command, &none))
        .collect();
    let last = containers.pop().into_iter().collect();
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": { "name": format!("{}-report", cluster.name) },
        "spec": { "backoffLimit": 2, "template": pod(&cluster, last, false, &containers) },
    })
}

fn pod(cluster: &Cluster, containers: Vec<Value>, gpu: bool, before: &[Value]) -> Value {
    let mut spec = json!({
        "restartPolicy": "Never",
        // The batch in hand is finished when a pod is told to go.
        "terminationGracePeriodSeconds": 120,
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
