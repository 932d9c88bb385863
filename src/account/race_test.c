/*
 * What happens at the same moment: of several who use one token, one gets it; of several admins who remove
 * each other, one stays; what is counted does not go over. And what must not be found in the database, is
 * not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "account/room.h"
#include "account/testkit.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADA     "ada@example.org"
#define THREADS 4
#define ROUNDS  8

static struct account_fault fault;

struct racer {
	int (*run)(struct racer *r);
	unsigned number;
	const char *token;
	char id[ACCOUNT_ID_LEN + 1];
	pthread_barrier_t *start;
	int result;
};

static void *race(void *arg)
{
	struct racer *r = arg;
	(void)pthread_barrier_wait(r->start);
	r->result = r->run(r);
	return NULL;
}

/* Return: how many of them got @result; all others got @other. */
static unsigned run_race(struct racer *r, int (*run)(struct racer *), int result, int other)
{
	pthread_t threads[THREADS];
	pthread_barrier_t start;
	unsigned n = 0;
	assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		r[i].run = run;
		r[i].number = i;
		r[i].start = &start;
		assert_int_equal(pthread_create(&threads[i], NULL, race, &r[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(pthread_barrier_destroy(&start), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		if (r[i].result == result)
			n++;
		else
			assert_int_equal(r[i].result, other);
	}
	return n;
}

/* ---- tokens ---- */

static int signup(const char *email)
{
	const struct account_signup in = {.name = "Ada", .email = email, .password = KIT_PASSWORD};
	return account_signup(kit.a, &in, ACCOUNT_SIGNUP_OPEN, kit.now, &fault);
}

static int confirm(struct racer *r)
{
	struct account_login login;
	char session[ACCOUNT_TOKEN_LEN + 1];
	return account_confirm(kit.a, r->token, KIT_PASSWORD, &kit_client, kit.now, &login, session);
}

static void many_confirm_with_one_link(void **state)
{
	for (int round = 0; round < ROUNDS; round++) {
		char email[64], token[ACCOUNT_TOKEN_LEN + 1];
		struct racer r[THREADS] = {0};
		(void)snprintf(email, sizeof(email), "a%d@example.org", round);
		assert_int_equal(signup(email), 0);
		kit_token("signup", email, token);
		for (unsigned i = 0; i < THREADS; i++)
			r[i].token = token;
		assert_int_equal(run_race(r, confirm, 0, ACCOUNT_E_TOKEN), 1);
	}
	assert_int_equal(kit_count("accounts"), ROUNDS);
}

static int reset(struct racer *r)
{
	char password[32], id[ACCOUNT_ID_LEN + 1];
	struct account_fault f;
	(void)snprintf(password, sizeof(password), "new password %u", r->number);
	return account_reset(kit.a, r->token, password, &kit_client, kit.now, &f, id);
}

static void many_reset_with_one_link(void **state)
{
	kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	for (int round = 0; round < ROUNDS; round++) {
		char token[ACCOUNT_TOKEN_LEN + 1], password[32];
		struct racer r[THREADS] = {0};
		assert_int_equal(account_forgot(kit.a, ADA, kit.now, &fault), 0);
		kit_token("reset", ADA, token);
		for (unsigned i = 0; i < THREADS; i++)
			r[i].token = token;
		assert_int_equal(run_race(r, reset, 0, ACCOUNT_E_TOKEN), 1);
		unsigned works = 0;
		for (unsigned i = 0; i < THREADS; i++) {
			(void)snprintf(password, sizeof(password), "new password %u", i);
			bool right = kit_try(ADA, password) == 0;
			assert_int_equal(right, r[i].result == 0);
			works += right;
		}
		assert_int_equal(works, 1);
	}
}

/* ---- the last admin ---- */

static int step_down(struct racer *r)
{
	return r->number % 2 ? account_set_role(kit.a, NULL, r->id, ACCOUNT_MEMBER, NULL, kit.now)
			     : account_set_disabled(kit.a, NULL, r->id, true, NULL, kit.now);
}

static int leave(struct racer *r)
{
	return account_delete(kit.a, r->id, r->id, &kit_client, kit.now);
}

static void all_admins_go_at_once(void **state)
{
	for (int round = 0; round < 2 * ROUNDS; round++) {
		struct racer r[THREADS] = {0};
		kit_clear();
		for (unsigned i = 0; i < THREADS; i++) {
			char email[64];
			(void)snprintf(email, sizeof(email), "admin%u@example.org", i);
			memcpy(r[i].id, kit_add(email, "Admin", ACCOUNT_ADMIN).id, sizeof(r[i].id));
		}
		unsigned gone = run_race(r, round % 2 ? step_down : leave, 0, ACCOUNT_E_LAST_ADMIN);
		assert_int_equal(gone, THREADS - 1);
		assert_int_equal(kit_count("accounts WHERE role = 'admin' AND disabled = 0"), 1);
	}
}

/* ---- what is counted ---- */

static int add_room(struct racer *r)
{
	char id[ACCOUNT_ROOM_ID_LEN + 1];
	struct account_room room;
	struct account_fault f;
	const struct account_room_change in = {.name = "Room", .knock = -1, .guests = -1, .locked = -1};
	(void)snprintf(id, sizeof(id), "%c1234-56789-abcde-fghjk", '0' + (int)r->number);
	return account_room_add(kit.a, r->id, id, &in, kit.now, &f, &room);
}

static void not_a_room_too_many(void **state)
{
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	for (int round = 0; round < ROUNDS; round++) {
		struct racer r[THREADS] = {0};
		for (unsigned i = 0; i < THREADS; i++)
			memcpy(r[i].id, ada.id, sizeof(ada.id));
		assert_int_equal(run_race(r, add_room, 0, ACCOUNT_E_TOO_MANY), 3);
		for (unsigned i = 0; i < THREADS; i++) {
			char id[ACCOUNT_ROOM_ID_LEN + 1];
			(void)snprintf(id, sizeof(id), "%c1234-56789-abcde-fghjk", '0' + (int)i);
			int rc = account_room_remove(kit.a, ada.id, id);
			assert_int_equal(rc, r[i].result == 0 ? 0 : ACCOUNT_E_UNKNOWN);
		}
	}
}

static int note(struct racer *r)
{
	int rc = 0;
	for (int i = 0; rc == 0 && i < 10; i++)
		rc = account_audit(kit.a, NULL, "x", NULL, NULL, NULL, kit.now);
	return rc;
}

static void events_of_one_moment_from_everywhere(void **state)
{
	struct racer r[THREADS] = {0};
	assert_int_equal(run_race(r, note, 0, 0), THREADS);
	assert_int_equal(kit_count("audit"), 10 * THREADS);
}

/* ---- mail ---- */

static int take_mail(struct racer *r)
{
	struct account_mail m;
	int rc = account_mail_take(kit.a, kit.now, kit.now + 60 * ACCOUNT_US, &m);
	if (rc == 0)
		account_mail_free(&m);
	return rc;
}

static void a_letter_is_taken_by_one(void **state)
{
	kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	for (int round = 0; round < ROUNDS; round++) {
		struct racer r[THREADS] = {0};
		kit_advance(30);
		assert_int_equal(account_forgot(kit.a, ADA, kit.now, &fault), 0);
		assert_true(run_race(r, take_mail, 0, ACCOUNT_E_UNKNOWN) >= 1);
		assert_int_equal(kit_count("mails WHERE attempts > 1"), 0);
		assert_int_equal(kit_count("mails WHERE attempts = 1"), 1);
		kit_clear();
		kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	}
}

/* ---- what is in the database ---- */

struct haystack {
	const char *const *needles;
	size_t n;
	uint64_t texts;
};

static int on_text(void *arg, const struct store_value *v, size_t n)
{
	struct haystack *h = arg;
	for (size_t c = 0; c < n; c++) {
		if (v[c].type != STORE_TEXT)
			continue;
		h->texts++;
		for (size_t i = 0; i < h->n; i++)
			assert_null(strstr(v[c].text, h->needles[i]));
	}
	return 0;
}

static int look_everywhere(struct store_conn *c, void *arg)
{
	int rc = store_query(c, "SELECT * FROM accounts", STORE_NO_ARGS, on_text, arg);
	if (rc == 0)
		rc = store_query(c, "SELECT * FROM tokens", STORE_NO_ARGS, on_text, arg);
	if (rc == 0)
		rc = store_query(c, "SELECT * FROM sessions", STORE_NO_ARGS, on_text, arg);
	if (rc == 0)
		rc = store_query(c, "SELECT * FROM api_tokens", STORE_NO_ARGS, on_text, arg);
	if (rc == 0)
		rc = store_query(c, "SELECT * FROM rooms", STORE_NO_ARGS, on_text, arg);
	return rc ? rc : store_query(c, "SELECT * FROM mails", STORE_NO_ARGS, on_text, arg);
}

static int read_letter(void *arg, const struct store_value *v, size_t n)
{
	json_t *vars;
	assert_int_equal(account_unseal_json(kit.a, "mail", v[0].text, v[0].len, &vars), 0);
	(void)snprintf(arg, ACCOUNT_TOKEN_LEN + 1, "%s", json_string_value(json_object_get(vars, "token")));
	json_decref(vars);
	return 0;
}

static int read_letters(struct store_conn *c, void *arg)
{
	return store_query(c, "SELECT vars FROM mails WHERE template = 'signup'", STORE_NO_ARGS, read_letter,
			   arg);
}

/* Nor in the file, with its log and what is left of rows that were changed. */
static void look_in_files(const struct haystack *h)
{
	static const char *const ends[] = {"", "-wal"};
	if (kit.db.postgres)
		return;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char path[300];
		(void)snprintf(path, sizeof(path), "%s%s", kit.db.url + strlen("sqlite:"), ends[i]);
		FILE *f = fopen(path, "r");
		assert_non_null(f);
		assert_int_equal(fseek(f, 0, SEEK_END), 0);
		long size = ftell(f);
		char *bytes = malloc((size_t)size + 1);
		rewind(f);
		assert_int_equal(fread(bytes, 1, (size_t)size, f), size);
		assert_int_equal(fclose(f), 0);
		for (size_t k = 0; k < h->n; k++)
			assert_null(memmem(bytes, (size_t)size, h->needles[k], strlen(h->needles[k])));
		free(bytes);
	}
}

static void no_secret_is_in_the_database(void **state)
{
	char session[ACCOUNT_TOKEN_LEN + 1], api[ACCOUNT_API_TOKEN_LEN + 1], link[ACCOUNT_TOKEN_LEN + 1] = "";
	struct account_api_token t;
	struct racer r = {.number = 0};
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	kit_signin(ADA, session);
	assert_int_equal(account_api_token_add(kit.a, &ada, "bot", "rooms:read", 0, kit.now, &fault, &t, api),
			 0);
	memcpy(r.id, ada.id, sizeof(r.id));
	assert_int_equal(add_room(&r), 0);
	const struct account_room_change secret = {
		.password = "the word at the door", .knock = -1, .guests = -1, .locked = -1};
	struct account_room room;
	assert_int_equal(account_room_update(kit.a, NULL, "01234-56789-abcde-fghjk", &secret, &fault, &room),
			 0);
	assert_int_equal(signup("new@example.org"), 0);
	assert_int_equal(store_read(kit.store, read_letters, link), 0);
	assert_int_equal(strlen(link), ACCOUNT_TOKEN_LEN);
	const char *const needles[] = {KIT_PASSWORD,           session,    api, api + 7, link,
				       "the word at the door", "\"token\""};
	struct haystack h = {.needles = needles, .n = ARRAY_LEN(needles)};
	assert_int_equal(store_read(kit.store, look_everywhere, &h), 0);
	assert_true(h.texts > 30);
	look_in_files(&h);
	/* What waits to be confirmed has a hash, and that is sealed. */
	assert_int_equal(kit_count("tokens WHERE data LIKE '%argon2%'"), 0);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_confirm_with_one_link),
		cmocka_unit_test(many_reset_with_one_link),
		cmocka_unit_test(all_admins_go_at_once),
		cmocka_unit_test(not_a_room_too_many),
		cmocka_unit_test(events_of_one_moment_from_everywhere),
		cmocka_unit_test(a_letter_is_taken_by_one),
		cmocka_unit_test(no_secret_is_in_the_database),
	};
	return kit_main(argc, argv, "at the same moment", tests, ARRAY_LEN(tests));
}
