/* WebAuthn answers, made with real keys: good ones of every algorithm, and every way in which one can be bad.
 */
#include "account/authenticator.h"
#include "account/cbor_reader.h"

#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define CHALLENGE "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define ORIGIN    "https://call.example.org"
#define RP        "call.example.org"

static const enum webauthn_algorithm algorithms[] = {WEBAUTHN_ES256, WEBAUTHN_EDDSA, WEBAUTHN_RS256};

/* A copy of exactly the input's size, so that a read beyond it is seen. */
static uint8_t *exact(const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	assert_non_null(copy);
	memcpy(copy, p, n);
	return copy;
}

/* ---- relying party id ---- */

static void rp_id_is_the_host(void **state)
{
	static const struct {
		const char *url, *id;
	} good[] = {
		{"", "localhost"},
		{"https://call.example.org", "call.example.org"},
		{"https://call.example.org:8443", "call.example.org"},
		{"http://localhost:8080", "localhost"},
		{"https://call.example.org/", "call.example.org"},
		{"https://[::1]:8443", "[::1]"},
	};
	char id[WEBAUTHN_RP_ID_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(webauthn_rp_id(good[i].url, id), 0);
		assert_string_equal(id, good[i].id);
	}
	char longest[300] = "https://";
	memset(longest + 8, 'a', 254);
	assert_int_equal(webauthn_rp_id(longest, id), -EINVAL);
	longest[8 + 253] = '\0';
	assert_int_equal(webauthn_rp_id(longest, id), 0);
	assert_int_equal(webauthn_rp_id("call.example.org", id), -EINVAL);
	assert_int_equal(webauthn_rp_id("https://", id), -EINVAL);
	assert_int_equal(webauthn_rp_id("https://[::1", id), -EINVAL);
}

/* ---- client data ---- */

static int client_data(const char *json)
{
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1] = "untouched";
	size_t n = strlen(json);
	uint8_t *copy = exact((const uint8_t *)json, n);

	int r = webauthn_client_data((struct webauthn_bytes){copy, n}, "webauthn.get", ORIGIN, challenge);
	assert_string_equal(challenge, r ? "untouched" : CHALLENGE);
	free(copy);
	return r;
}

#define JSON(type, challenge, origin, more)                                                                  \
	"{\"type\":\"" type "\",\"challenge\":\"" challenge "\",\"origin\":\"" origin "\"" more "}"

static void client_data_good(void **state)
{
	assert_int_equal(client_data(JSON("webauthn.get", CHALLENGE, ORIGIN, "")), 0);
	assert_int_equal(client_data(JSON("webauthn.get", CHALLENGE, ORIGIN, ",\"crossOrigin\":false")), 0);
	/* Chromium puts one in now and then, so that nobody compares against a template. */
	assert_int_equal(client_data(JSON("webauthn.get", CHALLENGE, ORIGIN,
					  ",\"other_keys_can_be_added_here\":\"do not compare\"")),
			 0);
	assert_int_equal(
		client_data(JSON("webauthn.get", CHALLENGE, ORIGIN, ",\"tokenBinding\":{\"status\":\"x\"}")),
		0);
}

static void client_data_for_something_else(void **state)
{
	assert_int_equal(client_data(JSON("webauthn.create", CHALLENGE, ORIGIN, "")), WEBAUTHN_E_TYPE);
	assert_int_equal(client_data(JSON("payment.get", CHALLENGE, ORIGIN, "")), WEBAUTHN_E_TYPE);
	assert_int_equal(client_data(JSON("webauthn.get", CHALLENGE, "https://example.org", "")),
			 WEBAUTHN_E_ORIGIN);
	assert_int_equal(client_data(JSON("webauthn.get", CHALLENGE, ORIGIN "/", "")), WEBAUTHN_E_ORIGIN);
	assert_int_equal(client_data(JSON("webauthn.get", CHALLENGE, ORIGIN ":443", "")), WEBAUTHN_E_ORIGIN);
	assert_int_equal(client_data(JSON("webauthn.get", CHALLENGE, ORIGIN, ",\"crossOrigin\":true")),
			 WEBAUTHN_E_ORIGIN);
	assert_int_equal(
		client_data(JSON("webauthn.get", CHALLENGE, ORIGIN, ",\"topOrigin\":\"https://x.example\"")),
		WEBAUTHN_E_ORIGIN);
}

