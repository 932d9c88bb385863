/* Tickets by which the members of a room find their way back: to their seat, or after a restart of the
 * server. */
#ifndef PARLEY_SIGNAL_TICKET_H
#define PARLEY_SIGNAL_TICKET_H

#include "signal/message.h"

#define SIG_START_ID_BYTES 16
#define SIG_TICKET_LEN_MAX 354 /* of those we issue; docs/protocol.md promises at most 512 */

struct sig_ticket {
	uint8_t start[SIG_START_ID_BYTES]; /* of the server that issued it */
	char room[SIGNAL_ROOM_ID_LEN + 1];
	char participant[SIGNAL_PARTICIPANT_ID_LEN + 1];
	char name[SIG_NAME_MAX_BYTES + 1];
	uint64_t issued_ms;  /* wall clock */
	uint64_t generation; /* of the room: how many members have left it for good */
	bool host;
	bool knock;
	bool first_host; /* the room's first host */
	bool locked;
	bool lasting; /* a room with an owner */
};

/** sig_ticket_seal() - @account: for whom it is to count; "": for whoever brings it. @out: the ticket and a
 * NUL. Return: its length. */
size_t sig_ticket_seal(const struct sig_ticket *t, const uint8_t *key, const char *account,
		       char out[SIG_TICKET_LEN_MAX + 1]);

/** sig_ticket_open() - @account: who brings it; "": a guest. Return: 0; -EINVAL: not one of ours, or not for
 * them. */
int sig_ticket_open(struct sig_str text, const uint8_t *key, const char *account,
		    struct sig_ticket *out) MUST_CHECK;

#endif
