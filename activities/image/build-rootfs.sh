#!/usr/bin/env bash
# Builds the sandbox's root file system as a tar.
#
#   build-rootfs.sh OUT_TAR|OUT_DIR     builds (or finds) it; the tar's path is the last line on stdout
#   build-rootfs.sh --name              prints the name that the tar gets inside OUT_DIR
#   build-rootfs.sh --base OUT_DIR      only the base of HELM_BASE=registry, unpacked
#
# HELM_BASE=registry takes the base from HELM_BASE_IMAGE, through the engine at DOCKER_HOST.
# A tar that is already there is kept: in OUT_DIR its name carries the recipe's hash.
# HELM_DEBIAN_MIRROR overrides the mirror; else the one in this machine's apt configuration is
# used, else debootstrap's own default. Needs root (debootstrap mounts and chroots).
set -euo pipefail
export LC_ALL=C
# shellcheck source=recipe.sh
. "$(dirname "${BASH_SOURCE[0]}")/recipe.sh"

readonly PHASES=6
phase=0
phase_start=$SECONDS

# step TEXT EXPECTATION: closes the last step with its time and opens the next.
step() {
  close_step
  phase=$((phase + 1))
  phase_start=$SECONDS
  say "[$phase/$PHASES] $1 ($2)"
}

close_step() { [ "$phase" -eq 0 ] || say "      done in $((SECONDS - phase_start)) s"; }

# The first mirror in apt's configuration whose path ends in /$1 (debian, debian-security).
apt_mirror() {
  command -v apt-get >/dev/null 2>&1 || return 0
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null \
    | sed -n "s#^\(https\{0,1\}://.*/$1\)/\{0,1\}\$#\1#p" | sort -u | head -n 1
}

use_apt_proxy() {
  command -v apt-config >/dev/null 2>&1 || return 0
  local proxy=''
  eval "$(apt-config shell proxy Acquire::http::Proxy 2>/dev/null || true)"
  [ -z "$proxy" ] || [ "$proxy" = DIRECT ] || export http_proxy="${http_proxy:-$proxy}"
}

cleanup() {
  local code=$?
  if [ -n "${work:-}" ]; then
    umount -l "$work/root/proc" "$work/root/sys" 2>/dev/null || true
    if grep -qF " $work/" /proc/self/mounts; then
      say "warning: $work still has mounts and was left; unmount and remove it"
    else
      rm -rf --one-file-system "$work"
    fi
  fi
  exit "$code"
}

bootstrap() {
  local mirror=$1
  local include
  include=$(packages | paste -sd,)
  debootstrap --variant=minbase --include="$include" "$HELM_SUITE" "$work/root" ${mirror:+"$mirror"} \
    >"$work/debootstrap.log" 2>&1 && return
  tail -n 15 "$work/debootstrap.log" >&2
  [ ! -f "$work/root/debootstrap/debootstrap.log" ] || tail -n 15 "$work/root/debootstrap/debootstrap.log" >&2
  die "debootstrap could not build Debian $HELM_SUITE" \
    "check the network and the mirror (HELM_DEBIAN_MIRROR=http://HOST/debian overrides it), then run this again"
}

# from_registry ROOT: the pinned image's files, all layers as one. The engine fetches it and compares
# every byte with the digest.
from_registry() {
  local root=$1 client=${HELM_DOCKER:-docker} container
  case "$HELM_BASE_IMAGE" in
    *@sha256:????????????????????????????????????????????????????????????????) ;;
    *) die "the base image $HELM_BASE_IMAGE is not pinned" "name it with its digest: NAME:TAG@sha256:<64 hex digits>" ;;
  esac
  need "$client" docker.io
  [ -n "${DOCKER_HOST:-}" ] || die "DOCKER_HOST is not set" "an engine has to fetch the base image; name it"
  timeout -k 5 600 "$client" pull -q "$HELM_BASE_IMAGE" >"$work/pull.log" 2>&1 || {
    tail -n 5 "$work/pull.log" >&2
    die "the base image could not be fetched from its registry" "check the network; without a registry leave HELM_BASE out"
  }
  container=$(timeout -k 5 60 "$client" create --network none "$HELM_BASE_IMAGE" /bin/true) \
    || die "the engine could not open the base image" "run this again"
  mkdir -p "$root"
  timeout -k 5 300 "$client" export "$container" | tar -C "$root" --numeric-owner -xf - || {
    timeout -k 5 60 "$client" rm "$container" >/dev/null
    die "the base image could not be unpacked" "see if the disk is full, then run this again"
  }
  timeout -k 5 60 "$client" rm "$container" >/dev/null
}

