#!/bin/sh
# Measures spanflow beside pcap_loop() and other probes on made-up captures, and
# prints a table. It judges nothing: times depend on the machine.
#
#     tests/bench/run.sh TOOLS_DIR SPANFLOW        (make bench does this)
#
# pcap_loop and spanflow take turns, so that a machine that slows down slows
# both; each figure is the median of the rounds, of whole processes. The other
# probes are slow: they run once, behind the rounds. Records go by UDP, unpaced,
# to a sink on 127.0.0.1 that only counts. BENCHMARKS.md tells the rest.
#
# Settings, from the environment:
#   BENCH_WORKLOADS  of those in workloads.sh, or "all"; default "few mix"; there
#                    are the settings of the traffic, too
#   BENCH_PROGRAMS   default: all that run_NAME below knows and that is installed;
#                    spanflow_dedup is spanflow --dedup: the two rows' ns/packet
#                    tell what looking for duplicates costs; spanflow_workers, which
#                    is not among the default, is --workers BENCH_WORKERS (default 2)
#   BENCH_PEERS=no   leaves out the other probes
#   BENCH_ROUNDS     default 5             BENCH_PEER_ROUNDS  default 1
#   BENCH_PEER_SECONDS  a peer that takes longer is ended; default 300
#   BENCH_CSV        a file that gets the figures, too; one row a workload and program
#   BENCH_FORMAT     spanflow's export format: 5, 9, ipfix (default)
set -eu

csv_columns=workload,program,packets,rounds,seconds,packets_per_second,\
ns_per_packet,times_pcap_loop,cpu_ns_per_packet,cpu_times_pcap_loop,records,records_per_second,\
flows_peak,rss_bytes,own_bytes,bytes_per_flow,datagrams,lost_at_sink,\
lost_elsewhere,status

