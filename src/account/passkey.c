/*
 * Passkeys: made, listed, removed. Signing in with one is passkey_signin.c; what browsers bring is read in
 * webauthn.c.
 *
 * A challenge is a row of "tokens", so that every node knows it and it is used up by the first answer, good
 * or bad: taking it is a transaction of its own.
 *
 * Thread: any that may block.
 */
#include "account/passkey.h"

#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_KIND "passkey"

/* ---- shared ---- */

int passkey_decode(const char *text, size_t max, const char *field, struct account_fault *fault,
		   struct passkey_bytes *out)
{
	size_t len = text ? strnlen(text, TEXT_BASE64URL_LEN(max) + 1) : 0;
	if (len == 0)
		return account_fault(fault, field, "This part of the browser's answer is missing.");
	if (len > TEXT_BASE64URL_LEN(max))
		return account_fault(fault, field, "This part of the browser's answer is too long.");
	uint8_t *bytes = mem_alloc(max);
	if (!bytes)
		return -ENOMEM;
	int n = text_unbase64url(text, len, bytes, max);
	if (n < 0) {
		mem_free(bytes);
		return account_fault(fault, field, "This part of the browser's answer is not base64url.");
	}
	*out = (struct passkey_bytes){bytes, (size_t)n};
	return 0;
}

int passkey_challenge_put(struct accounts *a, struct store_conn *c, const char *account_id, int64_t now_us,
			  char out[ACCOUNT_TOKEN_LEN + 1])
{
	const struct account_token_new token = {
		.kind = TOKEN_KIND,
		.account_id = account_id,
		.now_us = now_us,
		.expires_us = now_us + PASSKEY_CHALLENGE_S * ACCOUNT_US,
	};
	return account_token_put(a, c, &token, out);
}

int passkey_challenge_take(struct accounts *a, struct store_conn *c, const char *account_id,
			   const char *challenge, int64_t now_us, bool *good)
{
	struct account_token_row row;

	*good = false;
	int rc = account_token_take(a, c, TOKEN_KIND, challenge, now_us, &row);
	if (rc == ACCOUNT_E_TOKEN)
		return 0;
	if (rc)
		return rc;
	json_decref(row.data);
	*good = strcmp(row.account_id, account_id ? account_id : "") == 0;
	return 0;
}

int passkey_json(json_t *object, char **out)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	if (!text)
		return -ENOMEM;
	*out = text;
	return 0;
}

/* ---- options for a new one ---- */

struct options {
	struct accounts *a;
	const struct account *who;
	int64_t now_us;
	char challenge[ACCOUNT_TOKEN_LEN + 1];
	json_t *exclude;
};

static int on_known(void *arg, const struct store_value *v, size_t n)
{
	const struct options *o = arg;
	json_t *one = json_pack("{s:s, s:s%}", "type", "public-key", "id", v[0].text, v[0].len);
	return json_array_append_new(o->exclude, one) ? -ENOMEM : 0;
}

static int prepare(struct store_conn *c, void *arg)
{
	struct options *o = arg;
	if (json_array_clear(o->exclude))
		return -ENOMEM;
	int rc = passkey_challenge_put(o->a, c, o->who->id, o->now_us, o->challenge);
	if (rc)
		return rc;
	return store_query(c, "SELECT credential FROM passkeys WHERE account_id = $1 ORDER BY created_us, id",
			   STORE_ARGS(store_text(o->who->id)), on_known, o);
}

static json_t *user_json(const struct account *who)
{
	char id[TEXT_BASE64URL_LEN(ACCOUNT_ID_LEN) + 1];
	text_base64url((const uint8_t *)who->id, strlen(who->id), id);
	return json_pack("{s:s, s:s, s:s}", "id", id, "name", who->email, "displayName", who->name);
}

static json_t *algorithms_json(void)
{
	return json_pack("[{s:s, s:i}, {s:s, s:i}, {s:s, s:i}]", "type", "public-key", "alg", WEBAUTHN_EDDSA,
			 "type", "public-key", "alg", WEBAUTHN_ES256, "type", "public-key", "alg",
			 WEBAUTHN_RS256);
}

