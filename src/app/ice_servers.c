/*
 * STUN servers and TURN servers are two entries, because only the latter has a credential. URLs come from our
 * own configuration, but they are still escaped by jansson. Thread: the control loop's.
 */
#include "app/ice_servers.h"

#include "turn/credential.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static bool needs_credential(const char *url)
{
	return strncmp(url, "turn", 4) == 0;
}

/* The URLs of one kind. Return: a new array; NULL: out of memory. */
static json_t *urls_of_kind(const struct config_list *urls, bool turn)
{
	json_t *list = json_array();
	for (size_t i = 0; list && i < urls->count; i++) {
		if (needs_credential(urls->items[i]) != turn)
			continue;
		if (json_array_append_new(list, json_string(urls->items[i]))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* Adds {"urls": […]} with what is in @credential, if any, to @servers; an empty list adds nothing. */
static int add_entry(json_t *servers, json_t *urls, const struct turn_credential *credential)
{
	if (!urls)
		return -ENOMEM;
	if (json_array_size(urls) == 0) {
		json_decref(urls);
		return 0;
	}
	json_t *entry = credential ? json_pack("{s:o, s:s, s:s}", "urls", urls, "username",
					       credential->username, "credential", credential->password)
				   : json_pack("{s:o}", "urls", urls);
	return entry && json_array_append_new(servers, entry) == 0 ? 0 : -ENOMEM;
}

static int append_text(const char *data, size_t n, void *arg)
{
	return buf_append(arg, data, n);
}

/* ---- our own relay ---- */

void ice_host(const struct config *c, const char *host_header, char out[ICE_HOST_MAX])
{
	const char *host = strstr(c->server.public_url, "://");
	host = host ? host + 3 : host_header ? host_header : "";
	size_t n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
	if (n >= ICE_HOST_MAX || n > strlen(host))
		n = 0;
	memcpy(out, host, n);
	out[n] = '\0';
}

/* Where TLS ends at our own HTTPS port, which the public URL may show under another number. */
static unsigned https_port(const struct config *c)
{
	const char *host = strstr(c->server.public_url, "://");
	if (!host)
		return c->server.https_port;
	host += 3;
	const char *colon = strchr(host[0] == '[' ? host + strcspn(host, "]") : host, ':');
	return colon ? (unsigned)strtoul(colon + 1, NULL, 10) : 443;
}

static int add_url(json_t *list, const char *scheme, const char *host, unsigned port, const char *transport)
{
	return json_array_append_new(list,
				     json_sprintf("%s:%s:%u?transport=%s", scheme, host, port, transport));
}

/* Fastest first: UDP, then what gets through where UDP does not. STUN comes with TURN. */
static json_t *own_urls(const struct config *c, const char *host)
{
	json_t *list = json_array();
	int rc = list ? 0 : -1;
	if (rc == 0 && c->turn.port)
		rc = add_url(list, "turn", host, c->turn.port, "udp") |
		     add_url(list, "turn", host, c->turn.port, "tcp");
	if (rc == 0 && config_tls(c) && c->turn.tls_port)
		rc = add_url(list, "turns", host, c->turn.tls_port, "tcp");
	if (rc == 0 && config_tls(c))
		rc = add_url(list, "turns", host, https_port(c), "tcp");
	if (rc == 0)
		return list;
	json_decref(list);
	return NULL;
}

static int build(const struct config *c, const char *host, const struct turn_credential *credential,
		 json_t *servers)
{
	if (c->turn.urls.count == 0) {
		bool told = c->turn.enabled && host[0] != '\0' && credential;
		return told ? add_entry(servers, own_urls(c, host), credential) : 0;
	}
	int rc = add_entry(servers, urls_of_kind(&c->turn.urls, false), NULL);
	if (rc == 0 && credential)
		rc = add_entry(servers, urls_of_kind(&c->turn.urls, true), credential);
	return rc;
}

int ice_servers_json(const struct config *c, const char *host, const char *participant, uint64_t wall_ms,
		     struct buf *json)
{
	struct turn_credential credential;
	bool turn = c->turn.secret.count > 0;
	if (turn) {
		uint64_t expires_s = wall_ms / 1000 + c->turn.credential_s;
		int rc = turn_credential_make(c->turn.secret.items[0], participant, expires_s, &credential);
		if (rc)
			return rc;
	}
	json_t *servers = json_array();
	if (!servers)
		return -ENOMEM;
	int rc = build(c, host, turn ? &credential : NULL, servers);
	if (rc == 0)
		rc = json_dump_callback(servers, append_text, json, JSON_COMPACT) ? -ENOMEM : 0;
	json_decref(servers);
	return rc;
}
