#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int saved_stderr = -1;
static int pipe_fds[2];
static char got[1 << 16];

/* Standard error into a pipe, until captured(). Nothing may fail an assertion in between. */
static void capture(void)
{
	assert_int_equal(pipe2(pipe_fds, O_NONBLOCK | O_CLOEXEC), 0);
	saved_stderr = dup(STDERR_FILENO);
	assert_true(saved_stderr >= 0);
	assert_true(dup2(pipe_fds[1], STDERR_FILENO) >= 0);
}

static const char *captured(void)
{
	(void)dup2(saved_stderr, STDERR_FILENO);
	(void)close(saved_stderr);
	(void)close(pipe_fds[1]);
	size_t at = 0;
	for (ssize_t n; (n = read(pipe_fds[0], got + at, sizeof(got) - 1 - at)) > 0;)
		at += (size_t)n;
	(void)close(pipe_fds[0]);
	got[at] = '\0';
	return got;
}

static bool matches(const char *line, const char *pattern)
{
	regex_t re;
	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	int r = regexec(&re, line, 0, NULL, 0);
	regfree(&re);
	return r == 0;
}

/* The text of the only line, without its head. */
static const char *body(const char *line)
{
	char *level = strchr(line, ' ');
	assert_non_null(level);
	char *text = strchr(level + 1, ' ');
	assert_non_null(text);
	return text + 1;
}

static void a_line_has_time_level_and_text(void **state)
{
	capture();
	log_info("listening address=%s port=%d", "::1", 80);
	const char *line = captured();
	assert_true(matches(
		line, "^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}Z info "
		      "listening address=::1 port=80\n$"));
}

static void levels_drop_what_is_below(void **state)
{
	capture();
	log_set_level(LOG_WARN);
	log_debug("d");
	log_info("i");
	log_warn("w");
	log_error("e");
	log_set_level(LOG_OFF);
	log_error("never");
	log_write(LOG_OFF, "never");
	log_set_level(LOG_DEBUG);
	log_debug("d2");
	log_set_level(LOG_INFO);
	log_debug("d3");
	const char *lines = captured();
	assert_true(matches(lines, "^[^ ]* warn w\n[^ ]* error e\n[^ ]* debug d2\n$"));
}

static void controls_are_escaped(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"a\nb", "a\\nb\n"},
		{"a\r\tb", "a\\r\\tb\n"},
		{"\x1b[31mred", "\\x1b[31mred\n"},
		{"\x7f", "\\x7f\n"},
		{"\xC2\x9B", "\\xc2\\x9b\n"},          /* CSI of C1 */
		{"\x9B", "\\x9b\n"},                   /* the same byte alone */
		{"\xE2\x80\xAE", "\\xe2\\x80\\xae\n"}, /* right-to-left override */
		{"\xE2\x80\xA8", "\\xe2\\x80\\xa8\n"}, /* line separator */
		{"\xC3\xA9 \xE2\x82\xAC", "\xC3\xA9 \xE2\x82\xAC\n"},
		{"\xE2\x82", "\\xe2\\x82\n"},
		{"", "\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		capture();
		log_info("%s", cases[i].in);
		assert_string_equal(body(captured()), cases[i].out);
	}
}

static void long_text_is_cut_and_marked(void **state)
{
	static char text[5000];
	memset(text, 'x', sizeof(text) - 1);
	capture();
	log_info("%s", text);
	const char *line = captured();
	size_t n = strlen(line);
	assert_in_range(n, 1000, 2048);
	assert_string_equal(line + n - strlen("x…\n"), "x…\n");

	/* Escapes make it longer; they are never cut in the middle. */
	memset(text, '\x01', sizeof(text) - 1);
	capture();
	log_info("%s", text);
	line = captured();
	n = strlen(line);
	assert_in_range(n, 1000, 2048);
	assert_string_equal(line + n - strlen("\\x01…\n"), "\\x01…\n");
}

static void errno_is_kept(void **state)
{
	/* With standard error closed, the write fails and sets its own. */
	capture();
	(void)close(STDERR_FILENO);
	errno = ENOENT;
	log_info("x");
	int after = errno;
	assert_string_equal(captured(), "");
	assert_int_equal(after, ENOENT);
}

#define THREADS 4
#define LINES   40

static void *write_lines(void *arg)
{
	char text[200];
	memset(text, *(const char *)arg, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < LINES; i++)
		log_info("%s", text);
	return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
	static const char letters[THREADS] = "abcd";
	pthread_t threads[THREADS];
	int started = 0, lines = 0;
	capture();
	while (started < THREADS && pthread_create(&threads[started], NULL, write_lines,
						   (void *)(uintptr_t)&letters[started]) == 0)
		started++;
	for (int i = 0; i < started; i++)
		(void)pthread_join(threads[i], NULL);
	char *all = (char *)(uintptr_t)captured();
	assert_int_equal(started, THREADS);
	for (char *line = strtok(all, "\n"); line; line = strtok(NULL, "\n"), lines++)
		assert_true(matches(line, "^[^ ]* info (a{199}|b{199}|c{199}|d{199})$"));
	assert_int_equal(lines, THREADS * LINES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_time_level_and_text),
		cmocka_unit_test(levels_drop_what_is_below),
		cmocka_unit_test(controls_are_escaped),
		cmocka_unit_test(long_text_is_cut_and_marked),
		cmocka_unit_test(errno_is_kept),
		cmocka_unit_test(lines_of_threads_do_not_mix),
	};
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
