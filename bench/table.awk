# Rows "server <tab> test <tab> name <tab> value" in; a Markdown table of medians over the rounds out. Ratios are
# taken round by round, before the median, so that what the machine did meanwhile weighs on both alike.
BEGIN { FS = "\t" }

{
	key = $1 SUBSEP $2 SUBSEP $3
	values[key, ++count[key]] = $4
	if (!($1 in known)) {
		known[$1] = 1
		servers[++n_servers] = $1
	}
}

function median_of(list, n,    i, j, t) {
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && list[j - 1] > list[j]; j--) {
			t = list[j]; list[j] = list[j - 1]; list[j - 1] = t
		}
	return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function median(server, test, name,    key, i, list) {
	key = server SUBSEP test SUBSEP name
	if (!count[key])
		return ""
	for (i = 1; i <= count[key]; i++)
		list[i] = values[key, i] + 0
	return median_of(list, count[key])
}

function ratio(server, other, test, name,    a, b, i, list) {
	a = server SUBSEP test SUBSEP name
	b = other SUBSEP test SUBSEP name
	if (!count[a] || count[a] != count[b])
		return ""
	for (i = 1; i <= count[a]; i++)
		list[i] = values[a, i] / values[b, i]
	return median_of(list, count[a])
}

function thousands(x,    s, out) {
	s = sprintf("%.0f", x)
	for (out = ""; length(s) > 3; s = substr(s, 1, length(s) - 3))
		out = "," substr(s, length(s) - 2) out
	return s out
}

function cell(x, digits) {
	if (x == "")
		return "–"
	return digits ? sprintf("%." digits "f", x) : thousands(x)
}

function row(label, test, name, digits, scale,    i, x, line) {
	line = "| " label " |"
	for (i = 1; i <= n_servers; i++) {
		x = median(servers[i], test, name)
		line = line " " cell(x == "" ? "" : x * scale, digits) " |"
	}
	print line
}

function three(label, test, scale, digits,    i, s, line) {
	line = "| " label " |"
	for (i = 1; i <= n_servers; i++) {
		s = servers[i]
		if (median(s, test, "p50_us") == "")
			line = line " – |"
		else
			line = line " " cell(median(s, test, "p50_us") * scale, digits) " / " \
				cell(median(s, test, "p99_us") * scale, digits) " / " \
				cell(median(s, test, "max_us") * scale, digits) " |"
	}
	print line
}

function compare(label, test, name,    i, line, any) {
	line = "| " label " |"
	for (i = 1; i <= n_servers; i++) {
		if (servers[i] == "parley")
			line = line " 1 |"
		else
			line = line " " cell(ratio("parley", servers[i], test, name), 2) " |"
	}
	print line
}

END {
	line = "| |"
	rule = "|---|"
	for (i = 1; i <= n_servers; i++) {
		line = line " " servers[i] " |"
		rule = rule "---:|"
	}
	print line
	print rule
	row("messages per server CPU second, 1 in flight", "throughput-1", "messages_per_cpu_s", 0, 1)
	row("messages per server CPU second, 8 in flight", "throughput-8", "messages_per_cpu_s", 0, 1)
	if ("parley" in known) {
		compare("Parley's over this server's, 1 in flight", "throughput-1", "messages_per_cpu_s")
		compare("Parley's over this server's, 8 in flight", "throughput-8", "messages_per_cpu_s")
	}
	row("server CPU while at it, %", "throughput-8", "server_cpu_percent", 0, 1)
	row("load generator's CPU, %", "throughput-8", "load_cpu_percent", 0, 1)
	three("latency at 200/s, p50 / p99 / max, ms", "latency-200", 0.001, 2)
	three("latency at 5,000/s, p50 / p99 / max, ms", "latency-5000", 0.001, 2)
	three("1,000 joins/s, p50 / p99 / max, ms", "joins-1000", 0.001, 2)
	row("of these failed", "joins-1000", "failed", 0, 1)
	row("joins per server CPU second at that rate", "joins-1000", "joins_per_cpu_s", 0, 1)
	three("50 joins/s, p50 / p99 / max, ms", "joins-50", 0.001, 2)
	row("KiB per idle connection of " thousands(idle), "idle-" idle, "kib_per_connection", 2, 1)
	row("KiB per idle connection of " thousands(idle_many), "idle-" idle_many, "kib_per_connection", 2, 1)
	row("start to listening, median, ms", "start", "start_p50_ms", 1, 1)
	row("start to listening, worst, ms", "start", "start_max_ms", 1, 1)
}
