/*
 * Passwords: which are taken, and their hashes (argon2id, by libsodium's crypto_pwhash_str).
 *
 * The rule is length and not being among the first that anybody tries (NIST SP 800-63B §5.1.1.2): no demands
 * for digits or capitals. Guessing on the wire is what the limits of the HTTP side are against; this keeps
 * out what would fall within them.
 *
 * Thread: any that may be held up for some 100 ms.
 */
#include "account/inside.h"

#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What people choose first, of those long enough to get this far; compared without case. */
static const char *const common[] = {
	"123456789",
	"1234567890",
	"12345678910",
	"0123456789",
	"9876543210",
	"987654321",
	"87654321",
	"12345678",
	"123456789a",
	"a123456789",
	"1234567890a",
	"123123123",
	"12341234",
	"123454321",
	"12344321",
	"1234abcd",
	"abcd1234",
	"abc12345",
	"abc123456",
	"a1b2c3d4",
	"a1234567",
	"aa123456",
	"aa12345678",
	"11112222",
	"11223344",
	"1122334455",
	"112233445566",
	"147258369",
	"159753456",
	"789456123",
	"741852963",
	"147852369",
	"123698745",
	"135792468",
	"1q2w3e4r",
	"1q2w3e4r5t",
	"1q2w3e4r5t6y",
	"1qaz2wsx",
	"1qaz2wsx3edc",
	"1qazxsw2",
	"zaq12wsx",
	"zaq1zaq1",
	"qwertyui",
	"qwertyuiop",
	"qwerty12",
	"qwerty123",
	"qwerty1234",
	"qwerty12345",
	"qwerty123456",
	"123qwerty",
	"1234qwer",
	"qwer1234",
	"qwertz123",
	"qwertzui",
	"qwertzuiop",
	"azertyuiop",
	"asdfghjk",
	"asdfghjkl",
	"asdf1234",
	"asdfasdf",
	"zxcvbnm1",
	"zxcvbnm123",
	"zxcvbnm,",
	"qazwsxedc",
	"qweasdzxc",
	"password",
	"password1",
	"password12",
	"password123",
	"password1234",
	"password12345",
	"password!",
	"password1!",
	"passw0rd",
	"p@ssw0rd",
	"p@ssword",
	"p@ssw0rd1",
	"passwort",
	"passwort1",
	"passwort123",
	"motdepasse",
	"contrasena",
	"changeme",
	"changeme1",
	"changeme123",
	"letmein1",
	"letmein123",
	"welcome1",
	"welcome123",
	"iloveyou",
	"iloveyou1",
	"iloveyou2",
	"sunshine",
	"sunshine1",
	"princess",
	"princess1",
	"football",
	"football1",
	"baseball",
	"baseball1",
	"basketball",
	"superman",
	"superman1",
	"trustno1",
	"starwars",
	"whatever",
	"michelle",
	"jennifer",
	"computer",
	"internet",
	"liverpool",
	"chocolate",
	"butterfly",
	"samantha",
	"jonathan",
	"dragon123",
	"monkey123",
	"master123",
	"admin123",
	"admin1234",
	"administrator",
	"adminadmin",
	"rootroot",
	"testtest",
	"test1234",
	"testing123",
	"temp1234",
	"guest123",
	"user1234",
	"default1",
	"secret123",
	"secretsecret",
	"correcthorsebatterystaple",
	"parley123",
	"parleyparley",
	"videocall",
	"hello123",
	"hellohello",
};

static bool is_common(const char *password)
{
	for (size_t i = 0; i < ARRAY_LEN(common); i++)
		if (strcasecmp(password, common[i]) == 0)
			return true;
	return false;
}

