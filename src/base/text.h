/* Checks and forms of text that comes from people and from the network. */
#ifndef PARLEY_BASE_TEXT_H
#define PARLEY_BASE_TEXT_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** text_is_utf8() - well-formed UTF-8 (RFC 3629): no surrogates, no overlong forms, at most U+10FFFF. */
bool text_is_utf8(const uint8_t *s, size_t n);

/**
 * text_next_char() - the code point at the front of @s
 * Return: its bytes, 1 to 4; 0 (with @cp untouched) if @n is 0 or no well-formed character begins there.
 */
size_t text_next_char(const uint8_t *s, size_t n, uint32_t *cp) MUST_CHECK;

/**
 * text_clean_name() - trim white space at both ends of a display name and check what is left
 * @max_chars: most code points; @max_bytes: most bytes.
 * Refused: control characters, U+2028/2029, bidirectional controls (U+061C, U+200E/F, U+202A-E, U+2066-9),
 * other invisible format characters but ZWJ/ZWNJ (U+200C/D), noncharacters, private use, planes without
 * characters; and a name in which nothing can be seen.
 *
 * Return: 0, with the trimmed part in *@start and *@len (within @s); -EINVAL.
 */
int text_clean_name(const char *s, size_t n, size_t max_chars, size_t max_bytes, const char **start,
		    size_t *len) MUST_CHECK;

/**
 * text_email_ok() - an address of mail as accounts and mail take it: the dot-string form of RFC 5321 §4.1.2
 * in ASCII (no quoted local parts, no address literals), a domain of letter-digit-hyphen labels (RFC 1123
 * §2.1)
 * @n: its bytes; at most TEXT_EMAIL_MAX, of which 64 before the @ (RFC 5321 §4.5.3.1).
 */
bool text_email_ok(const char *s, size_t n);
#define TEXT_EMAIL_MAX 254

/** text_equal_consttime() - same length and bytes, in time that depends on the length alone. */
bool text_equal_consttime(const void *a, size_t a_len, const void *b, size_t b_len);

/**
 * text_base32() - Crockford's base32, lower case: @n_symbols symbols of 5 bits from the front of @in; NUL
 * added.
 */
void text_base32(const uint8_t *in, size_t n_symbols, char *out);

/** text_base64url() - without padding, NUL added; @out holds TEXT_BASE64URL_LEN(n) + 1. */
void text_base64url(const uint8_t *in, size_t n, char *out);
#define TEXT_BASE64URL_LEN(n) (((n)*8 + 5) / 6)

/** text_base64() - with padding, NUL added; @out holds 4 * ((n + 2) / 3) + 1. */
void text_base64(const uint8_t *in, size_t n, char *out);

/**
 * text_unbase64url() - strict.
 *
 * Return: bytes written; -EINVAL (bad symbol, padding, non-zero spare bits, over @max).
 */
int text_unbase64url(const char *in, size_t n, uint8_t *out, size_t max) MUST_CHECK;

#endif
