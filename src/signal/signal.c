/*
 * The signalling core's face: made, fed, ticked, freed. docs/protocol.md says what it does; core.h shows its
 * state.
 *
 * The way of a message: signal_input → dispatch.c (json.c, message.c) → handlers.c, session.c, room.c →
 * notify.c → send.c → signal_ops.send. All timers lie in one wheel. Thread: control loop.
 */
#include "signal/core.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#define KNOCKERS_SETS 256 /* 2048 addresses; the room's own budget stands behind it */

/* The longest message is a `joined`: an offer, every byte of it escaped, and all peers with their names. */
static size_t out_max(const struct signal_limits *l)
{
	return 8 * l->sdp_bytes + (size_t)1024 * l->max_participants + 65536;
}

int signal_new(const struct signal_params *p, struct signal **out)
{
	struct signal *s = mem_zalloc(sizeof(*s));
	uint8_t hash_key[MAP_HASH_KEY_BYTES];

	if (!s)
		return -ENOMEM;
	p->rand(p->rand_arg, hash_key, sizeof(hash_key));
	s->version = mem_strdup(p->version);
	s->knockers =
		bucket_table_new(KNOCKERS_SETS, p->limits.knocks_per_min, p->limits.knocks_per_min, hash_key);
	if (!s->version || !s->knockers) {
		bucket_table_free(s->knockers);
		mem_free(s->version);
		mem_free(s);
		return -ENOMEM;
	}
	s->limits = p->limits;
	s->ops = p->ops;
	s->arg = p->arg;
	s->rand = p->rand;
	s->rand_arg = p->rand_arg;
	s->knock = p->knock;
	s->start = s->now = p->now;
	memcpy(s->ticket_key, p->ticket_key, sizeof(s->ticket_key));
	crypto_auth(s->pass_key, (const uint8_t *)"pass", 4, s->ticket_key);
	s->rand(s->rand_arg, s->start_id, sizeof(s->start_id));
	map_init(&s->rooms, hash_key);
	map_init(&s->sessions, hash_key);
	list_init(&s->idle_away);
	list_init(&s->unused);
	list_init(&s->accounts_conns);
	list_init(&s->accounts_sessions);
	wheel_init(&s->wheel, p->now.mono_ms);
	buf_init(&s->scratch, p->limits.message_bytes + 1);
	buf_init(&s->out_buf, out_max(&p->limits));
	s->out.buf = &s->out_buf;
	*out = s;
	return 0;
}

/* Without a word to anybody. */
static void drop_sessions(struct signal *s)
{
	struct map_node *node;

	while ((node = map_first(&s->sessions))) {
		struct sig_session *ss = CONTAINER_OF(node, struct sig_session, node);
		list_unlink(&ss->in_room);
		sig_session_free(ss);
	}
}

struct signal *signal_free(struct signal *s)
{
	struct map_node *node;

	if (!s)
		return NULL;
	assert(s->stats.conns == 0);
	drop_sessions(s);
	while ((node = map_first(&s->rooms)))
		sig_room_free(CONTAINER_OF(node, struct sig_room, node));
	map_deinit(&s->rooms);
	map_deinit(&s->sessions);
	wheel_deinit(&s->wheel);
	bucket_table_free(s->knockers);
	buf_deinit(&s->scratch);
	buf_deinit(&s->out_buf);
	sodium_memzero(s->ticket_key, sizeof(s->ticket_key));
	sodium_memzero(s->pass_key, sizeof(s->pass_key));
	mem_free(s->version);
	mem_free(s);
	return NULL;
}

void signal_input(struct signal_conn *c, const char *data, size_t n, struct signal_time now)
{
	struct signal *s = c->s;

	s->now = now;
	if (c->closing)
		return;
	s->stats.messages_in++;
	sig_dispatch(c, data, n);
}

void signal_tick(struct signal *s, struct signal_time now)
{
	s->now = now;
	wheel_advance(&s->wheel, now.mono_ms);
}

uint64_t signal_next_ms(const struct signal *s)
{
	return wheel_next_ms(&s->wheel);
}

void signal_get_stats(const struct signal *s, struct signal_stats *out)
{
	*out = s->stats;
	out->rooms = s->rooms.count;
	out->sessions = s->sessions.count;
}
