/* The checks of a whole configuration, each a small function that says what is wrong in words. */
#include "app/config_check.h"

#include "app/origin.h"
#include "app/relay_setup.h"
#include "base/addr.h"
#include "mail/mail.h"
#include "store/store.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

struct verdict {
	const struct config_option *blamed;
	char *error;
};

static int wrong(struct verdict *v, const char *section, const char *key, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

static int wrong(struct verdict *v, const char *section, const char *key, const char *fmt, ...)
{
	v->blamed = config_option_find(section, key);
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(v->error, CONFIG_ERROR_MAX, fmt, args);
	va_end(args);
	return -EINVAL;
}

static int check_public_url(const struct config *c, struct verdict *v)
{
	char origin[ORIGIN_MAX];
	if (c->server.public_url[0] == '\0')
		return 0;
	if (origin_of_url(c->server.public_url, origin) != 0)
		return wrong(v, "server", "public_url",
			     "server.public_url: allowed is http(s)://host or http(s)://host:port, without a "
			     "path");
	if (config_tls(c) && strncmp(origin, "http:", 5) == 0)
		return wrong(v, "server", "public_url",
			     "server.public_url begins with http:, but with tls.cert or tls.self_signed "
			     "plain HTTP only "
			     "redirects: it must begin with https:");
	return 0;
}

static bool listed_before(const struct config_list *list, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (strcmp(list->items[i], list->items[index]) == 0)
			return true;
	}
	return false;
}

static int check_addresses(struct verdict *v, const char *section, const struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct addr a;
		if (addr_parse(&a, list->items[i], 0) != 0 || addr_port(&a) != 0)
			return wrong(
				v, section, "listen",
				"%s.listen = %s: allowed is an IPv4 or IPv6 address without a port, or *",
				section, list->items[i]);
		if (listed_before(list, i))
			return wrong(v, section, "listen", "%s.listen = %s is given twice", section,
				     list->items[i]);
		if (strcmp(list->items[i], "*") == 0 && list->count > 1)
			return wrong(v, section, "listen",
				     "%s.listen = * holds all addresses: it must be alone", section);
	}
	return 0;
}

static int check_listen(const struct config *c, struct verdict *v)
{
	int rc = check_addresses(v, "server", &c->server.listen);
	if (rc == 0)
		rc = check_addresses(v, "turn", &c->turn.listen);
	return rc ? rc : check_addresses(v, "metrics", &c->metrics.listen);
}

static int check_proxies(const struct config *c, struct verdict *v)
{
	for (size_t i = 0; i < c->server.trusted_proxies.count; i++) {
		struct addr_range r;
		const char *text = c->server.trusted_proxies.items[i];
		int rc = addr_range_parse(&r, text);
		if (rc < 0)
			return wrong(v, "server", "trusted_proxies",
				     "server.trusted_proxies = %s: allowed is %s", text, addr_range_wish(rc));
	}
	return 0;
}

static int check_tls(const struct config *c, struct verdict *v)
{
	bool cert = c->tls.cert[0] != '\0';
	bool key = c->tls.key[0] != '\0';
	if (cert != key)
		return wrong(v, "tls", cert ? "cert" : "key",
			     "tls.cert and tls.key go together: one is set and the other is not");
	if (cert && c->tls.self_signed)
		return wrong(v, "tls", "self_signed",
			     "tls.cert and tls.self_signed contradict each other: set one");
	if (config_tls(c) && c->server.https_port == 0)
		return wrong(v, "server", "https_port",
			     "server.https_port = 0 contradicts tls.cert or tls.self_signed");
	if (!config_tls(c) && c->server.http_port == 0)
		return wrong(v, "server", "http_port",
			     "server.http_port = 0 without TLS leaves nothing to listen on");
	if (config_tls(c) && c->server.http_port == c->server.https_port)
		return wrong(v, "server", "https_port",
			     "server.http_port and server.https_port are the same");
	return 0;
}

