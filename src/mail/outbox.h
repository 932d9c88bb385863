/* Mail as files, where there is no server. Inside the mail module. */
#ifndef PARLEY_MAIL_OUTBOX_H
#define PARLEY_MAIL_OUTBOX_H

#include "mail/mail.h"

/** outbox_write() - DIR/NAME.eml, mode 0600, on disk when this returns; replaces one of that name.
 * Return: 0; -EINVAL: the name; -errno. Blocks. */
int outbox_write(const char *dir, const struct mail_parcel *p) MUST_CHECK;

#endif
