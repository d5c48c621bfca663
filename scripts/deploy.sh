#!/usr/bin/env bash
# Brings a running zdenergy to the newest version of its branch, without a gap:
#
#     scripts/deploy.sh             fetch, build beside the running version, try, migrate, reload, verify
#     scripts/deploy.sh --restart   the same, but restart everything (gateways are refused for some seconds)
#     scripts/deploy.sh --back      let the version before serve again
#
# What always holds: the files that run are never written to. Each version has a directory of its own
# below releases/, and releases/current leads to the one that serves; DATA_DIR and .env stay where they
# are. Whatever fails, a version serves: before the switch nothing has changed, after it the version
# before comes back. Exit codes: 0 done, or nothing to do; 1 nothing was changed; 2 the version before
# serves again; 3 a person is needed.
set -euo pipefail

# Versions kept, beside those that something still runs from.
kept=3

say() { printf '%s\n' "$*"; }

refuse() {
  printf '❌ %s\nNothing was changed.\n' "$*" >&2
  exit 1
}

# The lock (descriptor 9) is not for the processes that outlive this one.
steps() { node scripts/deploy-steps.js "$@" 9>&-; }

# Runs a command; what it says is only shown when it fails.
quietly() {
  local log
  log=$(mktemp)
  # Receiving readings comes first on a small machine.
  if nice "$@" >"$log" 2>&1 9>&-; then
    rm -f "$log"
    return
  fi
  cat "$log" >&2
  rm -f "$log"
  return 1
}

# Whether a build's installed packages are those that the sources in a directory ask for.
can_share_packages() {
  local build=$1 sources=$2
  cmp --silent "$build/package-lock.json" "$sources/package-lock.json" || return
  # In a directory that somebody works in, the lock file may be newer than what is installed.
  [[ -e $build/release.json ]] ||
    [[ -e $build/node_modules/.package-lock.json &&
      ! $build/package-lock.json -nt $build/node_modules/.package-lock.json ]]
}

install_packages() {
  local build=$1 sources=$2
  if can_share_packages "$build" "$sources"; then
    # Hard links: no copy of the files, and whoever replaces one replaces it here alone.
    cp --archive --link "$build/node_modules" "$sources/node_modules" || return
    rm -rf "$sources/node_modules/.cache"
  else
    say '📦 installing what the new version needs (npm ci) …'
    # Types and the compiler are needed, whatever NODE_ENV says.
    quietly npm --prefix "$sources" ci --include=dev --include=optional --no-audit --no-fund
  fi
}

# Unpacks a commit's sources into a new directory.
unpack() {
  rm -rf "$2" && mkdir "$2" && git archive "$1" | tar --extract --touch --directory "$2"
}

# Builds a commit in a directory of its own, which gets its name when it is whole.
build_release() {
  local commit=$1 release=$2 serving=$3
  local aside=releases/building
  unpack "$commit" "$aside" || refuse 'The new version could not be unpacked. Is the disk full?'
  install_packages "$serving" "$aside" || refuse 'The packages of the new version could not be installed.'
  say '🔨 building …'
  quietly npm --prefix "$aside" run --silent build || refuse 'The new version does not build.'
  { printf '{ "commit": "%s" }\n' "$commit" >"$aside/release.json" && mv "$aside" "$release"; } ||
    refuse 'The new version could not be put in its place. Is the disk full?'
}

# Moves the branch forward, so that scripts and documents are those of the version that serves.
move_branch() {
  git merge --quiet --ff-only "$1" 9>&- ||
    say "⚠️ The version serves, but git could not move the branch to it: see above, then git merge --ff-only."
}

# Removes all versions but the newest ones, and none that something leads to or runs from.
remove_old_releases() {
  local supervisor_build=$1 release
  local keep=("$(readlink -f releases/current)" "$(readlink -f releases/previous)" "$supervisor_build")
  while read -r release; do
    [[ " ${keep[*]} " == *" $PWD/$release "* ]] || rm -rf "$release"
  done < <(find releases -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' |
    sort --reverse --numeric-sort | cut --delimiter=' ' --fields=2- | tail --lines=+$((kept + 1)))
}

# Whether the supervisor would be another one after a restart.
supervisor_changed() {
  local name
  for name in core supervisor; do
    diff --recursive --brief --exclude='*.map' --exclude=.tsbuildinfo \
      "$1/packages/$name/dist" "$2/packages/$name/dist" >/dev/null || return 0
  done
  return 1
}

