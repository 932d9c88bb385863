/*
 * COSE keys.
 *
 * Read here and not by libfido2, which reads them only as a part of attestations; it takes the bare numbers,
 * and says whether they are a key (a point on the curve, 2048 bits).
 *
 * Pure, but for the memory that libfido2 takes. Thread: any.
 */
#include "account/webauthn_key.h"
#include "account/cbor_reader.h"
#include "base/compiler.h"

#include <errno.h>
#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>
#include <stdbool.h>
#include <string.h>

#define KEY_BYTES_MAX (256 + 3)

/* Labels (RFC 9052 §7.1, RFC 9053 §7, RFC 8230 §4) and their values */
enum {
	COSE_LABEL_TYPE = 1,
	COSE_LABEL_ALGORITHM = 3,
	COSE_LABEL_CURVE = -1, /* of RSA: n */
	COSE_LABEL_X = -2,     /* of RSA: e */
	COSE_LABEL_Y = -3,

	COSE_TYPE_OKP = 1,
	COSE_TYPE_EC2 = 2,
	COSE_TYPE_RSA = 3,
	COSE_CURVE_P256 = 1,
	COSE_CURVE_ED25519 = 6,
};

struct member {
	int64_t label;
	size_t bytes;  /* of a byte string */
	int64_t value; /* where @bytes is 0 */
};

static const struct shape {
	enum webauthn_algorithm algorithm;
	size_t count;
	struct member members[5];
} shapes[] = {
	{WEBAUTHN_ES256,
	 5,
	 {{COSE_LABEL_TYPE, 0, COSE_TYPE_EC2},
	  {COSE_LABEL_ALGORITHM, 0, WEBAUTHN_ES256},
	  {COSE_LABEL_CURVE, 0, COSE_CURVE_P256},
	  {COSE_LABEL_X, 32, 0},
	  {COSE_LABEL_Y, 32, 0}}},
	{WEBAUTHN_EDDSA,
	 4,
	 {{COSE_LABEL_TYPE, 0, COSE_TYPE_OKP},
	  {COSE_LABEL_ALGORITHM, 0, WEBAUTHN_EDDSA},
	  {COSE_LABEL_CURVE, 0, COSE_CURVE_ED25519},
	  {COSE_LABEL_X, 32, 0}}},
	{WEBAUTHN_RS256,
	 4,
	 {{COSE_LABEL_TYPE, 0, COSE_TYPE_RSA},
	  {COSE_LABEL_ALGORITHM, 0, WEBAUTHN_RS256},
	  {COSE_LABEL_CURVE, 256, 0},
	  {COSE_LABEL_X, 3, 0}}},
};

/* The algorithm is not the first member, but says what the others must be. */
static int find_algorithm(struct webauthn_bytes cose, int64_t *out)
{
	struct cbor_reader r = cbor_reader_of(cose.p, cose.n);
	struct cbor_reader_item map;

	if (cose.n > WEBAUTHN_COSE_MAX || cbor_reader_expect(&r, CBOR_READER_MAP, &map))
		return WEBAUTHN_E_FORM;
	for (uint64_t i = 0; i < map.n; i++) {
		int64_t label;
		if (cbor_reader_int(&r, &label))
			return WEBAUTHN_E_FORM;
		if (label == COSE_LABEL_ALGORITHM)
			return cbor_reader_int(&r, out) ? WEBAUTHN_E_FORM : 0;
		if (cbor_reader_skip(&r))
			return WEBAUTHN_E_FORM;
	}
	return WEBAUTHN_E_FORM;
}

static const struct shape *find_shape(int64_t algorithm)
{
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		if (shapes[i].algorithm == algorithm)
			return &shapes[i];
	return NULL;
}

/* The value of @m; bytes go to their place in @raw, which has the byte strings in the order of the shape. */
static int read_value(struct cbor_reader *r, const struct shape *shape, size_t m, uint8_t *raw)
{
	const struct member *want = &shape->members[m];
	struct cbor_reader_item item;
	int64_t value;

	if (want->bytes == 0)
		return cbor_reader_int(r, &value) || value != want->value ? WEBAUTHN_E_FORM : 0;
	if (cbor_reader_expect(r, CBOR_READER_BYTES, &item) || item.n != want->bytes)
		return WEBAUTHN_E_FORM;
	size_t at = 0;
	for (size_t i = 0; i < m; i++)
		at += shape->members[i].bytes;
	memcpy(raw + at, item.p, want->bytes);
	return 0;
}

