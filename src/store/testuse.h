/* Short ways to use a store, for its tests: one statement a transaction. */
#ifndef PARLEY_STORE_TESTUSE_H
#define PARLEY_STORE_TESTUSE_H

#include "store/store.h"

/** use_exec() - @changed may be NULL. Return: as store_write(). */
int use_exec(struct store *s, const char *sql, const struct store_value *args, size_t n, int64_t *changed);

/** use_int() - the number in the only column of the only row, by a read. Return: as store_read(). */
int use_int(struct store *s, const char *sql, const struct store_value *args, size_t n, int64_t *out);

/** use_count() - asserts that use_int() works. */
int64_t use_count(struct store *s, const char *sql);

/** use_words() - all rows of one TEXT column, parted by spaces; asserts that it works. */
const char *use_words(struct store *s, const char *sql, char *out, size_t size);

/** use_fill() - into USE_ROWS, until the disk is full. Return: how many rows were acknowledged. */
int64_t use_fill(struct store *s);
#define USE_ROWS   "CREATE TABLE rows (id BIGINT PRIMARY KEY, text TEXT NOT NULL)"
#define USE_INSERT "INSERT INTO rows (id, text) VALUES ($1, $2)"

/** use_schema() - run @sql (several statements) as the first step of a schema; asserts that it works. */
void use_schema(struct store *s, const char *sql);

#endif
