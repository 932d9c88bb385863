/* The table of routes, the forms of bodies and queries, and the limits: what needs no service. */
#include "app/api.h"

#include "app/api_body.h"
#include "app/api_limits.h"

#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- routes ---- */

static void paths_find_their_rows(void **state)
{
	struct api_match m;
	api_match("/api/v1/session", HTTP_M_GET, &m);
	assert_int_equal(m.count, 1);
	assert_string_equal(m.rows[0]->path, "/api/v1/session");
	api_match("/api/v1/session", HTTP_M_HEAD, &m);
	assert_int_equal(m.count, 1);
	api_match("/api/v1/session", HTTP_M_PUT, &m);
	assert_int_equal(m.count, 0);
	assert_string_equal(m.allow, "GET, HEAD, POST, DELETE");
	api_match("/api/v1/account/sessions/abc", HTTP_M_DELETE, &m);
	assert_int_equal(m.count, 1);
	assert_string_equal(m.params[0], "abc");
}

static void other_paths_find_none(void **state)
{
	char longer[200] = "/api/v1/rooms/";
	memset(longer + strlen(longer), 'x', API_PARAM_MAX);
	const char *const paths[] = {"/api/v1",
				     "/api/v1/",
				     "/api/v1/sessio",
				     "/api/v1/sessions",
				     "/api/v1/rooms/",
				     "/api/v1/session/",
				     "/api/v2/session",
				     "//api/v1/session",
				     longer,
				     "/api/v1/rooms/\xff\xfe"};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct api_match m;
		api_match(paths[i], HTTP_M_GET, &m);
		assert_int_equal(m.count, 0);
		assert_string_equal(m.allow, "");
	}
}

static void check_row(void *arg, const struct api_route *r)
{
	size_t *count = arg;
	struct api_match m;
	bool found = false;
	(*count)++;
	assert_non_null(r->run);
	/* A pattern is its own example. */
	api_match(r->path, r->method, &m);
	for (size_t i = 0; i < m.count; i++)
		found |= m.rows[i] == r;
	assert_true(found);
	/* A row that is for some bodies only is never the last of its path. */
	assert_null(m.rows[m.count - 1]->has);
	/* What signs in, or is for anybody, cannot want a token of programs. */
	assert_false(r->signs_in && r->scope);
	assert_false(r->who == API_ADMIN && r->scope && strcmp(r->scope, "admin") != 0);
	/* Guesses at passwords cost a hash, or are counted as such. */
	assert_false(r->method == HTTP_M_GET && r->fields);
}

static void every_row_can_be_reached(void **state)
{
	size_t count = 0;
	api_each_route(check_row, &count);
	assert_true(count > 10);
}

static void a_row_is_chosen_by_what_the_body_has(void **state)
{
	static const struct api_route with = {.has = "name"}, without = {.path = "x"};
	const struct api_match m = {.rows = {&with, &without}, .count = 2};
	json_t *body = json_pack("{s:s}", "name", "x");
	assert_ptr_equal(api_choose(&m, body), &with);
	json_object_clear(body);
	assert_ptr_equal(api_choose(&m, body), &without);
	assert_ptr_equal(api_choose(&m, NULL), &without);
	json_decref(body);
}

/* ---- bodies ---- */

static const struct api_field fields[] = {
	{"name", API_TEXT, true, 8},    {"on", API_BOOL, false, 0}, {"n", API_UINT, false, 9},
	{"words", API_WORDS, false, 2}, {"any", API_ANY, false, 8}, {0},
};

static void bodies_are_read_strictly(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"[]",
		"1",
		"null",
		"\"x\"",
		"{",
		"{}x",
		"{\"a\":1,\"a\":2}",
		"{\"\\u0000\":1}",
		"{'a':1}",
		"[[[[[[[[[[",
		"{\"a\":[[[[1]]]]}",
		"{\"a\":NaN}",
		"\xff{}",
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		json_t *body = NULL;
		const char *detail = NULL;
		assert_int_equal(api_body_parse((const uint8_t *)bad[i], strlen(bad[i]), &body, &detail),
				 400);
		assert_null(body);
		assert_non_null(detail);
	}
}

