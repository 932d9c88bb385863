/* Keys that are made at first start and kept in the data directory. */
#ifndef PARLEY_APP_SECRET_H
#define PARLEY_APP_SECRET_H

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>

/**
 * secret_load() - the key @name in @dir, made of @n random bytes if it is not there
 * The directory is made (mode 0700) if need be; the file has mode 0600 and is on disk before this returns.
 * Two processes that start at once end up with the same key. Return: 0; -EBADMSG: the file does not hold @n
 * bytes; -errno.
 */
int secret_load(const char *dir, const char *name, uint8_t *out, size_t n) MUST_CHECK;

#endif
