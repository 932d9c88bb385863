/* The contract of store.h, held against both databases: contract_test sqlite, contract_test postgresql. */
#include "store/inside.h"
#include "store/testkit.h"
#include "store/testuse.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SCHEMA                                                                                               \
	"CREATE TABLE things (id BIGINT PRIMARY KEY, word TEXT COLLATE \"binary\" NOT NULL UNIQUE,"          \
	" note TEXT, number BIGINT);"                                                                        \
	"CREATE TABLE parts (thing BIGINT NOT NULL REFERENCES things (id) ON DELETE CASCADE, name TEXT)"

#define INSERT "INSERT INTO things (id, word, note, number) VALUES ($1, $2, $3, $4)"

static struct store_kit kit;
static struct store *s;

static int open_store(void **state)
{
	store_kit_fresh(&kit);
	s = store_kit_store(&kit, 4, 5000);
	use_schema(s, SCHEMA);
	return 0;
}

static int close_store(void **state)
{
	s = store_free(s);
	return 0;
}

static int insert(int64_t id, const char *word, struct store_value note, struct store_value number)
{
	return use_exec(s, INSERT, STORE_ARGS(store_int(id), store_text(word), note, number), NULL);
}

static int64_t things(void)
{
	return use_count(s, "SELECT COUNT(*) FROM things");
}

/* ---- values ---- */

struct kept {
	struct store_value note, number;
	char text[64];
	size_t rows;
};

static int row_keep(void *arg, const struct store_value *columns, size_t n)
{
	struct kept *k = arg;
	assert_int_equal(n, 2);
	k->note = columns[0];
	k->number = columns[1];
	k->rows++;
	if (columns[0].type == STORE_TEXT)
		assert_int_equal(columns[0].text[columns[0].len], '\0');
	return store_column_text(&columns[0], k->text, sizeof(k->text));
}

static int read_thing(struct store_conn *c, void *arg)
{
	struct kept *k = arg;
	k->rows = 0;
	return store_query(c, "SELECT note, number FROM things WHERE id = 1", STORE_NO_ARGS, row_keep, k);
}

static struct kept round_trip(struct store_value note, struct store_value number)
{
	struct kept k = {0};
	assert_int_equal(use_exec(s, "DELETE FROM things", STORE_NO_ARGS, NULL), 0);
	assert_int_equal(insert(1, "w", note, number), 0);
	assert_int_equal(store_read(s, read_thing, &k), 0);
	assert_int_equal(k.rows, 1);
	return k;
}

static void values_come_back_as_they_were(void **state)
{
	static const int64_t numbers[] = {0, 1, -1, 1731000000000000, INT64_MAX, INT64_MIN};
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		struct kept k = round_trip(store_null(), store_int(numbers[i]));
		assert_int_equal(k.number.type, STORE_INT);
		assert_true(k.number.i == numbers[i]);
		assert_int_equal(k.note.type, STORE_NULL);
		assert_string_equal(k.text, "");
	}
	static const char *const texts[] = {
		"",     "Ada", "né 🦉 \u202e", "'; DROP TABLE things; --", "\\x41 \\ \" % _",
		"0012", " 7 ", "\x01\n\t"};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct kept k = round_trip(store_text(texts[i]), store_null());
		assert_int_equal(k.note.type, STORE_TEXT);
		assert_string_equal(k.text, texts[i]);
		assert_int_equal(k.number.type, STORE_NULL);
	}
	assert_string_equal(round_trip(store_text_n("longer", 4), store_null()).text, "long");
	assert_int_equal(round_trip(store_text(NULL), store_null()).note.type, STORE_NULL);
}

