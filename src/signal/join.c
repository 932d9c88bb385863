/*
 * `join`: what a ticket is good for, and where it leads: to one's seat, into the room, or to its door.
 *
 * Knocking is what a stranger may do to a host, so it has budgets: of the address, of the room, and a part of
 * the waiting room. As in handlers.c, all that can fail comes before anything changes. Thread: control loop.
 */
#include "signal/core.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>

#define TICKET_MAX_AGE_MS  UINT64_C(86400000)
#define TICKET_MAX_SKEW_MS UINT64_C(60000) /* by how much a clock may have gone back over a restart */

static struct sig_str pid_of(const struct sig_ticket *t)
{
	return (struct sig_str){t->participant, SIGNAL_PARTICIPANT_ID_LEN};
}

/* A participant is in a room once. */
static bool is_present(const struct sig_room *r, const struct sig_ticket *t)
{
	return r && (sig_room_member(r, pid_of(t)) || sig_room_waiting(r, pid_of(t)));
}

static bool is_alive(const struct sig_session *ss)
{
	return ss->conn && !ss->conn->closing && !ss->closing;
}

/* A ticket of this start (docs/protocol.md, Rooms and consent). Its age says nothing: the room is still
 * there. */
static void judge_present(const struct sig_room *r, const struct sig_session *ss, struct sig_pass *p)
{
	const struct sig_ticket *t = &p->ticket;

	if (!r)
		return;
	struct sig_session *seat = sig_room_member(r, pid_of(t));
	p->first_host = t->host && strcmp(r->first_host, t->participant) == 0;
	bool theirs = seat && (!seat->who.account[0] || strcmp(seat->who.account, ss->who.account) == 0);
	if (theirs && !is_alive(seat)) {
		p->kind = SIG_PASS_SEAT;
		p->seat = seat;
	} else if (p->first_host) {
		p->kind = SIG_PASS_FIRST_HOST;
	}
}

/* A ticket of an earlier start (docs/protocol.md, After a server restart). */
static void judge_earlier(const struct signal *s, const struct sig_room *r, struct sig_pass *p)
{
	const struct sig_ticket *t = &p->ticket;
	uint64_t now = s->now.wall_ms;

	if (s->now.mono_ms - s->start.mono_ms > s->limits.rejoin_ms)
		return;
	if (t->issued_ms > now ? t->issued_ms - now > TICKET_MAX_SKEW_MS
			       : now - t->issued_ms > TICKET_MAX_AGE_MS)
		return;
	if (is_present(r, t) || (r && t->generation < r->generation))
		return;
	p->kind = SIG_PASS_REJOIN;
}

static void judge(const struct sig_session *ss, const struct sig_msg_join *j, const struct sig_room *r,
		  struct sig_pass *p)
{
	const struct signal *s = ss->s;

	p->kind = SIG_PASS_NONE;
	p->first_host = false;
	p->seat = NULL;
	if (!j->ticket.p || sig_ticket_open(j->ticket, s->ticket_key, ss->who.account, &p->ticket) ||
	    strcmp(p->ticket.room, j->room) != 0)
		return;
	if (memcmp(p->ticket.start, s->start_id, sizeof(s->start_id)) == 0)
		judge_present(r, ss, p);
	else
		judge_earlier(s, r, p);
}

/* How many wait in @r who come from where @ss comes from. */
static uint32_t count_neighbours(const struct sig_room *r, const uint8_t *prefix)
{
	uint8_t other[ADDR_PREFIX_BYTES];
	uint32_t count = 0;

	LIST_FOREACH (node, &r->waiting) {
		addr_prefix(&SIG_SESSION_OF(node)->addr, other);
		count += memcmp(prefix, other, sizeof(other)) == 0;
	}
	return count;
}

/* @again_ms: not before. */
static bool may_knock(struct sig_room *r, const struct sig_session *ss, uint64_t again_ms)
{
	struct signal *s = r->s;
	const struct signal_limits *l = &s->limits;
	uint8_t prefix[ADDR_PREFIX_BYTES];

	addr_prefix(&ss->addr, prefix);
	if (r->n_waiting >= l->waiting_per_room ||
	    count_neighbours(r, prefix) >= l->waiting_per_room / 2 + l->waiting_per_room % 2)
		return false;
	if (s->now.mono_ms < again_ms ||
	    (s->now.mono_ms < ss->again_ms && strcmp(ss->refused_at, r->id) == 0))
		return false;
	/* The address's first, so that somebody over theirs takes nothing of the room's. */
	return bucket_table_take(s->knockers, prefix, sizeof(prefix), s->now.mono_ms) &&
	       bucket_take(&r->knocks, 60, l->knocks_per_min, 60 * l->knocks_per_min, s->now.mono_ms);
}

