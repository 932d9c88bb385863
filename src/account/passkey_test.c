/*
 * Passkeys from the options to the session, with an authenticator in software; on SQLite and on PostgreSQL.
 */
#include "account/authenticator.h"
#include "account/factor_kit.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct factor_kit k;
static const char *no_database;
static struct authenticator key; /* Ada's */

static int set_up(void **state)
{
	if (no_database)
		skip();
	factor_kit_fresh(&k);
	authenticator_init(&key, WEBAUTHN_ES256, FACTOR_KIT_RP);
	return 0;
}

static int tear_down(void **state)
{
	authenticator_deinit(&key);
	return 0;
}

/* ---- the browser ---- */

#define TEXT_MAX 32768

/* An answer, and the texts that it is of. */
struct browser {
	struct account_passkey_answer in;
	char texts[6][TEXT_MAX];
};

static struct browser *browser; /* one is enough, and too large for the stack */

static const char *encode(int which, const uint8_t *p, size_t n)
{
	assert_true(TEXT_BASE64URL_LEN(n) < TEXT_MAX);
	text_base64url(p, n, browser->texts[which]);
	return browser->texts[which];
}

static void challenge_of(char *json, char out[WEBAUTHN_CHALLENGE_LEN + 1])
{
	json_t *options = json_loads(json, 0, NULL);
	assert_non_null(options);
	const char *challenge = json_string_value(json_object_get(options, "challenge"));
	assert_int_equal(strlen(challenge), WEBAUTHN_CHALLENGE_LEN);
	memcpy(out, challenge, WEBAUTHN_CHALLENGE_LEN + 1);
	json_decref(options);
	free(json);
}

static int challenge_to_add(const struct account *who, char out[WEBAUTHN_CHALLENGE_LEN + 1])
{
	char *json;
	int rc = account_passkey_options(k.accounts, who, k.now_us, &json);
	if (rc == 0)
		challenge_of(json, out);
	return rc;
}

static int challenge_to_sign_in(char out[WEBAUTHN_CHALLENGE_LEN + 1])
{
	char *json;
	int rc = account_passkey_signin_options(k.accounts, k.now_us, &json);
	if (rc == 0)
		challenge_of(json, out);
	return rc;
}

static struct account_passkey_answer *answer_new(const struct authenticator *a, const char *challenge)
{
	struct authenticator_out object = {.n = 0}, client = {.n = 0};
	authenticator_object(a, &object);
	authenticator_client_data("webauthn.create", challenge, FACTOR_KIT_ORIGIN, &client);
	browser->in = (struct account_passkey_answer){
		.name = " Ada's phone ",
		.id = encode(0, a->id, a->id_len),
		.client_data = encode(1, client.p, client.n),
		.attestation_object = encode(2, object.p, object.n),
	};
	return &browser->in;
}

static struct account_passkey_answer *answer_get(const struct authenticator *a, const char *challenge,
						 const struct account *who)
{
	struct authenticator_out data = {.n = 0}, client = {.n = 0}, signature = {.n = 0};
	authenticator_data(a, false, &data);
	authenticator_client_data("webauthn.get", challenge, FACTOR_KIT_ORIGIN, &client);
	authenticator_sign(a, &data, &client, &signature);
	browser->in = (struct account_passkey_answer){
		.id = encode(0, a->id, a->id_len),
		.client_data = encode(1, client.p, client.n),
		.authenticator_data = encode(3, data.p, data.n),
		.signature = encode(4, signature.p, signature.n),
		.user_handle = encode(5, (const uint8_t *)who->id, strlen(who->id)),
	};
	return &browser->in;
}

static struct account_fault fault;

static int add_answer(const struct account *who, const struct account_passkey_answer *in)
{
	fault = (struct account_fault){NULL, NULL};
	return account_passkey_add(k.accounts, who->id, in, FACTOR_KIT_ORIGIN, k.now_us, &fault);
}

