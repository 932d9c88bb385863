/*
 * Sessions: made by hello, kept over broken connections, resumed, ended.
 *
 * Invariants: the session has a conn, or its gone_timer runs, or both (the page has said that it is closing).
 * It is in signal.idle_away if and only if it has neither conn nor room. Thread: control loop.
 */
#include "signal/core.h"

#include "base/mem.h"
#include "base/text.h"
#include "signal/ids.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#define DRAW_TRIES 4 /* an id drawn twice means that the randomness is broken */

static void refresh_idle_away(struct sig_session *ss)
{
	list_unlink(&ss->idle_away);
	if (!ss->conn && ss->state == SIG_IDLE)
		list_append(&ss->s->idle_away, &ss->idle_away);
}

/* The session is in no room (any more). The next room will know it under another id. */
void sig_session_idle(struct sig_session *ss)
{
	struct signal *s = ss->s;

	wheel_stop(&s->wheel, &ss->knock_timer);
	list_unlink(&ss->in_room);
	ss->state = SIG_IDLE;
	ss->room = NULL;
	mem_free(ss->name);
	ss->name = NULL;
	ss->held = sig_held_free(ss->held);
	ss->rejoined = false;
	ss->announced = false;
	ss->came_by = SIG_CAME_OTHERWISE;
	sig_id_draw(s->rand, s->rand_arg, ss->pid);
	refresh_idle_away(ss);
}

void sig_tell_left(struct sig_session *ss)
{
	const struct signal *s = ss->s;
	if (s->ops->left)
		s->ops->left(s->arg, ss->pid);
}

struct sig_session *sig_session_free(struct sig_session *ss)
{
	struct signal *s = ss->s;

	sig_tell_left(ss);

	if (ss->conn)
		ss->conn->session = NULL;
	wheel_stop(&s->wheel, &ss->gone_timer);
	wheel_stop(&s->wheel, &ss->knock_timer);
	list_unlink(&ss->idle_away);
	list_unlink(&ss->of_accounts);
	sig_replay_ack(&ss->replay, ss->seq);
	sig_held_free(ss->held);
	mem_free(ss->name);
	map_remove(&s->sessions, &ss->node);
	sodium_memzero(ss->token, sizeof(ss->token));
	mem_free(ss);
	return NULL;
}

static void session_end(struct sig_session *ss, enum sig_leave reason, int code, const char *text)
{
	struct signal_conn *c = ss->conn;

	if (ss->room)
		sig_room_leave(ss, reason);
	sig_session_free(ss);
	if (c)
		sig_conn_close(c, code, text);
}

static bool is_signed_out(const struct signal_identity *who, const struct signal_identity *out,
			  const char *keep)
{
	return strcmp(who->account, out->account) == 0 &&
	       (!out->login[0] || strcmp(who->login, out->login) == 0) &&
	       !(keep && strcmp(who->login, keep) == 0);
}

void signal_sign_out(struct signal *s, const char *account, const char *login, const char *keep,
		     struct signal_time now)
{
	struct signal_identity out = {"", ""};

	s->now = now;
	assert(account[0] && strlen(account) < sizeof(out.account) &&
	       (!login || strlen(login) < sizeof(out.login)));
	memcpy(out.account, account, strlen(account));
	if (login)
		memcpy(out.login, login, strlen(login));
	LIST_FOREACH (node, &s->accounts_sessions) {
		struct sig_session *ss = LIST_ENTRY(node, struct sig_session, of_accounts);
		if (is_signed_out(&ss->who, &out, keep))
			session_end(ss, SIG_LEFT, SIG_CLOSE_SIGNED_OUT, "signed out");
	}
	/* Those that have no session yet, too. */
	LIST_FOREACH (node, &s->accounts_conns) {
		struct signal_conn *c = LIST_ENTRY(node, struct signal_conn, of_accounts);
		if (is_signed_out(&c->who, &out, keep))
			sig_conn_close(c, SIG_CLOSE_SIGNED_OUT, "signed out");
	}
}

void signal_identities(const struct signal *s, signal_identity_fn fn, void *arg)
{
	for (const struct list *n = s->accounts_sessions.next; n != &s->accounts_sessions; n = n->next)
		fn(arg, &LIST_ENTRY(n, const struct sig_session, of_accounts)->who);
	for (const struct list *n = s->accounts_conns.next; n != &s->accounts_conns; n = n->next) {
		const struct signal_conn *c = LIST_ENTRY(n, const struct signal_conn, of_accounts);
		if (!c->session && !c->closing)
			fn(arg, &c->who);
	}
}

static void session_gone(struct wheel_timer *t, uint64_t now_ms)
{
	struct sig_session *ss = CONTAINER_OF(t, struct sig_session, gone_timer);

	/* A conn is there still of a page that said it was closing, and whose socket did not. */
	session_end(ss, ss->closing ? SIG_LEFT : SIG_TIMEOUT, SIG_CLOSE_LEFT, "left");
}

