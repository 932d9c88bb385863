/* The JSON reader and writer, held against jansson. */
#include "signal/json.h"
#include "signal/out.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct sig_json doc;
static char scratch[100000];

static int parse(const char *text, size_t n)
{
	char *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	memcpy(copy, text, n);
	int rc = sig_json_parse(&doc, copy, n, scratch);
	free(copy);
	return rc;
}

static int parse_text(const char *text)
{
	return sig_json_parse(&doc, text, strlen(text), scratch);
}

static void accepted_and_refused_as_by_jansson(void **state)
{
	static const char *const texts[] = {
		"{}",
		" {\t\r\n} ",
		"{\"a\":1}",
		"{\"a\":1,\"b\":[1,2,{\"c\":null}],\"d\":{\"a\":true}}",
		"{\"a\":\"\\u00e9\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
		"{\"\":\"\"}",
		"{\"\xc3\xa9\":\"\xf0\x9f\x98\x80\"}",
		"{\"a\":-0}",
		"{\"a\":0.5e-3,\"b\":1E5,\"c\":-12.25e+2}",
		"{\"a\":9007199254740993}",
		"{\"a\":true,\"b\":false,\"c\":null}",
		"{\"a\":\"\x7f\"}",
		/* refused */
		"",
		" ",
		"{",
		"}",
		"{}}",
		"{} x",
		"{,}",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{\"a\":1 \"b\":2}",
		"{a:1}",
		"{'a':1}",
		"{\"a\":01}",
		"{\"a\":-}",
		"{\"a\":+1}",
		"{\"a\":1.}",
		"{\"a\":.5}",
		"{\"a\":1e}",
		"{\"a\":1e+}",
		"{\"a\":0x1}",
		"{\"a\":NaN}",
		"{\"a\":tru}",
		"{\"a\":nulll}",
		"{\"a\":True}",
		"{\"a\":[1,]}",
		"{\"a\":[1 2]}",
		"{\"a\":[}",
		"{\"a\":[}]",
		"{\"a\":\"\n\"}",
		"{\"a\":\"\t\"}",
		"{\"a\":\"\\x\"}",
		"{\"a\":\"\\u12\"}",
		"{\"a\":\"\\u12g4\"}",
		"{\"a\":\"\\u0000\"}",
		"{\"a\":\"\\ud800\"}",
		"{\"a\":\"\\ud800x\"}",
		"{\"a\":\"\\ud800\\n\"}",
		"{\"a\":\"\\ud800\\ud800\"}",
		"{\"a\":\"\\udc00\"}",
		"{\"a\":\"x}",
		"{\"a\":\"x\\",
		"{\"a\":\"\xff\"}",
		"{\"a\":\"\xc3\"}",
		"{\"a\":\"\xed\xa0\x80\"}",
		"{\"a\":\"\xc0\x80\"}",
		"{\"a\":\"\xf4\x90\x80\x80\"}",
		"{\"a\":\"\xc3\\u0041\"}",
		"{\"\xff\":1}",
		"{\"a\":1,\"a\":1}",
		"{\"a\":1,\"\\u0061\":1}",
		"{\"b\":{\"a\":1,\"x\":2,\"a\":3}}",
		"\xef\xbb\xbf{}",
		"{\"a\":1}\f",
		"{/**/}",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		json_error_t error;
		json_t *other = json_loads(texts[i], JSON_REJECT_DUPLICATES, &error);
		print_message("# %zu\n", i);
		assert_int_equal(parse(texts[i], strlen(texts[i])), other ? 0 : -EINVAL);
		json_decref(other);
	}
}

static void the_outermost_is_an_object(void **state)
{
	assert_int_equal(parse_text("[]"), -EINVAL);
	assert_int_equal(parse_text("\"a\""), -EINVAL);
	assert_int_equal(parse_text("1"), -EINVAL);
	assert_int_equal(parse_text("null"), -EINVAL);
}

static void every_truncation_is_refused(void **state)
{
	static const char text[] = "{\"a\":[1,-2.5e3,\"x\\u00e9\\n\"],\"b\":{\"c\":true,\"d\":null}}";

	assert_int_equal(parse(text, sizeof(text) - 1), 0);
	for (size_t n = 0; n < sizeof(text) - 1; n++)
		assert_int_equal(parse(text, n), -EINVAL);
}

static void depth_and_number_of_values(void **state)
{
	char text[4096];

	assert_int_equal(parse_text("{\"a\":[[[[[[[1]]]]]]]}"), 0);
	assert_int_equal(parse_text("{\"a\":[[[[[[[[]]]]]]]]}"), -EINVAL);
	for (int values = 255; values <= 256; values++) {
		size_t n = (size_t)snprintf(text, sizeof(text), "{\"a\":[1");
		for (int i = 3; i < values; i++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, ",%d", i);
		(void)snprintf(text + n, sizeof(text) - n, "]}");
		assert_int_equal(parse_text(text), 0);
	}
	memcpy(text + strlen(text) - 2, ",1]}", 5);
	assert_int_equal(parse_text(text), -EINVAL);
}

static void values_are_found(void **state)
{
	assert_int_equal(
		parse_text("{\"s\":\"plain\",\"e\":\"a\\u00e9\\nz\",\"i\":-12,\"m\":9007199254740991,"
			   "\"r\":1.5,\"x\":9007199254740992,\"t\":true,\"f\":false,\"n\":null,"
			   "\"o\":{\"s\":\"inner\"},\"l\":[7,8]}"),
		0);
	const struct sig_json_value *root = &doc.v[0];
	const struct sig_json_value *v = sig_json_get(&doc, root, "s");
	assert_true(sig_str_is(v->str, "plain"));
	v = sig_json_get(&doc, root, "e");
	assert_true(v->type == SIG_JSON_STRING && sig_str_is(v->str, "a\xc3\xa9\nz"));
	v = sig_json_get(&doc, root, "i");
	assert_true(v->type == SIG_JSON_INT && v->i == -12);
	v = sig_json_get(&doc, root, "m");
	assert_true(v->type == SIG_JSON_INT && v->i == SIG_JSON_MAX_INT);
	assert_int_equal(sig_json_get(&doc, root, "r")->type, SIG_JSON_NUMBER);
	assert_int_equal(sig_json_get(&doc, root, "x")->type, SIG_JSON_NUMBER);
	v = sig_json_get(&doc, root, "t");
	assert_true(v->type == SIG_JSON_BOOL && v->b);
	v = sig_json_get(&doc, root, "f");
	assert_true(v->type == SIG_JSON_BOOL && !v->b);
	assert_int_equal(sig_json_get(&doc, root, "n")->type, SIG_JSON_NULL);
	v = sig_json_get(&doc, root, "o");
	assert_int_equal(v->type, SIG_JSON_OBJECT);
	assert_true(sig_str_is(sig_json_get(&doc, v, "s")->str, "inner"));
	v = sig_json_get(&doc, root, "l");
	assert_int_equal(v->type, SIG_JSON_ARRAY);
	assert_int_equal(doc.v[v->first].i, 7);
	assert_int_equal(doc.v[doc.v[v->first].next].i, 8);
	assert_null(sig_json_get(&doc, root, "missing"));
	assert_null(sig_json_get(&doc, root, ""));
}

/* Every special byte at every offset from an eight-byte boundary. */
static void plain_runs_end_where_they_should(void **state)
{
	char text[32];

	for (int c = 0; c < 256; c++) {
		bool stops = c < 0x20 || c >= 0x80 || c == '"' || c == '\\';
		for (size_t at = 0; at < 20; at++) {
			memset(text, 'a', sizeof(text));
			text[at] = (char)c;
			const char *end = sig_plain_run(text, text + 20);
			assert_int_equal(end - text, stops ? at : 20);
		}
	}
}

static void strings_are_written_as_jansson_reads_them(void **state)
{
	struct buf b;

	buf_init(&b, 100000);
	for (unsigned c = 1; c < 0x800; c++) {
		for (size_t at = 0; at < 10; at++) {
			char text[1100];
			size_t n = at;
			memset(text, 'x', sizeof(text));
			if (c < 0x80) {
				text[n++] = (char)c;
			} else {
				text[n++] = (char)(0xc0 | c >> 6);
				text[n++] = (char)(0x80 | (c & 0x3f));
			}
			/* Long ones pass through several blocks of the writer. */
			n += c < 0x80 ? 1021 : 3;
			struct sig_out o = {.buf = &b};
			buf_clear(&b);
			sig_out_str(&o, text, n);
			assert_int_equal(o.err, 0);
			json_t *back =
				json_loadb((const char *)buf_data(&b), buf_len(&b), JSON_DECODE_ANY, NULL);
			assert_non_null(back);
			assert_int_equal(json_string_length(back), n);
			assert_memory_equal(json_string_value(back), text, n);
			json_decref(back);
		}
	}
	buf_deinit(&b);
}

static void numbers_are_written(void **state)
{
	struct buf b;
	struct sig_out o = {.buf = &b};

	buf_init(&b, 100);
	sig_out_u64(&o, 0);
	SIG_OUT_LIT(&o, ",");
	sig_out_u64(&o, UINT64_MAX);
	SIG_OUT_LIT(&o, ",");
	sig_out_bool(&o, true);
	assert_int_equal(o.err, 0);
	assert_int_equal(buf_len(&b), strlen("0,18446744073709551615,true"));
	assert_memory_equal(buf_data(&b), "0,18446744073709551615,true", buf_len(&b));
	buf_deinit(&b);
}

static void a_full_buffer_is_an_error_that_stays(void **state)
{
	struct buf b;
	struct sig_out o = {.buf = &b};

	buf_init(&b, 4);
	SIG_OUT_LIT(&o, "12345");
	assert_int_equal(o.err, -ENOBUFS);
	SIG_OUT_LIT(&o, "1");
	assert_int_equal(buf_len(&b), 0);
	buf_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted_and_refused_as_by_jansson),
		cmocka_unit_test(the_outermost_is_an_object),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(depth_and_number_of_values),
		cmocka_unit_test(values_are_found),
		cmocka_unit_test(plain_runs_end_where_they_should),
		cmocka_unit_test(strings_are_written_as_jansson_reads_them),
		cmocka_unit_test(numbers_are_written),
		cmocka_unit_test(a_full_buffer_is_an_error_that_stays),
	};
	return cmocka_run_group_tests_name("signal json", tests, NULL, NULL);
}