static int add(const struct authenticator *a, const struct account *who)
{
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];
	int rc = challenge_to_add(who, challenge);
	return rc ? rc : add_answer(who, answer_new(a, challenge));
}

static struct account_login login;
static char token[ACCOUNT_TOKEN_LEN + 1];

static int sign_in_answer(const struct account_passkey_answer *in)
{
	login.session.id[0] = token[0] = '\0';
	int rc =
		account_passkey_signin(k.accounts, in, FACTOR_KIT_ORIGIN, &k.client, k.now_us, &login, token);
	if (rc) {
		assert_string_equal(login.session.id, "");
		assert_string_equal(token, "");
	}
	return rc;
}

static int sign_in(const struct authenticator *a, const struct account *who)
{
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];
	int rc = challenge_to_sign_in(challenge);
	return rc ? rc : sign_in_answer(answer_get(a, challenge, who));
}

#define COUNT_OF(table) factor_kit_count(&k, "SELECT COUNT(*) FROM " table)

/* ---- options ---- */

static const char *text_at(const json_t *object, const char *a, const char *b)
{
	const json_t *v = json_object_get(object, a);
	return json_string_value(b ? json_object_get(v, b) : v);
}

static void options_to_add(void **state)
{
	char *json, id[64], credential[64];

	assert_int_equal(add(&key, &k.ada), 0);
	assert_int_equal(account_passkey_options(k.accounts, &k.ada, k.now_us, &json), 0);
	json_t *o = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	free(json);
	assert_string_equal(text_at(o, "rp", "id"), FACTOR_KIT_RP);
	assert_string_equal(text_at(o, "rp", "name"), "Parley");
	text_base64url((const uint8_t *)k.ada.id, strlen(k.ada.id), id);
	assert_string_equal(text_at(o, "user", "id"), id);
	assert_string_equal(text_at(o, "user", "name"), "ada@example.org");
	assert_string_equal(text_at(o, "user", "displayName"), "Ada");
	assert_string_equal(text_at(o, "attestation", NULL), "none");
	assert_string_equal(text_at(o, "authenticatorSelection", "residentKey"), "required");
	assert_string_equal(text_at(o, "authenticatorSelection", "userVerification"), "required");
	assert_true(json_is_true(
		json_object_get(json_object_get(o, "authenticatorSelection"), "requireResidentKey")));
	assert_int_equal(json_integer_value(json_object_get(o, "timeout")), 300000);
	const json_t *params = json_object_get(o, "pubKeyCredParams");
	static const int algorithms[] = {-8, -7, -257};
	assert_int_equal(json_array_size(params), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(json_integer_value(json_object_get(json_array_get(params, i), "alg")),
				 algorithms[i]);
		assert_string_equal(text_at(json_array_get(params, i), "type", NULL), "public-key");
	}
	const json_t *exclude = json_object_get(o, "excludeCredentials");
	assert_int_equal(json_array_size(exclude), 1);
	text_base64url(key.id, key.id_len, credential);
	assert_string_equal(text_at(json_array_get(exclude, 0), "id", NULL), credential);
	assert_string_equal(text_at(json_array_get(exclude, 0), "type", NULL), "public-key");
	json_decref(o);
}

static void options_to_sign_in(void **state)
{
	char *json;

	assert_int_equal(add(&key, &k.ada), 0);
	assert_int_equal(account_passkey_signin_options(k.accounts, k.now_us, &json), 0);
	json_t *o = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	free(json);
	assert_string_equal(text_at(o, "rpId", NULL), FACTOR_KIT_RP);
	assert_string_equal(text_at(o, "userVerification", NULL), "required");
	assert_int_equal(json_array_size(json_object_get(o, "allowCredentials")), 0);
	assert_true(json_is_array(json_object_get(o, "allowCredentials")));
	assert_int_equal(json_integer_value(json_object_get(o, "timeout")), 300000);
	json_decref(o);
}

