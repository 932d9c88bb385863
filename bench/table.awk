# The Markdown table of script/bench signal; functions and figures are from stats.awk.

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
