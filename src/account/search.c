/*
 * Accounts by the beginning of their address, then by the beginning of their name.
 *
 * Both are ranges of an index in byte order, and a page begins behind the last row of the one before (the
 * cursor is its key), so a page costs the same wherever it is. An account whose address matches is in the
 * first list and left out of the second; that one looks at no more than SCAN rows beyond a page, so a page
 * can be short, or even empty, with more to come: the cursor tells.
 *
 * Thread: any that may block.
 */
#include "account/inside.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PAGE_MAX 100
#define SCAN     100
/* Above every text that begins alike: no name and no address holds this noncharacter. */
#define LAST "\xF4\x8F\xBF\xBF"

enum list { BY_EMAIL = 'e', BY_NAME = 'n' };

struct search {
	char from[ACCOUNT_EMAIL_MAX + 1]; /* what was asked for, as in the index */
	char to[ACCOUNT_EMAIL_MAX + sizeof(LAST)];
	enum list list;
	char after[ACCOUNT_EMAIL_MAX + 1]; /* where the page begins: behind this key, */
	char after_id[ACCOUNT_ID_LEN + 1]; /* and by name this id */
	/* Where it ended. Not the same memory: what is bound must stay as it is while rows come. */
	char last[ACCOUNT_EMAIL_MAX + 1];
	char last_id[ACCOUNT_ID_LEN + 1];
	uint32_t limit, shown, seen;
	bool full;
	account_fn fn;
	void *arg;
};

/* ---- the cursor: 'e' and an address; 'n', an id and a name's key ---- */

static int read_cursor(struct search *s, const char *cursor)
{
	size_t n = strnlen(cursor, ACCOUNT_EMAIL_MAX + 4);
	if (n == 0)
		return 0;
	if (!text_is_utf8((const uint8_t *)cursor, n))
		return -EINVAL;
	if (cursor[0] == BY_EMAIL && n <= ACCOUNT_EMAIL_MAX + 1) {
		memcpy(s->after, cursor + 1, n);
		return 0;
	}
	if (cursor[0] != BY_NAME || n < 1 + ACCOUNT_ID_LEN || n > 1 + ACCOUNT_ID_LEN + ACCOUNT_NAME_BYTES)
		return -EINVAL;
	s->list = BY_NAME;
	memcpy(s->after_id, cursor + 1, ACCOUNT_ID_LEN);
	memcpy(s->after, cursor + 1 + ACCOUNT_ID_LEN, n - ACCOUNT_ID_LEN);
	return text_is_utf8((const uint8_t *)s->after_id, ACCOUNT_ID_LEN) ? 0 : -EINVAL;
}

static void write_cursor(const struct search *s, char *out)
{
	const size_t size = ACCOUNT_EMAIL_MAX + 4;
	if (s->list == BY_EMAIL)
		(void)snprintf(out, size, "%c%s", BY_EMAIL, s->last);
	else
		(void)snprintf(out, size, "%c%s%.*s", BY_NAME, s->last_id, ACCOUNT_NAME_BYTES, s->last);
}

/* ---- the lists ---- */

static int show(struct search *s, const struct account *a)
{
	s->shown++;
	return s->fn(s->arg, a);
}

static int on_email(void *arg, const struct store_value *v, size_t n)
{
	struct search *s = arg;
	struct account a;
	s->seen++;
	if (s->shown == s->limit) {
		s->full = true;
		return 0;
	}
	int rc = account_from_row(v, &a);
	if (rc)
		return rc;
	memcpy(s->last, a.email, sizeof(a.email));
	return show(s, &a);
}

/* Two statements, as only one lower bound may be given: the databases would use either. */
static int by_email(struct search *s, struct store_conn *c)
{
	bool first = s->after[0] == '\0';
	/* One row more than is shown says whether there are more. */
	return store_query(
		c,
		first ? "SELECT " ACCOUNT_COLUMNS " FROM accounts a WHERE a.email >= $1 AND a.email < $2 "
			"ORDER BY a.email LIMIT $3"
		      : "SELECT " ACCOUNT_COLUMNS " FROM accounts a WHERE a.email > $1 AND a.email < $2 "
			"ORDER BY a.email LIMIT $3",
		STORE_ARGS(store_text(first ? s->from : s->after), store_text(s->to),
			   store_int((int64_t)s->limit + 1)),
		on_email, s);
}

