/*
 * Building STUN messages.
 *
 * Every attribute goes through open_attr(), the only place that looks at room and order. It writes the header
 * and the padding and hands out where the value goes, or NULL once something has gone wrong, upon which the
 * callers do nothing. So the buffer cannot be overrun, and an incomplete message cannot be sent:
 * stun_build_end() gives no length for it.
 *
 * Invariants: len is a multiple of 4 and at most cap; cap is at most STUN_MESSAGE_MAX.
 *
 * Thread: any. Pure.
 */
#include "stun/build.h"

#include "base/text.h"
#include "stun/wire.h"

#include <assert.h>
#include <errno.h>

/* RFC 8489 §14.3, §14.9: what may be sent at most. */
#define SENT_TEXT_MAX_BYTES 508

static void fail(struct stun_build *b, int error)
{
	if (!b->error)
		b->error = error;
}

/* RFC 8489 §14.5 to §14.7: a receiver would ignore it, or the whole message. */
static bool may_follow(uint16_t last, uint16_t type)
{
	switch (last) {
	case STUN_ATTR_MESSAGE_INTEGRITY:
		return type == STUN_ATTR_MESSAGE_INTEGRITY_SHA256 || type == STUN_ATTR_FINGERPRINT;
	case STUN_ATTR_MESSAGE_INTEGRITY_SHA256:
		return type == STUN_ATTR_FINGERPRINT;
	case STUN_ATTR_FINGERPRINT:
		return false;
	default:
		return true;
	}
}

/* Return: where the header goes; NULL if an attribute with @room bytes of value in the buffer cannot be
 * added. */
static uint8_t *claim(struct stun_build *b, uint16_t type, size_t room)
{
	if (b->error)
		return NULL;
	if (b->outside || !may_follow(b->last, type)) {
		fail(b, -EINVAL);
		return NULL;
	}
	if (room > UINT16_MAX || 4 + room > b->cap - b->len) {
		fail(b, -ENOBUFS);
		return NULL;
	}
	uint8_t *at = b->data + b->len;
	b->last = type;
	b->len += (uint32_t)(4 + room);
	return at;
}

/* Return: where the value of @len bytes goes; NULL if it cannot. */
static uint8_t *open_attr(struct stun_build *b, uint16_t type, size_t len)
{
	uint8_t *at = claim(b, type, len + wire_pad(len));
	if (!at)
		return NULL;
	wire_put16(at, type);
	wire_put16(at + 2, (uint16_t)len);
	memset(at + 4 + len, 0, wire_pad(len));
	return at + 4;
}

static void set_length(struct stun_build *b, size_t more)
{
	wire_put16(b->data + 2, (uint16_t)(b->len + more - STUN_HEADER_BYTES));
}

/* @id: cookie and transaction id, or the 16 bytes that RFC 3489 has there */
static void begin(struct stun_build *b, uint16_t type, const uint8_t id[4 + STUN_TID_BYTES])
{
	if (b->cap < STUN_HEADER_BYTES) {
		fail(b, -ENOBUFS);
		return;
	}
	wire_put16(b->data, type);
	wire_put16(b->data + 2, 0);
	memcpy(b->data + 4, id, 4 + STUN_TID_BYTES);
	b->len = STUN_HEADER_BYTES;
}

static struct stun_build empty(void *data, size_t cap)
{
	return (struct stun_build){.data = data,
				   .cap = (uint32_t)(cap < STUN_MESSAGE_MAX ? cap : STUN_MESSAGE_MAX)};
}

void stun_build_init(struct stun_build *b, void *data, size_t cap, uint16_t type, const uint8_t *tid)
{
	uint8_t id[4 + STUN_TID_BYTES];
	wire_put32(id, STUN_COOKIE);
	memcpy(id + 4, tid, STUN_TID_BYTES);
	*b = empty(data, cap);
	begin(b, type, id);
}

void stun_build_reply(struct stun_build *b, void *data, size_t cap, const struct stun_msg *request,
		      enum stun_class class)
{
	*b = empty(data, cap);
	begin(b, stun_type(class, request->method), request->data + 4);
}

int stun_build_end(struct stun_build *b, size_t *len)
{
	if (b->error)
		return b->error;
	set_length(b, b->outside);
	*len = b->len;
	return 0;
}

void stun_build_bytes(struct stun_build *b, uint16_t type, const void *value, size_t len)
{
	uint8_t *at = open_attr(b, type, len);
	if (at && len)
		memcpy(at, value, len);
}

static bool is_sendable(uint16_t type, const char *text, size_t len)
{
	size_t chars = 0;
	for (size_t i = 0; i < len; i++)
		chars += ((uint8_t)text[i] & 0xC0) != 0x80;
	return len <= SENT_TEXT_MAX_BYTES && text_is_utf8((const uint8_t *)text, len) &&
	       (chars <= STUN_TEXT_MAX_CHARS || type == STUN_ATTR_USERNAME);
}