/* PublicKeyCredentialCreationOptions, §5.4 */
static json_t *creation_json(const struct options *o, const char *rp_id)
{
	return json_pack("{s:s, s:{s:s, s:s}, s:o, s:o, s:i, s:O, s:{s:s, s:b, s:s}, s:s}", "challenge",
			 o->challenge, "rp", "id", rp_id, "name", "Parley", "user", user_json(o->who),
			 "pubKeyCredParams", algorithms_json(), "timeout", PASSKEY_CHALLENGE_S * 1000,
			 "excludeCredentials", o->exclude, "authenticatorSelection", "residentKey",
			 "required", "requireResidentKey", 1, "userVerification", "required", "attestation",
			 "none");
}

int account_passkey_options(struct accounts *a, const struct account *who, int64_t now_us, char **json)
{
	struct options o = {.a = a, .who = who, .now_us = now_us};
	char rp_id[WEBAUTHN_RP_ID_MAX + 1];

	int rc = webauthn_rp_id(a->p.public_url, rp_id);
	if (rc)
		return rc;
	o.exclude = json_array();
	if (!o.exclude)
		return -ENOMEM;
	rc = store_write(a->p.store, prepare, &o);
	if (rc == 0)
		rc = passkey_json(creation_json(&o, rp_id), json);
	json_decref(o.exclude);
	return rc;
}

/* ---- a new one ---- */

struct addition {
	struct accounts *a;
	const char *account_id;
	int64_t now_us;
	char name[ACCOUNT_NAME_BYTES + 1];
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];
	bool challenge_good;
	char id[ACCOUNT_ID_LEN + 1];
	enum webauthn_algorithm algorithm;
	uint32_t sign_count;
	char credential[TEXT_BASE64URL_LEN(WEBAUTHN_CREDENTIAL_BYTES_MAX) + 1];
	char cose_key[TEXT_BASE64URL_LEN(WEBAUTHN_COSE_MAX) + 1];
	bool known; /* the credential is somebody's already */
};

static int fault_of(int code, struct account_fault *fault)
{
	const char *reason = "This is not what a browser answers.";

	if (code < 0)
		return code;
	if (code == WEBAUTHN_E_ORIGIN || code == WEBAUTHN_E_RP)
		reason = "This passkey was made for another page.";
	else if (code == WEBAUTHN_E_FLAGS)
		reason = "A passkey has to check that it is you: with a PIN, a finger or a face.";
	else if (code == WEBAUTHN_E_ALGORITHM)
		reason = "This kind of passkey is not supported.";
	return account_fault(fault, "passkey", reason);
}

static int take_challenge(struct store_conn *c, void *arg)
{
	struct addition *d = arg;
	return passkey_challenge_take(d->a, c, d->account_id, d->challenge, d->now_us, &d->challenge_good);
}

static int on_count(void *arg, const struct store_value *v, size_t n)
{
	int64_t *count = arg;
	*count = v[0].i;
	return 0;
}

static int check_room(struct store_conn *c, const struct addition *d)
{
	int64_t count = 0;
	int rc = account_lock(c, d->account_id);
	if (rc == 0)
		rc = store_query(c, "SELECT COUNT(*) FROM passkeys WHERE account_id = $1",
				 STORE_ARGS(store_text(d->account_id)), on_count, &count);
	if (rc)
		return rc;
	return count < (int64_t)d->a->p.passkeys_max ? 0 : ACCOUNT_E_TOO_MANY;
}

static int insert(struct store_conn *c, void *arg)
{
	struct addition *d = arg;
	int64_t inserted;

	int rc = check_room(c, d);
	if (rc)
		return rc;
	account_id_new(d->a, d->id);
	rc = store_exec(
		c,
		"INSERT INTO passkeys (id, credential, account_id, name, algorithm, public_key, sign_count, "
		"created_us, used_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0) "
		"ON CONFLICT (credential) DO NOTHING",
		STORE_ARGS(store_text(d->id), store_text(d->credential), store_text(d->account_id),
			   store_text(d->name), store_int(d->algorithm), store_text(d->cose_key),
			   store_int(d->sign_count), store_int(d->now_us)),
		&inserted);
	d->known = rc == 0 && inserted == 0;
	return rc;
}

