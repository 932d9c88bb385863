/* Accounts on a database of their own, for tests; hashing is as cheap as libsodium lets it be. */
#ifndef PARLEY_ACCOUNT_TESTKIT_H
#define PARLEY_ACCOUNT_TESTKIT_H

#include "account/account.h"
#include "account/inside.h"
#include "account/mail_queue.h"
#include "store/testkit.h"

#define KIT_NOW      1800000000000000LL
#define KIT_PASSWORD "a fine long password"

struct account_kit {
	struct store_kit db;
	struct store *store;
	struct accounts *a;
	int64_t now;
};

extern struct account_kit kit;
extern const struct account_client kit_client;

/**
 * kit_main() - run @tests on the kind of database that argv[1] names ("sqlite", "postgresql"); each test
 * finds empty tables. Return: exit code; 77, and a line that says why, where that kind cannot be had.
 */
int kit_main(int argc, char **argv, const char *name, const struct CMUnitTest *tests, size_t n);

/** kit_params() - of kit.a; to make others like it. */
struct accounts_params kit_params(void);

void kit_advance(int64_t seconds);

/** kit_add() - an account with KIT_PASSWORD. */
struct account kit_add(const char *email, const char *name, enum account_role role);

/** kit_signin() - with KIT_PASSWORD; it must work. */
struct account_login kit_signin(const char *email, char token[ACCOUNT_TOKEN_LEN + 1]);

/** kit_try() - the code of a sign-in that is given up. */
int kit_try(const char *email, const char *password);

/** kit_count() - SELECT COUNT(*) FROM @from ("mails WHERE …"). */
int64_t kit_count(const char *from);

/** kit_mail() - a variable of the newest letter of that template to @email, which is taken; "" : there is no
 * such letter. */
void kit_mail(const char *template, const char *email, const char *var, char *out, size_t size);

/** kit_token() - kit_mail() of "token"; the letter must be there. */
void kit_token(const char *template, const char *email, char token[ACCOUNT_TOKEN_LEN + 1]);

/** kit_clear() - empty all tables. */
void kit_clear(void);

#endif
