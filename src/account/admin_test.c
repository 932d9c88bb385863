/* Roles, disabling, search, the audit log, settings, sweeping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "account/testkit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADA    "ada@example.org"
#define BOB    "bob@example.org"
#define NOBODY "0000000000000000"

static struct account_fault fault;
static struct account who;
static struct account_login login;

/* ---- roles ---- */

static int set_role(const struct account *actor, const char *id, enum account_role role)
{
	return account_set_role(kit.a, actor, id, role, &kit_client, kit.now);
}

static int set_disabled(const struct account *actor, const char *id, bool disabled)
{
	return account_set_disabled(kit.a, actor, id, disabled, &kit_client, kit.now);
}

static void words_for_roles(void **state)
{
	enum account_role role = ACCOUNT_GUEST;
	assert_string_equal(account_role_text(ACCOUNT_GUEST), "guest");
	assert_int_equal(account_role_parse("member", &role), 0);
	assert_int_equal(role, ACCOUNT_MEMBER);
	assert_int_equal(account_role_parse("admin", &role), 0);
	assert_int_equal(role, ACCOUNT_ADMIN);
	assert_int_equal(account_role_parse("guest", &role), -EINVAL);
	assert_int_equal(account_role_parse("Admin", &role), -EINVAL);
	assert_int_equal(account_role_parse("", &role), -EINVAL);
}

static void a_role_changes(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1], text[64], read[ACCOUNT_API_TOKEN_LEN + 1],
		all[ACCOUNT_API_TOKEN_LEN + 1];
	struct account_api_token t;
	struct account bob = kit_add(BOB, "Bob", ACCOUNT_ADMIN), ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	kit_signin(ADA, token);
	assert_int_equal(set_role(&bob, ada.id, ACCOUNT_MEMBER), 0);
	/* It was hers already: nothing happened. */
	assert_int_equal(account_by_token(kit.a, token, kit.now, &login), 0);
	assert_int_equal(kit_count("audit WHERE action = 'user.role'"), 0);
	assert_int_equal(set_role(&bob, ada.id, ACCOUNT_ADMIN), 0);
	assert_int_equal(account_by_token(kit.a, token, kit.now, &login), ACCOUNT_E_TOKEN);
	kit_mail("role_changed", ADA, "role", text, sizeof(text));
	assert_string_equal(text, "admin");
	ada = kit_signin(ADA, token).account;
	assert_int_equal(ada.role, ACCOUNT_ADMIN);
	assert_int_equal(account_api_token_add(kit.a, &ada, "r", "rooms:read", 0, kit.now, &fault, &t, read),
			 0);
	assert_int_equal(account_api_token_add(kit.a, &ada, "a", "admin", 0, kit.now, &fault, &t, all), 0);
	assert_int_equal(set_role(&bob, ada.id, ACCOUNT_MEMBER), 0);
	assert_int_equal(account_by_token(kit.a, token, kit.now, &login), ACCOUNT_E_TOKEN);
	assert_int_equal(account_by_api_token(kit.a, read, kit.now, &login), 0);
	assert_int_equal(account_by_api_token(kit.a, all, kit.now, &login), ACCOUNT_E_TOKEN);
	assert_int_equal(set_role(&bob, NOBODY, ACCOUNT_ADMIN), ACCOUNT_E_UNKNOWN);
	assert_int_equal(set_role(&bob, "\xff", ACCOUNT_ADMIN), ACCOUNT_E_UNKNOWN);
}

