/* Tickets by which the members of a room find each other again after a restart of the server. */
#ifndef PARLEY_SIGNAL_TICKET_H
#define PARLEY_SIGNAL_TICKET_H

#include "signal/json.h"
#include "signal/signal.h"

#define SIG_START_ID_BYTES 16
#define SIG_TICKET_MAX     512 /* longer input is not even looked at */
#define SIG_TICKET_LEN     130 /* of those we issue */

struct sig_ticket {
	uint8_t start[SIG_START_ID_BYTES]; /* of the server that issued it */
	char room[SIGNAL_ROOM_ID_LEN + 1];
	char participant[SIGNAL_PARTICIPANT_ID_LEN + 1];
	uint64_t issued_ms; /* wall clock */
	bool host;
	bool knock;
};

/** sig_ticket_seal() - @out: SIG_TICKET_LEN characters and a NUL. */
void sig_ticket_seal(const struct sig_ticket *t, const uint8_t *key, char out[SIG_TICKET_LEN + 1]);

/** sig_ticket_open() - Return: 0; -EINVAL: not one of ours. */
int sig_ticket_open(struct sig_str text, const uint8_t *key, struct sig_ticket *out) MUST_CHECK;

#endif
