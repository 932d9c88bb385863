/*
 * The server: who is connected, how many in all and from one address prefix, and the end of it all.
 *
 * Every connection has a slot from accept to its stream's `closed`, through the change to a WebSocket. The
 * table of prefixes holds an entry only while there is a connection from it, so its size is bounded by the
 * limit of connections.
 *
 * Invariants: count is the length of slots; an entry's count is the number of slots that point to it; a
 * server that is dying goes with its last slot. Thread: the loop's.
 */
#include "http/server.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/conn.h"
#include "http/ws_codec.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#define HEAD_BYTES_MAX 65536
#define REFUSED_LOG_MS 10000

struct http_prefix {
	struct map_node node;
	size_t count;
	uint8_t key[ADDR_PREFIX_BYTES];
};

struct http_server *http_server_new(const struct http_server_params *p)
{
	struct http_server *srv = mem_zalloc(sizeof(*srv));
	if (!srv)
		return NULL;
	srv->ws_pool = ws_codec_pool_new();
	if (!srv->ws_pool)
		goto fail;
	srv->params = *p;
	list_init(&srv->slots);
	map_init(&srv->prefixes, p->hash_key);
	buf_init(&srv->head, HEAD_BYTES_MAX);
	return srv;
fail:
	mem_free(srv);
	return NULL;
}

static void destroy(struct http_server *srv)
{
	assert(srv->count == 0 && list_empty(&srv->slots));
	map_deinit(&srv->prefixes);
	buf_deinit(&srv->head);
	ws_codec_pool_free(srv->ws_pool);
	mem_free(srv);
}

struct http_server *http_server_free(struct http_server *srv)
{
	if (!srv)
		return NULL;
	srv->draining = srv->dying = true;
	if (srv->count == 0) {
		destroy(srv);
		return NULL;
	}
	LIST_FOREACH (it, &srv->slots) {
		struct http_slot *slot = LIST_ENTRY(it, struct http_slot, node);
		slot->ops->close(slot);
	}
	return NULL;
}

static void tell_emptied(struct http_server *srv)
{
	if (srv->params.emptied)
		srv->params.emptied(srv->params.arg);
}

void http_server_drain(struct http_server *srv)
{
	srv->draining = true;
	LIST_FOREACH (it, &srv->slots) {
		struct http_slot *slot = LIST_ENTRY(it, struct http_slot, node);
		slot->ops->drain(slot);
	}
	if (srv->count == 0)
		tell_emptied(srv);
}

size_t http_server_count(const struct http_server *srv)
{
	return srv->count;
}

void http_server_get_stats(const struct http_server *srv, struct http_stats *out)
{
	*out = srv->stats;
}

const char *http_server_date(struct http_server *srv)
{
	uint64_t now_s = clock_wall_ms() / 1000;
	if (now_s != srv->date_s) {
		time_t t = (time_t)now_s;
		struct tm tm;
		gmtime_r(&t, &tm);
		/* The C locale's names: nothing here calls setlocale(). */
		strftime(srv->date, sizeof(srv->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		srv->date_s = now_s;
	}
	return srv->date;
}

/* One line for many: a flood of connections is not to become a flood of log lines. */
static void log_refused(struct http_server *srv)
{
	uint64_t now_ms = loop_now_ms(srv->params.loop);
	srv->refused_unlogged++;
	if (srv->logged_ms && now_ms - srv->logged_ms < REFUSED_LOG_MS)
		return;
	log_warn("http connections refused count=%llu open=%zu", (unsigned long long)srv->refused_unlogged,
		 srv->count);
	srv->logged_ms = now_ms;
	srv->refused_unlogged = 0;
}

static struct http_prefix *prefix_find(struct http_server *srv, const uint8_t *key)
{
	struct map_node *node = map_find(&srv->prefixes, key, ADDR_PREFIX_BYTES);
	return node ? CONTAINER_OF(node, struct http_prefix, node) : NULL;
}

static struct http_prefix *prefix_new(struct http_server *srv, const uint8_t *key)
{
	struct http_prefix *prefix = mem_zalloc(sizeof(*prefix));
	if (!prefix)
		return NULL;
	memcpy(prefix->key, key, ADDR_PREFIX_BYTES);
	if (map_insert(&srv->prefixes, &prefix->node, prefix->key, ADDR_PREFIX_BYTES) < 0) {
		mem_free(prefix);
		return NULL;
	}
	return prefix;
}

static void prefix_release(struct http_server *srv, struct http_prefix *prefix)
{
	if (--prefix->count > 0)
		return;
	map_remove(&srv->prefixes, &prefix->node);
	mem_free(prefix);
}

static bool is_proxy(const struct http_server *srv, const struct addr *peer)
{
	return srv->params.is_proxy && srv->params.is_proxy(srv->params.arg, peer);
}

/* Is there room? Counts what it refuses. */
static bool has_room(struct http_server *srv, const struct http_prefix *prefix, const struct addr *peer)
{
	if (srv->draining)
		return false;
	if (srv->count >= srv->params.limits.connections) {
		srv->stats.refused_total++;
	} else if (prefix && prefix->count >= srv->params.limits.connections_per_prefix &&
		   !is_proxy(srv, peer)) {
		srv->stats.refused_prefix++;
	} else {
		return true;
	}
	log_refused(srv);
	return false;
}

/* A place for one more; @slot is uninitialised. */
static bool slot_take(struct http_server *srv, struct http_slot *slot, const struct addr *peer)
{
	uint8_t key[ADDR_PREFIX_BYTES];
	addr_prefix(peer, key);
	struct http_prefix *prefix = prefix_find(srv, key);
	if (!has_room(srv, prefix, peer))
		return false;
	if (!prefix && !(prefix = prefix_new(srv, key)))
		return false;
	*slot = (struct http_slot){.srv = srv, .prefix = prefix};
	list_append(&srv->slots, &slot->node);
	prefix->count++;
	srv->count++;
	return true;
}

void http_slot_move(struct http_slot *to, struct http_slot *from, const struct http_slot_ops *ops)
{
	*to = (struct http_slot){.srv = from->srv, .prefix = from->prefix, .ops = ops};
	/* At the end of the list: draining closes it in the same walk at worst twice, which is harmless. */
	list_append(&from->srv->slots, &to->node);
	list_unlink(&from->node);
	from->prefix = NULL;
}

void http_slot_release(struct http_slot *slot)
{
	struct http_server *srv = slot->srv;
	list_unlink(&slot->node);
	prefix_release(srv, slot->prefix);
	srv->count--;
	if (srv->count > 0)
		return;
	if (srv->dying)
		destroy(srv);
	else if (srv->draining)
		tell_emptied(srv);
}

void http_server_accept(void *server, struct net_stream *s)
{
	struct http_server *srv = server;
	struct http_slot slot;
	if (!slot_take(srv, &slot, net_stream_peer(s))) {
		net_stream_close(s);
		return;
	}
	srv->stats.accepted++;
	if (http_conn_new(&slot, s) < 0) {
		net_stream_close(s);
		http_slot_release(&slot);
	}
}
