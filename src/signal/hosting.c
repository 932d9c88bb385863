/*
 * What a host may do, and nobody else: every handler here asks sig_acts_as_host() first.
 *
 * The one who acts is the participant of the session that speaks; a message can name only whom it is about.
 * As in handlers.c an error means that nothing has happened. Thread: control loop.
 */
#include "signal/core.h"

/* The one who waits, for a host's answer. Return: 0; SIG_E_*. */
static int find_waiting(const struct sig_session *host, const struct sig_msg *m, struct sig_session **out)
{
	if (!sig_acts_as_host(host))
		return SIG_E_NOT_HOST;
	struct sig_session *who = sig_room_waiting(host->room, m->participant);
	if (!who)
		return SIG_E_NO_PARTICIPANT;
	*out = who;
	return 0;
}

int sig_on_admit(struct sig_session *ss, struct sig_msg *m)
{
	struct sig_session *who;
	int rc = find_waiting(ss, m, &who);

	if (rc)
		return rc;
	if (sig_room_full(ss->room))
		return SIG_E_ROOM_FULL;
	sig_room_enter(ss->room, who, NULL, 0);
	return 0;
}

int sig_on_refuse(struct sig_session *ss, struct sig_msg *m)
{
	struct sig_session *who;
	int rc = find_waiting(ss, m, &who);

	if (rc)
		return rc;
	sig_room_refuse(who, true);
	return 0;
}

/* Only the owner's word outlasts the call: who was merely the first to come in decides nothing for good. */
static void keep_door(struct sig_session *ss, const struct sig_msg_door *d)
{
	const struct signal *s = ss->s;
	struct sig_room *r = ss->room;

	if (!sig_is_owner(r, ss))
		return;
	bool knock = d->knock < 0 ? r->kept_knock : d->knock;
	bool locked = d->locked < 0 ? r->kept_locked : d->locked;
	if (knock == r->kept_knock && locked == r->kept_locked)
		return;
	r->kept_knock = knock;
	r->kept_locked = locked;
	if (s->ops->room_changed)
		s->ops->room_changed(s->arg, r->id, knock, locked);
}

int sig_on_room_update(struct sig_session *ss, struct sig_msg *m)
{
	const struct sig_msg_door *d = &m->door;
	struct sig_room *r = ss->room;

	if (!sig_acts_as_host(ss))
		return SIG_E_NOT_HOST;
	r->knock = d->knock < 0 ? r->knock : d->knock;
	r->locked = d->locked < 0 ? r->locked : d->locked;
	r->locked_as_of_ms = ss->s->now.wall_ms;
	LIST_FOREACH (node, &r->members)
		sig_send_room_updated(SIG_SESSION_OF(node), SIG_SESSION_OF(node) == ss ? m->id : 0);
	keep_door(ss, d);
	return 0;
}

int sig_on_remove(struct sig_session *ss, struct sig_msg *m)
{
	struct sig_room *r = ss->room;

	if (!sig_acts_as_host(ss))
		return SIG_E_NOT_HOST;
	struct sig_session *who = sig_room_member(r, m->participant);
	if (!who || who == ss)
		return SIG_E_NO_PARTICIPANT;
	if (sig_is_owner(r, who))
		return SIG_E_NOT_HOST;
	int rc = sig_door_prepare(r);
	if (rc)
		return rc;
	sig_door_remember(r, who);
	if (strcmp(r->first_host, who->pid) == 0)
		r->first_host[0] = '\0';
	sig_room_leave(who, SIG_REMOVED);
	sig_send_out(who, &(struct sig_dismissal){.type = "removed", .room = r->id});
	return 0;
}

int sig_on_make_host(struct sig_session *ss, struct sig_msg *m)
{
	struct sig_room *r = ss->room;

	if (!sig_acts_as_host(ss))
		return SIG_E_NOT_HOST;
	struct sig_session *who = sig_room_member(r, m->participant);
	if (!who)
		return SIG_E_NO_PARTICIPANT;
	if (who == r->host)
		return 0;
	/* The first host's right goes with the role, if it is theirs to give. */
	if (strcmp(r->first_host, ss->pid) == 0)
		memcpy(r->first_host, who->pid, sizeof(r->first_host));
	sig_room_make_host(r, who);
	return 0;
}

int sig_on_end(struct sig_session *ss, struct sig_msg *m)
{
	if (!sig_acts_as_host(ss))
		return SIG_E_NOT_HOST;
	sig_room_dismiss(ss->room, ss, m->id, "host");
	return 0;
}
