#!/usr/bin/env bash
# Everything that must hold, in one command. It needs Go; what else the tests
# want it installs where it may (Debian, as root), and skips with a line where not.
#
#   ./test.sh          the whole
#   ./test.sh lint     only the steps whose names contain "lint"
set -euo pipefail
cd "$(dirname "$0")"

GOLANGCI=v2.15.0    # with its configuration in .golangci.yml
MAX_BINARY=40000000 # bytes; the NATS server inside takes 11 MB of them, and a cluster needs nothing else
only=${1:-}
tools=$PWD/.cache/bin
began=$SECONDS
failed=()
skipped=()
unsteady=()
# A clone of another user's is fine too; and everything shares what a release compiles.
export GOFLAGS="${GOFLAGS:-} -buildvcs=false -trimpath"
export CGO_ENABLED=0                          # as the product is built; race tests aside

skip() {
	echo "SKIP  $*"
	skipped+=("$1")
}

step() { # NAME COMMAND…
	local name=$1 start=$SECONDS
	shift
	[[ $name == *"$only"* ]] || return 0
	echo "----  $name"
	if "$@"; then
		echo "ok    $name ($((SECONDS - start)) s)"
	else
		echo "FAIL  $name ($((SECONDS - start)) s)"
		failed+=("$name")
	fi
}

have() { command -v "$1" >/dev/null 2>&1 || [[ -x /usr/sbin/$1 ]]; }

