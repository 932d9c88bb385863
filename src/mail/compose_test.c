#include "mail/letter.h"
#include "mail/testing.h"

#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINK "https://meet.example.org/confirm#abcDEF_-123"

static struct mail_var vars[8];
static struct mail_letter letter;
static struct buf out;

static int setup(void **state)
{
	const struct mail_var all[] = {
		{"site", "meet.example.org"},
		{"home", "https://meet.example.org"},
		{"link", LINK},
		{"email", "new@example.org"},
		{"inviter", "Ada"},
		{"name", "Bob"},
		{"role", "admin"},
	};
	memcpy(vars, all, sizeof(all));
	letter = (struct mail_letter){
		.template = "signup",
		.language = "en",
		.from = "Parley <calls@example.org>",
		.to = "bob@example.org",
		.vars = vars,
		.n_vars = ARRAY_LEN(all),
		.message_id = "k3j9@meet.example.org",
		.date_s = 1700000000,
		.valid_s = 1800,
	};
	buf_init(&out, MAIL_MESSAGE_MAX);
	return 0;
}

static int teardown(void **state)
{
	buf_deinit(&out);
	return 0;
}

static void set(const char *name, const char *value)
{
	for (size_t i = 0; i < letter.n_vars; i++) {
		if (strcmp(vars[i].name, name) == 0)
			vars[i].value = value;
	}
}

/* The message, NUL-terminated and with its quoted-printable undone (soft breaks and =XX), for looking into.
 */
static const char *composed(void)
{
	static char text[2 * MAIL_MESSAGE_MAX];
	buf_clear(&out);
	assert_int_equal(mail_compose(&letter, &out), 0);
	mail_testing_check(buf_data(&out), buf_len(&out));
	const char *in = (const char *)buf_data(&out), *end = in + buf_len(&out);
	char *to = text;
	while (in < end) {
		unsigned byte;
		if (strncmp(in, "=\r\n", 3) == 0) {
			in += 3;
		} else if (*in == '=' && sscanf(in + 1, "%2X", &byte) == 1) {
			*to++ = (char)byte;
			in += 3;
		} else {
			*to++ = *in++;
		}
	}
	*to = '\0';
	return text;
}

static const char *html_of(const char *message)
{
	const char *html = strstr(message, "<!doctype html>");
	assert_non_null(html);
	return html;
}

static int count(const char *s, const char *what)
{
	int n = 0;
	for (; (s = strstr(s, what)); s += strlen(what))
		n++;
	return n;
}

static void every_template_in_both_languages(void **state)
{
	static const char *const languages[] = {"en", "de"};
	for (size_t i = 0; i < 2 * ARRAY_LEN(mail_testing_templates); i++) {
		letter.template = mail_testing_templates[i / 2];
		letter.language = languages[i % 2];
		const char *m = composed();
		const struct letter_text *t = letter_find(letter_language(letter.language), letter.template);
		assert_int_equal(count(m, "\r\nTo: bob@example.org\r\n"), 1);
		assert_non_null(
			strstr(m, i % 2 ? "\r\nContent-Language: de\r\n" : "\r\nContent-Language: en\r\n"));
		/* Whoever signs somebody up cannot have their own words sent to them. */
		assert_int_equal(count(m, "Bob"), t->stranger ? 0 : 2);
		assert_int_equal(count(m, i % 2 ? "Guten Tag" : "Hello"), 2);
		assert_non_null(strstr(html_of(m), t->heading));
		assert_null(strpbrk(m, "{}"));
		/* Once in the plain part, three times in the other: twice to click on and once to copy. */
		bool link = t->target && strcmp(t->target, "{link}") == 0;
		assert_int_equal(count(m, LINK), link ? 4 : 0);
	}
	assert_int_equal(letter_en.n_texts, ARRAY_LEN(mail_testing_templates));
}

