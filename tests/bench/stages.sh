#!/bin/sh
# Measures the stages of spanflow one by one on made-up captures, and prints a
# table. It judges nothing.
#
#     tests/bench/stages.sh TOOLS_DIR              (make bench-stages does this)
#
# What the stages are stands in stages.c. Each figure is the median of the rounds;
# but of the longest calls the shortest is told: what every round has is ours, and
# not the machine's.
#
# Settings, from the environment:
#   BENCH_WORKLOADS  default "few mix million"; workloads.sh has the others
#   BENCH_ROUNDS     default 3
#   BENCH_CSV        a file that gets the figures, too; a row a workload and stage
#   BENCH_OPTIONS    of spanflow, say "--records full" or "-v 9"
set -eu

if [ $# -ne 1 ]; then
    echo 'usage: stages.sh TOOLS_DIR' >&2
    exit 2
fi
tools=$1
rounds=${BENCH_ROUNDS:-3}
csv=${BENCH_CSV:-}
# shellcheck source=tests/bench/workloads.sh
. "$(dirname "$0")/workloads.sh"

need_tools mktraffic stages
choose_workloads 'few mix million'
tmp=$(mktemp -d "${TMPDIR:-/tmp}/spanflow-bench.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The median of a stage's column over the rounds; nothing where there is nothing.
stage_median() {
    awk -F , -v stage="$1" -v c="$2" '$1 == stage && $c != "" { print $c }' "$tmp/lines" \
        >"$tmp/column"
    [ ! -s "$tmp/column" ] || median "$tmp/column" 1
}

stage_least() {
    awk -F , -v stage="$1" -v c="$2" '
        $1 == stage && $c != "" && (least == "" || $c + 0 < least) { least = $c + 0 }
        END { print least }' "$tmp/lines"
}

# Rows as the CSV file has them.
stage_figures() {
    awk -F , 'NR == 1 { first = $1 } NR > 1 && $1 == first { exit } { print $1, $2, $3 }' \
        "$tmp/lines" | while read -r stage unit units; do
        echo "$workload,$stage,$unit,$units,$(stage_median "$stage" 4),$(
            stage_median "$stage" 5),$(stage_median "$stage" 6),$(stage_least "$stage" 7)"
    done
}

print_table() {
    printf '\n%s: %s packets, %s bytes on the wire; median of %s rounds\n' "$workload" \
        "$packets" "$size" "$rounds"
    awk -F , '
        BEGIN {
            row = "%-8s %-8s %10s %9s %12s %12s %12s\n"
            printf row, "stage", "unit", "units", "ns/unit", "batch: 50%", "99.9%", "longest"
        }
        {
            printf row, $2, $3, $4, sprintf("%.1f", $5), $6 == "" ? "-" : $6,
                $7 == "" ? "-" : $7, $8 == "" ? "-" : $8
        }' "$tmp/figures"
}

run_workload() {
    workload=$1
    choose_workload "$workload"
    make_capture "$workload"
    : >"$tmp/lines"
    [ "$sampled" -eq 1 ] || say "$workload: its stages take every packet"
    round=1
    while [ "$round" -le "$rounds" ]; do
        say "$workload: round $round of $rounds"
        # shellcheck disable=SC2086 # options are words
        "$tools/stages" -m "$max_flows" ${BENCH_OPTIONS:-} "$capture" >>"$tmp/lines"
        round=$((round + 1))
    done
    stage_figures >"$tmp/figures"
    print_table
    [ -z "$csv" ] || cat "$tmp/figures" >>"$csv"
    rm -f "$capture"
}

[ -z "$csv" ] ||
    echo workload,stage,unit,units,ns_per_unit,batch_ns,batch_ns_999,batch_ns_longest >"$csv"
describe_machine
for workload in $workloads; do
    run_workload "$workload"
done
cat <<'END'

ns/unit: processor time. batch: ns of the calls for a batch of 64 packets.
END
