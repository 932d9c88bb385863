# Sourced by bench/accounts_run.sh: servers with accounts in them, PostgreSQL, and what a server has used so far.
# shellcheck shell=bash disable=SC2154,SC2034

database_pid=""

require_accounts_tools() {
  local missing=""
  [ -x /usr/bin/daphne ] || missing+=" daphne"
  /usr/bin/python3 -c 'import django' 2>/dev/null || missing+=" python3-django"
  command -v wrk >/dev/null || missing+=" wrk"
  command -v taskset >/dev/null || missing+=" util-linux"
  postgres_programs >/dev/null || missing+=" postgresql"
  if [ -n "$missing" ]; then
    echo "script/bench: missing:$missing. Install with: script/bootstrap --bench" >&2
    exit 1
  fi
}

# ---- servers ----

# What the limits exist to stop: one address that signs in as fast as it can.
parley_options+=(
  limits.signins_per_min=100000000 limits.signins_per_account=100000000
  limits.reads_per_min=100000000 limits.writes_per_min=100000000
)

# The same four accounts in each; they are what bench/accounts_flood.c signs in as.
make_accounts() {
  local server n
  for server in $servers; do
    case $server in
      parley*)
        for n in 0 1 2 3; do
          echo "a password for the benchmark" |
            "$build/parley" user add --email "user$n@example.org" --name "User $n" \
              --set "server.data_dir=$work/data-$server" --set log.level=warn >/dev/null
        done
        ;;
      django) (cd bench/daphne_app && BENCH_DATABASE="$work/django.db" /usr/bin/python3 -m bench_accounts) ;;
    esac
  done
}

# cpu_ticks [thread]: of the server, all threads, or of that which is the process itself: Parley's control loop.
cpu_ticks() {
  local stat=/proc/$server_pid/stat
  [ "${1:-}" = thread ] && stat=/proc/$server_pid/task/$server_pid/stat
  sed 's/.*) //' "$stat" | awk '{ print $12 + $13 }'
}

# ---- PostgreSQL ----

postgres_programs() {
  local all=(/usr/lib/postgresql/*/bin)
  [ -x "${all[-1]}/initdb" ] && echo "${all[-1]}"
}

# It refuses to be root.
as_postgres() {
  if [ "$(id -u)" -eq 0 ]; then
    (cd / && exec setpriv --reuid postgres --regid postgres --clear-groups -- "$@")
  else
    "$@"
  fi
}

# A server of its own, with its defaults, on a socket in $work/pg. Sets $database_url.
start_postgres() {
  local bin tries
  bin=$(postgres_programs)
  chmod 755 "$work"
  mkdir "$work/pg"
  [ "$(id -u)" -ne 0 ] || chown postgres: "$work/pg"
  as_postgres "$bin/initdb" -D "$work/pg/data" -U parley -A trust -E UTF8 --locale=C.UTF-8 >"$work/pg.log" 2>&1 ||
    { tail -c 400 "$work/pg.log" >&2; exit 1; }
  as_postgres "$bin/postgres" -D "$work/pg/data" -k "$work/pg" -h "" >>"$work/pg.log" 2>&1 &
  database_pid=$!
  for ((tries = 0; tries < 300; tries++)); do
    "$bin/pg_isready" -q -h "$work/pg" && break
    sleep 0.1
  done
  as_postgres "$bin/createdb" -h "$work/pg" -U parley parley
  database_url="postgresql:///parley?host=$work/pg&user=parley"
}

ask_postgres() { as_postgres "$(postgres_programs)/psql" -X -q -A -t -h "$work/pg" -U parley -d parley -c "$1"; }

stop_postgres() {
  local pid
  [ -n "$database_pid" ] || return 0
  # Of a subshell that is the one below it.
  pid=$(head -1 "$work/pg/data/postmaster.pid" 2>/dev/null || echo "$database_pid")
  kill -QUIT "$pid" 2>/dev/null || true
  wait "$database_pid" 2>/dev/null || true
  database_pid=""
}
