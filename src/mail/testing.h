/* What the mail module's tests and its fuzz target share. */
#ifndef PARLEY_MAIL_TESTING_H
#define PARLEY_MAIL_TESTING_H

#include "mail/mail.h"

#include <assert.h>
#include <string.h>

/* All templates, with everything that any of them wants. */
static const char *const mail_testing_templates[] = {
	"signup",         "signup_known",  "reset",  "password_changed", "email",        "email_known",
	"email_announce", "email_changed", "invite", "deleted",          "role_changed",
};

/* Holds a message to what every message must be: printable ASCII in lines that end in CRLF, none of them too
 * long unless it is an address that cannot be folded, and no more header fields than we write. */
static inline void mail_testing_check(const uint8_t *m, size_t n)
{
	size_t line = 0, fields = 0;
	int header = 1;
	assert(n > 2 && m[n - 2] == '\r' && m[n - 1] == '\n');
	for (size_t i = 0; i < n; i++) {
		assert(m[i] == '\r' || m[i] == '\n' || (m[i] >= ' ' && m[i] <= '~'));
		assert((m[i] == '\r') == (i + 1 < n && m[i + 1] == '\n'));
		if (m[i] != '\n')
			continue;
		size_t len = i - 1 - line;
		if (header && len == 0)
			header = 0;
		else if (header && m[line] != ' ')
			fields++;
		assert(len <= (header ? 998U : 76U));
		assert(!header || len <= 78 || memchr(m + line, '@', len));
		line = i + 1;
	}
	assert(!header && fields == 9);
}

#endif
