/*
 * Passkeys from the options to the session, with an authenticator in software; on SQLite and on PostgreSQL.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "account/authenticator.h"
#include "account/testkit.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN "https://call.example.org"
#define RP     "call.example.org"

static struct account ada, bob;
static struct authenticator key; /* Ada's */

static void start(void)
{
	ada = kit_add("ada@example.org", "Ada", ACCOUNT_MEMBER);
	bob = kit_add("bob@example.org", "Bob", ACCOUNT_MEMBER);
	authenticator_init(&key, WEBAUTHN_ES256, RP);
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
	int rc = account_passkey_options(kit.a, who, kit.now, &json);
	if (rc == 0)
		challenge_of(json, out);
	return rc;
}

static int challenge_to_sign_in(char out[WEBAUTHN_CHALLENGE_LEN + 1])
{
	char *json;
	int rc = account_passkey_signin_options(kit.a, kit.now, &json);
	if (rc == 0)
		challenge_of(json, out);
	return rc;
}

static struct account_passkey_answer *answer_new(const struct authenticator *a, const char *challenge)
{
	struct authenticator_out object = {.n = 0}, client = {.n = 0};
	authenticator_object(a, &object);
	authenticator_client_data("webauthn.create", challenge, ORIGIN, &client);
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
	authenticator_client_data("webauthn.get", challenge, ORIGIN, &client);
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
	return account_passkey_add(kit.a, who->id, in, ORIGIN, kit.now, &fault);
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
	int rc = account_passkey_signin(kit.a, in, ORIGIN, &kit_client, kit.now, &login, token);
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

/* ---- options ---- */

static const char *text_at(const json_t *object, const char *a, const char *b)
{
	const json_t *v = json_object_get(object, a);
	return json_string_value(b ? json_object_get(v, b) : v);
}

static void options_to_add(void **state)
{
	start();
	char *json, id[64], credential[64];

	assert_int_equal(add(&key, &ada), 0);
	assert_int_equal(account_passkey_options(kit.a, &ada, kit.now, &json), 0);
	json_t *o = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	free(json);
	assert_string_equal(text_at(o, "rp", "id"), RP);
	assert_string_equal(text_at(o, "rp", "name"), "Parley");
	text_base64url((const uint8_t *)ada.id, strlen(ada.id), id);
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
	start();
	char *json;

	assert_int_equal(add(&key, &ada), 0);
	assert_int_equal(account_passkey_signin_options(kit.a, kit.now, &json), 0);
	json_t *o = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	free(json);
	assert_string_equal(text_at(o, "rpId", NULL), RP);
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
	start();
	static const enum webauthn_algorithm algorithms[] = {WEBAUTHN_ES256, WEBAUTHN_EDDSA, WEBAUTHN_RS256};
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		struct authenticator a;
		struct account_login known;
		struct seen seen = {0};

		kit_clear();
		ada = kit_add("ada@example.org", "Ada", ACCOUNT_MEMBER);
		authenticator_init(&a, algorithms[i], RP);
		assert_int_equal(add(&a, &ada), 0);
		kit.now += ACCOUNT_US;
		assert_int_equal(sign_in(&a, &ada), 0);
		assert_string_equal(login.account.id, ada.id);
		assert_int_equal(login.account.passkeys, 1);
		assert_string_equal(login.session.client.address, kit_client.address);
		assert_int_equal(account_by_token(kit.a, token, kit.now, &known), 0);
		assert_string_equal(known.session.id, login.session.id);

		assert_int_equal(account_passkeys(kit.a, ada.id, on_passkey, &seen), 0);
		assert_int_equal(seen.n, 1);
		assert_string_equal(seen.last.name, "Ada's phone");
		assert_int_equal(seen.last.created_us, kit.now - ACCOUNT_US);
		assert_int_equal(seen.last.used_us, kit.now);
		assert_int_equal(account_passkeys(kit.a, bob.id, on_passkey, &seen), 0);
		assert_int_equal(seen.n, 1);

		assert_int_equal(account_passkey_remove(kit.a, bob.id, seen.last.id), ACCOUNT_E_UNKNOWN);
		assert_int_equal(account_passkey_remove(kit.a, ada.id, seen.last.id), 0);
		assert_int_equal(account_passkey_remove(kit.a, ada.id, seen.last.id), ACCOUNT_E_UNKNOWN);
		assert_int_equal(sign_in(&a, &ada), ACCOUNT_E_CREDENTIALS);
		assert_int_equal(kit_count("tokens"), 0); /* every challenge was used up */
		authenticator_deinit(&a);
	}
}

