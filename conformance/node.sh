# One node under test: Ottla's or Apache's, on the same directory and configuration. A script sources this file and
# calls node_init first.
#   OTTLA=path            the binary; without it `ottla` is built in release mode
#   OTTLA_BUILD_JOBS=n    passed to that build
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
peer=$here/peer/kafka
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ottla-conformance
# Tools that live for seconds start quicker without the optimising compiler.
export KAFKA_JVM_OPTS=${KAFKA_JVM_OPTS:--Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1}
node_pid=

# A temporary directory in $work that is removed, and a node that is ended, however the script ends.
node_init() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/ottla-conformance.XXXXXX")
  trap node_cleanup EXIT
  trap 'exit 130' INT TERM
}

node_cleanup() {
  local rc=$? pid
  for pid in $(jobs -pr); do [[ $pid == "$node_pid" ]] || kill -TERM "$pid" 2>/dev/null || true; done
  if [[ -n $node_pid ]]; then
    kill -KILL "$node_pid" 2>/dev/null || true
    wait "$node_pid" 2>/dev/null || true
  fi
  if [[ -n ${KEEP:-} ]]; then echo "kept $work" >&2; else rm -rf "$work"; fi
  exit "$rc"
}

# Makes sure that the programs named are there: missing ones come from Debian packages, `program:package`.
need() {
  local pair missing=()
  for pair in "$@"; do
    # Debian's python3 may be there without what its environments are made with.
    if [[ $pair == *:python3-venv ]]; then python3 -c 'import ensurepip'; else command -v "${pair%%:*}"; fi >/dev/null 2>&1 ||
      missing+=("${pair#*:}")
  done
  [[ ${#missing[@]} -eq 0 ]] && return
  [[ $(id -u) == 0 ]] || { echo "install first: ${missing[*]}" >&2; exit 2; }
  DEBIAN_FRONTEND=noninteractive timeout 900 sh -c 'apt-get update -q && apt-get install -q -y --no-install-recommends "$@"' \
    sh "${missing[@]}" </dev/null >&2
}

# Sets $ottla to the binary under test.
node_binary() {
  if [[ -z ${OTTLA:-} ]]; then
    (cd "$here/.." && timeout 1800 cargo build --quiet --release -p ottla ${OTTLA_BUILD_JOBS:+-j "$OTTLA_BUILD_JOBS"} </dev/null)
    OTTLA=$(cd "$here/.." && cargo metadata --format-version 1 --no-deps </dev/null |
      python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/release/ottla
  fi
  ottla=$(realpath -e "$OTTLA")
}

# node_configure DIRECTORY: new ports, DIRECTORY/server.properties with the lines on stdin added, data in DIRECTORY/data
node_configure() {
  local client controller
  read -r client controller < <(python3 - <<'PY'
import random, socket
# Below the ports that outgoing connections get, or one of those may have it by the time that the node starts.
ports = []
while len(ports) < 2:
    port = random.randrange(10000, 32000)
    with socket.socket() as s:
        if port not in ports and s.connect_ex(("127.0.0.1", port)) != 0:
            ports.append(port)
print(*ports)
PY
  )
  mkdir -p "$1"
  BOOTSTRAP=127.0.0.1:$client CONTROLLER=127.0.0.1:$controller
  DATA=$1/data
  export BOOTSTRAP CONTROLLER DATA
  {
    cat <<PROPERTIES
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:$client,CONTROLLER://127.0.0.1:$controller
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:$controller
log.dirs=$DATA
num.partitions=3
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
PROPERTIES
    cat
  } >"$1/server.properties"
}

# node_tool KIND ARGUMENT...: the storage tool of Ottla or of Apache
node_storage() {
  if [[ $1 == peer ]]; then timeout 60 "$peer" storage "${@:2}" </dev/null; else timeout 60 "$ottla" storage "${@:2}" </dev/null; fi
}

# node_voter DIRECTORY: the configuration says who votes
node_voter() { echo "controller.quorum.voters=1@$CONTROLLER" >>"$1/server.properties"; }

# node_format KIND DIRECTORY: with its voter in the log, unless the configuration says who votes
node_format() {
  local id how=--standalone
  if grep -q '^controller.quorum.voters=' "$2/server.properties"; then how=; fi
  id=$(node_storage "$1" random-uuid)
  node_storage "$1" format $how --cluster-id "$id" --config "$2/server.properties" >>"$2/format.log" 2>&1 ||
    { cat "$2/format.log" >&2; return 1; }
}

# node_start KIND DIRECTORY: starts it and returns once it answers with itself as a broker
node_start() {
  local log=$2/$1.log deadline=$((SECONDS + 90)) before=$EPOCHREALTIME
  if [[ $1 == peer ]]; then
    KAFKA_JVM_OPTS='-Xmx1g -XX:+UseG1GC' "$peer" server-start "$2/server.properties" >>"$log" 2>&1 </dev/null &
  else
    "$ottla" server "$2/server.properties" >>"$log" 2>&1 </dev/null &
  fi
  node_pid=$!
  node_kind=$1 node_log=$log
  until timeout 5 kcat -b "$BOOTSTRAP" -L -m 1 </dev/null 2>/dev/null | grep -E "^  broker [0-9]+ at $BOOTSTRAP" >/dev/null; do
    if ! kill -0 "$node_pid" 2>/dev/null || ((SECONDS > deadline)); then
      echo "the node ($1) does not answer; its log ends:" >&2
      tail -40 "$log" >&2
      return 1
    fi
    sleep 0.1
  done
  node_seconds=$(awk -v a="$before" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }')
}

# node_stop [KILL]: ends the node with SIGTERM (it must go within 30 s, without an error) or with SIGKILL
node_stop() {
  local rc=0 pid=$node_pid deadline=$((SECONDS + 30))
  kill -"${1:-TERM}" "$pid"
  while kill -0 "$pid" 2>/dev/null && ((SECONDS < deadline)); do sleep 0.1; done
  if kill -0 "$pid" 2>/dev/null; then
    echo "the node ($node_kind) is still there 30 s after SIG${1:-TERM}" >&2
    return 1
  fi
  wait "$pid" 2>/dev/null || rc=$?
  node_pid=
  # A JVM that obeys SIGTERM ends with 143.
  if [[ ${1:-TERM} == KILL || $rc == 0 || ($node_kind == peer && $rc == 143) ]]; then return 0; fi
  echo "the node ($node_kind) ended with $rc; its log ends:" >&2
  tail -40 "$node_log" >&2
  return 1
}
