/* What becomes of a letter, with a queue that does as the test says, and the outbox to look into. */
#include "app/mail_deliver.h"

#include "account/mail_queue.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MINUTE_US 60000000LL
#define DAY_US    (24 * 60 * MINUTE_US)
#define TOKEN     "abcdefghijklmnopqrstuvwxyz0123456789_-ABCDE"

static char root[64];
static struct config config;
static struct mail_deliver deliver;
static bool with_tls;

/* ---- the queue ---- */

static struct {
	struct account_mail mail; /* vars: a literal */
	int take, done, failed;   /* results */
	int n_done, n_failed;
	int64_t now_us, retry_us, due_us;
	char error[512];
} queue;

int account_mail_take(struct accounts *a, int64_t now_us, int64_t retry_us, struct account_mail *out)
{
	queue.now_us = now_us;
	queue.retry_us = retry_us;
	if (queue.take)
		return queue.take;
	*out = queue.mail;
	return 0;
}

void account_mail_free(struct account_mail *m)
{
	m->vars = NULL;
}

int account_mail_done(struct accounts *a, const char *id)
{
	assert_string_equal(id, queue.mail.id);
	queue.n_done++;
	return queue.done;
}

int account_mail_failed(struct accounts *a, const char *id, const char *error, int64_t due_us)
{
	assert_string_equal(id, queue.mail.id);
	queue.n_failed++;
	queue.due_us = due_us;
	(void)snprintf(queue.error, sizeof(queue.error), "%s", error);
	return queue.failed;
}

bool config_tls(const struct config *c)
{
	return with_tls;
}

/* ---- fixtures ---- */

static void init(const char *public_url)
{
	config.server.public_url = (char *)public_url;
	memset(&deliver, 0, sizeof(deliver));
	const struct mail_run_params p = {.config = &config};
	assert_int_equal(mail_deliver_init(&deliver, &p), 0);
}