static void longest_credential_id(void **state)
{
	start();
	key.id_len = WEBAUTHN_CREDENTIAL_BYTES_MAX;
	assert_int_equal(add(&key, &ada), 0);
	assert_int_equal(sign_in(&key, &ada), 0);
	key.id_len++;
	key.id[0] ^= 1;
	assert_int_equal(add(&key, &ada), ACCOUNT_E_FIELD);
	assert_int_equal(sign_in(&key, &ada), ACCOUNT_E_FIELD);
}

/* Whoever was verified by the authenticator needs no other factor. */
static void no_second_factor(void **state)
{
	start();
	assert_int_equal(add(&key, &ada), 0);
	store_kit_order(&kit.db, "UPDATE accounts SET totp = 'something' WHERE name = 'Ada'");
	assert_int_equal(sign_in(&key, &ada), 0);
}

static void disabled(void **state)
{
	start();
	assert_int_equal(add(&key, &ada), 0);
	store_kit_order(&kit.db, "UPDATE accounts SET disabled = 1 WHERE name = 'Ada'");
	key.count = 5;
	assert_int_equal(sign_in(&key, &ada), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(kit_count("sessions"), 0);
	assert_int_equal(kit_count("passkeys WHERE sign_count = 0"), 1);
}

/* ---- adding: what is refused ---- */

static void add_too_many(void **state)
{
	start();
	struct authenticator a[4];
	for (int i = 0; i < 4; i++) {
		authenticator_init(&a[i], WEBAUTHN_EDDSA, RP);
		assert_int_equal(add(&a[i], &ada), i < 3 ? 0 : ACCOUNT_E_TOO_MANY);
	}
	assert_int_equal(add(&a[3], &bob), 0);
	for (int i = 0; i < 4; i++)
		authenticator_deinit(&a[i]);
}

static void add_twice(void **state)
{
	start();
	assert_int_equal(add(&key, &ada), 0);
	assert_int_equal(add(&key, &ada), ACCOUNT_E_FIELD);
	assert_string_equal(fault.field, "passkey");
	assert_int_equal(add(&key, &bob), ACCOUNT_E_FIELD);
	assert_int_equal(kit_count("passkeys"), 1);
}

static void add_not_for_us(void **state)
{
	start();
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];

	key.rp_id = "evil.example";
	assert_int_equal(add(&key, &ada), ACCOUNT_E_FIELD);
	key.rp_id = RP;
	key.flags = AUTHENTICATOR_UP;
	assert_int_equal(add(&key, &ada), ACCOUNT_E_FIELD);
	assert_string_equal(fault.field, "passkey");
	key.flags |= AUTHENTICATOR_UV;
	assert_int_equal(challenge_to_add(&ada, challenge), 0);
	const struct account_passkey_answer *in = answer_new(&key, challenge);
	assert_int_equal(account_passkey_add(kit.a, ada.id, in, "https://evil.example", kit.now, &fault),
			 ACCOUNT_E_FIELD);
	/* An assertion in the place of a new credential. */
	browser->in.client_data = answer_get(&key, challenge, &ada)->client_data;
	assert_int_equal(add_answer(&ada, &browser->in), ACCOUNT_E_FIELD);
	assert_int_equal(kit_count("passkeys"), 0);
}

static void add_name(void **state)
{
	start();
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];

	assert_int_equal(challenge_to_add(&ada, challenge), 0);
	struct account_passkey_answer *in = answer_new(&key, challenge);
	static const char *const bad[] = {NULL, "", "  ", "a\nb", "\xe2\x80\xae", "\xff"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		in->name = bad[i];
		assert_int_equal(add_answer(&ada, in), ACCOUNT_E_FIELD);
		assert_string_equal(fault.field, "name");
	}
	/* Corrected, the same answer is taken. */
	in->name = "Key";
	assert_int_equal(add_answer(&ada, in), 0);
}

static void add_wrong_id(void **state)
{
	start();
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];

	for (int i = 0; i < 2; i++) {
		assert_int_equal(challenge_to_add(&ada, challenge), 0);
		struct account_passkey_answer *in = answer_new(&key, challenge);
		in->id = i ? NULL : "AAAA";
		assert_int_equal(add_answer(&ada, in), ACCOUNT_E_FIELD);
		assert_string_equal(fault.field, "id");
	}
}

