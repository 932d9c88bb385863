/*
 * The server messages of docs/protocol.md, one function each; `signal` is in notify_signal.c.
 *
 * Thread: control loop.
 */
#include "signal/core.h"

#include <errno.h>
#include <string.h>

static void out_text(struct sig_out *o, const char *text)
{
	sig_out_str(o, text, strlen(text));
}

static void out_pid(struct sig_out *o, const struct sig_session *who)
{
	SIG_OUT_LIT(o, ",\"participant\":\"");
	sig_out_raw(o, who->pid, SIGNAL_PARTICIPANT_ID_LEN);
	SIG_OUT_LIT(o, "\"");
}

static void out_name_role(struct sig_out *o, const struct sig_session *who)
{
	SIG_OUT_LIT(o, ",\"name\":");
	out_text(o, who->name);
	SIG_OUT_LIT(o, ",\"role\":");
	out_text(o, who->room->host == who ? "host" : "member");
}

static void out_reason(struct sig_out *o, const char *reason)
{
	SIG_OUT_LIT(o, ",\"reason\":");
	out_text(o, reason);
}

static void out_media(struct sig_out *o, const struct sig_session *who)
{
	SIG_OUT_LIT(o, "\"audio\":");
	sig_out_bool(o, who->media.audio);
	SIG_OUT_LIT(o, ",\"video\":");
	sig_out_bool(o, who->media.video);
}

/* The room of @to, as they are to see it. */
static void out_room(struct sig_out *o, const struct sig_session *to)
{
	const struct sig_room *r = to->room;

	SIG_OUT_LIT(o, ",\"room\":{\"id\":");
	out_text(o, r->id);
	SIG_OUT_LIT(o, ",\"knock\":");
	sig_out_bool(o, r->knock);
	SIG_OUT_LIT(o, ",\"locked\":");
	sig_out_bool(o, r->locked);
	SIG_OUT_LIT(o, ",\"lasting\":");
	sig_out_bool(o, r->lasting);
	SIG_OUT_LIT(o, ",\"owner\":");
	sig_out_bool(o, sig_is_owner(r, to));
	SIG_OUT_LIT(o, ",\"max_participants\":");
	sig_out_u64(o, r->s->limits.max_participants);
	if (r->name) {
		SIG_OUT_LIT(o, ",\"name\":");
		out_text(o, r->name);
	}
	SIG_OUT_LIT(o, "}");
}

static void out_account(struct sig_out *o, const struct sig_session *who)
{
	SIG_OUT_LIT(o, ",\"signed_in\":");
	sig_out_bool(o, who->who.account[0]);
	SIG_OUT_LIT(o, ",\"owner\":");
	sig_out_bool(o, sig_is_owner(who->room, who));
}

static void out_ticket(struct sig_out *o, const struct sig_session *ss)
{
	const struct signal *s = ss->s;
	const struct sig_room *r = ss->room;
	char text[SIG_TICKET_LEN_MAX + 1];
	struct sig_ticket t = {
		.issued_ms = s->now.wall_ms,
		.generation = r->generation,
		.host = r->host == ss,
		.knock = r->knock,
		.locked = r->locked,
		.lasting = r->lasting,
		.first_host = strcmp(r->first_host, ss->pid) == 0,
	};

	memcpy(t.start, s->start_id, sizeof(t.start));
	memcpy(t.room, r->id, sizeof(t.room));
	memcpy(t.participant, ss->pid, sizeof(t.participant));
	memcpy(t.name, ss->name, strlen(ss->name));
	size_t n = sig_ticket_seal(&t, s->ticket_key, ss->who.account, text);
	SIG_OUT_LIT(o, ",\"ticket\":\"");
	sig_out_raw(o, text, n);
	SIG_OUT_LIT(o, "\"");
}

/* @peer as @to is to see it. */
static void out_peer(struct sig_out *o, const struct sig_session *to, const struct sig_session *peer,
		     bool with_offer)
{
	SIG_OUT_LIT(o, "{\"participant\":\"");
	sig_out_raw(o, peer->pid, SIGNAL_PARTICIPANT_ID_LEN);
	SIG_OUT_LIT(o, "\"");
	out_name_role(o, peer);
	SIG_OUT_LIT(o, ",\"away\":");
	sig_out_bool(o, !peer->conn);
	out_account(o, peer);
	SIG_OUT_LIT(o, ",\"media\":{");
	out_media(o, peer);
	SIG_OUT_LIT(o, "},\"polite\":");
	sig_out_bool(o, to->order < peer->order);
	if (with_offer && peer->held) {
		SIG_OUT_LIT(o, ",\"offer\":");
		sig_out_raw(o, peer->held->offer, peer->held->offer_len);
	}
	if (to->rejoined && peer->rejoined)
		SIG_OUT_LIT(o, ",\"rejoined\":true");
	SIG_OUT_LIT(o, "}");
}

int sig_out_ice(struct signal *s, struct sig_out *o, const char *pid)
{
	uint32_t expires_s = 0;

	SIG_OUT_LIT(o, ",\"ice_servers\":");
	int rc = o->err ? o->err : s->ops->ice_servers(s->arg, pid, s->now, o->buf, &expires_s);
	if (rc)
		return rc;
	SIG_OUT_LIT(o, ",\"ice_expires_s\":");
	sig_out_u64(o, expires_s);
	return o->err;
}

void sig_send_away(struct sig_session *to, const struct sig_session *who)
{
	struct sig_out *o = sig_begin(to, "peer.away", 0);

	out_pid(o, who);
	SIG_OUT_LIT(o, ",\"closing\":");
	sig_out_bool(o, who->closing);
	sig_end(to);
}

