/*
 * `signal`: descriptions and candidates, on their way from one participant to another or to be held.
 *
 * Thread: control loop.
 */
#include "signal/core.h"

static void out_description(struct sig_out *o, const struct sig_msg_signal *m)
{
	static const char *const names[] = {
		[SIG_K_OFFER] = "offer", [SIG_K_ANSWER] = "answer", [SIG_K_ROLLBACK] = "rollback"};

	SIG_OUT_LIT(o, "\"description\":{\"type\":");
	sig_out_str(o, names[m->kind], strlen(names[m->kind]));
	if (m->kind != SIG_K_ROLLBACK) {
		SIG_OUT_LIT(o, ",\"sdp\":");
		sig_out_str(o, m->sdp.p, m->sdp.n);
	}
	SIG_OUT_LIT(o, "}");
}

static void out_string_or_null(struct sig_out *o, struct sig_str s)
{
	if (s.p)
		sig_out_str(o, s.p, s.n);
	else
		SIG_OUT_LIT(o, "null");
}

static void out_candidate(struct sig_out *o, const struct sig_msg_signal *m)
{
	SIG_OUT_LIT(o, "\"candidate\":{\"candidate\":");
	sig_out_str(o, m->candidate.p, m->candidate.n);
	SIG_OUT_LIT(o, ",\"sdpMid\":");
	out_string_or_null(o, m->mid);
	SIG_OUT_LIT(o, ",\"sdpMLineIndex\":");
	if (m->line >= 0)
		sig_out_u64(o, (uint64_t)m->line);
	else
		SIG_OUT_LIT(o, "null");
	SIG_OUT_LIT(o, ",\"usernameFragment\":");
	out_string_or_null(o, m->ufrag);
	SIG_OUT_LIT(o, "}");
}

void sig_out_signal_body(struct sig_out *o, const struct sig_msg_signal *m)
{
	if (m->kind == SIG_K_CANDIDATE) {
		out_candidate(o, m);
	} else if (m->kind == SIG_K_END) {
		SIG_OUT_LIT(o, "\"end_of_candidates\":true");
		if (m->ufrag.p) {
			SIG_OUT_LIT(o, ",\"usernameFragment\":");
			sig_out_str(o, m->ufrag.p, m->ufrag.n);
		}
	} else {
		out_description(o, m);
	}
}

static void out_from(struct sig_out *o, const struct sig_session *from)
{
	SIG_OUT_LIT(o, ",\"from\":\"");
	sig_out_raw(o, from->pid, SIGNAL_PARTICIPANT_ID_LEN);
	SIG_OUT_LIT(o, "\",");
}

void sig_send_held_offer(struct sig_session *to, const struct sig_session *from)
{
	struct sig_out *o = sig_begin(to, "signal", 0);

	out_from(o, from);
	SIG_OUT_LIT(o, "\"description\":{\"type\":\"offer\",\"sdp\":");
	sig_out_raw(o, from->held->offer, from->held->offer_len);
	SIG_OUT_LIT(o, "}");
	sig_end(to);
}

void sig_send_held(struct sig_session *to, const struct sig_session *from)
{
	if (!from->held)
		return;
	for (const struct sig_held_item *item = from->held->first; item; item = item->next) {
		struct sig_out *o = sig_begin(to, "signal", 0);
		out_from(o, from);
		sig_out_raw(o, item->json, item->len);
		sig_end(to);
	}
}
