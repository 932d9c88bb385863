#include "mail/mail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[64], outbox[80];

static int setup(void **state)
{
	(void)snprintf(root, sizeof(root), "/tmp/parley-outbox-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	(void)snprintf(outbox, sizeof(outbox), "%s/outbox", root);
	return 0;
}

static int entries(const char *dir)
{
	DIR *d = opendir(dir);
	int n = 0;
	if (!d)
		return -1;
	for (struct dirent *e; (e = readdir(d));)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	(void)closedir(d);
	return n;
}

static int teardown(void **state)
{
	char command[128];
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static int put(const char *name, const char *message)
{
	char why[MAIL_WHY_MAX];
	const struct mail_server server = {
		.smtp_url = "", .user = "", .password = "", .ca_file = "", .outbox = outbox, .helo = ""};
	const struct mail_parcel p = {.from = "a@b",
				      .to = "c@d",
				      .name = name,
				      .message = (const uint8_t *)message,
				      .n = strlen(message)};
	return mail_send(&server, &p, why);
}

static void assert_file(const char *name, const char *content)
{
	char path[256], got[256] = "";
	struct stat st;
	(void)snprintf(path, sizeof(path), "%s/%s", outbox, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, got, sizeof(got) - 1), (ssize_t)strlen(content));
	assert_string_equal(got, content);
	(void)close(fd);
}

static void writes_whole_files(void **state)
{
	struct stat st;
	assert_int_equal(put("20231114T221320Z-abc", "one"), 0);
	assert_int_equal(put("second", "two"), 0);
	assert_int_equal(stat(outbox, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_file("20231114T221320Z-abc.eml", "one");
	assert_file("second.eml", "two");
	assert_int_equal(entries(outbox), 2);
}

static void the_same_twice_is_one(void **state)
{
	assert_int_equal(put("a", "one"), 0);
	assert_int_equal(put("a", "one again"), 0);
	assert_file("a.eml", "one again");
	assert_int_equal(entries(outbox), 1);
}

static void names_that_lead_elsewhere(void **state)
{
	static const char *const names[] = {
		"",    ".",
		"..",  "../a",
		"a/b", "a.b",
		"a b", "\xC3\xA4",
		"a\n", "0123456789012345678901234567890123456789012345678901234567890123x",
	};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(put(names[i], "x"), -EINVAL);
	assert_int_equal(entries(outbox), -1);
}

static void what_cannot_be_written_says_so(void **state)
{
	int fd = open(outbox, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(put("a", "x"), -ENOTDIR);
	(void)unlink(outbox);
	/* A directory is where the file should be: the temporary one does not stay. */
	assert_int_equal(put("a", "x"), 0);
	char path[256];
	(void)snprintf(path, sizeof(path), "%s/b.eml", outbox);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(put("b", "x"), -EISDIR);
	assert_int_equal(entries(outbox), 2);
	(void)snprintf(outbox, sizeof(outbox), "%s/no/outbox", root);
	assert_int_equal(put("a", "x"), -ENOENT);
}

static void envelopes_are_checked(void **state)
{
	char why[MAIL_WHY_MAX];
	const struct mail_server server = {.smtp_url = "", .outbox = outbox};
	struct mail_parcel p = {.from = "a@b\r\nRCPT TO:<x@y>",
				.to = "c@d",
				.name = "a",
				.message = (const uint8_t *)"",
				.n = 0};
	assert_int_equal(mail_send(&server, &p, why), -EINVAL);
	p.from = "a@b";
	p.to = "c@d>\r\nDATA";
	assert_int_equal(mail_send(&server, &p, why), -EINVAL);
	assert_int_equal(entries(outbox), -1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(writes_whole_files),        T(the_same_twice_is_one),
		T(names_that_lead_elsewhere), T(what_cannot_be_written_says_so),
		T(envelopes_are_checked),
	};
	return cmocka_run_group_tests_name("mail-outbox", tests, NULL, NULL);
}
