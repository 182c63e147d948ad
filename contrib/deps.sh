#!/bin/sh
# Installs what spanflow needs, on Debian and Ubuntu.  Elsewhere it prints the
# command that does it.  With everything there it does nothing and needs no root.

set -eu

usage() {
    cat <<'TEXT'
usage: contrib/deps.sh [build|demo|test|bench|deb|package]
       contrib/deps.sh names build|demo|test|bench|deb|package

  build   what "./configure && make" needs (the default)
  demo    and what "make demo" shows the records with
  test    and everything that the tests use
  bench   what the build needs, and the probes that "make bench" compares with
  deb     what the build needs, and "make deb", which makes a Debian package
  package and "make check-package", which tries it in a Debian of its own

"names" prints the names on Debian of what that level adds.
TEXT
}

die() {
    printf 'deps.sh: %s\n' "$1" >&2
    exit "${2:-1}"
}

# names FAMILY LEVEL: the packages of one level alone, as that system calls them.
names() {
    case $1/$2 in
    debian/build) echo gcc make autoconf pkg-config libpcap-dev libnl-3-dev \
        libnl-route-3-dev libnl-genl-3-dev libxxhash-dev libconfuse-dev libc6-dev \
        zlib1g-dev libzstd-dev liblzma-dev libxdp-dev libbpf-dev \
        libevent-dev libncurses-dev libcap-ng-dev libseccomp-dev ;;
    debian/demo) echo nfdump ;;
    debian/bench) echo softflowd pmacct nfdump ;;
    debian/deb) echo debhelper dpkg-dev fakeroot lintian ;;
    debian/package) echo debootstrap systemd mount util-linux iproute2 ;;
    debian/test) echo check python3 python3-ipfix pmacct tshark libfixbuf-tools \
        nodejs npm tcpreplay iproute2 ethtool mandoc procps zstd python3-prometheus-client \
        netbase ;;
    fedora/build) echo gcc make autoconf pkgconf-pkg-config libpcap-devel \
        libnl3-devel xxhash-devel libconfuse-devel glibc-devel kernel-headers \
        zlib-devel libzstd-devel xz-devel libxdp-devel libbpf-devel \
        libevent-devel ncurses-devel libcap-ng-devel libseccomp-devel ;;
    fedora/demo) echo nfdump ;;
    fedora/bench) echo softflowd pmacct nfdump ;;
    fedora/test) echo check-devel python3 pmacct wireshark-cli nodejs npm \
        tcpreplay iproute ethtool mandoc procps-ng zstd python3-prometheus_client ;;
    alpine/build) echo gcc make autoconf pkgconf libpcap-dev libnl3-dev \
        xxhash-dev confuse-dev musl-dev linux-headers zlib-dev zstd-dev xz-dev \
        libxdp-dev libbpf-dev libevent-dev ncurses-dev libcap-ng-dev \
        libseccomp-dev ;;
    alpine/demo) echo nfdump ;;
    alpine/bench) echo nfdump ;;
    alpine/test) echo bash check-dev python3 tshark nodejs npm tcpreplay \
        iproute2 ethtool mandoc procps-ng zstd py3-prometheus-client ;;
    arch/build) echo gcc make autoconf pkgconf libpcap libnl xxhash \
        confuse linux-api-headers zlib zstd xz xdp-tools libbpf libevent ncurses \
        libcap-ng libseccomp ;;
    arch/demo) echo nfdump ;;
    arch/bench) echo nfdump ;;
    arch/test) echo check python wireshark-cli nodejs npm tcpreplay iproute2 ethtool \
        mandoc procps-ng zstd python-prometheus_client ;;
    esac
}

# packages FAMILY LEVEL: that level and the ones it builds on.
packages() {
    case $2 in
    build) names "$1" build ;;
    demo) names "$1" build; names "$1" demo ;;
    test) names "$1" build; names "$1" demo; names "$1" test ;;
    bench) names "$1" build; names "$1" bench ;;
    deb) names "$1" build; names "$1" deb ;;
    package) names "$1" build; names "$1" deb; names "$1" package ;;
    esac
}

family() {
    if command -v apt-get >/dev/null 2>&1; then echo debian
    elif command -v dnf >/dev/null 2>&1; then echo fedora
    elif command -v apk >/dev/null 2>&1; then echo alpine
    elif command -v pacman >/dev/null 2>&1; then echo arch
    else echo unknown
    fi
}

installed() {
    dpkg-query -W -f='${Status}\n' "$1" 2>/dev/null |
        grep -q '^install ok installed$' && return
    # Node.js is often not Debian's own; then it brings its npm and conflicts
    # with the package of that name.
    case $1 in
    nodejs) command -v node >/dev/null ;;
    npm) command -v npm >/dev/null ;;
    *) return 1 ;;
    esac
}

# missing NAME...: those of the names that are not installed yet.
missing() {
    for name; do
        installed "$name" || printf '%s ' "$name"
    done
}

# known NAME...: those of the names that this release can install, one warning
# for each other.  A collector that is not there is a test that is skipped.
known() {
    for name; do
        if apt-cache show "$name" >/dev/null 2>&1; then
            printf '%s ' "$name"
        else
            echo "deps.sh: $name: not in this release: left out" >&2
        fi
    done
}

install_debian() {
    # shellcheck disable=SC2046 # the lists are words
    set -- $(missing $(packages debian "$1"))
    [ $# -gt 0 ] || return 0
    [ "$(id -u)" -eq 0 ] ||
        die "not root: to install $*: run \"sudo contrib/deps.sh $level\""
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q update
    # shellcheck disable=SC2046
    set -- $(known "$@")
    [ $# -gt 0 ] || return 0
    apt-get -q install -y --no-install-recommends "$@"
}

print_command() {
    # shellcheck disable=SC2046
    set -- "$1" $(packages "$1" "$2")
    case $1 in
    fedora) shift; echo "dnf install $*" ;;
    alpine) shift; echo "apk add $*" ;;
    arch) shift; echo "pacman -S --needed $*" ;;
    esac
}

show=no
if [ "${1-}" = names ]; then
    show=yes
    shift
fi
[ $# -le 1 ] || { usage >&2; exit 2; }
level=${1:-build}
case $level in
build | demo | test | bench | deb | package) ;;
-h | --help) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac

if [ $show = yes ]; then
    names debian "$level"
    exit 0
fi

case $(family) in
debian) install_debian "$level" ;;
unknown) die "no apt-get, dnf, apk or pacman here: install what these are on Debian: $(packages debian "$level" | tr '\n' ' ')" ;;
*)
    echo "deps.sh: installs on Debian and Ubuntu only; here, as root:"
    print_command "$(family)" "$level"
    ;;
esac
