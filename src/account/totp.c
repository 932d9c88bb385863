/*
 * TOTP as a second factor: switched on and off, asked for when signing in.
 *
 * The secret is sealed in the account's row. The last time step used is beside it, and moves on in the
 * transaction of what the code was given for, so that no code counts twice, not even for two who come at the
 * same moment.
 *
 * Whoever has only a stolen session must not lock its owner out with a secret of their own: the secret that
 * is switched on comes back sealed in a ticket, which is given for the password and good for the session in
 * which that was given, for some minutes.
 *
 * Thread: any that may block.
 */
#include "account/inside.h"
#include "account/otp.h"
#include "account/recovery.h"
#include "account/webauthn.h"

#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define SEAL_PURPOSE   "totp"
#define TICKET_PURPOSE "totp ticket"

_Static_assert(ACCOUNT_TOTP_SECRET_LEN == OTP_KEY_LEN, "160 bits in base32");

/* ---- a new secret ---- */

/* RFC 3986 §2.1: what is not unreserved is escaped. */
static int append_escaped(char *out, size_t size, size_t *n, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

	for (; *text; text++) {
		bool is_plain = strchr(plain, *text) != NULL;
		int k = snprintf(out + *n, size - *n, is_plain ? "%c" : "%%%02X", (unsigned char)*text);
		if (k < 0 || (size_t)k >= size - *n)
			return -ENOBUFS;
		*n += (size_t)k;
	}
	return 0;
}

static int append(char *out, size_t size, size_t *n, const char *text)
{
	size_t len = strlen(text);
	if (len >= size - *n)
		return -ENOBUFS;
	memcpy(out + *n, text, len + 1);
	*n += len;
	return 0;
}

/* What the authenticator's list says: with a host, as people have accounts on more than one Parley. */
static int issuer_of(const struct accounts *a, char *out, size_t size)
{
	char host[WEBAUTHN_RP_ID_MAX + 1];
	int rc = webauthn_rp_id(a->p.public_url, host);
	if (rc)
		return rc;
	if (a->p.public_url[0])
		(void)snprintf(out, size, "Parley (%s)", host);
	else
		(void)snprintf(out, size, "Parley");
	return 0;
}

static int write_uri(const char *issuer, const char *email, const char *secret, char *out, size_t size)
{
	size_t n = 0;
	int rc = append(out, size, &n, "otpauth://totp/");
	if (rc == 0)
		rc = append_escaped(out, size, &n, issuer);
	if (rc == 0)
		rc = append(out, size, &n, ":");
	if (rc == 0)
		rc = append_escaped(out, size, &n, email);
	if (rc == 0)
		rc = append(out, size, &n, "?secret=");
	if (rc == 0)
		rc = append(out, size, &n, secret);
	if (rc == 0)
		rc = append(out, size, &n, "&issuer=");
	if (rc == 0)
		rc = append_escaped(out, size, &n, issuer);
	if (rc == 0)
		rc = append(out, size, &n, "&algorithm=SHA1&digits=6&period=30");
	return rc;
}

/* ---- the ticket: what the password was given for, with the client between the two requests ---- */

struct ticket {
	int64_t expires_us;
	char account[ACCOUNT_ID_LEN], session[ACCOUNT_ID_LEN]; /* no NUL; "" is all zero */
	uint8_t key[OTP_KEY_BYTES];
	uint8_t zero[4];
};

_Static_assert(sizeof(struct ticket) == 64, "no padding");
_Static_assert(ACCOUNT_TOTP_TICKET_LEN == TEXT_BASE64URL_LEN(64 + 24 + 16), "nonce, box and tag");

/* Of whom, but for the key. */
static struct ticket ticket_for(const char *account, const char *session)
{
	struct ticket t = {0};
	memcpy(t.account, account, strnlen(account, sizeof(t.account)));
	if (session)
		memcpy(t.session, session, strnlen(session, sizeof(t.session)));
	return t;
}

static int write_ticket(const struct accounts *a, const struct ticket *t,
			char out[ACCOUNT_TOTP_TICKET_LEN + 1])
{
	char *sealed;
	int rc = account_seal(a, TICKET_PURPOSE, t, sizeof(*t), &sealed);
	if (rc)
		return rc;
	memcpy(out, sealed, ACCOUNT_TOTP_TICKET_LEN + 1);
	mem_free(sealed);
	return 0;
}

