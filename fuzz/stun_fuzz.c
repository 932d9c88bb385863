/*
 * STUN out of arbitrary bytes: parsing, every reader, integrity, building again from what was read, and
 * framing.
 *
 * The bytes go in twice: as they are, and with a header put right, so that the search does not spend its time
 * on the cookie and the length field. The first byte tells how the readers are bounded and the buffers sized.
 */
#include "stun/build.h"
#include "stun/frame.h"
#include "stun/integrity.h"
#include "stun/nonce_cookie.h"
#include "stun/opaque.h"
#include "stun/read.h"

#include <stdlib.h>
#include <string.h>

#define CHECK(x) ((x) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool inside(const struct stun_msg *m, const void *p, size_t len)
{
	const uint8_t *at = p;
	return at >= m->data + STUN_HEADER_BYTES && at + len <= m->data + m->len;
}

/* stun_msg_find() gives what stepping through comes to first. */
static void check_attrs(const struct stun_msg *m)
{
	struct stun_attr attr = {0}, found;
	unsigned count = 0;
	while (stun_msg_next(m, &attr)) {
		CHECK(++count <= STUN_ATTRS_MAX);
		CHECK(inside(m, attr.value, attr.len));
		CHECK(stun_msg_has(m, attr.type));
		CHECK(stun_msg_find(m, attr.type, &found));
		CHECK(found.type == attr.type && found.value <= attr.value);
	}
}

static void check_unknown(const struct stun_msg *m, size_t max)
{
	uint16_t types[STUN_ATTRS_MAX];
	size_t n = stun_msg_unknown(m, STUN_UNDERSTOOD_TURN, types, max);
	CHECK(n <= max);
	for (size_t i = 0; i < n; i++) {
		CHECK(types[i] < 0x8000 && stun_msg_has(m, types[i]));
		CHECK(types[i] >= 0x40 || !(STUN_UNDERSTOOD_TURN >> types[i] & 1));
		for (size_t k = 0; k < i; k++)
			CHECK(types[k] != types[i]);
	}
}

static void check_plain(const struct stun_msg *m)
{
	const uint8_t *bytes;
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;
	uint8_t u8;
	bool flag;
	CHECK(stun_read_u32(m, STUN_ATTR_LIFETIME, &u32) <= STUN_E_VALUE);
	CHECK(stun_read_u64(m, STUN_ATTR_ICE_CONTROLLED, &u64) <= STUN_E_VALUE);
	CHECK(stun_read_flag(m, STUN_ATTR_DONT_FRAGMENT, &flag) <= STUN_E_VALUE);
	CHECK(stun_read_even_port(m, &flag) <= STUN_E_VALUE);
	CHECK(stun_read_transport(m, &u8) <= STUN_E_VALUE);
	CHECK(stun_read_family(m, STUN_ATTR_REQUESTED_ADDRESS_FAMILY, &u8) <= STUN_E_VALUE);
	if (stun_read_channel(m, &u16) == 0)
		CHECK(u16 >= STUN_CHANNEL_MIN && u16 <= STUN_CHANNEL_MAX);
	if (stun_read_bytes(m, STUN_ATTR_USERHASH, STUN_USERHASH_BYTES, &bytes) == 0)
		CHECK(inside(m, bytes, STUN_USERHASH_BYTES));
}

static void check_text(const struct stun_msg *m, size_t max)
{
	static const uint16_t types[] = {STUN_ATTR_USERNAME, STUN_ATTR_REALM, STUN_ATTR_NONCE,
					 STUN_ATTR_SOFTWARE};
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct stun_attr attr;
		char out[STUN_TEXT_MAX_BYTES + 1];
		uint32_t features;
		if (stun_read_text(m, types[i], max, &attr) != 0)
			continue;
		CHECK(attr.len <= max && inside(m, attr.value, attr.len));
		int r = stun_opaque_string((const char *)attr.value, attr.len, out, sizeof(out));
		CHECK(r < 0 || (r > 0 && r <= attr.len && strlen(out) == (size_t)r));
		if (stun_nonce_cookie_read(attr.value, attr.len, &features) == 0)
			CHECK(features <= 0xFFFFFF);
	}
}

