/* The checks of a whole configuration, each a small function that says what is wrong in words. */
#include "app/config_check.h"

#include "app/origin.h"
#include "app/relay_setup.h"
#include "base/addr.h"

#include <errno.h>
#include <string.h>

static int wrong(char *error, const char *text)
{
	(void)snprintf(error, CONFIG_ERROR_MAX, "%s", text);
	return -EINVAL;
}

static int check_public_url(const struct config *c, char *error)
{
	char origin[ORIGIN_MAX];
	if (c->server.public_url[0] != '\0' && origin_of_url(c->server.public_url, origin) != 0)
		return wrong(error, "server.public_url: allowed is http(s)://host or http(s)://host:port, "
				    "without a path");
	return 0;
}

static int check_addresses(const char *option, const struct config_list *list, char *error)
{
	for (size_t i = 0; i < list->count; i++) {
		struct addr a;
		if (addr_parse(&a, list->items[i], 0) != 0 || addr_port(&a) != 0) {
			(void)snprintf(error, CONFIG_ERROR_MAX,
				       "%s = %s: allowed is an IPv4 or IPv6 address without a port, or *",
				       option, list->items[i]);
			return -EINVAL;
		}
	}
	return 0;
}

static int check_listen(const struct config *c, char *error)
{
	int rc = check_addresses("server.listen", &c->server.listen, error);
	if (rc == 0)
		rc = check_addresses("turn.listen", &c->turn.listen, error);
	return rc ? rc : check_addresses("metrics.listen", &c->metrics.listen, error);
}

static int check_tls(const struct config *c, char *error)
{
	bool cert = c->tls.cert[0] != '\0';
	bool key = c->tls.key[0] != '\0';
	if (cert != key)
		return wrong(error, "tls.cert and tls.key go together: one is set and the other is not");
	if (cert && c->tls.self_signed)
		return wrong(error, "tls.cert and tls.self_signed contradict each other: set one");
	if (config_tls(c) && c->server.https_port == 0)
		return wrong(error, "server.https_port = 0 contradicts tls.cert or tls.self_signed");
	if (!config_tls(c) && c->server.http_port == 0)
		return wrong(error, "server.http_port = 0 without TLS leaves nothing to listen on");
	if (config_tls(c) && c->server.http_port == c->server.https_port)
		return wrong(error, "server.http_port and server.https_port are the same");
	return 0;
}

static int check_turn(const struct config *c, char *error)
{
	for (size_t i = 0; i < c->turn.urls.count; i++) {
		const char *url = c->turn.urls.items[i];
		bool stun = strncmp(url, "stun:", 5) == 0 || strncmp(url, "stuns:", 6) == 0;
		bool turn = strncmp(url, "turn:", 5) == 0 || strncmp(url, "turns:", 6) == 0;
		if (!stun && !turn) {
			(void)snprintf(error, CONFIG_ERROR_MAX,
				       "turn.urls = %s: allowed is stun:, stuns:, turn: or turns: (RFC 7064, "
				       "RFC 7065)",
				       url);
			return -EINVAL;
		}
		if (turn && c->turn.secret.count == 0)
			return wrong(error, "turn.urls names a TURN server, but there is no turn.secret");
	}
	return 0;
}

static int check_limits(const struct config *c, char *error)
{
	/* A description travels inside a JSON string, where CRLF takes four characters. */
	if (c->limits.message_bytes < c->limits.sdp_bytes + c->limits.sdp_bytes / 4 + 1024)
		return wrong(error,
			     "limits.message_bytes must be at least 1.25 times limits.sdp_bytes plus 1024");
	if (c->limits.replay_bytes < 2 * c->limits.sdp_bytes)
		return wrong(error, "limits.replay_bytes must be at least twice limits.sdp_bytes");
	return 0;
}

int config_check(const struct config *c, char *error)
{
	int (*const checks[])(const struct config *, char *) = {
		check_public_url, check_listen, check_tls, check_turn, relay_check, check_limits,
	};
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		int rc = checks[i](c, error);
		if (rc)
			return rc;
	}
	return 0;
}
