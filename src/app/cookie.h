/* The Cookie header of requests, and Set-Cookie for the one cookie that there is. Pure. */
#ifndef PARLEY_APP_COOKIE_H
#define PARLEY_APP_COOKIE_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 6265bis §4.1.3.2: with this prefix a browser takes it over TLS alone, for this host alone. */
#define COOKIE_NAME_SECURE "__Host-parley"
#define COOKIE_NAME_PLAIN  "parley"

#define COOKIE_MAX 256 /* bytes of a Set-Cookie value of ours */

/**
 * cookie_find() - the value of the cookie @name in a Cookie header (RFC 6265 §4.2.1)
 * @header: NULL-safe. Names are compared with case.
 * Return: 0; -ENOENT: it is not there, or -EINVAL: it is there twice with different values, or has bytes that
 * no cookie may have, or does not fit into @size.
 */
int cookie_find(const char *header, const char *name, char *out, size_t size) MUST_CHECK;

/** cookie_set() - a Set-Cookie value: HttpOnly, SameSite=Lax, Path=/, and Secure under the name for that.
 * @token: "" takes the cookie away. */
void cookie_set(bool secure, const char *token, uint32_t max_age_s, char out[COOKIE_MAX]);

#endif
