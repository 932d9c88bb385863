/*
 * Letters with variables, names and addresses that somebody made up, and header fields of any bytes.
 *
 * The input: a byte for the template, one for the language, then texts that a NUL ends: to, from, Message-ID,
 * site, link, name, inviter, email, role. What is composed must be a message by the rules, and must have
 * exactly the tags that the same letter has with harmless values.
 */
#include "mail/mime.h"
#include "mail/testing.h"

#include "base/mem.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define TEXTS 9

static const char *const names[TEXTS] = {"", "", "", "site", "link", "name", "inviter", "email", "role"};

static size_t split(char *text, size_t n, const char *out[TEXTS])
{
	size_t count = 0;
	for (size_t at = 0; at < n && count < TEXTS; at += strlen(text + at) + 1)
		out[count++] = text + at;
	for (size_t i = count; i < TEXTS; i++)
		out[i] = "";
	return count;
}

/* What the HTML has of the bytes that make markup. Quoted-printable writes none of them but "=" in another
 * way. */
static size_t count_markup(const struct buf *b)
{
	const uint8_t *at = memmem(buf_data(b), buf_len(b), "\r\n<!doctype html>\r\n", 19);
	assert(at);
	size_t count = 0;
	for (const uint8_t *end = buf_data(b) + buf_len(b); at < end; at++)
		count += *at == '<' || *at == '>' || *at == '"';
	return count;
}

static int compose(struct mail_letter *l, const char *const texts[TEXTS], struct buf *out)
{
	struct mail_var vars[TEXTS] = {{"home", "https://meet.example.org"}};
	l->vars = vars;
	l->n_vars = 1;
	for (size_t i = 3; i < TEXTS; i++)
		vars[l->n_vars++] = (struct mail_var){names[i], texts[i]};
	l->to = texts[0];
	l->from = texts[1];
	l->message_id = texts[2];
	int rc = mail_compose(l, out);
	if (rc == 0)
		mail_testing_check(buf_data(out), buf_len(out));
	else
		assert(buf_len(out) == 0);
	return rc;
}

static void compose_both(struct mail_letter *l, const char *const texts[TEXTS])
{
	const char *harmless[TEXTS];
	struct buf hostile, plain;
	buf_init(&hostile, MAIL_MESSAGE_MAX);
	buf_init(&plain, MAIL_MESSAGE_MAX);
	if (compose(l, texts, &hostile) == 0) {
		for (size_t i = 0; i < TEXTS; i++)
			harmless[i] = i < 3 ? texts[i] : i == 4 ? "http://a" : "a";
		for (size_t i = 3; i < TEXTS; i++)
			harmless[i] = texts[i][0] ? harmless[i] : "";
		assert(compose(l, harmless, &plain) == 0);
		assert(count_markup(&hostile) == count_markup(&plain));
	}
	buf_deinit(&hostile);
	buf_deinit(&plain);
}

/* One field, and nothing that could begin another. */
static void check_field(const struct buf *b)
{
	const uint8_t *m = buf_data(b);
	size_t n = buf_len(b);
	assert(n > 2 && m[n - 2] == '\r' && m[n - 1] == '\n');
	for (size_t i = 0; i < n; i++) {
		assert(m[i] == '\r' || m[i] == '\n' || (m[i] >= ' ' && m[i] <= '~'));
		assert((m[i] == '\r') == (i + 1 < n && m[i + 1] == '\n'));
		assert(m[i] != '\n' || i + 1 == n || m[i + 1] == ' ');
	}
}

static void fields(const char *text)
{
	struct buf out;
	buf_init(&out, MAIL_MESSAGE_MAX);
	if (mime_text_field(&out, "Subject", text) == 0)
		check_field(&out);
	buf_clear(&out);
	if (mime_mailbox_field(&out, "From", text, "a@b") == 0)
		check_field(&out);
	buf_clear(&out);
	if (mime_field(&out, "X", text) == 0)
		check_field(&out);
	buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 2 || n > 8192)
		return 0;
	struct mail_letter l = {
		.template = mail_testing_templates[data[0] % ARRAY_LEN(mail_testing_templates)],
		.language = data[1] & 1 ? "de" : "en",
		.date_s = 1700000000,
		.valid_s = data[1] & 2 ? 1800 : 0,
	};
	const char *texts[TEXTS];
	char *copy = mem_dup(data + 2, n - 2);
	if (!copy)
		abort();
	size_t count = split(copy, n - 2, texts);
	compose_both(&l, texts);
	for (size_t i = 0; i < count; i++)
		fields(texts[i]);
	mem_free(copy);
	return 0;
}
