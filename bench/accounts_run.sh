# Sourced by script/bench: the runs of `script/bench accounts`, in turn, and the tables made of them.
# shellcheck shell=bash disable=SC2154

# shellcheck source=bench/servers.sh
. bench/servers.sh
# shellcheck source=bench/accounts_servers.sh
. bench/accounts_servers.sh

# Where hashes and reads wait in one queue, a read takes seconds: Django's runs are longer during a flood.
run_s=4 slow_s=10 conns=64 flood_conns=32 accounts=1000000 runs=2000 signal_ms=5000
if $quick; then
  run_s=2 slow_s=8 accounts=100000 runs=500 signal_ms=3000
fi

with_databases=false
[[ " $servers " == *" databases "* ]] && with_databases=true
read -r servers <<<"${servers//databases/}"

require_accounts_tools
work=$(mktemp -d)
flood_pid=""
trap 'stop_flood || true; stop_server; stop_postgres; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
build_release parley bench/signal_load bench/accounts_flood bench/accounts_db
results=$work/results.tsv
: >"$results"
pick_cores
one_core=("${on_server_core[@]}") load_core=("${on_load_core[@]}")

# put SERVER TEST: lines "name value" from standard input become rows.
put() { sed "s/^/$1\t$2\t/; s/ /\t/" >>"$results"; }

# ---- HTTP ----

start_flood() {
  "${on_load_core[@]}" "$build/bench/accounts_flood" --port "$server_port" --conns $flood_conns \
    >"$work/flood" 2>"$work/flood.err" &
  flood_pid=$!
  # Until all threads hash, and the queue is as long as it gets.
  sleep 1
}

# stop_flood: its figures are in $work/flood then. Not for a subshell, which could not wait for it.
stop_flood() {
  local pid=$flood_pid
  [ -n "$pid" ] || return 0
  flood_pid=""
  kill "$pid" 2>/dev/null || true
  wait "$pid" || { echo "script/bench: the flood: $(cat "$work/flood.err")" >&2; return 1; }
}

# The answer has to be the one that is meant: a session that nobody is behind would be quick, too.
check_answer() {
  local answer
  answer=$(exec 3<>"/dev/tcp/127.0.0.1/$server_port" &&
    printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nCookie: %s\r\nConnection: close\r\n\r\n' \
      "$1" "$server_port" "$cookie" >&3 && cat <&3)
  [[ $answer == "HTTP/1.1 200"*"$2"* ]] || { echo "script/bench: $server $1: ${answer:0:400}" >&2; return 1; }
}

# read_api SERVER TEST PATH: wrk for a while, and what of the server's CPU time went there.
read_api() {
  local server=$1 test=$2 path=$3 all thread s=$run_s
  is_slow "$server" && [[ $test == *-flood ]] && s=$slow_s
  echo "  $server $test" >&2
  all=$(cpu_ticks) thread=$(cpu_ticks thread)
  "${on_load_core[@]}" wrk -t1 -c$conns -d${s}s --timeout 30s -s bench/accounts_wrk.lua -H "Cookie: $cookie" \
    "http://127.0.0.1:$server_port$path" | grep -E '^[a-z0-9_]+ [0-9.]+$' >"$work/wrk"
  awk -v all=$(($(cpu_ticks) - all)) -v thread=$(($(cpu_ticks thread) - thread)) -v hz="$(getconf CLK_TCK)" \
    -v s="$s" -f - "$work/wrk" <<'AWK' | put "$server" "$test"
{ print; n[$1] = $2 }
END {
  printf "server_cpu_percent %.1f\nloop_cpu_percent %.1f\n", 100 * all / hz / s, 100 * thread / hz / s
  if (all && thread)
    printf "requests_per_cpu_s %.0f\nrequests_per_loop_s %.0f\n", n["requests"] / (all / hz), n["requests"] / (thread / hz)
}
AWK
}

bench_reads() {
  read_api "$1" "session-$2" /api/v1/session
  read_api "$1" "info-$2" /api/v1/info
}

check_answers() {
  check_answer /api/v1/session user0@example.org
  check_answer /api/v1/info password_min
}

bench_http() {
  local server=$1 cookie
  start_server "$server"
  cookie=$("$build/bench/accounts_flood" --port "$server_port" --once)
  check_answers
  bench_reads "$server" idle
  start_flood
  bench_reads "$server" flood
  stop_flood
  # One that hashes on and on for those who have gone would not answer soon.
  is_slow "$server" || check_answers
  stop_server
  # Sign-ins alone, of a server that has none left to do for those who have gone.
  echo "  $server sign-ins" >&2
  start_server "$server"
  start_flood
  if is_slow "$server"; then sleep $slow_s; else sleep $run_s; fi
  stop_flood
  put "$server" signin <"$work/flood"
  stop_server
}

# ---- signalling beside it ----

# bench_signal SERVER CORES flood|idle: sets where servers and load run.
bench_signal() {
  local server=$1 test=signal-$2-$3
  on_server_core=("${one_core[@]}") on_load_core=("${load_core[@]}")
  [ "$2" = one ] || on_server_core=(env) on_load_core=(env)
  start_server "$server"
  echo "  $server $test" >&2
  [ "$3" = idle ] || start_flood
  "${on_load_core[@]}" "$build/bench/signal_load" latency --port "$server_port" --server "$server_pid" \
    --conns 200 --rate 1000 --run-ms $signal_ms | put "$server" "$test"
  if [ "$3" = flood ]; then
    stop_flood
    put "$server" "$test" <"$work/flood"
  fi
  stop_server
  on_server_core=("${one_core[@]}") on_load_core=("${load_core[@]}")
}

# ---- databases ----

fill_and_measure() {
  echo "  $1 with $accounts accounts" >&2
  "$build/bench/accounts_db" --url "$2" --fill $accounts | put "$1" db
  # PostgreSQL does this by itself within minutes.
  [ "$1" = sqlite ] || ask_postgres "VACUUM ANALYZE"
  "$build/bench/accounts_db" --url "$2" --runs $runs | put "$1" db
}

bench_databases() {
  fill_and_measure sqlite "sqlite:$work/accounts.db"
  echo "bytes $(stat -c %s "$work/accounts.db")" | put sqlite db
  start_postgres
  fill_and_measure postgresql "$database_url"
  ask_postgres "SELECT 'bytes ' || sum(pg_total_relation_size(c.oid)) FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'" | put postgresql db
  stop_postgres
}

make_accounts
for ((round = 1; round <= rounds; round++)); do
  echo "round $round of $rounds" >&2
  for server in $servers; do bench_http "$server"; done
  for cores in one two; do
    [ "${one_core[0]}" = taskset ] || [ $cores = two ] || continue
    for when in idle flood; do
      [[ " $servers " != *" parley "* ]] || bench_signal parley $cores $when
    done
  done
  servers="${servers#* } ${servers%% *}"
done
$with_databases && bench_databases

awk -v accounts=$accounts -f bench/stats.awk -f bench/accounts_table.awk "$results" >"$work/table.md"
cat "$work/table.md"
if $write; then
  {
    echo "# Accounts, measured"
    echo
    echo "By \`script/bench accounts\`, $(date -u +%Y-%m-%d), $rounds rounds, on $(machine)," \
      "Django $(/usr/bin/python3 -c 'import django; print(django.__version__)')," \
      "PostgreSQL $("$(postgres_programs)/postgres" --version | sed 's/.*) \([0-9.]*\).*/\1/')." \
      "bench/README.md says what each line is."
    echo
    cat "$work/table.md"
  } >docs/bench-accounts.md
  echo "written to docs/bench-accounts.md" >&2
fi