static void check_structures(const struct stun_msg *m, size_t max)
{
	struct stun_password_algorithm algs[4];
	struct stun_error e;
	struct stun_icmp icmp;
	uint16_t types[4];
	size_t n, room = max % 5;
	if (stun_read_error(m, STUN_ATTR_ERROR_CODE, &e) == 0)
		CHECK(e.code >= 300 && e.code < 700 && inside(m, e.reason, e.reason_bytes));
	if (stun_read_error(m, STUN_ATTR_ADDRESS_ERROR_CODE, &e) == 0)
		CHECK(inside(m, e.reason, e.reason_bytes));
	if (stun_read_icmp(m, &icmp) == 0)
		CHECK(icmp.type < 128 && icmp.code < 512);
	if (stun_read_unknown(m, types, room, &n) == 0)
		CHECK(n <= UINT16_MAX / 2);
	if (stun_read_password_algorithm(m, algs) == 0)
		CHECK(inside(m, algs[0].params, algs[0].params_bytes));
	if (stun_read_password_algorithms(m, algs, room, &n) == 0)
		for (size_t i = 0; i < n && i < room; i++)
			CHECK(inside(m, algs[i].params, algs[i].params_bytes));
}

/* An address that was read is written as it was. */
static void check_addresses(const struct stun_msg *m)
{
	struct stun_attr attr = {0};
	while (stun_msg_next(m, &attr)) {
		uint8_t out[64];
		struct stun_build b;
		struct stun_msg again;
		struct stun_attr written;
		struct addr a;
		size_t len;
		if (stun_attr_xor_addr(m, &attr, &a) != 0)
			continue;
		stun_build_reply(&b, out, sizeof(out), m, STUN_SUCCESS);
		stun_build_xor_addr(&b, STUN_ATTR_XOR_PEER_ADDRESS, &a);
		CHECK(stun_build_end(&b, &len) == 0);
		CHECK((m->classic ? stun_msg_parse_classic : stun_msg_parse)(&again, out, len) == 0);
		CHECK(stun_msg_find(&again, STUN_ATTR_XOR_PEER_ADDRESS, &written));
		CHECK(written.len == attr.len &&
		      memcmp(written.value + 1, attr.value + 1, attr.len - 1u) == 0);
	}
}

/* The same attributes again, signed; and into a buffer that is perhaps too small. */
static void rebuild(const struct stun_msg *m, size_t cap, const struct stun_hmac *sha1,
		    const struct stun_hmac *sha256)
{
	uint8_t *out = malloc(cap ? cap : 1);
	struct stun_build b;
	struct stun_attr attr = {0}, copy = {0};
	struct stun_msg again;
	size_t len;
	CHECK(out);
	stun_build_init(&b, out, cap, stun_type((enum stun_class)m->class, m->method), m->tid);
	while (stun_msg_next(m, &attr))
		stun_build_bytes(&b, attr.type, attr.value, attr.len);
	stun_build_integrity(&b, sha1);
	stun_build_integrity(&b, sha256);
	stun_build_fingerprint(&b);
	int r = stun_build_end(&b, &len);
	CHECK(r == 0 ? len <= cap : cap < (size_t)m->len + 24 + 36 + 8);
	/* The three at the end may be over the bound. */
	if (r == 0 && stun_msg_parse(&again, out, len) == 0) {
		memset(&attr, 0, sizeof(attr));
		while (stun_msg_next(m, &attr)) {
			CHECK(stun_msg_next(&again, &copy) && copy.type == attr.type && copy.len == attr.len);
			CHECK(memcmp(copy.value, attr.value, attr.len) == 0);
		}
		CHECK(!stun_msg_next(&again, &copy));
		CHECK(stun_integrity_check(&again, sha1) == 0);
		CHECK(stun_integrity_check(&again, sha256) == 0);
		CHECK(stun_fingerprint_check(&again) == 0);
	}
	free(out);
}