# Copies what was built in place, which the branch will no longer be: its package.json and its migrations
# are read when it starts. The built files are copied in earnest, for a build writes into them.
keep_built_in_place() {
  rm -rf releases/first && mkdir releases/first &&
    cp --archive package.json package-lock.json packages releases/first/ &&
    cp --archive --link node_modules releases/first/node_modules &&
    rm -rf releases/first/node_modules/.cache
}

# Lets a build serve; leaves releases/previous leading to the one before, if that is another one.
switch() {
  local release=$1 serving=$2 how=$3 code=0
  # Before the switch: afterwards there would be no way back, should the disk be full.
  if [[ $serving == "$PWD" ]]; then
    keep_built_in_place || refuse 'The version that runs could not be kept for the way back. Is the disk full?'
  fi
  say "🔄 letting $release serve ($how) …"
  steps switch "$release" "$how" || code=$?
  ((code == 0)) || exit "$code"
  [[ $serving == "$PWD" ]] && serving=$PWD/releases/first
  [[ $serving == "$(readlink -f "$release")" ]] ||
    ln --symbolic --force --no-dereference "$serving" releases/previous ||
    say "⚠️ The version serves, but releases/previous could not be set: --back does not lead to $serving."
}

main() {
  cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
  local how=reload back=no argument
  for argument in "$@"; do
    case $argument in
      --restart) how=restart ;;
      --back) back=yes ;;
      *) refuse "$argument: there is no such argument; there are --restart and --back" ;;
    esac
  done
  [[ $(git rev-parse --show-toplevel) == "$(pwd -P)" ]] ||
    refuse "$(pwd -P) is no clone of the repository: run the deploy.sh of the clone that zdenergy was started in."
  mkdir -p releases
  exec 9>releases/lock
  flock --nonblock 9 || refuse 'Another deploy.sh is at work.'

  local running serving supervisor_build
  running=$(steps find) || refuse 'There is no zdenergy to update.'
  IFS=$'\t' read -r _ serving supervisor_build <<<"$running"

  if [[ $back == yes ]]; then
    [[ -e releases/previous ]] || refuse 'No version before this one is known.'
    local previous
    previous=$(readlink -f releases/previous)
    [[ $previous != "$serving" ]] ||
      refuse 'The version before is the one that serves: there is none to go back to.'
    switch "$previous" "$serving" "$how"
    say 'ℹ️ The schema of the database stays the newer one; the version before can work with it.'
    exit 0
  fi

  [[ -z $(git status --porcelain --untracked-files=no) ]] ||
    refuse "Files of the repository were changed here: git status shows which. Commit or restore them first."
  say '⬇️ fetching …'
  git fetch --quiet 9>&- || refuse 'git fetch failed.'
  local commit
  commit=$(git rev-parse --verify --quiet '@{upstream}^{commit}') ||
    refuse 'This branch follows none of a remote: git branch --set-upstream-to=origin/BRANCH'
  git merge-base --is-ancestor HEAD "$commit" ||
    refuse "This branch has commits that ${commit:0:12} has not: it cannot be moved forward."

  local release=releases/${commit:0:12}
  if [[ $serving == "$PWD/$release" && $how == reload ]]; then
    move_branch "$commit"
    say "✅ ${commit:0:12} serves already."
    exit 0
  fi
  say "   ${commit:0:12} $(git log -1 --format=%s "$commit")"
  [[ -e $release ]] || build_release "$commit" "$release" "$serving"

  say '🧪 trying it in a temporary directory …'
  steps try "$release" "$how" || refuse 'The new version failed its trial.'
  # Whoever reads the settings anew must not stumble over them: nobody starts it again after that.
  [[ $how == reload ]] || steps settings "$release" || refuse 'The new version does not start with these settings.'
  steps migrate "$release" || refuse 'The migration failed: the version before goes on.'
  switch "$release" "$serving" "$how"
  # It serves: whatever fails from here on is no failure of the deploy.
  move_branch "$commit"
  [[ $how == restart ]] && supervisor_build=$PWD/$release
  remove_old_releases "$supervisor_build" || say '⚠️ The version serves, but old ones could not all be removed.'
  if supervisor_changed "$supervisor_build" "$release"; then
    say 'ℹ️ The supervisor, which restarts workers, is still the one before. It goes on serving; to have the'
    say '   new one too, run scripts/deploy.sh --restart when some seconds without the service do not matter.'
  fi
}

# As a function, so that bash has read all of it before the file is replaced.
main "$@"
exit