static void client_data_malformed(void **state)
{
	static const char *const bad[] = {
		"",
		"null",
		"[]",
		"{}",
		"{\"type\":\"webauthn.get\"}",
		JSON("webauthn.get", CHALLENGE, ORIGIN, "") "x",
		JSON("webauthn.get", CHALLENGE, ORIGIN, ",\"type\":\"webauthn.get\""),
		JSON("webauthn.get", CHALLENGE, ORIGIN, ",\"crossOrigin\":\"false\""),
		JSON("webauthn.get", CHALLENGE, ORIGIN, ",\"crossOrigin\":null"),
		JSON("webauthn.get", CHALLENGE, "\\u0000", ""),
		JSON("webauthn.get", CHALLENGE, "\xff", ""),
		JSON("webauthn.get", "", ORIGIN, ""),
		JSON("webauthn.get", CHALLENGE "A", ORIGIN, ""),
		JSON("webauthn.get", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9", ORIGIN, ""),
		JSON("webauthn.get", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh=", ORIGIN, ""),
		"{\"type\":1,\"challenge\":\"" CHALLENGE "\",\"origin\":\"" ORIGIN "\"}",
		"{\"type\":\"webauthn.get\",\"challenge\":[],\"origin\":\"" ORIGIN "\"}",
		"{\"type\":\"webauthn.get\",\"challenge\":\"" CHALLENGE "\",\"origin\":{}}",
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(client_data(bad[i]), WEBAUTHN_E_FORM);

	const char *good = JSON("webauthn.get", CHALLENGE, ORIGIN, "");
	for (size_t n = 0; n < strlen(good); n++) {
		char *part = strndup(good, n);
		assert_int_equal(client_data(part), WEBAUTHN_E_FORM);
		free(part);
	}
}

static void client_data_overlong(void **state)
{
	char json[WEBAUTHN_CLIENT_DATA_MAX + 2];
	memset(json, ' ', sizeof(json));
	const char *good = JSON("webauthn.get", CHALLENGE, ORIGIN, "");
	memcpy(json, good, strlen(good));
	json[WEBAUTHN_CLIENT_DATA_MAX] = '\0';
	assert_int_equal(client_data(json), 0);
	json[WEBAUTHN_CLIENT_DATA_MAX] = ' ';
	json[WEBAUTHN_CLIENT_DATA_MAX + 1] = '\0';
	assert_int_equal(client_data(json), WEBAUTHN_E_FORM);

	/* Deeper than the JSON library goes. */
	memset(json, '[', WEBAUTHN_CLIENT_DATA_MAX);
	json[WEBAUTHN_CLIENT_DATA_MAX] = '\0';
	assert_int_equal(client_data(json), WEBAUTHN_E_FORM);
}

/* ---- new credentials ---- */

static int read_object(const struct authenticator_out *object, struct webauthn_credential *out)
{
	return webauthn_credential_read(authenticator_view(object), RP, out);
}

static int object_of(const struct authenticator *a)
{
	struct authenticator_out object = {.n = 0};
	struct webauthn_credential cred = {.sign_count = 77};
	authenticator_object(a, &object);
	int r = read_object(&object, &cred);
	if (r)
		assert_int_equal(cred.sign_count, 77);
	return r;
}

static int data_of(const struct authenticator *a, const struct authenticator_out *data)
{
	struct authenticator_out object = {.n = 0};
	struct webauthn_credential cred;
	authenticator_wrap(a, data, &object);
	return read_object(&object, &cred);
}

static void credential_good(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		struct authenticator a;
		struct authenticator_out object = {.n = 0}, cose = {.n = 0};
		struct webauthn_credential cred;

		authenticator_init(&a, algorithms[i], RP);
		a.count = 0x01020304;
		authenticator_object(&a, &object);
		authenticator_cose(&a, &cose);
		assert_int_equal(read_object(&object, &cred), 0);
		assert_int_equal(cred.algorithm, algorithms[i]);
		assert_int_equal(cred.sign_count, 0x01020304);
		assert_int_equal(cred.id.n, a.id_len);
		assert_memory_equal(cred.id.p, a.id, a.id_len);
		assert_int_equal(cred.cose_key.n, cose.n);
		assert_memory_equal(cred.cose_key.p, cose.p, cose.n);
		a.flags |= AUTHENTICATOR_BE | AUTHENTICATOR_BS;
		assert_int_equal(object_of(&a), 0);
		authenticator_deinit(&a);
	}
}

static void credential_not_for_us(void **state)
{
	struct authenticator a;

	authenticator_init(&a, WEBAUTHN_ES256, "example.org");
	assert_int_equal(object_of(&a), WEBAUTHN_E_RP);
	a.rp_id = RP;
	a.flags = AUTHENTICATOR_UV;
	assert_int_equal(object_of(&a), WEBAUTHN_E_FLAGS);
	a.flags = AUTHENTICATOR_UP;
	assert_int_equal(object_of(&a), WEBAUTHN_E_FLAGS);
	a.flags = AUTHENTICATOR_UP | AUTHENTICATOR_UV | AUTHENTICATOR_BS;
	assert_int_equal(object_of(&a), WEBAUTHN_E_FLAGS);
	a.flags = AUTHENTICATOR_UP | AUTHENTICATOR_UV;
	assert_int_equal(object_of(&a), 0);
	authenticator_deinit(&a);
}

static void credential_id_lengths(void **state)
{
	struct authenticator a;

	authenticator_init(&a, WEBAUTHN_EDDSA, RP);
	a.id_len = WEBAUTHN_CREDENTIAL_BYTES_MAX;
	assert_int_equal(object_of(&a), 0);
	a.id_len++;
	assert_int_equal(object_of(&a), WEBAUTHN_E_FORM);
	a.id_len = 1;
	assert_int_equal(object_of(&a), 0);
	a.id_len = 0;
	assert_int_equal(object_of(&a), WEBAUTHN_E_FORM);
	authenticator_deinit(&a);
}

static void credential_truncated(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		struct authenticator a;
		struct authenticator_out object = {.n = 0}, data = {.n = 0};
		struct webauthn_credential cred;

		authenticator_init(&a, algorithms[i], RP);
		authenticator_object(&a, &object);
		for (size_t n = 0; n < object.n; n++) {
			uint8_t *part = exact(object.p, n);
			assert_int_equal(
				webauthn_credential_read((struct webauthn_bytes){part, n}, RP, &cred),
				WEBAUTHN_E_FORM);
			free(part);
		}
		authenticator_data(&a, true, &data);
		for (size_t whole = data.n; data.n > 0;) {
			data.n--;
			assert_int_equal(data_of(&a, &data), WEBAUTHN_E_FORM);
			assert_true(data.n < whole);
		}
		authenticator_deinit(&a);
	}
}

/* Something after the end, of the object, of the data in it, and of the extensions. */
static void credential_overlong(void **state)
{
	struct authenticator a;
	struct authenticator_out object = {.n = 0}, data = {.n = 0};
	struct webauthn_credential cred;

	authenticator_init(&a, WEBAUTHN_ES256, RP);
	authenticator_object(&a, &object);
	authenticator_int(&object, 0);
	assert_int_equal(read_object(&object, &cred), WEBAUTHN_E_FORM);

	authenticator_data(&a, true, &data);
	authenticator_head(&data, 5, 0);
	assert_int_equal(data_of(&a, &data), WEBAUTHN_E_FORM);
	data.p[32] |= AUTHENTICATOR_ED;
	assert_int_equal(data_of(&a, &data), 0);
	authenticator_head(&data, 5, 0);
	assert_int_equal(data_of(&a, &data), WEBAUTHN_E_FORM);

	a.format = "none";
	object.n = WEBAUTHN_ATTESTATION_MAX + 1;
	assert_int_equal(read_object(&object, &cred), WEBAUTHN_E_FORM);
	authenticator_deinit(&a);
}

static void credential_extensions(void **state)
{
	struct authenticator a;
	struct authenticator_out data = {.n = 0};

	authenticator_init(&a, WEBAUTHN_ES256, RP);
	a.flags |= AUTHENTICATOR_ED;
	authenticator_data(&a, true, &data);
	assert_int_equal(data_of(&a, &data), WEBAUTHN_E_FORM); /* announced and not there */
	authenticator_head(&data, 5, 2);
	authenticator_text(&data, "credProtect");
	authenticator_int(&data, 2);
	authenticator_text(&data, "future");
	authenticator_head(&data, 4, 2);
	authenticator_head(&data, 7, 21);
	authenticator_bytes(&data, a.id, 100);
	assert_int_equal(data_of(&a, &data), 0);

	data.n = 0;
	authenticator_data(&a, true, &data);
	authenticator_text(&data, "no map");
	assert_int_equal(data_of(&a, &data), WEBAUTHN_E_FORM);
	authenticator_deinit(&a);
}

/* An attestation that was not asked for is read over; one that says "none" must be none. */
static void credential_attestation(void **state)
{
	struct authenticator a;
	struct authenticator_out data = {.n = 0}, object = {.n = 0};
	struct webauthn_credential cred;

	authenticator_init(&a, WEBAUTHN_ES256, RP);
	authenticator_data(&a, true, &data);
	for (int none = 0; none < 2; none++) {
		object.n = 0;
		authenticator_head(&object, 5, 3);
		authenticator_text(&object, "authData");
		authenticator_bytes(&object, data.p, data.n);
		authenticator_text(&object, "attStmt");
		authenticator_head(&object, 5, 2);
		authenticator_text(&object, "alg");
		authenticator_int(&object, -7);
		authenticator_text(&object, "sig");
		authenticator_bytes(&object, a.id, 70);
		authenticator_text(&object, "fmt");
		authenticator_text(&object, none ? "none" : "packed");
		assert_int_equal(read_object(&object, &cred), none ? WEBAUTHN_E_FORM : 0);
	}
	a.format = "";
	assert_int_equal(object_of(&a), WEBAUTHN_E_FORM);
	a.format = "a-name-longer-than-thirty-two-bytes";
	assert_int_equal(object_of(&a), WEBAUTHN_E_FORM);
	authenticator_deinit(&a);
}

static void object_members(void **state)
{
	static const char *const keys[][3] = {
		{"fmt", "fmt", "authData"},
		{"fmt", "attStmt", "attStmt"},
		{"fmt", "attStmt", "other"},
		{"authData", "attStmt", "authData"},
	};
	struct authenticator a;
	struct authenticator_out data = {.n = 0};
	struct webauthn_credential cred;

	authenticator_init(&a, WEBAUTHN_EDDSA, RP);
	authenticator_data(&a, true, &data);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct authenticator_out object = {.n = 0};
		authenticator_head(&object, 5, 3);
		for (int k = 0; k < 3; k++) {
			authenticator_text(&object, keys[i][k]);
			if (keys[i][k][0] == 'f')
				authenticator_text(&object, "none");
			else if (strcmp(keys[i][k], "authData") == 0)
				authenticator_bytes(&object, data.p, data.n);
			else
				authenticator_head(&object, 5, 0);
		}
		assert_int_equal(read_object(&object, &cred), WEBAUTHN_E_FORM);
	}
	authenticator_deinit(&a);
}