static bool shown_by_email(const struct search *s, const struct account *a)
{
	return strncmp(a->email, s->from, strlen(s->from)) == 0;
}

static int on_name(void *arg, const struct store_value *v, size_t n)
{
	struct search *s = arg;
	struct account a;
	s->seen++;
	if (s->shown == s->limit) {
		s->full = true;
		return 0;
	}
	int rc = account_from_row(v, &a);
	if (rc)
		return rc;
	memcpy(s->last_id, a.id, sizeof(a.id));
	rc = store_column_text(&v[ACCOUNT_N_COLUMNS], s->last, sizeof(s->last));
	if (rc)
		return rc;
	return shown_by_email(s, &a) ? 0 : show(s, &a);
}

static int by_name(struct search *s, struct store_conn *c)
{
	const uint32_t scan = s->limit + SCAN;
	s->seen = 0;
	int rc = store_query(
		c,
		"SELECT " ACCOUNT_COLUMNS ", a.name_key FROM accounts a WHERE (a.name_key, a.id) > ($1, $2) "
		"AND a.name_key < $3 ORDER BY a.name_key, a.id LIMIT $4",
		STORE_ARGS(store_text(s->after), store_text(s->after_id), store_text(s->to), store_int(scan)),
		on_name, s);
	s->full = s->full || s->seen == scan;
	return rc;
}

/* The second list, from its beginning. */
static void go_to_names(struct search *s)
{
	s->list = BY_NAME;
	memcpy(s->after, s->from, sizeof(s->from));
	memset(s->after_id, '0', ACCOUNT_ID_LEN); /* before all ids */
	memcpy(s->last, s->after, sizeof(s->after));
	memcpy(s->last_id, s->after_id, sizeof(s->after_id));
}

static int search(struct store_conn *c, void *arg)
{
	struct search *s = arg;
	if (s->list == BY_NAME)
		return by_name(s, c);
	int rc = by_email(s, c);
	/* With nothing asked for, the first list has everybody. */
	if (rc || s->full || !s->from[0])
		return rc;
	go_to_names(s);
	s->full = s->shown == s->limit;
	return s->full ? 0 : by_name(s, c);
}

/* As in the indexes: addresses and names are both in lower case. */
static void make_range(struct search *s, const char *text, size_t len)
{
	char trimmed[ACCOUNT_EMAIL_MAX + 1];
	memcpy(trimmed, text, len);
	trimmed[len] = '\0';
	if (len <= ACCOUNT_NAME_BYTES)
		account_name_key(trimmed, s->from);
	else if (account_check_email(trimmed, s->from, NULL) != 0)
		memcpy(s->from, trimmed, len + 1); /* no name is as long, and no address begins so */
	(void)snprintf(s->to, sizeof(s->to), "%s" LAST, s->from);
}

/* Return: whether anything can match. */
static bool prepare(struct search *s, const struct account_query *q)
{
	const char *text = q->text ? q->text : "", *start = text;
	size_t len = strlen(text);
	if (len > 0 && text_clean_name(text, len, ACCOUNT_EMAIL_MAX, ACCOUNT_EMAIL_MAX, &start, &len) != 0)
		return false;
	make_range(s, start, len);
	return read_cursor(s, q->after ? q->after : "") == 0;
}

int account_search(struct accounts *a, const struct account_query *q, account_fn fn, void *arg, char *next)
{
	struct search s = {.list = BY_EMAIL, .fn = fn, .arg = arg};
	s.limit = q->limit == 0 ? 1 : q->limit < PAGE_MAX ? q->limit : PAGE_MAX;
	if (!prepare(&s, q)) {
		*next = '\0';
		return 0;
	}
	int rc = store_read(a->p.store, search, &s);
	if (rc)
		return rc;
	*next = '\0';
	if (s.full)
		write_cursor(&s, next);
	return 0;
}