static int read_ticket(const struct accounts *a, const char *text, struct ticket *out)
{
	char *plain;
	size_t n;
	if (!text || strlen(text) != ACCOUNT_TOTP_TICKET_LEN)
		return ACCOUNT_E_TOKEN;
	int rc = account_unseal_given(a, TICKET_PURPOSE, text, &plain, &n);
	if (rc)
		return rc;
	if (n == sizeof(*out))
		memcpy(out, plain, sizeof(*out));
	else
		rc = ACCOUNT_E_TOKEN;
	sodium_memzero(plain, n);
	mem_free(plain);
	return rc;
}

/* The key, if the password was given for it in this session of this account. */
static int key_of_ticket(const struct accounts *a, const char *text, const struct ticket *want,
			 int64_t now_us, uint8_t key[OTP_KEY_BYTES])
{
	struct ticket t;
	int rc = read_ticket(a, text, &t);
	if (rc)
		return rc;
	if (now_us >= t.expires_us || memcmp(t.account, want->account, sizeof(t.account)) != 0 ||
	    memcmp(t.session, want->session, sizeof(t.session)) != 0)
		rc = ACCOUNT_E_TOKEN;
	else
		memcpy(key, t.key, sizeof(t.key));
	sodium_memzero(&t, sizeof(t));
	return rc;
}

int account_totp_new(struct accounts *a, const struct account *who, const char *session, int64_t now_us,
		     struct account_totp *out)
{
	char issuer[WEBAUTHN_RP_ID_MAX + 16];
	struct ticket t = ticket_for(who->id, session);
	struct account_totp made;

	int rc = issuer_of(a, issuer, sizeof(issuer));
	if (rc)
		return rc;
	t.expires_us = now_us + ACCOUNT_TOTP_TICKET_S * ACCOUNT_US;
	a->p.rand(a->p.rand_arg, t.key, sizeof(t.key));
	otp_key_text(t.key, made.secret);
	rc = write_uri(issuer, who->email, made.secret, made.uri, sizeof(made.uri));
	if (rc == 0)
		rc = write_ticket(a, &t, made.ticket);
	if (rc == 0)
		*out = made;
	sodium_memzero(&t, sizeof(t));
	sodium_memzero(&made, sizeof(made));
	return rc;
}

/* ---- what the account has ---- */

struct stored {
	struct accounts *a;
	bool found, on;
	uint8_t key[OTP_KEY_BYTES];
	int64_t step;
};

static int on_stored(void *arg, const struct store_value *v, size_t n)
{
	struct stored *s = arg;
	char *key;
	size_t len;

	s->found = true;
	s->on = v[0].len > 0;
	s->step = v[1].i;
	if (!s->on)
		return 0;
	int rc = account_unseal(s->a, SEAL_PURPOSE, v[0].text, v[0].len, &key, &len);
	if (rc)
		return rc;
	if (len == sizeof(s->key))
		memcpy(s->key, key, sizeof(s->key));
	else
		rc = -EIO;
	sodium_memzero(key, len);
	mem_free(key);
	return rc;
}

static int load(struct accounts *a, struct store_conn *c, const char *account_id, struct stored *out)
{
	*out = (struct stored){.a = a};
	int rc = store_query(c, "SELECT totp, totp_step FROM accounts WHERE id = $1",
			     STORE_ARGS(store_text(account_id)), on_stored, out);
	return rc ? rc : out->found ? 0 : ACCOUNT_E_UNKNOWN;
}

/* ---- codes ---- */

/* Six digits, which some show in two groups. */
static bool read_digits(const char *code, char out[OTP_DIGITS])
{
	size_t n = 0;

	for (; *code; code++) {
		if (*code == ' ')
			continue;
		if (*code < '0' || *code > '9' || n == OTP_DIGITS)
			return false;
		out[n++] = *code;
	}
	return n == OTP_DIGITS;
}

static int match(const struct stored *s, const char digits[OTP_DIGITS], int64_t now_us, int64_t *step)
{
	int rc = otp_match(s->key, digits, now_us, s->step, step);
	return rc == OTP_E_WRONG ? ACCOUNT_E_CODE : rc;
}

static int use_digits(struct store_conn *c, const struct stored *s, const char *account_id,
		      const char digits[OTP_DIGITS], int64_t now_us)
{
	int64_t step, changed;
	int rc = match(s, digits, now_us, &step);
	if (rc)
		return rc;
	rc = store_exec(c, "UPDATE accounts SET totp_step = $2 WHERE id = $1 AND totp_step < $2",
			STORE_ARGS(store_text(account_id), store_int(step)), &changed);
	return rc ? rc : changed ? 0 : ACCOUNT_E_CODE;
}

