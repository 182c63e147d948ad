#!/bin/sh
# Measures spanflow beside pcap_loop() and softflowd on made-up captures, and
# prints a table. It judges nothing: times depend on the machine.
#
#     tests/bench/run.sh TOOLS_DIR SPANFLOW        (make bench does this)
#
# The programs take turns, so that a machine that slows down slows all of them;
# each figure is the median of the rounds, of the wall time of a whole process.
# Records go by UDP, unpaced, to a sink on 127.0.0.1 that only counts.
#
# Settings, from the environment:
#   BENCH_WORKLOADS  of "mix few flood"; default "mix"
#   BENCH_PACKETS    default 5000000        BENCH_ROUNDS  default 5
#   BENCH_FLOWS      flows alive at a time  (default: the workload's own)
#   BENCH_NEW        one packet in so many starts a flow (likewise)
#   BENCH_SIZE       bytes on the wire, or "tail"; default 64
#   BENCH_SNAP       captured bytes; default all
#   BENCH_IPV6       percent of the flows; default 20    BENCH_VLAN  default 10
#   BENCH_RATE       packets a second of capture time; default 30000, where the
#                    flows of "mix" that are over wait for their timeout in small
#                    numbers (117,000 in the table); at 1000000 they are 471,000
#   BENCH_FORMAT     spanflow's export format: 5, 9, ipfix (default)
#   BENCH_PROGRAMS   default "pcap_loop spanflow spanflow_dedup softflowd";
#                    spanflow_dedup is spanflow --dedup: the two rows' ns/pkt
#                    tell what looking for duplicates costs
#   TMPDIR           where the captures go; they are removed at the end
set -eu

if [ $# -ne 2 ]; then
    echo 'usage: run.sh TOOLS_DIR SPANFLOW' >&2
    exit 2
fi
tools=$1
spanflow=$2
workloads=${BENCH_WORKLOADS:-mix}
packets=${BENCH_PACKETS:-5000000}
rounds=${BENCH_ROUNDS:-5}
format=${BENCH_FORMAT:-ipfix}
programs=${BENCH_PROGRAMS:-pcap_loop spanflow spanflow_dedup softflowd}

for tool in mktraffic pcaploop udpsink measure; do
    if [ ! -x "$tools/$tool" ]; then
        echo "bench: $tools/$tool: not built" >&2
        exit 1
    fi
done

tmp=$(mktemp -d "${TMPDIR:-/tmp}/spanflow-bench.XXXXXX")
sink_pid=
trap 'stop_sink; rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() {
    printf 'bench: %s\n' "$*" >&2
}

stop_sink() {
    if [ -n "$sink_pid" ]; then
        kill "$sink_pid" 2>/dev/null || true
        wait "$sink_pid" || true
        sink_pid=
    fi
}

# Starts a sink and sets $port to the one it got.
start_sink() {
    : >"$tmp/sink"
    "$tools/udpsink" >"$tmp/sink" &
    sink_pid=$!
    until grep -q '^port ' "$tmp/sink"; do
        kill -0 "$sink_pid" || exit 1
        sleep 0.05
    done
    port=$(sed -n 's/^port //p' "$tmp/sink")
}

# The word after $1 in the sink's last line.
sink_says() {
    sed -n "s/.*$1 \\([0-9]*\\).*/\\1/p" "$tmp/sink" | tail -n 1
}

# make_capture WORKLOAD: writes $capture and reads it once, into the page cache.
make_capture() {
    capture=$tmp/$1.pcap
    say "$1: writing $packets packets"
    set -- --mode "$1" --packets "$packets" --size "${BENCH_SIZE:-64}" \
        --snap "${BENCH_SNAP:-65535}" --ipv6 "${BENCH_IPV6:-20}" \
        --vlan "${BENCH_VLAN:-10}" --rate "${BENCH_RATE:-30000}" \
        ${BENCH_FLOWS:+--flows "$BENCH_FLOWS"} ${BENCH_NEW:+--new "$BENCH_NEW"}
    "$tools/mktraffic" "$@" "$capture" >"$tmp/made"
    cat "$capture" >/dev/null
    say "$(cat "$tmp/made")"
}

# Runs one program once; its line of figures is appended to $tmp/NAME.runs.
run_once() {
    name=$1
    shift
    "$tools/measure" "$tmp/run" "$@" >"$tmp/out" 2>"$tmp/err"
    read -r status _ <"$tmp/run"
    if [ "$status" -ne 0 ]; then
        say "$name: exit status $status"
        cat "$tmp/err" >&2
        exit 1
    fi
    cat "$tmp/run" >>"$tmp/$name.runs"
}

