/*
 * The JSON writer of the signalling core: text goes out as it came in but for what JSON must have escaped
 * (RFC 8259 §7), so nothing is built in between.
 *
 * Thread: any; no state of its own.
 */
#include "signal/out.h"

#include <string.h>

void sig_out_raw(struct sig_out *o, const char *text, size_t n)
{
	if (!o->err)
		o->err = buf_append(o->buf, text, n);
}

/* One character that sig_plain_run() stopped at. Return: bytes written, at most 6. */
static size_t escape(unsigned char c, char *to)
{
	static const char hex[] = "0123456789abcdef";
	char letter;

	switch (c) {
	case '\r':
		letter = 'r';
		break;
	case '\n':
		letter = 'n';
		break;
	case '\t':
		letter = 't';
		break;
	case '"':
	case '\\':
		letter = (char)c;
		break;
	default:
		if (c >= 0x20) {
			*to = (char)c;
			return 1;
		}
		memcpy(to, "\\u00", 4);
		to[4] = hex[c >> 4];
		to[5] = hex[c & 15];
		return 6;
	}
	to[0] = '\\';
	to[1] = letter;
	return 2;
}

/* Escape up to a block of text into reserved memory. Return: bytes written. */
static size_t escape_block(const char *p, const char *end, char *to)
{
	char *from = to;

	while (p < end) {
		const char *stop = sig_plain_run(p, end);
		memcpy(to, p, (size_t)(stop - p));
		to += stop - p;
		p = stop;
		while (p < end && (p == stop || *p < 0x20))
			to += escape((unsigned char)*p++, to);
	}
	return (size_t)(to - from);
}

void sig_out_str(struct sig_out *o, const char *text, size_t n)
{
	enum { BLOCK = 1024, WORST = 6 };

	SIG_OUT_LIT(o, "\"");
	while (n > 0 && !o->err) {
		size_t part = n < BLOCK ? n : BLOCK;
		o->err = buf_reserve(o->buf, part * WORST);
		if (o->err)
			return;
		buf_commit(o->buf, escape_block(text, text + part, (char *)buf_tail(o->buf)));
		text += part;
		n -= part;
	}
	SIG_OUT_LIT(o, "\"");
}

void sig_out_u64(struct sig_out *o, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	sig_out_raw(o, digits + at, sizeof(digits) - at);
}

void sig_out_bool(struct sig_out *o, bool value)
{
	if (value)
		SIG_OUT_LIT(o, "true");
	else
		SIG_OUT_LIT(o, "false");
}
