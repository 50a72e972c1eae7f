# quietly MESSAGE COMMAND...: says the message (unless it is empty), runs the command, and shows what it printed only if
# it fails. For the scripts of this folder, which are run from the repository's root.
quietly() {
  local -r message=$1
  shift
  local log
  log=$(mktemp)
  if [[ -n $message ]]; then echo "$message ..." >&2; fi
  if "$@" >"$log" 2>&1 </dev/null; then
    rm -f "$log"
    return 0
  fi
  cat "$log" >&2
  echo "FAILED: $*" >&2
  rm -f "$log"
  return 1
}
