/* Transactions, threads and steps of the schema, on both databases: txn_test sqlite, txn_test postgresql. */
#include "store/inside.h"
#include "store/testkit.h"
#include "store/testuse.h"

#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define SCHEMA                                                                                               \
	"CREATE TABLE counters (id BIGINT PRIMARY KEY, n BIGINT NOT NULL);"                                  \
	"INSERT INTO counters (id, n) VALUES (1, 0), (2, 0)"

static struct store_kit kit;
static struct store *s;

static int open_store(void **state)
{
	store_kit_fresh(&kit);
	s = store_kit_store(&kit, 4, 20000);
	use_schema(s, SCHEMA);
	return 0;
}

static int close_store(void **state)
{
	s = store_free(s);
	return 0;
}

static int add_one(struct store_conn *c, int64_t id)
{
	return store_exec(c, "UPDATE counters SET n = n + 1 WHERE id = $1", STORE_ARGS(store_int(id)), NULL);
}

static int64_t counter(struct store *store, int64_t id)
{
	int64_t n = -1;
	assert_int_equal(
		use_int(store, "SELECT n FROM counters WHERE id = $1", STORE_ARGS(store_int(id)), &n), 0);
	return n;
}

/* ---- one transaction ---- */

static int add_and_return(struct store_conn *c, void *arg)
{
	int r = add_one(c, 1);
	return r ? r : *(int *)arg;
}

static void only_success_commits(void **state)
{
	static const int codes[] = {STORE_E_OWN, STORE_E_OWN + 7, -EIO, -EBUSY};
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		int code = codes[i];
		assert_int_equal(store_write(s, add_and_return, &code), code);
		assert_int_equal(counter(s, 1), 0);
	}
	int code = 0;
	assert_int_equal(store_write(s, add_and_return, &code), 0);
	assert_int_equal(counter(s, 1), 1);
}

static int hide_failure(struct store_conn *c, void *arg)
{
	int *after = arg;
	int r = add_one(c, 1);
	if (r)
		return r;
	r = store_exec(c, "INSERT INTO counters (id, n) VALUES (1, 0)", STORE_NO_ARGS, NULL);
	if (r != STORE_E_UNIQUE)
		return -EPROTO;
	*after = add_one(c, 2);
	return 0;
}

static void a_failed_statement_ends_the_transaction(void **state)
{
	int after = 0;
	assert_int_equal(store_write(s, hide_failure, &after), STORE_E_UNIQUE);
	assert_int_equal(after, STORE_E_UNIQUE);
	assert_int_equal(counter(s, 1), 0);
	assert_int_equal(counter(s, 2), 0);
}

static int write_in_read(struct store_conn *c, void *arg)
{
	return add_one(c, 1);
}

static void a_reader_cannot_write(void **state)
{
	assert_int_equal(store_read(s, write_in_read, NULL), -EIO);
	assert_int_equal(counter(s, 1), 0);
}

static int read_counter(struct store_conn *c, void *arg);

static int row_counter(void *arg, const struct store_value *columns, size_t n)
{
	*(int64_t *)arg = columns[0].i;
	return 0;
}

static int read_counter(struct store_conn *c, void *arg)
{
	return store_query(c, "SELECT n FROM counters WHERE id = 1", STORE_NO_ARGS, row_counter, arg);
}

static int write_and_read(struct store_conn *c, void *arg)
{
	int r = add_one(c, 1);
	return r ? r : read_counter(c, arg);
}

static void a_writer_sees_its_own_work(void **state)
{
	int64_t n = 0;
	assert_int_equal(store_write(s, write_and_read, &n), 0);
	assert_int_equal(n, 1);
}

/* ---- several threads ---- */

static void *write_from_elsewhere(void *arg)
{
	int code = 0;
	*(int *)arg = store_write(s, add_and_return, &code);
	return NULL;
}

struct twice {
	int64_t first, second;
};

static int read_write_read(struct store_conn *c, void *arg)
{
	struct twice *t = arg;
	pthread_t other;
	int wrote = -1;
	int r = read_counter(c, &t->first);
	if (r)
		return r;
	assert_int_equal(pthread_create(&other, NULL, write_from_elsewhere, &wrote), 0);
	pthread_join(other, NULL);
	assert_int_equal(wrote, 0);
	return read_counter(c, &t->second);
}

static void a_reader_sees_one_state_and_holds_nobody_up(void **state)
{
	struct twice t = {-1, -1};
	assert_int_equal(store_read(s, read_write_read, &t), 0);
	assert_int_equal(t.first, 0);
	assert_int_equal(t.second, 0);
	assert_int_equal(counter(s, 1), 1);
}

#define THREADS 8
#define ROUNDS  25

/* Reads, then writes what it makes of that: lost where two do it at once, unless they are kept apart. */
static int read_then_write(struct store_conn *c, void *arg)
{
	int64_t n;
	int r = read_counter(c, &n);
	return r ? r
		 : store_exec(c, "UPDATE counters SET n = $1 WHERE id = 1", STORE_ARGS(store_int(n + 1)),
			      NULL);
}