void sig_send_participant(struct sig_session *to, const char *type, const struct sig_session *about)
{
	out_pid(sig_begin(to, type, 0), about);
	sig_end(to);
}

void sig_send_joined(struct sig_session *to, uint64_t re, bool snapshot, const struct sig_session *offering)
{
	struct sig_out *o = sig_begin(to, "joined", re);
	bool first = true;

	if (snapshot)
		SIG_OUT_LIT(o, ",\"snapshot\":true");
	out_room(o, to);
	SIG_OUT_LIT(o, ",\"self\":{\"participant\":\"");
	sig_out_raw(o, to->pid, SIGNAL_PARTICIPANT_ID_LEN);
	SIG_OUT_LIT(o, "\"");
	out_name_role(o, to);
	SIG_OUT_LIT(o, "},\"peers\":[");
	LIST_FOREACH (node, &to->room->members) {
		const struct sig_session *peer = SIG_SESSION_OF(node);
		if (peer == to)
			continue;
		if (!first)
			SIG_OUT_LIT(o, ",");
		first = false;
		out_peer(o, to, peer, peer == offering);
	}
	SIG_OUT_LIT(o, "]");
	out_ticket(o, to);
	sig_end(to);
}

void sig_send_peer_joined(struct sig_session *to, const struct sig_session *peer, bool with_offer)
{
	struct sig_out *o = sig_begin(to, "peer.joined", 0);

	SIG_OUT_LIT(o, ",\"peer\":");
	out_peer(o, to, peer, with_offer);
	sig_end(to);
}

static void send_waiting(struct sig_session *to, uint64_t re, bool snapshot, const char *reason)
{
	struct sig_out *o = sig_begin(to, "waiting", re);

	if (snapshot)
		SIG_OUT_LIT(o, ",\"snapshot\":true");
	SIG_OUT_LIT(o, ",\"room\":{\"id\":");
	out_text(o, to->room->id);
	SIG_OUT_LIT(o, "}");
	out_pid(o, to);
	if (reason)
		out_reason(o, reason);
	sig_end(to);
}

void sig_send_waiting(struct sig_session *to, uint64_t re)
{
	send_waiting(to, re, false, NULL);
}

void sig_send_readmission(struct sig_session *to)
{
	send_waiting(to, 0, false, "readmission");
}

void sig_send_knock(struct sig_session *to, const struct sig_session *who)
{
	struct sig_out *o = sig_begin(to, "knock", 0);

	out_pid(o, who);
	SIG_OUT_LIT(o, ",\"name\":");
	out_text(o, who->name);
	sig_end(to);
}

void sig_send_knock_gone(struct sig_session *to, const struct sig_session *who, const char *reason)
{
	struct sig_out *o = sig_begin(to, "knock.gone", 0);

	out_pid(o, who);
	out_reason(o, reason);
	sig_end(to);
}

void sig_send_peer_left(struct sig_session *to, const struct sig_session *who, enum sig_leave reason)
{
	static const char *const names[] = {
		[SIG_LEFT] = "left", [SIG_TIMEOUT] = "timeout", [SIG_REMOVED] = "removed"};
	struct sig_out *o = sig_begin(to, "peer.left", 0);

	out_pid(o, who);
	out_reason(o, names[reason]);
	sig_end(to);
}

static void send_back(struct sig_session *to, const struct sig_session *who, bool fresh, bool another)
{
	struct sig_out *o = sig_begin(to, "peer.back", 0);

	out_pid(o, who);
	SIG_OUT_LIT(o, ",\"fresh\":");
	sig_out_bool(o, fresh);
	if (another) {
		SIG_OUT_LIT(o, ",\"name\":");
		out_text(o, who->name);
		out_account(o, who);
	}
	sig_end(to);
}

void sig_send_peer_back(struct sig_session *to, const struct sig_session *who, bool fresh)
{
	send_back(to, who, fresh, false);
}

void sig_send_taken_over(struct sig_session *to, const struct sig_session *who)
{
	send_back(to, who, true, true);
}

void sig_send_peer_media(struct sig_session *to, const struct sig_session *who)
{
	struct sig_out *o = sig_begin(to, "peer.media", 0);

	out_pid(o, who);
	SIG_OUT_LIT(o, ",");
	out_media(o, who);
	sig_end(to);
}

void sig_send_out(struct sig_session *to, const struct sig_dismissal *why)
{
	struct sig_out *o = sig_begin(to, why->type, why->re);

	SIG_OUT_LIT(o, ",\"room\":{\"id\":");
	out_text(o, why->room);
	SIG_OUT_LIT(o, "}");
	if (why->reason)
		out_reason(o, why->reason);
	sig_end(to);
}

void sig_send_room_updated(struct sig_session *to, uint64_t re)
{
	struct sig_out *o = sig_begin(to, "room.updated", re);

	out_room(o, to);
	out_ticket(o, to);
	sig_end(to);
}

void sig_send_ticket(struct sig_session *to)
{
	out_ticket(sig_begin(to, "ticket", 0), to);
	sig_end(to);
}

void sig_send_host(struct sig_session *to, const struct sig_session *host)
{
	struct sig_out *o = sig_begin(to, "host", 0);

	out_pid(o, host);
	if (to == host)
		out_ticket(o, to);
	sig_end(to);
}

void sig_send_snapshot(struct sig_session *to)
{
	if (to->state == SIG_IDLE) {
		SIG_OUT_LIT(sig_begin(to, "idle", 0), ",\"snapshot\":true");
		sig_end(to);
	} else if (to->state == SIG_WAITING) {
		send_waiting(to, 0, true, NULL);
	} else {
		sig_send_joined(to, 0, true, NULL);
	}
}
