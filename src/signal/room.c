/*
 * Rooms: who is in, who waits, who is host.
 *
 * Consent rests on this file: nothing but sig_room_enter() puts a session among the members, and only members
 * are ever told of each other. The host alone is told of somebody who waits, and only the name.
 *
 * Who waits is admitted by a host, never by absence: when the last member goes they go on waiting.
 *
 * Invariants: a room with members has a host among them. The empty_timer runs if and only if nobody is there
 * at all. A host whose connection is there has been told of everybody who waits; one who is away is told on
 * return, so that knocking cannot overrun the replay buffer. Thread: control loop.
 */
#include "signal/core.h"

#include <assert.h>
#include <string.h>

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

static int rank(const struct sig_room *r, const struct sig_session *ss)
{
	return (ss->conn ? 2 : 0) + (sig_is_owner(r, ss) ? 1 : 0);
}

/* The owner before others, a connection that is there before one that is not, and of equals the first. */
static struct sig_session *foremost(const struct sig_room *r)
{
	struct sig_session *best = SIG_SESSION_OF(r->members.next);

	LIST_FOREACH (node, &r->members) {
		if (rank(r, SIG_SESSION_OF(node)) > rank(r, best))
			best = SIG_SESSION_OF(node);
	}
	return best;
}

/* Tell the host, if there is one to hear it, of those of whom they have not been told. */
void sig_room_announce(struct sig_room *r)
{
	if (!r->host || !r->host->conn || r->host->conn->closing)
		return;
	LIST_FOREACH (node, &r->waiting) {
		struct sig_session *ss = SIG_SESSION_OF(node);
		if (ss->announced)
			continue;
		ss->announced = true;
		sig_send_knock(r->host, ss);
	}
}

/* The host is another one, or has lost what they knew. */
void sig_room_forget_announced(struct sig_room *r)
{
	LIST_FOREACH (node, &r->waiting)
		SIG_SESSION_OF(node)->announced = false;
}

void sig_room_host_back(struct sig_room *r, bool snapshot)
{
	if (snapshot)
		sig_room_forget_announced(r);
	sig_room_announce(r);
}

/* Into the waiting room, without a word to anybody. */
void sig_room_wait(struct sig_room *r, struct sig_session *ss)
{
	struct signal *s = r->s;

	/* A room that lasts may be waited at before anybody is in. */
	wheel_stop(&s->wheel, &r->empty_timer);
	list_unlink(&r->unused);
	ss->state = SIG_WAITING;
	ss->room = r;
	ss->order = s->next_order++;
	list_append(&r->waiting, &ss->in_room);
	r->n_waiting++;
	wheel_start(&s->wheel, &ss->knock_timer, s->now.mono_ms + s->limits.knock_ms);
}

void sig_room_knock(struct sig_room *r, struct sig_session *ss, uint64_t re)
{
	sig_room_wait(r, ss);
	sig_send_waiting(ss, re);
	sig_room_announce(r);
}

/* @gone: what to tell the host, if they know of @ss; NULL: nothing. */
static void stop_waiting(struct sig_session *ss, const char *gone)
{
	assert(ss->state == SIG_WAITING);
	wheel_stop(&ss->s->wheel, &ss->knock_timer);
	list_unlink(&ss->in_room);
	ss->room->n_waiting--;
	if (gone && ss->announced)
		sig_send_knock_gone(ss->room->host, ss, gone);
	ss->announced = false;
}

/* Whether @ss, coming in, is host instead of @host. */
bool sig_room_outranks(const struct sig_session *ss, const struct sig_session *host,
		       const struct sig_pass *pass)
{
	const struct sig_room *r = host->room;

	if (sig_is_owner(r, ss))
		return !sig_is_owner(r, host) || !host->conn;
	if (sig_is_owner(r, host) || !pass)
		return false;
	return pass->first_host || (pass->kind == SIG_PASS_REJOIN && pass->ticket.host &&
				    pass->ticket.issued_ms > r->host_since_ms);
}

