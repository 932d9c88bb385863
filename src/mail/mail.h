/*
 * Mail: composed from a template, as plain text and HTML, and handed to an SMTP server or written to a
 * directory.
 *
 * Composing is pure. mail_send() blocks until the server has taken the message, so it runs on a worker
 * thread. Header fields that hold CR, LF or any other control character are refused; addresses are checked;
 * what a template shows is escaped where it is shown.
 */
#ifndef PARLEY_MAIL_MAIL_H
#define PARLEY_MAIL_MAIL_H

#include "base/buf.h"
#include "base/text.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAIL_MESSAGE_MAX 65536
#define MAIL_NAME_MAX    160 /* bytes of a display name */
#define MAIL_WHY_MAX     256

struct mail_var {
	const char *name;
	const char *value; /* UTF-8, by the rules of text_clean_name(); NULL or "": as if it were not there */
};

/* Templates, by name, with the variables that each must have beside "site" (the host that people know) and
 * "home" (the service's address): signup link · signup_known · reset link · password_changed · email link ·
 * email_known · email_announce email · email_changed email · invite link · deleted · role_changed "name" (for
 * the greeting), "inviter" and "role" may be there. */
struct mail_letter {
	const char *template;
	const char *language; /* BCP 47; what there is no text for falls back to en */
	const char *from;     /* "Parley <calls@example.org>" or an address alone */
	const char *to;       /* an address */
	const struct mail_var *vars;
	size_t n_vars;
	const char *message_id; /* without angle brackets: id@host; the same for every try */
	int64_t date_s;
	uint32_t valid_s; /* how long its link is good; 0: is not said */
};

/**
 * mail_compose() - a whole message (RFC 5322, MIME multipart/alternative with UTF-8 in quoted-printable:
 * ASCII alone, lines of at most 78 bytes unless an address is longer, each ending in CRLF), appended to @out
 * Return: 0; -EINVAL: an unknown template, a missing or malformed variable, a header field that holds a
 * control character, a link that is not http or https, an address that is none; -ENOMEM, -ENOBUFS.
 */
int mail_compose(const struct mail_letter *l, struct buf *out) MUST_CHECK;

/** mail_template_ok() - is there one of that name? */
bool mail_template_ok(const char *name);

/** mail_address_ok() - local@domain as accounts take it: see text_email_ok(). */
bool mail_address_ok(const char *address);

struct mail_mailbox {
	char name[MAIL_NAME_MAX + 1]; /* "" : none */
	char address[TEXT_EMAIL_MAX + 1];
};

/** mail_mailbox_parse() - "ada@example.org", "Ada <ada@example.org>", "\"Ada\" <ada@example.org>".
 * Return: 0; -EINVAL. */
int mail_mailbox_parse(const char *text, struct mail_mailbox *out) MUST_CHECK;

enum mail_starttls {
	MAIL_STARTTLS_REQUIRE,
	MAIL_STARTTLS_TRY,
	MAIL_STARTTLS_OFF,
};

struct mail_server {
	const char *smtp_url;        /* as mail_url_check() has it; "" : none, write to the outbox */
	const char *user, *password; /* "" : do not sign in */
	enum mail_starttls starttls; /* for smtp:// */
	const char *ca_file;         /* "" : the system's */
	const char *outbox;  /* directory, made (0700) if need be; the file is there whole or not at all */
	const char *helo;    /* a host name or an address; "" : localhost */
	uint32_t timeout_ms; /* for all of it */
	const atomic_bool *cancel; /* once true, mail_send() ends soon; NULL: never */
};

/** mail_url_check() - smtp://host, smtp://host:port, smtps://… and nothing after it; IPv6 in brackets.
 * @loopback (may be NULL): whether it can only be this machine. Return: 0; -EINVAL. */
int mail_url_check(const char *url, bool *loopback) MUST_CHECK;

struct mail_parcel {
	const char *from, *to; /* the envelope's addresses */
	const char *name;      /* of the file in the outbox, less .eml: [A-Za-z0-9-]+, at most 64 */
	const uint8_t *message;
	size_t n;
};

enum mail_result {
	MAIL_OK = 0,
	MAIL_E_LATER = 1,   /* no connection, no trust, no sign-in, 4xx: try again */
	MAIL_E_REFUSED = 2, /* 5xx to this message or its addresses: it will not be taken */
};

/**
 * mail_init() - once, before other threads start; mail_deinit() when all is over. Return: 0; -ENOMEM.
 */
int mail_init(void) MUST_CHECK;
void mail_deinit(void);

/**
 * mail_send() - @why: what the server or the library said, printable ASCII, for log and database: no secrets,
 * and the recipient's address is left out. Untouched on success. Return: 0; MAIL_E_…; -EINVAL: an address or
 * the name; -errno: the outbox; -ENOMEM. Thread: any; blocks for at most timeout_ms.
 */
int mail_send(const struct mail_server *server, const struct mail_parcel *p,
	      char why[MAIL_WHY_MAX]) MUST_CHECK;

#endif