struct worker {
	pthread_t thread;
	struct store *store;
	unsigned acknowledged, refused, other;
	int64_t last;
	bool backwards;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		int64_t n = 0;
		int r = store_write(w->store, read_then_write, NULL);
		w->acknowledged += r == 0;
		w->refused += r == -EAGAIN;
		w->other += r != 0 && r != -EAGAIN;
		r = store_read(w->store, read_counter, &n);
		w->other += r != 0 && r != -EAGAIN;
		if (r == 0 && n < w->last)
			w->backwards = true;
		if (r == 0)
			w->last = n;
	}
	return NULL;
}

static void writers_do_not_lose_each_others_work(void **state)
{
	struct worker workers[THREADS] = {0};
	unsigned acknowledged = 0;
	struct store *node =
		store_kit_store(&kit, 4, 20000); /* another program, as far as the database knows */
	for (unsigned i = 0; i < THREADS; i++)
		workers[i].store = i & 1 ? s : node;
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		acknowledged += workers[i].acknowledged;
		assert_int_equal(workers[i].other, 0);
		assert_false(workers[i].backwards);
	}
	assert_int_equal(counter(s, 1), acknowledged);
	/* There is time enough for all: nobody starves. */
	assert_int_equal(acknowledged, THREADS * ROUNDS);
	assert_true(store_healthy(s));
	store_free(node);
}

struct hold {
	pthread_barrier_t begun, end;
};

static int hold_transaction(struct store_conn *c, void *arg)
{
	struct hold *h = arg;
	(void)pthread_barrier_wait(&h->begun);
	(void)pthread_barrier_wait(&h->end);
	return 0;
}

static void *hold_read(void *arg)
{
	return store_read(s, hold_transaction, arg) ? arg : NULL;
}