void stun_build_text(struct stun_build *b, uint16_t type, const char *text)
{
	size_t len = strlen(text);
	if (!is_sendable(type, text, len))
		fail(b, -EINVAL);
	stun_build_bytes(b, type, text, len);
}

void stun_build_u32(struct stun_build *b, uint16_t type, uint32_t value)
{
	uint8_t *at = open_attr(b, type, 4);
	if (at)
		wire_put32(at, value);
}

void stun_build_u64(struct stun_build *b, uint16_t type, uint64_t value)
{
	uint8_t *at = open_attr(b, type, 8);
	if (at)
		wire_put64(at, value);
}

void stun_build_flag(struct stun_build *b, uint16_t type)
{
	(void)open_attr(b, type, 0);
}

/* @mask: what the address is XORed with, 16 bytes; NULL for nothing */
static void build_ip4(struct stun_build *b, uint16_t type, const struct addr *a, const uint8_t *mask)
{
	uint8_t *at = open_attr(b, type, 8);
	if (!at)
		return;
	wire_put16(at, STUN_FAMILY_IP4);
	wire_put16(at + 2, be16toh(a->in.sin_port) ^ (mask ? wire_get16(mask) : 0));
	wire_put32(at + 4, be32toh(a->in.sin_addr.s_addr) ^ (mask ? wire_get32(mask) : 0));
}

static void build_ip6(struct stun_build *b, uint16_t type, const struct addr *a, const uint8_t *mask)
{
	uint8_t *at = open_attr(b, type, 20);
	if (!at)
		return;
	wire_put16(at, STUN_FAMILY_IP6);
	wire_put16(at + 2, be16toh(a->in6.sin6_port) ^ (mask ? wire_get16(mask) : 0));
	for (size_t i = 0; i < 16; i++)
		at[4 + i] = a->in6.sin6_addr.s6_addr[i] ^ (mask ? mask[i] : 0);
}

static void build_addr(struct stun_build *b, uint16_t type, const struct addr *a, const uint8_t *mask)
{
	if (a->sa.sa_family == AF_INET)
		build_ip4(b, type, a, mask);
	else if (a->sa.sa_family == AF_INET6)
		build_ip6(b, type, a, mask);
	else
		fail(b, -EINVAL);
}

void stun_build_addr(struct stun_build *b, uint16_t type, const struct addr *a)
{
	build_addr(b, type, a, NULL);
}

void stun_build_xor_addr(struct stun_build *b, uint16_t type, const struct addr *a)
{
	if (!b->error)
		build_addr(b, type, a, b->data + 4);
}

static void build_error(struct stun_build *b, uint16_t type, uint8_t family, uint16_t code,
			const char *reason)
{
	const char *text = reason ? reason : stun_reason(code);
	size_t len = strlen(text);
	if (code < 300 || code > 699 || !is_sendable(type, text, len)) {
		fail(b, -EINVAL);
		return;
	}
	uint8_t *at = open_attr(b, type, 4 + len);
	if (!at)
		return;
	at[0] = family;
	at[1] = 0;
	at[2] = (uint8_t)(code / 100);
	at[3] = (uint8_t)(code % 100);
	memcpy(at + 4, text, len);
}

void stun_build_error(struct stun_build *b, uint16_t code, const char *reason)
{
	build_error(b, STUN_ATTR_ERROR_CODE, 0, code, reason);
}

void stun_build_addr_error(struct stun_build *b, enum stun_family family, uint16_t code, const char *reason)
{
	build_error(b, STUN_ATTR_ADDRESS_ERROR_CODE, (uint8_t)family, code, reason);
}

const char *stun_reason(uint16_t code)
{
	switch (code) {
	case STUN_CODE_TRY_ALTERNATE:
		return "Try Alternate";
	case STUN_CODE_BAD_REQUEST:
		return "Bad Request";
	case STUN_CODE_UNAUTHENTICATED:
		return "Unauthenticated";
	case STUN_CODE_FORBIDDEN:
		return "Forbidden";
	case STUN_CODE_UNKNOWN_ATTRIBUTE:
		return "Unknown Attribute";
	case STUN_CODE_ALLOCATION_MISMATCH:
		return "Allocation Mismatch";
	case STUN_CODE_STALE_NONCE:
		return "Stale Nonce";
	case STUN_CODE_FAMILY_NOT_SUPPORTED:
		return "Address Family not Supported";
	case STUN_CODE_WRONG_CREDENTIALS:
		return "Wrong Credentials";
	case STUN_CODE_TRANSPORT_NOT_SUPPORTED:
		return "Unsupported Transport Protocol";
	case STUN_CODE_PEER_FAMILY_MISMATCH:
		return "Peer Address Family Mismatch";
	case STUN_CODE_QUOTA_REACHED:
		return "Allocation Quota Reached";
	case STUN_CODE_ROLE_CONFLICT:
		return "Role Conflict";
	case STUN_CODE_SERVER_ERROR:
		return "Server Error";
	case STUN_CODE_INSUFFICIENT_CAPACITY:
		return "Insufficient Capacity";
	default:
		return "Error";
	}
}

