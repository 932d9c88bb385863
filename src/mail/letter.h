/* What letters say, by template and language, and how their variables are filled in. Inside the mail module.
 */
#ifndef PARLEY_MAIL_LETTER_H
#define PARLEY_MAIL_LETTER_H

#include "mail/mail.h"

#define LETTER_PARAGRAPHS 3

/*
 * Texts hold variables as {name}. A paragraph that begins with '?' is left out where a variable of its is
 * missing; a variable that is missing elsewhere is an error.
 */
struct letter_text {
	const char *template;
	const char *subject;
	bool stranger; /* to an address that nobody has confirmed: greet without a name */
	const char *heading;
	const char *before[LETTER_PARAGRAPHS]; /* the button, or all there is; NULL ends it */
	const char *button;                    /* NULL: none */
	const char *target;                    /* of the button: an address made of {link} or {home} */
	const char *after[LETTER_PARAGRAPHS];  /* smaller */
};

struct letter_language {
	const char *tag; /* primary subtag: en, de */
	const char *hello, *hello_name;
	const char *copy_link; /* above the address that the button leads to */
	const char *footer;
	const char *role_admin, *role_member;
	const char *inviter;     /* where no name is given */
	const char *units[4][2]; /* minutes, hours, days, seconds: one, several */
	const struct letter_text *texts;
	size_t n_texts;
};

extern const struct letter_language letter_en, letter_de;

/** letter_language() - of a BCP 47 tag; English where there is none such. */
const struct letter_language *letter_language(const char *tag);

/** letter_find() - Return: the text of that template, or NULL. */
const struct letter_text *letter_find(const struct letter_language *lang, const char *template);

/* A letter on its way to becoming bytes. */
struct letter {
	const struct mail_letter *in;
	const struct letter_language *lang;
	const struct letter_text *text;
	char valid[32]; /* "30 minutes"; "" : not said */
};

/** letter_init() - find texts, check the variables. Return: 0; -EINVAL. */
int letter_init(struct letter *l, const struct mail_letter *in) MUST_CHECK;

typedef int (*letter_put_fn)(struct buf *out, const char *s, size_t n);

/** letter_expand() - @text with its variables filled in, every piece through @put. Return: 0; -EINVAL: a
 * variable is missing; what @put returns. */
int letter_expand(const struct letter *l, const char *text, letter_put_fn put, struct buf *out) MUST_CHECK;

/** letter_complete() - has @text all variables that it needs? */
bool letter_complete(const struct letter *l, const char *text);

/** letter_greeting() - with the name where there is one. */
const char *letter_greeting(const struct letter *l);

/** letter_plain(), letter_html() - the two bodies, lines ending in LF. Return: 0; -EINVAL; -ENOMEM; -ENOBUFS.
 */
int letter_plain(const struct letter *l, struct buf *out) MUST_CHECK;
int letter_html(const struct letter *l, struct buf *out) MUST_CHECK;

#endif
