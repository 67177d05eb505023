#!/bin/bash
# A Slurm of three nodes on this machine alone: munge, slurmctld and a slurmd a node, all on the loopback interface and all in one
# folder. start.sh FOLDER PORT [PORT…]: the first port is the controller's, each other one a node's.
set -euo pipefail
folder=$1
controller=$2
shift 2
mkdir -p "$folder/state"
chmod 755 "$folder"

nodes=""
names=""
for port in "$@"; do
    name="n$((${#names} / 3 + 1))"
    names="$names$name,"
    mkdir -p "$folder/spool-$name"
    nodes="${nodes}NodeName=$name NodeHostname=localhost NodeAddr=127.0.0.1 Port=$port CPUs=2 State=UNKNOWN
"
done

cat >"$folder/slurm.conf" <<END
ClusterName=gentron
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$controller
SlurmctldParameters=enable_configless
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmdSpoolDir=$folder/spool-%n
StateSaveLocation=$folder/state
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd-%n.log
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
# Small, so that an array has to be split.
MaxArraySize=4
# A machine at its limit answers late, and a node that is only slow must not be given up.
SlurmdTimeout=10
KillWait=5
InactiveLimit=0
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SlurmdParameters=config_overrides
${nodes}PartitionName=main Nodes=${names%,} Default=YES MaxTime=INFINITE State=UP
END

head --bytes=128 /dev/urandom >"$folder/munge.key"
chmod 600 "$folder/munge.key"
munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munge.pid" \
    --log-file="$folder/munge.log" --seed-file="$folder/munge.seed"
export SLURM_CONF="$folder/slurm.conf"
slurmctld
for name in ${names//,/ }; do
    slurmd -N "$name"
done
for _ in $(seq 600); do
    if [ "$(sinfo --noheader --states=idle --format=%D 2>/dev/null)" = "$#" ]; then
        exit 0
    fi
    sleep 0.1
done
sinfo
echo "the nodes did not come up" >&2
exit 1
