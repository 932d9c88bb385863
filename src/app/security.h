/* What makes a browser guard our pages, and the certificate for a machine without one. */
#ifndef PARLEY_APP_SECURITY_H
#define PARLEY_APP_SECURITY_H

#include "app/config.h"
#include "http/http.h"
#include "net/tls.h"

/**
 * security_headers() - the headers of every reply
 * @out: room for @max, at least 16. The values are static.
 * Return: how many.
 */
size_t security_headers(const struct config *c, struct http_reply_header *out, size_t max);

/** security_self_signed() - a context for tls.self_signed, for all names and addresses of this machine.
 * Return: 0; -errno. */
int security_self_signed(const struct config *c, struct tls_ctx **out) MUST_CHECK;

/** security_print_urls() - to standard output, the addresses under which a TLS service without public URL is
 * reached. */
void security_print_urls(const struct config *c);

#endif
