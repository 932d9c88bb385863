# The Markdown tables of script/bench relay; functions and figures are from stats.awk. Variables: order, flows, many, rate.

function heading(title, last,    i, line, rule) {
	line = "| " title " |"
	rule = "|---|"
	for (i = 1; i <= n_shown; i++) {
		line = line " " shown[i] " |"
		rule = rule "---:|"
	}
	print line (last ? " " last " |" : "")
	print rule (last ? "---:|" : "")
}

# Round by round where each has a figure of every round; else, as one may have lost too much in some, of the medians.
function over(a, b, test, name,    x) {
	x = ratio(a, b, test, name)
	if (x == "" && median(a, test, name) != "" && median(b, test, name) > 0)
		x = median(a, test, name) / median(b, test, name)
	return x
}

# Parley's over coturn's; where less is better, the other way round, so that above 1 is always better.
function against(test, name, less,    x) {
	x = less ? over("coturn", "parley", test, name) : over("parley", "coturn", test, name)
	return x == "" ? "–" : sprintf("%.2f", x)
}

function packets_row(label, test, want,    i, line, n) {
	line = "| " label " |"
	for (i = 1; i <= n_shown; i++) {
		n = median(shown[i], test, "packets_per_cpu_s")
		line = line (n == "" ? " – |" : " " thousands(n) " · " sprintf("%.2f", median(shown[i], test, "cpu_us_per_packet")) " |")
	}
	print line " " against(test, "packets_per_cpu_s") " (≥ " want ") |"
}

function packets_table(count,    d, p, k) {
	heading(thousands(count) " flows, packets per server CPU second · µs each", "Parley / coturn")
	for (d = 1; d <= 3; d++)
		for (k = 1; k <= 2; k++)
			for (p = 1; p <= 2; p++)
				packets_row(direction_label[d] ", " thousands(payload[p]) " bytes, " kind_label[k],
					count "-" direction[d] "-" payload[p] "-" kind[k], wanted[d, k])
	print ""
}

function delay_row(label, test,    i, line, s) {
	line = "| " label " |"
	for (i = 1; i <= n_shown; i++) {
		s = shown[i]
		if (median(s, test, "delay_p50_us") == "")
			line = line " – |"
		else
			line = line " " cell(median(s, test, "delay_p50_us"), 0) " / " cell(median(s, test, "delay_p99_us"), 0) " |"
	}
	print line " " against(test, "delay_p99_us", 1) " |"
}

function delay_table(    d, p, k) {
	heading("1,000 flows, " thousands(rate) " packets a second: p50 / p99, µs", "p99, coturn / Parley")
	for (d = 1; d <= 3; d++)
		for (k = 1; k <= 2; k++)
			for (p = 1; p <= 2; p++)
				delay_row(direction_label[d] ", " thousands(payload[p]) " bytes, " kind_label[k],
					"1000-" direction[d] "-" payload[p] "-" kind[k])
	print ""
}

function plain_row(label, test, name, digits, last,    i, line) {
	line = "| " label " |"
	for (i = 1; i <= n_shown; i++)
		line = line " " cell(median(shown[i], test, name), digits) " |"
	print line " " last " |"
}

function allocations_table(    t, some) {
	t = "allocations-" many
	some = "allocations-1000"
	heading("allocations", "Parley / coturn")
	plain_row("authenticated, per server CPU second", t, "per_cpu_s", 0, against(t, "per_cpu_s") " (≥ 5)")
	plain_row("authenticated, per second of one client", t, "per_s", 0, against(t, "per_s"))
	plain_row("KiB each, of 1,000", some, "kib_each", 2, "")
	plain_row("KiB each, of " thousands(many) " (Parley at most 4)", t, "kib_each", 2, "")
	plain_row("KiB resident before them", t, "rss_before_kib", 0, "")
	plain_row("KiB more, after " thousands(many) " have ended", t, "rss_left_over_kib", 0, "")
}

# What else ran on the two cores, over all runs: a reader should know.
function others(    key, part, n, list) {
	for (key in count) {
		split(key, part, SUBSEP)
		if (part[3] == "others_cpu_percent")
			list[++n] = median(part[1], part[2], part[3])
	}
	if (n)
		printf "\nWhile packets were counted, other processes took %.0f %% of one core, of two (median).\n", median_of(list, n)
}

END {
	n = split(order, wish, " ")
	for (i = 1; i <= n; i++)
		if (wish[i] in known)
			shown[++n_shown] = wish[i]
	split("up down both", direction, " ")
	split("client → peer|peer → client|both relayed", direction_label, "|")
	split("120 1100", payload, " ")
	split("single burst", kind, " ")
	split("single|bursts of 8", kind_label, "|")
	for (d = 1; d <= 2; d++) {
		wanted[d, 1] = "1.2"
		wanted[d, 2] = "4"
	}
	wanted[3, 1] = "2"
	wanted[3, 2] = "8"
	n = split(flows, counts, " ")
	for (i = 1; i <= n; i++)
		packets_table(counts[i])
	delay_table()
	allocations_table()
	others()
}
