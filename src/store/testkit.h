/*
 * Databases for tests: a file in a temporary directory, or a PostgreSQL server that is started there and
 * listens on a socket in it. Linux, Debian's package; as root the server runs as another user.
 */
#ifndef PARLEY_STORE_TESTKIT_H
#define PARLEY_STORE_TESTKIT_H

#include "store/store.h"

#include <stdarg.h>
#include <setjmp.h>
#include <sys/types.h>

#include <cmocka.h>

struct store_kit {
	bool postgres;
	char dir[64];
	char url[256]; /* of the database that is used now */
	unsigned databases;
	pid_t server; /* 0: not running */
};

/**
 * store_kit_open() - @kind: "sqlite" or "postgresql"
 * Return: NULL, and a fresh database is there; or the reason why this kind cannot be had here: skip.
 */
const char *store_kit_open(struct store_kit *k, const char *kind) MUST_CHECK;
void store_kit_close(struct store_kit *k);

/** store_kit_fresh() - go on with a new, empty database. */
void store_kit_fresh(struct store_kit *k);

/** store_kit_store() - a store on it; free it before store_kit_fresh() or _close(). */
struct store *store_kit_store(const struct store_kit *k, unsigned connections, uint32_t wait_ms) MUST_CHECK;

/** store_kit_order() - SQL by another way than the store, as the owner of the database. */
void store_kit_order(const struct store_kit *k, const char *sql);

/**
 * store_kit_small_disk() - a file system of @size ("4m"), whose path becomes @dir. What runs already does not
 * see it: it is in a mount namespace of this process. Without the right to make one, the test is skipped.
 */
void store_kit_small_disk(struct store_kit *k, const char *size, char *dir, size_t dir_size);
void store_kit_small_disk_end(const char *dir);
/** store_kit_ballast() - two megabytes on it, there or not. */
void store_kit_ballast(const char *dir, bool there);

/**
 * store_kit_main() - main() of a test program: its argument is the kind; where that cannot be had, one test
 * is skipped, with the reason. Return: the exit code.
 */
int store_kit_main(struct store_kit *k, int argc, char **argv, const struct CMUnitTest *tests, size_t n);

/** store_kit_nap() - between two looks at whether something has happened. */
void store_kit_nap(void);

/* PostgreSQL's server: kill -9 for all of its processes; a shutdown that ends all connections; a new start.
 */
void store_kit_crash(struct store_kit *k);
void store_kit_stop(struct store_kit *k);
void store_kit_start(struct store_kit *k);

#endif
