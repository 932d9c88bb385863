# Rows "server <tab> test <tab> name <tab> value" in; medians over the rounds, for the tables. Ratios are taken round by
# round, before the median, so that what the machine did meanwhile weighs on both alike.
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
	for (i = 1; i <= count[a]; i++) {
		if (values[b, i] + 0 == 0)
			return ""
		list[i] = values[a, i] / values[b, i]
	}
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
