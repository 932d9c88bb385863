/*
 * From the configuration to a running relay.
 *
 * Without a word about it the relay listens where the web server does: on loopback for a first try on one
 * machine, on all addresses as soon as TLS or a public URL say that others are to come. Thread: the control
 * loop's.
 */
#include "app/relay_setup.h"

#include "app/listeners.h"
#include "app/secret.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_BYTES 32

/* ---- what the configuration's words mean ---- */

static int parse_ports(const char *text, uint16_t *min, uint16_t *max)
{
	char *end = NULL;
	unsigned long lo = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '-' || end[1] < '0' || end[1] > '9')
		return -EINVAL;
	unsigned long hi = strtoul(end + 1, &end, 10);
	if (*end != '\0' || lo < 1024 || hi > 65535 || lo > hi)
		return -EINVAL;
	*min = (uint16_t)lo;
	*max = (uint16_t)hi;
	return 0;
}

static int wrong(struct relay_fault *f, const char *option, const char *value, const char *allowed)
{
	f->option = option;
	(void)snprintf(f->error, CONFIG_ERROR_MAX, "turn.%s = %s: allowed is %s", option, value, allowed);
	return -EINVAL;
}

static int check_user(const char *text, struct relay_fault *f)
{
	const char *colon = strchr(text, ':');
	if (!colon || colon == text || colon[1] == '\0' || colon - text >= 128)
		return wrong(f, "user", "…", "name:password, the name of at most 127 characters");
	return 0;
}

/* turn_policy_new() is what knows which ranges may be opened. */
static int check_allowed(const char *text, struct relay_fault *f)
{
	struct addr_range range;
	struct turn_policy *policy = NULL;
	int rc = addr_range_parse(&range, text);
	if (rc < 0)
		return wrong(f, "allow_peers", text, addr_range_wish(rc));
	rc = turn_policy_new(&range, 1, NULL, 0, NULL, 0, &policy);
	turn_policy_free(policy);
	if (rc == -EINVAL)
		return wrong(
			f, "allow_peers", text,
			"a range that touches no loopback, link-local, multicast or unspecified address");
	return rc;
}

int relay_check(const struct config *c, struct relay_fault *f)
{
	uint16_t min;
	uint16_t max;
	struct relay_external e;
	int rc = 0;
	if (parse_ports(c->turn.relay_ports, &min, &max) < 0)
		return wrong(f, "relay_ports", c->turn.relay_ports, "first-last, from 1024 to 65535");
	for (size_t i = 0; i < c->turn.external_ip.count; i++)
		if (relay_external_parse(c->turn.external_ip.items[i], &e) < 0)
			return wrong(f, "external_ip", c->turn.external_ip.items[i],
				     "an address, or public/private");
	for (size_t i = 0; rc == 0 && i < c->turn.user.count; i++)
		rc = check_user(c->turn.user.items[i], f);
	for (size_t i = 0; rc == 0 && i < c->turn.allow_peers.count; i++)
		rc = check_allowed(c->turn.allow_peers.items[i], f);
	if (rc == 0 && c->turn.tls_port && c->turn.tls_port == c->turn.port)
		return wrong(f, "tls_port", "turn.port", "another port than that");
	return rc;
}

int relay_use_own_secret(struct config *c)
{
	if (c->turn.secret.count > 0)
		return 0;
	uint8_t key[SECRET_BYTES];
	char text[TEXT_BASE64URL_LEN(SECRET_BYTES) + 1];
	int rc = secret_load(c->server.data_dir, "turn.key", key, sizeof(key));
	if (rc < 0) {
		log_error("cannot read or make the relay's key dir=%s error=%s", c->server.data_dir,
			  strerror(-rc));
		return rc;
	}
	text_base64url(key, sizeof(key), text);
	c->turn.secret.items = mem_zalloc(sizeof(*c->turn.secret.items));
	char *own = mem_strdup(text);
	if (!c->turn.secret.items || !own) {
		mem_free(own);
		return -ENOMEM;
	}
	c->turn.secret.items[0] = own;
	c->turn.secret.count = 1;
	return 0;
}

const char *relay_realm(const struct config *c, char buf[256])
{
	if (c->turn.realm[0] != '\0')
		return c->turn.realm;
	const char *host = strstr(c->server.public_url, "://");
	if (!host)
		return "parley";
	host += 3;
	size_t n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
	(void)snprintf(buf, 256, "%.*s", (int)n, host);
	return buf;
}

/* ---- where ---- */

static bool for_others(const struct config *c, bool alone)
{
	return alone || config_tls(c) || strncmp(c->server.public_url, "https:", 6) == 0;
}

/* Texts of addresses to listen on. Return: how many; *@optional: one that this machine lacks is passed over.
 */
static size_t listen_texts(const struct config *c, bool alone, const char *const **out, bool *optional)
{
	static const char *const everywhere[] = {"*"};
	static const char *const loopback[] = {"127.0.0.1", "::1"};
	*optional = false;
	if (c->turn.listen.count > 0) {
		*out = (const char *const *)c->turn.listen.items;
		return c->turn.listen.count;
	}
	if (for_others(c, alone)) {
		*out = everywhere;
		return ARRAY_LEN(everywhere);
	}
	if (c->server.listen.count > 0) {
		*out = (const char *const *)c->server.listen.items;
		return c->server.listen.count;
	}
	*optional = true;
	*out = loopback;
	return ARRAY_LEN(loopback);
}

/* ---- external address ---- */

