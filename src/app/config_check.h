/* What the table alone cannot say: forms of values, and keys that contradict each other. */
#ifndef PARLEY_APP_CONFIG_CHECK_H
#define PARLEY_APP_CONFIG_CHECK_H

#include "app/config.h"

/** config_check() - Return: 0; -EINVAL with @error (CONFIG_ERROR_MAX) saying which keys and what is allowed.
 */
int config_check(const struct config *c, char *error) MUST_CHECK;

#endif
