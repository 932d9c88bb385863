/* The option table, its sources and their order, and errors that name the place. */
#include "app/config.h"

#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char error[CONFIG_ERROR_MAX];

static struct config *load(const char *file, const char *const *environment, const char *const *sets,
			   size_t n_sets)
{
	struct config_sources src = {
		.file = file, .environment = environment, .sets = sets, .n_sets = n_sets};
	struct config *c = NULL;
	int rc = config_load(&src, &c, error);
	assert_int_equal(rc == 0, c != NULL);
	return c;
}

static struct config *load_sets(const char *a, const char *b)
{
	const char *sets[] = {a, b};
	return load(NULL, NULL, sets, b ? 2 : 1);
}

/* A file with @text; the caller unlinks it. */
static void write_file(char path[32], const char *text)
{
	strcpy(path, "/tmp/parley-config-XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
}

static struct config *load_text(const char *text)
{
	char path[32];
	write_file(path, text);
	struct config *c = load(path, NULL, NULL, 0);
	unlink(path);
	return c;
}

static void defaults_are_in_range(void **state)
{
	(void)state;
	struct config *c = load(NULL, NULL, NULL, 0);
	assert_non_null(c);
	assert_int_equal(c->server.http_port, 8080);
	assert_string_equal(c->server.data_dir, "parley-data");
	assert_true(c->rooms.knock);
	assert_int_equal(c->rooms.max_participants, 2);
	assert_int_equal(c->limits.resume_s, 120);
	assert_int_equal(c->log.level, 1);
	assert_int_equal(c->server.listen.count, 0);
	assert_false(config_tls(c));
	config_free(c);
}

static void later_sources_win(void **state)
{
	(void)state;
	char path[32];
	write_file(path, "[server]\nhttp_port = 81\n[rooms]\nmax = 5\nempty_s = 7\n[turn]\nurls = "
			 "stun:a\nurls = stun:b\n");
	const char *environment[] = {"PATH=/bin", "PARLEY_ROOMS_MAX=6", "PARLEY_ROOMS_EMPTY_S=8", NULL};
	const char *sets[] = {"rooms.empty_s=9"};
	struct config *c = load(path, environment, sets, 1);
	unlink(path);
	assert_non_null(c);
	assert_int_equal(c->server.http_port, 81);
	assert_int_equal(c->rooms.max, 6);
	assert_int_equal(c->rooms.empty_s, 9);
	assert_int_equal(c->turn.urls.count, 2);
	assert_string_equal(c->turn.urls.items[1], "stun:b");
	config_free(c);
}

static void a_list_is_replaced_by_a_later_source(void **state)
{
	(void)state;
	char path[32];
	write_file(path, "[turn]\nurls = stun:a\nurls = stun:b\n");
	const char *environment[] = {"PARLEY_TURN_URLS=stun:c,stun:d,stun:e", NULL};
	struct config *c = load(path, environment, NULL, 0);
	assert_non_null(c);
	assert_int_equal(c->turn.urls.count, 3);
	assert_string_equal(c->turn.urls.items[2], "stun:e");
	config_free(c);
	const char *sets[] = {"turn.urls=stun:f"};
	c = load(path, environment, sets, 1);
	unlink(path);
	assert_non_null(c);
	assert_int_equal(c->turn.urls.count, 1);
	config_free(c);
}

static void errors_name_file_line_and_what_is_allowed(void **state)
{
	(void)state;
	assert_null(load_text("; comment\n[server]\nhttp_port = 99999\n"));
	assert_non_null(strstr(error, ":3: server.http_port = 99999"));
	assert_non_null(strstr(error, "0 to 65535"));
	assert_null(load_text("[server]\n\n\nhttp_prt = 80\n"));
	assert_non_null(strstr(error, ":4: there is no option server.http_prt"));
	assert_null(load_text("[rooms]\nknock = on\nknock = off\n"));
	assert_non_null(strstr(error, ":3: rooms.knock is given twice"));
	assert_null(load_text("[rooms]\nthis is nothing\n"));
	assert_non_null(strstr(error, ":2:"));
	assert_null(load("/nonexistent/parley.conf", NULL, NULL, 0));
	assert_non_null(strstr(error, "/nonexistent/parley.conf: No such file"));
}

static void bad_values_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"rooms.knock=maybe",
		"rooms.max=",
		"rooms.max=-1",
		"rooms.max=1x",
		"rooms.max= 5",
		"rooms.max=0x10",
		"log.level=loud",
		"log.level=",
		"turn.credential_s=601",
		"turn.urls=",
		"turn.urls=http://a",
		"server.listen=nowhere",
		"server.trusted_proxies=nowhere",
		"server.trusted_proxies=10.0.0.1/8",
		"server.trusted_proxies=::ffff:10.0.0.0/8",
		"turn.allow_peers=nowhere",
		"turn.allow_peers=10.0.0.1/8",
		"turn.allow_peers=127.0.0.0/8",
		"turn.allow_peers=::ffff:127.0.0.0/104",
		"server.listen=127.0.0.1:80",
		"server.public_url=a.b",
		"server.public_url=http://a/b",
		"nodot=1",
		"rooms.max",
		"rooms.max=99999999999999999999",
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (load_sets(bad[i], NULL))
			fail_msg("%s was taken", bad[i]);
		assert_true(error[0] != '\0');
	}
	const char *environment[] = {"PARLEY_NO_SUCH_KEY=1", NULL};
	assert_null(load(NULL, environment, NULL, 0));
	assert_non_null(strstr(error, "PARLEY_NO_SUCH_KEY"));
}

