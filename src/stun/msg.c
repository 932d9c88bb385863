/*
 * Parsing of STUN messages.
 *
 * One pass checks the attributes and notes where each lies: a type of the two blocks in which all assigned
 * ones are is a slot number, a bit says whether the slot is in use, and the table of offsets is never
 * cleared, for a slot without its bit is not read. So a message with seven attributes costs a few tens of
 * nanoseconds, every lookup is one test and one load, and "is there a required attribute that we do not know"
 * is one mask.
 *
 * Invariants after a successful parse: every attribute that has a bit, and every one between the header and
 * body_end, lies within the message with its padding; so lookups check no bounds.
 *
 * Thread: any. Pure.
 */
#include "stun/msg.h"

#include "stun/wire.h"

/* Types 0x0000–0x003F and 0x8000–0x803F; the bit that tells the blocks apart becomes bit 6. */
static bool has_slot(uint16_t type)
{
	return (type & 0x7FC0) == 0;
}

static unsigned slot_of(uint16_t type)
{
	return (type & 0x3F) | (type >> 9 & 0x40);
}

static bool is_seen(const struct stun_msg *m, unsigned slot)
{
	return m->seen[slot >> 6] >> (slot & 63) & 1;
}

/* The first of its type is the one that counts. */
static void note(struct stun_msg *m, uint16_t type, uint32_t at)
{
	if (!has_slot(type)) {
		m->far_required = m->far_required || type < 0x8000;
		return;
	}
	unsigned slot = slot_of(type);
	if (is_seen(m, slot))
		return;
	m->seen[slot >> 6] |= UINT64_C(1) << (slot & 63);
	m->slot[slot] = (uint16_t)(at / 4);
}

/*
 * RFC 8489 §14.5 to §14.7: the first integrity attribute or fingerprint ends the body, and what follows it
 * counts only if it is MESSAGE-INTEGRITY-SHA256, which may follow the older one, or FINGERPRINT. A second of
 * either is noted no more than any second is, so that need not be asked here.
 */
static void take(struct stun_msg *m, uint16_t type, uint32_t at)
{
	bool in_body = m->body_end == m->len;
	bool lasting = type == STUN_ATTR_MESSAGE_INTEGRITY_SHA256 || type == STUN_ATTR_FINGERPRINT;
	if (in_body && (lasting || type == STUN_ATTR_MESSAGE_INTEGRITY))
		m->body_end = at;
	if (in_body || lasting)
		note(m, type, at);
}

static int index_attrs(struct stun_msg *m)
{
	uint32_t at = STUN_HEADER_BYTES;
	unsigned count = 0;
	uint16_t type = 0;
	/* The length is a multiple of 4, and so is every step: a header of 4 bytes is always there. */
	while (at < m->len) {
		if (type == STUN_ATTR_FINGERPRINT)
			return STUN_E_ATTR;
		type = wire_get16(m->data + at);
		uint32_t value_len = wire_get16(m->data + at + 2);
		uint32_t size = 4 + value_len + (uint32_t)wire_pad(value_len);
		if (size > m->len - at)
			return STUN_E_ATTR;
		if (++count > STUN_ATTRS_MAX)
			return STUN_E_ATTR_COUNT;
		take(m, type, at);
		at += size;
	}
	return 0;
}

static int check_header(const uint8_t *data, size_t len, bool classic)
{
	if (len < STUN_HEADER_BYTES)
		return STUN_E_LENGTH;
	if (data[0] & 0xC0)
		return STUN_E_TYPE;
	if ((wire_get32(data + 4) == STUN_COOKIE) == classic)
		return STUN_E_COOKIE;
	if (len % 4 || wire_get16(data + 2) != len - STUN_HEADER_BYTES)
		return STUN_E_LENGTH;
	return 0;
}

static int parse(struct stun_msg *out, const uint8_t *data, size_t len, bool classic)
{
	int r = check_header(data, len, classic);
	if (r)
		return r;
	/* RFC 8489 §5: the class is bits 4 and 8 of the type, the method is what is around them. */
	uint16_t type = wire_get16(data);
	out->data = data;
	out->tid = data + 8;
	out->len = (uint32_t)len;
	out->class = (uint8_t)((type >> 4 & 1) | (type >> 7 & 2));
	out->method = (uint16_t)((type & 0x000F) | (type >> 1 & 0x0070) | (type >> 2 & 0x0F80));
	out->classic = classic;
	out->far_required = false;
	out->body_end = out->len;
	out->seen[0] = out->seen[1] = 0;
	return index_attrs(out);
}

int stun_msg_parse(struct stun_msg *out, const uint8_t *data, size_t len)
{
	return parse(out, data, len, false);
}

int stun_msg_parse_classic(struct stun_msg *out, const uint8_t *data, size_t len)
{
	return parse(out, data, len, true);
}

static void view(const uint8_t *at, struct stun_attr *out)
{
	out->type = wire_get16(at);
	out->len = wire_get16(at + 2);
	out->value = at + 4;
}

bool stun_msg_next(const struct stun_msg *m, struct stun_attr *attr)
{
	const uint8_t *at = m->data + STUN_HEADER_BYTES;
	if (attr->value)
		at = attr->value + attr->len + wire_pad(attr->len);
	if (at >= m->data + m->body_end)
		return false;
	view(at, attr);
	return true;
}

/* For the types that have no slot: none of them is assigned to anything that we use. */
static bool search(const struct stun_msg *m, uint16_t type, struct stun_attr *out)
{
	struct stun_attr attr = {0};
	while (stun_msg_next(m, &attr)) {
		if (attr.type == type) {
			*out = attr;
			return true;
		}
	}
	return false;
}

bool stun_msg_find(const struct stun_msg *m, uint16_t type, struct stun_attr *out)
{
	if (!has_slot(type))
		return search(m, type, out);
	unsigned slot = slot_of(type);
	if (!is_seen(m, slot))
		return false;
	view(m->data + m->slot[slot] * 4u, out);
	return true;
}

bool stun_msg_has(const struct stun_msg *m, uint16_t type)
{
	struct stun_attr attr;
	return has_slot(type) ? is_seen(m, slot_of(type)) : search(m, type, &attr);
}

static bool is_listed(const uint16_t *types, size_t n, uint16_t type)
{
	for (size_t i = 0; i < n; i++)
		if (types[i] == type)
			return true;
	return false;
}

/* The types in MESSAGE-INTEGRITY's place and after it, which stun_msg_next() does not show. */
static size_t add_unknown_integrity(const struct stun_msg *m, uint64_t unknown, uint16_t *out, size_t room)
{
	static const uint16_t types[] = {STUN_ATTR_MESSAGE_INTEGRITY, STUN_ATTR_MESSAGE_INTEGRITY_SHA256};
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(types) && n < room; i++)
		if (stun_msg_has(m, types[i]) && (unknown & STUN_UNDERSTOOD(types[i])))
			out[n++] = types[i];
	return n;
}

size_t stun_msg_unknown(const struct stun_msg *m, uint64_t understood, uint16_t *out, size_t max)
{
	uint64_t unknown = m->seen[0] & ~understood;
	if (!unknown && !m->far_required)
		return 0;
	size_t n = 0;
	struct stun_attr attr = {0};
	while (n < max && stun_msg_next(m, &attr)) {
		bool far = attr.type >= 0x40 && attr.type < 0x8000;
		bool near = attr.type < 0x40 && (unknown >> attr.type & 1);
		if ((far || near) && !is_listed(out, n, attr.type))
			out[n++] = attr.type;
	}
	return n + add_unknown_integrity(m, unknown, out + n, max - n);
}
