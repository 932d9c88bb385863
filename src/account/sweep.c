/*
 * Dropping rows that are over. Nothing depends on it: every query asks for the time itself.
 *
 * A bounded number at a time, each kind in a transaction of its own, so that nobody waits long for the
 * writer.
 *
 * Thread: any that may block.
 */
#include "account/inside.h"

#include "base/compiler.h"

struct broom {
	const char *sql;
	int64_t before_us;
	uint32_t limit;
	int64_t dropped;
};

static int sweep(struct store_conn *c, void *arg)
{
	struct broom *b = arg;
	return store_exec(c, b->sql, STORE_ARGS(store_int(b->before_us), store_int(b->limit)), &b->dropped);
}

int account_sweep(struct accounts *a, uint32_t limit, int64_t now_us, bool *more)
{
	/* A session past session_max_s is not used any more, so it is idle soon enough. */
	struct broom brooms[] = {
		{"DELETE FROM sessions WHERE id IN "
		 "(SELECT id FROM sessions WHERE seen_us <= $1 ORDER BY seen_us LIMIT $2)",
		 now_us - (int64_t)a->p.session_idle_s * ACCOUNT_US, limit, 0},
		{"DELETE FROM tokens WHERE hash IN "
		 "(SELECT hash FROM tokens WHERE expires_us <= $1 ORDER BY expires_us LIMIT $2)",
		 now_us, limit, 0},
		{"DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE id <= $1 ORDER BY id LIMIT $2)",
		 now_us - (int64_t)a->p.audit_keep_s * ACCOUNT_US, limit, 0},
	};
	bool full = false;
	for (size_t i = 0; i < ARRAY_LEN(brooms); i++) {
		int rc = store_write(a->p.store, sweep, &brooms[i]);
		if (rc)
			return rc;
		full |= brooms[i].dropped >= limit;
	}
	*more = full;
	return 0;
}
