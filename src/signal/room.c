/*
 * Rooms: who is in, who waits, who is host.
 *
 * Consent rests on this file: nothing but sig_room_enter() puts a session among the members, and only members
 * are ever told of each other. The host alone is told of somebody who waits, and only the name.
 *
 * Invariants: a room with members has a host among them. Nobody waits in a room without members. The
 * empty_timer runs if and only if nobody is there at all. Thread: control loop.
 */
#include "signal/core.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static void room_empty(struct wheel_timer *t, uint64_t now_ms)
{
	sig_room_free(CONTAINER_OF(t, struct sig_room, empty_timer));
}

int sig_room_new(struct signal *s, const char *id, bool knock, struct sig_room **out)
{
	if (s->rooms.count >= s->limits.rooms)
		return -ENOSPC;
	struct sig_room *r = mem_zalloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->s = s;
	r->knock = knock;
	list_init(&r->members);
	list_init(&r->waiting);
	memcpy(r->id, id, sizeof(r->id));
	wheel_timer_init(&r->empty_timer, room_empty);
	int rc = map_insert(&s->rooms, &r->node, r->id, SIGNAL_ROOM_ID_LEN);
	if (rc) {
		mem_free(r);
		return rc;
	}
	wheel_start(&s->wheel, &r->empty_timer, s->now.mono_ms + s->limits.room_empty_ms);
	*out = r;
	return 0;
}

struct sig_room *sig_room_free(struct sig_room *r)
{
	assert(list_empty(&r->members) && list_empty(&r->waiting));
	wheel_stop(&r->s->wheel, &r->empty_timer);
	map_remove(&r->s->rooms, &r->node);
	mem_free(r);
	return NULL;
}

struct sig_room *sig_room_find(struct signal *s, const char *id)
{
	struct map_node *node = map_find(&s->rooms, id, SIGNAL_ROOM_ID_LEN);

	return node ? CONTAINER_OF(node, struct sig_room, node) : NULL;
}

static struct sig_session *find_in(const struct list *head, struct sig_str pid)
{
	if (pid.n != SIGNAL_PARTICIPANT_ID_LEN)
		return NULL;
	LIST_FOREACH (node, head) {
		struct sig_session *ss = SIG_SESSION_OF(node);
		if (memcmp(ss->pid, pid.p, pid.n) == 0)
			return ss;
	}
	return NULL;
}

struct sig_session *sig_room_member(const struct sig_room *r, struct sig_str pid)
{
	return find_in(&r->members, pid);
}

struct sig_session *sig_room_waiting(const struct sig_room *r, struct sig_str pid)
{
	return find_in(&r->waiting, pid);
}

bool sig_room_full(const struct sig_room *r)
{
	return r->n_members >= r->s->limits.max_participants;
}

/* The first whose connection is there; if there is none, the first. */
static struct sig_session *foremost(const struct list *head)
{
	LIST_FOREACH (node, head) {
		if (SIG_SESSION_OF(node)->conn)
			return SIG_SESSION_OF(node);
	}
	return list_empty(head) ? NULL : SIG_SESSION_OF(head->next);
}

static void knock_all(struct sig_room *r)
{
	LIST_FOREACH (node, &r->waiting)
		sig_send_knock(r->host, SIG_SESSION_OF(node));
}

void sig_room_wait(struct sig_room *r, struct sig_session *ss, uint64_t re)
{
	struct signal *s = r->s;

	ss->state = SIG_WAITING;
	ss->room = r;
	ss->order = s->next_order++;
	list_append(&r->waiting, &ss->in_room);
	r->n_waiting++;
	wheel_start(&s->wheel, &ss->knock_timer, s->now.mono_ms + s->limits.knock_ms);
	sig_send_waiting(ss, re, false);
	sig_send_knock(r->host, ss);
}

static void stop_waiting(struct sig_session *ss)
{
	assert(ss->state == SIG_WAITING);
	wheel_stop(&ss->s->wheel, &ss->knock_timer);
	list_unlink(&ss->in_room);
	ss->room->n_waiting--;
}

/* Before anybody is told: who is host now that @ss is in. Return: the host before, if that has changed. */
static struct sig_session *claim_host(struct sig_room *r, struct sig_session *ss, const struct sig_ticket *t)
{
	struct sig_session *before = r->host;

