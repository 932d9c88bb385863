/*
 * Signing in with a passkey.
 *
 * Two transactions with the signature between them: the first uses the challenge up and finds the key,
 * whatever comes of it; the second holds the counter against the one kept and makes the session. Whoever
 * answers wrongly, in whatever way, hears the same.
 *
 * A counter that does not rise means that two may have the key (WebAuthn §6.1.1), and nobody can tell which
 * of them is the owner: the answer is refused and the audit log says so. Synced passkeys have no counter;
 * theirs is always zero.
 *
 * Thread: any that may block.
 */
#include "account/passkey.h"

#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* ---- options ---- */

struct options {
	struct accounts *a;
	int64_t now_us;
	char challenge[ACCOUNT_TOKEN_LEN + 1];
};

static int prepare(struct store_conn *c, void *arg)
{
	struct options *o = arg;
	return passkey_challenge_put(o->a, c, NULL, o->now_us, o->challenge);
}

int account_passkey_signin_options(struct accounts *a, int64_t now_us, char **json)
{
	struct options o = {.a = a, .now_us = now_us};
	char rp_id[WEBAUTHN_RP_ID_MAX + 1];

	int rc = webauthn_rp_id(a->p.public_url, rp_id);
	if (rc == 0)
		rc = store_write(a->p.store, prepare, &o);
	if (rc)
		return rc;
	/* PublicKeyCredentialRequestOptions, §5.5; no list of credentials, as it is not known who comes. */
	return passkey_json(json_pack("{s:s, s:i, s:s, s:[], s:s}", "challenge", o.challenge, "timeout",
				      PASSKEY_CHALLENGE_S * 1000, "rpId", rp_id, "allowCredentials",
				      "userVerification", "required"),
			    json);
}

/* ---- the answer ---- */

struct attempt {
	struct accounts *a;
	const struct account_client *client;
	int64_t now_us;

	struct passkey_bytes credential, client_data, auth_data, signature, user;
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];
	uint32_t sign_count; /* of the answer */

	bool challenge_good;
	char credential_text[TEXT_BASE64URL_LEN(WEBAUTHN_CREDENTIAL_BYTES_MAX) + 1];
	char passkey[ACCOUNT_ID_LEN + 1]; /* "" : there is no such credential */
	char account[ACCOUNT_ID_LEN + 1];
	char cose_text[TEXT_BASE64URL_LEN(WEBAUTHN_COSE_MAX) + 1];
	int64_t kept_count; /* < 0: the passkey is no more */

	bool cloned;
	struct account_login login;
	char token[ACCOUNT_TOKEN_LEN + 1];
};

static int decode(struct attempt *t, const struct account_passkey_answer *in)
{
	const struct {
		const char *text;
		size_t max;
		struct passkey_bytes *out;
	} fields[] = {
		{in->id, WEBAUTHN_CREDENTIAL_BYTES_MAX, &t->credential},
		{in->client_data, WEBAUTHN_CLIENT_DATA_MAX, &t->client_data},
		{in->authenticator_data, WEBAUTHN_AUTH_DATA_MAX, &t->auth_data},
		{in->signature, WEBAUTHN_SIGNATURE_MAX, &t->signature},
		{in->user_handle, ACCOUNT_ID_LEN, &t->user},
	};
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		int rc = passkey_decode(fields[i].text, fields[i].max, "passkey", NULL, fields[i].out);
		if (rc)
			return rc;
	}
	text_base64url(t->credential.p, t->credential.n, t->credential_text);
	return 0;
}

static int read_client_data(struct attempt *t, const char *origin)
{
	int rc = webauthn_client_data(passkey_view(&t->client_data), "webauthn.get", origin, t->challenge);
	if (rc <= 0)
		return rc;
	return rc == WEBAUTHN_E_FORM ? ACCOUNT_E_FIELD : ACCOUNT_E_CREDENTIALS;
}

static int on_key(void *arg, const struct store_value *v, size_t n)
{
	struct attempt *t = arg;
	if (store_column_text(&v[0], t->passkey, sizeof(t->passkey)) ||
	    store_column_text(&v[1], t->account, sizeof(t->account)) ||
	    store_column_text(&v[2], t->cose_text, sizeof(t->cose_text)))
		return -EIO;
	return 0;
}

static int find_key(struct store_conn *c, void *arg)
{
	struct attempt *t = arg;

	t->passkey[0] = '\0';
	int rc = passkey_challenge_take(t->a, c, NULL, t->challenge, t->now_us, &t->challenge_good);
	if (rc)
		return rc;
	return store_query(c, "SELECT id, account_id, public_key FROM passkeys WHERE credential = $1",
			   STORE_ARGS(store_text(t->credential_text)), on_key, t);
}