static void add_challenges(void **state)
{
	start();
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];

	/* Never given out. */
	account_token_new(kit.a, challenge);
	assert_int_equal(add_answer(&ada, answer_new(&key, challenge)), ACCOUNT_E_TOKEN);
	/* Given to somebody else; that used it up. */
	assert_int_equal(challenge_to_add(&bob, challenge), 0);
	assert_int_equal(add_answer(&ada, answer_new(&key, challenge)), ACCOUNT_E_TOKEN);
	assert_int_equal(add_answer(&bob, answer_new(&key, challenge)), ACCOUNT_E_TOKEN);
	/* Given for signing in. */
	assert_int_equal(challenge_to_sign_in(challenge), 0);
	assert_int_equal(add_answer(&ada, answer_new(&key, challenge)), ACCOUNT_E_TOKEN);
	/* Too late. */
	assert_int_equal(challenge_to_add(&ada, challenge), 0);
	kit.now += 300 * ACCOUNT_US;
	assert_int_equal(add_answer(&ada, answer_new(&key, challenge)), ACCOUNT_E_TOKEN);
	/* Used: by a good answer, and by a bad one. */
	assert_int_equal(challenge_to_add(&ada, challenge), 0);
	key.flags = 0;
	assert_int_equal(add_answer(&ada, answer_new(&key, challenge)), ACCOUNT_E_FIELD);
	key.flags = AUTHENTICATOR_UP | AUTHENTICATOR_UV;
	assert_int_equal(add_answer(&ada, answer_new(&key, challenge)), ACCOUNT_E_TOKEN);
	assert_int_equal(challenge_to_add(&ada, challenge), 0);
	kit.now += 300 * ACCOUNT_US - 1;
	assert_int_equal(add_answer(&ada, answer_new(&key, challenge)), 0);
	assert_int_equal(account_passkey_remove(kit.a, ada.id, "x"), ACCOUNT_E_UNKNOWN);
	assert_int_equal(add_answer(&ada, answer_new(&key, challenge)), ACCOUNT_E_TOKEN);
	assert_int_equal(kit_count("passkeys"), 1);
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
	return add_answer(&ada, &browser->in);
}

static int send_get(void)
{
	return sign_in_answer(&browser->in);
}

static void add_malformed(void **state)
{
	start();
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];

	assert_int_equal(challenge_to_add(&ada, challenge), 0);
	struct account_passkey_answer *in = answer_new(&key, challenge);
	const char **fields[] = {&in->client_data, &in->attestation_object, &in->id};
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		spoil(fields[i], send_new);
	assert_int_equal(kit_count("passkeys"), 0);
}

/* ---- signing in: what is refused ---- */

static void sign_in_malformed(void **state)
{
	start();
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];

	assert_int_equal(add(&key, &ada), 0);
	assert_int_equal(challenge_to_sign_in(challenge), 0);
	struct account_passkey_answer *in = answer_get(&key, challenge, &ada);
	const char **fields[] = {&in->client_data, &in->authenticator_data, &in->signature, &in->user_handle,
				 &in->id};
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		spoil(fields[i], send_get);
	assert_int_equal(kit_count("sessions"), 0);
}

static void sign_in_not_for_us(void **state)
{
	start();
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];

	assert_int_equal(add(&key, &ada), 0);
	assert_int_equal(challenge_to_sign_in(challenge), 0);
	const struct account_passkey_answer *in = answer_get(&key, challenge, &ada);
	assert_int_equal(account_passkey_signin(kit.a, in, "https://evil.example", &kit_client, kit.now,
						&login, token),
			 ACCOUNT_E_CREDENTIALS);
	key.rp_id = "evil.example";
	assert_int_equal(sign_in(&key, &ada), ACCOUNT_E_CREDENTIALS);
	key.rp_id = RP;
	key.flags = AUTHENTICATOR_UP;
	assert_int_equal(sign_in(&key, &ada), ACCOUNT_E_CREDENTIALS);
	key.flags = AUTHENTICATOR_UV;
	assert_int_equal(sign_in(&key, &ada), ACCOUNT_E_CREDENTIALS);
	key.flags |= AUTHENTICATOR_UP;
	assert_int_equal(sign_in(&key, &bob), ACCOUNT_E_CREDENTIALS); /* user handle */
	assert_int_equal(kit_count("sessions"), 0);
	assert_int_equal(sign_in(&key, &ada), 0);
}

