/*
 * Rooms that last: kept for their owner, with a name, a door and perhaps a password. What happens inside a
 * room is signalling's (signal/signal.h); this is what is known of it while nobody is there.
 *
 * Threads and results as in account/account.h.
 */
#ifndef PARLEY_ACCOUNT_ROOM_H
#define PARLEY_ACCOUNT_ROOM_H

#include "account/account.h"

#define ACCOUNT_ROOM_ID_LEN 23

struct account_room {
	char id[ACCOUNT_ROOM_ID_LEN + 1];
	char owner[ACCOUNT_ID_LEN + 1];
	char name[ACCOUNT_NAME_BYTES + 1];
	bool knock, guests, locked, password;
	int64_t created_us, used_us;
};

/* NULL or -1: leave it, or the default of a new one (knock on, guests allowed, not locked, no password). */
struct account_room_change {
	const char *name;
	const char *password; /* "" : none from now on */
	int knock, guests, locked;
};

/** account_room_add() - @id: made by the caller (signal_room_id()). Hashes where there is a password.
 * Return: 0; ACCOUNT_E_FIELD; ACCOUNT_E_TOO_MANY. */
int account_room_add(struct accounts *a, const char *owner, const char *id,
		     const struct account_room_change *in, int64_t now_us, struct account_fault *fault,
		     struct account_room *out) MUST_CHECK;

/** account_room_update() - Return: 0; ACCOUNT_E_UNKNOWN: none of @owner's (NULL: anybody's, for admins and
 * for a host's lock). Hashes where there is a password. */
int account_room_update(struct accounts *a, const char *owner, const char *id,
			const struct account_room_change *in, struct account_fault *fault,
			struct account_room *out) MUST_CHECK;
int account_room_remove(struct accounts *a, const char *owner,
			const char *id) MUST_CHECK; /* ACCOUNT_E_UNKNOWN */

/** account_room_get() - and notes that it is used, at most once an hour. Return: 0; ACCOUNT_E_UNKNOWN. */
int account_room_get(struct accounts *a, const char *id, int64_t now_us, struct account_room *out) MUST_CHECK;

/** account_room_check() - its password. Hashes. Return: 0; ACCOUNT_E_CREDENTIALS; ACCOUNT_E_UNKNOWN. */
int account_room_check(struct accounts *a, const char *id, const char *password) MUST_CHECK;

typedef int (*account_room_fn)(void *arg, const struct account_room *r);
int account_rooms(struct accounts *a, const char *owner, account_room_fn fn, void *arg) MUST_CHECK;

#endif
