/*
 * A WebSocket as the core sees it: from open, through an awaited hello, to closed.
 *
 * Invariant: after close() has been asked for, the conn is silent in both directions until signal_closed().
 * Thread: control loop.
 */
#include "signal/core.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>

/* One row an error code: the only place that knows its name and whether it counts as a bad message. */
static const struct {
	const char *code;
	const char *message;
	bool bad;
} errors[SIG_E_COUNT] = {
	[SIG_E_BAD_JSON] = {"bad_json", "The message is not a JSON object that is accepted here.", true},
	[SIG_E_BAD_TYPE] = {"bad_type", "This type of message is not known.", true},
	[SIG_E_BAD_FIELD] = {"bad_field", "A field is missing or not of its form.", true},
	[SIG_E_BAD_STATE] = {"bad_state", "This message is not allowed now.", true},
	[SIG_E_BAD_SDP] = {"bad_sdp", "The session description is too long or malformed.", true},
	[SIG_E_BAD_CANDIDATE] = {"bad_candidate", "The ICE candidate is malformed.", true},
	[SIG_E_BAD_NAME] = {"bad_name", "This name cannot be shown.", true},
	[SIG_E_ROOM_UNKNOWN] = {"room_unknown", "There is no such room.", true},
	[SIG_E_ROOM_FULL] = {"room_full", "The room is full.", false},
	[SIG_E_ROOMS_FULL] = {"rooms_full", "The server has no place for another room.", false},
	[SIG_E_MEMBERS_ONLY] = {"members_only", "This room is for people with an account.", false},
	[SIG_E_ROOM_LOCKED] = {"room_locked", "The room is locked.", false},
	[SIG_E_PASSWORD_NEEDED] = {"password_needed", "The room has a password.", false},
	[SIG_E_NOT_HOST] = {"not_host", "Only the host may do this.", false},
	[SIG_E_NO_PARTICIPANT] = {"no_participant", "There is no such participant here.", false},
	[SIG_E_TOO_MANY] = {"too_many", "There are too many of these already.", false},
	[SIG_E_SESSION_UNKNOWN] = {"session_unknown", "The session is over.", false},
	[SIG_E_SERVER_FULL] = {"server_full", "The server is full.", false},
	[SIG_E_INTERNAL] = {"internal", "The server has failed; nothing has happened.", false},
};

void sig_conn_close(struct signal_conn *c, int code, const char *reason)
{
	struct signal *s = c->s;

	if (c->closing)
		return;
	c->closing = true;
	wheel_stop(&s->wheel, &c->hello_timer);
	s->ops->close(s->arg, c->user, code, reason);
}

/* What may have crossed a `refused`, `removed` or `ended` is no bad message. */
static bool is_bad(const struct signal_conn *c, const struct sig_msg *m, int code)
{
	if (code == SIG_E_BAD_STATE && c->session && c->session->state == SIG_IDLE)
		return m->type != SIG_T_SIGNAL && m->type != SIG_T_MEDIA && m->type != SIG_T_LEAVE;
	return errors[code].bad;
}

static void out_error(struct sig_out *o, const char *field, int code)
{
	SIG_OUT_LIT(o, ",\"code\":");
	sig_out_str(o, errors[code].code, strlen(errors[code].code));
	SIG_OUT_LIT(o, ",\"message\":");
	sig_out_str(o, errors[code].message, strlen(errors[code].message));
	if (field) {
		SIG_OUT_LIT(o, ",\"field\":");
		sig_out_str(o, field, strlen(field));
	}
}

void sig_conn_error(struct signal_conn *c, const struct sig_msg *m, int code)
{
	struct signal *s = c->s;

	s->stats.errors++;
	if (c->session) {
		out_error(sig_begin(c->session, "error", m->id), m->field, code);
		sig_end(c->session);
	} else {
		out_error(sig_begin_head(s, "error", 0, 0, m->id), m->field, code);
		SIG_OUT_LIT(&s->out, "}");
		if (s->out.err)
			sig_conn_close(c, SIG_CLOSE_FULL, "out of memory");
		else
			sig_transmit(c);
	}
	if (is_bad(c, m, code) && ++c->bad_messages >= s->limits.bad_messages)
		sig_conn_close(c, SIG_CLOSE_POLICY, "too many bad messages");
}

static void hello_late(struct wheel_timer *t, uint64_t now_ms)
{
	sig_conn_close(CONTAINER_OF(t, struct signal_conn, hello_timer), SIG_CLOSE_NO_HELLO, "no hello");
}

int signal_open(struct signal *s, void *user, const struct addr *peer, struct signal_time now,
		struct signal_conn **out)
{
	struct signal_conn *c = mem_zalloc(sizeof(*c));

	s->now = now;
	if (!c)
		return -ENOMEM;
	c->s = s;
	c->user = user;
	c->peer = *peer;
	list_init(&c->of_accounts);
	wheel_timer_init(&c->hello_timer, hello_late);
	wheel_start(&s->wheel, &c->hello_timer, now.mono_ms + s->limits.hello_ms);
	s->stats.conns++;
	*out = c;
	return 0;
}

void signal_identify(struct signal_conn *c, const struct signal_identity *who)
{
	c->who = *who;
	list_unlink(&c->of_accounts);
	if (who->account[0])
		list_append(&c->s->accounts_conns, &c->of_accounts);
}

void signal_closed(struct signal_conn *c, struct signal_time now)
{
	struct signal *s = c->s;

	s->now = now;
	c->closing = true;
	wheel_stop(&s->wheel, &c->hello_timer);
	if (c->session)
		sig_session_lost_conn(c->session);
	list_unlink(&c->of_accounts);
	s->stats.conns--;
	mem_free(c);
}
