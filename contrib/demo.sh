#!/bin/sh
# Shows what spanflow does: a capture file as a table, and as NetFlow v5 and IPFIX
# through a real collector (nfcapd) on loopback.  "make demo" calls it after the
# build.  Exit status 1 if the collector did not get back exactly what was sent.

set -eu
LC_ALL=C TZ=UTC
export LC_ALL TZ

cd "$(dirname "$0")/.."
spanflow=${SPANFLOW:-./spanflow}
capture=pcaps/demo.pcap
tmp=
nfcapd_pid=

say() { printf '\n%s\n' "$*"; }
die() { printf 'demo.sh: %s\n' "$*" >&2; exit 1; }

cleanup() {
    [ -z "$nfcapd_pid" ] || kill -9 "$nfcapd_pid" 2>/dev/null || true
    [ -z "$tmp" ] || rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# show COMMAND...: prints a command, then runs it.
show() {
    printf '\n$ %s\n' "$*"
    "$@"
}

# first N FILE: the file's first N lines and how many there are besides.
first() {
    head -n "$1" "$2"
    rest=$(($(wc -l <"$2") - $1))
    [ "$rest" -le 0 ] || printf '  ... and %d more\n' "$rest"
}

# udp_column PORT COLUMN: of the socket bound to 127.0.0.1:PORT, or nothing.
udp_column() {
    awk -v port="$(printf '%04X' "$1")" -v column="$2" \
        '$2 == "0100007F:" port { print $column }' /proc/net/udp
}

# await WHAT COMMAND...: until it succeeds, at most 10 seconds.
await() {
    what=$1 tries=200
    shift
    until "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || die "nfcapd: $what: see the messages above"
        sleep 0.05
    done
}

is_bound() { [ -n "$(udp_column "$port" 2)" ]; }
is_drained() { case $(udp_column "$port" 5) in *:00000000) true ;; *) false ;; esac; }
is_running() { kill -0 "$nfcapd_pid" 2>/dev/null; }

# Before nfdump 1.7 the output directory's option was -l.
directory_option() {
    case $(nfcapd -h 2>&1) in *'-w flowdir'*) echo -w ;; *) echo -l ;; esac
}

free_port() {
    port=$((20000 + $$ % 10000))
    while is_bound; do port=$((port + 1)); done
}

# start_collector DIR
start_collector() {
    mkdir "$1"
    free_port
    printf '\n$ nfcapd -b 127.0.0.1 -p %s %s %s &\n' "$port" "$(directory_option)" "$1"
    nfcapd -b 127.0.0.1 -p "$port" "$(directory_option)" "$1" >"$1.log" 2>&1 &
    nfcapd_pid=$!
    await "did not start" is_bound_or_gone "$1.log"
}

is_bound_or_gone() {
    is_running || { cat "$1" >&2; nfcapd_pid=; die "nfcapd: it ended at once"; }
    is_bound
}

# Whatever waits in its socket is read before it is asked to end.
stop_collector() {
    await "did not read all that came" is_drained
    sleep 0.2
    kill "$nfcapd_pid"
    wait "$nfcapd_pid" || true
    nfcapd_pid=
}

# Both print "RECORDS PACKETS OCTETS": what spanflow sees in the capture, of the
# IP versions named (4, 46), and what nfdump reads back.
metered() {
    "$spanflow" -q -r "$capture" -o csv | awk -F, -v versions="$1" '
        { sub(/\r$/, "") }
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["sourceAddress"] ~ /:/ && versions !~ /6/ { next }
        { records++; packets += $at["packetDeltaCount"]; octets += $at["octetDeltaCount"] }
        END { print records + 0, packets + 0, octets + 0 }'
}

read_back() {
    nfdump -R "$1" -q -N -o 'fmt:%pkt %byt' | awk '
        NF == 2 { records++; packets += $1; octets += $2 }
        END { print records + 0, packets + 0, octets + 0 }'
}

# tell LABEL "RECORDS PACKETS OCTETS"
tell() {
    numbers=${2#* }
    printf '%-22s %6d flow records, %6d packets, %8d bytes\n' \
        "$1" "${2%% *}" "${numbers% *}" "${numbers#* }"
}

# compare NAME VERSIONS DIR: in packets and bytes.  A collector may count records
# otherwise than the probe, so those are only shown.
compare() {
    sent=$(metered "$2") got=$(read_back "$3")
    echo
    tell "$1, sent:" "$sent"
    tell "$1, read back:" "$got"
    if [ "${got%% *}" = 0 ] || [ "${sent#* }" != "${got#* }" ]; then
        die "$1: what nfdump read back is not what was sent"
    fi
}

# through FORMAT VERSIONS TITLE: export to the collector and show what arrived there.
through() {
    dir=$tmp/$1
    start_collector "$dir"
    show "$spanflow" -r "$capture" -n "127.0.0.1:$port" -v "$1" --stats
    stop_collector
    show nfdump -R "$dir" -o long -n 8 -s record/bytes -s proto/bytes
    compare "$3" "$2" "$dir"
}

for program in nfcapd nfdump; do
    command -v "$program" >/dev/null ||
        die "$program: not installed: run \"contrib/deps.sh demo\""
done
[ -x "$spanflow" ] || die "$spanflow: not built: run \"./configure && make\""
tmp=$(mktemp -d "${TMPDIR:-/tmp}/spanflow-demo.XXXXXX")

say "1. A capture file, as flow records on the terminal"
printf '\n$ %s -r %s\n' "$spanflow" "$capture"
"$spanflow" -r "$capture" >"$tmp/table"
first 24 "$tmp/table"

say "2. The same as NetFlow v5, through a collector (it tells of IPv4 only)"
through 5 4 "NetFlow v5"

say "3. The same as IPFIX, with IPv6"
through ipfix 46 IPFIX

say "All that was sent was read back."