/* ---- keys ---- */

/* The authenticator data of a credential whose key is @cose. */
static int key_of(const struct authenticator *a, const struct authenticator_out *cose)
{
	struct authenticator_out data = {.n = 0}, own = {.n = 0};
	authenticator_data(a, true, &data);
	authenticator_cose(a, &own);
	data.n -= own.n;
	authenticator_raw(&data, cose->p, cose->n);
	return data_of(a, &data);
}

static void key_algorithms(void **state)
{
	static const int64_t others[] = {-35, -36, -37, -47, -65535, 0, 7, INT64_MIN};
	struct authenticator a;

	authenticator_init(&a, WEBAUTHN_ES256, RP);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		struct authenticator_out cose = {.n = 0};
		authenticator_head(&cose, 5, 2);
		authenticator_int(&cose, 1);
		authenticator_int(&cose, 2);
		authenticator_int(&cose, 3);
		authenticator_int(&cose, others[i]);
		assert_int_equal(key_of(&a, &cose), WEBAUTHN_E_ALGORITHM);
	}
	authenticator_deinit(&a);
}

/* Every byte of a key that is not part of a number is fixed: changed, it is no key. */
static void key_members(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		struct authenticator a;
		struct authenticator_out cose = {.n = 0};
		authenticator_init(&a, algorithms[i], RP);
		authenticator_cose(&a, &cose);
		/* Up to the head of the first byte string. */
		size_t fixed = algorithms[i] == WEBAUTHN_RS256 ? 11 : 10;
		for (size_t k = 0; k < fixed; k++)
			for (unsigned bit = 0; bit < 8; bit++) {
				cose.p[k] ^= (uint8_t)(1U << bit);
				assert_int_not_equal(key_of(&a, &cose), 0);
				cose.p[k] ^= (uint8_t)(1U << bit);
			}
		assert_int_equal(key_of(&a, &cose), 0);
		authenticator_deinit(&a);
	}
}