if [ $# -ne 2 ]; then
    echo 'usage: run.sh TOOLS_DIR SPANFLOW' >&2
    exit 2
fi
tools=$1
spanflow=$2
# shellcheck source=tests/bench/workloads.sh
. "$(dirname "$0")/workloads.sh"
rounds=${BENCH_ROUNDS:-5}
peer_rounds=${BENCH_PEER_ROUNDS:-1}
peer_seconds=${BENCH_PEER_SECONDS:-300}
format=${BENCH_FORMAT:-ipfix}
csv=${BENCH_CSV:-}
peers='softflowd pmacctd nfpcapd'

need_tools mktraffic pcaploop udpsink measure
choose_workloads 'few mix'
tmp=$(mktemp -d "${TMPDIR:-/tmp}/spanflow-bench.XXXXXX")
sink_pid=
trap 'stop_sink; rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- what is kept of a program's runs -----------------------------------------

# A fact is a file: what a program, or the sink, said of the latest run.
set_fact() {
    printf '%s\n' "$3" >"$tmp/$1.$2"
}

fact() {
    cat "$tmp/$1.$2" 2>/dev/null || true
}

add_fact() {
    old=$(fact "$1" "$2")
    set_fact "$1" "$2" $((${old:-0} + $3))
}

# ---- the sink ------------------------------------------------------------------

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

# What the sink counted against what the sender says it sent ("" if it says nothing).
check_sink() {
    stop_sink
    got=$(sink_says datagrams)
    dropped=$(sink_says dropped)
    set_fact "$1" datagrams "$got"
    add_fact "$1" lost_at_sink "$dropped"
    if [ "$dropped" -ne 0 ]; then
        say "$1: the sink's socket dropped $dropped datagrams ($got arrived):" \
            'its receive buffer was full: raise net.core.rmem_max, or run as root'
    fi
    [ -n "$2" ] || return 0
    add_fact "$1" lost_elsewhere $(($2 - got - dropped))
    if [ "$2" -ne $((got + dropped)) ]; then
        say "$1: $2 datagrams sent, $got arrived, $dropped dropped by the sink's socket:" \
            'the others were lost between the two'
    fi
}

# ---- programs ------------------------------------------------------------------

# run_once NAME LIMIT COMMAND...: its line of figures is appended to the runs of that name.
run_once() {
    name=$1
    limit=$2
    shift 2
    "$tools/measure" -l "$limit" "$tmp/run" "$@" >"$tmp/out" 2>"$tmp/err"
    read -r status _ <"$tmp/run"
    set_fact "$name" status "$status"
    if [ "$status" -eq 0 ]; then
        cat "$tmp/run" >>"$tmp/$name.runs"
        return 0
    fi
    if [ "$status" -eq 124 ]; then
        say "${name%_empty}: not done after $limit s, ended"
    else
        say "${name%_empty}: exit status $status"
        tail -n 20 "$tmp/err" >&2
    fi
    return 1
}

# A number out of spanflow's --stats=json, the first member of that name.
stat_of() {
    tail -n 1 "$tmp/err" | grep -o "\"$1\":[0-9]*" | head -n 1 | cut -d: -f2
}

check_packets() {
    if [ "$2" != "$packets" ]; then
        say "$1: read $2 packets of $packets"
        set_fact "$1" status incomplete
    fi
}

run_pcap_loop() {
    run_once pcap_loop 0 "$tools/pcaploop" "$capture" || exit 1
}

# measure_spanflow NAME OPTION...
measure_spanflow() {
    row=$1
    shift
    [ "$sampled" -eq 1 ] || set -- "$@" -s "$sampled"
    start_sink
    run_once "$row" 0 "$spanflow" -q --stats=json -v "$format" -m "$max_flows" -r "$capture" \
        -n "127.0.0.1:$port,rate=0" "$@" || exit 1
    check_sink "$row" "$(stat_of messages)"
    set_fact "$row" records "$(stat_of total)"
    set_fact "$row" peak "$(stat_of peak)"
    check_packets "$row" "$(stat_of received)"
}

run_spanflow() {
    measure_spanflow spanflow
}

run_spanflow_dedup() {
    measure_spanflow spanflow_dedup --dedup
}

run_spanflow_workers() {
    measure_spanflow spanflow_workers --workers "${BENCH_WORKERS:-2}"
}

# Keeps all flows until the end of a file; prints its sums then.
run_softflowd() {
    set --
    [ "$sampled" -eq 1 ] || set -- -s "$sampled"
    start_sink
    run_once softflowd "$peer_seconds" softflowd -r "$capture" -n "127.0.0.1:$port" -v 10 \
        -d -c none -p "$tmp/softflowd.pid" -m "$max_flows" "$@" || { stop_sink; return 0; }
    cat "$tmp/out" >>"$tmp/err"
    check_sink softflowd "$(sed -n 's/^Flows exported: .* in \([0-9]*\) packets.*/\1/p' "$tmp/err")"
    set_fact softflowd records "$(sed -n 's/^Flows exported: \([0-9]*\) .*/\1/p' "$tmp/err")"
    [ "$sampled" -ne 1 ] ||
        check_packets softflowd "$(sed -n 's/^Packets processed: //p' "$tmp/err")"
}

# pmacctd_config CAPTURE: its times run on the machine's clock, for which a capture is too old:
# flows are kept until the end.
pmacctd_config() {
    cat <<CONF
daemonize: false
pcap_savefile: $1
pcap_savefile_delay: 1
plugins: nfprobe
plugin_buffer_size: 65536
plugin_pipe_size: 67108864
nfprobe_receiver: 127.0.0.1:$port
nfprobe_version: 10
nfprobe_maxflows: $max_flows
nfprobe_timeouts: tcp=15:tcp.fin=1:udp=15:general=15:maxlife=1800:expint=86400
aggregate: src_host, dst_host, src_port, dst_port, proto, tos, vlan, in_iface
CONF
    [ "$sampled" -eq 1 ] || echo "sampling_rate: $sampled"
}

# It sleeps before a file and behind it: the wall time that an empty one takes is taken off.
run_pmacctd() {
    "$tools/mktraffic" -n 0 "$tmp/empty.pcap" >/dev/null
    start_sink
    pmacctd_config "$tmp/empty.pcap" >"$tmp/pmacctd.conf"
    if ! run_once pmacctd_empty "$peer_seconds" pmacctd -f "$tmp/pmacctd.conf"; then
        set_fact pmacctd status "$status"
        stop_sink
        return 0
    fi
    stop_sink
    start_sink
    pmacctd_config "$capture" >"$tmp/pmacctd.conf"
    run_once pmacctd "$peer_seconds" pmacctd -f "$tmp/pmacctd.conf" || { stop_sink; return 0; }
    check_sink pmacctd ''
    if grep -qi 'missing data' "$tmp/out" "$tmp/err"; then
        say 'pmacctd: its core process lost packets on the way to its plugin'
        set_fact pmacctd status incomplete
    fi
}

# Writes its own files instead of datagrams.
run_nfpcapd() {
    mkdir -p "$tmp/nfpcapd"
    run_once nfpcapd "$peer_seconds" nfpcapd -r "$capture" -w "$tmp/nfpcapd" -e 1800,15 \
        -B "$max_flows" || return 0
    rm -rf "$tmp/nfpcapd"
    cat "$tmp/out" >>"$tmp/err"
    set_fact nfpcapd records "$(awk -F 'Flows: ' '/Flows: / { n += $2 } END { print n }' "$tmp/err")"
    check_packets nfpcapd "$(sed -n 's/^Total: Processed: \([0-9]*\),.*/\1/p' "$tmp/err")"
}

# ---- figures -------------------------------------------------------------------

# Prints one program's figures as the columns of the CSV file.
figures() {
    if [ ! -s "$tmp/$1.runs" ]; then
        echo "$workload,$1,$packets,0,,,,,,,,,,,,,,,,$(fact "$1" status)"
        return 0
    fi
    idle=0
    [ ! -s "$tmp/$1_empty.runs" ] || idle=$(median "$tmp/$1_empty.runs" 2)
    base=
    base_cpu=
    if [ -s "$tmp/pcap_loop.runs" ]; then
        base=$(median "$tmp/pcap_loop.runs" 2)
        base_cpu=$(median "$tmp/pcap_loop.runs" 3)
    fi
    awk -v w="$workload" -v name="$1" -v n="$packets" -v runs="$(wc -l <"$tmp/$1.runs")" \
        -v wall="$(median "$tmp/$1.runs" 2)" -v cpu="$(median "$tmp/$1.runs" 3)" \
        -v rss="$(median "$tmp/$1.runs" 4)" -v own="$(median "$tmp/$1.runs" 5)" \
        -v base="$base" -v base_cpu="$base_cpu" -v idle="$idle" \
        -v records="$(fact "$1" records)" -v peak="$(fact "$1" peak)" \
        -v got="$(fact "$1" datagrams)" -v dropped="$(fact "$1" lost_at_sink)" \
        -v lost="$(fact "$1" lost_elsewhere)" -v status="$(fact "$1" status)" 'BEGIN {
        s = wall - idle
        times = base == "" ? "" : sprintf("%.3f", s / base)
        cpu_times = base_cpu == "" ? "" : sprintf("%.3f", cpu / base_cpu)
        per_second = records == "" ? "" : sprintf("%.0f", records / s)
        per_flow = (peak + 0 >= 100000) ? sprintf("%.1f", own * 1024 / peak) : ""
        if (status == "0")
            status = "ok"
        printf "%s,%s,%d,%d,%.6f,%.0f,%.2f,%s,%.2f,%s,%s,%s,%s,%.0f,%.0f,%s,%s,%s,%s,%s\n",
            w, name, n, runs, s, n / s, s / n * 1e9, times, cpu / n * 1e9,
            cpu_times, records, per_second, peak, rss * 1024, own * 1024, per_flow, got,
            dropped, lost, status
    }'
}

