#!/usr/bin/env bash
# Builds the sandbox's root file system as a tar.
#
#   build-rootfs.sh OUT_TAR|OUT_DIR     builds (or finds) it; the tar's path is the last line on stdout
#   build-rootfs.sh --name              prints the name that the tar gets inside OUT_DIR
#
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

# Security updates are taken where their mirror answers; a mirror that carries only the main
# archive (an offline one, say) still gives an image, and says so.
security_updates() {
  local mirror=$1
  if [ -z "$mirror" ] || ! wget -q -T 20 -t 2 -O /dev/null "$mirror/dists/$HELM_SUITE-security/InRelease"; then
    say "      no mirror for security updates answers: skipped"
    return
  fi
  printf 'deb %s %s-security main\n' "$mirror" "$HELM_SUITE" >"$work/root/etc/apt/sources.list.d/security.list"
  cp /etc/resolv.conf "$work/root/etc/resolv.conf"
  in_root apt-get -q -y update >"$work/apt.log" 2>&1 \
    && in_root apt-get -q -y --no-install-recommends upgrade >>"$work/apt.log" 2>&1 && return
  tail -n 15 "$work/apt.log" >&2
  die "the security updates could not be installed" "check the mirror of debian-security, then run this again"
}

in_root() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive \
    ${http_proxy:+http_proxy="$http_proxy"} chroot "$work/root" "$@"
}

record_packages() {
  mkdir -p "$work/root/usr/share/helm"
  in_root dpkg-query -W -f '${Package} ${Version} ${Architecture}\n' | sort >"$work/root/usr/share/helm/packages.txt"
  [ "$(wc -l <"$work/root/usr/share/helm/packages.txt")" -gt 50 ] \
    || die "the package list of the new root is too short to be true" "run this again; see $work/debootstrap.log"
  recipe_hash >"$work/root/usr/share/helm/recipe.txt"
}

# Nothing of this machine stays (names, resolvers, mirrors, keys), nothing that differs between two
# builds, and nothing that an agent has no use for. Licences (copyright files) stay.
strip_root() {
  local r=$work/root
  find "$r" -xdev -type f -perm /6000 -exec chmod ug-s {} +
  find "$r" -xdev -type d -perm /6000 -exec chmod ug-s {} +
  find "$r/usr/share/doc" -type f ! -name copyright -delete
  rm -rf "$r"/usr/share/man/* "$r"/usr/share/info/* "$r"/usr/share/lintian "$r"/usr/share/linda \
    "$r"/usr/share/locale/* "$r"/usr/share/bug "$r"/var/cache/apt/* "$r"/var/lib/apt/lists/* \
    "$r"/var/log/* "$r"/var/cache/debconf/*-old "$r"/var/lib/dpkg/*-old "$r"/var/cache/ldconfig/* \
    "$r"/etc/apt/sources.list "$r"/etc/apt/sources.list.d/* "$r"/etc/*- "$r"/root/.[!.]* \
    "$r"/tmp/* "$r"/var/tmp/* "$r"/run/* "$r"/dev/* "$r"/debootstrap
  find "$r/usr/share/doc" -depth -type d -empty -delete
  : >"$r/etc/machine-id"
  : >"$r/etc/resolv.conf"
  echo helm >"$r/etc/hostname"
  rm -f "$r/var/lib/dbus/machine-id"
}

# The root is read-only at run time: mount points and the workspace's name are made here.
# /tmp is a tmpfs, and the executor makes /tmp/home in it.
helm_layout() {
  local r=$work/root
  mkdir -p "$r/slot" "$r/run/helm"
  ln -sfn /slot/workspace "$r/workspace"
  echo 'agent:x:1000:1000:agent:/tmp/home:/bin/bash' >>"$r/etc/passwd"
  echo 'agent:x:1000:' >>"$r/etc/group"
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

[ $# -eq 1 ] || die "usage: build-rootfs.sh OUT_TAR|OUT_DIR" "or build-rootfs.sh --name"
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
need debootstrap debootstrap
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
step "downloading and unpacking Debian packages" "the longest: 1 to 3 minutes"
bootstrap "$mirror"
step "installing security updates" "about 20 seconds"
security_updates "$security"
step "recording the package list" "a second"
record_packages
step "stripping setuid bits, caches, docs and this machine's names" "seconds"
strip_root
step "laying out /workspace, /slot and /run/helm" "a second"
helm_layout
step "packing $(du -sm "$work/root" | cut -f1) MB into the tar" "seconds"
pack
close_step
say "The root file system is ready in $((SECONDS - total_start)) s: $(($(stat -c %s "$out") / 1000000)) MB"
echo "$out"
