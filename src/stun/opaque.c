/*
 * OpaqueString, as far as it goes without the Unicode tables; the header says how far.
 *
 * The ranges are written out, and libc's locale is not asked: what is a password on one machine must be one
 * on the next. Two passes: the first refuses and measures, the second writes, so that failure leaves no half.
 *
 * Thread: any. Pure.
 */
#include "stun/opaque.h"

#include "base/text.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

struct range {
	uint32_t from;
	uint32_t to;
};

/* RFC 8264 §9: Controls, PrecisIgnorableProperties (Default_Ignorable_Code_Point, Noncharacter_Code_Point),
   private use, OldHangulJamo; rising. Noncharacters at the end of each plane go by rule. */
static const struct range refused[] = {
	{0x0000, 0x001F},   {0x007F, 0x009F},   {0x00AD, 0x00AD},   {0x034F, 0x034F},    {0x061C, 0x061C},
	{0x1100, 0x11FF},   {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x200B, 0x200F},    {0x2028, 0x202E},
	{0x2060, 0x206F},   {0x3164, 0x3164},   {0xA960, 0xA97C},   {0xD7B0, 0xD7FB},    {0xE000, 0xF8FF},
	{0xFDD0, 0xFDEF},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},    {0xFFF0, 0xFFFB},
	{0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}, {0xF0000, 0x10FFFF},
};

/* General category Zs but U+0020; rising. */
static const struct range spaces[] = {
	{0x00A0, 0x00A0}, {0x1680, 0x1680}, {0x2000, 0x200A},
	{0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000},
};

static bool in_ranges(uint32_t cp, const struct range *ranges, size_t n)
{
	for (size_t i = 0; i < n && ranges[i].from <= cp; i++)
		if (cp <= ranges[i].to)
			return true;
	return false;
}

static bool is_refused(uint32_t cp)
{
	return (cp & 0xFFFE) == 0xFFFE || in_ranges(cp, refused, ARRAY_LEN(refused));
}

static bool is_space(uint32_t cp)
{
	return in_ranges(cp, spaces, ARRAY_LEN(spaces));
}

/* Return: bytes that it will have; 0 if it is refused or empty. */
static size_t measure(const uint8_t *s, size_t n)
{
	size_t total = 0;
	uint32_t cp;
	for (size_t i = 0, len; i < n; i += len) {
		len = text_next_char(s + i, n - i, &cp);
		if (len == 0 || is_refused(cp))
			return 0;
		total += is_space(cp) ? 1 : len;
	}
	return total;
}

int stun_opaque_string(const char *in, size_t n, char *out, size_t cap)
{
	const uint8_t *s = (const uint8_t *)in;
	size_t total = measure(s, n);
	if (total == 0 || total > INT_MAX)
		return -EINVAL;
	if (total >= cap)
		return -ENOBUFS;
	uint32_t cp;
	for (size_t i = 0, at = 0, len; i < n; i += len) {
		len = text_next_char(s + i, n - i, &cp);
		if (is_space(cp)) {
			out[at++] = ' ';
		} else {
			/* Where @out is @in, the target lies before the source or on it. */
			memmove(out + at, in + i, len);
			at += len;
		}
	}
	out[total] = '\0';
	return (int)total;
}