static void fields_are_held_against_the_table(void **state)
{
	static const struct {
		const char *body, *field, *reason;
		bool unknown;
	} rows[] = {
		{"{\"name\":\"12345678\",\"on\":true,\"n\":9,\"words\":[\"a\",\"b\"],\"any\":1}", NULL, NULL,
		 false},
		{"{}", "name", "is missing", false},
		{"{\"name\":\"123456789\"}", "name", "is too long", false},
		{"{\"name\":null}", "name", "must be a text", false},
		{"{\"name\":\"a\xff\"}", "name", "is not UTF-8", false},
		{"{\"name\":\"a\\u0000b\"}", "name", "has a NUL character", false},
		{"{\"name\":\"a\",\"words\":[\"\\u0000\"]}", "words", "has a NUL character", false},
		{"{\"name\":\"\\ud83d\"}", "name", "is not UTF-8", false},
		{"{\"name\":\"\\ud83d\\ud83d\\ude00\"}", "name", "is not UTF-8", false},
		{"{\"name\":\"\\udE00\\ud83d\"}", "name", "is not UTF-8", false},
		{"{\"name\":\"\\ud83d\xff\"}", "name", "is not UTF-8", false},
		{"{\"name\":\"\\ud83d\\ude00\"}", NULL, NULL, false},
		{"{\"name\":\"\\\\ud83d\"}", NULL, NULL, false},
		{"{\"name\":\"a\",\"on\":1}", "on", "must be true or false", false},
		{"{\"name\":\"a\",\"n\":-1}", "n", "is out of range", false},
		{"{\"name\":\"a\",\"n\":10}", "n", "is out of range", false},
		{"{\"name\":\"a\",\"n\":1.5}", "n", "must be a whole number", false},
		{"{\"name\":\"a\",\"words\":[1]}", "words", "must be a text", false},
		{"{\"name\":\"a\",\"words\":\"a\"}", "words", "must be a list of texts", false},
		{"{\"name\":\"a\",\"words\":[\"a\",\"b\",\"c\"]}", "words", "has too many entries", false},
		{"{\"name\":\"a\",\"any\":[]}", "any", "must be a text, a number, true or false", false},
		{"{\"name\":\"a\",\"more\":1}", "more", "is not known here", true},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *body = NULL, *errors = NULL;
		const char *detail = NULL;
		bool unknown = false;
		assert_int_equal(
			api_body_parse((const uint8_t *)rows[i].body, strlen(rows[i].body), &body, &detail),
			0);
		assert_int_equal(api_body_check(body, fields, &errors, &unknown), rows[i].field ? 422 : 0);
		assert_int_equal(unknown, rows[i].unknown);
		json_t *e = json_array_get(errors, 0);
		if (rows[i].field) {
			assert_int_equal(json_array_size(errors), 1);
			assert_string_equal(json_string_value(json_object_get(e, "field")), rows[i].field);
			assert_string_equal(json_string_value(json_object_get(e, "reason")), rows[i].reason);
		}
		json_decref(errors);
		api_body_forget(body);
	}
}