static int setup(void **state)
{
	(void)snprintf(root, sizeof(root), "/tmp/parley-deliver-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	memset(&config, 0, sizeof(config));
	config.server.data_dir = root;
	config.server.http_port = 8080;
	config.server.https_port = 8443;
	config.mail.smtp_url = config.mail.from = config.mail.user = config.mail.password =
		config.mail.ca_file = (char *)"";
	config.mail.timeout_s = 30;
	config.accounts.signup_s = 86400;
	config.accounts.reset_s = 1800;
	config.accounts.email_s = 86400;
	config.accounts.invite_s = 604800;
	with_tls = false;
	memset(&queue, 0, sizeof(queue));
	strcpy(queue.mail.id, "0df92nrgd3yzqtfx");
	strcpy(queue.mail.template, "reset");
	strcpy(queue.mail.email, "bob@example.org");
	strcpy(queue.mail.language, "en");
	queue.mail.vars = (char *)"{\"name\":\"Bob\",\"token\":\"" TOKEN "\"}";
	queue.mail.attempts = 1;
	queue.mail.created_us = mail_deliver_now_us();
	init("https://meet.example.org");
	return 0;
}

static int teardown(void **state)
{
	char command[128];
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

/* The one file in the outbox, its soft line breaks undone; "" : there is none. */
static const char *outbox(void)
{
	static char text[MAIL_MESSAGE_MAX];
	char path[600];
	struct dirent **names;
	(void)snprintf(path, sizeof(path), "%s/outbox", root);
	int n = scandir(path, &names, NULL, alphasort);
	text[0] = '\0';
	for (int i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/outbox/%s", root, names[i]->d_name);
		free(names[i]);
		FILE *file = strstr(path, ".eml") ? fopen(path, "r") : NULL;
		if (!file)
			continue;
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		(void)fclose(file);
	}
	if (n >= 0)
		free(names);
	for (char *at = text; (at = strstr(at, "=\r\n"));)
		memmove(at, at + 3, strlen(at + 3) + 1);
	return text;
}

static void assert_sent(void)
{
	assert_int_equal(mail_deliver_next(&deliver), 0);
	assert_int_equal(queue.n_done, 1);
	assert_int_equal(queue.n_failed, 0);
	queue.n_done = 0;
}

static void assert_given_up(void)
{
	uint64_t before = atomic_load(&deliver.given_up);
	queue.due_us = -1;
	assert_int_equal(mail_deliver_next(&deliver), 0);
	assert_int_equal(queue.n_done, 0);
	assert_int_equal(queue.due_us, 0);
	assert_true(queue.error[0] != '\0');
	assert_int_equal(atomic_load(&deliver.given_up), before + 1);
	queue.n_failed = 0;
	assert_string_equal(outbox(), "");
}

/* An outbox that cannot be made, so that sending fails. */
static void break_outbox(void)
{
	char path[128];
	(void)snprintf(path, sizeof(path), "%s/outbox", root);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	(void)fclose(file);
}

/* ---- tests ---- */

static void links_lead_to_their_pages(void **state)
{
	static const char *const ways[][2] = {
		{"signup", "confirm"}, {"reset", "reset"}, {"email", "email"}, {"invite", "invite"}};
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		char link[256];
		(void)snprintf(link, sizeof(link), "\r\nhttps://meet.example.org/%s#" TOKEN "\r\n",
			       ways[i][1]);
		strcpy(queue.mail.template, ways[i][0]);
		assert_sent();
		assert_non_null(strstr(outbox(), link));
	}
	/* A token that a letter has no use for is not in it. */
	strcpy(queue.mail.template, "password_changed");
	assert_sent();
	assert_null(strstr(outbox(), TOKEN));
	assert_non_null(strstr(outbox(), "Message-ID: <0df92nrgd3yzqtfx@meet.example.org>\r\n"));
}

static void where_home_is(void **state)
{
	static const struct {
		const char *url, *link, *from, *id;
		bool tls;
	} cases[] = {
		{"", "\r\nhttp://localhost:8080/reset#", "<noreply@localhost>", "@localhost>", false},
		{"", "\r\nhttps://localhost:8443/reset#", "<noreply@localhost>", "@localhost>", true},
		{"https://Meet.Example.org:444/", "\r\nhttps://meet.example.org:444/reset#",
		 "<noreply@meet.example.org>", "@meet.example.org>", true},
		{"http://[2001:db8::1]:8080", "\r\nhttp://[2001:db8::1]:8080/reset#", "<noreply@localhost>",
		 "@localhost>", false},
		{"http://my_host", "\r\nhttp://my_host/reset#", "<noreply@localhost>", "@localhost>", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		with_tls = cases[i].tls;
		init(cases[i].url);
		assert_sent();
		assert_non_null(strstr(outbox(), cases[i].link));
		assert_non_null(strstr(outbox(), cases[i].from));
		assert_non_null(strstr(outbox(), cases[i].id));
	}
	config.mail.from = (char *)"Ada's calls <calls@example.org>";
	init("");
	assert_sent();
	assert_non_null(strstr(outbox(), "From: \"Ada's calls\" <calls@example.org>\r\n"));
}

static void what_cannot_be_composed_is_given_up(void **state)
{
	static const char *const vars[] = {
		NULL,
		"",
		"[]",
		"1",
		"{",
		"{\"name\":1}",
		"{}",
		"{\"token\":\"a b\"}",
		"{\"token\":\"<\\\"\"}",
		"{\"token\":\"x\",\"name\":\"a\\r\\nBcc: x@y\"}",
		"{\"token\":\"x\",\"token\":\"y\"}",
	};
	for (size_t i = 0; i < ARRAY_LEN(vars); i++) {
		queue.mail.vars = (char *)vars[i];
		assert_given_up();
	}
	queue.mail.vars = (char *)"{\"token\":\"x\"}";
	strcpy(queue.mail.email, "nobody");
	assert_given_up();
	strcpy(queue.mail.email, "bob@example.org");
	strcpy(queue.mail.template, "unheard");
	assert_given_up();
}

static void pauses_grow(void **state)
{
	static const int64_t minutes[] = {1, 5, 15, 60, 240, 240, 240};
	break_outbox();
	for (uint32_t i = 0; i < ARRAY_LEN(minutes); i++) {
		queue.mail.attempts = i + 1;
		int64_t before = mail_deliver_now_us();
		assert_int_equal(mail_deliver_next(&deliver), 0);
		assert_in_range(queue.due_us, before + minutes[i] * MINUTE_US,
				mail_deliver_now_us() + minutes[i] * MINUTE_US);
		/* Whoever else works on the queue leaves it alone until this try must be over. */
		assert_true(queue.retry_us >= queue.now_us + 60 * 1000000LL);
	}
	assert_int_equal(atomic_load(&deliver.failed), ARRAY_LEN(minutes));
	assert_int_equal(atomic_load(&deliver.given_up), 0);
	assert_true(queue.error[0] != '\0');
}

static void two_days_are_enough(void **state)
{
	break_outbox();
	strcpy(queue.mail.template, "password_changed");
	queue.mail.attempts = 20;
	queue.mail.created_us -= 2 * DAY_US - 241 * MINUTE_US;
	assert_int_equal(mail_deliver_next(&deliver), 0);
	assert_true(queue.due_us > 0);
	queue.mail.created_us -= 2 * MINUTE_US;
	assert_int_equal(mail_deliver_next(&deliver), 0);
	assert_int_equal(queue.due_us, 0);
	assert_int_equal(atomic_load(&deliver.given_up), 1);
}

static void a_link_that_is_over(void **state)
{
	queue.mail.created_us -= 31 * MINUTE_US;
	assert_given_up();
	strcpy(queue.mail.template, "signup");
	assert_sent();
}

static void being_stopped_is_no_failure(void **state)
{
	break_outbox();
	atomic_store(&deliver.cancel, true);
	int64_t before = mail_deliver_now_us();
	assert_int_equal(mail_deliver_next(&deliver), 0);
	assert_in_range(queue.due_us, before, mail_deliver_now_us());
	assert_int_equal(atomic_load(&deliver.failed), 0);
}

static void the_databases_faults_are_passed_on(void **state)
{
	queue.take = ACCOUNT_E_UNKNOWN;
	assert_int_equal(mail_deliver_next(&deliver), ACCOUNT_E_UNKNOWN);
	queue.take = -EAGAIN;
	assert_int_equal(mail_deliver_next(&deliver), -EAGAIN);
	queue.take = 0;
	queue.done = -EAGAIN;
	assert_int_equal(mail_deliver_next(&deliver), -EAGAIN);
	assert_int_equal(atomic_load(&deliver.sent), 1);
	queue.failed = -ENOSPC;
	strcpy(queue.mail.template, "unheard");
	assert_int_equal(mail_deliver_next(&deliver), -ENOSPC);
}

/* Short of memory a letter waits; it is not given up. */
static void out_of_memory_is_for_later(void **state)
{
	uint64_t n = 0;
	for (;; n++) {
		queue.n_failed = 0;
		mem_fail_after(n);
		int rc = mail_deliver_next(&deliver);
		mem_fail_never();
		assert_int_equal(rc, 0);
		if (!mem_fail_hit())
			break;
		assert_int_equal(queue.n_failed, 1);
		assert_true(queue.due_us > 0);
		assert_int_equal(queue.n_done, 0);
	}
	assert_true(n > 2);
	assert_int_equal(queue.n_done, 1);
	assert_int_equal(atomic_load(&deliver.given_up), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(links_lead_to_their_pages),
		T(where_home_is),
		T(what_cannot_be_composed_is_given_up),
		T(pauses_grow),
		T(two_days_are_enough),
		T(a_link_that_is_over),
		T(being_stopped_is_no_failure),
		T(the_databases_faults_are_passed_on),
		T(out_of_memory_is_for_later),
	};
	return cmocka_run_group_tests_name("mail-deliver", tests, NULL, NULL);
}
