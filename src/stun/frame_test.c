#include "stun/frame.h"
#include "stun/testing.h"

static void knows_kinds_by_their_first_byte(void **state)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		enum stun_kind want = byte < 4                       ? STUN_KIND_MESSAGE
				      : byte >= 0x40 && byte <= 0x7F ? STUN_KIND_CHANNEL
								     : STUN_KIND_OTHER;
		assert_int_equal(stun_kind_of((uint8_t)byte), want);
	}
}

/* Two messages and ChannelData of every padding, one after the other. */
static size_t make_stream(uint8_t *out)
{
	static struct raw raw;
	size_t len = 0;
	raw_begin(&raw, 1);
	raw_attr(&raw, STUN_ATTR_USERNAME, "someone", 7);
	memcpy(out, raw.data, raw.len);
	len += raw.len;
	for (uint16_t n = 0; n < 9; n++) {
		stun_channel_header(out + len, (uint16_t)(0x4000 + n * 511), n);
		memset(out + len + 4, 'a' + n, n);
		memset(out + len + 4 + n, 0xEE, stun_padding(n));
		len += 4 + n + stun_padding(n);
	}
	raw_begin(&raw, 0x0101);
	memcpy(out + len, raw.data, raw.len);
	return len + raw.len;
}

static void check_frame(unsigned i, const struct stun_frame *f, const uint8_t *at)
{
	if (i == 0 || i == 10) {
		assert_int_equal(f->kind, STUN_KIND_MESSAGE);
		assert_ptr_equal(f->data, at);
		assert_int_equal(f->len, i == 0 ? 32 : 20);
		assert_int_equal(f->size, f->len);
		return;
	}
	assert_int_equal(f->kind, STUN_KIND_CHANNEL);
	assert_int_equal(f->channel, 0x4000 + (i - 1) * 511);
	assert_ptr_equal(f->data, at + 4);
	assert_int_equal(f->len, i - 1);
	assert_int_equal(f->size, 4 + f->len + stun_padding(f->len));
	for (uint32_t k = 0; k < f->len; k++)
		assert_int_equal(f->data[k], 'a' + (i - 1));
}

static void follows_a_stream(void **state)
{
	uint8_t stream[400];
	size_t len = make_stream(stream), at = 0;
	for (unsigned i = 0; i < 11; i++) {
		struct stun_frame f;
		assert_int_equal(stun_frame_next(stream + at, len - at, STUN_FRAME_MAX, &f), 0);
		check_frame(i, &f, stream + at);
		at += f.size;
	}
	assert_int_equal(at, len);
}

/* However the bytes come: each frame, cut at every length, asks for more until it is whole, and never for
   more than that. */
static void waits_for_the_rest(void **state)
{
	uint8_t stream[400];
	size_t len = make_stream(stream);
	struct stun_frame f, whole;
	for (size_t at = 0; at < len; at += whole.size) {
		assert_int_equal(stun_frame_next(stream + at, len - at, STUN_FRAME_MAX, &whole), 0);
		for (size_t have = 0; have < whole.size; have++) {
			uint8_t *cut = exact(stream + at, have);
			assert_int_equal(stun_frame_next(cut, have, STUN_FRAME_MAX, &f), 0);
			assert_int_equal(f.kind, STUN_KIND_PARTIAL);
			assert_null(f.data);
			assert_true(f.size > have && f.size <= whole.size);
			free(cut);
		}
		uint8_t *all = exact(stream + at, whole.size);
		assert_int_equal(stun_frame_next(all, whole.size, STUN_FRAME_MAX, &f), 0);
		assert_int_equal(f.kind, whole.kind);
		assert_int_equal(f.size, whole.size);
		free(all);
	}
}

