/*
 * The audit log: who did what to whom.
 *
 * What it tells of people goes when they go: the target of an entry is an account's id, shown as its address
 * only as long as there is one, and the actor's name and address are blanked when the actor is deleted
 * (remove.c). That something was done, and when, stays until audit_keep_s has passed.
 *
 * The id is the time in microseconds, or the next number that is free.
 *
 * Thread: any that may block.
 */
#include "account/inside.h"

#include <errno.h>
#include <string.h>

#define PAGE_MAX 100

static int insert(struct store_conn *c, const struct account_deed *d, int64_t id, int64_t *inserted)
{
	const struct account *actor = d->actor;
	return store_exec(c,
			  "INSERT INTO audit (id, actor_id, actor, action, target, detail, address) "
			  "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING",
			  STORE_ARGS(store_int(id), store_text(actor ? actor->id : ""),
				     store_text(actor ? actor->email : ""), store_text(d->action),
				     store_text(d->target ? d->target : ""),
				     store_text(d->detail ? d->detail : ""),
				     store_text(d->client ? d->client->address : "")),
			  inserted);
}

static int on_max(void *arg, const struct store_value *v, size_t n)
{
	int64_t *max = arg;
	*max = v[0].i;
	return 0;
}

int account_audit_in(struct store_conn *c, const struct account_deed *d, int64_t now_us)
{
	int64_t id = now_us, inserted = 0;
	int rc = insert(c, d, id, &inserted);
	/* In the same microsecond as another: after the last there is. Others may be doing the same, and each
	   round lets one of them through. */
	while (rc == 0 && !inserted) {
		rc = store_query(c, "SELECT MAX(id) FROM audit", STORE_NO_ARGS, on_max, &id);
		if (rc == 0)
			rc = insert(c, d, ++id, &inserted);
	}
	return rc;
}

struct note {
	struct account_deed deed;
	int64_t now_us;
};

static int write_note(struct store_conn *c, void *arg)
{
	const struct note *n = arg;
	return account_audit_in(c, &n->deed, n->now_us);
}

int account_audit(struct accounts *a, const struct account *actor, const char *action, const char *target,
		  const char *detail, const struct account_client *client, int64_t now_us)
{
	struct note n = {
		.deed = {.actor = actor,
			 .action = action,
			 .target = target,
			 .detail = detail,
			 .client = client},
		.now_us = now_us,
	};
	return store_write(a->p.store, write_note, &n);
}

/* ---- reading ---- */

struct page {
	int64_t before;
	uint32_t limit;
	account_event_fn fn;
	void *arg;
};

static int on_event(void *arg, const struct store_value *v, size_t n)
{
	const struct page *p = arg;
	const struct account_event e = {
		.id = v[0].i,
		.actor_id = v[1].text,
		.actor = v[2].text,
		.action = v[3].text,
		.target = v[4].text,
		.detail = v[5].text,
		.address = v[6].text,
	};
	return p->fn(p->arg, &e);
}

static int read_page(struct store_conn *c, void *arg)
{
	const struct page *p = arg;
	return store_query(
		c,
		"SELECT e.id, e.actor_id, e.actor, e.action, COALESCE(t.email, e.target), e.detail, "
		"e.address FROM audit e LEFT JOIN accounts t ON t.id = e.target "
		"WHERE e.id < $1 ORDER BY e.id DESC LIMIT $2",
		STORE_ARGS(store_int(p->before), store_int(p->limit)), on_event, arg);
}

int account_audit_log(struct accounts *a, int64_t before, uint32_t limit, account_event_fn fn, void *arg)
{
	struct page p = {
		.before = before > 0 ? before : INT64_MAX,
		.limit = limit < PAGE_MAX ? limit : PAGE_MAX,
		.fn = fn,
		.arg = arg,
	};
	return store_read(a->p.store, read_page, &p);
}