# Prints the table out of the rows of figures.
print_table() {
    printf '\n%s: %s packets, %s bytes on the wire\n' "$workload" "$packets" "$size"
    awk -F , '
        function or_dash(text) { return text == "" ? "-" : text }
        BEGIN {
            row = "%-15s %4s %8s %11s %8s %9s %8s %8s %10s %10s %9s %9s %7s\n"
            printf row, "program", "runs", "seconds", "packets/s", "ns/pkt", "pcap_loop",
                "CPU/pkt", "CPU/loop", "records", "records/s", "RSS MiB", "own MiB", "B/flow"
        }
        $4 == 0 {
            printf "%-15s %4s %s\n", $2, 0, $20 == 124 ? "not done in the time it may take" : \
                "failed: " $20
            next
        }
        {
            printf row, $2, $4, sprintf("%.3f", $5), $6, sprintf("%.1f", $7),
                $8 == "" ? "-" : sprintf("%.2fx", $8), sprintf("%.1f", $9),
                $10 == "" ? "-" : sprintf("%.2fx", $10), or_dash($11),
                or_dash($12), sprintf("%.1f", $14 / 1048576), sprintf("%.1f", $15 / 1048576),
                or_dash($16)
            if ($13 != "")
                peaks = peaks sprintf("%s: at most %s flows at a time\n", $2, $13)
            if ($18 + 0 != 0 || $19 + 0 != 0)
                peaks = peaks sprintf("%s: datagrams lost: %s at the sink, %s elsewhere\n", $2,
                    $18, or_dash($19))
            if ($20 != "ok")
                peaks = peaks sprintf("%s: %s\n", $2, $20)
        }
        END { printf "%s", peaks }' "$tmp/figures"
}

