/* Accounts by the million: what the filling and the measuring share. */
#ifndef PARLEY_BENCH_ACCOUNTS_DB_H
#define PARLEY_BENCH_ACCOUNTS_DB_H

#include "tool.h"

#include "account/account.h"
#include "store/store.h"

struct fill {
	const char *password; /* hash, of all */
	uint32_t count;       /* a multiple of 100,000 */
	int64_t now_us;
	uint32_t from;
};

uint64_t db_random(void);
void db_email(uint32_t i, char out[ACCOUNT_EMAIL_MAX + 1]);
void db_name_key(uint32_t i, char out[ACCOUNT_NAME_BYTES + 1]);
void db_fill(struct store *s, struct fill *f);

#endif
