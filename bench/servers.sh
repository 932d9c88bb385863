# Sourced by script/bench: how each server is started, found listening, and stopped.
# Sets server_pid and server_port; needs $work, $build and the arrays that pick_cores makes.
# shellcheck shell=bash disable=SC2034

server_pid="" server_port="" command=() on_server_core=() on_load_core=()

require_tools() {
  local package missing=""
  for package in daphne:daphne python3-django-channels:- taskset:util-linux; do
    case $package in
      *:-) /usr/bin/python3 -c 'import channels' 2>/dev/null || missing+=" ${package%%:*}" ;;
      *) [ -x "/usr/bin/${package%%:*}" ] || missing+=" ${package##*:}" ;;
    esac
  done
  [ -d node_modules/ws ] || missing+=" ws"
  if [ -n "$missing" ]; then
    echo "script/bench: missing:$missing. Install with: script/bootstrap --bench" >&2
    exit 1
  fi
}

# The first two cores we may use; with one core alone, nothing is pinned.
pick_cores() {
  local cores
  mapfile -t cores < <(taskset -cp $$ | sed 's/.*: //' | tr ',' '\n' |
    awk -F- '{ for (i = $1; i <= (NF > 1 ? $2 : $1); i++) print i }')
  if [ ${#cores[@]} -ge 2 ]; then
    on_server_core=(taskset -c "${cores[0]}")
    on_load_core=(taskset -c "${cores[1]}")
  else
    on_server_core=(env)
    on_load_core=(env)
  fi
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Below the range from which the kernel takes the ports of outgoing connections.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 12000))
    listens $port || { echo $port; return; }
  done
}

dialect_of() { [[ $1 == parley* ]] && echo parley || echo simple; }
is_tls() { [[ $1 == *-tls ]]; }
# Servers that could not keep up with the higher rates.
is_slow() { [[ $1 == daphne* || $1 == django ]]; }

# The limits exist to stop just such clients; the load comes from one address and sends as fast as it can.
parley_options=(
  rooms.knock=off rooms.max=1000000
  limits.connections=100000 limits.connections_per_address=100000 limits.sessions=100000
  limits.rooms_per_min=10000000 limits.messages_per_s=10000000 limits.messages_burst=10000000
  server.listen=127.0.0.1 turn.enabled=off metrics.port=0 log.level=warn
)

# Sets $command for $server_port.
server_command() {
  local option
  case $1 in
    parley | parley-tls)
      command=("$build/parley" serve --set "server.data_dir=$work/data-$1")
      for option in "${parley_options[@]}"; do command+=(--set "$option"); done
      if [ "$1" = parley-tls ]; then
        command+=(--set tls.self_signed=on --set server.http_port=0 --set "server.https_port=$server_port")
      else
        command+=(--set "server.http_port=$server_port")
      fi
      ;;
    node) command=(node bench/node_ws_server.mjs "$server_port") ;;
    daphne | daphne-direct)
      command=(env "PYTHONPATH=bench/daphne_app" "BENCH_DIRECT=$([ "$1" = daphne-direct ] && echo 1 || echo 0)"
        /usr/bin/daphne -v 0 -b 127.0.0.1 -p "$server_port" bench_asgi:application)
      ;;
    django)
      command=(env "PYTHONPATH=bench/daphne_app" "BENCH_DATABASE=$work/django.db"
        /usr/bin/daphne -v 0 -b 127.0.0.1 -p "$server_port" bench_accounts:application)
      ;;
    *) echo "script/bench: unknown server: $1" >&2; exit 2 ;;
  esac
}

start_server() {
  local tries
  server_port=$(free_port)
  server_command "$1"
  # taskset and env replace themselves by what they start, so this is the server's own process id.
  (ulimit -n "$(ulimit -Hn)" && exec "${on_server_core[@]}" "${command[@]}") >"$work/server.log" 2>&1 &
  server_pid=$!
  for ((tries = 0; tries < 300; tries++)); do
    listens "$server_port" && return
    kill -0 "$server_pid" 2>/dev/null || break
    sleep 0.1
  done
  echo "script/bench: $1 does not start: $(tail -c 400 "$work/server.log")" >&2
  exit 1
}

stop_server() {
  [ -n "$server_pid" ] || return 0
  kill "$server_pid" 2>/dev/null || true
  # A server that drains its connections may take a while; nobody is waiting for these any more.
  for _ in {1..20}; do
    kill -0 "$server_pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -9 "$server_pid" 2>/dev/null || true
  wait "$server_pid" 2>/dev/null || true
  server_pid=""
}