static void who_waits_too_long_for_a_connection_is_told(void **state)
{
	struct hold h;
	pthread_t holders[2];
	int64_t n;
	store_free(s);
	s = store_kit_store(&kit, 2, 50);
	assert_int_equal(pthread_barrier_init(&h.begun, NULL, 3), 0);
	assert_int_equal(pthread_barrier_init(&h.end, NULL, 3), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&holders[i], NULL, hold_read, &h), 0);
	(void)pthread_barrier_wait(&h.begun);
	assert_int_equal(store_read(s, read_counter, &n), -EAGAIN);
	assert_true(store_healthy(s)); /* it is us who are slow */
	(void)pthread_barrier_wait(&h.end);
	for (int i = 0; i < 2; i++) {
		void *failed;
		pthread_join(holders[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(store_read(s, read_counter, &n), 0);
	pthread_barrier_destroy(&h.begun);
	pthread_barrier_destroy(&h.end);
}

static void what_was_written_is_there_for_the_next_process(void **state)
{
	int code = 0;
	assert_int_equal(store_write(s, add_and_return, &code), 0);
	store_free(s);
	s = store_kit_store(&kit, 1, 1000);
	assert_int_equal(counter(s, 1), 1);
}

/* ---- the schema ---- */

static const char *const steps[] = {
	"CREATE TABLE first (id BIGINT PRIMARY KEY); -- a comment; with a semicolon\nINSERT INTO first "
	"VALUES (1);\n",
	"CREATE TABLE second (id BIGINT PRIMARY KEY); INSERT INTO second SELECT id + 1 FROM first;",
	"CREATE TABLE third (id BIGINT PRIMARY KEY);",
};

static void open_empty(unsigned stores, struct store **out)
{
	store_kit_fresh(&kit);
	for (unsigned i = 0; i < stores; i++)
		out[i] = store_kit_store(&kit, 2, 5000);
}

static void the_schema_is_brought_up_step_by_step(void **state)
{
	struct store *m;
	open_empty(1, &m);
	assert_int_equal(store_migrate_steps(m, steps, 1), 0);
	assert_int_equal(use_count(m, "SELECT id FROM first"), 1);
	assert_int_equal(store_migrate_steps(m, steps, 3), 0);
	assert_int_equal(store_migrate_steps(m, steps, 3), 0);
	assert_int_equal(use_count(m, "SELECT id FROM second"), 2);
	assert_int_equal(use_count(m, "SELECT COUNT(*) FROM third"), 0);
	assert_int_equal(use_count(m, "SELECT COUNT(*) FROM schema_version"), 3);
	store_free(m);
}

static void a_newer_schema_is_refused_and_left_alone(void **state)
{
	struct store *m;
	open_empty(1, &m);
	assert_int_equal(store_migrate_steps(m, steps, 3), 0);
	assert_int_equal(store_migrate_steps(m, steps, 2), STORE_E_NEWER);
	assert_int_equal(use_count(m, "SELECT MAX(version) FROM schema_version"), 3);
	assert_int_equal(use_count(m, "SELECT id FROM second"), 2);
	store_free(m);
}

static void a_step_that_fails_leaves_nothing(void **state)
{
	static const char bad[] = "CREATE TABLE half (id BIGINT); INSERT INTO half VALUES (1);"
				  "INSERT INTO no_such_table VALUES (1)";
	const char *const failing[] = {steps[0], bad};
	const char *const repaired[] = {steps[0], steps[1]};
	struct store *m;
	int64_t n;
	open_empty(1, &m);
	assert_int_equal(store_migrate_steps(m, failing, 2), -EIO);
	assert_int_equal(use_count(m, "SELECT MAX(version) FROM schema_version"), 1);
	assert_int_equal(use_int(m, "SELECT COUNT(*) FROM half", STORE_NO_ARGS, &n), -EIO);
	assert_int_equal(store_migrate_steps(m, repaired, 2), 0);
	assert_int_equal(use_count(m, "SELECT id FROM second"), 2);
	store_free(m);
}

#define NODES 4

struct node {
	pthread_t thread;
	pthread_barrier_t *start;
	struct store *store;
	int result;
};

static void *start_node(void *arg)
{
	struct node *n = arg;
	(void)pthread_barrier_wait(n->start);
	n->result = store_migrate_steps(n->store, steps, 3);
	return NULL;
}

static void nodes_may_start_at_once(void **state)
{
	struct store *stores[NODES];
	struct node nodes[NODES];
	pthread_barrier_t start;
	open_empty(NODES, stores);
	assert_int_equal(pthread_barrier_init(&start, NULL, NODES), 0);
	for (unsigned i = 0; i < NODES; i++) {
		nodes[i] = (struct node){.start = &start, .store = stores[i], .result = -1};
		assert_int_equal(pthread_create(&nodes[i].thread, NULL, start_node, &nodes[i]), 0);
	}
	for (unsigned i = 0; i < NODES; i++) {
		pthread_join(nodes[i].thread, NULL);
		assert_int_equal(nodes[i].result, 0);
	}
	assert_int_equal(use_count(stores[0], "SELECT COUNT(*) FROM schema_version"), 3);
	assert_int_equal(use_count(stores[1], "SELECT COUNT(*) FROM first"), 1);
	for (unsigned i = 0; i < NODES; i++)
		store_free(stores[i]);
	pthread_barrier_destroy(&start);
}

static void the_real_schema_works(void **state)
{
	struct store *m;
	open_empty(1, &m);
	assert_int_equal(store_migrate(m), 0);
	assert_int_equal(store_migrate(m), 0);
	assert_int_equal(use_count(m, "SELECT MAX(version) FROM schema_version"), store_schema_version());
	assert_int_equal(use_count(m, "SELECT COUNT(*) FROM accounts"), 0);
	store_free(m);
}

/* ---- memory ---- */

static int everything(int64_t *acknowledged)
{
	struct store *m;
	int code = 0;
	int64_t n;
	struct store_params p = {.url = kit.url, .connections = 2, .wait_ms = 2000, .statement_ms = 10000};
	int r = store_new(&p, &m);
	if (r < 0)
		return r;
	r = store_migrate_steps(m, &(const char *){SCHEMA}, 1);
	if (r == 0)
		r = store_write(m, add_and_return, &code);
	if (r == 0) {
		++*acknowledged;
		r = store_read(m, read_counter, &n);
	}
	store_free(m);
	return r;
}

static void without_memory_nothing_is_lost_or_left(void **state)
{
	uint64_t n = 0;
	int64_t acknowledged = 0;
	store_kit_fresh(&kit);
	for (bool hit = true; hit; n++) {
		mem_fail_after(n);
		int r = everything(&acknowledged);
		hit = mem_fail_hit();
		mem_fail_never();
		assert_int_equal(r, hit ? -ENOMEM : 0);
	}
	assert_in_range(n, 3, 100);
	struct store *m = store_kit_store(&kit, 1, 1000);
	assert_int_equal(counter(m, 1), acknowledged);
	store_free(m);
}

int main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)
	const struct CMUnitTest tests[] = {
		T(only_success_commits),
		T(a_failed_statement_ends_the_transaction),
		T(a_reader_cannot_write),
		T(a_writer_sees_its_own_work),
		T(a_reader_sees_one_state_and_holds_nobody_up),
		T(writers_do_not_lose_each_others_work),
		T(who_waits_too_long_for_a_connection_is_told),
		T(what_was_written_is_there_for_the_next_process),
		cmocka_unit_test(the_schema_is_brought_up_step_by_step),
		cmocka_unit_test(a_newer_schema_is_refused_and_left_alone),
		cmocka_unit_test(a_step_that_fails_leaves_nothing),
		cmocka_unit_test(nodes_may_start_at_once),
		cmocka_unit_test(the_real_schema_works),
		cmocka_unit_test(without_memory_nothing_is_lost_or_left),
	};
	return store_kit_main(&kit, argc, argv, tests, ARRAY_LEN(tests));
}
