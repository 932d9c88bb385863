/*
 * A letter's sentences as plain text and as HTML.
 *
 * The HTML is what mail programs of twenty years understand: a table in the middle, styles inlined, nothing
 * fetched from anywhere, so it looks the same offline and tells nobody that it was read. Text is escaped in
 * one place, put_html(), and there is no other way in.
 *
 * The plain text is not wrapped: quoted-printable carries long lines, and a telephone wraps them better.
 *
 * Thread: any. Pure.
 */
#include "mail/letter.h"

#include <errno.h>
#include <string.h>

static int put_raw(struct buf *out, const char *s)
{
	return buf_append(out, s, strlen(s));
}

static int put_plain(struct buf *out, const char *s, size_t n)
{
	return buf_append(out, s, n);
}

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Good between tags and inside quoted attributes. */
static int put_html(struct buf *out, const char *s, size_t n)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const char *e = entity(s[i]);
		rc = e ? put_raw(out, e) : buf_append(out, &s[i], 1);
	}
	return rc;
}

/* Text between two pieces of markup; "" for none. */
static int put_between(const struct letter *l, const char *open, const char *text, const char *close,
		       struct buf *out)
{
	int rc = put_raw(out, open);
	if (rc == 0)
		rc = letter_expand(l, text, put_html, out);
	return rc ? rc : put_raw(out, close);
}

/* What is left of a paragraph once its mark is looked at, or NULL. */
static const char *paragraph(const struct letter *l, const char *const list[LETTER_PARAGRAPHS], size_t i)
{
	const char *text = list[i];
	if (!text || text[0] != '?')
		return text;
	return letter_complete(l, text + 1) ? text + 1 : NULL;
}

static int plain_line(const struct letter *l, const char *text, const char *end, struct buf *out)
{
	int rc = letter_expand(l, text, put_plain, out);
	return rc ? rc : put_raw(out, end);
}

static int plain_paragraphs(const struct letter *l, const char *const list[LETTER_PARAGRAPHS],
			    struct buf *out)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < LETTER_PARAGRAPHS; i++) {
		const char *text = paragraph(l, list, i);
		if (text)
			rc = plain_line(l, text, "\n\n", out);
	}
	return rc;
}

int letter_plain(const struct letter *l, struct buf *out)
{
	int rc = plain_line(l, letter_greeting(l), "\n\n", out);
	if (rc == 0)
		rc = plain_paragraphs(l, l->text->before, out);
	if (rc == 0 && l->text->button)
		rc = plain_line(l, l->text->button, ":\n", out);
	if (rc == 0 && l->text->button)
		rc = plain_line(l, l->text->target, "\n\n", out);
	if (rc == 0)
		rc = plain_paragraphs(l, l->text->after, out);
	/* "-- " is how mail programs know a signature (RFC 3676 §4.3). */
	if (rc == 0)
		rc = put_raw(out, "-- \n");
	return rc ? rc : plain_line(l, l->lang->footer, "\n", out);
}

#define FONT "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;"

static const char html_head[] = "<meta charset=\"utf-8\">\n"
				"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
				"<meta name=\"color-scheme\" content=\"light\">\n<title>";

static const char html_open[] =
	"</title>\n</head>\n<body style=\"margin:0;padding:0;background:#f4f6f3\">\n"
	"<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" "
	"style=\"background:#f4f6f3\">\n<tr><td align=\"center\" style=\"padding:32px 16px\">\n"
	"<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" "
	"style=\"max-width:520px\">\n"
	"<tr><td style=\"padding:0 4px 16px;" FONT
	"font-size:18px;font-weight:700;color:#0b7d6e\">Parley</td></tr>\n"
	"<tr><td style=\"background:#ffffff;border:1px solid #d3dcd8;border-radius:18px;padding:32px\">\n";

#define TEXT_STYLE  "margin:0 0 16px;" FONT "font-size:16px;line-height:24px;color:#12201d"
#define SMALL_STYLE "margin:0 0 8px;" FONT "font-size:14px;line-height:20px;color:#4c5d58"

static int html_paragraphs(const struct letter *l, const char *const list[LETTER_PARAGRAPHS],
			   const char *open, struct buf *out)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < LETTER_PARAGRAPHS; i++) {
		const char *text = paragraph(l, list, i);
		if (text)
			rc = put_between(l, open, text, "</p>\n", out);
	}
	return rc;
}

/* A table cell with the colour, so that programs which know nothing of inline blocks show a button too. */
static int html_button(const struct letter *l, struct buf *out)
{
	int rc = put_between(
		l,
		"<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" "
		"style=\"margin:24px 0\">\n<tr><td style=\"background:#0b7d6e;border-radius:12px\">"
		"<a href=\"",
		l->text->target,
		"\" style=\"display:inline-block;padding:12px 24px;" FONT
		"font-size:16px;font-weight:600;color:#ffffff;text-decoration:none\">",
		out);
	return rc ? rc : put_between(l, "", l->text->button, "</a></td></tr>\n</table>\n", out);
}

static int html_copy_link(const struct letter *l, struct buf *out)
{
	int rc = put_between(l, "<p style=\"" SMALL_STYLE "\">", l->lang->copy_link, "<br>\n", out);
	if (rc == 0)
		rc = put_between(l, "<a href=\"", l->text->target,
				 "\" style=\"color:#0b7d6e;word-break:break-all\">", out);
	return rc ? rc : put_between(l, "", l->text->target, "</a></p>\n", out);
}

static int html_body(const struct letter *l, struct buf *out)
{
	int rc = put_between(l,
			     "<h1 style=\"margin:0 0 16px;" FONT
			     "font-size:24px;line-height:32px;font-weight:700;color:#12201d\">",
			     l->text->heading, "</h1>\n", out);
	if (rc == 0)
		rc = put_between(l, "<p style=\"" TEXT_STYLE "\">", letter_greeting(l), "</p>\n", out);
	if (rc == 0)
		rc = html_paragraphs(l, l->text->before, "<p style=\"" TEXT_STYLE "\">", out);
	if (rc == 0 && l->text->button)
		rc = html_button(l, out);
	if (rc == 0)
		rc = html_paragraphs(l, l->text->after, "<p style=\"" SMALL_STYLE "\">", out);
	return rc == 0 && l->text->button ? html_copy_link(l, out) : rc;
}

int letter_html(const struct letter *l, struct buf *out)
{
	int rc = buf_appendf(out, "<!doctype html>\n<html lang=\"%s\">\n<head>\n%s", l->lang->tag, html_head);
	if (rc == 0)
		rc = put_between(l, "", l->text->subject, html_open, out);
	if (rc == 0)
		rc = html_body(l, out);
	if (rc == 0)
		rc = put_between(l,
				 "</td></tr>\n<tr><td style=\"padding:16px 4px 0;" FONT
				 "font-size:13px;line-height:18px;color:#4c5d58\">",
				 l->lang->footer, "</td></tr>\n", out);
	return rc ? rc : put_raw(out, "</table>\n</td></tr>\n</table>\n</body>\n</html>\n");
}