/* Characters of a text without control characters; SIZE_MAX: it has some, or is no UTF-8. */
static size_t count_chars(const char *s, size_t n, bool *all_same)
{
	uint32_t first = 0, cp;
	size_t chars = 0;
	*all_same = true;
	for (size_t i = 0; i < n; chars++) {
		size_t len = text_next_char((const uint8_t *)s + i, n - i, &cp);
		if (len == 0 || cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
			return SIZE_MAX;
		if (i == 0)
			first = cp;
		*all_same = *all_same && cp == first;
		i += len;
	}
	return chars;
}

int account_password_check(const struct accounts *a, const char *password, const char *email,
			   struct account_fault *fault)
{
	bool all_same;
	if (!password)
		return account_fault(fault, "password", "A password is needed.");
	size_t n = strnlen(password, ACCOUNT_PASSWORD_BYTES + 1);
	if (n > ACCOUNT_PASSWORD_BYTES)
		return account_fault(fault, "password", "This password is too long.");
	size_t chars = count_chars(password, n, &all_same);
	if (chars == SIZE_MAX)
		return account_fault(fault, "password", "A password cannot have control characters.");
	if (chars < a->p.password_min)
		return account_fault(fault, "password", "This password is too short.");
	if (all_same || is_common(password))
		return account_fault(fault, "password",
				     "This password is too common; others would try it first.");
	if (email && strcasecmp(password, email) == 0)
		return account_fault(fault, "password", "The password cannot be the e-mail address.");
	return 0;
}

int account_password_hash(const struct accounts *a, const char *password, char out[ACCOUNT_PASSWORD_HASH])
{
	char hash[ACCOUNT_PASSWORD_HASH];
	if (crypto_pwhash_str(hash, password, strlen(password), a->p.hash_ops, a->p.hash_bytes) != 0) {
		log_error("no memory to hash a password");
		return -ENOMEM;
	}
	memcpy(out, hash, sizeof(hash));
	return 0;
}

/* The parts of what crypto_pwhash_str() makes. */
struct encoded {
	unsigned kbytes, ops;
	uint8_t salt[crypto_pwhash_SALTBYTES], hash[32];
};

static bool decode_bytes(const char *text, uint8_t *out, size_t n)
{
	size_t len;
	return sodium_base642bin(out, n, text, strlen(text), NULL, &len, NULL,
				 sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
	       len == n;
}

static int decode(const char *text, struct encoded *out)
{
	char salt[32], hash[64];
	int end = 0;
	if (sscanf(text, "$argon2id$v=19$m=%9u,t=%9u,p=1$%31[^$]$%63[^$]%n", &out->kbytes, &out->ops, salt,
		   hash, &end) == 4 &&
	    text[end] == '\0' && decode_bytes(salt, out->salt, sizeof(out->salt)) &&
	    decode_bytes(hash, out->hash, sizeof(out->hash)))
		return 0;
	log_error("what should be the hash of a password is none");
	return -EIO;
}

/* crypto_pwhash_str_verify() cannot tell a wrong password from too little memory: so hashed anew, compared.
 */
static int compare(const struct encoded *e, const char *password, size_t n)
{
	uint8_t hash[sizeof(e->hash)];
	if (crypto_pwhash(hash, sizeof(hash), password, n, e->salt, e->ops, (size_t)e->kbytes * 1024,
			  crypto_pwhash_ALG_ARGON2ID13) != 0) {
		log_error("no memory to check a password");
		return -ENOMEM;
	}
	int rc = sodium_memcmp(hash, e->hash, sizeof(hash)) == 0 ? 0 : ACCOUNT_E_CREDENTIALS;
	sodium_memzero(hash, sizeof(hash));
	return rc;
}

int account_password_verify(const struct accounts *a, const char *hash, const char *password)
{
	struct encoded e;
	bool real = hash && *hash;
	/* What is too long to be anybody's is cut, so that it takes no longer than a wrong password. */
	size_t n = password ? strnlen(password, ACCOUNT_PASSWORD_BYTES) : 0;
	bool whole = password && password[n] == '\0';
	int rc = decode(real ? hash : a->dummy, &e);
	if (rc == 0)
		rc = compare(&e, password ? password : "", n);
	if (rc == 0 && !(real && whole))
		rc = ACCOUNT_E_CREDENTIALS;
	return rc;
}