int account_second_factor(struct accounts *a, struct store_conn *c, const char *account_id, const char *code,
			  int64_t now_us)
{
	struct stored s;
	char digits[OTP_DIGITS];

	int rc = load(a, c, account_id, &s);
	if (rc || !s.on)
		return rc;
	if (!code || !code[0])
		rc = ACCOUNT_E_SECOND_FACTOR;
	else if (read_digits(code, digits))
		rc = use_digits(c, &s, account_id, digits, now_us);
	else
		rc = account_recovery_use(a, c, account_id, code);
	sodium_memzero(&s, sizeof(s));
	return rc;
}

/* ---- on and off ---- */

struct change {
	struct accounts *a;
	const char *id, *session;
	const char *sealed;
	int64_t step;
	char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_LEN + 1];
};

static int on_state(void *arg, const struct store_value *v, size_t n)
{
	bool *on = arg;
	*on = v[0].len > 0;
	return 0;
}

/* Hold the account; ACCOUNT_E_STATE unless TOTP is @on. The secret is not opened: what can no longer be
   opened can still be switched off. */
static int lock_if(struct store_conn *c, const struct change *t, bool on)
{
	bool is_on = false;
	int rc = account_lock(c, t->id);
	if (rc == 0)
		rc = store_query(c, "SELECT totp FROM accounts WHERE id = $1", STORE_ARGS(store_text(t->id)),
				 on_state, &is_on);
	if (rc)
		return rc;
	return is_on == on ? 0 : ACCOUNT_E_STATE;
}

static int switch_on(struct store_conn *c, void *arg)
{
	struct change *t = arg;
	int rc = lock_if(c, t, false);
	if (rc == 0)
		rc = store_exec(c, "UPDATE accounts SET totp = $2, totp_step = $3 WHERE id = $1",
				STORE_ARGS(store_text(t->id), store_text(t->sealed), store_int(t->step)),
				NULL);
	if (rc == 0)
		rc = account_recovery_renew(t->a, c, t->id, t->codes);
	if (rc == 0)
		rc = account_sessions_end(c, t->id, t->session);
	return rc;
}

/* The code that shows that the authenticator has the secret. */
static int check_new(const struct stored *s, const char *code, int64_t now_us, int64_t *step)
{
	char digits[OTP_DIGITS];

	if (!code || !read_digits(code, digits))
		return ACCOUNT_E_CODE;
	return match(s, digits, now_us, step);
}

int account_totp_on(struct accounts *a, const char *id, const char *session, const char *ticket,
		    const char *code, int64_t now_us,
		    char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_LEN + 1])
{
	struct stored s = {.a = a};
	struct change t = {.a = a, .id = id, .session = session};
	struct ticket want = ticket_for(id, session);
	char *sealed = NULL;

	int rc = key_of_ticket(a, ticket, &want, now_us, s.key);
	if (rc == 0)
		rc = check_new(&s, code, now_us, &t.step);
	if (rc == 0)
		rc = account_seal(a, SEAL_PURPOSE, s.key, sizeof(s.key), &sealed);
	sodium_memzero(&s, sizeof(s));
	if (rc)
		return rc;
	t.sealed = sealed;
	rc = store_write(a->p.store, switch_on, &t);
	if (rc == 0)
		memcpy(codes, t.codes, sizeof(t.codes));
	mem_free(sealed);
	sodium_memzero(&t, sizeof(t));
	return rc;
}

static int switch_off(struct store_conn *c, void *arg)
{
	const struct change *t = arg;
	int rc = lock_if(c, t, true);
	if (rc == 0)
		rc = store_exec(c, "UPDATE accounts SET totp = '', totp_step = 0 WHERE id = $1",
				STORE_ARGS(store_text(t->id)), NULL);
	return rc ? rc : account_recovery_drop(c, t->id);
}

int account_totp_off(struct accounts *a, const char *id, int64_t now_us)
{
	struct change t = {.a = a, .id = id};
	return store_write(a->p.store, switch_off, &t);
}

static int renew_codes(struct store_conn *c, void *arg)
{
	struct change *t = arg;
	int rc = lock_if(c, t, true);
	return rc ? rc : account_recovery_renew(t->a, c, t->id, t->codes);
}

int account_recovery_codes(struct accounts *a, const char *id, int64_t now_us,
			   char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_LEN + 1])
{
	struct change t = {.a = a, .id = id};
	int rc = store_write(a->p.store, renew_codes, &t);
	if (rc == 0)
		memcpy(codes, t.codes, sizeof(t.codes));
	sodium_memzero(&t, sizeof(t));
	return rc;
}
