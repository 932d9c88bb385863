/* What the table alone cannot say: forms of values, and keys that contradict each other. */
#ifndef PARLEY_APP_CONFIG_CHECK_H
#define PARLEY_APP_CONFIG_CHECK_H

#include "app/config.h"

/**
 * config_check() - is it a configuration that can work, as far as its text tells?
 * @blamed: the option to point at, on failure
 * @error:  CONFIG_ERROR_MAX bytes: which keys and what is allowed
 * Return: 0; -EINVAL.
 */
int config_check(const struct config *c, const struct config_option **blamed, char *error) MUST_CHECK;

#endif
