#!/usr/bin/env bash
# one_node_slurm.sh up|down: a SLURM of this machine alone, on loopback, without systemd, for tests.
# All its state is in the folder $ONE_NODE_SLURM, but for /etc/slurm/slurm.conf, which must not exist.
set -euo pipefail
S=${ONE_NODE_SLURM:?set ONE_NODE_SLURM to a folder for its state}
H=$(hostname -s)
unset SLURM_CONF   # the jobstep plugin strips SLURM_* from srun's environment: only the default path works
CONF=/etc/slurm/slurm.conf

conf() {
  mkdir -p "$(dirname "$CONF")"
  mkdir -p "$S"/{ctld,slurmd,log,munge}
  chmod 0755 "$S" "$S/munge"
  # -- munge: own key + socket, run as root (--force silences ownership checks)
  [ -s "$S/munge/munge.key" ] || (umask 077; head -c 1024 /dev/urandom > "$S/munge/munge.key")
  local ncpu mem
  ncpu=$(nproc); mem=$(awk '/MemTotal/{print int($2/1024*0.9)}' /proc/meminfo)
  cat > "$CONF.tmp" <<CONF
ClusterName=tests
SlurmctldHost=$H(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
AuthType=auth/munge
AuthInfo=socket=$S/munge/munge.sock,cred_expire=10
CryptoType=crypto/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$S/ctld
SlurmdSpoolDir=$S/slurmd
SlurmctldPidFile=$S/slurmctld.pid
SlurmdPidFile=$S/slurmd.pid
SlurmctldLogFile=$S/log/slurmctld.log
SlurmdLogFile=$S/log/slurmd.log
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
EnforcePartLimits=ALL
SchedulerType=sched/backfill
SchedulerParameters=defer,sched_interval=1,bf_interval=2
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill,UsePss
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$S/log/jobcomp.txt
MinJobAge=3600
KillWait=5
InactiveLimit=0
SlurmctldTimeout=30
SlurmdTimeout=10
Waittime=0
NodeName=$H NodeAddr=127.0.0.1 CPUs=$ncpu RealMemory=$mem State=UNKNOWN
PartitionName=main Nodes=$H Default=YES MaxTime=INFINITE DefMemPerCPU=500 State=UP OverSubscribe=NO
CONF
  mv "$CONF.tmp" "$CONF"
}

alive() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

up() {
  conf
  alive "$S/munge/munged.pid" || munged --force --key-file="$S/munge/munge.key" --socket="$S/munge/munge.sock" \
      --pid-file="$S/munge/munged.pid" --log-file="$S/log/munged.log" --seed-file="$S/munge/munge.seed"
  alive "$S/slurmctld.pid" || slurmctld
  alive "$S/slurmd.pid"    || slurmd -N "$H"
  for _ in $(seq 60); do
    case "$(sinfo -h -o %T 2>/dev/null)" in idle|mixed|allocated) sinfo; return 0;; esac
    sleep 0.5
  done
  echo "node never became idle" >&2; sinfo || true; tail -n 20 "$S"/log/*.log >&2; return 1
}

down() {
  for p in slurmd slurmctld munge/munged; do
    f=$S/$p.pid
    if alive "$f"; then pid=$(cat "$f"); kill "$pid"; for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.2; done; fi
  done
  rm -f "$CONF"
}
case "${1:-}" in up) up;; down) down;; *) echo "usage: $0 up|down"; exit 2;; esac
