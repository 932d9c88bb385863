/*
 * Logging to standard error, a line an event.
 *
 * A line is put together on the stack and handed over in one write(2): lines of two threads (or two processes
 * that share the descriptor) never mix, nothing is allocated, and nothing is left in a buffer when the
 * process dies. A line longer than the stack buffer is cut and ends in "…". Formatting happens first and
 * escaping second, over the whole text, so no call can forget it. What standard error does with the line is
 * its own business: a failed write has nowhere to be reported.
 *
 * Thread: any. The level is set before threads start, but is an atomic all the same so that a reload may
 * change it.
 */
#include "base/log.h"

#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 2048
#define TEXT_BYTES 1536
/* "…" and a line feed. */
#define LINE_END_BYTES 4

static atomic_int lowest = LOG_INFO;

static const char *const level_names[] = {
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_WARN] = "warn",
	[LOG_ERROR] = "error",
};

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&lowest, (int)level, memory_order_relaxed);
}

/* RFC 3339 in UTC with milliseconds, then the level. */
static size_t put_head(char *line, enum log_level level)
{
	struct timespec ts = {0};
	struct tm tm = {0};
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	(void)gmtime_r(&ts.tv_sec, &tm);
	size_t n = strftime(line, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	int m = snprintf(line + n, 32, ".%03uZ %s ", (unsigned)(ts.tv_nsec / 1000000) % 1000,
			 level_names[level]);
	return n + (size_t)m;
}

/* Whether @cp could pass for something else than text of this line: controls (with C1, which a terminal may
   obey), line separators, and the characters that turn the direction of what follows. */
static bool must_escape(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7F && cp <= 0x9F) || cp == 0x061C || cp == 0x200E || cp == 0x200F ||
	       (cp >= 0x2028 && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069);
}

static size_t put_escaped(char *out, const uint8_t *s, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;
	for (size_t i = 0; i < n; i++) {
		const char *letter = s[i] == '\n' ? "n" : s[i] == '\r' ? "r" : s[i] == '\t' ? "t" : NULL;
		out[at++] = '\\';
		if (letter) {
			out[at++] = letter[0];
			continue;
		}
		out[at++] = 'x';
		out[at++] = hex[s[i] >> 4];
		out[at++] = hex[s[i] & 15];
	}
	return at;
}

/* Copy @text with what must not be in a line escaped, as whole characters. Return: bytes put into @out. */
static size_t put_text(char *out, size_t room, const uint8_t *text, size_t n, bool *cut)
{
	size_t at = 0;
	for (size_t i = 0; i < n;) {
		uint32_t cp;
		size_t len = text_next_char(text + i, n - i, &cp);
		bool escape = len == 0 || must_escape(cp);
		if (len == 0)
			len = 1;
		if (room - at < (escape ? 4 * len : len)) {
			*cut = true;
			break;
		}
		if (escape) {
			at += put_escaped(out + at, text + i, len);
		} else {
			memcpy(out + at, text + i, len);
			at += len;
		}
		i += len;
	}
	return at;
}

static void write_line(const char *line, size_t n)
{
	ssize_t r;
	do
		r = write(STDERR_FILENO, line, n);
	while (r < 0 && errno == EINTR);
}

void log_write(enum log_level level, const char *fmt, ...)
{
	if ((int)level < atomic_load_explicit(&lowest, memory_order_relaxed) || level >= LOG_OFF)
		return;
	int saved_errno = errno;
	char text[TEXT_BYTES];
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (n < 0)
		n = 0;
	bool cut = (size_t)n >= sizeof(text);
	/* The cut may have left the first bytes of a character, which then show as escapes. */
	size_t text_len = cut ? sizeof(text) - 1 : (size_t)n;

	char line[LINE_BYTES];
	size_t at = put_head(line, level);
	at += put_text(line + at, sizeof(line) - at - LINE_END_BYTES, (const uint8_t *)text, text_len, &cut);
	if (cut) {
		memcpy(line + at, "…", strlen("…"));
		at += strlen("…");
	}
	line[at++] = '\n';
	write_line(line, at);
	errno = saved_errno;
}
