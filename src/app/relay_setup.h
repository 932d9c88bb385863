/* The relay as the configuration wants it, for `parley serve` and `parley relay`. */
#ifndef PARLEY_APP_RELAY_SETUP_H
#define PARLEY_APP_RELAY_SETUP_H

#include "app/config.h"
#include "relay/relay.h"

#define RELAY_SECRET_MAX 64

/** relay_check() - Return: 0; -EINVAL with @error (CONFIG_ERROR_MAX): which option of [turn] is wrong, and
 * what is allowed. */
int relay_check(const struct config *c, char *error) MUST_CHECK;

/**
 * relay_use_own_secret() - where turn.secret is empty, put one in that is kept in server.data_dir
 * Return: 0; -errno, after logging why.
 */
int relay_use_own_secret(struct config *c) MUST_CHECK;

/** relay_realm() - the realm; lives as long as @c and @buf (256 bytes). */
const char *relay_realm(const struct config *c, char buf[256]);

/**
 * relay_setup_start() - start the relay on @l
 * @alone: `parley relay`: on all addresses unless turn.listen says otherwise.
 * Return: 0; -errno, after logging why.
 */
int relay_setup_start(const struct config *c, struct loop *l, bool alone, struct relay **out) MUST_CHECK;

#endif