static void disabled_and_enabled(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1], api[ACCOUNT_API_TOKEN_LEN + 1];
	struct account_api_token t;
	struct account bob = kit_add(BOB, "Bob", ACCOUNT_ADMIN), ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	kit_signin(ADA, token);
	assert_int_equal(account_api_token_add(kit.a, &ada, "r", "rooms:read", 0, kit.now, &fault, &t, api),
			 0);
	assert_int_equal(set_disabled(&bob, ada.id, true), 0);
	assert_int_equal(set_disabled(&bob, ada.id, true), 0);
	assert_int_equal(account_get(kit.a, ada.id, &who), 0);
	assert_true(who.disabled);
	assert_int_equal(account_by_token(kit.a, token, kit.now, &login), ACCOUNT_E_TOKEN);
	assert_int_equal(account_by_api_token(kit.a, api, kit.now, &login), ACCOUNT_E_TOKEN);
	assert_int_equal(set_disabled(&bob, ada.id, false), 0);
	assert_int_equal(account_by_token(kit.a, token, kit.now, &login), ACCOUNT_E_TOKEN);
	assert_int_equal(account_by_api_token(kit.a, api, kit.now, &login), 0);
	assert_int_equal(kit_try(ADA, KIT_PASSWORD), 0);
	assert_int_equal(set_disabled(&bob, NOBODY, true), ACCOUNT_E_UNKNOWN);
	assert_int_equal(kit_count("audit WHERE action = 'user.disable'"), 1);
	assert_int_equal(kit_count("audit WHERE action = 'user.enable'"), 1);
}

/* Whatever way it was done: not even rows that were left over open the door. */
static void disabled_behind_the_programs_back(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1], api[ACCOUNT_API_TOKEN_LEN + 1];
	struct account_api_token t;
	struct account ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	kit_signin(ADA, token);
	assert_int_equal(account_api_token_add(kit.a, &ada, "r", "rooms:read", 0, kit.now, &fault, &t, api),
			 0);
	store_kit_order(&kit.db, "UPDATE accounts SET disabled = 1");
	assert_int_equal(kit_count("sessions"), 1);
	assert_int_equal(account_by_token(kit.a, token, kit.now, &login), ACCOUNT_E_TOKEN);
	assert_int_equal(account_by_api_token(kit.a, api, kit.now, &login), ACCOUNT_E_TOKEN);
	assert_int_equal(kit_try(ADA, KIT_PASSWORD), ACCOUNT_E_CREDENTIALS);
}

static void somebody_may_always_administer(void **state)
{
	struct account bob = kit_add(BOB, "Bob", ACCOUNT_ADMIN), ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	assert_int_equal(set_role(&bob, bob.id, ACCOUNT_MEMBER), ACCOUNT_E_LAST_ADMIN);
	assert_int_equal(set_disabled(&bob, bob.id, true), ACCOUNT_E_LAST_ADMIN);
	assert_int_equal(set_role(&bob, ada.id, ACCOUNT_ADMIN), 0);
	assert_int_equal(set_disabled(&bob, ada.id, true), 0);
	/* One who is disabled does not count. */
	assert_int_equal(set_role(NULL, bob.id, ACCOUNT_MEMBER), ACCOUNT_E_LAST_ADMIN);
	assert_int_equal(set_role(NULL, ada.id, ACCOUNT_MEMBER), 0);
	assert_int_equal(set_role(NULL, ada.id, ACCOUNT_ADMIN), 0);
	assert_int_equal(set_disabled(&bob, ada.id, false), 0);
	assert_int_equal(set_disabled(&ada, bob.id, true), 0);
	assert_int_equal(account_get(kit.a, bob.id, &who), 0);
	assert_true(who.disabled && who.role == ACCOUNT_ADMIN);
}

/* ---- search ---- */

struct page {
	size_t n;
	char email[200][64];
	char next[ACCOUNT_EMAIL_MAX + 4];
};

static int on_account(void *arg, const struct account *a)
{
	struct page *p = arg;
	assert_true(p->n < ARRAY_LEN(p->email));
	(void)snprintf(p->email[p->n++], sizeof(p->email[0]), "%.63s", a->email);
	return 0;
}