static void long_text_is_kept(void **state)
{
	size_t n = 300000;
	char *text = test_malloc(n + 1);
	for (size_t i = 0; i < n; i++)
		text[i] = (char)('a' + i * i % 23);
	text[n] = '\0';
	assert_int_equal(insert(1, "w", store_text(text), store_null()), 0);
	int64_t same = 0;
	assert_int_equal(use_int(s, "SELECT COUNT(*) FROM things WHERE note = $1 AND LENGTH(note) = 300000",
				 STORE_ARGS(store_text(text)), &same),
			 0);
	assert_int_equal(same, 1);
	test_free(text);
}

static void what_is_no_text_is_refused(void **state)
{
	assert_int_equal(insert(1, "a", store_text("\xff"), store_null()), -EINVAL);
	assert_int_equal(insert(1, "a", store_text("\xed\xa0\x80"), store_null()), -EINVAL);
	assert_int_equal(insert(1, "a", store_text_n("a\0b", 3), store_null()), -EINVAL);
	assert_int_equal(things(), 0);
	assert_true(store_healthy(s));
}

static void a_column_that_does_not_fit_is_an_error(void **state)
{
	char out[4] = "abc";
	struct store_value v = store_text("four");
	assert_int_equal(store_column_text(&v, out, sizeof(out)), -EIO);
	v = store_int(4);
	assert_int_equal(store_column_text(&v, out, sizeof(out)), -EIO);
	assert_string_equal(out, "abc");
	v = store_text("for");
	assert_int_equal(store_column_text(&v, out, sizeof(out)), 0);
	assert_string_equal(out, "for");
	v = store_null();
	assert_int_equal(store_column_text(&v, out, sizeof(out)), 0);
	assert_string_equal(out, "");
}

/* ---- arguments ---- */

static void arguments_go_where_their_numbers_say(void **state)
{
	assert_int_equal(use_exec(s, "INSERT INTO things (word, number, id, note) VALUES ($2, $1, $1, $2)",
				  STORE_ARGS(store_int(7), store_text("seven")), NULL),
			 0);
	int64_t n = 0;
	assert_int_equal(use_int(s, "SELECT number FROM things WHERE id = $3 AND word = $1 AND note = $2",
				 STORE_ARGS(store_text("seven"), store_text("seven"), store_int(7)), &n),
			 0);
	assert_int_equal(n, 7);
}

static void numbers_are_64_bits_wide_wherever_they_stand(void **state)
{
	int64_t n = 0;
	assert_int_equal(use_int(s, "SELECT CASE WHEN $1 > 5 THEN $1 + 1 ELSE 0 END",
				 STORE_ARGS(store_int(1731000000000000)), &n),
			 0);
	assert_true(n == 1731000000000001);
}

static void an_argument_may_be_null_now_and_then(void **state)
{
	for (int i = 0; i < 4; i++) {
		char word[8];
		(void)snprintf(word, sizeof(word), "w%d", i);
		assert_int_equal(insert(i, word, i & 1 ? store_text(word) : store_null(),
					i & 1 ? store_null() : store_int((int64_t)i << 40)),
				 0);
	}
	assert_int_equal(use_count(s, "SELECT COUNT(*) FROM things WHERE note IS NULL"), 2);
	assert_true(use_count(s, "SELECT SUM(number) FROM things") == (int64_t)2 << 40);
}

static void a_wrong_number_of_arguments_is_an_error(void **state)
{
	int64_t n;
	assert_int_equal(use_int(s, "SELECT COUNT(*) FROM things WHERE id = $1 OR number = $2",
				 STORE_ARGS(store_int(1)), &n),
			 -EIO);
	assert_int_equal(use_int(s, "SELECT COUNT(*) FROM no_such_table", STORE_NO_ARGS, &n), -EIO);
	assert_int_equal(things(), 0);
}

/* ---- statements ---- */

