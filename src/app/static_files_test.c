/* Content negotiation and conditional requests; the replies themselves are tested over HTTP. */
#include "app/static_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_best_coding_is_chosen(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		bool gzip, brotli;
		enum static_coding expected;
	} cases[] = {
		{NULL, true, true, STATIC_IDENTITY},
		{"", true, true, STATIC_IDENTITY},
		{"gzip, deflate, br, zstd", true, true, STATIC_BROTLI},
		{"gzip, deflate, br", true, false, STATIC_GZIP},
		{"gzip", true, true, STATIC_GZIP},
		{"BR", true, true, STATIC_BROTLI},
		{"br;q=0.5, gzip;q=0.8", true, true, STATIC_GZIP},
		{"br; q=0.8, gzip;q=0.5", true, true, STATIC_BROTLI},
		{"br;q=0, gzip;q=0", true, true, STATIC_IDENTITY},
		{"br;q=0.000, *", true, true, STATIC_GZIP},
		{"*", true, true, STATIC_BROTLI},
		{"*;q=0", true, true, STATIC_IDENTITY},
		{"identity", true, true, STATIC_IDENTITY},
		{"brotli, gzipped", true, true, STATIC_IDENTITY},
		{"gzip;foo=bar", true, true, STATIC_GZIP},
		{",,;;,", true, true, STATIC_IDENTITY},
		{"br;q=1.000", false, true, STATIC_BROTLI},
		{"gzip, br", false, false, STATIC_IDENTITY},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (static_files_coding(cases[i].header, cases[i].gzip, cases[i].brotli) != cases[i].expected)
			fail_msg("wrong coding for: %s", cases[i].header ? cases[i].header : "(none)");
	}
}

static void etags_match_weakly(void **state)
{
	(void)state;
	assert_true(static_files_etag_matches("\"a\"", "\"a\""));
	assert_true(static_files_etag_matches("W/\"a\"", "\"a\""));
	assert_true(static_files_etag_matches("\"b\", W/\"a\" , \"c\"", "\"a\""));
	assert_true(static_files_etag_matches("*", "\"a\""));
	assert_false(static_files_etag_matches(NULL, "\"a\""));
	assert_false(static_files_etag_matches("", "\"a\""));
	assert_false(static_files_etag_matches("\"ab\"", "\"a\""));
	assert_false(static_files_etag_matches("a", "\"a\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_coding_is_chosen),
		cmocka_unit_test(etags_match_weakly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