/* One member twice in the place of another. */
static void key_member_twice(void **state)
{
	struct authenticator a;
	struct authenticator_out cose = {.n = 0};

	authenticator_init(&a, WEBAUTHN_ES256, RP);
	authenticator_cose(&a, &cose);
	size_t y = cose.n - 32 - 3;
	assert_int_equal(cose.p[y], 0x22); /* the label -3 */
	assert_int_equal(key_of(&a, &cose), 0);
	cose.p[y] = 0x21;
	memcpy(cose.p + y + 3, cose.p + y - 32, 32);
	assert_int_equal(key_of(&a, &cose), WEBAUTHN_E_FORM);
	cose.n = 0;
	authenticator_head(&cose, 5, 4); /* the algorithm twice */
	static const int64_t members[] = {1, 1, 3, -8, 3, -8, -1, 6};
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		authenticator_int(&cose, members[i]);
	assert_int_equal(key_of(&a, &cose), WEBAUTHN_E_FORM);
	authenticator_deinit(&a);
}

static void key_not_a_key(void **state)
{
	struct authenticator a;
	struct authenticator_out cose = {.n = 0};

	authenticator_init(&a, WEBAUTHN_ES256, RP);
	authenticator_cose(&a, &cose);
	cose.p[cose.n - 1] ^= 1; /* a point beside the curve */
	assert_int_equal(key_of(&a, &cose), WEBAUTHN_E_FORM);
	authenticator_deinit(&a);

	authenticator_init(&a, WEBAUTHN_RS256, RP);
	cose.n = 0;
	authenticator_cose(&a, &cose);
	cose.p[cose.n - 1] = 3; /* exponent */
	assert_int_equal(key_of(&a, &cose), WEBAUTHN_E_FORM);
	cose.p[cose.n - 1] = 1;
	assert_int_equal(key_of(&a, &cose), 0);
	memset(cose.p + 11, 0, 128); /* modulus of 1024 bits */
	assert_int_equal(key_of(&a, &cose), WEBAUTHN_E_FORM);
	authenticator_deinit(&a);
}