static void check_message(const struct stun_msg *m, uint8_t how)
{
	struct stun_hmac sha1, sha256;
	stun_hmac_init(&sha1, STUN_MAC_SHA1, "VOkJxbRl1RmTxUk/WvJxBt", 22);
	stun_hmac_init(&sha256, STUN_MAC_SHA256, "VOkJxbRl1RmTxUk/WvJxBt", 22);
	check_attrs(m);
	check_unknown(m, how % STUN_ATTRS_MAX + 1u);
	check_plain(m);
	check_text(m, how * 4u);
	check_structures(m, how);
	check_addresses(m);
	CHECK(stun_fingerprint_check(m) >= 0);
	CHECK(stun_integrity_check(m, &sha1) >= 0);
	CHECK(stun_integrity_check_truncated(m, &sha256, 16 + how % 17u) >= 0);
	rebuild(m, how * 8u, &sha1, &sha256);
	/* STUN_MESSAGE_MAX less what is added, or the copy could not be built. */
	if (m->len < 60000)
		rebuild(m, (size_t)m->len + 24 + 36 + 8, &sha1, &sha256);
}

/* A stream of these bytes: whatever a part of it says, more of it says too. */
static void check_frames(const uint8_t *data, size_t n, size_t max)
{
	struct stun_frame whole, part;
	while (n && stun_frame_next(data, n, max, &whole) == 0 && whole.kind != STUN_KIND_PARTIAL) {
		CHECK(whole.size <= n && whole.size <= max && whole.size % 4 == 0 && whole.size > 0);
		CHECK(whole.data >= data && whole.data + whole.len <= data + whole.size);
		for (size_t have = 0; have < whole.size; have += have < 24 ? 1 : 97) {
			CHECK(stun_frame_next(data, have, max, &part) == 0);
			CHECK(part.kind == STUN_KIND_PARTIAL && part.size > have && part.size <= whole.size);
		}
		data += whole.size;
		n -= whole.size;
	}
	if (n && stun_channel_parse(data, n, &part) == 0)
		CHECK(part.len <= n - STUN_CHANNEL_HEADER_BYTES &&
		      stun_kind_of(data[0]) == STUN_KIND_CHANNEL);
}

static void check_with_header(const uint8_t *data, size_t n, uint8_t how)
{
	size_t body = n & ~(size_t)3;
	if (body > STUN_MESSAGE_MAX - STUN_HEADER_BYTES)
		return;
	uint8_t *whole = malloc(STUN_HEADER_BYTES + body);
	CHECK(whole);
	static const uint8_t header[STUN_HEADER_BYTES] = {0x00, 0x03, 0, 0, 0x21, 0x12, 0xA4, 0x42};
	memcpy(whole, header, sizeof(header));
	whole[2] = (uint8_t)(body >> 8);
	whole[3] = (uint8_t)body;
	if (body)
		memcpy(whole + STUN_HEADER_BYTES, data, body);
	struct stun_msg m;
	int r = stun_msg_parse(&m, whole, STUN_HEADER_BYTES + body);
	CHECK(r == 0 || r == STUN_E_ATTR || r == STUN_E_ATTR_COUNT);
	if (r == 0)
		check_message(&m, how);
	free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n == 0)
		return 0;
	uint8_t how = *data++;
	struct stun_msg m;
	n--;
	if (stun_msg_parse(&m, data, n) == 0)
		check_message(&m, how);
	else if (stun_msg_parse_classic(&m, data, n) == 0)
		check_message(&m, how);
	check_with_header(data, n, how);
	check_frames(data, n, STUN_FRAME_MAX);
	check_frames(data, n, how * 8u);
	return 0;
}
