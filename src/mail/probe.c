/*
 * For smtp_test.py: one letter, composed and sent as the words say, and what came of it on standard output.
 *
 *   mail_probe url=smtp://… [starttls=off|try|require] [ca=FILE] [user=U] [password=P] [helo=H]
 * [timeout_ms=N] [template=T] [language=L] [from=F] [to=T] [name=N] [raw=FILE]
 *
 * raw: this file instead of a letter. Prints "RESULT WHY".
 */
#include "mail/mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct words {
	int argc;
	char **argv;
};

static const char *word(const struct words *w, const char *key, const char *otherwise)
{
	size_t n = strlen(key);
	for (int i = 1; i < w->argc; i++) {
		if (strncmp(w->argv[i], key, n) == 0 && w->argv[i][n] == '=')
			return w->argv[i] + n + 1;
	}
	return otherwise;
}

static int read_raw(const char *path, struct buf *out)
{
	uint8_t data[4096];
	FILE *file = fopen(path, "rb");
	int rc = file ? 0 : -1;
	for (size_t n; rc == 0 && (n = fread(data, 1, sizeof(data), file)) > 0;)
		rc = buf_append(out, data, n);
	if (file)
		(void)fclose(file);
	return rc;
}

static int compose(const struct words *w, struct buf *out)
{
	const struct mail_var vars[] = {
		{"site", "meet.example.org"},
		{"home", "https://meet.example.org"},
		{"link", "https://meet.example.org/page#token-0123456789_ABC"},
		{"email", "new@example.org"},
		{"inviter", "Käthe <Ada> & \"Co\""},
		{"name", word(w, "name", "Bob")},
		{"role", "admin"},
	};
	const struct mail_letter letter = {
		.template = word(w, "template", "reset"),
		.language = word(w, "language", "en"),
		.from = word(w, "from", "Parley <calls@example.org>"),
		.to = word(w, "to", "bob@example.org"),
		.vars = vars,
		.n_vars = ARRAY_LEN(vars),
		.message_id = "k3j9x@meet.example.org",
		.date_s = 1700000000,
		.valid_s = 1800,
	};
	return mail_compose(&letter, out);
}

static enum mail_starttls starttls(const char *s)
{
	if (strcmp(s, "off") == 0)
		return MAIL_STARTTLS_OFF;
	return strcmp(s, "try") == 0 ? MAIL_STARTTLS_TRY : MAIL_STARTTLS_REQUIRE;
}

static int send_it(const struct words *w, const struct buf *message)
{
	const struct mail_server server = {
		.smtp_url = word(w, "url", ""),
		.user = word(w, "user", ""),
		.password = word(w, "password", ""),
		.starttls = starttls(word(w, "starttls", "require")),
		.ca_file = word(w, "ca", ""),
		.outbox = "",
		.helo = word(w, "helo", "meet.example.org"),
		.timeout_ms = (uint32_t)strtoul(word(w, "timeout_ms", "20000"), NULL, 10),
	};
	struct mail_mailbox from;
	if (mail_mailbox_parse(word(w, "from", "Parley <calls@example.org>"), &from))
		return -1;
	const struct mail_parcel parcel = {
		.from = from.address,
		.to = word(w, "to", "bob@example.org"),
		.name = "probe",
		.message = buf_data(message),
		.n = buf_len(message),
	};
	char why[MAIL_WHY_MAX] = "";
	int rc = mail_send(&server, &parcel, why);
	printf("%d %s\n", rc, why);
	return 0;
}

int main(int argc, char **argv)
{
	const struct words w = {argc, argv};
	const char *raw = word(&w, "raw", NULL);
	struct buf message;
	buf_init(&message, 4 * MAIL_MESSAGE_MAX);
	int rc = mail_init();
	if (rc == 0)
		rc = raw ? read_raw(raw, &message) : compose(&w, &message);
	if (rc == 0)
		rc = send_it(&w, &message);
	buf_deinit(&message);
	mail_deinit();
	return rc ? 1 : 0;
}
