/*
 * What each client message does, but `join` and those of hosts, once it is decoded and allowed in the
 * session's state.
 *
 * Whatever can fail (memory, limits) is done before anything changes or anybody is told, so an error always
 * means that nothing has happened. Thread: control loop.
 */
#include "signal/core.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>

/* Held parts are encoded in the output buffer, which is free while a message is being handled. */
static struct sig_out *begin_part(struct signal *s)
{
	buf_clear(&s->out_buf);
	s->out.err = 0;
	return &s->out;
}

int sig_hold_offer(struct signal *s, struct sig_str sdp, struct sig_held **out)
{
	sig_out_str(begin_part(s), sdp.p, sdp.n);
	if (s->out.err)
		return s->out.err;
	struct sig_held *h = sig_held_new(buf_data(&s->out_buf), buf_len(&s->out_buf));
	if (!h)
		return -ENOMEM;
	*out = h;
	return 0;
}

int sig_on_leave(struct sig_session *ss, struct sig_msg *m)
{
	sig_room_leave(ss, SIG_LEFT);
	sig_begin(ss, "left", m->id);
	sig_end(ss);
	return 0;
}

static int hold_item(struct sig_session *ss, const struct sig_msg_signal *sm)
{
	struct signal *s = ss->s;

	if (!ss->held)
		return 0; /* it belongs to an offer that somebody has had who is gone */
	if (ss->held->count >= s->limits.held_candidates)
		return SIG_E_TOO_MANY;
	sig_out_signal_body(begin_part(s), sm);
	if (s->out.err)
		return s->out.err;
	return sig_held_add(ss->held, buf_data(&s->out_buf), buf_len(&s->out_buf));
}

static int hold(struct sig_session *ss, const struct sig_msg_signal *sm)
{
	struct sig_held *held = NULL;

	if (sm->kind == SIG_K_ANSWER)
		return 0; /* to an offer of somebody who is gone */
	if (sm->kind == SIG_K_CANDIDATE || sm->kind == SIG_K_END)
		return hold_item(ss, sm);
	if (sm->kind == SIG_K_OFFER) {
		int rc = sig_hold_offer(ss->s, sm->sdp, &held);
		if (rc)
			return rc;
	}
	sig_held_free(ss->held);
	ss->held = held;
	return 0;
}

/* Who a `signal` is for. Return: 0, with @out NULL if it has to be held; SIG_E_*. */
static int find_target(const struct sig_session *ss, struct sig_msg *m, struct sig_session **out)
{
	const struct sig_room *r = ss->room;
	struct sig_session *target = NULL;

	if (m->signal.to.p) {
		/* Somebody who waits is told nothing about who is in, not even by an error. */
		if (ss->state == SIG_IN)
			target = sig_room_member(r, m->signal.to);
		if (!target || target == ss)
			return SIG_E_NO_PARTICIPANT;
	} else if (ss->state == SIG_IN && r->n_members > 2) {
		/* Candidates of an early offer, which was dropped at the door of this group, may still be on
		 * their way; there is nothing held that they could join. */
		if (m->signal.kind != SIG_K_CANDIDATE && m->signal.kind != SIG_K_END) {
			m->field = "to";
			return SIG_E_BAD_FIELD;
		}
	} else if (ss->state == SIG_IN && r->n_members == 2) {
		struct sig_session *first = SIG_SESSION_OF(r->members.next);
		target = first == ss ? SIG_SESSION_OF(r->members.prev) : first;
	}
	*out = target;
	return 0;
}

int sig_on_signal(struct sig_session *ss, struct sig_msg *m)
{
	struct sig_session *target;
	int rc = find_target(ss, m, &target);

	if (rc)
		return rc;
	if (!target)
		return hold(ss, &m->signal);
	struct sig_out *o = sig_begin(target, "signal", 0);
	SIG_OUT_LIT(o, ",\"from\":\"");
	sig_out_raw(o, ss->pid, SIGNAL_PARTICIPANT_ID_LEN);
	SIG_OUT_LIT(o, "\",");
	sig_out_signal_body(o, &m->signal);
	sig_end(target);
	return 0;
}

int sig_on_media(struct sig_session *ss, struct sig_msg *m)
{
	bool same = ss->media.audio == m->media.audio && ss->media.video == m->media.video;

	ss->media = m->media;
	if (same || ss->state != SIG_IN)
		return 0;
	LIST_FOREACH (node, &ss->room->members) {
		if (SIG_SESSION_OF(node) != ss)
			sig_send_peer_media(SIG_SESSION_OF(node), ss);
	}
	return 0;
}

int sig_on_ice(struct sig_session *ss, struct sig_msg *m)
{
	struct sig_out *o = sig_begin(ss, "ice", m->id);
	int rc = sig_out_ice(ss->s, o, ss->pid);

	if (rc)
		return rc; /* nothing was numbered yet */
	sig_end(ss);
	return 0;
}

int sig_on_ping(struct sig_session *ss, struct sig_msg *m)
{
	struct sig_out *o = sig_begin(ss, "pong", m->id);

	SIG_OUT_LIT(o, ",\"server_time\":");
	sig_out_u64(o, ss->s->now.wall_ms);
	sig_end(ss);
	return 0;
}
