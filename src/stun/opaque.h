/*
 * OpaqueString (RFC 8265 §4.2), to which user names, realms and passwords are brought before they are hashed
 * (RFC 8489 §9.2.2, §14.3, §14.4).
 *
 * Done here: well-formed UTF-8; every space that is not ASCII becomes U+0020; refused are control characters,
 * what PRECIS calls ignorable (soft hyphen, zero-width and bidi marks, variation selectors, tags,
 * noncharacters; RFC 8264 §9.13), private use, conjoining Hangul jamo (§9.9), and the empty string.
 *
 * NOT done, for want of the tables: normalisation to form C (text that is already in form C, which is what
 * keyboards give, comes out right; a decomposed "e" + U+0301 stays decomposed and is another password),
 * refusal of unassigned code points, and the contextual rules of RFC 5892 appendix A: the joiners U+200C and
 * U+200D are refused altogether, the other contextual characters pass. ASCII is complete. SASLprep, which RFC
 * 5389 used, drops a soft hyphen where this refuses it. Thread: any.
 */
#ifndef PARLEY_STUN_OPAQUE_H
#define PARLEY_STUN_OPAQUE_H

#include "base/compiler.h"

#include <stddef.h>

/**
 * stun_opaque_string() - prepare @in, of @n bytes
 * @out: @cap bytes, gets a NUL; never longer than @in and the NUL; may be @in itself; untouched on failure
 * Return: bytes without the NUL; -EINVAL: refused; -ENOBUFS: @cap is too small.
 */
int stun_opaque_string(const char *in, size_t n, char *out, size_t cap) MUST_CHECK;

#endif
