/*
 * For the tests and the fuzzer of the signalling core: clients on a core whose clock and randomness are the
 * test's.
 *
 * Every message that comes out is parsed by another JSON library than our own and checked for what all
 * messages must keep to (numbers without holes, an answer to something that was asked); after every step the
 * core's invariants are walked. A violation aborts the process.
 */
#ifndef PARLEY_SIGNAL_TESTKIT_H
#define PARLEY_SIGNAL_TESTKIT_H

#include "signal/core.h"

#include <jansson.h>

#define KIT_CLIENTS 8
#define KIT_INBOX   512

/* One browser tab, over as many connections as it takes. */
struct kit_client {
	struct kit *kit;
	struct signal_conn *conn;
	json_t *inbox[KIT_INBOX];
	size_t head, tail;
	int close_code; /* 0: open */
	char session[32];
	char token[64];
	char pid[32];
	char ticket[520];
	json_int_t seq; /* last received */
	json_int_t next_id;
	struct addr addr;
	struct signal_identity who; /* of connections from now on; account "": a guest */
};

struct kit {
	struct signal *s;
	struct signal_time now;
	struct kit_client c[KIT_CLIENTS];
	char room[SIGNAL_ROOM_ID_LEN + 1];
	uint64_t rand_state;
	unsigned made, changed;     /* how often the ops room_made and room_changed were called */
	bool knock_now, locked_now; /* what room_changed said last */
	int ice_rc;                 /* what the ice_servers op returns */
	bool quiet;                 /* the core may be out of memory: lost messages are no fault */
	bool loose;                 /* clients may speak without a connection: nobody hears them */
};

/** kit_limits() - the defaults of docs/protocol.md. */
struct signal_limits kit_limits(void);

/** kit_init() - a core with one room. @knock: of that room. */
void kit_init(struct kit *k, const struct signal_limits *limits, bool knock);
void kit_deinit(struct kit *k);

/** kit_load() - the kit's room lasts, as @info says; its id is filled in. */
void kit_load(struct kit *k, struct signal_room_info info);

/** kit_restart() - the server is killed and started again: every connection breaks, all state is lost. */
void kit_restart(struct kit *k);

/** kit_advance() - let time pass in small steps, ticking. */
void kit_advance(struct kit *k, uint64_t ms);

/** kit_check() - walk the invariants of the core. */
void kit_check(struct kit *k);

void kit_account(struct kit_client *c, const char *account); /* signed in as */
void kit_open(struct kit_client *c);
void kit_drop(struct kit_client *c); /* the connection breaks */
void kit_raw(struct kit_client *c, const char *json, size_t n);

/** kit_say() - {"type":@type,"id":next@members}; @members begins with a comma. */
void kit_say(struct kit_client *c, const char *type, const char *members, ...) PRINTF_LIKE(3, 4);

/** kit_ask() - kit_say() without further members. */
void kit_ask(struct kit_client *c, const char *type);

/** kit_get() - take the next message; it must be of @type. Valid until the client's inbox has gone round. */
json_t *kit_get(struct kit_client *c, const char *type);

/** kit_next() - take the next message of any type. Return: NULL if there is none. */
json_t *kit_next(struct kit_client *c);

/** kit_none() - there is no message left. */
void kit_none(struct kit_client *c);
void kit_clear(struct kit_client *c);

/** kit_error() - the next message is this error; @field may be NULL. */
void kit_error(struct kit_client *c, const char *code, const char *field);

/** kit_str(), kit_int(), kit_bool() - a member by its path with dots ("peers.0.name"); it must be there. */
const char *kit_str(json_t *m, const char *path);
json_int_t kit_int(json_t *m, const char *path);
bool kit_bool(json_t *m, const char *path);
json_t *kit_at(json_t *m, const char *path); /* NULL if it is not there */

void kit_hello(struct kit_client *c);                     /* open, hello, welcome */
json_t *kit_resume(struct kit_client *c, bool fresh);     /* open, hello with resume; the welcome */
void kit_join(struct kit_client *c, const char *members); /* hello, join, joined */

extern const char kit_sdp[]; /* a short description, as it stands in JSON */
extern const char kit_candidate[];

#endif
