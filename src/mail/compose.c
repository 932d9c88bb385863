/*
 * A letter as a message: header, and one text in two forms (RFC 2046 §5.1.4: the plainest first).
 *
 * The message is the same for every try and for the outbox: no clock, no randomness. The boundary can be
 * fixed:
 * "=_" does not occur in quoted-printable (RFC 2045 §6.7).
 *
 * Thread: any. Pure.
 */
#include "mail/letter.h"
#include "mail/mime.h"

#include <errno.h>
#include <string.h>

#define BOUNDARY "=_parley_alternative"

bool mail_address_ok(const char *address)
{
	return text_email_ok(address, strlen(address));
}

/* Without the quotes that may be around it; escapes inside them are not taken. */
static int parse_display(const char *s, size_t n, char *out)
{
	while (n && s[n - 1] == ' ')
		n--;
	for (; n && s[0] == ' '; s++)
		n--;
	if (n >= 2 && s[0] == '"' && s[n - 1] == '"') {
		s++;
		n -= 2;
	}
	const char *start;
	size_t len;
	/* Spaces were forgiven; a line end among the rest of white space is not. */
	if (n == 0 || text_clean_name(s, n, MAIL_NAME_MAX, MAIL_NAME_MAX, &start, &len) || len != n)
		return -EINVAL;
	if (memchr(start, '<', len) || memchr(start, '>', len) || memchr(start, '"', len))
		return -EINVAL;
	memcpy(out, start, len);
	out[len] = '\0';
	return 0;
}

int mail_mailbox_parse(const char *text, struct mail_mailbox *out)
{
	struct mail_mailbox made = {.name = ""};
	const char *open = strrchr(text, '<');
	const char *address = open ? open + 1 : text;
	size_t n = strlen(address);
	if (open) {
		if (n == 0 || address[--n] != '>')
			return -EINVAL;
		if (open > text && parse_display(text, (size_t)(open - text), made.name))
			return -EINVAL;
	}
	if (!text_email_ok(address, n))
		return -EINVAL;
	memcpy(made.address, address, n);
	made.address[n] = '\0';
	*out = made;
	return 0;
}

static int put_string(struct buf *out, const char *s, size_t n)
{
	return buf_append(out, s, n);
}

static int put_subject(const struct letter *l, struct buf *out)
{
	struct buf subject;
	buf_init(&subject, MAIL_MESSAGE_MAX);
	int rc = letter_expand(l, l->text->subject, put_string, &subject);
	if (rc == 0)
		rc = buf_append(&subject, "", 1);
	if (rc == 0)
		rc = mime_text_field(out, "Subject", (const char *)buf_data(&subject));
	buf_deinit(&subject);
	return rc;
}

static int put_header(const struct letter *l, const struct mail_mailbox *from, struct buf *out)
{
	const struct mail_letter *in = l->in;
	int rc = mime_mailbox_field(out, "From", from->name, from->address);
	if (rc == 0)
		rc = mime_mailbox_field(out, "To", "", in->to);
	if (rc == 0)
		rc = put_subject(l, out);
	if (rc == 0)
		rc = mime_date_field(out, in->date_s);
	if (rc == 0)
		rc = buf_appendf(out, "Message-ID: <%s>\r\n", in->message_id);
	/* Answering machines stay silent (RFC 3834 §5). */
	if (rc == 0)
		rc = mime_field(out, "Auto-Submitted", "auto-generated");
	if (rc == 0)
		rc = mime_field(out, "Content-Language", l->lang->tag);
	if (rc == 0)
		rc = mime_field(out, "MIME-Version", "1.0");
	return rc ? rc : mime_field(out, "Content-Type", "multipart/alternative; boundary=\"" BOUNDARY "\"");
}

static int put_part(const struct letter *l, const char *type,
		    int (*body)(const struct letter *, struct buf *), struct buf *out)
{
	struct buf text;
	buf_init(&text, MAIL_MESSAGE_MAX);
	int rc = body(l, &text);
	if (rc == 0)
		rc = buf_appendf(out,
				 "--" BOUNDARY "\r\nContent-Type: %s; charset=utf-8\r\n"
				 "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
				 type);
	if (rc == 0)
		rc = mime_quoted_printable(out, buf_data(&text), buf_len(&text));
	buf_deinit(&text);
	return rc;
}

static int compose(const struct letter *l, const struct mail_mailbox *from, struct buf *out)
{
	int rc = put_header(l, from, out);
	if (rc == 0)
		rc = buf_append(out, "\r\n", 2);
	if (rc == 0)
		rc = put_part(l, "text/plain", letter_plain, out);
	if (rc == 0)
		rc = put_part(l, "text/html", letter_html, out);
	return rc ? rc : buf_appendf(out, "--" BOUNDARY "--\r\n");
}

int mail_compose(const struct mail_letter *in, struct buf *out)
{
	struct letter l;
	struct mail_mailbox from;
	/* An id has the form of an address (RFC 5322 §3.6.4). */
	if (!mail_address_ok(in->to) || !mail_address_ok(in->message_id))
		return -EINVAL;
	int rc = mail_mailbox_parse(in->from, &from);
	if (rc == 0)
		rc = letter_init(&l, in);
	if (rc)
		return rc;
	struct buf message;
	buf_init(&message, MAIL_MESSAGE_MAX);
	rc = compose(&l, &from, &message);
	if (rc == 0)
		rc = buf_append(out, buf_data(&message), buf_len(&message));
	buf_deinit(&message);
	return rc;
}
