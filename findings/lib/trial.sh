# What every finding shares: pinned packages in its folder $work, the removal of that folder, and the verdict. Sourced,
# never run; the finding makes $work by mktemp -d before.
#
# Exit codes: 0 the surprise is still there, 1 something else was seen, 2 it could not be tried here.
# FINDING_VERSION=... tries another version of the first package that the finding installs.

: "${work:?make a folder by mktemp -d first}"
trap 'rm -rf "$work"' EXIT

subject_version=${FINDING_VERSION:-}

# untried REASON: end with 2, because the surprise could be neither seen nor missed.
untried() {
    echo "could not be tried: $*"
    exit 2
}

# need PROGRAM...: the machine's own programs that the trial runs.
need() {
    local program
    for program in "$@"; do
        command -v "$program" > /dev/null || untried "no $program on this machine"
    done
}

# version_to_try PINNED: sets `version`; the first package takes FINDING_VERSION when it is given.
version_to_try() {
    version=${subject_version:-$1}
    subject_version=
}

npm_version() { node -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).version' "$1"; }

# npm_package NAME@VERSION...: installed under $work/node_modules, without running install scripts.
npm_package() {
    need node npm
    local spec name version specs=()
    for spec in "$@"; do
        name=${spec%@*}
        version_to_try "${spec##*@}"
        specs+=("$name@$version")
    done
    timeout 240 npm install --prefix "$work" --ignore-scripts --no-audit --no-fund --no-package-lock \
        "${specs[@]}" > "$work/npm.log" 2>&1 || untried "npm could not install ${specs[*]}"
    for spec in "${specs[@]}"; do
        name=${spec%@*}
        echo "version: $name $(npm_version "$work/node_modules/$name/package.json")"
    done
}

# deb_package NAME=VERSION...: unpacked under $work/root, nothing is installed on the machine.
deb_package() {
    need apt-get dpkg dpkg-deb
    local spec name version file
    mkdir -p "$work/debs" "$work/root"
    for spec in "$@"; do
        name=${spec%%=*}
        version_to_try "${spec#*=}"
        (cd "$work/debs" && timeout 240 apt-get -o APT::Sandbox::User=root -q download "$name=$version") \
            > "$work/apt.log" 2>&1 || untried "apt-get could not download $name=$version (apt-get update first?)"
        file=$(find "$work/debs" -name "${name}_*.deb")
        dpkg -x "$file" "$work/root"
        echo "version: $name $(dpkg-deb -f "$file" Version)"
    done
    libraries="$work/root/usr/lib/$(gcc -print-multiarch 2> /dev/null || echo x86_64-linux-gnu)"
    export LD_LIBRARY_PATH="$libraries"
    export PATH="$work/root/usr/bin:$work/root/usr/sbin:$PATH"
    export PYTHONPATH="$work/root/usr/lib/python3/dist-packages"
}

# need_libraries FILE...: the shared libraries of an unpacked program that come from the machine are there.
need_libraries() {
    local missing
    missing=$(ldd "$@" | awk '/not found/ { print $1 }' | sort -u | xargs)
    [ -z "$missing" ] || untried "libraries missing on this machine: $missing"
}

# compile_cc SOURCE OUTPUT [FLAG...]: C++ against the unpacked headers and libraries.
compile_cc() {
    need g++
    local source=$1 output=$2
    shift 2
    g++ -std=c++20 -w -I "$work/root/usr/include" -L "$libraries" "$source" -o "$output" "$@"
}

# judge GUESS EXPECTED SEEN: prints all three parts and ends the finding.
judge() {
    echo "guess:   $1"
    echo "seen:"
    printf '%s\n' "$3" | sed 's/^/    /'
    if [ "$2" != "$3" ]; then
        echo "changed: the version above no longer shows"
        printf '%s\n' "$2" | sed 's/^/    /'
        exit 1
    fi
    echo "still surprising"
}
