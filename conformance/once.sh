# What programs share that build or install themselves into the cache when they first run, several of them perhaps at the same time.

# once KIND STATE MAKE: sets $made to a directory of the cache that the function MAKE has filled, called in it; then older ones are gone.
once() {
  local cache=${XDG_CACHE_HOME:-$HOME/.cache}/ottla-conformance
  made=$cache/$1-$2
  [[ ! -e $made/.complete ]] || return 0
  mkdir -p "$cache"
  (
    flock 9
    [[ ! -e $made/.complete ]] || exit 0
    rm -rf "$cache/$1"-*
    mkdir "$made"
    cd "$made"
    "$3" </dev/null >&2
    touch .complete
  ) 9>"$cache/$1.lock"
}