static void sign_in_by_another_key(void **state)
{
	start();
	struct authenticator other;

	authenticator_init(&other, WEBAUTHN_ES256, RP);
	assert_int_equal(add(&key, &ada), 0);
	assert_int_equal(sign_in(&other, &ada), ACCOUNT_E_CREDENTIALS); /* unknown credential */
	memcpy(other.id, key.id, sizeof(key.id));
	assert_int_equal(sign_in(&other, &ada), ACCOUNT_E_CREDENTIALS); /* wrong signature */
	assert_int_equal(kit_count("sessions"), 0);
	authenticator_deinit(&other);
}

static void sign_in_challenges(void **state)
{
	start();
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];

	assert_int_equal(add(&key, &ada), 0);
	account_token_new(kit.a, challenge);
	assert_int_equal(sign_in_answer(answer_get(&key, challenge, &ada)), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(challenge_to_add(&ada, challenge), 0);
	assert_int_equal(sign_in_answer(answer_get(&key, challenge, &ada)), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(challenge_to_sign_in(challenge), 0);
	kit.now += 300 * ACCOUNT_US;
	assert_int_equal(sign_in_answer(answer_get(&key, challenge, &ada)), ACCOUNT_E_CREDENTIALS);
	/* A bad answer uses it up, and so does a good one. */
	assert_int_equal(challenge_to_sign_in(challenge), 0);
	answer_get(&key, challenge, &ada);
	browser->in.user_handle = "AAAA";
	assert_int_equal(sign_in_answer(&browser->in), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(sign_in_answer(answer_get(&key, challenge, &ada)), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(kit_count("sessions"), 0);
	assert_int_equal(challenge_to_sign_in(challenge), 0);
	assert_int_equal(sign_in_answer(answer_get(&key, challenge, &ada)), 0);
	assert_int_equal(sign_in_answer(answer_get(&key, challenge, &ada)), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(kit_count("sessions"), 1);
}

static int sign_in_counted(uint32_t count)
{
	key.count = count;
	return sign_in(&key, &ada);
}

static void counters(void **state)
{
	start();
	char from[128];

	assert_int_equal(add(&key, &ada), 0);
	assert_int_equal(sign_in_counted(0), 0); /* has none */
	assert_int_equal(sign_in_counted(0), 0);
	assert_int_equal(sign_in_counted(7), 0);
	assert_int_equal(sign_in_counted(8), 0);
	assert_int_equal(kit_count("audit WHERE action = 'passkey.cloned'"), 0);
	assert_int_equal(sign_in_counted(8), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(sign_in_counted(7), ACCOUNT_E_CREDENTIALS);
	assert_int_equal(sign_in_counted(0), ACCOUNT_E_CREDENTIALS);
	(void)snprintf(from, sizeof(from), "audit WHERE action = 'passkey.cloned' AND target = '%s'", ada.id);
	assert_int_equal(kit_count(from), 3);
	assert_int_equal(sign_in_counted(UINT32_MAX), 0);
	assert_int_equal(kit_count("passkeys WHERE sign_count = 4294967295"), 1);
	assert_int_equal(kit_count("sessions"), 5);
}

/* One that had a counter when it was made. */
static void counter_from_the_start(void **state)
{
	start();
	key.count = 40;
	assert_int_equal(add(&key, &ada), 0);
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
	r->rc = account_passkey_signin(kit.a, &r->in, ORIGIN, &kit_client, kit.now, &mine, mine_token);
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
	const struct account_passkey_answer *in = answer_get(&key, challenge, &ada);
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
	start();
	static struct racer racers[4];
	char challenge[WEBAUTHN_CHALLENGE_LEN + 1];
	pthread_t threads[4];

	assert_int_equal(add(&key, &ada), 0);
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
	start();
	bool hit = true;

	for (uint64_t n = 0; hit; n++) {
		mem_fail_after(n);
		int rc = add(&key, &ada);
		if (rc == 0)
			rc = sign_in(&key, &ada);
		hit = mem_fail_hit();
		mem_fail_never();
		assert_int_equal(rc, hit ? -ENOMEM : 0);
		store_kit_order(&kit.db, "DELETE FROM passkeys");
		assert_true(n < 1000);
	}
	assert_int_equal(kit_count("sessions"), 1);
}

int main(int argc, char **argv)
{
#define TEST(f) cmocka_unit_test_teardown(f, tear_down)
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
	return kit_main(argc, argv, "passkeys", tests, ARRAY_LEN(tests));
}