/* ---- good ones ---- */

struct seen {
	unsigned n;
	struct account_passkey last;
};

static int on_passkey(void *arg, const struct account_passkey *p)
{
	struct seen *s = arg;
	s->n++;
	s->last = *p;
	return 0;
}

static void made_used_and_removed(void **state)
{
	static const enum webauthn_algorithm algorithms[] = {WEBAUTHN_ES256, WEBAUTHN_EDDSA, WEBAUTHN_RS256};
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		struct authenticator a;
		struct account_login known;
		struct seen seen = {0};

		factor_kit_fresh(&k);
		authenticator_init(&a, algorithms[i], FACTOR_KIT_RP);
		assert_int_equal(add(&a, &k.ada), 0);
		k.now_us += ACCOUNT_US;
		assert_int_equal(sign_in(&a, &k.ada), 0);
		assert_string_equal(login.account.id, k.ada.id);
		assert_int_equal(login.account.passkeys, 1);
		assert_string_equal(login.session.client.address, k.client.address);
		assert_int_equal(account_by_token(k.accounts, token, k.now_us, &known), 0);
		assert_string_equal(known.session.id, login.session.id);

		assert_int_equal(account_passkeys(k.accounts, k.ada.id, on_passkey, &seen), 0);
		assert_int_equal(seen.n, 1);
		assert_string_equal(seen.last.name, "Ada's phone");
		assert_int_equal(seen.last.created_us, k.now_us - ACCOUNT_US);
		assert_int_equal(seen.last.used_us, k.now_us);
		assert_int_equal(account_passkeys(k.accounts, k.bob.id, on_passkey, &seen), 0);
		assert_int_equal(seen.n, 1);

		assert_int_equal(account_passkey_remove(k.accounts, k.bob.id, seen.last.id),
				 ACCOUNT_E_UNKNOWN);
		assert_int_equal(account_passkey_remove(k.accounts, k.ada.id, seen.last.id), 0);
		assert_int_equal(account_passkey_remove(k.accounts, k.ada.id, seen.last.id),
				 ACCOUNT_E_UNKNOWN);
		assert_int_equal(sign_in(&a, &k.ada), ACCOUNT_E_CREDENTIALS);
		assert_int_equal(COUNT_OF("tokens"), 0); /* every challenge was used up */
		authenticator_deinit(&a);
	}
}

static void longest_credential_id(void **state)
{
	key.id_len = WEBAUTHN_CREDENTIAL_BYTES_MAX;
	assert_int_equal(add(&key, &k.ada), 0);
	assert_int_equal(sign_in(&key, &k.ada), 0);
	key.id_len++;
	key.id[0] ^= 1;
	assert_int_equal(add(&key, &k.ada), ACCOUNT_E_FIELD);
	assert_int_equal(sign_in(&key, &k.ada), ACCOUNT_E_FIELD);
}

/* Whoever was verified by the authenticator needs no other factor. */
static void no_second_factor(void **state)
{
	assert_int_equal(add(&key, &k.ada), 0);
	store_kit_order(&k.db, "UPDATE accounts SET totp = 'something' WHERE name = 'Ada'");
	assert_int_equal(sign_in(&key, &k.ada), 0);
}

