/*
 * Checks a session description line by line without understanding it: what is refused here could only be
 * meant for a parser's weak spot in somebody's browser; what the codecs say is the browsers' business.
 *
 * Thread: any; no state.
 */
#include "signal/sdp.h"

#include "base/text.h"
#include "signal/candidate.h"
#include "signal/json.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct checker {
	size_t lines;
	size_t media;
	bool timing; /* t= has been seen; it has to come before the first m= */
	bool ascii;
};

/* Printable, tab, or part of a longer UTF-8 sequence. */
static int check_text(struct checker *ck, const char *p, const char *end)
{
	while ((p = sig_plain_run(p, end)) < end) {
		unsigned char c = (unsigned char)*p++;
		if (c >= 0x80)
			ck->ascii = false;
		else if (c < 0x20 && c != '\t')
			return -EINVAL;
	}
	return 0;
}

/* v=, o= and s= are the first three lines, once each (RFC 8866 §5). */
static int check_order(struct checker *ck, char type)
{
	static const char head[] = "vos";

	if (ck->lines < 3)
		return type == head[ck->lines] ? 0 : -EINVAL;
	if (type == 't')
		ck->timing = true;
	if (type == 'm' && (!ck->timing || ++ck->media > SIG_SDP_MAX_MEDIA))
		return -EINVAL;
	return strchr("iuepcbtrzkam", type) ? 0 : -EINVAL;
}

/* @line without its CRLF. */
static int check_line(struct checker *ck, const char *line, size_t n)
{
	static const char candidate[] = "a=candidate:";

	if (n < 3 || line[0] < 'a' || line[0] > 'z' || line[1] != '=' || check_order(ck, line[0]))
		return -EINVAL;
	if (ck->lines == 0 && (n != 3 || line[2] != '0'))
		return -EINVAL;
	if (n >= sizeof(candidate) - 1 && memcmp(line, candidate, sizeof(candidate) - 1) == 0)
		return sig_candidate_check(line + 2, n - 2);
	return check_text(ck, line + 2, line + n);
}

int sig_sdp_check(const char *sdp, size_t n)
{
	struct checker ck = {.ascii = true};
	const char *end = sdp + n;

	for (const char *p = sdp; p < end; ck.lines++) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		if (!lf || lf == p || lf[-1] != '\r' || ck.lines == SIG_SDP_MAX_LINES)
			return -EINVAL;
		if (check_line(&ck, p, (size_t)(lf - 1 - p)))
			return -EINVAL;
		p = lf + 1;
	}
	if (!ck.timing || memchr(sdp, 0x7f, n))
		return -EINVAL;
	return ck.ascii || text_is_utf8((const uint8_t *)sdp, n) ? 0 : -EINVAL;
}