static int check_turn(const struct config *c, struct verdict *v)
{
	for (size_t i = 0; i < c->turn.urls.count; i++) {
		const char *url = c->turn.urls.items[i];
		bool stun = strncmp(url, "stun:", 5) == 0 || strncmp(url, "stuns:", 6) == 0;
		bool turn = strncmp(url, "turn:", 5) == 0 || strncmp(url, "turns:", 6) == 0;
		if (!stun && !turn)
			return wrong(v, "turn", "urls",
				     "turn.urls = %s: allowed is stun:, stuns:, turn: or turns: (RFC 7064, "
				     "RFC 7065)",
				     url);
		if (turn && c->turn.secret.count == 0)
			return wrong(v, "turn", "urls",
				     "turn.urls names a TURN server, but there is no turn.secret");
	}
	return 0;
}

static int check_relay(const struct config *c, struct verdict *v)
{
	struct relay_fault fault = {.error = v->error};
	int rc = relay_check(c, &fault);
	if (rc)
		v->blamed = config_option_find("turn", fault.option);
	return rc;
}

static int check_mail_server(const struct config *c, struct verdict *v)
{
	bool loopback;
	if (mail_url_check(c->mail.smtp_url, &loopback))
		return wrong(v, "mail", "smtp_url",
			     "mail.smtp_url: allowed is smtp://host, smtp://host:port, smtps://host or "
			     "smtps://host:port; name and password go into mail.user and mail.password");
	if (c->mail.from[0] == '\0')
		return wrong(v, "mail", "smtp_url", "mail.smtp_url is set, so mail.from must be, too");
	if ((c->mail.user[0] == '\0') != (c->mail.password[0] == '\0'))
		return wrong(v, "mail", c->mail.user[0] ? "user" : "password",
			     "mail.user and mail.password go together: one is set and the other is not");
	bool clear = c->mail.starttls != MAIL_STARTTLS_REQUIRE && strncmp(c->mail.smtp_url, "smtps:", 6) != 0;
	if (c->mail.user[0] && clear && !loopback)
		return wrong(
			v, "mail", "starttls",
			"mail.password might go over the network unencrypted: mail.starttls must be require");
	return 0;
}

static int check_mail(const struct config *c, struct verdict *v)
{
	struct mail_mailbox from;
	if (c->mail.from[0] && mail_mailbox_parse(c->mail.from, &from))
		return wrong(
			v, "mail", "from",
			"mail.from: allowed is an address, or Name <address>: Parley <calls@example.org>");
	if (c->mail.smtp_url[0])
		return check_mail_server(c, v);
	if (c->mail.user[0] || c->mail.password[0])
		return wrong(v, "mail", c->mail.user[0] ? "user" : "password",
			     "mail.user and mail.password are for a server, but there is no mail.smtp_url");
	return 0;
}

static int check_accounts(const struct config *c, struct verdict *v)
{
	if (c->database.url[0] && store_url_check(c->database.url))
		return wrong(v, "database", "url",
			     "database.url: allowed is sqlite:PATH or postgresql://user:password@host/name");
	if (c->accounts.session_idle_s > c->accounts.session_max_s)
		return wrong(v, "accounts", "session_idle_s",
			     "accounts.session_idle_s is more than accounts.session_max_s");
	return 0;
}

static int check_limits(const struct config *c, struct verdict *v)
{
	/* A description travels inside a JSON string, where CRLF takes four characters. */
	if (c->limits.message_bytes < c->limits.sdp_bytes + c->limits.sdp_bytes / 4 + 1024)
		return wrong(v, "limits", "message_bytes",
			     "limits.message_bytes must be at least 1.25 times limits.sdp_bytes plus 1024");
	if (c->limits.replay_bytes < 2 * c->limits.sdp_bytes)
		return wrong(v, "limits", "replay_bytes",
			     "limits.replay_bytes must be at least twice limits.sdp_bytes");
	/* What was missed is sent in one go on return. */
	if (c->limits.send_queue_bytes < c->limits.replay_bytes + c->limits.message_bytes)
		return wrong(v, "limits", "send_queue_bytes",
			     "limits.send_queue_bytes must be at least limits.replay_bytes plus "
			     "limits.message_bytes");
	return 0;
}

int config_check(const struct config *c, const struct config_option **blamed, char *error)
{
	int (*const checks[])(const struct config *, struct verdict *) = {
		check_public_url, check_listen,   check_proxies, check_tls,    check_turn,
		check_mail,       check_accounts, check_relay,   check_limits,
	};
	struct verdict v = {.error = error};
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		int rc = checks[i](c, &v);
		if (rc) {
			*blamed = v.blamed;
			return rc;
		}
	}
	return 0;
}