static size_t ask_external(const struct config *c, struct relay_external *out)
{
	static const int families[] = {AF_INET, AF_INET6};
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		int rc = relay_external_ask(c->turn.external_stun, families[i], &out[n]);
		char text[ADDR_TEXT_MAX];
		if (rc == 0)
			log_info("external address address=%s", addr_format_ip(&out[n++].public, text));
	}
	if (n == 0)
		log_error("turn.external_stun does not answer, using this machine's own addresses server=%s",
			  c->turn.external_stun);
	return n;
}

/* ---- all together ---- */

/* Everything that params points to, for the length of the start. */
struct setup {
	struct relay_params params;
	struct addr *listen;
	struct relay_external *external;
	struct addr_range *allow;
	struct turn_user *users;
	char *user_texts;
	char realm[256];
};

static int make_tls(void *arg, struct tls_ctx **out)
{
	return listeners_load_tls(arg, out);
}

static int fill_listen(struct setup *su, const struct config *c, bool alone)
{
	const char *const *texts;
	bool optional;
	size_t n = listen_texts(c, alone, &texts, &optional);
	su->listen = mem_zalloc(n * sizeof(*su->listen));
	if (!su->listen)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int rc = addr_parse(&su->listen[i], texts[i], 0);
		if (rc < 0)
			return rc;
	}
	su->params.listen = su->listen;
	su->params.n_listen = n;
	su->params.listen_optional = optional;
	return 0;
}

static int fill_peers(struct setup *su, const struct config *c)
{
	su->external = mem_zalloc((c->turn.external_ip.count + 2) * sizeof(*su->external));
	su->allow = mem_zalloc((c->turn.allow_peers.count + 1) * sizeof(*su->allow));
	if (!su->external || !su->allow)
		return -ENOMEM;
	int rc = 0;
	size_t n = c->turn.external_ip.count;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = relay_external_parse(c->turn.external_ip.items[i], &su->external[i]);
	for (size_t i = 0; rc == 0 && i < c->turn.allow_peers.count; i++)
		rc = addr_range_parse(&su->allow[i], c->turn.allow_peers.items[i]);
	if (rc == 0 && n == 0 && c->turn.external_stun[0] != '\0')
		n = ask_external(c, su->external);
	su->params.external = su->external;
	su->params.n_external = n;
	su->params.allow = su->allow;
	su->params.n_allow = c->turn.allow_peers.count;
	return rc;
}

static int fill_users(struct setup *su, const struct config *c)
{
	const struct config_list *list = &c->turn.user;
	size_t bytes = 1;
	for (size_t i = 0; i < list->count; i++)
		bytes += strlen(list->items[i]) + 1;
	su->users = mem_zalloc((list->count + 1) * sizeof(*su->users));
	su->user_texts = mem_zalloc(bytes);
	if (!su->users || !su->user_texts)
		return -ENOMEM;
	char *at = su->user_texts;
	for (size_t i = 0; i < list->count; i++) {
		strcpy(at, list->items[i]);
		char *colon = strchr(at, ':');
		size_t n = strlen(at) + 1;
		*colon = '\0';
		su->users[i] = (struct turn_user){.name = at, .password = colon + 1};
		at += n;
	}
	su->params.users = su->users;
	su->params.n_users = list->count;
	return 0;
}

static struct turn_limits limits_of(const struct config *c)
{
	return (struct turn_limits){
		.allocations = c->turn.allocations,
		.allocations_per_user = c->turn.allocations_per_user,
		.allocations_per_address = c->turn.allocations_per_address,
		.permissions = c->turn.permissions,
		.channels = c->turn.channels,
		.lifetime_max_s = c->turn.lifetime_s,
		.bytes_per_s = (uint64_t)c->turn.kbytes_per_s * 1000,
		.bytes_per_s_total = (uint64_t)c->turn.total_kbytes_per_s * 1000,
		.unauth_budget_bytes = c->turn.unauth_bytes,
		.unauth_prefixes = c->turn.unauth_prefixes,
	};
}

static int fill(struct setup *su, const struct config *c, bool alone)
{
	struct relay_params *p = &su->params;
	p->port = (uint16_t)c->turn.port;
	p->tls_port = (uint16_t)c->turn.tls_port;
	p->make_tls = config_tls(c) ? make_tls : NULL;
	p->tls_arg = (void *)c;
	p->workers = c->turn.workers;
	p->realm = relay_realm(c, su->realm);
	p->secrets = (const char *const *)c->turn.secret.items;
	p->n_secrets = c->turn.secret.count;
	p->credential_s = c->turn.credential_s;
	p->limits = limits_of(c);
	p->connections = c->turn.connections;
	p->connections_per_address = c->turn.connections_per_address;
	p->stream_queue_bytes = c->turn.stream_queue_bytes;
	p->stream_idle_ms = c->turn.stream_idle_s * 1000;
	int rc = parse_ports(c->turn.relay_ports, &p->port_min, &p->port_max);
	if (rc == 0)
		rc = fill_listen(su, c, alone);
	if (rc == 0)
		rc = fill_peers(su, c);
	return rc ? rc : fill_users(su, c);
}

static void clear(struct setup *su)
{
	mem_free(su->listen);
	mem_free(su->external);
	mem_free(su->allow);
	mem_free(su->users);
	mem_free(su->user_texts);
}

int relay_setup_start(const struct config *c, struct loop *l, bool alone, struct relay **out)
{
	struct setup su = {.params = {.loop = l}};
	int rc = fill(&su, c, alone);
	if (rc == 0)
		rc = relay_start(&su.params, out);
	if (rc < 0)
		log_error("the relay cannot start error=%s", strerror(-rc));
	else
		log_info("relay listening port=%u tls_port=%u workers=%u", c->turn.port,
			 config_tls(c) ? c->turn.tls_port : 0, relay_workers(*out) - 1);
	clear(&su);
	return rc;
}
