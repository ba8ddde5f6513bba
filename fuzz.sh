#!/usr/bin/env bash
# Runs every fuzz target for a while, one after the other, and adds to the
# committed corpus what reached new code.
#
#   ./fuzz.sh              a minute each
#   ./fuzz.sh 10m Decode   ten minutes each of those whose names contain "Decode"
#
# What fails is kept by Go in testdata/fuzz beside the test: mend the fault, keep
# the file, and it is tried with every test from then on.
set -euo pipefail
cd "$(dirname "$0")"
time=${1:-1m}
only=${2:-}
KEEP=24   # inputs of a target that are committed, the shortest ones
MOST=2048 # bytes of one of them
cache=$(go env GOCACHE)/fuzz
failed=()
targets=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# keep copies what the fuzzer found worth keeping into the committed corpus.
keep() { # PACKAGE TARGET
	local from=$cache/hongyan/${1#./}/$2 to=$1/testdata/fuzz/$2 have
	[[ -d $from ]] || return 0
	mkdir -p "$to"
	have=$(find "$to" -type f | wc -l)
	find "$from" -type f -size -$((MOST + 1))c -printf '%s %p\n' | sort -n | awk -v n=$((KEEP - have)) 'NR <= n' |
		while read -r _ file; do cp -n "$file" "$to/" 2>/dev/null || true; done
}

while IFS=: read -r file target; do
	[[ $target == *"$only"* ]] || continue
	package=./$(dirname "$file")
	targets=$((targets + 1))
	echo "----  $package $target"
	# Go ends a run now and then with "context deadline exceeded" where its time was just over.
	if go test "$package" -run '^$' -fuzz "^$target\$" -fuzztime "$time" >"$log" 2>&1 ||
		{ grep -q 'context deadline exceeded' "$log" && ! grep -qE 'Failing input|panic' "$log"; }; then
		grep elapsed "$log" | tail -n 1
		keep "$package" "$target"
	else
		tail -n 40 "$log"
		failed+=("$package $target")
	fi
done < <(git ls-files -co --exclude-standard '*_test.go' | sort | xargs grep -oE '^func Fuzz\w+' /dev/null | sed 's/:func /:/')

if ((${#failed[@]})); then
	printf 'FAILED  %s\n' "${failed[@]}"
	exit 1
fi
echo "PASSED $targets targets, $time each"
