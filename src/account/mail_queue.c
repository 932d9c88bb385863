/*
 * The queue of mail. A row stands for one letter until it has been sent, or given up.
 *
 * A row with an empty template is one that nobody is to get: it is written where a known and an unknown
 * address must leave the same traces, and removed when its turn comes.
 *
 * Taking moves due_us on, so whoever takes a letter has it alone for that time; if they die, it is due again.
 *
 * Thread: any that may block.
 */
#include "account/mail_queue.h"

#include "account/inside.h"
#include "base/mem.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define TAKE_TRIES 8
#define ERROR_MAX  200

static int put_vars(json_t *object, const struct account_letter *l)
{
	for (size_t i = 0; i < ACCOUNT_LETTER_VARS && l->vars[i].name; i++)
		if (json_object_set_new(object, l->vars[i].name, json_string(l->vars[i].value)) != 0)
			return -ENOMEM;
	return 0;
}

static int seal_vars(struct accounts *a, const struct account_letter *l, char **out)
{
	json_t *object = json_object();
	int rc = object ? put_vars(object, l) : -ENOMEM;
	if (rc == 0)
		rc = account_seal_json(a, "mail", object, out);
	json_decref(object);
	return rc;
}

int account_mail_queue(struct accounts *a, struct store_conn *c, const struct account_letter *l,
		       int64_t now_us)
{
	char id[ACCOUNT_ID_LEN + 1], *vars;
	int rc = seal_vars(a, l, &vars);
	if (rc)
		return rc;
	account_id_new(a, id);
	rc = store_exec(c,
			"INSERT INTO mails (id, template, email, language, vars, attempts, due_us, "
			"created_us, error) "
			"VALUES ($1, $2, $3, $4, $5, 0, $6, $6, '')",
			STORE_ARGS(store_text(id), store_text(l->template), store_text(l->email),
				   store_text(l->language ? l->language : ""), store_text(vars),
				   store_int(now_us)),
			NULL);
	mem_free(vars);
	return rc;
}

/* ---- taking ---- */

struct take {
	struct accounts *a;
	int64_t now_us, retry_us;
	char id[ACCOUNT_ID_LEN + 1]; /* "" : none */
	struct account_mail mail;
	bool taken;
};

static int on_due(void *arg, const struct store_value *v, size_t n)
{
	struct take *t = arg;
	return store_column_text(&v[0], t->id, sizeof(t->id));
}

static int on_taken(void *arg, const struct store_value *v, size_t n)
{
	struct take *t = arg;
	struct account_mail *m = &t->mail;
	size_t len;
	if (store_column_text(&v[0], m->template, sizeof(m->template)) ||
	    store_column_text(&v[1], m->email, sizeof(m->email)) ||
	    store_column_text(&v[2], m->language, sizeof(m->language)))
		return -EIO;
	m->attempts = (uint32_t)v[4].i;
	m->created_us = v[5].i;
	memcpy(m->id, t->id, sizeof(m->id));
	t->taken = true;
	/* One that nobody can read any more must not stand in the way of the others. */
	int rc = account_unseal(t->a, "mail", v[3].text, v[3].len, &m->vars, &len);
	return rc == -EIO ? 0 : rc;
}

static int drop_void(struct store_conn *c, int64_t now_us)
{
	return store_exec(c, "DELETE FROM mails WHERE template = '' AND due_us <= $1",
			  STORE_ARGS(store_int(now_us)), NULL);
}

static int find_due(struct store_conn *c, struct take *t)
{
	t->id[0] = '\0';
	return store_query(
		c, "SELECT id FROM mails WHERE due_us <= $1 AND template <> '' ORDER BY due_us, id LIMIT 1",
		STORE_ARGS(store_int(t->now_us)), on_due, t);
}