/* Before anybody is told: who is host now that @ss is in. Return: the host before, if that has changed. */
static struct sig_session *claim_host(struct sig_room *r, struct sig_session *ss, const struct sig_pass *pass)
{
	struct sig_session *before = r->host;
	const struct sig_ticket *t = pass && pass->kind == SIG_PASS_REJOIN ? &pass->ticket : NULL;

	if (before && !sig_room_outranks(ss, before, pass))
		return NULL;
	r->host = ss;
	if (!t || sig_is_owner(r, ss))
		r->host_since_ms = r->s->now.wall_ms;
	else
		r->host_since_ms = t->host ? t->issued_ms : 0;
	sig_room_forget_announced(r);
	return before;
}

/* Whose room it is: of the first who enters a new one; in one made again after a restart, the ticket says it.
 */
static void note_first_host(struct sig_room *r, const struct sig_session *ss, const struct sig_pass *pass)
{
	bool unused = !list_empty(&r->unused);
	bool rejoin = pass && pass->kind == SIG_PASS_REJOIN;

	list_unlink(&r->unused);
	if (r->lasting)
		return; /* it is the owner's */
	if ((unused && !rejoin) || (pass && pass->first_host) ||
	    (rejoin && pass->ticket.first_host && !r->first_host[0]))
		memcpy(r->first_host, ss->pid, sizeof(r->first_host));
}

/* By whose leave @ss is in: an old ticket's, that of a host who owes their own place to one, or none of
 * these. */
