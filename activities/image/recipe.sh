# Shared by build-rootfs.sh and build-image.sh: messages, the recipe's hash, and the steps that make
# the sandbox's root file system out of a plain Debian, wherever that came from.
# Sourced by bash, never run.

readonly HELM_SUITE=bookworm
readonly RECIPE_DIR="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

# Where the plain Debian comes from: 'packages' (debootstrap, any mirror), or 'registry', pinned by
# digest so that nobody can put another image in its place.
readonly HELM_BASE=${HELM_BASE:-packages}
readonly HELM_BASE_IMAGE=${HELM_BASE_IMAGE:-docker.io/library/debian:bookworm-slim@sha256:96e378d7e6531ac9a15ad505478fcc2e69f371b10f5cdf87857c4b8188404716}

say() { printf '%s\n' "$*" >&2; }

# Every failure says what happened and what to do about it.
die() {
  say "error: $1"
  [ $# -lt 2 ] || say "       $2"
  exit 1
}

need() {
  command -v "$1" >/dev/null 2>&1 || die "the program '$1' is missing" "install it: apt-get install -y $2"
}

# The hash of all that decides what is in the root file system: the scripts, the package list, the
# suite (it is in recipe.sh), the base and the machine's architecture.
recipe_hash() {
  {
    cat "$RECIPE_DIR/recipe.sh" "$RECIPE_DIR/build-rootfs.sh" "$RECIPE_DIR/packages.list"
    printf '%s\n' "$HELM_BASE"
    [ "$HELM_BASE" = packages ] || printf '%s\n' "$HELM_BASE_IMAGE"
    uname -m
  } | sha256sum | cut -c1-16
}

rootfs_name() { printf 'helm-rootfs-%s-%s.tar' "$(uname -m)" "$(recipe_hash)"; }

packages() { sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$RECIPE_DIR/packages.list" | LC_ALL=C sort -u; }

# ---------------------------------------------------------------- the steps, on root $1

in_root() {
  local root=$1
  shift
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive \
    ${http_proxy:+http_proxy="$http_proxy"} chroot "$root" "$@"
}

# install_packages ROOT MIRROR SECURITY LOG: what the list names and the base does not have, with
# security updates where their mirror answers.
install_packages() {
  local root=$1 mirror=$2 security=$3 log=$4 names
  mapfile -t names < <(packages)
  rm -f "$root"/etc/apt/sources.list.d/*
  printf 'deb %s %s main\n' "${mirror:-http://deb.debian.org/debian}" "$HELM_SUITE" >"$root/etc/apt/sources.list"
  if [ -n "$security" ] && wget -q -T 20 -t 2 -O /dev/null "$security/dists/$HELM_SUITE-security/InRelease"; then
    printf 'deb %s %s-security main\n' "$security" "$HELM_SUITE" >>"$root/etc/apt/sources.list"
  else
    say "      no mirror for security updates answers: skipped"
  fi
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  in_root "$root" apt-get -q -y update >"$log" 2>&1 \
    && in_root "$root" apt-get -q -y --no-install-recommends install "${names[@]}" >>"$log" 2>&1 \
    && in_root "$root" apt-get -q -y --no-install-recommends upgrade >>"$log" 2>&1 && return
  tail -n 15 "$log" >&2
  die "the packages could not be installed" "check the mirrors (HELM_DEBIAN_MIRROR=http://HOST/debian overrides the first), then run this again"
}

record_packages() {
  local root=$1
  mkdir -p "$root/usr/share/helm"
  in_root "$root" dpkg-query -W -f '${Package} ${Version} ${Architecture}\n' | sort >"$root/usr/share/helm/packages.txt"
  [ "$(wc -l <"$root/usr/share/helm/packages.txt")" -gt 50 ] \
    || die "the package list of the new root is too short to be true" "run this again"
  recipe_hash >"$root/usr/share/helm/recipe.txt"
  if [ "$HELM_BASE" = packages ]; then echo "debian $HELM_SUITE"; else echo "$HELM_BASE_IMAGE"; fi >"$root/usr/share/helm/base.txt"
}

# Nothing of this machine stays (names, resolvers, mirrors, keys), nothing that differs between two
# builds, and nothing that an agent has no use for. Licences (copyright files) stay.
strip_root() {
  local r=$1
  # A program with rights of its own is a way to another user where no-new-privileges would fail.
  find "$r" -xdev \( -type f -o -type d \) -perm /6000 -exec chmod ug-s {} +
  find "$r/usr/share/doc" -type f ! -name copyright -delete
  rm -rf "$r"/usr/share/man/* "$r"/usr/share/info/* "$r"/usr/share/lintian "$r"/usr/share/linda \
    "$r"/usr/share/locale/* "$r"/usr/share/bug "$r"/var/cache/apt/* "$r"/var/lib/apt/lists/* \
    "$r"/var/log/* "$r"/var/cache/debconf/*-old "$r"/var/lib/dpkg/*-old "$r"/var/cache/ldconfig/* \
    "$r"/etc/apt/sources.list "$r"/etc/apt/sources.list.d/* "$r"/etc/*- "$r"/root/.[!.]* \
    "$r"/tmp/* "$r"/var/tmp/* "$r"/run/* "$r"/dev/* "$r"/debootstrap "$r"/.dockerenv \
    "$r"/etc/apt/apt.conf.d/docker-* "$r"/etc/dpkg/dpkg.cfg.d/docker*
  find "$r/usr/share/doc" -depth -type d -empty -delete
  : >"$r/etc/machine-id"
  : >"$r/etc/resolv.conf"
  : >"$r/etc/hosts"
  echo helm >"$r/etc/hostname"
  rm -f "$r/var/lib/dbus/machine-id"
}

# The root is read-only at run time: mount points and the workspace's name are made here.
# /tmp is a tmpfs, and the executor makes /tmp/home in it.
helm_layout() {
  local r=$1
  mkdir -p "$r/slot" "$r/run/helm"
  ln -sfn /slot/workspace "$r/workspace"
  echo 'agent:x:1000:1000:agent:/tmp/home:/bin/bash' >>"$r/etc/passwd"
  echo 'agent:x:1000:' >>"$r/etc/group"
  # There is no network but the proxy: ssh reaches the operator's targets through it.
  mkdir -p "$r/etc/ssh/ssh_config.d"
  printf 'Host *\n  ProxyCommand /usr/local/bin/helm-executor connect %%h %%p\n' \
    >"$r/etc/ssh/ssh_config.d/helm.conf"
}

# What must be true of every root, whatever it was made from.
verify_root() {
  local r=$1 found
  found=$(find "$r" -xdev -perm /6000 -print -quit)
  [ -z "$found" ] || die "$found still has rights of its own" "report this"
  found=$(find "$r" -xdev \( -type b -o -type c \) -print -quit)
  [ -z "$found" ] || die "$found is a device" "report this"
  if command -v getcap >/dev/null 2>&1; then
    found=$(getcap -r "$r" 2>/dev/null | head -n 1)
    [ -z "$found" ] || die "a program has capabilities of its own: $found" "report this"
  fi
}
