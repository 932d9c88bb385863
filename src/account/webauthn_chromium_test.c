/*
 * What Chromium brings: taken from its virtual authenticator (CTAP 2, resident keys, user verification) on a
 * page at http://localhost:8080, with the bytes 0 to 31 as the challenge.
 */
#include "account/webauthn.h"
#include "base/text.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define CHALLENGE "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define ORIGIN    "http://localhost:8080"
#define RP        "localhost"

static const struct vector {
	enum webauthn_algorithm algorithm;
	const char *id, *create, *object;   /* made */
	const char *get, *data, *signature; /* signed in with */
} vectors[] = {
	{
		WEBAUTHN_ES256,
		"xwunfcDc-CYG7BfrIPqIoEw3xuxcYUtWnrTOdQKAhfE",
		"eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoiQUFFQ0F3UUZCZ2NJQ1FvTERBME9EeEFSRWhNVU"
		"ZSWVhHQmthR3h3ZEhoOCIsIm9yaWdpbiI6Imh0dHA6Ly9sb2NhbGhvc3Q6ODA4MCIsImNyb3NzT3JpZ2luIjpmYWxz"
		"ZX0",
		"o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVikSZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2NFAAAAAQ"
		"ECAwQFBgcIAQIDBAUGBwgAIMcLp33A3PgmBuwX6yD6iKBMN8bsXGFLVp60znUCgIXxpQECAyYgASFYIMuaAU6r8Cr7"
		"WXv4XjgG_TrM9e4lVOIPP1a4KWHdZILwIlggtPWX2xXd6ZuYcnhmvv0lD7WSuC_3txidLqiR9nPHHRc",
		"eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiQUFFQ0F3UUZCZ2NJQ1FvTERBME9EeEFSRWhNVUZSWV"
		"hHQmthR3h3ZEhoOCIsIm9yaWdpbiI6Imh0dHA6Ly9sb2NhbGhvc3Q6ODA4MCIsImNyb3NzT3JpZ2luIjpmYWxzZX0",
		"SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAg",
		"MEUCIFUKii_GLnOpqw1_iivsF5JPM5VSyfEWR7Lo182F4w_IAiEA5-"
		"WLb4_4LyJhOAumd3aguY55hbP43qmRU5Yq6jIlab8",
	},
	{
		WEBAUTHN_EDDSA,
		"_pqieNmRaCPhV1LepKSwC7iFWJOG5s_QUmL6LgfyoBQ",
		"eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoiQUFFQ0F3UUZCZ2NJQ1FvTERBME9EeEFSRWhNVU"
		"ZSWVhHQmthR3h3ZEhoOCIsIm9yaWdpbiI6Imh0dHA6Ly9sb2NhbGhvc3Q6ODA4MCIsImNyb3NzT3JpZ2luIjpmYWxz"
		"ZSwib3RoZXJfa2V5c19jYW5fYmVfYWRkZWRfaGVyZSI6ImRvIG5vdCBjb21wYXJlIGNsaWVudERhdGFKU09OIGFnYW"
		"luc3QgYSB0ZW1wbGF0ZS4gU2VlIGh0dHBzOi8vZ29vLmdsL3lhYlBleCJ9",
		"o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YViBSZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2NFAAAAAQ"
		"ECAwQFBgcIAQIDBAUGBwgAIP6aonjZkWgj4VdS3qSksAu4hViThubP0FJi-"
		"i4H8qAUpAEBAycgBiFYINM3E6dfGuJusMypdsvLHDkNI40pYca6gsmCy8wzewj7",
		"eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiQUFFQ0F3UUZCZ2NJQ1FvTERBME9EeEFSRWhNVUZSWV"
		"hHQmthR3h3ZEhoOCIsIm9yaWdpbiI6Imh0dHA6Ly9sb2NhbGhvc3Q6ODA4MCIsImNyb3NzT3JpZ2luIjpmYWxzZX0",
		"SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAg",
		"HggUWqznQhUrsb8o368Z5a2vFb_-ipmXYhmDUOVUJGOO_bvTCAEhgNCYIH3HNMlJ7v6ic0ESxAl6KXH-RQA4Ag",
	},
	{
		WEBAUTHN_RS256,
		"-QHCSd4YcTGnZCgO99HgImZQvO4uuT_a_mhZTT7toxk",
		"eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoiQUFFQ0F3UUZCZ2NJQ1FvTERBME9EeEFSRWhNVU"
		"ZSWVhHQmthR3h3ZEhoOCIsIm9yaWdpbiI6Imh0dHA6Ly9sb2NhbGhvc3Q6ODA4MCIsImNyb3NzT3JpZ2luIjpmYWxz"
		"ZX0",
		"o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVkBZ0mWDeWIDoxodDQXD2R2YFuP5K65ooYyx5lc87qDHZdjRQAAAA"
		"EBAgMEBQYHCAECAwQFBgcIACD5AcJJ3hhxMadkKA730eAiZlC87i65P9r-"
		"aFlNPu2jGaQBAwM5AQAgWQEA3l6PX8jHhEZ-5bdVpVPkrlLnhD8N7HXYzj6_ihQ-"
		"04KjISMej5gvODom6jHGMdhNEmMlENPMEOh4fKH4529gQCWh_5iLCCC9kA9Cb9m8McLf_wyiFa03NUo4XnBswM5d40"
		"FWuZHkuos2glb8mjHepDnXFpHwIKAu4BdvK__mhb4UEkthrnLYHpBgOURCQgrvoJKyM846w8ZLVNWLwsA_X6iHc8hQ"
		"-q6KE-hYoNCtQghTMa8hReOSHKktgBsNahzrAPC9k9nlKHtOzJx5yRuTI1mqow8CUf-qW-"
		"BLRmqvacW0UyENRp91vMJltqUcvExwSx9GEgxHthOzN9xTEVFKXyFDAQAB",
		"eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiQUFFQ0F3UUZCZ2NJQ1FvTERBME9EeEFSRWhNVUZSWV"
		"hHQmthR3h3ZEhoOCIsIm9yaWdpbiI6Imh0dHA6Ly9sb2NhbGhvc3Q6ODA4MCIsImNyb3NzT3JpZ2luIjpmYWxzZSwi"
		"b3RoZXJfa2V5c19jYW5fYmVfYWRkZWRfaGVyZSI6ImRvIG5vdCBjb21wYXJlIGNsaWVudERhdGFKU09OIGFnYWluc3"
		"QgYSB0ZW1wbGF0ZS4gU2VlIGh0dHBzOi8vZ29vLmdsL3lhYlBleCJ9",
		"SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2MFAAAAAg",
		"vJFKRM89Cp3392y87HWI8rQxpKIl9srM_99K3F01FEPPpqYIEamEwgsRzL_fm0xPy4cnSt2gJomYOOJ0x2eolw34nM"
		"yfUv_wQ3qhv2XtN1XGwQhc1Q7oVxN0hdRrA7IkMUZZ8UIJt92RDB7dm_1KOJmWo5VX1dgkMXKumJxE51Qd3p-"
		"piZOEs-NB48QRaeNcPfFPaqptL-Vup1m6v0dw2BJHttoCua1mMG9431pe2hzxKyOGFvbdZL9IdDG-"
		"0g7PI2kE0scHBt8f90z9zmba6p0SFLdFi1UpNu5MqBe_f-2-UnYb_p08JCg--REXvk8_RjgHsY0Bo8tgQKhgys8Djw",
	},
};

