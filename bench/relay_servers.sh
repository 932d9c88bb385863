# Sourced by script/bench: two network namespaces, and how each relay is started in one of them, found answering, and
# stopped. Sets server_pid; needs $work, $build and the arrays that pick_cores (servers.sh) makes.
# shellcheck shell=bash disable=SC2034,SC2154

server_pid="" server_ip="44.1.0.1" server_core=0 relay_ports_from=10000 relay_ports_to=65000
secret="of the benchmark" realm=bench files_max=$(ulimit -Hn)
server_ns=parley-bench-s-$$ load_ns=parley-bench-l-$$

require_relay_tools() {
  local package missing=""
  for package in ip:iproute2 taskset:util-linux turnserver:coturn; do
    command -v "${package%%:*}" >/dev/null || missing+=" ${package##*:}"
  done
  [ -z "$missing" ] || { echo "script/bench: missing:$missing. Install with: script/bootstrap --bench" >&2; exit 1; }
  [ "$(id -u)" = 0 ] || { echo "script/bench: relay needs network namespaces: run it as root" >&2; exit 1; }
}

# Ordinary addresses, as a relay has every right to refuse others; none of them leads out of the two namespaces.
make_network() {
  ip netns add "$server_ns"
  ip netns add "$load_ns"
  ip link add bench0 netns "$server_ns" type veth peer name bench0 netns "$load_ns"
  ip -n "$server_ns" addr add $server_ip/30 dev bench0
  ip -n "$load_ns" addr add 44.1.0.2/30 dev bench0
  for ns in "$server_ns" "$load_ns"; do
    ip -n "$ns" link set lo up
    ip -n "$ns" link set bench0 up
  done
  ip -n "$server_ns" route add 44.2.0.0/15 via 44.1.0.2
  # All clients and peers are one process's: their networks are local to it.
  ip -n "$load_ns" route add local 44.2.0.0/15 dev lo
}

remove_network() {
  local ns
  for ns in "$server_ns" "$load_ns"; do
    ip netns list | grep -q "^$ns\b" && ip netns del "$ns"
  done
  return 0
}

# Sets $command. coturn: one relay thread, as there is one core (it is faster so than with more), no logs, nothing that
# needs a database to be asked. Parley: its limits are for the public, not for one machine that plays all of it.
relay_command() {
  local option
  case $1 in
    parley)
      command=("$build/parley" relay --set "server.data_dir=$work/data")
      for option in "${parley_relay_options[@]}"; do command+=(--set "$option"); done
      ;;
    coturn)
      command=(turnserver -n --no-cli --no-tls --no-dtls --no-rfc5780 --no-software-attribute -m 1
        --use-auth-secret "--static-auth-secret=$secret" "--realm=$realm" -L "$server_ip" -E "$server_ip"
        "--min-port=$relay_ports_from" "--max-port=$relay_ports_to" --no-stdout-log --log-file=/dev/null --simple-log
        "--pidfile=$work/coturn.pid")
      ;;
    floor) command=("$build/bench/relay_floor" "$server_ip" 3478) ;;
    floor-gso) command=("$build/bench/relay_floor" "$server_ip" 3478 --gso) ;;
    *) echo "script/bench: unknown relay: $1" >&2; exit 2 ;;
  esac
}

parley_relay_options=(
  "turn.listen=$server_ip" turn.port=3478 "turn.secret=$secret" "turn.realm=$realm" turn.workers=1
  "turn.relay_ports=$relay_ports_from-$relay_ports_to" turn.allocations=20000 log.level=warn
)

# How the load is told of the server that is up: $load_args.
relay_load() {
  local server=$1 mode=$2
  shift 2
  local args=(--server "$server_ip" --pid "$server_pid" --core "$server_core" "$@")
  [[ $server == floor* ]] || args+=(--secret "$secret" --realm "$realm")
  # Whatever happens, no run of the load takes longer than this.
  ip netns exec "$load_ns" "${on_load_core[@]}" timeout 300 "$build/bench/relay_load" "$mode" "${args[@]}"
}

start_relay() {
  relay_command "$1"
  (ulimit -n "$files_max" && exec ip netns exec "$server_ns" "${on_server_core[@]}" "${command[@]}") >"$work/server.log" 2>&1 &
  server_pid=$!
  if ! relay_load "$1" ready 2>"$work/err"; then
    echo "script/bench: $1 does not start: $(head -c 400 "$work/err") $(tail -c 400 "$work/server.log")" >&2
    exit 1
  fi
}