static void looks_like_this(void **state)
{
	const char *m = composed();
	static const char head[] =
		"From: \"Parley\" <calls@example.org>\r\nTo: bob@example.org\r\n"
		"Subject: Confirm your address\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
		"Message-ID: <k3j9@meet.example.org>\r\nAuto-Submitted: auto-generated\r\n"
		"Content-Language: en\r\nMIME-Version: 1.0\r\n"
		"Content-Type: multipart/alternative; boundary=\"=_parley_alternative\"\r\n\r\n"
		"--=_parley_alternative\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\nHello,\r\n\r\nSomebody";
	assert_memory_equal(m, head, sizeof(head) - 1);
	assert_non_null(strstr(m, "Confirm address:\r\n" LINK "\r\n\r\nThe link is good for 30 minutes"));
	assert_non_null(strstr(m, "-- \r\nSent by Parley at meet.example.org\r\n--=_parley_alternative\r\n"));
	assert_string_equal(m + strlen(m) - 27, "\r\n--=_parley_alternative--\r\n" + 1);
}

/* Nothing is fetched when it is read. */
static void nothing_remote(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(mail_testing_templates); i++) {
		letter.template = mail_testing_templates[i];
		const char *html = html_of(composed());
		assert_null(strstr(html, "<img"));
		assert_null(strstr(html, "<link"));
		assert_null(strstr(html, "<script"));
		assert_null(strstr(html, "src="));
		assert_null(strstr(html, "url("));
		assert_null(strstr(html, "@import"));
	}
}

static void languages_agree(void **state)
{
	assert_int_equal(letter_en.n_texts, letter_de.n_texts);
	for (size_t i = 0; i < letter_en.n_texts; i++) {
		const struct letter_text *e = &letter_en.texts[i], *d = &letter_de.texts[i];
		assert_string_equal(e->template, d->template);
		assert_int_equal(!e->button, !d->button);
		assert_int_equal(!e->target, !e->button);
		if (e->target)
			assert_string_equal(e->target, d->target);
		for (int p = 0; p < LETTER_PARAGRAPHS; p++) {
			assert_int_equal(!e->before[p], !d->before[p]);
			assert_int_equal(!e->after[p], !d->after[p]);
		}
	}
}

static bool needs(const char *template, const char *language, const char *name)
{
	const char *value = NULL;
	for (size_t i = 0; i < letter.n_vars; i++) {
		if (strcmp(vars[i].name, name) == 0)
			value = vars[i].value;
	}
	letter.template = template;
	letter.language = language;
	set(name, NULL);
	buf_clear(&out);
	int rc = mail_compose(&letter, &out);
	set(name, value);
	assert_true(rc == 0 || (rc == -EINVAL && buf_len(&out) == 0));
	return rc != 0;
}

/* As mail.h says, in both languages. */
static void variables_that_are_needed(void **state)
{
	static const char *const wants[][2] = {
		{"signup", "link"}, {"reset", "link"},           {"email", "link"},
		{"invite", "link"}, {"email_announce", "email"}, {"email_changed", "email"},

	};
	static const char *const names[] = {"link", "email", "inviter", "name", "role"};
	for (size_t i = 0; i < ARRAY_LEN(mail_testing_templates) * ARRAY_LEN(names); i++) {
		const char *template = mail_testing_templates[i / ARRAY_LEN(names)];
		const char *name = names[i % ARRAY_LEN(names)];
		bool wanted = false;
		for (size_t w = 0; w < ARRAY_LEN(wants); w++)
			wanted |= strcmp(wants[w][0], template) == 0 && strcmp(wants[w][1], name) == 0;
		assert_int_equal(needs(template, "en", name), wanted);
		assert_int_equal(needs(template, "de", name), wanted);
	}
	assert_true(needs("signup", "en", "site"));
}

static void falls_back(void **state)
{
	letter.template = "reset";
	static const char *const english[] = {"", "en", "en-GB", "EN", "fr", "d", "deu", "-", "-de"};
	static const char *const german[] = {"de", "de-AT", "DE", "De-ch-1996"};
	for (size_t i = 0; i < ARRAY_LEN(english); i++) {
		letter.language = english[i];
		assert_non_null(strstr(composed(), "Hello Bob,"));
	}
	for (size_t i = 0; i < ARRAY_LEN(german); i++) {
		letter.language = german[i];
		assert_non_null(strstr(composed(), "Guten Tag Bob,"));
	}
	letter.template = "invite";
	letter.language = "en";
	set("inviter", "");
	assert_non_null(strstr(composed(), "An administrator invites you"));
	letter.template = "nothing";
	assert_int_equal(mail_compose(&letter, &out), -EINVAL);
	assert_false(mail_template_ok("nothing"));
	assert_true(mail_template_ok("reset"));
}

