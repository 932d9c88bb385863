/*
 * CBOR, read from the front.
 *
 * libcbor's cbor_load() builds a tree and believes the counts it is told, so nine bytes can ask it for
 * gigabytes. Its streaming decoder allocates nothing; the shape is checked here against the bytes that are
 * left, without recursion.
 *
 * Thread: any. Pure.
 */
#include "account/cbor_reader.h"
#include "base/text.h"

#include <cbor.h>
#include <errno.h>
#include <string.h>

static void set(void *item, enum cbor_reader_kind kind, uint64_t n)
{
	struct cbor_reader_item *out = item;
	out->kind = kind;
	out->n = n;
}

static void on_uint8(void *item, uint8_t n)
{
	set(item, CBOR_READER_UINT, n);
}

static void on_uint16(void *item, uint16_t n)
{
	set(item, CBOR_READER_UINT, n);
}

static void on_uint32(void *item, uint32_t n)
{
	set(item, CBOR_READER_UINT, n);
}

static void on_uint64(void *item, uint64_t n)
{
	set(item, CBOR_READER_UINT, n);
}

static void on_negint8(void *item, uint8_t n)
{
	set(item, CBOR_READER_NEGINT, n);
}

static void on_negint16(void *item, uint16_t n)
{
	set(item, CBOR_READER_NEGINT, n);
}

static void on_negint32(void *item, uint32_t n)
{
	set(item, CBOR_READER_NEGINT, n);
}

static void on_negint64(void *item, uint64_t n)
{
	set(item, CBOR_READER_NEGINT, n);
}

static void on_bytes(void *item, cbor_data p, size_t n)
{
	set(item, CBOR_READER_BYTES, n);
	((struct cbor_reader_item *)item)->p = p;
}

static void on_text(void *item, cbor_data p, size_t n)
{
	set(item, CBOR_READER_TEXT, n);
	((struct cbor_reader_item *)item)->p = p;
}

static void on_array(void *item, size_t n)
{
	set(item, CBOR_READER_ARRAY, n);
}

static void on_map(void *item, size_t n)
{
	set(item, CBOR_READER_MAP, n);
}

static void on_bool(void *item, bool b)
{
	set(item, CBOR_READER_BOOL, b);
}

/* What is not wanted does nothing, which leaves the kind NONE: refused. */
static const struct cbor_callbacks callbacks = {
	.uint8 = on_uint8,
	.uint16 = on_uint16,
	.uint32 = on_uint32,
	.uint64 = on_uint64,
	.negint8 = on_negint8,
	.negint16 = on_negint16,
	.negint32 = on_negint32,
	.negint64 = on_negint64,
	.byte_string_start = cbor_null_byte_string_start_callback,
	.byte_string = on_bytes,
	.string_start = cbor_null_string_start_callback,
	.string = on_text,
	.indef_array_start = cbor_null_indef_array_start_callback,
	.array_start = on_array,
	.indef_map_start = cbor_null_indef_map_start_callback,
	.map_start = on_map,
	.tag = cbor_null_tag_callback,
	.float2 = cbor_null_float2_callback,
	.float4 = cbor_null_float4_callback,
	.float8 = cbor_null_float8_callback,
	.undefined = cbor_null_undefined_callback,
	.null = cbor_null_null_callback,
	.boolean = on_bool,
	.indef_break = cbor_null_indef_break_callback,
};

/* RFC 8949 §4.2.1: the shortest head that holds the number. */
static size_t shortest_head(uint64_t n)
{
	if (n < 24)
		return 1;
	if (n <= UINT8_MAX)
		return 2;
	if (n <= UINT16_MAX)
		return 3;
	return n <= UINT32_MAX ? 5 : 9;
}

static bool is_string(const struct cbor_reader_item *item)
{
	return item->kind == CBOR_READER_BYTES || item->kind == CBOR_READER_TEXT;
}

/* How many items follow that belong to this one; more than @left bytes can hold is left + 1. */
static uint64_t members(const struct cbor_reader_item *item, uint64_t left)
{
	if (item->kind == CBOR_READER_MAP)
		return item->n > left / 2 ? left + 1 : item->n * 2;
	if (item->kind == CBOR_READER_ARRAY)
		return item->n > left ? left + 1 : item->n;
	return 0;
}

int cbor_reader_next(struct cbor_reader *r, struct cbor_reader_item *out)
{
	struct cbor_reader_item item = {0};
	size_t size = (size_t)(r->end - r->p);

	if (size == 0)
		return -EINVAL;
	struct cbor_decoder_result result = cbor_stream_decode(r->p, size, &callbacks, &item);
	if (result.status != CBOR_DECODER_FINISHED || result.read > size || item.kind == CBOR_READER_NONE)
		return -EINVAL;
	size_t head = result.read - (is_string(&item) ? (size_t)item.n : 0);
	if (head != shortest_head(item.n))
		return -EINVAL;
	uint64_t left = size - result.read;
	if (members(&item, left) > left)
		return -EINVAL;
	if (item.kind == CBOR_READER_TEXT && !text_is_utf8(item.p, (size_t)item.n))
		return -EINVAL;
	r->p += result.read;
	*out = item;
	return 0;
}

int cbor_reader_expect(struct cbor_reader *r, enum cbor_reader_kind kind, struct cbor_reader_item *out)
{
	struct cbor_reader copy = *r;
	struct cbor_reader_item item;

	if (cbor_reader_next(&copy, &item) || item.kind != kind)
		return -EINVAL;
	*r = copy;
	*out = item;
	return 0;
}

int cbor_reader_int(struct cbor_reader *r, int64_t *out)
{
	struct cbor_reader copy = *r;
	struct cbor_reader_item item;

	if (cbor_reader_next(&copy, &item) || item.n > INT64_MAX)
		return -EINVAL;
	if (item.kind != CBOR_READER_UINT && item.kind != CBOR_READER_NEGINT)
		return -EINVAL;
	*r = copy;
	*out = item.kind == CBOR_READER_UINT ? (int64_t)item.n : -1 - (int64_t)item.n;
	return 0;
}

int cbor_reader_skip(struct cbor_reader *r)
{
	struct cbor_reader copy = *r;
	uint64_t pending = 1;

	while (pending > 0) {
		struct cbor_reader_item item;
		if (cbor_reader_next(&copy, &item))
			return -EINVAL;
		uint64_t left = (uint64_t)(copy.end - copy.p);
		pending += members(&item, left) - 1;
		if (pending > left)
			return -EINVAL;
	}
	*r = copy;
	return 0;
}

bool cbor_reader_text_is(const struct cbor_reader_item *item, const char *text)
{
	return item->kind == CBOR_READER_TEXT && item->n == strlen(text) &&
	       memcmp(item->p, text, item->n) == 0;
}