static void mail_is_checked(void **state)
{
	(void)state;
	static const struct {
		const char *text, *error; /* NULL: it is taken */
	} cases[] = {
		{"smtp_url = smtp://mail.example.org:587\nfrom = Parley <a@b>\n", NULL},
		{"smtp_url = smtps://mail.example.org\nfrom = a@b\nuser = u\npassword = p\nstarttls = off\n",
		 NULL},
		{"smtp_url = smtp://mail.example.org\nfrom = a@b\nuser = u\npassword = p\n", NULL},
		{"smtp_url = smtp://127.0.0.1\nfrom = a@b\nuser = u\npassword = p\nstarttls = off\n", NULL},
		{"from = a@b\n", NULL},
		{"smtp_url = mail.example.org\nfrom = a@b\n", ":2: mail.smtp_url: allowed is"},
		{"smtp_url = smtp://u:p@mail.example.org\nfrom = a@b\n", "go into mail.user"},
		{"smtp_url = smtp://a\n", ":2: mail.smtp_url is set, so mail.from"},
		{"from = nobody\n", ":2: mail.from: allowed is"},
		{"smtp_url = smtp://a\nfrom = a@b\nuser = u\n",
		 ":4: mail.user and mail.password go together"},
		{"smtp_url = smtp://a\nfrom = a@b\npassword = p\n", "go together"},
		{"user = u\npassword = p\n", "there is no mail.smtp_url"},
		{"smtp_url = smtp://a\nfrom = a@b\nuser = u\npassword = p\nstarttls = try\n",
		 ":6: mail.password might go over the network unencrypted"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[512] = "[mail]\n";
		strcat(text, cases[i].text);
		struct config *c = load_text(text);
		assert_int_equal(c != NULL, cases[i].error == NULL);
		if (cases[i].error && !strstr(error, cases[i].error))
			fail_msg("%s", error);
		config_free(c);
	}
}

static void a_range_that_is_none_is_explained(void **state)
{
	(void)state;
	static const char *const options[] = {"server.trusted_proxies", "turn.allow_peers"};
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		char set[64];
		(void)snprintf(set, sizeof(set), "%s=10.0.0.1/8", options[i]);
		assert_null(load_sets(set, NULL));
		assert_non_null(strstr(error, options[i]));
		assert_non_null(strstr(error, "no bits set behind its length"));
		(void)snprintf(set, sizeof(set), "%s=::ffff:10.0.0.0/104", options[i]);
		struct config *c = load_sets(set, NULL);
		assert_non_null(c);
		config_free(c);
	}
	assert_null(load_sets("turn.allow_peers=127.0.0.0/8", NULL));
	assert_non_null(strstr(error, "loopback"));
}

static void a_secret_is_whole_and_is_never_shown(void **state)
{
	(void)state;
	const char *environment[] = {"PARLEY_TURN_SECRET=pa,ss ;word", NULL};
	struct config *c = load(NULL, environment, NULL, 0);
	assert_non_null(c);
	assert_int_equal(c->turn.secret.count, 1);
	assert_string_equal(c->turn.secret.items[0], "pa,ss ;word");
	config_free(c);
	c = load_text("[turn]\nsecret = pa,ss ;word\n");
	assert_non_null(c);
	assert_string_equal(c->turn.secret.items[0], "pa,ss ;word");
	config_free(c);
	char set[256] = "turn.secret=";
	memset(set + strlen(set), 'Z', 220);
	assert_null(load_sets(set, NULL));
	assert_null(strstr(error, "ZZZ"));
	assert_non_null(strstr(error, "turn.secret"));
}

