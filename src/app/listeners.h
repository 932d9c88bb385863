/* The service's listening sockets and the TLS context that they share. */
#ifndef PARLEY_APP_LISTENERS_H
#define PARLEY_APP_LISTENERS_H

#include "app/service.h"
#include "net/stream.h"
#include "net/tls.h"

#define LISTENERS_MAX 32

struct listeners {
	struct tls_ctx *tls; /* NULL without TLS */
	struct net_listener *items[LISTENERS_MAX];
	size_t count;
};

/** listeners_open() - listen as the configuration says, for @s. Return: 0; -errno, after logging what failed.
 */
int listeners_open(struct listeners *ls, struct service *s) MUST_CHECK;

/** listeners_close() - accept no more. Harmless when nothing is open. */
void listeners_close(struct listeners *ls);

/** listeners_load_tls() - a context from tls.* as they are now. Return: 0; -errno, after logging why. */
int listeners_load_tls(const struct config *c, struct tls_ctx **out) MUST_CHECK;

/** listeners_swap_tls() - connections from now on use @fresh, which is taken over; NULL: only give the old
 * one back. */
void listeners_swap_tls(struct listeners *ls, struct tls_ctx *fresh);

#endif