struct bytes {
	uint8_t p[2048];
	size_t n;
};

static struct webauthn_bytes decode(const char *text, struct bytes *out)
{
	int n = text_unbase64url(text, strlen(text), out->p, sizeof(out->p));
	assert_true(n > 0);
	out->n = (size_t)n;
	return (struct webauthn_bytes){out->p, out->n};
}

static void made(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct bytes client, object, id;
		struct webauthn_credential cred;
		char challenge[WEBAUTHN_CHALLENGE_LEN + 1];

		assert_int_equal(webauthn_client_data(decode(v->create, &client), "webauthn.create", ORIGIN,
						      challenge),
				 0);
		assert_string_equal(challenge, CHALLENGE);
		assert_int_equal(webauthn_credential_read(decode(v->object, &object), RP, &cred), 0);
		assert_int_equal(cred.algorithm, v->algorithm);
		assert_int_equal(cred.sign_count, 1);
		(void)decode(v->id, &id);
		assert_int_equal(cred.id.n, id.n);
		assert_memory_equal(cred.id.p, id.p, id.n);
	}
}

static void signed_in(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct bytes client, object, data, signature;
		struct webauthn_credential cred;
		char challenge[WEBAUTHN_CHALLENGE_LEN + 1];
		uint32_t count;

		assert_int_equal(webauthn_credential_read(decode(v->object, &object), RP, &cred), 0);
		struct webauthn_assertion a = {
			.cose_key = cred.cose_key,
			.client_data = decode(v->get, &client),
			.auth_data = decode(v->data, &data),
			.signature = decode(v->signature, &signature),
			.rp_id = RP,
		};
		assert_int_equal(webauthn_client_data(a.client_data, "webauthn.get", ORIGIN, challenge), 0);
		assert_string_equal(challenge, CHALLENGE);
		assert_int_equal(webauthn_verify(&a, &count), 0);
		assert_int_equal(count, 2);
		client.p[client.n - 1] ^= 1;
		assert_int_equal(webauthn_verify(&a, &count), WEBAUTHN_E_SIGNATURE);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(made),
		cmocka_unit_test(signed_in),
	};
	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
