/*
 * Finding a letter's text and filling in its variables.
 *
 * A template is a row of sentences, not a file with markup: the plain and the HTML body are made of the same
 * sentences by layout.c, so they cannot say different things, and no translation can break the HTML. Values
 * are checked once, here, before anything is written.
 *
 * Thread: any. Pure.
 */
#include "mail/letter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define VALUE_BYTES 2048 /* the longest is a link */

const struct letter_language *letter_language(const char *tag)
{
	static const struct letter_language *const all[] = {&letter_en, &letter_de};
	size_t n = strcspn(tag, "-");
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (strlen(all[i]->tag) == n && strncasecmp(all[i]->tag, tag, n) == 0)
			return all[i];
	}
	return &letter_en;
}

const struct letter_text *letter_find(const struct letter_language *lang, const char *template)
{
	for (size_t i = 0; i < lang->n_texts; i++) {
		if (strcmp(lang->texts[i].template, template) == 0)
			return &lang->texts[i];
	}
	return NULL;
}

bool mail_template_ok(const char *name)
{
	return letter_find(&letter_en, name) != NULL;
}

/* Rounded down to the largest unit that is whole, so that nothing is promised for too long. */
static void say_duration(const struct letter_language *lang, uint32_t s, char *out, size_t size)
{
	static const struct {
		uint32_t s;
		size_t unit;
	} steps[] = {{86400, 2}, {3600, 1}, {60, 0}, {1, 3}};
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		/* 90 minutes are not "1 hour", and 36 hours are not "1 day". */
		if (s < 2 * steps[i].s && s != steps[i].s)
			continue;
		uint32_t count = s / steps[i].s;
		(void)snprintf(out, size, "%" PRIu32 " %s", count, lang->units[steps[i].unit][count != 1]);
		return;
	}
}

static bool is_web_address(const char *s)
{
	if (strncmp(s, "https://", 8) != 0 && strncmp(s, "http://", 7) != 0)
		return false;
	for (; *s; s++) {
		if (*s <= ' ' || *s >= 0x7f || strchr("\"<>\\^`{|}", *s))
			return false;
	}
	return true;
}

static bool value_ok(const struct mail_var *v)
{
	if (!v->value || v->value[0] == '\0')
		return true;
	const char *start;
	size_t len, n = strlen(v->value);
	if (text_clean_name(v->value, n, VALUE_BYTES, VALUE_BYTES, &start, &len) != 0 || len != n)
		return false;
	if (strcmp(v->name, "link") == 0 || strcmp(v->name, "home") == 0)
		return is_web_address(v->value);
	return true;
}

int letter_init(struct letter *l, const struct mail_letter *in)
{
	struct letter made = {.in = in, .lang = letter_language(in->language)};
	made.text = letter_find(made.lang, in->template);
	if (!made.text)
		return -EINVAL;
	for (size_t i = 0; i < in->n_vars; i++) {
		if (!value_ok(&in->vars[i]))
			return -EINVAL;
	}
	if (in->valid_s)
		say_duration(made.lang, in->valid_s, made.valid, sizeof(made.valid));
	*l = made;
	return 0;
}

static const char *role_word(const struct letter *l, const char *role)
{
	if (strcmp(role, "admin") == 0)
		return l->lang->role_admin;
	return strcmp(role, "member") == 0 ? l->lang->role_member : role;
}

/* Return: the value, or NULL. */
static const char *value_of(const struct letter *l, const char *name, size_t n)
{
	if (n == 5 && memcmp(name, "valid", 5) == 0)
		return l->valid[0] ? l->valid : NULL;
	for (size_t i = 0; i < l->in->n_vars; i++) {
		const struct mail_var *v = &l->in->vars[i];
		if (strlen(v->name) != n || memcmp(v->name, name, n) != 0 || !v->value || !v->value[0])
			continue;
		return n == 4 && memcmp(name, "role", 4) == 0 ? role_word(l, v->value) : v->value;
	}
	return n == 7 && memcmp(name, "inviter", 7) == 0 ? l->lang->inviter : NULL;
}

/* One step through a text: the literal piece before the next variable, and the variable. */
static const char *next_variable(const char *text, size_t *literal, size_t *len)
{
	*literal = strcspn(text, "{");
	if (text[*literal] == '\0')
		return NULL;
	const char *name = text + *literal + 1;
	*len = strcspn(name, "}");
	return name;
}

bool letter_complete(const struct letter *l, const char *text)
{
	size_t literal, len;
	const char *name;
	while ((name = next_variable(text, &literal, &len))) {
		if (!value_of(l, name, len))
			return false;
		text = name + len + 1;
	}
	return true;
}

int letter_expand(const struct letter *l, const char *text, letter_put_fn put, struct buf *out)
{
	size_t literal, len;
	const char *name;
	while ((name = next_variable(text, &literal, &len))) {
		const char *value = value_of(l, name, len);
		if (!value)
			return -EINVAL;
		int rc = put(out, text, literal);
		if (rc == 0)
			rc = put(out, value, strlen(value));
		if (rc)
			return rc;
		text = name + len + 1;
	}
	return put(out, text, literal);
}

const char *letter_greeting(const struct letter *l)
{
	bool by_name = !l->text->stranger && letter_complete(l, l->lang->hello_name);
	return by_name ? l->lang->hello_name : l->lang->hello;
}