	if (before && !(t && t->host && t->issued_ms > r->host_since_ms))
		return NULL;
	r->host = ss;
	if (!t)
		r->host_since_ms = r->s->now.wall_ms;
	else
		r->host_since_ms = t->host ? t->issued_ms : 0;
	return before;
}

/* With two in the room, what one of them has held goes to the other; the newcomer's comes first. */
static void hand_over_held(struct sig_room *r, struct sig_session *newcomer, struct sig_session *other)
{
	if (newcomer->held)
		sig_send_held(other, newcomer);
	else
		sig_send_held(newcomer, other);
	newcomer->held = sig_held_free(newcomer->held);
	other->held = sig_held_free(other->held);
}

static struct sig_session *only_other(const struct sig_room *r, const struct sig_session *ss)
{
	if (r->n_members != 2)
		return NULL;
	struct sig_session *first = SIG_SESSION_OF(r->members.next);
	return first == ss ? SIG_SESSION_OF(r->members.prev) : first;
}

static void tell_entered(struct sig_room *r, struct sig_session *ss, uint64_t re)
{
	struct sig_session *other = only_other(r, ss);

	sig_send_joined(ss, re, false, ss->held ? NULL : other);
	LIST_FOREACH (node, &r->members) {
		struct sig_session *peer = SIG_SESSION_OF(node);
		if (peer != ss)
			sig_send_peer_joined(peer, ss, peer == other);
	}
	if (other)
		hand_over_held(r, ss, other);
	else if (r->n_members > 2)
		ss->held = sig_held_free(ss->held);
}

void sig_room_enter(struct sig_room *r, struct sig_session *ss, const struct sig_ticket *ticket, uint64_t re)
{
	struct signal *s = r->s;

	if (ss->state == SIG_WAITING)
		stop_waiting(ss);
	wheel_stop(&s->wheel, &r->empty_timer);
	ss->state = SIG_IN;
	ss->room = r;
	ss->order = s->next_order++;
	ss->rejoined = ticket;
	list_append(&r->members, &ss->in_room);
	r->n_members++;
	struct sig_session *before = claim_host(r, ss, ticket);
	tell_entered(r, ss, re);
	if (before) {
		LIST_FOREACH (node, &r->members) {
			if (SIG_SESSION_OF(node) != ss)
				sig_send_host(SIG_SESSION_OF(node), ss);
		}
	}
	if (r->host == ss)
		knock_all(r);
}

static void succeed_host(struct sig_room *r)
{
	r->host = foremost(&r->members);
	r->host_since_ms = r->s->now.wall_ms;
	LIST_FOREACH (node, &r->members)
		sig_send_host(SIG_SESSION_OF(node), r->host);
	knock_all(r);
}

static void leave_members(struct sig_session *ss, enum sig_leave reason)
{
	struct sig_room *r = ss->room;

	list_unlink(&ss->in_room);
	r->n_members--;
	LIST_FOREACH (node, &r->members)
		sig_send_peer_left(SIG_SESSION_OF(node), ss, reason);
	if (r->host != ss)
		return;
	r->host = NULL;
	struct sig_session *next = foremost(&r->waiting);
	if (r->n_members > 0)
		succeed_host(r);
	else if (next)
		sig_room_enter(r, next, NULL, 0);
}

void sig_room_leave(struct sig_session *ss, enum sig_leave reason)
{
	struct sig_room *r = ss->room;
	struct signal *s = r->s;

	if (ss->state == SIG_WAITING) {
		stop_waiting(ss);
		sig_send_knock_gone(r->host, ss, "left");
	} else {
		leave_members(ss, reason);
	}
	sig_tell_left(ss);
	sig_session_idle(ss);
	if (r->n_members == 0)
		wheel_start(&s->wheel, &r->empty_timer, s->now.mono_ms + s->limits.room_empty_ms);
}

void sig_room_refuse(struct sig_session *ss, bool by_host)
{
	struct sig_room *r = ss->room;

	stop_waiting(ss);
	sig_send_knock_gone(r->host, ss, by_host ? "refused" : "timeout");
	sig_tell_left(ss);
	sig_session_idle(ss);
	sig_send_refused(ss, r->id, by_host);
}