# install brings what the tests use beside Go. Failing to is no failure.
install() {
	local wanted=()
	have mariadbd || wanted+=(mariadb-server)
	have chromium || have google-chrome || wanted+=(chromium fonts-noto-cjk fonts-noto-color-emoji)
	have nginx || wanted+=(nginx)
	have gcc || wanted+=(gcc libc6-dev)
	if ((${#wanted[@]})) && have apt-get && [[ $(id -u) == 0 ]]; then
		echo "installing ${wanted[*]}"
		mkdir -p .cache
		# Packages may not start services here: policy-rc.d answers 101, "not allowed".
		local policy=/usr/sbin/policy-rc.d made=
		[[ -e $policy ]] || { printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made=1; }
		{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${wanted[@]}"; } \
			>.cache/apt.log 2>&1 </dev/null || echo "apt-get did not manage; see .cache/apt.log"
		[[ -z $made ]] || rm -f "$policy"
	fi
	have mariadbd || skip "MariaDB" "is not installed: the MySQL half of the tests is left out (apt-get install mariadb-server)"
	have chromium || have google-chrome || skip "Chromium" "is not installed: the browser tests are left out (apt-get install chromium)"
	have firefox || have firefox-esr || skip "Firefox" "is not installed: a day in it is left out (apt-get install firefox-esr)"
	have nginx || skip "nginx" "is not installed: deploy/nginx.conf is not tried (apt-get install nginx)"
}

format() {
	local bad
	bad=$(git ls-files -z '*.go' | xargs -0 gofmt -l)
	[[ -z $bad ]] || { echo "run gofmt -w on: $bad" && return 1; }
}

build() {
	mkdir -p .cache
	go build -ldflags '-s -w' -o .cache/hongyan . || return 1
	local size
	size=$(wc -c <.cache/hongyan)
	echo "the binary has $size bytes"
	((size <= MAX_BINARY)) || { echo "more than $MAX_BINARY" && return 1; }
	.cache/hongyan version
}

lint() {
	if ! "$tools/golangci-lint" version 2>/dev/null | grep -q "${GOLANGCI#v}"; then
		echo "building golangci-lint $GOLANGCI"
		GOBIN=$tools go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$GOLANGCI" || return 1
	fi
	"$tools/golangci-lint" run --allow-parallel-runners ./...
}

# tested runs go test. Up to three tests that failed get a second run by
# themselves: what a busy machine did to them must not hide what all the others
# say. They are named in the end, as each has a fault to be found. A race, a
# panic and a package that failed without a test get none.
tested() { # ARGUMENT…
	local log names packages
	log=$(mktemp)
	if go test "$@" 2>&1 | tee "$log"; then
		rm -f "$log"
		return 0
	fi
	mapfile -t names < <(sed -n 's/^--- FAIL: \([A-Za-z0-9_]*\).*/\1/p' "$log" | sort -u)
	mapfile -t packages < <(sed -n 's/^FAIL\t\([^ \t]*\).*/\1/p' "$log" | sort -u)
	local grave=0
	grep -qE 'DATA RACE|^panic:|build failed|setup failed' "$log" && grave=1
	rm -f "$log"
	((grave == 0 && ${#names[@]} > 0 && ${#names[@]} <= 3 && ${#packages[@]} <= ${#names[@]})) || return 1
	echo "again: ${names[*]}"
	local flags=() argument
	for argument in "$@"; do
		[[ $argument == . || $argument == ./... ]] || flags+=("$argument")
	done
	go test "${flags[@]}" -count=1 -run "^($(IFS='|'; echo "${names[*]}"))\$" "${packages[@]}" || return 1
	unsteady+=("${names[@]}")
}

# Race tests need a C compiler. Without one the tests still run.
tests() {
	if have gcc; then
		CGO_ENABLED=1 tested -race -timeout 20m ./...
	else
		skip "race detector" "needs a C compiler (apt-get install gcc libc6-dev): the tests run without it"
		tested -timeout 20m ./...
	fi
}

# What the hot paths take, against what they took: in multiples of a piece of
# work that no change of ours makes faster, so that machines can be compared.
# It tells and judges nothing. BASELINE=write notes the figures as the new ones.
benchmarks() {
	local baseline=doc/bench-baseline.txt out=.cache/benchmarks.txt
	mkdir -p .cache
	bench() { go test -run '^$' -count 2 -benchtime 0.2s -bench "$2" "$1"; }
	{ bench ./client/bench '^BenchmarkCalibrate$' && bench ./ctrl '^BenchmarkDecode$' && bench ./service/hub '^Benchmark(Publish|Fanout)$' &&
		bench ./service '^BenchmarkSend$/^sqlite$' && bench ./service '^Benchmark(Commit|History)$'; } >$out 2>&1 || { cat $out && return 1; }
	awk -v write="${BASELINE:-}" -v baseline=$baseline '
		/^pkg: / { package = $2; sub("^hongyan/(service/)?", "", package) }
		/^Benchmark/ {
			name = $1; sub(/-[0-9]+$/, "", name); sub("Benchmark", package "/", name)
			if (!(name in took)) { order[++n] = name; took[name] = $3 }
			if ($3 < took[name]) took[name] = $3
			for (i = 4; i < NF; i++) if ($(i + 1) == "allocs/op") allocs[name] = $i
		}
		END {
			while ((getline line < baseline) > 0) if (split(line, f) == 3 && f[1] !~ /^#/) { was[f[1]] = f[2]; had[f[1]] = f[3] }
			unit = took["client/bench/Calibrate"]
			if (write == "write") print "# benchmark, time in multiples of client/bench/Calibrate, allocations: ./test.sh benchmarks compares with this" >baseline
			printf "%-28s %12s %10s %10s %8s %8s\n", "benchmark", "ns/op", "× unit", "before", "allocs", "before"
			for (i = 1; i <= n; i++) {
				b = order[i]; now = took[b] / unit
				if (write == "write") printf "%s %.3f %d\n", b, now, allocs[b] >baseline
				more = (b in was) && was[b] > 0 && now > 1.1 * was[b] ? sprintf("  %+.0f %% TIME", 100 * (now / was[b] - 1)) : ""
				if ((b in had) && allocs[b] > 1.1 * had[b]) more = more "  MORE ALLOCATIONS"
				printf "%-28s %12.0f %10.2f %10s %8d %8s%s\n", b, took[b], now, (b in was) ? was[b] : "-", allocs[b], (b in had) ? had[b] : "-", more
			}
		}' $out
}

# Servers as processes of their own: killed, loaded, wrong on purpose, several as
# one. Where the tests ran without the race detector they had these too.
delivery() {
	have gcc || return 0
	rm -rf .cache/delivery && mkdir -p .cache/delivery # histories and logs, to look into where something failed
	tested -artifacts -outputdir "$PWD/.cache/delivery" -timeout 25m -run '^Test(Verify|Mutants|NoMutant|Bench|Cluster|Upgrade|EndsInOrder|ManyParked|FlashDisconnect)' .
}

# One system compiles whole; of another only what differs by system, as a
# second whole takes minutes and finds nothing else.
cross() {
	echo windows/amd64
	GOOS=windows GOARCH=amd64 go build -o /dev/null . || return 1
	echo "darwin/arm64, in part"
	GOOS=darwin GOARCH=arm64 go build ./util/lock ./util/fdlimit
}

# The archive holds what it should, and its sum is right.
release() {
	local out=.cache/release names name
	RELEASE_DIR=$out ./release.sh 0.0.0 linux/amd64 || return 1
	names=$(tar -tzf $out/hongyan-0.0.0-linux-amd64.tar.gz) || return 1
	for name in hongyan README.md README.zh-CN.md LICENSE CHANGELOG.md doc/protocol.md deploy/hongyan.service deploy/nginx.conf deploy/nats.conf; do
		grep -qx "hongyan-0.0.0-linux-amd64/$name" <<<"$names" || { echo "the archive lacks $name" && return 1; }
	done
	(cd $out && sha256sum -c --quiet SHA256SUMS) || return 1
	[[ $($out/hongyan version) == "hongyan 0.0.0 "* ]] || { echo "the program does not say its version" && return 1; }
	rm -rf $out
}

browser() {
	cd e2e || return 1
	go vet ./... && tested -timeout 45m ./...
	local code=$?
	cd ..
	return $code
}

# What is around the product fails, and it has to keep its promises. The long
# form is in doc/reliability.md.
faults() {
	[[ -w /dev/fuse && $(id -u) == 0 ]] || skip "disk faults" "need root and /dev/fuse: power cuts, torn writes and full disks are left out"
	cd faults || return 1
	go vet ./... && tested -timeout 15m -parallel 4 ./... # most of them wait most of the time
	local code=$?
	cd ..
	return $code
}

install
step "gofmt" format
step "build" build
step "vet" go vet ./...
step "tests" tests
step "delivery" delivery
step "lint" lint
[[ ! -f e2e/go.mod ]] || step "browser tests" browser
step "faults" faults
step "benchmarks" benchmarks
step "cross-compile" cross
step "release" release

echo
took="$(((SECONDS - began) / 60)) min $(((SECONDS - began) % 60)) s"
if ((${#failed[@]})); then
	(IFS=,; echo "FAILED after $took: ${failed[*]}")
	exit 1
fi
((${#unsteady[@]} == 0)) || echo "UNSTEADY: ${unsteady[*]} passed only in a second run"
if ((${#skipped[@]})); then
	(IFS=,; echo "PASSED in $took, without: ${skipped[*]}")
else
	echo "PASSED in $took"
fi
