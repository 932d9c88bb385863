/* See origin.h. The control loop's thread. */
#include "app/origin.h"

#include "base/addr.h"

#include <ctype.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HOST_MAX 254

/* Host and port of an authority; brackets of an IPv6 literal are taken off. port 0: none given. */
struct authority {
	char host[HOST_MAX];
	bool literal6;
	unsigned port;
};

static int parse_port(const char *text, unsigned *out)
{
	unsigned port = 0;
	size_t n = strlen(text);
	if (n == 0 || n > 5)
		return -EINVAL;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		port = port * 10 + (unsigned)(*text - '0');
	}
	if (port == 0 || port > 65535)
		return -EINVAL;
	*out = port;
	return 0;
}

static int parse_authority(const char *text, struct authority *out)
{
	struct authority a = {0};
	bool bracket = text[0] == '[';
	size_t n = bracket ? strcspn(++text, "]") : strcspn(text, ":");
	if (n == 0 || n >= sizeof(a.host) || (bracket && text[n] != ']'))
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		unsigned char ch = (unsigned char)text[i];
		if (!isalnum(ch) && !strchr(bracket ? ":." : "-._", ch))
			return -EINVAL;
		a.host[i] = (char)tolower(ch);
	}
	a.literal6 = bracket;
	text += n + (bracket ? 1 : 0);
	if (*text == ':') {
		if (parse_port(text + 1, &a.port))
			return -EINVAL;
	} else if (*text != '\0') {
		return -EINVAL;
	}
	*out = a;
	return 0;
}

static void print_origin(const struct authority *a, bool tls, char out[ORIGIN_MAX])
{
	char port[16] = "";
	if (a->port != 0 && a->port != (tls ? 443u : 80u))
		(void)snprintf(port, sizeof(port), ":%u", a->port);
	(void)snprintf(out, ORIGIN_MAX, "%s://%s%.230s%s%s", tls ? "https" : "http", a->literal6 ? "[" : "",
		       a->host, a->literal6 ? "]" : "", port);
}

int origin_of_url(const char *url, char out[ORIGIN_MAX])
{
	bool tls = strncmp(url, "https://", 8) == 0;
	if (!tls && strncmp(url, "http://", 7) != 0)
		return -EINVAL;
	char rest[ORIGIN_MAX];
	int n = snprintf(rest, sizeof(rest), "%s", url + (tls ? 8 : 7));
	if (n <= 0 || (size_t)n >= sizeof(rest))
		return -EINVAL;
	if (rest[n - 1] == '/')
		rest[n - 1] = '\0';
	struct authority a;
	int rc = parse_authority(rest, &a);
	if (rc)
		return rc;
	print_origin(&a, tls, out);
	return 0;
}

struct name_search {
	const char *wanted;
	bool found;
};

static void compare_name(void *arg, const char *name)
{
	struct name_search *s = arg;
	s->found = s->found || strcasecmp(name, s->wanted) == 0;
}

static bool is_local_name(const char *host)
{
	/* The common case, without a look at the interfaces. */
	if (strcmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 || strcmp(host, "::1") == 0)
		return true;
	struct name_search s = {.wanted = host};
	origin_local_names(compare_name, &s);
	return s.found;
}

void origin_local_names(void (*fn)(void *arg, const char *name), void *arg)
{
	fn(arg, "localhost");
	fn(arg, "127.0.0.1");
	fn(arg, "::1");
	char name[HOST_MAX];
	if (gethostname(name, sizeof(name) - 8) == 0) {
		name[sizeof(name) - 8] = '\0';
		fn(arg, name);
		/* What multicast DNS makes of it, for a phone on the same network. */
		if (!strchr(name, '.')) {
			strcat(name, ".local");
			fn(arg, name);
		}
	}
	struct ifaddrs *list = NULL;
	if (getifaddrs(&list) != 0)
		return;
	for (struct ifaddrs *i = list; i; i = i->ifa_next) {
		struct addr a;
		char text[ADDR_TEXT_MAX];
		if (i->ifa_addr && addr_from_sockaddr(&a, i->ifa_addr) == 0)
			fn(arg, addr_format_ip(&a, text));
	}
	freeifaddrs(list);
}

bool origin_host_is_ours(const char *host)
{
	struct authority a;
	return host && parse_authority(host, &a) == 0 && is_local_name(a.host);
}

bool origin_allowed(const struct origin_policy *p, const char *origin, const char *host, bool is_tls)
{
	char self[ORIGIN_MAX];
	return origin && origin_self(p, host, is_tls, self) == 0 && strcmp(origin, self) == 0;
}

int origin_self(const struct origin_policy *p, const char *host, bool is_tls, char out[ORIGIN_MAX])
{
	struct authority a;
	if (p->public_origin[0] != '\0') {
		memcpy(out, p->public_origin, ORIGIN_MAX);
		return 0;
	}
	if (!host || parse_authority(host, &a) != 0 || !is_local_name(a.host))
		return -EINVAL;
	print_origin(&a, is_tls, out);
	return 0;
}

void origin_with_port(const char *host, unsigned port, char out[ORIGIN_MAX])
{
	struct authority a = {0};
	out[0] = '\0';
	if (parse_authority(host, &a))
		return;
	a.port = port;
	print_origin(&a, true, out);
}