static void disabled(void **state)
{
	assert_int_equal(add(&key, &k.ada), 0);
	store_kit_order(&k.db, "UPDATE accounts SET disabled = 1 WHERE name = 'Ada'");
	key.count = 5;
	assert_int_equal(sign_in(&key, &k.ada), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(COUNT_OF("sessions"), 0);
	assert_int_equal(factor_kit_count(&k, "SELECT sign_count FROM passkeys"), 0);
}

/* ---- adding: what is refused ---- */

static void add_too_many(void **state)
{
	struct authenticator a[5];
	for (int i = 0; i < 5; i++) {
		authenticator_init(&a[i], WEBAUTHN_EDDSA, FACTOR_KIT_RP);
		assert_int_equal(add(&a[i], &k.ada), i < 4 ? 0 : ACCOUNT_E_TOO_MANY);
	}
	assert_int_equal(add(&a[4], &k.bob), 0);
	for (int i = 0; i < 5; i++)
		authenticator_deinit(&a[i]);
}

static void add_twice(void **state)
{
	assert_int_equal(add(&key, &k.ada), 0);
	assert_int_equal(add(&key, &k.ada), ACCOUNT_E_FIELD);
	assert_string_equal(fault.field, "passkey");
	assert_int_equal(add(&key, &k.bob), ACCOUNT_E_FIELD);
	assert_int_equal(COUNT_OF("passkeys"), 1);
}

static void add_not_for_us(void **state)
{
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];

	key.rp_id = "evil.example";
	assert_int_equal(add(&key, &k.ada), ACCOUNT_E_FIELD);
	key.rp_id = FACTOR_KIT_RP;
	key.flags = AUTHENTICATOR_UP;
	assert_int_equal(add(&key, &k.ada), ACCOUNT_E_FIELD);
	assert_string_equal(fault.field, "passkey");
	key.flags |= AUTHENTICATOR_UV;
	assert_int_equal(challenge_to_add(&k.ada, challenge), 0);
	const struct account_passkey_answer *in = answer_new(&key, challenge);
	assert_int_equal(
		account_passkey_add(k.accounts, k.ada.id, in, "https://evil.example", k.now_us, &fault),
		ACCOUNT_E_FIELD);
	/* An assertion in the place of a new credential. */
	browser->in.client_data = answer_get(&key, challenge, &k.ada)->client_data;
	assert_int_equal(add_answer(&k.ada, &browser->in), ACCOUNT_E_FIELD);
	assert_int_equal(COUNT_OF("passkeys"), 0);
}

static void add_name(void **state)
{
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];

	assert_int_equal(challenge_to_add(&k.ada, challenge), 0);
	struct account_passkey_answer *in = answer_new(&key, challenge);
	static const char *const bad[] = {NULL, "", "  ", "a\nb", "\xe2\x80\xae", "\xff"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		in->name = bad[i];
		assert_int_equal(add_answer(&k.ada, in), ACCOUNT_E_FIELD);
		assert_string_equal(fault.field, "name");
	}
	/* Corrected, the same answer is taken. */
	in->name = "Key";
	assert_int_equal(add_answer(&k.ada, in), 0);
}

static void add_wrong_id(void **state)
{
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];

	for (int i = 0; i < 2; i++) {
		assert_int_equal(challenge_to_add(&k.ada, challenge), 0);
		struct account_passkey_answer *in = answer_new(&key, challenge);
		in->id = i ? NULL : "AAAA";
		assert_int_equal(add_answer(&k.ada, in), ACCOUNT_E_FIELD);
		assert_string_equal(fault.field, "id");
	}
}