static int verify(struct attempt *t)
{
	uint8_t cose[WEBAUTHN_COSE_MAX];
	char rp_id[WEBAUTHN_RP_ID_MAX + 1];

	if (!t->challenge_good || !t->passkey[0] ||
	    !text_equal_consttime(t->user.p, t->user.n, t->account, strlen(t->account)))
		return ACCOUNT_E_CREDENTIALS;
	int n = text_unbase64url(t->cose_text, strlen(t->cose_text), cose, sizeof(cose));
	if (n < 0)
		return -EIO;
	int rc = webauthn_rp_id(t->a->p.public_url, rp_id);
	if (rc)
		return rc;
	const struct webauthn_assertion assertion = {
		.cose_key = {cose, (size_t)n},
		.client_data = passkey_view(&t->client_data),
		.auth_data = passkey_view(&t->auth_data),
		.signature = passkey_view(&t->signature),
		.rp_id = rp_id,
	};
	rc = webauthn_verify(&assertion, &t->sign_count);
	return rc > 0 ? ACCOUNT_E_CREDENTIALS : rc;
}

/* ---- the counter and the session ---- */

static int on_kept(void *arg, const struct store_value *v, size_t n)
{
	int64_t *count = arg;
	*count = v[0].i;
	return 0;
}

/* §7.2 step 21 */
static bool counter_is_good(const struct attempt *t)
{
	return t->sign_count > t->kept_count || (t->sign_count == 0 && t->kept_count == 0);
}

static int note_clone(struct store_conn *c, const struct attempt *t)
{
	char detail[64];
	(void)snprintf(detail, sizeof(detail), "counter %" PRIu32 " after %" PRId64, t->sign_count,
		       t->kept_count);
	const struct account_deed deed = {
		.action = "passkey.cloned", .target = t->account, .detail = detail, .client = t->client};
	return account_audit_in(c, &deed, t->now_us);
}

/* Only from the counter that was looked at: of two who come at once with the same one, one goes away. */
static int move_counter(struct store_conn *c, const struct attempt *t)
{
	int64_t changed;
	int rc = store_exec(
		c, "UPDATE passkeys SET sign_count = $3, used_us = $4 WHERE id = $1 AND sign_count = $2",
		STORE_ARGS(store_text(t->passkey), store_int(t->kept_count), store_int(t->sign_count),
			   store_int(t->now_us)),
		&changed);
	return rc ? rc : changed ? 0 : ACCOUNT_E_CREDENTIALS;
}

static int sign_in(struct store_conn *c, void *arg)
{
	struct attempt *t = arg;

	t->kept_count = -1;
	t->cloned = false;
	int rc = store_query(c, "SELECT sign_count FROM passkeys WHERE id = $1",
			     STORE_ARGS(store_text(t->passkey)), on_kept, &t->kept_count);
	if (rc)
		return rc;
	if (t->kept_count < 0)
		return ACCOUNT_E_CREDENTIALS;
	if (!counter_is_good(t)) {
		t->cloned = true;
		return note_clone(c, t);
	}
	rc = move_counter(c, t);
	return rc ? rc : account_session_new(t->a, c, t->account, t->client, t->now_us, &t->login, t->token);
}

static int attempt(struct attempt *t, const struct account_passkey_answer *in, const char *origin)
{
	int rc = decode(t, in);
	if (rc == 0)
		rc = read_client_data(t, origin);
	if (rc == 0)
		rc = store_write(t->a->p.store, find_key, t);
	if (rc == 0)
		rc = verify(t);
	if (rc == 0)
		rc = store_write(t->a->p.store, sign_in, t);
	return rc == 0 && t->cloned ? ACCOUNT_E_CREDENTIALS : rc;
}

int account_passkey_signin(struct accounts *a, const struct account_passkey_answer *in, const char *origin,
			   const struct account_client *client, int64_t now_us, struct account_login *out,
			   char token[ACCOUNT_TOKEN_LEN + 1])
{
	struct attempt t = {.a = a, .client = client, .now_us = now_us};

	int rc = attempt(&t, in, origin);
	if (rc == 0) {
		*out = t.login;
		memcpy(token, t.token, sizeof(t.token));
	}
	mem_free(t.credential.p);
	mem_free(t.client_data.p);
	mem_free(t.auth_data.p);
	mem_free(t.signature.p);
	mem_free(t.user.p);
	sodium_memzero(&t, sizeof(t));
	return rc;
}