/* The new credential out of the attestation object; the id beside it must be the same. */
static int read_credential(struct addition *d, const struct account_passkey_answer *in,
			   struct account_fault *fault)
{
	struct webauthn_credential cred;
	struct passkey_bytes object;
	char rp_id[WEBAUTHN_RP_ID_MAX + 1];

	int rc = webauthn_rp_id(d->a->p.public_url, rp_id);
	if (rc == 0)
		rc = passkey_decode(in->attestation_object, WEBAUTHN_ATTESTATION_MAX, "attestation_object",
				    fault, &object);
	if (rc)
		return rc;
	rc = webauthn_credential_read(passkey_view(&object), rp_id, &cred);
	if (rc == 0) {
		d->algorithm = cred.algorithm;
		d->sign_count = cred.sign_count;
		text_base64url(cred.id.p, cred.id.n, d->credential);
		text_base64url(cred.cose_key.p, cred.cose_key.n, d->cose_key);
	}
	mem_free(object.p);
	if (rc)
		return fault_of(rc, fault);
	if (!in->id || strcmp(in->id, d->credential) != 0)
		return account_fault(fault, "id", "This is not the id of the new passkey.");
	return 0;
}

static int read_client_data(struct addition *d, const struct account_passkey_answer *in, const char *origin,
			    struct account_fault *fault)
{
	struct passkey_bytes json;
	int rc = passkey_decode(in->client_data, WEBAUTHN_CLIENT_DATA_MAX, "client_data", fault, &json);
	if (rc)
		return rc;
	rc = webauthn_client_data(passkey_view(&json), "webauthn.create", origin, d->challenge);
	mem_free(json.p);
	return rc ? fault_of(rc, fault) : 0;
}

int account_passkey_add(struct accounts *a, const char *id, const struct account_passkey_answer *in,
			const char *origin, int64_t now_us, struct account_fault *fault)
{
	struct addition d = {.a = a, .account_id = id, .now_us = now_us};

	/* What a person may have got wrong comes before the challenge is gone: they correct it and send the
	   rest again. */
	int rc = account_check_name(in->name, d.name, fault);
	if (rc == 0)
		rc = read_client_data(&d, in, origin, fault);
	if (rc == 0)
		rc = store_write(a->p.store, take_challenge, &d);
	if (rc)
		return rc;
	if (!d.challenge_good)
		return ACCOUNT_E_TOKEN;
	rc = read_credential(&d, in, fault);
	if (rc == 0)
		rc = store_write(a->p.store, insert, &d);
	if (rc == 0 && d.known)
		return account_fault(fault, "passkey", "This passkey is in use already.");
	return rc;
}

/* ---- those there are ---- */

struct listing {
	const char *account, *passkey;
	account_passkey_fn fn;
	void *arg;
};

static int on_passkey(void *arg, const struct store_value *v, size_t n)
{
	const struct listing *l = arg;
	struct account_passkey p = {.created_us = v[2].i, .used_us = v[3].i};
	if (store_column_text(&v[0], p.id, sizeof(p.id)) || store_column_text(&v[1], p.name, sizeof(p.name)))
		return -EIO;
	return l->fn(l->arg, &p);
}

static int list(struct store_conn *c, void *arg)
{
	struct listing *l = arg;
	return store_query(c,
			   "SELECT id, name, created_us, used_us FROM passkeys WHERE account_id = $1 "
			   "ORDER BY created_us, id",
			   STORE_ARGS(store_text(l->account)), on_passkey, l);
}

int account_passkeys(struct accounts *a, const char *id, account_passkey_fn fn, void *arg)
{
	struct listing l = {.account = id, .fn = fn, .arg = arg};
	return store_read(a->p.store, list, &l);
}

static int remove_one(struct store_conn *c, void *arg)
{
	const struct listing *l = arg;
	int64_t changed;
	int rc = store_exec(c, "DELETE FROM passkeys WHERE id = $1 AND account_id = $2",
			    STORE_ARGS(store_text(l->passkey), store_text(l->account)), &changed);
	return rc ? rc : changed ? 0 : ACCOUNT_E_UNKNOWN;
}

int account_passkey_remove(struct accounts *a, const char *id, const char *passkey)
{
	struct listing l = {.account = id, .passkey = passkey};
	return store_write(a->p.store, remove_one, &l);
}