/* ---- signing in ---- */

struct answer {
	struct authenticator_out cose, client_data, data, signature;
};

static void sign_in(const struct authenticator *a, struct answer *out)
{
	out->cose.n = out->data.n = 0;
	authenticator_cose(a, &out->cose);
	authenticator_client_data("webauthn.get", CHALLENGE, ORIGIN, &out->client_data);
	authenticator_data(a, false, &out->data);
	authenticator_sign(a, &out->data, &out->client_data, &out->signature);
}

static int verify(const struct answer *in)
{
	uint32_t count = 4711;
	struct webauthn_assertion assertion = {
		.cose_key = authenticator_view(&in->cose),
		.client_data = authenticator_view(&in->client_data),
		.auth_data = authenticator_view(&in->data),
		.signature = authenticator_view(&in->signature),
		.rp_id = RP,
	};
	int r = webauthn_verify(&assertion, &count);
	assert_true(r == 0 || count == 4711);
	return r;
}

static void assertion_good(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		struct authenticator a;
		struct answer in;
		uint32_t count;

		authenticator_init(&a, algorithms[i], RP);
		a.count = 0xfffefdfc;
		sign_in(&a, &in);
		assert_int_equal(verify(&in), 0);
		struct webauthn_assertion assertion = {
			authenticator_view(&in.cose), authenticator_view(&in.client_data),
			authenticator_view(&in.data), authenticator_view(&in.signature), RP};
		assert_int_equal(webauthn_verify(&assertion, &count), 0);
		assert_int_equal(count, 0xfffefdfc);
		authenticator_deinit(&a);
	}
}

