# The Markdown tables of script/bench accounts; functions and figures are from stats.awk. Variable: accounts.

function times(server, test, prefix, digits) {
	if (median(server, test, prefix "p50_us") + 0 == 0)
		return "–"
	return cell(median(server, test, prefix "p50_us") / 1000, digits) " / " \
		cell(median(server, test, prefix "p99_us") / 1000, digits)
}

# Of Parley's and Django's, taken round by round; where less is better, the other way round.
function over(test, name, less,    x) {
	if (median("parley", test, name) + 0 == 0 || median("django", test, name) + 0 == 0)
		return "–"
	x = less ? ratio("django", "parley", test, name) : ratio("parley", "django", test, name)
	return x == "" ? "–" : sprintf(x < 10 ? "%.1f" : "%.0f", x)
}

function http_row(label, test, name, aim) {
	print "| " label " | " cell(median("parley", test, name), 0) " | " cell(median("django", test, name), 0) " | " \
		over(test, name) " | " aim " |"
}

function time_row(label, test, prefix, aim) {
	print "| " label ", p50 / p99, ms | " times("parley", test, prefix, 2) " | " times("django", test, prefix, 2) " | " \
		over(test, prefix "p99_us", 1) " | " aim " |"
}

function http_tables(    i, path, label) {
	print "| On one core | parley | django | Parley is better by | aim |"
	print "|---|---:|---:|---:|---:|"
	path[1] = "session"; label[1] = "session check"
	path[2] = "info"; label[2] = "GET /api/v1/info"
	for (i = 1; i <= 2; i++) {
		http_row(label[i] ", requests per server CPU second", path[i] "-idle", "requests_per_cpu_s", "≥ 20,000")
		http_row(label[i] ", requests per second", path[i] "-idle", "requests_per_s", "")
		time_row(label[i], path[i] "-idle", "", "p99 < 5")
	}
	http_row("sign-ins per second", "signin", "signins_per_s", "")
	time_row("a sign-in of 32 at once", "signin", "signin_", "")
	for (i = 1; i <= 2; i++) {
		http_row(label[i] " during a flood of sign-ins, requests per second", path[i] "-flood", "requests_per_s", "")
		time_row(label[i] " during a flood of sign-ins", path[i] "-flood", "", "p99 < 5")
	}
	print "| requests per CPU second of Parley's control loop, then | " \
		cell(median("parley", "session-flood", "requests_per_loop_s"), 0) " | | | ≥ 20,000 |"
	print "| requests that failed | " failed("parley") " | " failed("django") " | | 0 |"
	print ""
}

function failed(server,    i, sum, tests) {
	split("session-idle info-idle session-flood info-flood", tests, " ")
	for (i = 1; i <= 4; i++)
		sum += median(server, tests[i], "failed")
	return cell(sum, 0)
}

function signal_row(label, test,    s) {
	s = "parley"
	if (median(s, test, "p50_us") == "")
		return
	print "| " label " | " cell(median(s, test, "p50_us") / 1000, 2) " / " cell(median(s, test, "p99_us") / 1000, 2) " / " \
		cell(median(s, test, "max_us") / 1000, 2) " | " cell(median(s, test, "signins_per_s"), 1) " |"
}

function signal_table() {
	print "| Signalling at 1,000 messages/s | p50 / p99 / max, ms (aim: p99 ≤ 10) | sign-ins per second |"
	print "|---|---:|---:|"
	signal_row("server on one core, no sign-ins", "signal-one-idle")
	signal_row("server on one core, flood of sign-ins", "signal-one-flood")
	signal_row("server on all cores, no sign-ins", "signal-two-idle")
	signal_row("server on all cores, flood of sign-ins", "signal-two-flood")
	print ""
}

function db_row(label, name) {
	print "| " label " | " times("sqlite", "db", name "_", 3) " | " times("postgresql", "db", name "_", 3) " |"
}

function db_table() {
	print "| " thousands(accounts) " accounts: database time, p50 / p99, ms (aim: < 10) | SQLite | PostgreSQL |"
	print "|---|---:|---:|"
	db_row("sign-in: found, session made, on disk", "signin")
	db_row("sign-in of an unknown address", "unknown")
	db_row("session looked up", "session")
	db_row("search: beginning of an address", "search_email")
	db_row("search: beginning of a name", "search_name")
	db_row("search: second page", "search_second")
	db_row("search: nothing is found", "search_nothing")
	print "| size with a session for each, MB | " cell(median("sqlite", "db", "bytes") / 1e6, 0) " | " \
		cell(median("postgresql", "db", "bytes") / 1e6, 0) " |"
}

END {
	http_tables()
	signal_table()
	if (median("sqlite", "db", "accounts") != "")
		db_table()
}