/* Page after page into one list. */
static struct page search(const char *text, uint32_t limit)
{
	struct page p = {0};
	unsigned pages = 0;
	do {
		char after[sizeof(p.next)];
		memcpy(after, p.next, sizeof(after));
		size_t before = p.n;
		const struct account_query q = {.text = text, .after = after, .limit = limit};
		assert_int_equal(account_search(kit.a, &q, on_account, &p, p.next), 0);
		assert_true(p.n - before <= limit);
		assert_true(++pages < 300);
	} while (p.next[0]);
	return p;
}

static void expect(const struct page *p, size_t n, const char *const *emails)
{
	assert_int_equal(p->n, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(p->email[i], emails[i]);
}

static void found_by_address_then_by_name(void **state)
{
	kit_add("an@example.org", "Zoe", ACCOUNT_MEMBER);
	kit_add("anna@example.org", "Anna", ACCOUNT_MEMBER);
	kit_add("b@example.org", "ANNE", ACCOUNT_MEMBER);
	kit_add("c@example.org", "Anna", ACCOUNT_MEMBER);
	kit_add("d@example.org", "An_a%", ACCOUNT_MEMBER);
	kit_add("e@example.org", "\xc3\x84nne", ACCOUNT_MEMBER);
	kit_add("f@example.org", "Maria", ACCOUNT_MEMBER);
	static const char *const an[] = {"an@example.org", "anna@example.org", "d@example.org",
					 "c@example.org", "b@example.org"};
	static const char *const everybody[] = {"an@example.org", "anna@example.org", "b@example.org",
						"c@example.org",  "d@example.org",    "e@example.org",
						"f@example.org"};
	for (uint32_t limit = 1; limit <= 8; limit++) {
		struct page p = search(" An ", limit);
		expect(&p, ARRAY_LEN(an), an);
		p = search("", limit);
		expect(&p, ARRAY_LEN(everybody), everybody);
		p = search("\xc3\xa4N", limit);
		expect(&p, 1, &everybody[5]);
		p = search("AN_", limit);
		expect(&p, 1, &everybody[4]);
		p = search("%", limit);
		expect(&p, 0, NULL);
		p = search("B@EXAMPLE.ORG", limit);
		expect(&p, 1, &everybody[2]);
	}
}

static void many_of_one_name(void **state)
{
	char email[64];
	for (int i = 0; i < 30; i++) {
		(void)snprintf(email, sizeof(email), "x%02d@example.org", i);
		kit_add(email, i % 3 ? "Same Name" : "x", ACCOUNT_MEMBER);
	}
	for (uint32_t limit = 1; limit < 100; limit += 9) {
		struct page p = search("same", limit);
		assert_int_equal(p.n, 20);
		for (size_t i = 0; i < p.n; i++)
			for (size_t j = 0; j < i; j++)
				assert_string_not_equal(p.email[i], p.email[j]);
		/* All by address, so none of them by name again. */
		p = search("x", limit);
		assert_int_equal(p.n, 30);
	}
}

static int fill(struct store_conn *c, void *arg)
{
	int rc = 0;
	for (int i = 0; rc == 0 && i < 250; i++) {
		char email[64];
		struct account made;
		(void)snprintf(email, sizeof(email), "same%03d@example.org", i);
		const struct account_new in = {.name = "Same",
					       .email = email,
					       .language = "",
					       .password = "",
					       .role = ACCOUNT_MEMBER};
		rc = account_insert(kit.a, c, &in, &made);
	}
	return rc;
}

static void whom_the_first_list_had_is_passed_over_in_the_second(void **state)
{
	assert_int_equal(store_write(kit.store, fill, NULL), 0);
	kit_add("x@example.org", "Sameness", ACCOUNT_MEMBER);
	struct page p = {0};
	unsigned found = 0, empty = 0;
	for (unsigned pages = 0; pages == 0 || p.next[0]; pages++) {
		char after[sizeof(p.next)];
		memcpy(after, p.next, sizeof(after));
		p.n = 0;
		const struct account_query q = {.text = "same", .after = after, .limit = 50};
		assert_int_equal(account_search(kit.a, &q, on_account, &p, p.next), 0);
		found += (unsigned)p.n;
		empty += p.n == 0;
		assert_true(pages < 20);
	}
	assert_int_equal(found, 251);
	assert_true(empty >= 1);
	assert_string_equal(p.email[0], "x@example.org");
}

static void what_is_looked_for_may_be_nonsense(void **state)
{
	static const char *const texts[] = {"\xff", "a\x01", "\xe2\x80\xae", "'; DROP TABLE accounts; --"};
	static const char *const cursors[] = {"x", "n", "n\xff", "n0123456789abcdef\xff", "e\xff", "zzzz"};
	kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	char longer[1000];
	memset(longer, 'a', sizeof(longer));
	longer[999] = '\0';
	struct page p;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		p = search(texts[i], 10);
		assert_int_equal(p.n, 0);
	}
	p = search(longer, 10);
	assert_int_equal(p.n, 0);
	longer[200] = '\0';
	p = search(longer, 10);
	assert_int_equal(p.n, 0);
	for (size_t i = 0; i < ARRAY_LEN(cursors); i++) {
		p = (struct page){0};
		const struct account_query q = {.text = "", .after = cursors[i], .limit = 1000};
		assert_int_equal(account_search(kit.a, &q, on_account, &p, p.next), 0);
		assert_string_equal(p.next, "");
	}
	assert_int_equal(kit_count("accounts"), 1);
}

