/*
 * Typed readers of attributes.
 *
 * stun_msg_parse() has made sure that every value lies within the message; what is left to check here is that
 * a value is as long as its definition says and holds what it allows. Each reader checks all before it sets
 * any output.
 *
 * Thread: any. Pure.
 */
#include "stun/read.h"

#include "base/text.h"
#include "stun/wire.h"

/* Return: 0; STUN_E_ABSENT; STUN_E_VALUE if it has not @len bytes. */
static int fixed(const struct stun_msg *m, uint16_t type, size_t len, const uint8_t **value)
{
	struct stun_attr attr;
	if (!stun_msg_find(m, type, &attr))
		return STUN_E_ABSENT;
	if (attr.len != len)
		return STUN_E_VALUE;
	*value = attr.value;
	return 0;
}

int stun_read_u32(const struct stun_msg *m, uint16_t type, uint32_t *out)
{
	const uint8_t *value;
	int r = fixed(m, type, 4, &value);
	if (r == 0)
		*out = wire_get32(value);
	return r;
}

int stun_read_u64(const struct stun_msg *m, uint16_t type, uint64_t *out)
{
	const uint8_t *value;
	int r = fixed(m, type, 8, &value);
	if (r == 0)
		*out = wire_get64(value);
	return r;
}

int stun_read_bytes(const struct stun_msg *m, uint16_t type, size_t len, const uint8_t **out)
{
	return fixed(m, type, len, out);
}

static size_t count_chars(const uint8_t *s, size_t n)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++)
		count += (s[i] & 0xC0) != 0x80;
	return count;
}

int stun_read_text(const struct stun_msg *m, uint16_t type, size_t max_bytes, struct stun_attr *out)
{
	struct stun_attr attr;
	if (!stun_msg_find(m, type, &attr))
		return STUN_E_ABSENT;
	if (attr.len > max_bytes || attr.len > STUN_TEXT_MAX_BYTES)
		return STUN_E_VALUE;
	if (!text_is_utf8(attr.value, attr.len) || memchr(attr.value, '\0', attr.len))
		return STUN_E_VALUE;
	if (type != STUN_ATTR_USERNAME && attr.len > STUN_TEXT_MAX_CHARS &&
	    count_chars(attr.value, attr.len) > STUN_TEXT_MAX_CHARS)
		return STUN_E_VALUE;
	*out = attr;
	return 0;
}

int stun_read_flag(const struct stun_msg *m, uint16_t type, bool *out)
{
	struct stun_attr attr;
	bool there = stun_msg_find(m, type, &attr);
	if (there && attr.len != 0)
		return STUN_E_VALUE;
	*out = there;
	return 0;
}

/* The XOR of RFC 8489 §14.2: cookie and transaction id, which stand together in the header. */
static void unmask(uint8_t *ip, size_t n, const uint8_t *mask)
{
	for (size_t i = 0; mask && i < n; i++)
		ip[i] ^= mask[i];
}

/* @mask: NULL for an address that is written as it is */
static int parse_addr(const struct stun_attr *attr, const uint8_t *mask, struct addr *out)
{
	bool ip6 = attr->len == 20;
	if (!ip6 && attr->len != 8)
		return STUN_E_VALUE;
	if (attr->value[1] != (ip6 ? STUN_FAMILY_IP6 : STUN_FAMILY_IP4))
		return STUN_E_VALUE;
	uint16_t port = wire_get16(attr->value + 2);
	port ^= mask ? wire_get16(mask) : 0;
	memset(out, 0, sizeof(*out));
	if (ip6) {
		out->in6.sin6_family = AF_INET6;
		out->in6.sin6_port = htobe16(port);
		memcpy(&out->in6.sin6_addr, attr->value + 4, 16);
		unmask(out->in6.sin6_addr.s6_addr, 16, mask);
	} else {
		uint32_t ip = wire_get32(attr->value + 4) ^ (mask ? wire_get32(mask) : 0);
		out->in.sin_family = AF_INET;
		out->in.sin_port = htobe16(port);
		out->in.sin_addr.s_addr = htobe32(ip);
	}
	return 0;
}

int stun_read_addr(const struct stun_msg *m, uint16_t type, struct addr *out)
{
	struct stun_attr attr;
	if (!stun_msg_find(m, type, &attr))
		return STUN_E_ABSENT;
	return parse_addr(&attr, NULL, out);
}

int stun_attr_xor_addr(const struct stun_msg *m, const struct stun_attr *attr, struct addr *out)
{
	return parse_addr(attr, m->data + 4, out);
}

int stun_read_xor_addr(const struct stun_msg *m, uint16_t type, struct addr *out)
{
	struct stun_attr attr;
	if (!stun_msg_find(m, type, &attr))
		return STUN_E_ABSENT;
	return stun_attr_xor_addr(m, &attr, out);
}

int stun_read_channel(const struct stun_msg *m, uint16_t *out)
{
	const uint8_t *value;
	int r = fixed(m, STUN_ATTR_CHANNEL_NUMBER, 4, &value);
	if (r)
		return r;
	uint16_t channel = wire_get16(value);
	if (channel < STUN_CHANNEL_MIN || channel > STUN_CHANNEL_MAX)
		return STUN_E_VALUE;
	*out = channel;
	return 0;
}

