#!/usr/bin/env bash
# Makes the sandbox image: the root file system plus the executor.
#
#   build-image.sh ROOTFS_TAR EXECUTOR_BINARY DOCKER_HOST
#
# The last line on stdout is the image's id, sha256:... The tag is helm-sandbox:<hash of all
# inputs>; an image with that tag is not made again. The entry point is set by whoever creates a
# container: /usr/local/bin/helm-executor.
# HELM_DOCKER names the docker client, if it is not the first in the PATH.
set -euo pipefail
export LC_ALL=C
# shellcheck source=recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/recipe.sh"

[ $# -eq 3 ] || die "usage: build-image.sh ROOTFS_TAR EXECUTOR_BINARY DOCKER_HOST"
rootfs=$1
executor=$2
client=${HELM_DOCKER:-docker}
export DOCKER_HOST=$3
need "$client" docker.io
need tar tar
[ -s "$rootfs" ] || die "the root file system $rootfs is missing" "make it with build-rootfs.sh"
[ -s "$executor" ] || die "the executor $executor is missing" "build it: cd activities/executor && CGO_ENABLED=0 go build -trimpath -o OUT ."
case "$DOCKER_HOST" in
  unix://* | tcp://*) ;;
  *) die "DOCKER_HOST '$DOCKER_HOST' is no address" "give one such as unix:///path/docker.sock" ;;
esac
[ "$(od -An -tx1 -N4 "$executor" | tr -d ' ')" = 7f454c46 ] || die "$executor is no Linux program" "build it with GOOS=linux"

# The engine may hang; every call to it has a deadline.
engine() { timeout -k 5 "$1" "$client" "${@:2}"; }

engine 20 version --format '{{.Server.Version}}' >/dev/null 2>&1 \
  || die "no container engine answers at $DOCKER_HOST" "start it, or correct the address"

image_id() { engine 20 image inspect --format '{{.Id}}' "$1" 2>/dev/null; }

started=$SECONDS
work=''
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

hash=$({
  sha256sum <"$rootfs"
  sha256sum <"$executor"
  cat "$RECIPE_DIR/recipe.sh" "$RECIPE_DIR/build-image.sh" "$RECIPE_DIR/packages.list"
} | sha256sum | cut -c1-24)
tag=helm-sandbox:$hash
if id=$(image_id "$tag"); then
  say "the image is there: $tag"
  echo "$id"
  exit 0
fi

say "Making the sandbox image $tag (about 10 seconds)"
work=$(mktemp -d "${TMPDIR:-/tmp}/helm-image.XXXXXX")
mkdir -p "$work/usr/local/bin"
install -m 0555 "$executor" "$work/usr/local/bin/helm-executor"

# The executor is one more member at the end of a copy of the tar.
tar -C "$work" --numeric-owner --owner=0 --group=0 --mtime=@1735689600 --format=pax \
  --pax-option='delete=atime,delete=ctime' -cf "$work/executor.tar" usr/local/bin/helm-executor
cp --reflink=auto "$rootfs" "$work/all.tar"
tar -Af "$work/all.tar" "$work/executor.tar"
engine 300 import \
  --change 'LABEL dev.helm.sandbox=1' \
  --change "LABEL dev.helm.recipe=$(recipe_hash)" \
  "$work/all.tar" "$tag" >"$work/import.log" 2>&1 || {
  tail -n 5 "$work/import.log" >&2
  die "the engine could not import the image" "see if its disk is full, then run this again"
}
id=$(image_id "$tag") || die "the engine made the image but does not show it" "run this again"
case "$id" in
  sha256:*) ;;
  *) die "the engine gave '$id' instead of an image id" "run this again" ;;
esac
say "The image is ready in $((SECONDS - started)) s: $tag"
echo "$id"
