/* Two accounts in a database of its own, for the tests of what proves who somebody is. */
#ifndef PARLEY_ACCOUNT_FACTOR_KIT_H
#define PARLEY_ACCOUNT_FACTOR_KIT_H

#include "account/inside.h"
#include "store/testkit.h"

#define FACTOR_KIT_ORIGIN "https://call.example.org"
#define FACTOR_KIT_RP     "call.example.org"

struct factor_kit {
	struct store_kit db;
	struct store *store;
	struct accounts *accounts;
	struct account ada, bob;
	struct account_client client;
	int64_t now_us;
};

/** factor_kit_open() - @kind as for store_kit_open(). Return: NULL; the reason to skip. */
const char *factor_kit_open(struct factor_kit *k, const char *kind) MUST_CHECK;
void factor_kit_close(struct factor_kit *k);

/** factor_kit_fresh() - forget all that was done: a new database with the same two. */
void factor_kit_fresh(struct factor_kit *k);

/** factor_kit_count() - what a SELECT COUNT(*) says; @text is its $1. SQL is a literal, here too. */
int64_t factor_kit_count_of(struct factor_kit *k, const char *sql, const char *text);
int64_t factor_kit_count(struct factor_kit *k, const char *sql);

/** factor_kit_text() - one TEXT of one row. */
void factor_kit_text(struct factor_kit *k, const char *sql, char *out, size_t size);

/** factor_kit_session() - somebody is signed in. @id: of the session. */
void factor_kit_session(struct factor_kit *k, const struct account *who, char id[ACCOUNT_ID_LEN + 1]);

#endif
