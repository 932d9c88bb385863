/*
 * Signalling without I/O: rooms, participants, sessions, resume and consent. docs/protocol.md is the
 * contract.
 *
 * Bytes and events go in together with the time; messages come out through signal_ops. Reads no clock, makes
 * no system call, holds no global, so that every state can be tested by a script and fuzzed without a
 * network. Everything that a peer can make grow has a limit in struct signal_limits. Thread: one at a time
 * (the control loop).
 */
#ifndef PARLEY_SIGNAL_SIGNAL_H
#define PARLEY_SIGNAL_SIGNAL_H

#include "base/addr.h"
#include "base/buf.h"
#include "base/rand.h"

#include <stdbool.h>

struct signal;
struct signal_conn; /* one WebSocket, as signalling sees it */

#define SIGNAL_ROOM_ID_LEN        23 /* "xxxxx-xxxxx-xxxxx-xxxxx" */
#define SIGNAL_PARTICIPANT_ID_LEN 16
#define SIGNAL_ACCOUNT_LEN        16
#define SIGNAL_TICKET_KEY_BYTES   32

struct signal_time {
	uint64_t mono_ms;
	uint64_t wall_ms;
};

struct signal_limits {
	uint32_t hello_ms;
	uint32_t resume_ms;
	uint32_t reload_ms;
	uint32_t knock_ms;
	uint32_t rejoin_ms; /* from the start of the server */
	uint32_t room_empty_ms;
	uint32_t room_unused_ms; /* the same for a room that nobody has entered yet */
	uint32_t sessions;
	uint32_t rooms;
	uint32_t max_participants;
	uint32_t waiting_per_room;
	uint32_t knocks_per_min; /* per address prefix; per room, too */
	uint32_t knock_again_ms; /* after a refusal */
	uint32_t held_candidates;
	uint32_t bad_messages;
	size_t sdp_bytes;
	size_t replay_bytes;     /* per session */
	size_t message_bytes;    /* told to clients; the socket enforces it */
	uint32_t messages_per_s; /* likewise */
};

/* What the core asks of its owner. None may call back into the core, signal_closed() included. */
struct signal_ops {
	/* Send one text message. The core does not learn whether it arrives: it is kept for resume. */
	void (*send)(void *arg, void *user, const char *json, size_t n);
	/* Close the connection with a WebSocket code. signal_closed() must follow, but not from within; no
	 * send() after it. */
	void (*close)(void *arg, void *user, int code, const char *reason);
	/* Append the JSON array for `ice_servers` for this participant and set for how long it is good.
	 * Return: 0; -errno. */
	int (*ice_servers)(void *arg, const char *participant, struct signal_time now, struct buf *json,
			   uint32_t *expires_s);
	/* A ticket has brought back a room that lasts and that signal_room_load() has not spoken of since the
	 * start: load it, or where there is none any more, end it. May be NULL. */
	void (*room_made)(void *arg, const char *room);
	/* The owner of a room that lasts, who is in, has changed its door: keep it. May be NULL. */
	void (*room_changed)(void *arg, const char *room, bool knock, bool locked);
	/* @participant has left its room, was refused, or is gone: what was given out in its name is void.
	 * May be NULL. */
	void (*left)(void *arg, const char *participant);
};

struct signal_params {
	struct signal_limits limits;
	const struct signal_ops *ops;
	void *arg;
	rand_fn rand;
	void *rand_arg;
	const uint8_t *ticket_key; /* SIGNAL_TICKET_KEY_BYTES, kept over restarts; copied */
	const char *version;       /* told in `welcome`; copied */
	bool knock;                /* default of new rooms */
	struct signal_time now;    /* the start of the server */
};

/** signal_new() - Return: 0; -ENOMEM. */
int signal_new(const struct signal_params *p, struct signal **out) MUST_CHECK;

/** signal_free() - drops all state; every signal_conn must have been given back by signal_closed() before.
 * NULL-safe. */
struct signal *signal_free(struct signal *s);

/** signal_room_create() - a new, empty room; at limits.rooms the oldest that nobody has entered gives way.
 * @knock: -1 the default, 0, 1. Return: 0; -ENOSPC: limits.rooms, all of them have been entered; -ENOMEM;
 * -EEXIST: broken randomness. */
int signal_room_create(struct signal *s, int knock, struct signal_time now,
		       char id[SIGNAL_ROOM_ID_LEN + 1]) MUST_CHECK;

/** signal_open() - a WebSocket is there. @user: passed to the ops; @peer: copied. Return: 0; -ENOMEM. */
int signal_open(struct signal *s, void *user, const struct addr *peer, struct signal_time now,
		struct signal_conn **out) MUST_CHECK;