static void how_long_a_link_is_good(void **state)
{
	static const struct {
		uint32_t s;
		const char *en, *de;
	} cases[] = {
		{1, "1 second ", "1 Sekunde "}, {59, "59 seconds ", "59 Sekunden "},
		{60, "1 minute ", "1 Minute "}, {1800, "30 minutes ", "30 Minuten "},
		{3600, "1 hour ", "1 Stunde "}, {5400, "90 minutes ", "90 Minuten "},
		{86400, "1 day ", "1 Tag "},    {129600, "36 hours ", "36 Stunden "},
		{604800, "7 days ", "7 Tage "}, {UINT32_MAX, "49710 days ", "49710 Tage "},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		letter.valid_s = cases[i].s;
		letter.language = "en";
		assert_non_null(strstr(composed(), cases[i].en));
		letter.language = "de";
		assert_non_null(strstr(composed(), cases[i].de));
	}
	letter.valid_s = 0;
	letter.language = "en";
	assert_null(strstr(composed(), "good for"));
}

static void hostile_names_are_escaped(void **state)
{
	static const char name[] = "<script>alert('1')</script>&\"{link}=?UTF-8?Q?x?=";
	letter.template = "invite";
	set("inviter", name);
	set("name", name);
	const char *m = composed();
	const char *html = html_of(m);
	assert_null(strstr(html, "<script"));
	assert_null(strstr(html, "</script"));
	assert_null(strstr(html, "alert('1')"));
	/* In title, greeting and text; a value's braces are no variable. */
	assert_int_equal(
		count(html, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;{link}=?UTF-8?Q?x?="),
		3);
	const char *plain = strstr(m, "Hello ");
	assert_memory_equal(plain + 6, name, strlen(name));
	/* The subject is encoded: what looks like an encoded word in it stays what it is. */
	const char *subject = strstr(m, "\r\nSubject: ");
	assert_memory_equal(subject, "\r\nSubject: =?UTF-8?B?", 21);
}

static void hostile_values_are_refused(void **state)
{
	static const char *const values[] = {
		"a\r\nBcc: x@example.org",
		"a\nb",
		"a\rb",
		"a\x01",
		"a\x7f",
		"\xC3\x28",
		"a\xE2\x80\xAE"
		"b",
		" a",
		"a\xE2\x80\xA8",
		"\xED\xA0\x80",
		"a\x1b[31m",
	};
	letter.template = "invite";
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		set("inviter", values[i]);
		assert_int_equal(mail_compose(&letter, &out), -EINVAL);
		set("inviter", "Ada");
		set("name", values[i]);
		assert_int_equal(mail_compose(&letter, &out), -EINVAL);
		set("name", "Bob");
	}
	assert_int_equal(buf_len(&out), 0);
	assert_int_equal(mail_compose(&letter, &out), 0);
}

static void hostile_links_are_refused(void **state)
{
	static const char *const links[] = {
		"javascript:alert(1)", "data:text/html,x", "//example.org/",
		"example.org",         "https://a\"b",     "https://a b",
		"https://a<b>",        "https://a\\b",     "HTTPS:/x",
		"https://ä.example",   " https://a",       "https://a\r\nX: y",
	};
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		set("link", links[i]);
		assert_int_equal(mail_compose(&letter, &out), -EINVAL);
		set("link", LINK);
		set("home", links[i]);
		assert_int_equal(mail_compose(&letter, &out), -EINVAL);
		set("home", "http://localhost:8080");
	}
	set("link", "http://localhost:8080/r?a=1&b='2'");
	const char *html = html_of(composed());
	assert_int_equal(count(html, "<a href=\"http://localhost:8080/r?a=1&amp;b=&#39;2&#39;\""), 2);
}

static void hostile_headers_are_refused(void **state)
{
	static const char *const addresses[] = {
		"",
		"bob",
		"bob@example.org\r\nBcc: x@example.org",
		"bob@example.org\n",
		"b ob@example.org",
		"<b@x.y>",
		"b@x.y,c@x.y",
		"bob@example.org\x01",
	};
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		letter.to = addresses[i];
		assert_int_equal(mail_compose(&letter, &out), -EINVAL);
		letter.to = "bob@example.org";
		letter.message_id = addresses[i];
		assert_int_equal(mail_compose(&letter, &out), -EINVAL);
		letter.message_id = "a@b";
	}
	letter.from = "Parley\r\nX: y <a@b>";
	assert_int_equal(mail_compose(&letter, &out), -EINVAL);
	letter.from = "a@b\r\nX: y";
	assert_int_equal(mail_compose(&letter, &out), -EINVAL);
	assert_int_equal(buf_len(&out), 0);
}

