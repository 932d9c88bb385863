/* Recovery codes: what opens an account with TOTP when the authenticator is lost. For totp.c. */
#ifndef PARLEY_ACCOUNT_RECOVERY_H
#define PARLEY_ACCOUNT_RECOVERY_H

#include "account/inside.h"

/** account_recovery_renew() - new ones in place of the old. @codes: set afresh. Return: 0; of the store. */
int account_recovery_renew(struct accounts *a, struct store_conn *c, const char *account_id,
			   char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_LEN + 1]) MUST_CHECK;

/** account_recovery_drop() - all of them. */
int account_recovery_drop(struct store_conn *c, const char *account_id) MUST_CHECK;

/** account_recovery_use() - @code, as a person writes it, is used up. Return: 0; ACCOUNT_E_CODE. */
int account_recovery_use(struct accounts *a, struct store_conn *c, const char *account_id,
			 const char *code) MUST_CHECK;

#endif
