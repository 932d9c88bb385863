# Sourced by script/bench: the runs of `script/bench relay`, in turn, and the tables made of them.
# shellcheck shell=bash disable=SC2154

# shellcheck source=bench/servers.sh
. bench/servers.sh
# shellcheck source=bench/relay_servers.sh
. bench/relay_servers.sh

run_ms=1000 warmup_ms=200 rate=20000 some_flows="100 1000" many=20000
if $quick; then
  run_ms=400 warmup_ms=100 some_flows=1000 many=5000
fi
# Each allocation is a socket; where the machine allows fewer, as many as there may be.
((many > files_max - 200)) && many=$((files_max - 200))

require_relay_tools
work=$(mktemp -d)
trap 'stop_server; remove_network; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
build_release parley bench/relay_load bench/relay_floor
results=$work/results.tsv
pick_cores
[ "${on_server_core[0]}" = taskset ] && server_core=${on_server_core[2]}
make_network

# relay_run SERVER MODE [options]: one run against a server of its own; its figures as rows "server test name value".
relay_run() {
  local server=$1
  echo "  $*" >&2
  start_relay "$server"
  if relay_load "$@" >"$work/out" 2>"$work/err"; then
    sed "s/^/$server\t/" "$work/out" >>"$results"
  else
    echo "script/bench: $server: $(head -c 400 "$work/err") $(tail -c 400 "$work/server.log")" >&2
  fi
  stop_server
}

# Every server in turn; the next time another one begins.
relay_all() {
  local server
  for server in $servers; do
    [[ $server == floor* && $1 == allocations ]] || relay_run "$server" "$@"
  done
  servers="${servers#* } ${servers%% *}"
}

order=$servers
for ((round = 1; round <= rounds; round++)); do
  echo "round $round of $rounds" >&2
  for flows in $some_flows; do
    relay_all traffic --flows "$flows" --run-ms $run_ms --warmup-ms $warmup_ms
    relay_all traffic --flows "$flows" --run-ms $run_ms --warmup-ms $warmup_ms --both
  done
  relay_all delay --flows 1000 --rate $rate --run-ms $run_ms --warmup-ms $warmup_ms
  relay_all delay --flows 1000 --rate $rate --run-ms $run_ms --warmup-ms $warmup_ms --both
  relay_all allocations --flows $many
done

[ -s "$results" ] || { echo "script/bench: nothing was measured" >&2; exit 1; }
awk -v order="$order" -v flows="$some_flows" -v many=$many -v rate=$rate -f bench/stats.awk -f bench/relay_table.awk \
  "$results" >"$work/table.md"
cat "$work/table.md"
if $write; then
  {
    echo "# The relay, measured"
    echo
    echo "By \`script/bench relay\`, $(date -u +%Y-%m-%d), $rounds rounds, on $(machine), coturn" \
      "$(turnserver --version 2>/dev/null | tail -1). bench/README.md says what each line is."
    echo
    cat "$work/table.md"
  } >docs/bench-relay.md
  echo "written to docs/bench-relay.md" >&2
fi
