/*
 * The schema, brought to this program's version a step at a time.
 *
 * Every step is a transaction of its own that takes the lock, looks at the version and goes one further. So a
 * node that dies in between leaves a version behind, never half of one, and nodes that start together take
 * turns: whoever comes second finds the work done.
 *
 * Thread: any that may block.
 */
#include "store/inside.h"

#include "base/clock.h"
#include "base/log.h"

#include <assert.h>
#include <errno.h>

struct step {
	const char *const *steps;
	unsigned n;
	int64_t version; /* where the database is after it */
	bool stepped;
};

static int row_version(void *arg, const struct store_value *columns, size_t n)
{
	struct step *st = arg;
	if (columns[0].type != STORE_INT)
		return -EIO;
	st->version = columns[0].i;
	return 0;
}

static int one_step(struct store_conn *c, void *arg)
{
	struct step *st = arg;
	st->stepped = false;
	int r = store_exec(c,
			   "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, "
			   "applied_us BIGINT NOT NULL)",
			   STORE_NO_ARGS, NULL);
	if (r == 0)
		r = store_query(c, "SELECT COALESCE(MAX(version), 0) FROM schema_version", STORE_NO_ARGS,
				row_version, st);
	if (r)
		return r;
	if (st->version < 0 || st->version > (int64_t)st->n)
		return STORE_E_NEWER;
	if (st->version == (int64_t)st->n)
		return 0;
	r = c->store->ops->script(c, st->steps[st->version]);
	if (r)
		return r;
	st->version++;
	st->stepped = true;
	return store_exec(c, "INSERT INTO schema_version (version, applied_us) VALUES ($1, $2)",
			  STORE_ARGS(store_int(st->version), store_int((int64_t)clock_wall_ms() * 1000)),
			  NULL);
}

int store_migrate_steps(struct store *s, const char *const *steps, unsigned n)
{
	struct step st = {.steps = steps, .n = n};
	do {
		bool again;
		uint64_t deadline_ms = clock_mono_ms() + STORE_MIGRATE_WAIT_MS;
		int r = store_transact(s, STORE_MIGRATING, deadline_ms, one_step, &st, &again);
		if (again)
			r = -EAGAIN;
		if (r == STORE_E_NEWER)
			log_error("database schema is newer than this program kind=%s schema=%lld known=%u",
				  store_kind(s), (long long)st.version, n);
		if (r)
			return r;
		if (st.stepped)
			log_info("database schema brought up kind=%s version=%lld", store_kind(s),
				 (long long)st.version);
	} while (st.stepped);
	return 0;
}

unsigned store_schema_version(void)
{
	unsigned n = 0;
	while (store_steps[n])
		n++;
	return n;
}

int store_migrate(struct store *s)
{
	return store_migrate_steps(s, store_steps, store_schema_version());
}