static int stop(void *arg, const struct account *a)
{
	return ACCOUNT_E_STATE;
}

static void whoever_gets_the_rows_may_stop(void **state)
{
	char next[ACCOUNT_EMAIL_MAX + 4] = "untouched";
	kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	const struct account_query q = {.text = "a", .after = "", .limit = 10};
	assert_int_equal(account_search(kit.a, &q, stop, NULL, next), ACCOUNT_E_STATE);
	assert_string_equal(next, "untouched");
}

/* ---- the audit log ---- */

struct log {
	size_t n;
	int64_t ids[200];
	char last[300];
};

static int on_event(void *arg, const struct account_event *e)
{
	struct log *l = arg;
	l->ids[l->n++] = e->id;
	(void)snprintf(l->last, sizeof(l->last), "%s|%s|%s|%s|%s|%s", e->actor_id, e->actor, e->action,
		       e->target, e->detail, e->address);
	return 0;
}

static void the_audit_log(void **state)
{
	struct account bob = kit_add(BOB, "Bob", ACCOUNT_ADMIN), ada = kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	char wanted[300];
	struct log l = {0};
	assert_int_equal(account_audit(kit.a, &bob, "user.x", ada.id, "why", &kit_client, kit.now + 5), 0);
	assert_int_equal(account_audit_log(kit.a, 0, 1, on_event, &l), 0);
	(void)snprintf(wanted, sizeof(wanted), "%s|" BOB "|user.x|" ADA "|why|192.0.2.7", bob.id);
	assert_string_equal(l.last, wanted);
	assert_int_equal(l.ids[0], kit.now + 5);
	assert_int_equal(
		account_audit(kit.a, NULL, "room.end", "01234-56789-abcde-fghjk", NULL, NULL, kit.now + 6),
		0);
	l.n = 0;
	assert_int_equal(account_audit_log(kit.a, 0, 1, on_event, &l), 0);
	assert_string_equal(l.last, "||room.end|01234-56789-abcde-fghjk||");
}

static void events_of_one_moment_and_pages_of_them(void **state)
{
	struct log l = {0};
	for (int i = 0; i < 120; i++)
		assert_int_equal(account_audit(kit.a, NULL, "x", NULL, NULL, NULL, kit.now), 0);
	assert_int_equal(account_audit_log(kit.a, 0, 1000, on_event, &l), 0);
	assert_int_equal(l.n, 100);
	assert_int_equal(account_audit_log(kit.a, l.ids[99], 100, on_event, &l), 0);
	assert_int_equal(l.n, 120);
	for (size_t i = 1; i < l.n; i++)
		assert_int_equal(l.ids[i], l.ids[i - 1] - 1);
	assert_int_equal(l.ids[119], kit.now);
}

