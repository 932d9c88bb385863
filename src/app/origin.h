/*
 * Origins (RFC 6454) and the question whose pages may talk to us.
 *
 * With server.public_url that origin alone counts. Without it a page is ours when it was loaded from an
 * address that can only be this machine: a loopback name, one of this machine's interface addresses, or its
 * host name; never from a name that somebody else's DNS may point at us (DNS rebinding).
 */
#ifndef PARLEY_APP_ORIGIN_H
#define PARLEY_APP_ORIGIN_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

#define ORIGIN_MAX 256

/**
 * origin_of_url() - "scheme://host[:port]" in lower case, the default port left out
 * @url: http or https, a host and nothing behind it but an optional '/'.
 * Return: 0; -EINVAL.
 */
int origin_of_url(const char *url, char out[ORIGIN_MAX]) MUST_CHECK;

struct origin_policy {
	char public_origin[ORIGIN_MAX]; /* "" for none */
};

/** origin_host_is_ours() - is @host (a Host header: name or literal, with or without port) this machine for
 * sure? */
bool origin_host_is_ours(const char *host);

/** origin_allowed() - may a page of @origin use a service that it reached as @host, over TLS or not? NULL:
 * absent. */
bool origin_allowed(const struct origin_policy *p, const char *origin, const char *host, bool is_tls);

/** origin_self() - the origin to make links from for a request to @host. Return: 0; -EINVAL: @host is not
 * ours. */
int origin_self(const struct origin_policy *p, const char *host, bool is_tls,
		char out[ORIGIN_MAX]) MUST_CHECK;

/** origin_with_port() - "https://host:port" from a Host header that origin_host_is_ours() has accepted. */
void origin_with_port(const char *host, unsigned port, char out[ORIGIN_MAX]);

/** origin_local_names() - call @fn for every name and address literal of this machine, loopback included. */
void origin_local_names(void (*fn)(void *arg, const char *name), void *arg);

#endif