static void changes_are_counted(void **state)
{
	int64_t n = -1;
	for (int i = 0; i < 3; i++) {
		char word[8];
		(void)snprintf(word, sizeof(word), "w%d", i);
		assert_int_equal(insert(i, word, store_null(), store_int(i)), 0);
		assert_int_equal(use_exec(s, "INSERT INTO parts (thing, name) VALUES ($1, 'p'), ($1, 'q')",
					  STORE_ARGS(store_int(i)), &n),
				 0);
		assert_int_equal(n, 2);
	}
	assert_int_equal(use_exec(s, "UPDATE things SET number = number + 1 WHERE number > $1",
				  STORE_ARGS(store_int(0)), &n),
			 0);
	assert_int_equal(n, 2);
	assert_int_equal(use_exec(s, "DELETE FROM things WHERE id = $1", STORE_ARGS(store_int(99)), &n), 0);
	assert_int_equal(n, 0);
	/* Parts go with their thing, and are not counted. */
	assert_int_equal(use_exec(s, "DELETE FROM things WHERE id = $1", STORE_ARGS(store_int(1)), &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(use_count(s, "SELECT COUNT(*) FROM parts"), 4);
}

static void conflicts_are_resolved_in_the_statement(void **state)
{
	int64_t n = -1;
	assert_int_equal(insert(1, "one", store_null(), store_int(1)), 0);
	assert_int_equal(use_exec(s, INSERT " ON CONFLICT DO NOTHING",
				  STORE_ARGS(store_int(2), store_text("one"), store_null(), store_int(5)),
				  &n),
			 0);
	assert_int_equal(n, 0);
	assert_int_equal(use_exec(s, INSERT " ON CONFLICT (word) DO UPDATE SET number = excluded.number",
				  STORE_ARGS(store_int(2), store_text("one"), store_null(), store_int(5)),
				  &n),
			 0);
	assert_int_equal(n, 1);
	assert_int_equal(use_count(s, "SELECT number FROM things WHERE id = 1"), 5);
	assert_int_equal(things(), 1);
}

static void a_row_that_is_there_is_told(void **state)
{
	assert_int_equal(insert(1, "one", store_null(), store_null()), 0);
	assert_int_equal(insert(1, "two", store_null(), store_null()), STORE_E_UNIQUE);
	assert_int_equal(insert(2, "one", store_null(), store_null()), STORE_E_UNIQUE);
	assert_int_equal(insert(2, "One", store_null(), store_null()), 0);
	assert_true(store_healthy(s));
}

static void what_breaks_a_rule_is_an_error(void **state)
{
	assert_int_equal(insert(1, NULL, store_null(), store_null()), -EIO);
	assert_int_equal(use_exec(s, "INSERT INTO parts (thing, name) VALUES (5, 'x')", STORE_NO_ARGS, NULL),
			 -EIO);
	assert_int_equal(use_count(s, "SELECT COUNT(*) FROM parts"), 0);
}

static void text_is_ordered_by_its_bytes(void **state)
{
	static const char *const words[] = {"b", "B", "a", "Z", "ä", "_", "aa", "A"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		assert_int_equal(insert((int64_t)i, words[i], store_null(), store_null()), 0);
	char out[64];
	assert_string_equal(use_words(s, "SELECT word FROM things ORDER BY word", out, sizeof(out)),
			    "A B Z _ a aa b ä");
	assert_string_equal(
		use_words(s, "SELECT word FROM things WHERE word >= 'a' AND word < 'b' ORDER BY word", out,
			  sizeof(out)),
		"a aa");
}

static void there_may_be_more_statements_than_are_kept(void **state)
{
	static char sql[STORE_STATEMENTS_MAX + 50][48];
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < ARRAY_LEN(sql); i++) {
			(void)snprintf(sql[i], sizeof(sql[i]), "SELECT COUNT(*) + %zu FROM things", i);
			assert_int_equal(use_count(s, sql[i]), i);
		}
	}
}

/* ---- rows ---- */

struct nested {
	struct store_conn *c;
	unsigned rows, inner;
};

static int row_inner(void *arg, const struct store_value *columns, size_t n)
{
	((struct nested *)arg)->inner++;
	return 0;
}

static const char all_things[] = "SELECT id FROM things ORDER BY id";

static int row_outer(void *arg, const struct store_value *columns, size_t n)
{
	struct nested *ne = arg;
	ne->rows++;
	int r = store_query(ne->c, all_things, STORE_NO_ARGS, row_inner, ne);
	if (r)
		return r;
	return store_exec(ne->c, "INSERT INTO parts (thing, name) VALUES ($1, 'nested')", columns, 1, NULL);
}

static int nest(struct store_conn *c, void *arg)
{
	struct nested *ne = arg;
	*ne = (struct nested){.c = c};
	return store_query(c, all_things, STORE_NO_ARGS, row_outer, ne);
}

static int row_end(void *arg, const struct store_value *columns, size_t n)
{
	return ++*(unsigned *)arg == 2 ? STORE_E_OWN + 3 : 0;
}

static int end_early(struct store_conn *c, void *arg)
{
	*(unsigned *)arg = 0;
	int r = store_query(c, all_things, STORE_NO_ARGS, row_end, arg);
	if (r != STORE_E_OWN + 3)
		return -EPROTO;
	/* Neither the statement nor the transaction has suffered. */
	*(unsigned *)arg = 1;
	r = store_query(c, all_things, STORE_NO_ARGS, row_end, arg);
	if (r != STORE_E_OWN + 3)
		return -EPROTO;
	return store_exec(c, "DELETE FROM things WHERE id = 3", STORE_NO_ARGS, NULL);
}

static void rows_may_be_left_and_statements_run_among_them(void **state)
{
	for (int i = 1; i <= 3; i++)
		assert_int_equal(insert(i, i == 1 ? "a" : i == 2 ? "b" : "c", store_null(), store_null()), 0);
	struct nested ne;
	assert_int_equal(store_write(s, nest, &ne), 0);
	assert_int_equal(ne.rows, 3);
	assert_int_equal(ne.inner, 9);
	assert_int_equal(use_count(s, "SELECT COUNT(*) FROM parts"), 3);
	unsigned rows;
	assert_int_equal(store_write(s, end_early, &rows), 0);
	assert_int_equal(things(), 2);
}

static int row_returned(void *arg, const struct store_value *columns, size_t n)
{
	*(int64_t *)arg += columns[0].i;
	return 0;
}

static int update_returning(struct store_conn *c, void *arg)
{
	*(int64_t *)arg = 0;
	return store_query(c, "UPDATE things SET number = number * 2 WHERE number > $1 RETURNING number",
			   STORE_ARGS(store_int(1)), row_returned, arg);
}

static void what_was_changed_is_returned(void **state)
{
	int64_t sum;
	for (int i = 1; i <= 3; i++)
		assert_int_equal(insert(i, i == 1 ? "a" : i == 2 ? "b" : "c", store_null(), store_int(i)), 0);
	assert_int_equal(store_write(s, update_returning, &sum), 0);
	assert_int_equal(sum, 4 + 6);
	assert_int_equal(use_count(s, "SELECT SUM(number) FROM things"), 1 + 4 + 6);
}

int main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)
	const struct CMUnitTest tests[] = {
		T(values_come_back_as_they_were),
		T(long_text_is_kept),
		T(what_is_no_text_is_refused),
		T(a_column_that_does_not_fit_is_an_error),
		T(arguments_go_where_their_numbers_say),
		T(numbers_are_64_bits_wide_wherever_they_stand),
		T(an_argument_may_be_null_now_and_then),
		T(a_wrong_number_of_arguments_is_an_error),
		T(changes_are_counted),
		T(conflicts_are_resolved_in_the_statement),
		T(a_row_that_is_there_is_told),
		T(what_breaks_a_rule_is_an_error),
		T(text_is_ordered_by_its_bytes),
		T(there_may_be_more_statements_than_are_kept),
		T(rows_may_be_left_and_statements_run_among_them),
		T(what_was_changed_is_returned),
	};
	return store_kit_main(&kit, argc, argv, tests, ARRAY_LEN(tests));
}