/* Whatever byte is changed of what was signed, or of the signature: refused. */
static void assertion_changed(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		struct authenticator a;
		struct answer in;
		authenticator_init(&a, algorithms[i], RP);
		sign_in(&a, &in);
		struct authenticator_out *parts[] = {&in.client_data, &in.data, &in.signature};
		for (size_t p = 0; p < ARRAY_LEN(parts); p++)
			for (size_t k = 0; k < parts[p]->n; k++) {
				parts[p]->p[k] ^= 0x40;
				assert_true(verify(&in) > 0);
				parts[p]->p[k] ^= 0x40;
			}
		assert_int_equal(verify(&in), 0);
		authenticator_deinit(&a);
	}
}

static void assertion_truncated(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		struct authenticator a;
		struct answer in;
		authenticator_init(&a, algorithms[i], RP);
		sign_in(&a, &in);
		struct authenticator_out *parts[] = {&in.client_data, &in.data, &in.signature, &in.cose};
		for (size_t p = 0; p < ARRAY_LEN(parts); p++) {
			size_t whole = parts[p]->n;
			for (parts[p]->n = 0; parts[p]->n < whole; parts[p]->n++)
				assert_true(verify(&in) > 0);
			parts[p]->n = whole + 1;
			parts[p]->p[whole] = 0;
			/* OpenSSL is content with bytes after a DER signature's end; nobody gains by them. */
			if (parts[p] != &in.signature || algorithms[i] != WEBAUTHN_ES256)
				assert_true(verify(&in) > 0);
			parts[p]->n = whole;
		}
		authenticator_deinit(&a);
	}
}