static void add_challenges(void **state)
{
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];

	/* Never given out. */
	account_token_new(k.accounts, challenge);
	assert_int_equal(add_answer(&k.ada, answer_new(&key, challenge)), ACCOUNT_E_TOKEN);
	/* Given to somebody else; that used it up. */
	assert_int_equal(challenge_to_add(&k.bob, challenge), 0);
	assert_int_equal(add_answer(&k.ada, answer_new(&key, challenge)), ACCOUNT_E_TOKEN);
	assert_int_equal(add_answer(&k.bob, answer_new(&key, challenge)), ACCOUNT_E_TOKEN);
	/* Given for signing in. */
	assert_int_equal(challenge_to_sign_in(challenge), 0);
	assert_int_equal(add_answer(&k.ada, answer_new(&key, challenge)), ACCOUNT_E_TOKEN);
	/* Too late. */
	assert_int_equal(challenge_to_add(&k.ada, challenge), 0);
	k.now_us += 300 * ACCOUNT_US;
	assert_int_equal(add_answer(&k.ada, answer_new(&key, challenge)), ACCOUNT_E_TOKEN);
	/* Used: by a good answer, and by a bad one. */
	assert_int_equal(challenge_to_add(&k.ada, challenge), 0);
	key.flags = 0;
	assert_int_equal(add_answer(&k.ada, answer_new(&key, challenge)), ACCOUNT_E_FIELD);
	key.flags = AUTHENTICATOR_UP | AUTHENTICATOR_UV;
	assert_int_equal(add_answer(&k.ada, answer_new(&key, challenge)), ACCOUNT_E_TOKEN);
	assert_int_equal(challenge_to_add(&k.ada, challenge), 0);
	k.now_us += 300 * ACCOUNT_US - 1;
	assert_int_equal(add_answer(&k.ada, answer_new(&key, challenge)), 0);
	assert_int_equal(account_passkey_remove(k.accounts, k.ada.id, "x"), ACCOUNT_E_UNKNOWN);
	assert_int_equal(add_answer(&k.ada, answer_new(&key, challenge)), ACCOUNT_E_TOKEN);
	assert_int_equal(COUNT_OF("passkeys"), 1);
}

/* Not base64url, missing, cut short, too long: whatever field it is. */
static void spoil(const char **field, int (*send)(void))
{
	static char longest[TEXT_MAX];
	const char *good = *field;
	static const char *const bad[] = {NULL, "", "=", "A", "AB==", "A+/A", "AA A", "\xff\xfe", "AB"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		*field = bad[i];
		assert_true(send() > 0);
	}
	memset(longest, 'A', sizeof(longest) - 1);
	*field = longest;
	assert_true(send() > 0);
	(void)snprintf(longest, sizeof(longest), "%.*s", (int)strlen(good) / 4 * 2, good);
	assert_true(send() > 0);
	*field = good;
}

static int send_new(void)
{
	return add_answer(&k.ada, &browser->in);
}

static int send_get(void)
{
	return sign_in_answer(&browser->in);
}

static void add_malformed(void **state)
{
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];

	assert_int_equal(challenge_to_add(&k.ada, challenge), 0);
	struct account_passkey_answer *in = answer_new(&key, challenge);
	const char **fields[] = {&in->client_data, &in->attestation_object, &in->id};
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		spoil(fields[i], send_new);
	assert_int_equal(COUNT_OF("passkeys"), 0);
}

/* ---- signing in: what is refused ---- */

static void sign_in_malformed(void **state)
{
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];

	assert_int_equal(add(&key, &k.ada), 0);
	assert_int_equal(challenge_to_sign_in(challenge), 0);
	struct account_passkey_answer *in = answer_get(&key, challenge, &k.ada);
	const char **fields[] = {&in->client_data, &in->authenticator_data, &in->signature, &in->user_handle,
				 &in->id};
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		spoil(fields[i], send_get);
	assert_int_equal(COUNT_OF("sessions"), 0);
}

static void sign_in_not_for_us(void **state)
{
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];

	assert_int_equal(add(&key, &k.ada), 0);
	assert_int_equal(challenge_to_sign_in(challenge), 0);
	const struct account_passkey_answer *in = answer_get(&key, challenge, &k.ada);
	assert_int_equal(account_passkey_signin(k.accounts, in, "https://evil.example", &k.client, k.now_us,
						&login, token),
			 ACCOUNT_E_CREDENTIALS);
	key.rp_id = "evil.example";
	assert_int_equal(sign_in(&key, &k.ada), ACCOUNT_E_CREDENTIALS);
	key.rp_id = FACTOR_KIT_RP;
	key.flags = AUTHENTICATOR_UP;
	assert_int_equal(sign_in(&key, &k.ada), ACCOUNT_E_CREDENTIALS);
	key.flags = AUTHENTICATOR_UV;
	assert_int_equal(sign_in(&key, &k.ada), ACCOUNT_E_CREDENTIALS);
	key.flags |= AUTHENTICATOR_UP;
	assert_int_equal(sign_in(&key, &k.bob), ACCOUNT_E_CREDENTIALS); /* user handle */
	assert_int_equal(COUNT_OF("sessions"), 0);
	assert_int_equal(sign_in(&key, &k.ada), 0);
}

