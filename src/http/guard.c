/*
 * The line guard: one small state machine over the request line, the header fields, chunk-size lines and
 * trailers.
 *
 * What it refuses (RFC 9112): a CR without LF and a LF without CR (§2.2), control characters (§5.5), a line
 * that starts with white space, so obs-fold too (§2.2, §5.2), and more than the two single spaces of a
 * request line (§3). Thread: any; holds no global.
 */
#include "http/guard.h"

#include <string.h>

void http_guard_init(struct http_guard *g)
{
	*g = (struct http_guard){.phase = HTTP_GUARD_BEFORE, .token_method = true};
}

bool http_is_token_char(uint8_t c)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return true;
	return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static void end_line(struct http_guard *g)
{
	if (g->phase == HTTP_GUARD_REQUEST_LINE) {
		g->phase = HTTP_GUARD_FIELDS;
	} else if (g->phase == HTTP_GUARD_FIELDS && !g->in_line) {
		g->phase = HTTP_GUARD_REST;
		g->head = g->total;
	}
	g->in_line = false;
}

static bool request_line_takes(struct http_guard *g, uint8_t c)
{
	if (c == '\t')
		return false;
	if (c != ' ') {
		g->after_space = false;
		if (g->spaces == 0 && !http_is_token_char(c))
			g->token_method = false;
		return true;
	}
	if (g->after_space || g->spaces == 2)
		return false;
	g->after_space = true;
	g->spaces++;
	return true;
}

static bool takes(struct http_guard *g, uint8_t c)
{
	if (g->after_cr) {
		g->after_cr = false;
		end_line(g);
		return c == '\n';
	}
	if (c == '\r') {
		g->after_cr = true;
		return true;
	}
	if ((c < 0x20 && c != '\t') || c == 0x7f)
		return false;
	if (!g->in_line && (c == ' ' || c == '\t'))
		return false;
	g->in_line = true;
	if (g->phase == HTTP_GUARD_BEFORE)
		g->phase = HTTP_GUARD_REQUEST_LINE;
	return g->phase != HTTP_GUARD_REQUEST_LINE || request_line_takes(g, c);
}

int http_guard_feed(struct http_guard *g, const uint8_t *data, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		g->total++;
		if (!takes(g, data[i]))
			return 400;
	}
	return 0;
}
