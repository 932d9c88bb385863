/*
 * What a browser brings when it makes a passkey or signs in with one (W3C WebAuthn Level 2).
 *
 * Our own reading is strict, so that libfido2 is only given what has the right shape, and every reason to
 * refuse has a code that tests can ask for. libfido2 alone decides on signatures.
 *
 * Pure, but for the memory that libfido2 and jansson take. Thread: any.
 */
#include "account/cbor_reader.h"
#include "account/webauthn.h"
#include "account/webauthn_key.h"
#include "base/text.h"

#include <errno.h>
#include <fido.h>
#include <jansson.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

/* Authenticator data: §6.1 */
enum {
	AUTH_RP_BYTES = 32,
	AUTH_FLAGS_AT = AUTH_RP_BYTES,
	AUTH_COUNT_AT = AUTH_FLAGS_AT + 1,
	AUTH_HEAD_BYTES = AUTH_COUNT_AT + 4,
	AUTH_AAGUID_BYTES = 16,

	FLAG_PRESENT = 0x01,
	FLAG_VERIFIED = 0x04,
	FLAG_BACKUP_ELIGIBLE = 0x08,
	FLAG_BACKED_UP = 0x10,
	FLAG_CREDENTIAL = 0x40,
	FLAG_EXTENSIONS = 0x80,
};

#define FORMAT_MAX 32 /* an attestation format's name: §8.1 */

int webauthn_rp_id(const char *public_url, char out[WEBAUTHN_RP_ID_MAX + 1])
{
	const char *host = "localhost";
	size_t n = strlen(host);

	if (public_url[0]) {
		const char *scheme = strstr(public_url, "://");
		if (!scheme)
			return -EINVAL;
		host = scheme + 3;
		/* A literal IPv6 address has colons of its own; browsers make no passkeys for one, but it is
		 * a host. */
		n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
	}
	if (n == 0 || n > WEBAUTHN_RP_ID_MAX || n > strlen(host))
		return -EINVAL;
	memcpy(out, host, n);
	out[n] = '\0';
	return 0;
}

/* ---- client data ---- */

static bool is_challenge(const char *s)
{
	uint8_t bytes[32];
	return strlen(s) == WEBAUTHN_CHALLENGE_LEN &&
	       text_unbase64url(s, WEBAUTHN_CHALLENGE_LEN, bytes, sizeof(bytes)) == (int)sizeof(bytes);
}

/* §5.8.1; members that are not known are the future's, and to be passed over. */
static int check_client_data(const json_t *data, const char *want_type, const char *want_origin,
			     char challenge[WEBAUTHN_CHALLENGE_LEN + 1])
{
	const char *type = json_string_value(json_object_get(data, "type"));
	const char *given = json_string_value(json_object_get(data, "challenge"));
	const char *origin = json_string_value(json_object_get(data, "origin"));
	const json_t *cross = json_object_get(data, "crossOrigin");

	if (!type || !given || !origin || !is_challenge(given) || (cross && !json_is_boolean(cross)))
		return WEBAUTHN_E_FORM;
	if (strcmp(type, want_type) != 0)
		return WEBAUTHN_E_TYPE;
	/* Level 3 has topOrigin beside a crossOrigin that is true. */
	if (strcmp(origin, want_origin) != 0 || json_is_true(cross) || json_object_get(data, "topOrigin"))
		return WEBAUTHN_E_ORIGIN;
	memcpy(challenge, given, WEBAUTHN_CHALLENGE_LEN + 1);
	return 0;
}

int webauthn_client_data(struct webauthn_bytes json, const char *type, const char *origin,
			 char challenge[WEBAUTHN_CHALLENGE_LEN + 1])
{
	json_error_t error;

	if (json.n == 0 || json.n > WEBAUTHN_CLIENT_DATA_MAX)
		return WEBAUTHN_E_FORM;
	json_t *data = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, &error);
	if (!data)
		return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : WEBAUTHN_E_FORM;
	int r = check_client_data(data, type, origin, challenge);
	json_decref(data);
	return r;
}

/* ---- authenticator data ---- */

struct auth_data {
	const uint8_t *rp_id_hash;
	uint8_t flags;
	uint32_t sign_count;
	struct cbor_reader rest; /* what follows the head */
};