static void knock_late(struct wheel_timer *t, uint64_t now_ms)
{
	sig_room_refuse(CONTAINER_OF(t, struct sig_session, knock_timer), false);
}

static int insert_session(struct sig_session *ss)
{
	struct signal *s = ss->s;
	int rc = -EEXIST;

	for (int i = 0; i < DRAW_TRIES && rc == -EEXIST; i++) {
		sig_id_draw(s->rand, s->rand_arg, ss->id);
		rc = map_insert(&s->sessions, &ss->node, ss->id, SIG_SESSION_ID_LEN);
	}
	return rc;
}

static int session_new(struct signal *s, struct sig_session **out)
{
	struct sig_session *ss = mem_zalloc(sizeof(*ss));

	if (!ss)
		return -ENOMEM;
	ss->s = s;
	ss->came_by = SIG_CAME_OTHERWISE;
	list_init(&ss->idle_away);
	list_init(&ss->in_room);
	list_init(&ss->of_accounts);
	wheel_timer_init(&ss->gone_timer, session_gone);
	wheel_timer_init(&ss->knock_timer, knock_late);
	s->rand(s->rand_arg, ss->token, sizeof(ss->token));
	sig_id_draw(s->rand, s->rand_arg, ss->pid);
	int rc = insert_session(ss);
	if (rc) {
		mem_free(ss);
		return rc;
	}
	*out = ss;
	return 0;
}

static void out_limits(struct sig_out *o, const struct signal_limits *l)
{
	SIG_OUT_LIT(o, ",\"resume_s\":");
	sig_out_u64(o, l->resume_ms / 1000);
	SIG_OUT_LIT(o, ",\"limits\":{\"message_bytes\":");
	sig_out_u64(o, l->message_bytes);
	SIG_OUT_LIT(o, ",\"messages_per_s\":");
	sig_out_u64(o, l->messages_per_s);
	SIG_OUT_LIT(o, ",\"sdp_bytes\":");
	sig_out_u64(o, l->sdp_bytes);
	SIG_OUT_LIT(o, ",\"name_chars\":");
	sig_out_u64(o, SIG_NAME_MAX_CHARS);
	SIG_OUT_LIT(o, "}");
}

struct welcome {
	uint64_t re;
	uint64_t seq; /* the last number before those that follow */
	bool resumed;
	bool gap;
};

/* Into the output buffer, to be sent when nothing can fail any more. Return: 0; -errno. */
static int write_welcome(const struct sig_session *ss, const struct welcome *w)
{
	struct signal *s = ss->s;
	struct sig_out *o = sig_begin_head(s, "welcome", w->seq, ss->last_id, w->re);
	char token[SIG_TOKEN_LEN + 1];

	SIG_OUT_LIT(o, ",\"session\":");
	sig_out_str(o, ss->id, SIG_SESSION_ID_LEN);
	SIG_OUT_LIT(o, ",\"token\":");
	text_base64url(ss->token, sizeof(ss->token), token);
	sig_out_str(o, token, SIG_TOKEN_LEN);
	SIG_OUT_LIT(o, ",\"resumed\":");
	sig_out_bool(o, w->resumed);
	SIG_OUT_LIT(o, ",\"gap\":");
	sig_out_bool(o, w->gap);
	SIG_OUT_LIT(o, ",\"last_id\":");
	sig_out_u64(o, ss->last_id);
	SIG_OUT_LIT(o, ",\"server_time\":");
	sig_out_u64(o, s->now.wall_ms);
	out_limits(o, &s->limits);
	SIG_OUT_LIT(o, ",\"version\":");
	sig_out_str(o, s->version, strlen(s->version));
	int rc = sig_out_ice(s, o, ss->pid);
	SIG_OUT_LIT(o, "}");
	return rc ? rc : o->err;
}

static void attach(struct sig_session *ss, struct signal_conn *c)
{
	struct signal_conn *old = ss->conn;

	ss->conn = c;
	ss->addr = c->peer;
	ss->who = c->who;
	list_unlink(&ss->of_accounts);
	if (c->who.account[0])
		list_append(&ss->s->accounts_sessions, &ss->of_accounts);
	ss->closing = false;
	c->session = ss;
	wheel_stop(&ss->s->wheel, &c->hello_timer);
	wheel_stop(&ss->s->wheel, &ss->gone_timer);
	refresh_idle_away(ss);
	if (old) {
		old->session = NULL;
		sig_conn_close(old, SIG_CLOSE_REPLACED, "resumed elsewhere");
	}
}

/* Return: whether there is place for one more session, if need be that of one that nobody may miss. */
static bool make_place(struct signal *s)
{
	if (s->sessions.count < s->limits.sessions)
		return true;
	if (list_empty(&s->idle_away))
		return false;
	sig_session_free(LIST_ENTRY(s->idle_away.next, struct sig_session, idle_away));
	return true;
}