/* The condition on due_us again: between the two statements another may have taken it. */
static int claim(struct store_conn *c, struct take *t)
{
	return store_query(
		c,
		"UPDATE mails SET due_us = $3, attempts = attempts + 1 WHERE id = $1 AND due_us <= $2 "
		"RETURNING template, email, language, vars, attempts, created_us",
		STORE_ARGS(store_text(t->id), store_int(t->now_us), store_int(t->retry_us)), on_taken, t);
}

static int take(struct store_conn *c, void *arg)
{
	struct take *t = arg;
	account_mail_free(&t->mail);
	t->taken = false;
	int rc = drop_void(c, t->now_us);
	for (int i = 0; rc == 0 && !t->taken && i < TAKE_TRIES; i++) {
		rc = find_due(c, t);
		if (rc == 0 && !t->id[0])
			break;
		if (rc == 0)
			rc = claim(c, t);
	}
	/* Committed in any case: what was void is gone. */
	return rc;
}

int account_mail_take(struct accounts *a, int64_t now_us, int64_t retry_us, struct account_mail *out)
{
	struct take t = {.a = a, .now_us = now_us, .retry_us = retry_us};
	int rc = store_write(a->p.store, take, &t);
	if (rc == 0 && !t.taken)
		rc = ACCOUNT_E_UNKNOWN;
	if (rc)
		account_mail_free(&t.mail);
	else
		*out = t.mail;
	return rc;
}

void account_mail_free(struct account_mail *m)
{
	if (m->vars)
		sodium_memzero(m->vars, strlen(m->vars));
	mem_free(m->vars);
	m->vars = NULL;
}

/* ---- what became of it ---- */

struct outcome {
	const char *id, *error;
	int64_t due_us;
};

static int done(struct store_conn *c, void *arg)
{
	const struct outcome *o = arg;
	return store_exec(c, "DELETE FROM mails WHERE id = $1", STORE_ARGS(store_text(o->id)), NULL);
}

int account_mail_done(struct accounts *a, const char *id)
{
	struct outcome o = {.id = id};
	return store_write(a->p.store, done, &o);
}

static int failed(struct store_conn *c, void *arg)
{
	const struct outcome *o = arg;
	return store_exec(c, "UPDATE mails SET due_us = $2, error = $3 WHERE id = $1",
			  STORE_ARGS(store_text(o->id), store_int(o->due_us), store_text(o->error)), NULL);
}

/* What a server said: any bytes. */
static void clean(const char *error, char out[ERROR_MAX + 1])
{
	size_t n = 0;
	for (; error && *error && n < ERROR_MAX; error++)
		out[n++] = *error >= ' ' && *error <= '~' ? *error : '?';
	out[n] = '\0';
}

int account_mail_failed(struct accounts *a, const char *id, const char *error, int64_t due_us)
{
	char text[ERROR_MAX + 1];
	struct outcome o = {.id = id, .error = text, .due_us = due_us};
	clean(error, text);
	return store_write(a->p.store, due_us ? failed : done, &o);
}

static int on_next(void *arg, const struct store_value *v, size_t n)
{
	int64_t *due_us = arg;
	*due_us = v[0].i;
	return 0;
}

static int next(struct store_conn *c, void *arg)
{
	return store_query(c, "SELECT due_us FROM mails ORDER BY due_us LIMIT 1", STORE_NO_ARGS, on_next,
			   arg);
}

int account_mail_next(struct accounts *a, int64_t *due_us)
{
	int64_t due = INT64_MAX;
	int rc = store_read(a->p.store, next, &due);
	if (rc == 0)
		*due_us = due;
	return rc;
}

static int on_count(void *arg, const struct store_value *v, size_t n)
{
	*(uint64_t *)arg = (uint64_t)v[0].i;
	return 0;
}

static int count(struct store_conn *c, void *arg)
{
	return store_query(c, "SELECT count(*) FROM mails WHERE template <> ''", STORE_NO_ARGS, on_count,
			   arg);
}

int account_mail_count(struct accounts *a, uint64_t *out)
{
	uint64_t n = 0;
	int rc = store_read(a->p.store, count, &n);
	if (rc == 0)
		*out = n;
	return rc;
}