static int check_place(struct sig_room *r, const struct sig_session *ss, const struct sig_msg_join *j,
		       const struct sig_pass *p, bool *wait)
{
	uint32_t members = p->kind == SIG_PASS_REJOIN ? sig_seats_kept(r, &p->ticket) : r->n_members;
	bool asks = p->kind == SIG_PASS_NONE && !sig_is_owner(r, ss);
	uint64_t again_ms = 0;

	*wait = false;
	if (p->kind == SIG_PASS_SEAT)
		return 0;
	int rc = asks ? sig_door_check(r, ss, j->pass) : 0;
	if (rc)
		return rc;
	if (members >= r->s->limits.max_participants)
		return SIG_E_ROOM_FULL;
	/* A room that lasts is nobody's whom its owner has not let in. */
	*wait = asks && (sig_door_removed(r, ss, &again_ms) || (r->knock && (r->host || r->lasting)));
	return *wait && !may_knock(r, ss, again_ms) ? SIG_E_TOO_MANY : 0;
}

static int find_or_make_room(struct signal *s, const char *id, const struct sig_pass *p,
			     struct sig_room **room)
{
	if (*room)
		return 0;
	if (p->kind != SIG_PASS_REJOIN)
		return SIG_E_ROOM_UNKNOWN;
	int rc = sig_room_new(s, id, p->ticket.knock, room);
	if (rc)
		return rc == -ENOSPC ? SIG_E_ROOMS_FULL : rc;
	(*room)->locked = p->ticket.locked;
	(*room)->locked_as_of_ms = p->ticket.issued_ms;
	(*room)->lasting = p->ticket.lasting;
	if (p->ticket.lasting && s->ops->room_made)
		s->ops->room_made(s->arg, id);
	return 0;
}

/* After a restart they are who they were: the ticket carries the name, too. */
static char *copy_name(const struct sig_msg_join *j, const struct sig_pass *p)
{
	return p->kind == SIG_PASS_REJOIN ? mem_strdup(p->ticket.name) : mem_dup(j->name.p, j->name.n);
}

static void enter(struct sig_session *ss, struct sig_room *r, const struct sig_pass *p, uint64_t re)
{
	if (p->kind == SIG_PASS_SEAT) {
		sig_seat_take_over(p, ss, re);
		return;
	}
	if (p->kind == SIG_PASS_REJOIN) {
		sig_seats_review(r, &p->ticket);
		sig_seats_review_lock(r, &p->ticket);
	}
	if (p->kind != SIG_PASS_NONE && !is_present(r, &p->ticket))
		memcpy(ss->pid, p->ticket.participant, sizeof(ss->pid));
	sig_room_enter(r, ss, p->kind == SIG_PASS_NONE ? NULL : p, re);
}

int sig_on_join(struct sig_session *ss, struct sig_msg *m)
{
	struct signal *s = ss->s;
	const struct sig_msg_join *j = &m->join;
	struct sig_room *room = sig_room_find(s, j->room);
	struct sig_held *held = NULL;
	struct sig_pass pass;
	bool wait = false;

	judge(ss, j, room, &pass);
	char *name = copy_name(j, &pass);
	int rc = name ? 0 : -ENOMEM;
	if (!rc && j->offer.p)
		rc = sig_hold_offer(s, j->offer, &held);
	if (!rc)
		rc = find_or_make_room(s, j->room, &pass, &room);
	if (!rc)
		rc = check_place(room, ss, j, &pass, &wait);
	if (rc) {
		sig_held_free(held);
		mem_free(name);
		return rc;
	}
	ss->name = name;
	ss->held = held;
	ss->media = j->media;
	if (wait)
		sig_room_knock(room, ss, m->id);
	else
		enter(ss, room, &pass, m->id);
	return 0;
}