static void assertion_by_another(void **state)
{
	struct authenticator a, b;
	struct answer in, other;

	authenticator_init(&a, WEBAUTHN_ES256, RP);
	authenticator_init(&b, WEBAUTHN_ES256, RP);
	sign_in(&a, &in);
	sign_in(&b, &other);
	in.cose = other.cose;
	assert_int_equal(verify(&in), WEBAUTHN_E_SIGNATURE);
	authenticator_deinit(&b);
	authenticator_init(&b, WEBAUTHN_EDDSA, RP);
	sign_in(&b, &other);
	in.cose = other.cose;
	assert_int_equal(verify(&in), WEBAUTHN_E_SIGNATURE);
	authenticator_deinit(&a);
	authenticator_deinit(&b);
}

/* Rightly signed, and none the less not to be taken. */
static void assertion_not_for_us(void **state)
{
	struct authenticator a;
	struct answer in;

	authenticator_init(&a, WEBAUTHN_EDDSA, "evil.example");
	sign_in(&a, &in);
	assert_int_equal(verify(&in), WEBAUTHN_E_RP);
	a.rp_id = RP;
	static const uint8_t flags[] = {0, AUTHENTICATOR_UP, AUTHENTICATOR_UV,
					AUTHENTICATOR_UP | AUTHENTICATOR_UV | AUTHENTICATOR_BS};
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		a.flags = flags[i];
		sign_in(&a, &in);
		assert_int_equal(verify(&in), WEBAUTHN_E_FLAGS);
	}
	a.flags = AUTHENTICATOR_UP | AUTHENTICATOR_UV | AUTHENTICATOR_AT;
	sign_in(&a, &in);
	assert_int_equal(verify(&in), WEBAUTHN_E_FORM);
	authenticator_deinit(&a);
}

static void assertion_overlong(void **state)
{
	struct authenticator a;
	struct answer in;

	authenticator_init(&a, WEBAUTHN_EDDSA, RP);
	a.flags |= AUTHENTICATOR_ED;
	sign_in(&a, &in);
	authenticator_head(&in.data, 5, 1);
	authenticator_text(&in.data, "unknown");
	authenticator_head(&in.data, 4, 3);
	authenticator_raw(&in.data, "\x01\x02\x03", 3);
	authenticator_sign(&a, &in.data, &in.client_data, &in.signature);
	assert_int_equal(verify(&in), 0);

	sign_in(&a, &in);
	authenticator_head(&in.data, 5, 1);
	authenticator_text(&in.data, "x");
	authenticator_head(&in.data, 2, WEBAUTHN_AUTH_DATA_MAX - in.data.n - 3);
	in.data.n = WEBAUTHN_AUTH_DATA_MAX;
	authenticator_sign(&a, &in.data, &in.client_data, &in.signature);
	assert_int_equal(verify(&in), 0);
	in.data.n++;
	authenticator_sign(&a, &in.data, &in.client_data, &in.signature);
	assert_int_equal(verify(&in), WEBAUTHN_E_FORM);
	authenticator_deinit(&a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rp_id_is_the_host),
		cmocka_unit_test(client_data_good),
		cmocka_unit_test(client_data_for_something_else),
		cmocka_unit_test(client_data_malformed),
		cmocka_unit_test(client_data_overlong),
		cmocka_unit_test(credential_good),
		cmocka_unit_test(credential_not_for_us),
		cmocka_unit_test(credential_id_lengths),
		cmocka_unit_test(credential_truncated),
		cmocka_unit_test(credential_overlong),
		cmocka_unit_test(credential_extensions),
		cmocka_unit_test(credential_attestation),
		cmocka_unit_test(object_members),
		cmocka_unit_test(key_algorithms),
		cmocka_unit_test(key_members),
		cmocka_unit_test(key_member_twice),
		cmocka_unit_test(key_not_a_key),
		cmocka_unit_test(assertion_good),
		cmocka_unit_test(assertion_changed),
		cmocka_unit_test(assertion_truncated),
		cmocka_unit_test(assertion_by_another),
		cmocka_unit_test(assertion_not_for_us),
		cmocka_unit_test(assertion_overlong),
	};
	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