static void kubernetes_may_name_a_service_like_us(void **state)
{
	(void)state;
	const char *environment[] = {"PARLEY_SERVICE_HOST=10.0.0.1", "PARLEY_SERVICE_PORT=80",
				     "PARLEY_PORT=tcp://10.0.0.1:80", "PARLEY_PORT_80_TCP_PROTO=tcp", NULL};
	struct config *c = load(NULL, environment, NULL, 0);
	assert_non_null(c);
	config_free(c);
}

static void contradictions_name_their_line(void **state)
{
	(void)state;
	assert_null(load_text("[rooms]\nmax = 5\n[tls]\n\ncert = /a\n"));
	assert_non_null(strstr(error, ":5: tls.cert and tls.key go together"));
	assert_null(load_text("[server]\npublic_url = http://a\n[tls]\nself_signed = on\n"));
	assert_non_null(strstr(error, ":2: server.public_url begins with http:"));
}

static void contradictions_are_refused(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{"tls.cert=/a", NULL},
		{"tls.key=/a", NULL},
		{"server.http_port=0", NULL},
		{"tls.self_signed=on", "server.https_port=0"},
		{"tls.self_signed=on", "server.https_port=8080"},
		{"turn.urls=turn:a", NULL},
		{"limits.message_bytes=4096", NULL},
		{"limits.replay_bytes=16384", NULL},
		{"limits.send_queue_bytes=65536", NULL},
		{"tls.self_signed=on", "server.public_url=http://localhost:8080"},
		{"server.listen=127.0.0.1", "server.listen=127.0.0.1"},
		{"server.listen=127.0.0.1", "server.listen=*"},
	};
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		if (load_sets(pairs[i][0], pairs[i][1]))
			fail_msg("%s was taken", pairs[i][0]);
	}
	struct config *c = load_sets("turn.urls=turn:a", "turn.secret=s");
	assert_non_null(c);
	config_free(c);
}

static void reload_takes_over_what_it_may(void **state)
{
	(void)state;
	struct config *c = load_sets("tls.cert=/a", "tls.key=/b");
	const char *sets[] = {"tls.cert=/c", "tls.key=/d", "log.level=debug", "rooms.max=77"};
	struct config *fresh = load(NULL, NULL, sets, 4);
	assert_non_null(c);
	assert_non_null(fresh);
	assert_int_equal(config_reload(c, fresh), 1);
	config_free(fresh);
	assert_string_equal(c->tls.cert, "/c");
	assert_string_equal(c->tls.key, "/d");
	assert_int_equal(c->log.level, 0);
	assert_int_equal(c->rooms.max, 10000);
	config_free(c);
}

/* What the example says, uncommented, is a configuration. */
static void the_example_is_valid(void **state)
{
	(void)state;
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	config_print_example(out);
	(void)fclose(out);
	size_t found = 0;
	for (char *p = text; (p = strstr(p, "\n;")) != NULL; p++) {
		char *end = strchr(p + 1, '\n');
		/* Options without a default stay comments. */
		if (end && end[-1] != ' ')
			p[1] = ' ';
		found++;
	}
	assert_int_equal(found, config_options_count);
	for (char *p = text; (p = strstr(p, "\n ")) != NULL; p++)
		memmove(p + 1, p + 2, strlen(p + 2) + 1);
	struct config *c = load_text(text);
	if (!c)
		fail_msg("%s", error);
	config_free(c);
	free(text);
}

static void survives_lack_of_memory(void **state)
{
	(void)state;
	const char *sets[] = {"turn.urls=stun:a", "turn.urls=stun:b", "server.public_url=https://a.example"};
	struct config_sources src = {.sets = sets, .n_sets = 3};
	for (uint64_t n = 0;; n++) {
		struct config *c = NULL;
		mem_fail_after(n);
		int rc = config_load(&src, &c, error);
		bool hit = mem_fail_hit();
		mem_fail_never();
		config_free(c);
		if (!hit) {
			assert_int_equal(rc, 0);
			break;
		}
		assert_int_equal(rc, -ENOMEM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_in_range),
		cmocka_unit_test(later_sources_win),
		cmocka_unit_test(a_list_is_replaced_by_a_later_source),
		cmocka_unit_test(errors_name_file_line_and_what_is_allowed),
		cmocka_unit_test(bad_values_are_refused),
		cmocka_unit_test(mail_is_checked),
		cmocka_unit_test(a_range_that_is_none_is_explained),
		cmocka_unit_test(a_secret_is_whole_and_is_never_shown),
		cmocka_unit_test(kubernetes_may_name_a_service_like_us),
		cmocka_unit_test(contradictions_name_their_line),
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(reload_takes_over_what_it_may),
		cmocka_unit_test(the_example_is_valid),
		cmocka_unit_test(survives_lack_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
