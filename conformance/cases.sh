# What the clients written in bash share. A client sources this file, declares a function case_NAME for each case and ends
# with `cases "$@"`: without an argument every case runs in a process of its own and prints `case pass|fail seconds`.
set -euo pipefail
: "${BOOTSTRAP:?host:port of the node}" "${LOGS:?directory for the logs of the cases}" "${DATA:?data directory of the node}"
client=$(basename "$(dirname "$0")")

cases() {
  local name verdict start
  if [[ $# -gt 0 ]]; then
    "case_${1//-/_}"
    return
  fi
  for name in $(declare -F | sed -n 's/^declare -f case_//p'); do
    name=${name//_/-} start=$SECONDS verdict=pass
    timeout -k 5 "${LIMIT:-60}" bash "$0" "$name" >"$LOGS/$client.$name.log" 2>&1 </dev/null || verdict=fail
    echo "$name $verdict $((SECONDS - start))"
  done
}

# same WHAT FILE FILE: both files are the same byte for byte
same() {
  cmp "$2" "$3" && return
  echo "$1 differs: expected, then found:"
  head -c 600 "$2"
  echo ...
  head -c 600 "$3"
  return 1
}

# equal WHAT EXPECTED FOUND
equal() { [[ $2 == "$3" ]] || { echo "$1: expected '$2', found '$3'"; return 1; }; }

# Values of these sizes go through. The largest, with 11 bytes of a record without a key and 61 of its batch, is the default of
# max.message.bytes.
sizes=(1 2 63 64 1000 16384 100000 1000000 1048516)
# letters SIZE FILE
letters() {
  head -c "$1" /dev/urandom | base64 -w 0 >"$2"
  truncate -s "$1" "$2"
}

# A directory for the case, and a topic name that no other client or case uses.
dir=$(mktemp -d "$LOGS/XXXXXX")
topic=$client-${1:-}
