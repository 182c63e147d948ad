# The workloads, and how their captures are made: a part of run.sh and stages.sh,
# which set $tools and $tmp.
#
# Settings, from the environment:
#   BENCH_WORKLOADS  names out of the table below, or "all"
#   BENCH_PACKETS BENCH_RATE BENCH_SIZE BENCH_JITTER  instead of the workload's
#                    own; SIZE may be "tail": heavy-tailed; JITTER is ns
#   BENCH_FLOWS      flows alive at a time  (default: the workload's own)
#   BENCH_NEW BENCH_RAMP  one packet in so many starts a flow (likewise)
#   BENCH_SNAP       captured bytes; default all
#   BENCH_IPV6       percent of the flows; default 20    BENCH_VLAN  default 10
#   TMPDIR           where the captures go; they are removed at the end
# shellcheck shell=sh disable=SC2034,SC2154

# The rate (packets a second of capture time) decides how many flows are in the
# table, because one that is over waits there for its timeout: 30,000 keeps mix
# at 117,000. With a million flows alive each must have a packet in 15 s, or it
# is not: at 500,000 the least popular ones have one in 4 s. Ten million at
# 3,000,000 are a capture of 10 s, in which none can be idle for 15. In overflow,
# of 5 s, each flow behind the first 262,144 makes another leave.
#
# name       mode         packets    rate  size max_flows sampled jitter
workload_table='
few          few          5000000   30000    64   1048576 1    0
mix          mix          5000000   30000    64   1048576 1    0
million      million     10000000  500000    64   2097152 1    0
ten-million  ten-million 30000000 3000000    64  12582912 1    0
flood        flood        5000000   30000    64   1048576 1    0
sampled      mix          5000000   30000    64   1048576 1000 0
full-size    mix          2000000   30000  1518   1048576 1    0
jitter       few          5000000   30000    64   1048576 1    400000
overflow     flood        5000000 1000000    64    262144 1    0
'

say() {
    printf 'bench: %s\n' "$*" >&2
}

need_tools() {
    for tool; do
        if [ ! -x "$tools/$tool" ]; then
            say "$tools/$tool: not built: run \"make bench\" or \"make bench-stages\""
            exit 1
        fi
    done
}

# median FILE COLUMN
median() {
    sort -n -k "$2,$2" "$1" | awk -v c="$2" '
        { v[NR] = $c }
        END { printf "%.10g\n", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# choose_workload NAME: sets what its row says, or what the environment says instead.
choose_workload() {
    # shellcheck disable=SC2046 # a row is words
    set -- $(printf '%s' "$workload_table" | grep "^$1 " || echo "$1")
    if [ $# -ne 8 ]; then
        say "BENCH_WORKLOADS: $1: no such workload: there are $all_workloads"
        exit 2
    fi
    mode=$2
    packets=${BENCH_PACKETS:-$3}
    rate=${BENCH_RATE:-$4}
    size=${BENCH_SIZE:-$5}
    max_flows=$6
    sampled=$7
    jitter=${BENCH_JITTER:-$8}
}

# With 64 bytes on the wire a packet takes 78 in the file; those of IPv6 are larger.
check_room() {
    frame=$size
    [ "$frame" != tail ] || frame=700
    [ "$frame" -le "${BENCH_SNAP:-65535}" ] || frame=$BENCH_SNAP
    need=$((packets * (frame + 16) / 1048576 + 1))
    room=$(df -Pm "$tmp" | awk 'NR == 2 { print $4 }')
    memory=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
    if [ "$need" -ge "$room" ]; then
        say "$1: its capture takes $need MiB, and ${TMPDIR:-/tmp} has $room: set TMPDIR to a" \
            'directory with more room, or BENCH_PACKETS to fewer'
        exit 1
    fi
    if [ $((need + 2048)) -ge "$memory" ]; then
        say "$1: its capture takes $need MiB, and there are $memory of memory: it may be read" \
            'from the disk, whose speed is measured then'
    fi
}

# make_capture WORKLOAD: writes $capture and reads it once, into the page cache.
make_capture() {
    capture=$tmp/$1.pcap
    check_room "$1"
    say "$1: writing $packets packets"
    set -- --mode "$mode" --packets "$packets" --size "$size" \
        --snap "${BENCH_SNAP:-65535}" --ipv6 "${BENCH_IPV6:-20}" \
        --vlan "${BENCH_VLAN:-10}" --rate "$rate" --jitter "$jitter" \
        ${BENCH_FLOWS:+--flows "$BENCH_FLOWS"} ${BENCH_NEW:+--new "$BENCH_NEW"} \
        ${BENCH_RAMP:+--ramp "$BENCH_RAMP"}
    "$tools/mktraffic" "$@" "$capture" >"$tmp/made"
    cat "$capture" >/dev/null
    say "$(cat "$tmp/made")"
}

# choose_workloads DEFAULT: sets $workloads, all of which there are.
choose_workloads() {
    all_workloads=$(printf '%s' "$workload_table" | awk 'NF { printf "%s ", $1 }')
    workloads=${BENCH_WORKLOADS:-$1}
    [ "$workloads" != all ] || workloads=$all_workloads
    for workload in $workloads; do
        choose_workload "$workload"
    done
}

describe_machine() {
    printf '%s; %s processors, %s; %s MiB of memory; load %s\n' "$(uname -srm)" "$(nproc)" \
        "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
        "$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)" \
        "$(cut -d ' ' -f 1-3 /proc/loadavg)"
    date -u '+%Y-%m-%d %H:%M UTC'
}