static void gives_up_on_other_streams(void **state)
{
	uint8_t data[64] = {0};
	struct stun_frame f = {.size = 4711};
	for (unsigned byte = 0; byte < 256; byte++) {
		data[0] = (uint8_t)byte;
		int r = stun_frame_next(data, 1, STUN_FRAME_MAX, &f);
		assert_int_equal(r, stun_kind_of((uint8_t)byte) == STUN_KIND_OTHER ? STUN_E_FRAME : 0);
	}
	/* A length that is no multiple of 4 is told by four bytes, a wrong cookie by eight. */
	f.size = 4711;
	for (uint8_t n = 1; n < 4; n++) {
		data[0] = 0;
		data[1] = 1;
		data[3] = n;
		assert_int_equal(stun_frame_next(data, 4, STUN_FRAME_MAX, &f), STUN_E_FRAME);
	}
	data[3] = 0;
	for (unsigned bit = 0; bit < 32; bit++) {
		wire_put32(data + 4, STUN_COOKIE ^ UINT32_C(1) << bit);
		assert_int_equal(stun_frame_next(data, 8, STUN_FRAME_MAX, &f), STUN_E_FRAME);
	}
	assert_int_equal(f.size, 4711);
}

static void bounds_the_size_of_a_frame(void **state)
{
	uint8_t data[8] = {0, 1, 0, 100, 0x21, 0x12, 0xA4, 0x42};
	struct stun_frame f;
	assert_int_equal(stun_frame_next(data, 4, 120, &f), 0);
	assert_int_equal(stun_frame_next(data, 4, 119, &f), STUN_E_FRAME);
	stun_channel_header(data, 0x4000, 97);
	assert_int_equal(stun_frame_next(data, 4, 104, &f), 0);
	assert_int_equal(f.size, 104);
	assert_int_equal(stun_frame_next(data, 4, 103, &f), STUN_E_FRAME);
	/* The longest there are are within the maximum. */
	stun_channel_header(data, 0x4FFF, 65535);
	assert_int_equal(stun_frame_next(data, 4, STUN_FRAME_MAX, &f), 0);
	assert_int_equal(f.size, 65540);
	wire_put16(data, 0x0001);
	wire_put16(data + 2, 65532);
	wire_put32(data + 4, STUN_COOKIE);
	assert_int_equal(stun_frame_next(data, 8, STUN_FRAME_MAX, &f), 0);
	assert_int_equal(f.size, STUN_MESSAGE_MAX);
}

static void reads_a_datagram(void **state)
{
	for (size_t len = 0; len < 16; len++) {
		for (uint16_t claimed = 0; claimed < 20; claimed++) {
			uint8_t data[16] = {0};
			struct stun_frame f = {.size = 4711};
			stun_channel_header(data, 0x4ABC, claimed);
			uint8_t *copy = exact(data, len);
			bool ok = len >= 4 && claimed <= len - 4 && len - 4 - claimed <= 3;
			assert_int_equal(stun_channel_parse(copy, len, &f), ok ? 0 : STUN_E_FRAME);
			assert_int_equal(f.size, ok ? len : 4711);
			if (ok) {
				assert_int_equal(f.kind, STUN_KIND_CHANNEL);
				assert_int_equal(f.channel, 0x4ABC);
				assert_int_equal(f.len, claimed);
				assert_ptr_equal(f.data, copy + 4);
			}
			free(copy);
		}
	}
	struct stun_frame f;
	assert_int_equal(stun_channel_parse((const uint8_t *)"\x80\0\0\0", 4, &f), STUN_E_FRAME);
	assert_int_equal(stun_channel_parse((const uint8_t *)"\x3F\xFF\0\0", 4, &f), STUN_E_FRAME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_kinds_by_their_first_byte),
		cmocka_unit_test(follows_a_stream),
		cmocka_unit_test(waits_for_the_rest),
		cmocka_unit_test(gives_up_on_other_streams),
		cmocka_unit_test(bounds_the_size_of_a_frame),
		cmocka_unit_test(reads_a_datagram),
	};
	return cmocka_run_group_tests_name("stun-frame", tests, NULL, NULL);
}
