# What runs one case of a suite sources this file.

# tries FUNCTION CASE: prints the lines `case verdict seconds` of FUNCTION CASE. Where $EXPECT calls the case flaky, it has three tries,
# and the last counts.
tries() {
  local lines
  for _ in 1 2 3; do
    lines=$("$1" "$2")
    if ! grep -qvE '^[^ ]+ (pass|skip) ' <<<"$lines" || ! grep -qsE "^${2//./\\.} .*flaky$" "$EXPECT"; then break; fi
  done
  echo "$lines"
}