# What the sink counted against what the sender says it sent ("" if it says nothing).
check_sink() {
    name=$1
    sent=$2
    got=$(sink_says datagrams)
    dropped=$(sink_says dropped)
    if [ "$dropped" -ne 0 ]; then
        say "$name: the sink's socket dropped $dropped datagrams ($got arrived):" \
            'its receive buffer was full'
    fi
    if [ -n "$sent" ] && [ "$sent" -ne $((got + dropped)) ]; then
        say "$name: $sent datagrams sent, $got arrived, $dropped dropped by the socket"
    fi
    printf '%s\n' "$got" >"$tmp/$name.datagrams"
}

# A number out of spanflow's --stats=json, the first member of that name.
stat_of() {
    tail -n 1 "$tmp/err" | grep -o "\"$1\":[0-9]*" | head -n 1 | cut -d: -f2
}

run_pcap_loop() {
    run_once pcap_loop "$tools/pcaploop" "$capture"
}

# measure_spanflow NAME OPTION...
measure_spanflow() {
    row=$1
    shift
    start_sink
    run_once "$row" "$spanflow" -q --stats=json -v "$format" -r "$capture" \
        -n "127.0.0.1:$port,rate=0" "$@"
    stop_sink
    check_sink "$row" "$(stat_of messages)"
    printf '%s records, at most %s flows at a time' "$(stat_of total)" "$(stat_of peak)" \
        >"$tmp/$row.note"
    if [ "$(stat_of received)" -ne "$packets" ]; then
        say "$row: received $(stat_of received) packets of $packets"
    fi
}

run_spanflow() {
    measure_spanflow spanflow
}

run_spanflow_dedup() {
    measure_spanflow spanflow_dedup --dedup
}

run_softflowd() {
    start_sink
    run_once softflowd softflowd -r "$capture" -n "127.0.0.1:$port" -v 10 -d -c none \
        -p "$tmp/softflowd.pid" -m 1000000
    stop_sink
    check_sink softflowd ''
}

# median FILE COLUMN
median() {
    sort -n -k "$2,$2" "$1" | awk -v c="$2" '
        { v[NR] = $c }
        END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

print_table() {
    printf '\n%s: %s packets, median of %s rounds\n' "$1" "$packets" "$rounds"
    printf '%-14s %9s %13s %8s %9s %9s %9s %10s\n' program seconds packets/s ns/pkt \
        'pcap_loop' 'RSS MiB' 'own MiB' datagrams
    base=
    for name in $programs; do
        [ -s "$tmp/$name.runs" ] || continue
        seconds=$(median "$tmp/$name.runs" 2)
        [ "$name" = pcap_loop ] && base=$seconds
        awk -v name="$name" -v s="$seconds" -v n="$packets" -v base="$base" \
            -v rss="$(median "$tmp/$name.runs" 3)" -v own="$(median "$tmp/$name.runs" 4)" \
            -v got="$(cat "$tmp/$name.datagrams" 2>/dev/null || echo -)" 'BEGIN {
            printf "%-14s %9.3f %13.0f %8.1f %9s %9.1f %9.1f %10s\n", name, s, n / s,
                s / n * 1e9, base == "" ? "-" : sprintf("%.2fx", s / base),
                rss / 1024, own / 1024, got
        }'
    done
    for name in $programs; do
        [ ! -s "$tmp/$name.note" ] || printf '%s: %s\n' "$name" "$(cat "$tmp/$name.note")"
    done
}

case " $programs " in
*' softflowd '*)
    if ! command -v softflowd >/dev/null; then
        say 'softflowd: not installed, left out'
        programs=$(printf '%s' "$programs" | sed 's/softflowd//')
    fi
    ;;
esac

for workload in $workloads; do
    rm -f "$tmp"/*.runs "$tmp"/*.note "$tmp"/*.datagrams
    make_capture "$workload"
    round=1
    while [ "$round" -le "$rounds" ]; do
        say "$workload: round $round of $rounds"
        for name in $programs; do
            "run_$name"
        done
        round=$((round + 1))
    done
    print_table "$workload"
    rm -f "$capture"
done
cat <<'END'

pcap_loop: the time as a multiple of pcap_loop() with an empty callback.
RSS: largest resident set; pages of a mapped capture file count. own: without them.
END
