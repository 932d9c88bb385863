/*
 * Members' seats: taken over by a ticket of this start, and lost to a ticket of a later generation after a
 * restart. The rest of what happens to a room is in room.c, whose invariants hold here too.
 *
 * Thread: control loop.
 */
#include "signal/core.h"

#include <string.h>

/* @ss becomes, for the room, what @old was. */
static void change_places(struct sig_session *old, struct sig_session *ss)
{
	struct sig_room *r = old->room;

	ss->state = SIG_IN;
	ss->room = r;
	ss->order = old->order;
	ss->came_by = old->came_by;
	ss->rejoined = false;
	memcpy(ss->pid, old->pid, sizeof(ss->pid));
	list_append(&old->in_room, &ss->in_room); /* right before it */
	list_unlink(&old->in_room);
	if (r->host == old)
		r->host = ss;
}

/* Nobody learns of this end: the participant goes on. */
static void end_silently(struct sig_session *old)
{
	struct signal_conn *c = old->conn;

	sig_session_free(old);
	if (c)
		sig_conn_close(c, SIG_CLOSE_REPLACED, "replaced");
}

/* A peer has no `peer.joined` to carry the offer: it comes as `signal`. */
static void hand_over(struct sig_session *ss)
{
	struct sig_session *other = sig_room_only_other(ss->room, ss);

	if (ss->room->n_members < 2)
		return;
	if (other && ss->held) {
		sig_send_held_offer(other, ss);
		sig_send_held(other, ss);
	}
	ss->held = sig_held_free(ss->held);
}

void sig_seat_take_over(const struct sig_pass *pass, struct sig_session *ss, uint64_t re)
{
	struct sig_session *old = pass->seat;
	struct sig_room *r = old->room;
	bool media_same = old->media.audio == ss->media.audio && old->media.video == ss->media.video;

	change_places(old, ss);
	end_silently(old);
	bool claims = r->host != ss && sig_room_outranks(ss, r->host, pass);
	if (claims) {
		r->host = ss;
		r->host_since_ms = r->s->now.wall_ms;
	}
	sig_send_joined(ss, re, false, NULL);
	LIST_FOREACH (node, &r->members) {
		struct sig_session *peer = SIG_SESSION_OF(node);
		if (peer == ss)
			continue;
		sig_send_taken_over(peer, ss);
		if (!media_same)
			sig_send_peer_media(peer, ss);
	}
	hand_over(ss);
	if (claims)
		sig_room_tell_host(r);
	if (r->host == ss)
		sig_room_host_back(r, true);
}

/* Whether @t shows that @ss had left for good when the server was started again. */
static bool must_knock_again(const struct sig_session *ss, const struct sig_ticket *t)
{
	return t->knock && !sig_is_owner(ss->room, ss) && t->generation > ss->room->ticket_generation &&
	       ss->came_by < t->generation;
}

uint32_t sig_seats_kept(const struct sig_room *r, const struct sig_ticket *t)
{
	uint32_t kept = 0;

	LIST_FOREACH (node, &r->members)
		kept += !must_knock_again(SIG_SESSION_OF(node), t);
	return kept;
}

/* From the members to @out. */
static void collect(struct sig_room *r, const struct sig_ticket *t, struct list *out)
{
	LIST_FOREACH (node, &r->members) {
		struct sig_session *ss = SIG_SESSION_OF(node);
		if (!must_knock_again(ss, t)) {
			ss->came_by = ss->came_by < t->generation ? t->generation : ss->came_by;
			continue;
		}
		list_unlink(node);
		list_append(out, node);
		r->n_members--;
		if (r->host == ss) {
			r->host = NULL;
			sig_room_forget_announced(r);
		}
	}
}

static void put_back(struct sig_room *r, struct sig_session *ss)
{
	list_unlink(&ss->in_room);
	LIST_FOREACH (node, &r->members)
		sig_send_peer_left(SIG_SESSION_OF(node), ss, SIG_LEFT);
	if (strcmp(r->first_host, ss->pid) == 0)
		r->first_host[0] = '\0';
	ss->held = sig_held_free(ss->held);
	ss->rejoined = false;
	ss->came_by = SIG_CAME_OTHERWISE;
	sig_room_wait(r, ss);
	sig_send_readmission(ss);
}

void sig_seats_review(struct sig_room *r, const struct sig_ticket *t)
{
	/* Where the owner is known the ticket has nothing to say of the door. */
	bool knock_changed = !r->owner[0] && r->knock != t->knock;
	struct list out;

	if (t->generation <= r->ticket_generation)
		return;
	list_init(&out);
	collect(r, t, &out);
	r->ticket_generation = t->generation;
	if (r->generation < t->generation)
		r->generation = t->generation;
	if (knock_changed)
		r->knock = t->knock;
	LIST_FOREACH (node, &out)
		put_back(r, SIG_SESSION_OF(node));
	if (r->n_members > 0 && !r->host)
		sig_room_succeed_host(r);
	/* What the others hold would be worth nothing after another restart. */
	LIST_FOREACH (node, &r->members) {
		if (knock_changed)
			sig_send_room_updated(SIG_SESSION_OF(node), 0);
		else
			sig_send_ticket(SIG_SESSION_OF(node));
	}
	sig_room_announce(r);
}

/* A member who was away when the host locked the room may be the first to bring it back. */
void sig_seats_review_lock(struct sig_room *r, const struct sig_ticket *t)
{
	if (r->owner[0] || t->issued_ms <= r->locked_as_of_ms)
		return;
	r->locked_as_of_ms = t->issued_ms;
	if (r->locked == t->locked)
		return;
	r->locked = t->locked;
	LIST_FOREACH (node, &r->members)
		sig_send_room_updated(SIG_SESSION_OF(node), 0);
}
