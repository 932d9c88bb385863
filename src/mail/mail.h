/*
 * Mail: composed from a template, as plain text and HTML, and handed to an SMTP server or written to a directory.
 *
 * Composing is pure. mail_send() blocks until the server has taken the message, so it runs on a worker thread.
 * Every header field is refused if it holds CR or LF; addresses are checked; what a template shows is escaped
 * where it is shown.
 */
#ifndef PARLEY_MAIL_MAIL_H
#define PARLEY_MAIL_MAIL_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAIL_MESSAGE_MAX 65536

struct mail_var {
	const char *name;
	const char *value; /* UTF-8 */
};

struct mail_letter {
	const char *template; /* see account/mail_queue.h */
	const char *language; /* "" : en; what there is no text for falls back to en */
	const char *from;     /* "Parley <calls@example.org>" or an address alone */
	const char *to;	      /* an address */
	const struct mail_var *vars;
	size_t n_vars;
	const char *message_id; /* without angle brackets: id@host; the same for every try */
	int64_t date_s;
};

/**
 * mail_compose() - a whole message (RFC 5322, MIME multipart/alternative, UTF-8, lines ending in CRLF, none over
 * 998 bytes), appended to @out
 * Return: 0; -EINVAL: an unknown template, a missing variable, or a header field that holds CR, LF or NUL, or an
 * address that is none; -ENOMEM, -ENOBUFS.
 */
int mail_compose(const struct mail_letter *l, struct buf *out) MUST_CHECK;

/** mail_address_ok() - local@domain as accounts take it: RFC 5321 dot-string, ASCII, at most 254. */
bool mail_address_ok(const char *address);

struct mail_server {
	const char *smtp_url; /* smtp://host:port, smtps://host:port; "" : none, write to outbox */
	const char *user, *password;
	const char *starttls; /* "require" (default), "try", "off" */
	const char *ca_file;  /* "" : the system's */
	const char *outbox;   /* directory, made (0700) if need be; the file is there whole or not at all */
	const char *helo;
	uint32_t timeout_ms;
};

enum mail_result {
	MAIL_OK = 0,
	MAIL_E_LATER = 1,   /* no connection, 4xx: try again */
	MAIL_E_REFUSED = 2, /* 5xx: this message will not be taken */
};

/**
 * mail_send() - @from and @to: the envelope's addresses
 * @why: what the server or the library said, for the log: no secrets; @why_size bytes, may be cut
 * Return: 0; MAIL_E_…; -errno: the outbox; -ENOMEM. Thread: any; blocks for at most timeout_ms.
 */
int mail_send(const struct mail_server *server, const char *from, const char *to, const uint8_t *message,
	      size_t n, char *why, size_t why_size) MUST_CHECK;

#endif