static size_t find_member(const struct shape *shape, int64_t label)
{
	size_t m = 0;
	while (m < shape->count && shape->members[m].label != label)
		m++;
	return m;
}

/* Every member once, in any order, and nothing after them. */
static int read_members(struct webauthn_bytes cose, const struct shape *shape, uint8_t *raw)
{
	struct cbor_reader r = cbor_reader_of(cose.p, cose.n);
	struct cbor_reader_item map;
	unsigned seen = 0;

	if (cbor_reader_expect(&r, CBOR_READER_MAP, &map) || map.n != shape->count)
		return WEBAUTHN_E_FORM;
	for (size_t i = 0; i < shape->count; i++) {
		int64_t label;
		if (cbor_reader_int(&r, &label))
			return WEBAUTHN_E_FORM;
		size_t m = find_member(shape, label);
		if (m == shape->count || (seen & 1U << m) || read_value(&r, shape, m, raw))
			return WEBAUTHN_E_FORM;
		seen |= 1U << m;
	}
	return r.p == r.end ? 0 : WEBAUTHN_E_FORM;
}

static void *new_pk(enum webauthn_algorithm algorithm)
{
	switch (algorithm) {
	case WEBAUTHN_ES256:
		return es256_pk_new();
	case WEBAUTHN_EDDSA:
		return eddsa_pk_new();
	case WEBAUTHN_RS256:
		return rs256_pk_new();
	}
	return NULL;
}

/* Return: whether @raw is a key. The detour over OpenSSL's form is what finds a point that is not on the
 * curve. */
static bool fill_pk(enum webauthn_algorithm algorithm, void *pk, const uint8_t *raw)
{
	EVP_PKEY *pkey = NULL;

	switch (algorithm) {
	case WEBAUTHN_ES256:
		if (es256_pk_from_ptr(pk, raw, 64) == FIDO_OK)
			pkey = es256_pk_to_EVP_PKEY(pk);
		break;
	case WEBAUTHN_EDDSA:
		if (eddsa_pk_from_ptr(pk, raw, 32) == FIDO_OK)
			pkey = eddsa_pk_to_EVP_PKEY(pk);
		break;
	case WEBAUTHN_RS256:
		/* Any other exponent is a mistake or slow. */
		if (memcmp(raw + 256, "\x01\x00\x01", 3) == 0 && rs256_pk_from_ptr(pk, raw, 259) == FIDO_OK)
			pkey = rs256_pk_to_EVP_PKEY(pk);
		break;
	}
	bool ok = pkey != NULL;
	EVP_PKEY_free(pkey);
	return ok;
}

int webauthn_key_load(struct webauthn_bytes cose, struct webauthn_key *out)
{
	uint8_t raw[KEY_BYTES_MAX];
	int64_t algorithm;

	int r = find_algorithm(cose, &algorithm);
	if (r)
		return r;
	const struct shape *shape = find_shape(algorithm);
	if (!shape)
		return WEBAUTHN_E_ALGORITHM;
	r = read_members(cose, shape, raw);
	if (r)
		return r;
	struct webauthn_key key = {shape->algorithm, new_pk(shape->algorithm)};
	if (!key.pk)
		return -ENOMEM;
	if (!fill_pk(key.algorithm, key.pk, raw)) {
		webauthn_key_unload(&key);
		return WEBAUTHN_E_FORM;
	}
	*out = key;
	return 0;
}

void webauthn_key_unload(struct webauthn_key *key)
{
	es256_pk_t *es256 = key->pk;
	eddsa_pk_t *eddsa = key->pk;
	rs256_pk_t *rs256 = key->pk;

	switch (key->algorithm) {
	case WEBAUTHN_ES256:
		es256_pk_free(&es256);
		break;
	case WEBAUTHN_EDDSA:
		eddsa_pk_free(&eddsa);
		break;
	case WEBAUTHN_RS256:
		rs256_pk_free(&rs256);
		break;
	}
	key->pk = NULL;
}

int webauthn_key_check(struct webauthn_bytes cose, enum webauthn_algorithm *algorithm)
{
	struct webauthn_key key;
	int r = webauthn_key_load(cose, &key);
	if (r)
		return r;
	*algorithm = key.algorithm;
	webauthn_key_unload(&key);
	return 0;
}