# What installing packages needs and an image does not carry; debootstrap does the same.
make_usable() {
  local r=$1 node
  rm -rf "$r"/dev/*
  mknod -m 666 "$r/dev/null" c 1 3
  mknod -m 666 "$r/dev/zero" c 1 5
  for node in random:8 urandom:9; do mknod -m 666 "$r/dev/${node%:*}" c 1 "${node#*:}"; done
  mount -t proc proc "$r/proc"
}

# Times of what this build made are set to the newest time in the packages, so that they do not
# depend on the day. Times of packaged files stay: Python's compiled files name those of their source.
pack() {
  local epoch
  epoch=$(find "$work/root" -xdev -type f ! -newer "$work/started" -printf '%T@\n' | sort -n | tail -n 1)
  tar -C "$work/root" --sort=name --numeric-owner --xattrs --format=pax \
    --pax-option='delete=atime,delete=ctime,exthdr.name=%d/PaxHeaders/%f' \
    --mtime="@${epoch%.*}" --clamp-mtime --exclude=./proc/* --exclude=./sys/* --exclude=./dev/* \
    -cf "$out.part" .
  mv "$out.part" "$out"
}

[ $# -eq 1 ] || [ "$*" = "--base ${2:-}" ] || die "usage: build-rootfs.sh OUT_TAR|OUT_DIR" "or build-rootfs.sh --name"
if [ "$1" = --base ]; then
  work=$(mktemp -d "${TMPDIR:-/tmp}/.rootfs.XXXXXX")
  trap cleanup EXIT
  from_registry "$2"
  exit 0
fi
if [ "$1" = --name ]; then
  rootfs_name
  echo
  exit 0
fi
out=$1
[ ! -d "$out" ] || out=${out%/}/$(rootfs_name)
if [ -s "$out" ]; then
  say "the root file system is there: $out"
  echo "$out"
  exit 0
fi

[ "$(id -u)" -eq 0 ] || die "building the sandbox image needs root" "run it as root once; an ordinary user can use the finished tar"
case "$HELM_BASE" in
  packages) need debootstrap debootstrap ;;
  registry) ;;
  *) die "HELM_BASE is '$HELM_BASE'" "it is 'packages' or 'registry'" ;;
esac
need wget wget
need tar tar
mkdir -p "$(dirname "$out")"
free_kib=$(df -Pk "$(dirname "$out")" | awk 'NR==2 {print $4}')
[ "$free_kib" -ge 1572864 ] || die "less than 1.5 GiB is free for $(dirname "$out")" "free some space, then run this again"

work=$(mktemp -d "$(dirname "$out")/.rootfs.XXXXXX")
trap cleanup EXIT
trap 'exit 130' INT TERM
chmod 755 "$work"
touch "$work/started"
total_start=$SECONDS
use_apt_proxy
mirror=${HELM_DEBIAN_MIRROR:-$(apt_mirror debian)}
mirror=${mirror%/}
if [ -n "${HELM_DEBIAN_MIRROR:-}" ]; then
  security=$mirror-security
else
  security=$(apt_mirror debian-security)
fi

say "Building Helm's sandbox root file system: Debian $HELM_SUITE, $(packages | wc -l) packages named, about 3 minutes."
if [ "$HELM_BASE" = registry ]; then
  step "fetching the base image" "seconds to a minute"
  from_registry "$work/root"
  make_usable "$work/root"
else
  step "downloading and unpacking Debian packages" "the longest: 1 to 3 minutes"
  bootstrap "$mirror"
fi
step "installing packages and security updates" "20 seconds to 2 minutes"
install_packages "$work/root" "$mirror" "$security" "$work/apt.log"
umount -l "$work/root/proc" "$work/root/sys" 2>/dev/null || true
step "recording the package list" "a second"
record_packages "$work/root"
step "stripping setuid bits, caches, docs and this machine's names" "seconds"
strip_root "$work/root"
step "laying out /workspace, /slot and /run/helm" "a second"
helm_layout "$work/root"
verify_root "$work/root"
step "packing $(du -sm "$work/root" | cut -f1) MB into the tar" "seconds"
pack
close_step
say "The root file system is ready in $((SECONDS - total_start)) s: $(($(stat -c %s "$out") / 1000000)) MB"
echo "$out"
