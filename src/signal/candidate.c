/*
 * Checks one ICE candidate field by field. Fields are separated by exactly one space, as every browser writes
 * them and as the ABNF of RFC 8839 §5.1 has it.
 *
 * Thread: any; no state.
 */
#include "signal/candidate.h"

#include "signal/json.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define FOUNDATION_MAX 32
#define TRANSPORT_MAX  16
#define LABEL_MAX      63
#define HOST_MAX       253

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* The next field; an empty one when there is none, or two spaces meet. */
static struct sig_str next_field(const char **p, const char *end)
{
	const char *from = *p;
	const char *space = memchr(from, ' ', (size_t)(end - from));
	const char *stop = space ? space : end;

	*p = space ? space + 1 : end;
	return (struct sig_str){from, (size_t)(stop - from)};
}

static bool is_number(struct sig_str s, uint32_t min, uint32_t max)
{
	uint64_t value = 0;

	if (s.n == 0 || s.n > 10)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(s.p[i] - '0');
	}
	return value >= min && value <= max;
}

static bool is_foundation(struct sig_str s)
{
	if (s.n == 0 || s.n > FOUNDATION_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_alnum(s.p[i]) && s.p[i] != '+' && s.p[i] != '/')
			return false;
	}
	return true;
}

/* A token (RFC 8866 §9). */
static bool is_token(struct sig_str s, size_t max)
{
	if (s.n == 0 || s.n > max)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_alnum(s.p[i]) && !(s.p[i] > 0 && strchr("!#$%&'*+-.^_`{|}~", s.p[i])))
			return false;
	}
	return true;
}

static bool is_visible(struct sig_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f)
			return false;
	}
	return s.n > 0;
}

/* A multicast DNS name, as browsers give in place of a private address. */
static bool is_mdns(struct sig_str s)
{
	static const char suffix[] = ".local";
	size_t label = 0;

	if (s.n <= sizeof(suffix) - 1 || s.n > HOST_MAX)
		return false;
	size_t host = s.n - (sizeof(suffix) - 1);
	if (memcmp(s.p + host, suffix, sizeof(suffix) - 1) != 0)
		return false;
	for (size_t i = 0; i < host; i++) {
		if (s.p[i] == '.' && label == 0)
			return false;
		label = s.p[i] == '.' ? 0 : label + 1;
		if (label > LABEL_MAX || (s.p[i] != '.' && s.p[i] != '-' && !is_alnum(s.p[i])))
			return false;
	}
	return label > 0;
}

static bool is_address(struct sig_str s)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t ip[16];

	if (s.n > 0 && s.n < sizeof(text)) {
		memcpy(text, s.p, s.n);
		text[s.n] = '\0';
		if (inet_pton(memchr(text, ':', s.n) ? AF_INET6 : AF_INET, text, ip) == 1 &&
		    !memchr(text, '\0', s.n))
			return true;
	}
	return is_mdns(s);
}

static bool is_type(struct sig_str s)
{
	return sig_str_is(s, "host") || sig_str_is(s, "srflx") || sig_str_is(s, "prflx") ||
	       sig_str_is(s, "relay");
}

/* What follows the type: raddr, rport, and extensions, each a name and a value. */
static bool are_pairs(const char *p, const char *end)
{
	while (p < end) {
		if (!is_token(next_field(&p, end), SIG_CANDIDATE_MAX) || !is_visible(next_field(&p, end)))
			return false;
	}
	return true;
}

int sig_candidate_check(const char *text, size_t n)
{
	static const char prefix[] = "candidate:";
	const char *p = text + sizeof(prefix) - 1;
	const char *end = text + n;

	if (n == 0)
		return 0;
	if (n > SIG_CANDIDATE_MAX || n < sizeof(prefix) - 1 ||
	    memcmp(text, prefix, sizeof(prefix) - 1) != 0 || end[-1] == ' ')
		return -EINVAL;
	if (!is_foundation(next_field(&p, end)) || !is_number(next_field(&p, end), 1, 256) ||
	    !is_token(next_field(&p, end), TRANSPORT_MAX) || !is_number(next_field(&p, end), 1, INT32_MAX) ||
	    !is_address(next_field(&p, end)) || !is_number(next_field(&p, end), 0, UINT16_MAX) ||
	    !sig_str_is(next_field(&p, end), "typ") || !is_type(next_field(&p, end)))
		return -EINVAL;
	return are_pairs(p, end) ? 0 : -EINVAL;
}