static int hello_new(struct signal_conn *c, const struct sig_msg *m)
{
	struct signal *s = c->s;
	struct sig_session *ss;

	if (!make_place(s)) {
		sig_conn_error(c, m, SIG_E_SERVER_FULL);
		sig_conn_close(c, SIG_CLOSE_FULL, "server full");
		return 0;
	}
	int rc = session_new(s, &ss);
	if (rc)
		return rc;
	rc = write_welcome(ss, &(struct welcome){.re = m->id});
	if (rc) {
		sig_session_free(ss);
		return rc;
	}
	attach(ss, c);
	sig_transmit(c);
	return 0;
}

/* A session that is not there costs the same comparison as a wrong token. */
static struct sig_session *authenticate(struct signal *s, const struct sig_msg_hello *h)
{
	static const uint8_t nobody[SIG_TOKEN_BYTES];
	uint8_t token[SIG_TOKEN_BYTES] = {0};
	struct map_node *node = map_find(&s->sessions, h->session.p, h->session.n);
	struct sig_session *ss = node ? CONTAINER_OF(node, struct sig_session, node) : NULL;

	bool formed = text_unbase64url(h->token.p, h->token.n, token, sizeof(token)) == sizeof(token);
	bool same = text_equal_consttime(token, sizeof(token), ss ? ss->token : nobody, SIG_TOKEN_BYTES);
	return ss && formed && same ? ss : NULL;
}

static void resend(struct sig_session *ss)
{
	struct signal *s = ss->s;

	for (const struct sig_replay_block *b = ss->replay.first; b; b = b->next) {
		s->stats.messages_out++;
		s->ops->send(s->arg, ss->conn->user, b->json, b->len);
	}
}

static void tell_peers(struct sig_session *ss, bool was_away, bool fresh, bool restart)
{
	LIST_FOREACH (node, &ss->room->members) {
		struct sig_session *peer = SIG_SESSION_OF(node);
		if (peer == ss)
			continue;
		if (was_away || fresh)
			sig_send_peer_back(peer, ss, fresh);
		if (restart) {
			sig_send_participant(peer, "ice.restart", ss);
			sig_send_participant(ss, "ice.restart", peer);
		}
	}
}

static int hello_resume(struct signal_conn *c, const struct sig_msg *m)
{
	struct signal *s = c->s;
	const struct sig_msg_hello *h = &m->hello;
	struct sig_session *ss = authenticate(s, h);

	if (!ss || strcmp(ss->who.account, c->who.account) != 0)
		return SIG_E_SESSION_UNKNOWN;
	bool was_away = !ss->conn;
	bool gap = !h->fresh && (h->last_seq > ss->seq || !sig_replay_covers(&ss->replay, h->last_seq));
	bool snapshot = gap || h->fresh;
	bool moved = !addr_same_ip(&ss->addr, &c->peer);
	struct welcome w = {
		.re = m->id, .seq = snapshot ? ss->seq : h->last_seq, .resumed = true, .gap = gap};

	int rc = write_welcome(ss, &w);
	if (rc)
		return rc;
	attach(ss, c);
	sig_transmit(c);
	sig_replay_ack(&ss->replay, w.seq);
	if (h->fresh) {
		ss->held = sig_held_free(ss->held);
		ss->rejoined = false;
	}
	if (snapshot)
		sig_send_snapshot(ss);
	else
		resend(ss);
	if (ss->state == SIG_IN && ss->room->host == ss)
		sig_room_host_back(ss->room, snapshot);
	if (ss->state == SIG_IN)
		tell_peers(ss, was_away, h->fresh, !h->fresh && (gap || moved));
	s->stats.resumes++;
	return 0;
}

int sig_on_hello(struct signal_conn *c, const struct sig_msg *m)
{
	return m->hello.resume ? hello_resume(c, m) : hello_new(c, m);
}

void sig_session_heard(struct sig_session *ss)
{
	if (!ss->closing)
		return;
	ss->closing = false;
	wheel_stop(&ss->s->wheel, &ss->gone_timer);
}

int sig_on_closing(struct sig_session *ss, struct sig_msg *m)
{
	struct signal *s = ss->s;

	if (!ss->closing)
		wheel_start(&s->wheel, &ss->gone_timer, s->now.mono_ms + s->limits.reload_ms);
	ss->closing = true;
	return 0;
}

void sig_session_lost_conn(struct sig_session *ss)
{
	struct signal *s = ss->s;

	ss->conn = NULL;
	if (!ss->closing)
		wheel_start(&s->wheel, &ss->gone_timer, s->now.mono_ms + s->limits.resume_ms);
	refresh_idle_away(ss);
	if (ss->state != SIG_IN)
		return;
	LIST_FOREACH (node, &ss->room->members) {
		struct sig_session *peer = SIG_SESSION_OF(node);
		if (peer != ss)
			sig_send_away(peer, ss);
	}
}