static uint64_t came_by(const struct sig_room *r, const struct sig_session *ss, const struct sig_pass *pass)
{
	if (sig_is_owner(r, ss))
		return SIG_CAME_OTHERWISE;
	if (pass)
		return pass->kind == SIG_PASS_REJOIN ? pass->ticket.generation : SIG_CAME_OTHERWISE;
	return r->host ? r->host->came_by : SIG_CAME_OTHERWISE;
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

struct sig_session *sig_room_only_other(const struct sig_room *r, const struct sig_session *ss)
{
	if (r->n_members != 2)
		return NULL;
	struct sig_session *first = SIG_SESSION_OF(r->members.next);
	return first == ss ? SIG_SESSION_OF(r->members.prev) : first;
}

static void tell_entered(struct sig_room *r, struct sig_session *ss, uint64_t re)
{
	struct sig_session *other = sig_room_only_other(r, ss);

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

/* To all but the host themselves, who has it from `joined`. */
void sig_room_tell_host(struct sig_room *r)
{
	LIST_FOREACH (node, &r->members) {
		if (SIG_SESSION_OF(node) != r->host)
			sig_send_host(SIG_SESSION_OF(node), r->host);
	}
}

void sig_room_enter(struct sig_room *r, struct sig_session *ss, const struct sig_pass *pass, uint64_t re)
{
	struct signal *s = r->s;

	if (ss->state == SIG_WAITING)
		stop_waiting(ss, NULL);
	wheel_stop(&s->wheel, &r->empty_timer);
	ss->state = SIG_IN;
	ss->room = r;
	ss->order = s->next_order++;
	ss->rejoined = pass && pass->kind == SIG_PASS_REJOIN;
	ss->came_by = came_by(r, ss, pass);
	note_first_host(r, ss, pass);
	list_append(&r->members, &ss->in_room);
	if (r->n_members++ == 0)
		r->since_ms = s->now.wall_ms;
	struct sig_session *before = claim_host(r, ss, pass);
	tell_entered(r, ss, re);
	if (before)
		sig_room_tell_host(r);
	if (r->host == ss)
		sig_room_announce(r);
}

static void change_host(struct sig_room *r, struct sig_session *ss)
{
	r->host = ss;
	r->host_since_ms = r->s->now.wall_ms;
	sig_room_forget_announced(r);
	LIST_FOREACH (node, &r->members)
		sig_send_host(SIG_SESSION_OF(node), r->host);
	sig_room_announce(r);
}

void sig_room_make_host(struct sig_room *r, struct sig_session *ss)
{
	struct sig_session *before = r->host;

	change_host(r, ss);
	sig_send_ticket(before);
}

/* There are members, and the host is none of them any more. */
void sig_room_succeed_host(struct sig_room *r)
{
	change_host(r, foremost(r));
}

void sig_room_owner_hosts(struct sig_room *r)
{
	if (!r->host || sig_is_owner(r, r->host))
		return;
	struct sig_session *first = foremost(r);
	if (sig_is_owner(r, first))
		sig_room_make_host(r, first);
}

/* A lock is the owner's, or it is there for those who are in. */
static void members_gone(struct sig_room *r)
{
	r->since_ms = 0;
	r->locked = r->locked && r->lasting;
	if (r->owner[0]) {
		r->knock = r->kept_knock;
		r->locked = r->kept_locked;
	}
}

/* For good: tickets of before are worth less from now on, so those who stay get new ones. */
static void leave_members(struct sig_session *ss, enum sig_leave reason)
{
	struct sig_room *r = ss->room;

	list_unlink(&ss->in_room);
	r->n_members--;
	r->generation++;
	if (r->n_members == 0)
		members_gone(r);
	bool was_host = r->host == ss;
	if (was_host) {
		r->host = NULL;
		sig_room_forget_announced(r);
	}
	LIST_FOREACH (node, &r->members)
		sig_send_peer_left(SIG_SESSION_OF(node), ss, reason);
	if (was_host && r->n_members > 0)
		sig_room_succeed_host(r);
	LIST_FOREACH (node, &r->members) {
		/* A new host has theirs in `host`. */
		if (!was_host || SIG_SESSION_OF(node) != r->host)
			sig_send_ticket(SIG_SESSION_OF(node));
	}
}

static void watch_empty(struct sig_room *r)
{
	if (r->n_members == 0 && r->n_waiting == 0)
		wheel_start(&r->s->wheel, &r->empty_timer, r->s->now.mono_ms + r->s->limits.room_empty_ms);
}

void sig_room_leave(struct sig_session *ss, enum sig_leave reason)
{
	struct sig_room *r = ss->room;

	if (ss->state == SIG_WAITING)
		stop_waiting(ss, "left");
	else
		leave_members(ss, reason);
	sig_tell_left(ss);
	sig_session_idle(ss);
	watch_empty(r);
}

void sig_room_refuse(struct sig_session *ss, bool by_host)
{
	struct sig_room *r = ss->room;

	stop_waiting(ss, by_host ? "refused" : "timeout");
	if (by_host) {
		memcpy(ss->refused_at, r->id, sizeof(ss->refused_at));
		ss->again_ms = r->s->now.mono_ms + r->s->limits.knock_again_ms;
	}
	sig_tell_left(ss);
	sig_session_idle(ss);
	sig_send_out(ss, &(struct sig_dismissal){
				 .type = "refused", .room = r->id, .reason = by_host ? "host" : "timeout"});
	watch_empty(r);
}

void sig_room_dismiss(struct sig_room *r, const struct sig_session *by, uint64_t re, const char *why)
{
	struct list *const heads[] = {&r->members, &r->waiting};
	struct sig_dismissal end = {.type = "ended", .room = r->id, .reason = why};

	r->generation += r->n_members;
	r->n_members = r->n_waiting = 0;
	r->host = NULL;
	members_gone(r);
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		LIST_FOREACH (node, heads[i]) {
			struct sig_session *ss = SIG_SESSION_OF(node);
			sig_tell_left(ss);
			sig_session_idle(ss);
			end.re = ss == by ? re : 0;
			sig_send_out(ss, &end);
		}
	}
	watch_empty(r);
}
