/*
 * Sessions that are used without a request: somebody in a call has a connection that was let in once, and
 * nothing is asked of the database for it any more.
 *
 * Being in a call is being active, so a session does not become idle by it. It may have ended otherwise: by
 * another process, or because session_max_s is over.
 *
 * Thread: any that may block.
 */
#include "account/inside.h"

#include <string.h>

#define SEEN_EVERY_US (60 * ACCOUNT_US)

struct round {
	const struct accounts *a;
	struct account_live *list;
	size_t n;
	int64_t now_us;
	bool due; /* somebody's seen_us is to move on */
	int64_t seen_us;
	bool found;
};

static int64_t idle_us(const struct round *r)
{
	return (int64_t)r->a->p.session_idle_s * ACCOUNT_US;
}

/* Rarely, and yet before who is in a call would be idle. */
static int64_t seen_every_us(const struct round *r)
{
	int64_t half = idle_us(r) / 2;
	return half < SEEN_EVERY_US ? half : SEEN_EVERY_US;
}

static int on_seen(void *arg, const struct store_value *v, size_t n)
{
	struct round *r = arg;
	r->found = true;
	r->seen_us = v[0].i;
	return 0;
}

static int look(struct store_conn *c, struct round *r, struct account_live *l)
{
	int64_t max_us = (int64_t)r->a->p.session_max_s * ACCOUNT_US;
	r->found = false;
	int rc = store_query(c,
			     "SELECT s.seen_us FROM sessions s JOIN accounts a ON a.id = s.account_id "
			     "WHERE s.id = $1 AND s.account_id = $2 AND s.seen_us > $3 "
			     "AND s.created_us > $4 AND a.disabled = 0",
			     STORE_ARGS(store_text(l->session), store_text(l->account),
					store_int(r->now_us - idle_us(r)), store_int(r->now_us - max_us)),
			     on_seen, r);
	if (rc)
		return rc;
	l->ended = !r->found;
	l->due = r->found && r->now_us - r->seen_us >= seen_every_us(r);
	r->due |= l->due;
	return 0;
}

static int look_all(struct store_conn *c, void *arg)
{
	struct round *r = arg;
	int rc = 0;
	r->due = false;
	for (size_t i = 0; i < r->n && rc == 0; i++)
		rc = look(c, r, &r->list[i]);
	return rc;
}

static int note_all(struct store_conn *c, void *arg)
{
	const struct round *r = arg;
	int rc = 0;
	for (size_t i = 0; i < r->n && rc == 0; i++) {
		if (r->list[i].due)
			rc = store_exec(c, "UPDATE sessions SET seen_us = $2 WHERE id = $1 AND seen_us < $2",
					STORE_ARGS(store_text(r->list[i].session), store_int(r->now_us)),
					NULL);
	}
	return rc;
}

int account_sessions_live(struct accounts *a, struct account_live *list, size_t n, int64_t now_us)
{
	struct round r = {.a = a, .list = list, .n = n, .now_us = now_us};
	int rc = store_read(a->p.store, look_all, &r);
	/* As in account_by_token(): a database that cannot be written to (logged there) signs nobody out. */
	if (rc == 0 && r.due && store_write(a->p.store, note_all, &r))
		r.due = false;
	return rc;
}