void stun_build_unknown(struct stun_build *b, const uint16_t *types, size_t n)
{
	uint8_t *at = open_attr(b, STUN_ATTR_UNKNOWN_ATTRIBUTES, 2 * n);
	for (size_t i = 0; at && i < n; i++)
		wire_put16(at + 2 * i, types[i]);
}

void stun_build_channel(struct stun_build *b, uint16_t channel)
{
	if (channel < STUN_CHANNEL_MIN || channel > STUN_CHANNEL_MAX)
		fail(b, -EINVAL);
	stun_build_u32(b, STUN_ATTR_CHANNEL_NUMBER, (uint32_t)channel << 16);
}

void stun_build_transport(struct stun_build *b, uint8_t protocol)
{
	stun_build_u32(b, STUN_ATTR_REQUESTED_TRANSPORT, (uint32_t)protocol << 24);
}

void stun_build_family(struct stun_build *b, uint16_t type, enum stun_family family)
{
	stun_build_u32(b, type, (uint32_t)family << 24);
}

void stun_build_even_port(struct stun_build *b, bool reserve)
{
	uint8_t value = reserve ? 0x80 : 0;
	stun_build_bytes(b, STUN_ATTR_EVEN_PORT, &value, 1);
}

void stun_build_icmp(struct stun_build *b, uint8_t type, uint16_t code, uint32_t data)
{
	if (type > 127 || code > 511)
		fail(b, -EINVAL);
	stun_build_u64(b, STUN_ATTR_ICMP, (uint64_t)type << 41 | (uint64_t)code << 32 | data);
}

void stun_build_password_algorithm(struct stun_build *b, enum stun_password_alg alg)
{
	/* The length of the parameters is in the lower half: both have none. */
	stun_build_u32(b, STUN_ATTR_PASSWORD_ALGORITHM, (uint32_t)alg << 16);
}

void stun_build_password_algorithms(struct stun_build *b, const enum stun_password_alg *algs, size_t n)
{
	if (n == 0)
		fail(b, -EINVAL);
	uint8_t *at = open_attr(b, STUN_ATTR_PASSWORD_ALGORITHMS, 4 * n);
	for (size_t i = 0; at && i < n; i++)
		wire_put32(at + 4 * i, (uint32_t)algs[i] << 16);
}

void stun_build_payload(struct stun_build *b, uint16_t type, size_t len)
{
	size_t size = len + wire_pad(len);
	if (len > UINT16_MAX || b->len + 4 + size > STUN_MESSAGE_MAX)
		fail(b, -ENOBUFS);
	uint8_t *at = claim(b, type, 0);
	if (!at)
		return;
	wire_put16(at, type);
	wire_put16(at + 2, (uint16_t)len);
	b->outside = (uint32_t)size;
}

void stun_build_integrity(struct stun_build *b, const struct stun_hmac *h)
{
	stun_build_integrity_truncated(b, h, stun_hmac_bytes(h));
}

void stun_build_integrity_truncated(struct stun_build *b, const struct stun_hmac *h, size_t bytes)
{
	bool sha1 = h->mac == STUN_MAC_SHA1;
	uint8_t mac[STUN_SHA256_BYTES];
	if (bytes % 4 || bytes > stun_hmac_bytes(h) || bytes < (sha1 ? STUN_SHA1_BYTES : 16u)) {
		fail(b, -EINVAL);
		return;
	}
	uint32_t before = b->len;
	uint8_t *at =
		open_attr(b, sha1 ? STUN_ATTR_MESSAGE_INTEGRITY : STUN_ATTR_MESSAGE_INTEGRITY_SHA256, bytes);
	if (!at)
		return;
	stun_hmac_message(h, b->data, before, bytes, mac);
	memcpy(at, mac, bytes);
}

void stun_build_fingerprint(struct stun_build *b)
{
	uint32_t before = b->len;
	uint8_t *at = open_attr(b, STUN_ATTR_FINGERPRINT, 4);
	if (!at)
		return;
	/* The length field is summed, so it must be final. */
	set_length(b, 0);
	wire_put32(at, stun_fingerprint(b->data, before));
}