/* A byte and three reserved ones. */
static int first_of_four(const struct stun_msg *m, uint16_t type, uint8_t *out)
{
	const uint8_t *value;
	int r = fixed(m, type, 4, &value);
	if (r == 0)
		*out = value[0];
	return r;
}

int stun_read_transport(const struct stun_msg *m, uint8_t *out)
{
	return first_of_four(m, STUN_ATTR_REQUESTED_TRANSPORT, out);
}

int stun_read_family(const struct stun_msg *m, uint16_t type, uint8_t *out)
{
	return first_of_four(m, type, out);
}

int stun_read_even_port(const struct stun_msg *m, bool *reserve)
{
	const uint8_t *value;
	int r = fixed(m, STUN_ATTR_EVEN_PORT, 1, &value);
	if (r == 0)
		*reserve = value[0] >> 7;
	return r;
}

int stun_read_icmp(const struct stun_msg *m, struct stun_icmp *out)
{
	const uint8_t *value;
	int r = fixed(m, STUN_ATTR_ICMP, 8, &value);
	if (r)
		return r;
	uint16_t type_and_code = wire_get16(value + 2);
	out->type = (uint8_t)(type_and_code >> 9);
	out->code = type_and_code & 0x1FF;
	out->data = wire_get32(value + 4);
	return 0;
}

int stun_read_error(const struct stun_msg *m, uint16_t type, struct stun_error *out)
{
	struct stun_attr attr;
	if (!stun_msg_find(m, type, &attr))
		return STUN_E_ABSENT;
	if (attr.len < 4 || attr.len - 4 > STUN_TEXT_MAX_BYTES)
		return STUN_E_VALUE;
	unsigned class = attr.value[2] & 7, number = attr.value[3];
	if (class < 3 || class > 6 || number > 99 || !text_is_utf8(attr.value + 4, attr.len - 4u))
		return STUN_E_VALUE;
	out->code = (uint16_t)(class * 100 + number);
	/* In ERROR-CODE this byte is reserved. */
	out->family = type == STUN_ATTR_ADDRESS_ERROR_CODE ? attr.value[0] : 0;
	out->reason = (const char *)attr.value + 4;
	out->reason_bytes = (uint16_t)(attr.len - 4);
	return 0;
}

int stun_read_unknown(const struct stun_msg *m, uint16_t *out, size_t max, size_t *n)
{
	struct stun_attr attr;
	if (!stun_msg_find(m, STUN_ATTR_UNKNOWN_ATTRIBUTES, &attr))
		return STUN_E_ABSENT;
	if (attr.len % 2)
		return STUN_E_VALUE;
	size_t count = attr.len / 2;
	for (size_t i = 0; i < count && i < max; i++)
		out[i] = wire_get16(attr.value + 2 * i);
	*n = count;
	return 0;
}

/*
 * RFC 8489 §14.11: number, length, parameters, padding. The padding of the last one may be left to the
 * attribute. Return: bytes taken, at most @n; 0 if it does not fit.
 */
static size_t parse_algorithm(const uint8_t *at, size_t n, struct stun_password_algorithm *out)
{
	if (n < 4)
		return 0;
	uint16_t params_bytes = wire_get16(at + 2);
	if (params_bytes > n - 4)
		return 0;
	out->id = wire_get16(at);
	out->params_bytes = params_bytes;
	out->params = at + 4;
	size_t size = 4 + (size_t)params_bytes + wire_pad(params_bytes);
	return size < n ? size : n;
}

int stun_read_password_algorithm(const struct stun_msg *m, struct stun_password_algorithm *out)
{
	struct stun_attr attr;
	struct stun_password_algorithm alg;
	if (!stun_msg_find(m, STUN_ATTR_PASSWORD_ALGORITHM, &attr))
		return STUN_E_ABSENT;
	if (attr.len == 0 || parse_algorithm(attr.value, attr.len, &alg) != attr.len)
		return STUN_E_VALUE;
	*out = alg;
	return 0;
}

/* Return: how many; 0 if the list is empty or one of them does not fit. */
static size_t count_algorithms(const struct stun_attr *attr)
{
	struct stun_password_algorithm alg;
	size_t count = 0;
	for (size_t at = 0, size; at < attr->len; at += size, count++) {
		size = parse_algorithm(attr->value + at, attr->len - at, &alg);
		if (size == 0)
			return 0;
	}
	return count;
}

int stun_read_password_algorithms(const struct stun_msg *m, struct stun_password_algorithm *out, size_t max,
				  size_t *n)
{
	struct stun_attr attr;
	if (!stun_msg_find(m, STUN_ATTR_PASSWORD_ALGORITHMS, &attr))
		return STUN_E_ABSENT;
	size_t count = count_algorithms(&attr);
	if (count == 0)
		return STUN_E_VALUE;
	for (size_t i = 0, at = 0; i < count && i < max; i++)
		at += parse_algorithm(attr.value + at, attr.len - at, &out[i]);
	*n = count;
	return 0;
}
