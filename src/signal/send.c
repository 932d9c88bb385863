/*
 * Numbering, keeping for replay, and handing to the socket.
 *
 * Every message to a session goes through sig_begin() and sig_end(), so there is no way to send one that has
 * no number. A message that cannot be written for want of memory takes its number all the same: what the
 * client then lacks is a gap, which resuming mends, so the connection is closed to make it resume.
 *
 * Thread: control loop.
 */
#include "signal/core.h"

#include <string.h>

struct sig_out *sig_begin_head(struct signal *s, const char *type, uint64_t seq, uint64_t ack, uint64_t re)
{
	struct sig_out *o = &s->out;

	buf_clear(&s->out_buf);
	o->err = 0;
	SIG_OUT_LIT(o, "{\"type\":\"");
	sig_out_raw(o, type, strlen(type));
	SIG_OUT_LIT(o, "\",\"seq\":");
	sig_out_u64(o, seq);
	SIG_OUT_LIT(o, ",\"ack\":");
	sig_out_u64(o, ack);
	if (re) {
		SIG_OUT_LIT(o, ",\"re\":");
		sig_out_u64(o, re);
	}
	return o;
}

struct sig_out *sig_begin(struct sig_session *to, const char *type, uint64_t re)
{
	return sig_begin_head(to->s, type, to->seq + 1, to->last_id, re);
}

void sig_transmit(struct signal_conn *c)
{
	struct signal *s = c->s;

	if (c->closing)
		return;
	s->stats.messages_out++;
	s->ops->send(s->arg, c->user, (const char *)buf_data(&s->out_buf), buf_len(&s->out_buf));
}

void sig_end(struct sig_session *to)
{
	struct signal *s = to->s;

	SIG_OUT_LIT(&s->out, "}");
	to->seq++;
	if (s->out.err) {
		s->stats.failures++;
		sig_replay_ack(&to->replay, to->seq);
		if (to->conn)
			sig_conn_close(to->conn, SIG_CLOSE_FULL, "out of memory");
		return;
	}
	sig_replay_push(&to->replay, to->seq, buf_data(&s->out_buf), buf_len(&s->out_buf),
			s->limits.replay_bytes);
	if (to->conn)
		sig_transmit(to->conn);
}
