# Shared by tools/quickstart and tools/check: says what is being done and how long it took, and installs what a
# Debian 12 lacks. Sourced, never run. When nothing is missing it needs neither root nor network.
# shellcheck shell=bash

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

packages_build=(
    g++ cmake ninja-build pkg-config libevent-dev libyaml-cpp-dev libspdlog-dev nlohmann-json3-dev libcli11-dev
    libcpp-httplib-dev libssl-dev liblmdb-dev libsodium-dev libboost-graph-dev)
packages_test=(libgtest-dev libgmock-dev libbenchmark-dev liblzo2-dev iproute2 nftables tzdata
    python3-jsonschema bind9-dnsutils systemd mandoc libopenmpi-dev openmpi-bin)
packages_packaging=(dpkg-dev file lintian mmdebstrap iproute2)
packages_browser=(chromium nodejs fonts-dejavu-core)
packages_clang=(clang libclang-rt-14-dev)

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# step "what is done" command...: the command's output goes to the terminal.
step() {
    local what=$1 began=$SECONDS
    shift
    say "==> $what"
    "$@" || { local code=$?; say "==> FAILED after $((SECONDS - began)) s: $what"; return "$code"; }
    say "==> done in $((SECONDS - began)) s: $what"
}

# quiet_step "what is done" LOG command...: the output goes to LOG; a sign of life twice a minute, and the end of
# the log when it fails.
quiet_step() {
    local what=$1 log=$2 began=$SECONDS code=0 ticker
    shift 2
    mkdir -p "$(dirname "$log")"
    say "==> $what"
    : >"$log"
    (
        sleeper=
        trap 'kill "$sleeper" 2>/dev/null; exit 0' TERM
        while sleep 30 & sleeper=$!; wait "$sleeper"; do
            say "    $((SECONDS - began)) s: $(tail -n 1 "$log" | cut -c 1-100)"
        done
    ) &
    ticker=$!
    "$@" >>"$log" 2>&1 || code=$?
    kill "$ticker" 2>/dev/null || true
    wait "$ticker" 2>/dev/null || true
    if ((code)); then
        tail -n 60 "$log" >&2
        say "==> FAILED after $((SECONDS - began)) s: $what (everything it said: ${log#"$top"/})"
        return "$code"
    fi
    say "==> done in $((SECONDS - began)) s: $what"
}

is_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

missing_of() {
    local package
    for package in "$@"; do
        is_installed "$package" || printf '%s\n' "$package"
    done
}

# install_missing PACKAGE...: installs those that are not there yet, and nothing when all are.
install_missing() {
    command -v dpkg-query >/dev/null || { no_debian "$@"; return; }
    local missing as_root=()
    mapfile -t missing < <(missing_of "$@")
    if ((${#missing[@]} == 0)); then
        say "==> every needed package is installed"
        return
    fi
    if ((EUID != 0)); then
        command -v sudo >/dev/null || die "not root and no sudo; please have these packages installed: ${missing[*]}"
        as_root=(sudo)
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    step "refreshing the package lists" "${as_root[@]}" apt-get -qq update ||
        die "apt-get update failed; is there a network? Missing packages: ${missing[*]}"
    step "installing ${missing[*]}" \
        "${as_root[@]}" apt-get -qq --no-remove install -y --no-install-recommends "${missing[@]}" ||
        die "apt-get could not install: ${missing[*]}"
}

no_debian() {
    local tool
    for tool in cmake ninja c++ pkg-config; do
        command -v "$tool" >/dev/null || die "this is no Debian and $tool is missing; install what corresponds to: $*"
    done
    say "==> not a Debian: taking it that these are there: $*"
}

# configure DIRECTORY option...: once more costs a second and picks up new sources.
configure() {
    local directory=$1
    shift
    quiet_step "configuring ${directory#"$top"/}" "$directory/configure.log" \
        cmake -S "$top" -B "$directory" -G Ninja "$@"
}
