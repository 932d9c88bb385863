/*
 * The JSON reader and writer held against jansson: both accept the same texts (but for our limits), read the
 * same values, and what we write jansson reads back unchanged. Then the messages, whatever the JSON was.
 */
#include "base/buf.h"
#include "signal/json.h"
#include "signal/message.h"
#include "signal/out.h"

#include <assert.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct sig_json doc;

static void same_string(struct sig_str s, json_t *other)
{
	struct buf b;
	struct sig_out o = {.buf = &b};

	assert(s.n == json_string_length(other) && memcmp(s.p, json_string_value(other), s.n) == 0);
	buf_init(&b, 8 * s.n + 100);
	sig_out_str(&o, s.p, s.n);
	assert(o.err == 0);
	json_t *back = json_loadb((const char *)buf_data(&b), buf_len(&b), JSON_DECODE_ANY, NULL);
	assert(back && json_equal(back, other));
	json_decref(back);
	buf_deinit(&b);
}

static void same(const struct sig_json_value *v, json_t *other);

static void same_children(const struct sig_json_value *v, json_t *other)
{
	size_t count = 0;

	for (uint16_t i = v->first; i; i = doc.v[i].next, count++) {
		json_t *child = v->type == SIG_JSON_ARRAY
					? json_array_get(other, count)
					: json_object_getn(other, doc.v[i].key.p, doc.v[i].key.n);
		assert(child);
		same(&doc.v[i], child);
	}
	assert(count == (v->type == SIG_JSON_ARRAY ? json_array_size(other) : json_object_size(other)));
}

static void same(const struct sig_json_value *v, json_t *other)
{
	switch ((enum sig_json_type)v->type) {
	case SIG_JSON_NULL:
		assert(json_is_null(other));
		break;
	case SIG_JSON_BOOL:
		assert(json_is_boolean(other) && v->b == json_is_true(other));
		break;
	case SIG_JSON_INT:
		assert(json_is_integer(other) && v->i == json_integer_value(other));
		break;
	case SIG_JSON_NUMBER:
		assert(json_is_number(other));
		assert(json_is_real(other) || llabs(json_integer_value(other)) > SIG_JSON_MAX_INT);
		break;
	case SIG_JSON_STRING:
		assert(json_is_string(other));
		same_string(v->str, other);
		break;
	case SIG_JSON_ARRAY:
	case SIG_JSON_OBJECT:
		assert(v->type == SIG_JSON_ARRAY ? json_is_array(other) : json_is_object(other));
		same_children(v, other);
		break;
	}
}

static unsigned depth_of(json_t *v)
{
	unsigned deepest = 0;
	const char *key;
	json_t *child;
	size_t i;

	json_array_foreach(v, i, child) deepest = depth_of(child) > deepest ? depth_of(child) : deepest;
	json_object_foreach(v, key, child) deepest = depth_of(child) > deepest ? depth_of(child) : deepest;
	return deepest + (json_is_array(v) || json_is_object(v));
}

static size_t values_of(json_t *v)
{
	size_t count = 1;
	const char *key;
	json_t *child;
	size_t i;

	json_array_foreach(v, i, child) count += values_of(child);
	json_object_foreach(v, key, child) count += values_of(child);
	return count;
}

static void decode(void)
{
	struct sig_msg m;

	if (sig_msg_id(&doc, &m) || sig_msg_type(&doc, &m) || sig_msg_ack(&doc, &m))
		return;
	int rc = sig_msg_body(&doc, &m, 4096);
	assert(rc >= 0 && rc < SIG_E_COUNT);
	assert((rc == 0) == (m.field == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	json_error_t error;

	/* Deep nesting is for us to refuse; jansson would only take its time. */
	if (n > 20000)
		return 0;
	char *scratch = malloc(n + 1);
	assert(scratch);
	int rc = sig_json_parse(&doc, (const char *)data, n, scratch);
	json_t *other = json_loadb((const char *)data, n, JSON_REJECT_DUPLICATES, &error);
	if (rc == 0) {
		assert(!memchr(data, 0, n));
		/* A number that no double holds is still JSON; jansson says otherwise. */
		assert(other || json_error_code(&error) == json_error_numeric_overflow);
		if (other)
			same(&doc.v[0], other);
		decode();
	} else if (json_is_object(other) && !memchr(data, 0, n)) {
		/* jansson passes over a zero byte after a number; we never do. */
		assert(depth_of(other) > SIG_JSON_MAX_DEPTH || values_of(other) > SIG_JSON_MAX_VALUES);
	}
	json_decref(other);
	free(scratch);
	return 0;
}
