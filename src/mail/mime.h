/* The forms of a message: header fields, encoded words, quoted-printable. Inside the mail module. Pure. */
#ifndef PARLEY_MAIL_MIME_H
#define PARLEY_MAIL_MIME_H

#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>

/* All of these: Return: 0; -EINVAL: a control character, or not UTF-8, in what goes into a header; -ENOMEM;
 * -ENOBUFS. On failure a part may have been written. */

/** mime_field() - a field whose value is ours, or a token: printable ASCII, not folded. */
int mime_field(struct buf *out, const char *name, const char *value) MUST_CHECK;

/** mime_text_field() - unstructured text for people (Subject); encoded words where it needs them. */
int mime_text_field(struct buf *out, const char *name, const char *text) MUST_CHECK;

/** mime_mailbox_field() - From or To. @display: "" for none. @address has been checked. */
int mime_mailbox_field(struct buf *out, const char *name, const char *display,
		       const char *address) MUST_CHECK;

/** mime_date_field() - Date, in UTC. */
int mime_date_field(struct buf *out, int64_t unix_s) MUST_CHECK;

/** mime_quoted_printable() - text with LF line ends (RFC 2045 §6.7); what comes out ends in CRLF. */
int mime_quoted_printable(struct buf *out, const uint8_t *text, size_t n) MUST_CHECK;

#endif