static void sign_in_by_another_key(void **state)
{
	struct authenticator other;

	authenticator_init(&other, WEBAUTHN_ES256, FACTOR_KIT_RP);
	assert_int_equal(add(&key, &k.ada), 0);
	assert_int_equal(sign_in(&other, &k.ada), ACCOUNT_E_CREDENTIALS); /* unknown credential */
	memcpy(other.id, key.id, sizeof(key.id));
	assert_int_equal(sign_in(&other, &k.ada), ACCOUNT_E_CREDENTIALS); /* wrong signature */
	assert_int_equal(COUNT_OF("sessions"), 0);
	authenticator_deinit(&other);
}

static void sign_in_challenges(void **state)
{
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];

	assert_int_equal(add(&key, &k.ada), 0);
	account_token_new(k.accounts, challenge);
	assert_int_equal(sign_in_answer(answer_get(&key, challenge, &k.ada)), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(challenge_to_add(&k.ada, challenge), 0);
	assert_int_equal(sign_in_answer(answer_get(&key, challenge, &k.ada)), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(challenge_to_sign_in(challenge), 0);
	k.now_us += 300 * ACCOUNT_US;
	assert_int_equal(sign_in_answer(answer_get(&key, challenge, &k.ada)), ACCOUNT_E_CREDENTIALS);
	/* A bad answer uses it up, and so does a good one. */
	assert_int_equal(challenge_to_sign_in(challenge), 0);
	answer_get(&key, challenge, &k.ada);
	browser->in.user_handle = "AAAA";
	assert_int_equal(sign_in_answer(&browser->in), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(sign_in_answer(answer_get(&key, challenge, &k.ada)), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(COUNT_OF("sessions"), 0);
	assert_int_equal(challenge_to_sign_in(challenge), 0);
	assert_int_equal(sign_in_answer(answer_get(&key, challenge, &k.ada)), 0);
	assert_int_equal(sign_in_answer(answer_get(&key, challenge, &k.ada)), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(COUNT_OF("sessions"), 1);
}

static int sign_in_counted(uint32_t count)
{
	key.count = count;
	return sign_in(&key, &k.ada);
}

static void counters(void **state)
{
	char target[64], action[64];

	assert_int_equal(add(&key, &k.ada), 0);
	assert_int_equal(sign_in_counted(0), 0); /* has none */
	assert_int_equal(sign_in_counted(0), 0);
	assert_int_equal(sign_in_counted(7), 0);
	assert_int_equal(sign_in_counted(8), 0);
	assert_int_equal(COUNT_OF("audit"), 0);
	assert_int_equal(sign_in_counted(8), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(sign_in_counted(7), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(sign_in_counted(0), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(COUNT_OF("audit"), 3);
	factor_kit_text(&k, "SELECT target FROM audit LIMIT 1", target, sizeof(target));
	factor_kit_text(&k, "SELECT action FROM audit LIMIT 1", action, sizeof(action));
	assert_string_equal(target, k.ada.id);
	assert_string_equal(action, "passkey.cloned");
	assert_int_equal(sign_in_counted(UINT32_MAX), 0);
	assert_int_equal(factor_kit_count(&k, "SELECT sign_count FROM passkeys"), UINT32_MAX);
	assert_int_equal(COUNT_OF("sessions"), 5);
}

/* One that had a counter when it was made. */
static void counter_from_the_start(void **state)
{
	key.count = 40;
	assert_int_equal(add(&key, &k.ada), 0);
	assert_int_equal(sign_in_counted(40), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(sign_in_counted(41), 0);
}

struct racer {
	struct account_passkey_answer in;
	char texts[5][2048];
	int rc;
};

static void *race(void *arg)
{
	struct racer *r = arg;
	struct account_login mine;
	char mine_token[ACCOUNT_TOKEN_LEN + 1];
	r->rc = account_passkey_signin(k.accounts, &r->in, FACTOR_KIT_ORIGIN, &k.client, k.now_us, &mine,
				       mine_token);
	return NULL;
}

static const char *keep(struct racer *r, int which, const char *text)
{
	assert_true(strlen(text) < sizeof(r->texts[0]));
	memcpy(r->texts[which], text, strlen(text) + 1);
	return r->texts[which];
}

static void prepare_racer(struct racer *r, const char *challenge)
{
	const struct account_passkey_answer *in = answer_get(&key, challenge, &k.ada);
	r->in = (struct account_passkey_answer){
		.id = keep(r, 0, in->id),
		.client_data = keep(r, 1, in->client_data),
		.authenticator_data = keep(r, 2, in->authenticator_data),
		.signature = keep(r, 3, in->signature),
		.user_handle = keep(r, 4, in->user_handle),
	};
}

/* At the same moment, with one challenge, or with one counter: one gets in. */
static void at_once(void **state)
{
	static struct racer racers[4];
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];
	pthread_t threads[4];

	assert_int_equal(add(&key, &k.ada), 0);
	for (int same_challenge = 0; same_challenge < 2; same_challenge++) {
		int in = 0;
		key.count += 10;
		for (int i = 0; i < 4; i++) {
			if (i == 0 || !same_challenge)
				assert_int_equal(challenge_to_sign_in(challenge), 0);
			prepare_racer(&racers[i], challenge);
		}
		for (int i = 0; i < 4; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
		for (int i = 0; i < 4; i++) {
			assert_int_equal(pthread_join(threads[i], NULL), 0);
			assert_true(racers[i].rc == 0 || racers[i].rc == ACCOUNT_E_CREDENTIALS);
			in += racers[i].rc == 0;
		}
		assert_int_equal(in, 1);
	}
}

/* ---- out of memory ---- */

static void out_of_memory(void **state)
{
	bool hit = true;

	for (uint64_t n = 0; hit; n++) {
		mem_fail_after(n);
		int rc = add(&key, &k.ada);
		if (rc == 0)
			rc = sign_in(&key, &k.ada);
		hit = mem_fail_hit();
		mem_fail_never();
		assert_int_equal(rc, hit ? -ENOMEM : 0);
		store_kit_order(&k.db, "DELETE FROM passkeys");
		assert_true(n < 1000);
	}
	assert_int_equal(COUNT_OF("sessions"), 1);
}

int main(int argc, char **argv)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(options_to_add),         TEST(options_to_sign_in),
		TEST(made_used_and_removed),  TEST(longest_credential_id),
		TEST(no_second_factor),       TEST(disabled),
		TEST(add_too_many),           TEST(add_twice),
		TEST(add_not_for_us),         TEST(add_name),
		TEST(add_wrong_id),           TEST(add_challenges),
		TEST(add_malformed),          TEST(sign_in_malformed),
		TEST(sign_in_not_for_us),     TEST(sign_in_by_another_key),
		TEST(sign_in_challenges),     TEST(counters),
		TEST(counter_from_the_start), TEST(at_once),
		TEST(out_of_memory),
	};
	static struct browser the_browser;
	browser = &the_browser;
	if (sodium_init() < 0 || argc != 2)
		return 1;
	no_database = factor_kit_open(&k, argv[1]);
	if (no_database)
		(void)fprintf(stderr, "%s\n", no_database);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (!no_database)
		factor_kit_close(&k);
	return failed;
}