static int read_head(struct webauthn_bytes in, struct auth_data *out)
{
	if (in.n < AUTH_HEAD_BYTES)
		return WEBAUTHN_E_FORM;
	const uint8_t *count = in.p + AUTH_COUNT_AT;
	*out = (struct auth_data){
		.rp_id_hash = in.p,
		.flags = in.p[AUTH_FLAGS_AT],
		.sign_count = (uint32_t)count[0] << 24 | (uint32_t)count[1] << 16 | (uint32_t)count[2] << 8 |
			      count[3],
		.rest = cbor_reader_of(in.p + AUTH_HEAD_BYTES, in.n - AUTH_HEAD_BYTES),
	};
	return 0;
}

static int check_head(const struct auth_data *data, const char *rp_id)
{
	uint8_t want[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256(want, (const uint8_t *)rp_id, strlen(rp_id));
	if (memcmp(data->rp_id_hash, want, sizeof(want)) != 0)
		return WEBAUTHN_E_RP;
	if (!(data->flags & FLAG_PRESENT) || !(data->flags & FLAG_VERIFIED))
		return WEBAUTHN_E_FLAGS;
	/* Level 3, §6.1.3: what is backed up may be. */
	if ((data->flags & FLAG_BACKED_UP) && !(data->flags & FLAG_BACKUP_ELIGIBLE))
		return WEBAUTHN_E_FLAGS;
	return 0;
}

/* We ask for no extensions; those that come all the same are read over. Nothing may come after them. */
static int read_end(struct auth_data *data)
{
	struct cbor_reader copy = data->rest;
	struct cbor_reader_item item;

	if (data->flags & FLAG_EXTENSIONS) {
		if (cbor_reader_expect(&copy, CBOR_READER_MAP, &item) || cbor_reader_skip(&data->rest))
			return WEBAUTHN_E_FORM;
	}
	return data->rest.p == data->rest.end ? 0 : WEBAUTHN_E_FORM;
}

/* ---- a new credential ---- */

/* Attested credential data: §6.5.1 */
static int read_credential(struct auth_data *data, struct webauthn_credential *out)
{
	struct cbor_reader *r = &data->rest;
	size_t left = (size_t)(r->end - r->p);

	if (!(data->flags & FLAG_CREDENTIAL) || left < AUTH_AAGUID_BYTES + 2)
		return WEBAUTHN_E_FORM;
	const uint8_t *p = r->p + AUTH_AAGUID_BYTES;
	size_t n = (size_t)p[0] << 8 | p[1];
	if (n == 0 || n > WEBAUTHN_CREDENTIAL_BYTES_MAX || n > left - AUTH_AAGUID_BYTES - 2)
		return WEBAUTHN_E_FORM;
	out->id = (struct webauthn_bytes){p + 2, n};
	r->p = p + 2 + n;

	out->cose_key.p = r->p;
	if (cbor_reader_skip(r))
		return WEBAUTHN_E_FORM;
	out->cose_key.n = (size_t)(r->p - out->cose_key.p);
	out->sign_count = data->sign_count;
	return webauthn_key_check(out->cose_key, &out->algorithm);
}

static int read_auth_data(struct webauthn_bytes in, const char *rp_id, struct webauthn_credential *out)
{
	struct auth_data data;
	int r = read_head(in, &data);
	if (r == 0)
		r = check_head(&data, rp_id);
	if (r == 0)
		r = read_credential(&data, out);
	return r ? r : read_end(&data);
}

struct attestation {
	struct cbor_reader_item format, statement, auth_data;
};

/* One member of an attestation object; each may come once. */
static int read_member(struct cbor_reader *r, struct attestation *out)
{
	struct cbor_reader_item key;

	if (cbor_reader_expect(r, CBOR_READER_TEXT, &key))
		return WEBAUTHN_E_FORM;
	if (cbor_reader_text_is(&key, "fmt") && !out->format.kind)
		return cbor_reader_expect(r, CBOR_READER_TEXT, &out->format) ? WEBAUTHN_E_FORM : 0;
	if (cbor_reader_text_is(&key, "authData") && !out->auth_data.kind)
		return cbor_reader_expect(r, CBOR_READER_BYTES, &out->auth_data) ? WEBAUTHN_E_FORM : 0;
	if (cbor_reader_text_is(&key, "attStmt") && !out->statement.kind) {
		struct cbor_reader copy = *r;
		if (cbor_reader_expect(&copy, CBOR_READER_MAP, &out->statement) || cbor_reader_skip(r))
			return WEBAUTHN_E_FORM;
		return 0;
	}
	return WEBAUTHN_E_FORM;
}

static int read_object(struct webauthn_bytes object, struct attestation *out)
{
	struct cbor_reader r = cbor_reader_of(object.p, object.n);
	struct cbor_reader_item map;

	if (cbor_reader_expect(&r, CBOR_READER_MAP, &map) || map.n != 3)
		return WEBAUTHN_E_FORM;
	for (int i = 0; i < 3; i++) {
		int rc = read_member(&r, out);
		if (rc)
			return rc;
	}
	if (r.p != r.end || out->format.n == 0 || out->format.n > FORMAT_MAX)
		return WEBAUTHN_E_FORM;
	/* §8.7 */
	return cbor_reader_text_is(&out->format, "none") && out->statement.n ? WEBAUTHN_E_FORM : 0;
}

int webauthn_credential_read(struct webauthn_bytes object, const char *rp_id, struct webauthn_credential *out)
{
	struct attestation att = {0};
	struct webauthn_credential cred = {0};

	if (object.n > WEBAUTHN_ATTESTATION_MAX)
		return WEBAUTHN_E_FORM;
	int r = read_object(object, &att);
	if (r == 0)
		r = read_auth_data((struct webauthn_bytes){att.auth_data.p, (size_t)att.auth_data.n}, rp_id,
				   &cred);
	if (r == 0)
		*out = cred;
	return r;
}

/* ---- signing in ---- */

static int read_assertion(const struct webauthn_assertion *a, struct auth_data *out)
{
	if (a->auth_data.n > WEBAUTHN_AUTH_DATA_MAX || a->client_data.n > WEBAUTHN_CLIENT_DATA_MAX)
		return WEBAUTHN_E_FORM;
	if (a->signature.n == 0 || a->signature.n > WEBAUTHN_SIGNATURE_MAX)
		return WEBAUTHN_E_FORM;
	int r = read_head(a->auth_data, out);
	if (r == 0)
		r = check_head(out, a->rp_id);
	if (r)
		return r;
	/* §6.1: there is no credential in an assertion. */
	return out->flags & FLAG_CREDENTIAL ? WEBAUTHN_E_FORM : read_end(out);
}

static int fill(fido_assert_t *fido, const struct webauthn_assertion *a)
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	(void)crypto_hash_sha256(hash, a->client_data.p, a->client_data.n);

	int r = fido_assert_set_count(fido, 1);
	if (r == FIDO_OK)
		r = fido_assert_set_rp(fido, a->rp_id);
	if (r == FIDO_OK)
		r = fido_assert_set_up(fido, FIDO_OPT_TRUE);
	if (r == FIDO_OK)
		r = fido_assert_set_uv(fido, FIDO_OPT_TRUE);
	if (r == FIDO_OK)
		r = fido_assert_set_clientdata_hash(fido, hash, sizeof(hash));
	if (r == FIDO_OK)
		r = fido_assert_set_sig(fido, 0, a->signature.p, a->signature.n);
	if (r == FIDO_OK)
		r = fido_assert_set_authdata_raw(fido, 0, a->auth_data.p, a->auth_data.n);
	return r;
}

static int check_signature(const struct webauthn_assertion *a, const struct webauthn_key *key)
{
	fido_init(0);
	fido_assert_t *fido = fido_assert_new();
	if (!fido)
		return -ENOMEM;
	int r = fill(fido, a);
	if (r == FIDO_OK)
		r = fido_assert_verify(fido, 0, (int)key->algorithm, key->pk);
	fido_assert_free(&fido);
	/* What has the right shape and is none the less refused, such as an extension that was not asked for
	 * and that libfido2 knows, is no better than a wrong signature. */
	return r == FIDO_OK ? 0 : WEBAUTHN_E_SIGNATURE;
}

int webauthn_verify(const struct webauthn_assertion *a, uint32_t *sign_count)
{
	struct auth_data data;
	struct webauthn_key key;

	int r = read_assertion(a, &data);
	if (r == 0)
		r = webauthn_key_load(a->cose_key, &key);
	if (r)
		return r;
	r = check_signature(a, &key);
	webauthn_key_unload(&key);
	if (r == 0)
		*sign_count = data.sign_count;
	return r;
}