static void long_values_stay_in_bounds(void **state)
{
	char name[161] = "", link[2049],
	     address[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@"
			 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.org";
	for (int i = 0; i < 40; i++)
		strcat(name, "😀");
	memset(link, 'x', sizeof(link));
	memcpy(link, "https://", 8);
	link[2048] = '\0';
	set("name", name);
	set("inviter", name);
	set("link", link);
	letter.to = address;
	letter.from = "Größte Gesprächsrunde der Welt, mit einem Namen, der nicht in eine Zeile paßt <a@b>";
	for (size_t i = 0; i < ARRAY_LEN(mail_testing_templates); i++) {
		letter.template = mail_testing_templates[i];
		(void)composed();
	}
	link[2047] = 'x';
	char longer[2050];
	memset(longer, 'x', sizeof(longer) - 1);
	memcpy(longer, "https://", 8);
	longer[2049] = '\0';
	set("link", longer);
	assert_int_equal(mail_compose(&letter, &out), -EINVAL);
}

static void mailboxes(void **state)
{
	static const struct {
		const char *text, *name, *address;
	} good[] = {
		{"ada@example.org", "", "ada@example.org"},
		{"<ada@example.org>", "", "ada@example.org"},
		{"Ada <ada@example.org>", "Ada", "ada@example.org"},
		{"\"Ada, Bob & Co.\" <a@b>", "Ada, Bob & Co.", "a@b"},
		{"  Käthe  <a@b>", "Käthe", "a@b"},
	};
	static const char *const bad[] = {
		"",
		"Ada",
		"Ada ada@example.org",
		"Ada <ada@example.org",
		"Ada <>",
		"Ada <ada>",
		"Ada\n <a@b>",
		" <a@b>",
		"a@b>",
		"\"\" <a@b>",
		"Ada <x> <a@b>",
		"<a@b> Ada",
		"A\"da <a@b>",
		"a@b, c@d",
	};
	struct mail_mailbox m;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(mail_mailbox_parse(good[i].text, &m), 0);
		assert_string_equal(m.name, good[i].name);
		assert_string_equal(m.address, good[i].address);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (mail_mailbox_parse(bad[i], &m) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
	}
	assert_string_equal(m.address, "a@b");
}

static void survives_running_out_of_memory(void **state)
{
	struct buf whole;
	buf_init(&whole, MAIL_MESSAGE_MAX);
	letter.language = "de";
	assert_int_equal(mail_compose(&letter, &whole), 0);
	uint64_t n = 0;
	for (;; n++) {
		buf_deinit(&out);
		mem_fail_after(n);
		int rc = mail_compose(&letter, &out);
		mem_fail_never();
		if (!mem_fail_hit())
			break;
		assert_int_equal(rc, -ENOMEM);
		assert_int_equal(buf_len(&out), 0);
	}
	assert_true(n > 3);
	assert_int_equal(buf_len(&out), buf_len(&whole));
	assert_memory_equal(buf_data(&out), buf_data(&whole), buf_len(&whole));
	buf_deinit(&whole);
}

static void keeps_to_the_buffers_maximum(void **state)
{
	buf_deinit(&out);
	buf_init(&out, 1000);
	assert_int_equal(mail_compose(&letter, &out), -ENOBUFS);
	assert_int_equal(buf_len(&out), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(every_template_in_both_languages),
		T(looks_like_this),
		T(nothing_remote),
		T(languages_agree),
		T(variables_that_are_needed),
		T(falls_back),
		T(how_long_a_link_is_good),
		T(hostile_names_are_escaped),
		T(hostile_values_are_refused),
		T(hostile_links_are_refused),
		T(hostile_headers_are_refused),
		T(long_values_stay_in_bounds),
		T(mailboxes),
		T(survives_running_out_of_memory),
		T(keeps_to_the_buffers_maximum),
	};
	return cmocka_run_group_tests_name("mail-compose", tests, NULL, NULL);
}