static void queries_are_decoded_strictly(void **state)
{
	static const struct {
		const char *query, *value; /* NULL: refused */
	} rows[] = {
		{"q=a", "a"},
		{"x=1&q=a+b%20c&y", "a b c"},
		{"q=%C3%A4", "\xc3\xa4"},
		{"", ""},
		{"qq=1", ""},
		{"q", ""},
		{"q=", ""},
		{"q=%", NULL},
		{"q=%4", NULL},
		{"q=%4g", NULL},
		{"q=%00", NULL},
		{"q=%0a", NULL},
		{"q=%ff", NULL},
		{"q=a&q=a", NULL},
		{"q=12345678", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char out[8];
		assert_int_equal(api_query_find(rows[i].query, "q", out, sizeof(out)),
				 rows[i].value ? 0 : -EINVAL);
		if (rows[i].value)
			assert_string_equal(out, rows[i].value);
	}
}

/* ---- limits ---- */

static struct api_limits *limits(void)
{
	struct config c = {0};
	c.limits.reads_per_min = c.limits.writes_per_min = c.limits.room_guesses_per_min = 100;
	c.limits.signins_per_min = 6;
	c.limits.signins_per_account = 3;
	c.limits.signups_per_hour = c.limits.resets_per_hour = 4;
	c.limits.mails_per_hour = 2;
	struct api_limits *l = api_limits_new(&c);
	assert_non_null(l);
	return l;
}

static uint32_t from(struct api_limits *l, const char *text, uint64_t now_ms)
{
	struct addr a;
	assert_int_equal(addr_parse(&a, text, 1), 0);
	return api_limits_address(l, API_LIMIT_SIGNIN, &a, now_ms);
}

static void an_address_waits_for_its_next_token(void **state)
{
	struct api_limits *l = limits();
	for (int i = 0; i < 6; i++)
		assert_int_equal(from(l, "203.0.113.1", 1000), 0);
	assert_int_equal(from(l, "203.0.113.1", 1000), 10);
	assert_int_equal(from(l, "203.0.113.2", 1000), 0);
	assert_int_equal(from(l, "203.0.113.1", 11000), 0);
	assert_int_equal(from(l, "203.0.113.1", 11000), 10);
	api_limits_free(l);
}

static void a_network_of_ipv6_is_one_sender(void **state)
{
	struct api_limits *l = limits();
	for (int i = 0; i < 6; i++)
		assert_int_equal(from(l, i % 2 ? "2001:db8::1" : "2001:db8::2", 1000), 0);
	assert_true(from(l, "2001:db8::3", 1000) > 0);
	assert_int_equal(from(l, "2001:db8:0:1::1", 1000), 0);
	api_limits_free(l);
}

static void keys_count_whatever_their_case(void **state)
{
	struct api_limits *l = limits();
	assert_int_equal(api_limits_key(l, API_LIMIT_SIGNIN, "ada@example.org", 0), 0);
	assert_int_equal(api_limits_key(l, API_LIMIT_SIGNIN, "ADA@example.org", 0), 0);
	assert_int_equal(api_limits_key(l, API_LIMIT_SIGNIN, "ada@EXAMPLE.org", 0), 0);
	assert_int_equal(api_limits_key(l, API_LIMIT_SIGNIN, "ada@example.org", 0), 20);
	assert_int_equal(api_limits_key(l, API_LIMIT_SIGNUP, "ada@example.org", 0), 0);
	assert_int_equal(api_limits_key(l, API_LIMIT_SIGNIN, "bob@example.org", 0), 0);
	api_limits_free(l);
}

static uint32_t guess(struct api_limits *l, const char *key, uint32_t sender, uint64_t now_ms)
{
	char text[32];
	struct addr a;
	(void)snprintf(text, sizeof(text), "198.51.%u.%u", sender / 256, sender % 256);
	assert_int_equal(addr_parse(&a, text, 1), 0);
	return api_limits_guess(l, API_LIMIT_SIGNIN, key, &a, now_ms);
}

static void who_guesses_keeps_out_nobody_else(void **state)
{
	struct api_limits *l = limits();
	for (int i = 0; i < 3; i++)
		assert_int_equal(guess(l, "ada@example.org", 1, 0), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(guess(l, "Ada@example.org", 1, 0), 20);
	assert_int_equal(guess(l, "bob@example.org", 1, 0), 0);
	/* Many senders guess no more than ten may. */
	uint32_t taken = 3;
	for (uint32_t i = 2; i < 100; i++)
		taken += guess(l, "ada@example.org", i, 0) == 0;
	assert_int_equal(taken, 3 * API_GUESS_SENDERS);
	assert_int_equal(guess(l, "ada@example.org", 200, 0), 2);
	assert_int_equal(guess(l, "bob@example.org", 200, 0), 0);
	api_limits_free(l);
}

static void what_is_allowed_per_hour_comes_back_by_the_hour(void **state)
{
	struct api_limits *l = limits();
	for (int i = 0; i < 2; i++)
		assert_int_equal(api_limits_key(l, API_LIMIT_RESET, "a@b.example", 0), 0);
	assert_int_equal(api_limits_key(l, API_LIMIT_RESET, "a@b.example", 0), 1800);
	assert_true(api_limits_key(l, API_LIMIT_RESET, "a@b.example", 1799 * 1000) > 0);
	assert_int_equal(api_limits_key(l, API_LIMIT_RESET, "a@b.example", 1800 * 1000), 0);
	api_limits_free(l);
}

static void a_limiter_that_is_not_there_refuses(void **state)
{
	struct addr a = {0};
	assert_true(api_limits_address(NULL, API_LIMIT_READ, &a, 0) > 0);
	assert_true(api_limits_key(NULL, API_LIMIT_READ, "x", 0) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_find_their_rows),
		cmocka_unit_test(other_paths_find_none),
		cmocka_unit_test(every_row_can_be_reached),
		cmocka_unit_test(a_row_is_chosen_by_what_the_body_has),
		cmocka_unit_test(bodies_are_read_strictly),
		cmocka_unit_test(fields_are_held_against_the_table),
		cmocka_unit_test(queries_are_decoded_strictly),
		cmocka_unit_test(an_address_waits_for_its_next_token),
		cmocka_unit_test(a_network_of_ipv6_is_one_sender),
		cmocka_unit_test(keys_count_whatever_their_case),
		cmocka_unit_test(who_guesses_keeps_out_nobody_else),
		cmocka_unit_test(what_is_allowed_per_hour_comes_back_by_the_hour),
		cmocka_unit_test(a_limiter_that_is_not_there_refuses),
	};
	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
