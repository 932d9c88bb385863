/*
 * The module's one object, and the words for roles.
 *
 * It holds parameters and one password hash, and never changes: any number of threads use it at once.
 */
#include "account/inside.h"

#include "base/mem.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

_Static_assert(ACCOUNT_PASSWORD_HASH == crypto_pwhash_STRBYTES, "room for libsodium's form of a hash");
_Static_assert(ACCOUNT_KEY_BYTES == crypto_secretbox_KEYBYTES, "keys are derived at their own length");

const char *account_role_text(enum account_role role)
{
	static const char *const words[] = {"guest", "member", "admin"};
	return words[role];
}

int account_role_parse(const char *text, enum account_role *out)
{
	if (strcmp(text, "member") == 0)
		*out = ACCOUNT_MEMBER;
	else if (strcmp(text, "admin") == 0)
		*out = ACCOUNT_ADMIN;
	else
		return -EINVAL;
	return 0;
}

static void set_hash_cost(struct accounts_params *p)
{
	if (p->hash_ops == 0)
		p->hash_ops = crypto_pwhash_OPSLIMIT_INTERACTIVE;
	if (p->hash_bytes == 0)
		p->hash_bytes = crypto_pwhash_MEMLIMIT_INTERACTIVE;
}

/* Of random bytes that are forgotten at once: no password is right for it. */
static int make_dummy(struct accounts *a)
{
	char password[ACCOUNT_TOKEN_LEN + 1];
	account_token_new(a, password);
	int rc = account_password_hash(a, password, a->dummy);
	sodium_memzero(password, sizeof(password));
	return rc;
}

int accounts_new(const struct accounts_params *p, struct accounts **out)
{
	if (sodium_init() < 0)
		return -ENOMEM;
	struct accounts *a = mem_zalloc(sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->p = *p;
	set_hash_cost(&a->p);
	int rc = -ENOMEM;
	a->public_url = mem_strdup(p->public_url ? p->public_url : "");
	if (a->public_url)
		rc = make_dummy(a);
	if (rc) {
		accounts_free(a);
		return rc;
	}
	a->p.public_url = a->public_url;
	*out = a;
	return 0;
}

struct accounts *accounts_free(struct accounts *a)
{
	if (!a)
		return NULL;
	mem_free(a->public_url);
	sodium_memzero(a, sizeof(*a));
	mem_free(a);
	return NULL;
}