/* ---- settings ---- */

static int on_setting(void *arg, const char *name, const char *value)
{
	char *text = arg;
	strcat(strcat(strcat(strcat(text, name), "="), value), ";");
	return 0;
}

static void settings(void **state)
{
	char text[200] = "";
	struct account bob = kit_add(BOB, "Bob", ACCOUNT_ADMIN);
	assert_int_equal(account_set_setting(kit.a, &bob, "rooms.create", "admins", &kit_client, kit.now), 0);
	assert_int_equal(account_set_setting(kit.a, &bob, "accounts.signup", "open", &kit_client, kit.now),
			 0);
	assert_int_equal(account_set_setting(kit.a, &bob, "rooms.create", "members", &kit_client, kit.now),
			 0);
	assert_int_equal(account_settings(kit.a, on_setting, text), 0);
	assert_string_equal(text, "accounts.signup=open;rooms.create=members;");
	assert_int_equal(kit_count("audit WHERE action = 'setting' AND target = 'rooms.create'"), 2);
}

/* ---- sweeping ---- */

static void what_is_over_is_dropped(void **state)
{
	char token[ACCOUNT_TOKEN_LEN + 1];
	bool more = true;
	kit_add(ADA, "Ada", ACCOUNT_MEMBER);
	for (int i = 0; i < 5; i++)
		kit_signin(ADA, token);
	assert_int_equal(account_forgot(kit.a, ADA, kit.now, &fault), 0);
	assert_int_equal(account_forgot(kit.a, BOB, kit.now, &fault), 0);
	kit_advance(1799);
	assert_int_equal(account_sweep(kit.a, 100, kit.now, &more), 0);
	assert_int_equal(kit_count("tokens"), 2);
	assert_false(more);
	kit_advance(1);
	assert_int_equal(account_sweep(kit.a, 1, kit.now, &more), 0);
	assert_int_equal(kit_count("tokens"), 1);
	assert_true(more);
	assert_int_equal(account_sweep(kit.a, 1, kit.now, &more), 0);
	assert_int_equal(kit_count("tokens"), 0);
	assert_int_equal(kit_count("sessions"), 5);
	kit_advance(7 * 86400);
	assert_int_equal(account_sweep(kit.a, 2, kit.now, &more), 0);
	assert_int_equal(kit_count("sessions"), 3);
	assert_true(more);
	assert_int_equal(kit_count("audit"), 1);
	kit_advance(365LL * 86400);
	assert_int_equal(account_sweep(kit.a, 100, kit.now, &more), 0);
	assert_int_equal(kit_count("sessions"), 0);
	assert_int_equal(kit_count("audit"), 0);
	assert_false(more);
	assert_int_equal(kit_count("accounts"), 1);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_for_roles),
		cmocka_unit_test(a_role_changes),
		cmocka_unit_test(disabled_and_enabled),
		cmocka_unit_test(disabled_behind_the_programs_back),
		cmocka_unit_test(somebody_may_always_administer),
		cmocka_unit_test(found_by_address_then_by_name),
		cmocka_unit_test(many_of_one_name),
		cmocka_unit_test(whom_the_first_list_had_is_passed_over_in_the_second),
		cmocka_unit_test(what_is_looked_for_may_be_nonsense),
		cmocka_unit_test(whoever_gets_the_rows_may_stop),
		cmocka_unit_test(the_audit_log),
		cmocka_unit_test(events_of_one_moment_and_pages_of_them),
		cmocka_unit_test(settings),
		cmocka_unit_test(what_is_over_is_dropped),
	};
	return kit_main(argc, argv, "administration", tests, ARRAY_LEN(tests));
}
