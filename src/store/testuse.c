/* Short ways to use a store. */
#include "store/testuse.h"

#include "store/inside.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct use {
	const char *sql;
	const struct store_value *args;
	size_t n;
	int64_t *changed;
	int64_t value;
	unsigned rows;
	char *out;
	size_t size;
};

static int exec(struct store_conn *c, void *arg)
{
	struct use *u = arg;
	return store_exec(c, u->sql, u->args, u->n, u->changed);
}

int use_exec(struct store *s, const char *sql, const struct store_value *args, size_t n, int64_t *changed)
{
	struct use u = {.sql = sql, .args = args, .n = n, .changed = changed};
	return store_write(s, exec, &u);
}

static int row_int(void *arg, const struct store_value *columns, size_t n)
{
	struct use *u = arg;
	u->rows++;
	u->value = columns[0].i;
	return n == 1 && columns[0].type == STORE_INT ? 0 : -EPROTO;
}

static int query_int(struct store_conn *c, void *arg)
{
	struct use *u = arg;
	u->rows = 0;
	int r = store_query(c, u->sql, u->args, u->n, row_int, u);
	return r ? r : u->rows == 1 ? 0 : -EPROTO;
}

int use_int(struct store *s, const char *sql, const struct store_value *args, size_t n, int64_t *out)
{
	struct use u = {.sql = sql, .args = args, .n = n};
	int r = store_read(s, query_int, &u);
	if (r == 0)
		*out = u.value;
	return r;
}

int64_t use_count(struct store *s, const char *sql)
{
	int64_t n = -1;
	assert_int_equal(use_int(s, sql, STORE_NO_ARGS, &n), 0);
	return n;
}

static int row_word(void *arg, const struct store_value *columns, size_t n)
{
	struct use *u = arg;
	size_t at = strlen(u->out);
	int len = snprintf(u->out + at, u->size - at, "%s%s", at ? " " : "",
			   columns[0].type == STORE_TEXT ? columns[0].text : "?");
	return len >= 0 && (size_t)len < u->size - at ? 0 : -EPROTO;
}

static int query_words(struct store_conn *c, void *arg)
{
	struct use *u = arg;
	u->out[0] = '\0';
	return store_query(c, u->sql, STORE_NO_ARGS, row_word, u);
}

const char *use_words(struct store *s, const char *sql, char *out, size_t size)
{
	struct use u = {.sql = sql, .out = out, .size = size};
	assert_int_equal(store_read(s, query_words, &u), 0);
	return out;
}

void use_schema(struct store *s, const char *sql)
{
	assert_int_equal(store_migrate_steps(s, &sql, 1), 0);
}

int64_t use_fill(struct store *s)
{
	static char big[30000];
	memset(big, 'x', sizeof(big));
	for (int64_t id = 0; id < 10000; id++) {
		int r = use_exec(s, USE_INSERT, STORE_ARGS(store_int(id), store_text_n(big, sizeof(big))),
				 NULL);
		if (r == -ENOSPC)
			return id;
		assert_int_equal(r, 0);
	}
	fail_msg("it is never full");
	return 0;
}
