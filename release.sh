#!/usr/bin/env bash
# Builds release/: the program for this machine's kind beside what it is
# installed with, and for every system an archive with its checksum.
#
#   ./release.sh [VERSION [GOOS/GOARCH…]]
#
# The same sources and the same Go give the same bytes.
set -euo pipefail
cd "$(dirname "$0")"

version=${1:-$(git describe --tags --always --dirty 2>/dev/null || echo 0.1.0)}
version=${version#v}
targets=("${@:2}")
((${#targets[@]})) || targets=(linux/amd64 linux/arm64 windows/amd64 windows/arm64 darwin/amd64 darwin/arm64)
papers=(README.md README.zh-CN.md CHANGELOG.md CONTRIBUTING.md SECURITY.md LICENSE deploy doc)
out=${RELEASE_DIR:-release} # emptied first
# The time in the archives: that of the commit, so that building twice gives one sum.
stamp=@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}

build() { # GOOS GOARCH FILE
	CGO_ENABLED=0 GOOS=$1 GOARCH=$2 go build -trimpath -buildvcs=false -ldflags "-s -w -buildid= -X main.version=$version" -o "$3" .
}

rm -rf "$out"
mkdir -p "$out"

# The classic folder: copy it to a server and start it.
echo "$out/hongyan ($(go env GOOS)/$(go env GOARCH))"
build "$(go env GOOS)" "$(go env GOARCH)" "$out/hongyan$(go env GOEXE)"
cp -R "${papers[@]}" "$out/"

for target in "${targets[@]}"; do
	os=${target%/*} arch=${target#*/}
	name=hongyan-$version-$os-$arch
	binary=hongyan
	[[ $os != windows ]] || binary=hongyan.exe
	echo "$out/$name"
	mkdir -p "$out/$name"
	build "$os" "$arch" "$out/$name/$binary"
	cp -R "${papers[@]}" "$out/$name/"
	find "$out/$name" -exec touch -h -d "$stamp" {} +
	if [[ $os == windows ]] && command -v zip >/dev/null; then
		(cd "$out" && find "$name" -type f | LC_ALL=C sort | TZ=UTC zip -q -X "$name.zip" -@)
	else
		tar -C "$out" --sort=name --owner=0 --group=0 --numeric-owner --mtime="$stamp" -cf - "$name" | gzip -n >"$out/$name.tar.gz"
	fi
	rm -r "${out:?}/$name"
done

sums=(sha256sum)
command -v sha256sum >/dev/null || sums=(shasum -a 256)
(cd "$out" && "${sums[@]}" hongyan-*.tar.gz hongyan-*.zip 2>/dev/null >SHA256SUMS || "${sums[@]}" hongyan-*.tar.gz >SHA256SUMS)
cat "$out/SHA256SUMS"
