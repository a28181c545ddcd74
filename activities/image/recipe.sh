# Shared by build-rootfs.sh and build-image.sh: messages, and the recipe's hash.
# Sourced by bash, never run.

readonly HELM_SUITE=bookworm
readonly RECIPE_DIR="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

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
# suite (it is in recipe.sh) and the machine's architecture.
recipe_hash() {
  {
    cat "$RECIPE_DIR/recipe.sh" "$RECIPE_DIR/build-rootfs.sh" "$RECIPE_DIR/packages.list"
    uname -m
  } | sha256sum | cut -c1-16
}

rootfs_name() { printf 'helm-rootfs-%s-%s.tar' "$(uname -m)" "$(recipe_hash)"; }

packages() { sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$RECIPE_DIR/packages.list" | LC_ALL=C sort -u; }
