# What programs share that build or install themselves into the cache when they first run, several of them perhaps at the same time.

# once KIND STATE MAKE: sets $made to a directory of the cache that the function MAKE has filled, called in it; then those are gone that
# nobody has asked for in a week. Others may be another checkout's, and run.
once() {
  local cache=${XDG_CACHE_HOME:-$HOME/.cache}/ottla-conformance
  made=$cache/$1-$2
  if [[ -e $made/.complete ]]; then
    touch "$made/.complete"
    return
  fi
  mkdir -p "$cache"
  (
    flock 9
    [[ ! -e $made/.complete ]] || exit 0
    find "$cache" -maxdepth 2 -path "$cache/$1-*/.complete" -mtime +7 -printf '%h\0' | xargs -0 rm -rf "$made"
    mkdir "$made"
    cd "$made"
    "$3" </dev/null >&2
    touch "$made/.complete"
  ) 9>"$cache/$1.lock"
}
