/*
 * One message in: decode, hold it against the state, run its handler, answer errors.
 *
 * The order of checks is part of the protocol, because a message that was processed before must be dropped
 * without an answer whatever else is wrong with it. Thread: control loop.
 */
#include "signal/core.h"

enum { IDLE = 1 << SIG_IDLE, WAITING = 1 << SIG_WAITING, IN = 1 << SIG_IN, ANY = IDLE | WAITING | IN };

static const struct {
	unsigned states;
	int (*handle)(struct sig_session *ss, struct sig_msg *m); /* NULL: nothing left to do */
} handlers[SIG_T_COUNT] = {
	[SIG_T_SIGNAL] = {WAITING | IN, sig_on_signal},
	[SIG_T_ACK] = {ANY, NULL},
	[SIG_T_PING] = {ANY, sig_on_ping},
	[SIG_T_MEDIA] = {WAITING | IN, sig_on_media},
	[SIG_T_ICE] = {ANY, sig_on_ice},
	[SIG_T_HELLO] = {0, NULL}, /* first on a connection only */
	[SIG_T_JOIN] = {IDLE, sig_on_join},
	[SIG_T_LEAVE] = {WAITING | IN, sig_on_leave},
	[SIG_T_ADMIT] = {IN, sig_on_admit},
	[SIG_T_REFUSE] = {IN, sig_on_refuse},
	[SIG_T_ROOM_UPDATE] = {IN, sig_on_room_update},
	[SIG_T_REMOVE] = {IN, sig_on_remove},
	[SIG_T_MAKE_HOST] = {IN, sig_on_make_host},
	[SIG_T_END] = {IN, sig_on_end},
	[SIG_T_CLOSING] = {ANY, sig_on_closing},
};

static int before_hello(struct signal_conn *c, struct sig_msg *m)
{
	struct signal *s = c->s;

	if (m->type != SIG_T_HELLO)
		return SIG_E_BAD_STATE;
	int rc = sig_msg_body(&s->doc, m, s->limits.sdp_bytes);
	return rc ? rc : sig_on_hello(c, m);
}

static int take_ack(struct sig_session *ss, struct sig_msg *m)
{
	int rc = sig_msg_ack(&ss->s->doc, m);

	if (rc)
		return rc;
	if (m->ack > ss->seq) {
		m->field = "ack";
		return SIG_E_BAD_FIELD;
	}
	if (m->ack)
		sig_replay_ack(&ss->replay, m->ack);
	return 0;
}

static int in_session(struct sig_session *ss, struct sig_msg *m, int type_rc)
{
	struct signal *s = ss->s;
	bool numbered = m->id && (type_rc || (m->type != SIG_T_ACK && m->type != SIG_T_HELLO));

	if (numbered && m->id <= ss->last_id) {
		/* Sent again and processed before, with its errors; what it acknowledges is news. */
		(void)!take_ack(ss, m);
		return 0;
	}
	if (numbered)
		ss->last_id = m->id;
	if (type_rc)
		return type_rc;
	if (m->type != SIG_T_CLOSING && m->type != SIG_T_ACK)
		sig_session_heard(ss);
	int rc = take_ack(ss, m);
	if (rc)
		return rc;
	if (!(handlers[m->type].states & 1u << ss->state))
		return SIG_E_BAD_STATE;
	rc = sig_msg_body(&s->doc, m, s->limits.sdp_bytes);
	if (rc || !handlers[m->type].handle)
		return rc;
	return handlers[m->type].handle(ss, m);
}

static int parse(struct signal *s, const char *data, size_t n)
{
	/* The socket refuses longer ones; this is for owners that do not. */
	if (n > s->limits.message_bytes)
		return SIG_E_BAD_JSON;
	buf_clear(&s->scratch);
	/* One more: an empty message needs memory to point to, too. */
	int rc = buf_reserve(&s->scratch, n + 1);
	if (rc)
		return rc;
	return sig_json_parse(&s->doc, data, n, (char *)buf_tail(&s->scratch)) ? SIG_E_BAD_JSON : 0;
}

void sig_dispatch(struct signal_conn *c, const char *data, size_t n)
{
	struct signal *s = c->s;
	struct sig_msg m;

	m.type = SIG_T_COUNT;
	m.id = 0;
	m.field = NULL;
	int rc = parse(s, data, n);
	if (!rc)
		rc = sig_msg_id(&s->doc, &m);
	if (!rc) {
		int type_rc = sig_msg_type(&s->doc, &m);
		if (c->session)
			rc = in_session(c->session, &m, type_rc);
		else
			rc = type_rc ? type_rc : before_hello(c, &m);
	}
	if (rc < 0)
		s->stats.failures++;
	if (rc)
		sig_conn_error(c, &m, rc < 0 ? SIG_E_INTERNAL : rc);
}