/* Who is signed in behind a connection. */
struct signal_identity {
	char account[SIGNAL_ACCOUNT_LEN + 1];
	char login[SIGNAL_ACCOUNT_LEN + 1]; /* the session of the web's, see signal_sign_out() */
};

/** signal_identify() - @c belongs to an account; before its first message. Without this it is a guest's. A
 * signalling session is resumed only by the account that it began with, or by a guest where there was none.
 */
void signal_identify(struct signal_conn *c, const struct signal_identity *who);

/**
 * signal_sign_out() - end every signalling session of @account that began under @login (NULL: under any;
 * @keep, if not NULL, stays): its participant leaves, its connection is closed with 4002, its token is void.
 */
void signal_sign_out(struct signal *s, const char *account, const char *login, const char *keep,
		     struct signal_time now);

typedef void (*signal_identity_fn)(void *arg, const struct signal_identity *who);

/** signal_identities() - who of accounts is here, for each session and for each connection that has none yet;
 * the same may come more than once. @fn does not call the core. */
void signal_identities(const struct signal *s, signal_identity_fn fn, void *arg);

/* ---- rooms that last (docs/protocol.md, Rooms with an owner) ---- */

struct signal_room_info {
	const char *id;    /* canonical */
	const char *owner; /* account */
	const char *name;
	bool knock, locked, guests, password;
	bool new_password; /* passes given before are void */
};

/** signal_room_load() - have the room there, or change the one that is; its members are told. All of @info is
 * copied; @info->id is canonical. Return: 0; -ENOSPC: limits.rooms; -ENOMEM. */
int signal_room_load(struct signal *s, const struct signal_room_info *info,
		     struct signal_time now) MUST_CHECK;

struct signal_room_view {
	char id[SIGNAL_ROOM_ID_LEN + 1];
	char owner[SIGNAL_ACCOUNT_LEN + 1]; /* "": a room that does not last */
	const char *name; /* "" likewise; valid during the call, or until the core is called again */
	bool knock, locked, guests, password;
	uint32_t members, waiting;
	uint64_t since_ms; /* wall clock: when the first of those who are in now came; 0: nobody is */
};

/** signal_room_view() - Return: whether there is such a room. */
bool signal_room_view(const struct signal *s, const char *id, struct signal_room_view *out);
typedef void (*signal_room_fn)(void *arg, const struct signal_room_view *room);
void signal_rooms(const struct signal *s, signal_room_fn fn, void *arg);

enum signal_end { SIGNAL_END_ADMIN, SIGNAL_END_DELETED };

/** signal_room_end() - everybody is out, and the room is gone from here. Return: 0; -ENOENT. */
int signal_room_end(struct signal *s, const char *id, enum signal_end why, struct signal_time now) MUST_CHECK;

/** signal_room_id() - a new one that no room here has. Return: 0; -EEXIST: broken randomness. */
int signal_room_id(struct signal *s, char id[SIGNAL_ROOM_ID_LEN + 1]) MUST_CHECK;

/** signal_room_id_parse() - as people type it, into the canonical form. Return: 0; -EINVAL. */
int signal_room_id_parse(const char *text, char id[SIGNAL_ROOM_ID_LEN + 1]) MUST_CHECK;

#define SIGNAL_PASS_LEN 128

/**
 * signal_pass() - proof for `join.pass` that its holder knew the room's password
 *
 * Good for ten minutes, until the password changes or the room is no longer here. The room must be: after
 * signal_room_load(); for any other @room it proves nothing.
 */
void signal_pass(const struct signal *s, const char *room, struct signal_time now,
		 char pass[SIGNAL_PASS_LEN]);

/** signal_input() - one text message from the client: anything at all. */
void signal_input(struct signal_conn *c, const char *data, size_t n, struct signal_time now);

/** signal_closed() - the WebSocket is gone, whoever closed it. Frees @c. */
void signal_closed(struct signal_conn *c, struct signal_time now);

/** signal_tick() - do what is due. */
void signal_tick(struct signal *s, struct signal_time now);

/** signal_next_ms() - monotonic time at which signal_tick() wants to be called; UINT64_MAX: nothing is due.
 */
uint64_t signal_next_ms(const struct signal *s);

/* Counters, for /healthz and tests. */
struct signal_stats {
	uint64_t rooms, sessions, conns;                     /* now */
	uint64_t messages_in, messages_out, errors, resumes; /* since the start */
	uint64_t failures;                                   /* our own: out of memory, ice_servers() */
};
void signal_get_stats(const struct signal *s, struct signal_stats *out);

#endif