# Of the peers those that are wanted and there.
choose_peers() {
    [ "${BENCH_PEERS:-yes}" != no ] || return 0
    for peer in $peers; do
        if command -v "$peer" >/dev/null; then
            printf '%s ' "$peer"
        else
            say "$peer: not installed, left out: contrib/deps.sh bench installs it"
        fi
    done
}

# run_rounds ROUNDS PROGRAM...
run_rounds() {
    round=1
    count=$1
    shift
    while [ $# -gt 0 ] && [ "$round" -le "$count" ]; do
        say "$workload: $*: round $round of $count"
        for program; do
            "run_$program"
        done
        round=$((round + 1))
    done
}

is_peer() {
    case " $peers " in *" $1 "*) ;; *) return 1 ;; esac
}

# Splits the programs into those that take turns and the peers.
split_programs() {
    turns=
    others=
    for program in $programs; do
        if ! is_peer "$program"; then
            turns="$turns $program"
        elif [ "$program" = nfpcapd ] && [ "$sampled" -ne 1 ]; then
            say "nfpcapd: $workload: left out: it does not sample"
        else
            others="$others $program"
        fi
    done
}

run_workload() {
    workload=$1
    rm -f "$tmp"/*.*
    choose_workload "$workload"
    split_programs
    make_capture "$workload"
    # shellcheck disable=SC2086 # the lists are words
    run_rounds "$rounds" $turns
    # shellcheck disable=SC2086
    run_rounds "$peer_rounds" $others
    for program in $turns $others; do
        figures "$program"
    done >"$tmp/figures"
    print_table
    [ -z "$csv" ] || cat "$tmp/figures" >>"$csv"
    rm -f "$capture"
}

programs=${BENCH_PROGRAMS:-pcap_loop spanflow spanflow_dedup $(choose_peers)}
[ -z "$csv" ] || echo "$csv_columns" >"$csv"
describe_machine
for workload in $workloads; do
    run_workload "$workload"
done
cat <<'END'

pcap_loop: the time as a multiple of pcap_loop() with an empty callback. CPU/pkt: ns of
processor time, of all threads; CPU/loop: as a multiple of pcap_loop's. RSS: largest
resident set; pages of a mapped capture file count. own: without them (of pmacctd: without
its plugin's). B/flow: own memory by the most flows at a time, where they are 100,000 or
more. -: not known.
END
