/*
 * The state of the signalling core, shared by its own files and its tests and by nobody else.
 *
 * A conn is a WebSocket; a session is a client, which outlives its conns; the participant is the part of a
 * session that a room sees. Owners: struct signal owns rooms and sessions, the caller of signal_open() owns
 * conns. A session and its conn point to each other; either may be without the other.
 */
#ifndef PARLEY_SIGNAL_CORE_H
#define PARLEY_SIGNAL_CORE_H

#include "base/bucket.h"
#include "base/list.h"
#include "base/map.h"
#include "base/wheel.h"
#include "signal/door.h"
#include "signal/held.h"
#include "signal/message.h"
#include "signal/out.h"
#include "signal/replay.h"
#include "signal/signal.h"
#include "signal/ticket.h"

#define SIG_TOKEN_BYTES    32
#define SIG_TOKEN_LEN      43
#define SIG_SESSION_ID_LEN 16

#define SIG_CLOSE_LEFT       1000
#define SIG_CLOSE_POLICY     1008
#define SIG_CLOSE_FULL       1013
#define SIG_CLOSE_NO_HELLO   4000
#define SIG_CLOSE_REPLACED   4001
#define SIG_CLOSE_SIGNED_OUT 4002

struct signal {
	struct signal_limits limits;
	const struct signal_ops *ops;
	void *arg;
	rand_fn rand;
	void *rand_arg;
	uint8_t ticket_key[SIGNAL_TICKET_KEY_BYTES];
	uint8_t pass_key[SIGNAL_TICKET_KEY_BYTES];
	uint8_t start_id[SIG_START_ID_BYTES];
	char *version;
	bool knock;
	struct signal_time start;
	struct signal_time now; /* of the call that is being served */
	struct wheel wheel;
	struct map rooms;              /* by id */
	struct map sessions;           /* by id */
	struct list idle_away;         /* sessions without conn and room, the longest so first */
	struct list unused;            /* rooms that nobody has entered yet, the oldest first */
	struct list accounts_conns;    /* conns of accounts */
	struct list accounts_sessions; /* sessions of accounts */
	struct bucket_table *knockers; /* by address prefix */
	uint64_t next_order;
	struct sig_json doc; /* the message being served */
	struct buf scratch;  /* its decoded strings */
	struct buf out_buf;  /* the message being written */
	struct sig_out out;
	struct signal_stats stats;
};

struct signal_conn {
	struct signal *s;
	void *user;
	struct sig_session *session; /* NULL before hello, and after being replaced */
	struct wheel_timer hello_timer;
	struct addr peer;
	struct signal_identity who; /* account "": a guest */
	struct list of_accounts;    /* in signal.accounts_conns if @who is an account */
	uint32_t bad_messages;
	bool closing; /* close() has been asked for: nothing goes out, nothing counts that comes in */
};

enum sig_state { SIG_IDLE, SIG_WAITING, SIG_IN };

/* A member's came_by, for all who owe their place to no ticket of an earlier start. */
#define SIG_CAME_OTHERWISE UINT64_MAX

enum sig_leave { SIG_LEFT, SIG_TIMEOUT, SIG_REMOVED };

struct sig_session {
	struct map_node node;
	struct signal *s;
	struct signal_conn *conn; /* NULL: away */
	struct list idle_away;    /* in signal.idle_away if without conn and room */
	struct wheel_timer gone_timer;
	uint64_t last_id; /* of the client's messages, processed */
	uint64_t seq;     /* of the last message to the client */
	struct sig_replay replay;
	uint8_t token[SIG_TOKEN_BYTES];
	struct addr addr;           /* of the last conn */
	struct signal_identity who; /* likewise; the account never changes */
	struct list of_accounts;    /* in signal.accounts_sessions if @who is an account */
	char id[SIG_SESSION_ID_LEN + 1];
	bool closing; /* the page has said that it is going away; gone_timer runs */

	/* As a participant. Without a room there is no name and nothing held. */
	enum sig_state state;
	struct sig_room *room; /* if state is not SIG_IDLE */
	struct list in_room;   /* in room.members or room.waiting */
	struct wheel_timer knock_timer;
	uint64_t order; /* who came first */
	char *name;
	struct sig_held *held;
	char pid[SIGNAL_PARTICIPANT_ID_LEN + 1];
	struct sig_media media;
	bool rejoined;     /* by ticket */
	bool announced;    /* waiting, and the present host has been told */
	uint64_t came_by;  /* the generation of the ticket that let this member in, or who let them in */
	uint64_t again_ms; /* monotonic: when to knock at refused_at again */
	char refused_at[SIGNAL_ROOM_ID_LEN + 1];
};

struct sig_room {
	struct map_node node;
	struct signal *s;
	struct list members; /* by order */
	struct list waiting; /* by order */
	uint32_t n_members;
	uint32_t n_waiting;
	struct sig_session *host; /* NULL if and only if there are no members */
	uint64_t host_since_ms;   /* wall clock; 0: stands in until a host's ticket comes */
	struct wheel_timer empty_timer;
	char id[SIGNAL_ROOM_ID_LEN + 1];
	char first_host[SIGNAL_PARTICIPANT_ID_LEN + 1]; /* "": none, or barred */
	bool knock, locked;
	uint64_t locked_as_of_ms;   /* wall clock, of the newest word on @locked: a host's, or a ticket's */
	struct list unused;         /* in signal.unused until somebody enters */
	uint64_t generation;        /* goes up when a member leaves for good */
	uint64_t ticket_generation; /* the highest of a ticket of an earlier start that has let somebody in */
	struct bucket knocks;
	uint64_t since_ms;           /* wall clock: when the first of the members came; 0: there are none */
	struct sig_removed *removed; /* NULL: nobody has been */

	/* A room that lasts. Until the owner is known its door is not, and only tickets open it. */
	bool lasting;
	bool guests, password;
	uint64_t pass_generation; /* random, drawn anew with the password */
	char *name;               /* NULL: not known, or it does not last */
	char owner[SIGNAL_ACCOUNT_LEN + 1];
	/* The owner's word; what another host says of @knock and @locked ends with the call. */
	bool kept_knock, kept_locked;
};

/* What a ticket is good for. */
enum sig_pass_kind {
	SIG_PASS_NONE,
	SIG_PASS_REJOIN,     /* of an earlier start: in, under the same id */
	SIG_PASS_SEAT,       /* of this start: the seat of a session that nobody uses */
	SIG_PASS_FIRST_HOST, /* of this start: in, as host */
};

struct sig_pass {
	enum sig_pass_kind kind;
	bool first_host;          /* of this start, and its holder has the first host's right */
	struct sig_session *seat; /* SIG_PASS_SEAT */
	struct sig_ticket ticket;
};

#define SIG_SESSION_OF(list_node) LIST_ENTRY(list_node, struct sig_session, in_room)

/* conn.c */
void sig_conn_close(struct signal_conn *c, int code, const char *reason);
void sig_conn_error(struct signal_conn *c, const struct sig_msg *m, int code);

/* dispatch.c */
void sig_dispatch(struct signal_conn *c, const char *data, size_t n);

static inline bool sig_is_owner(const struct sig_room *r, const struct sig_session *ss)
{
	return r->owner[0] && strcmp(r->owner, ss->who.account) == 0;
}

/* Whether @ss, who is in, may do what only hosts may. */
static inline bool sig_acts_as_host(const struct sig_session *ss)
{
	return ss->room->host == ss || sig_is_owner(ss->room, ss);
}

/* join.c */
int sig_on_join(struct sig_session *ss, struct sig_msg *m) MUST_CHECK;

/* handlers.c: each returns 0; SIG_E_*; or, our own failure, -errno */
int sig_on_leave(struct sig_session *ss, struct sig_msg *m) MUST_CHECK;
int sig_on_signal(struct sig_session *ss, struct sig_msg *m) MUST_CHECK;
int sig_on_media(struct sig_session *ss, struct sig_msg *m) MUST_CHECK;
int sig_on_ice(struct sig_session *ss, struct sig_msg *m) MUST_CHECK;
int sig_on_ping(struct sig_session *ss, struct sig_msg *m) MUST_CHECK;
int sig_hold_offer(struct signal *s, struct sig_str sdp, struct sig_held **out) MUST_CHECK;

/* hosting.c: likewise */
int sig_on_admit(struct sig_session *ss, struct sig_msg *m) MUST_CHECK;
int sig_on_refuse(struct sig_session *ss, struct sig_msg *m) MUST_CHECK;
int sig_on_room_update(struct sig_session *ss, struct sig_msg *m) MUST_CHECK;
int sig_on_remove(struct sig_session *ss, struct sig_msg *m) MUST_CHECK;
int sig_on_make_host(struct sig_session *ss, struct sig_msg *m) MUST_CHECK;
int sig_on_end(struct sig_session *ss, struct sig_msg *m) MUST_CHECK;

/* session.c */
int sig_on_closing(struct sig_session *ss, struct sig_msg *m) MUST_CHECK;
int sig_on_hello(struct signal_conn *c, const struct sig_msg *m) MUST_CHECK;
void sig_session_lost_conn(struct sig_session *ss);

/** sig_tell_left() - the owner learns that @ss is in no room any more. */
void sig_tell_left(struct sig_session *ss);
void sig_session_heard(struct sig_session *ss);
void sig_session_idle(struct sig_session *ss);
struct sig_session *sig_session_free(struct sig_session *ss);

/* rooms.c */
int sig_room_new(struct signal *s, const char *id, bool knock, struct sig_room **out) MUST_CHECK;
struct sig_room *sig_room_free(struct sig_room *r);
struct sig_room *sig_room_find(const struct signal *s, const char *id);

/* room.c */
struct sig_session *sig_room_member(const struct sig_room *r, struct sig_str pid);
struct sig_session *sig_room_waiting(const struct sig_room *r, struct sig_str pid);
bool sig_room_full(const struct sig_room *r);
void sig_room_knock(struct sig_room *r, struct sig_session *ss, uint64_t re);
void sig_room_enter(struct sig_room *r, struct sig_session *ss, const struct sig_pass *pass, uint64_t re);
void sig_room_refuse(struct sig_session *ss, bool by_host);
void sig_room_leave(struct sig_session *ss, enum sig_leave reason);
struct sig_session *sig_room_only_other(const struct sig_room *r, const struct sig_session *ss);

/** sig_room_make_host() - @ss, a member, is host from now on, and all are told. */
void sig_room_make_host(struct sig_room *r, struct sig_session *ss);

/** sig_room_owner_hosts() - the owner, if in, is host, and all are told. */
void sig_room_owner_hosts(struct sig_room *r);

/** sig_room_dismiss() - everybody is out, told by `ended`. @by: whose message @re asked for it; may be NULL.
 */
void sig_room_dismiss(struct sig_room *r, const struct sig_session *by, uint64_t re, const char *why);

/* room.c, for seat.c */
void sig_room_wait(struct sig_room *r, struct sig_session *ss);
void sig_room_announce(struct sig_room *r);
void sig_room_forget_announced(struct sig_room *r);
void sig_room_host_back(struct sig_room *r, bool snapshot);
void sig_room_succeed_host(struct sig_room *r);
void sig_room_tell_host(struct sig_room *r);
bool sig_room_outranks(const struct sig_session *ss, const struct sig_session *host,
		       const struct sig_pass *pass);

/* seat.c */
/** sig_seat_take_over() - @ss, in no room so far, takes @pass->seat. */
void sig_seat_take_over(const struct sig_pass *pass, struct sig_session *ss, uint64_t re);
uint32_t sig_seats_kept(const struct sig_room *r, const struct sig_ticket *t);
void sig_seats_review(struct sig_room *r, const struct sig_ticket *t);
void sig_seats_review_lock(struct sig_room *r, const struct sig_ticket *t);

/* send.c: begin a message, append with sig_out_*(), end it; one at a time */
struct sig_out *sig_begin(struct sig_session *to, const char *type, uint64_t re);
void sig_end(struct sig_session *to);
struct sig_out *sig_begin_head(struct signal *s, const char *type, uint64_t seq, uint64_t ack, uint64_t re);
void sig_transmit(struct signal_conn *c);

/* notify.c */
void sig_out_signal_body(struct sig_out *o, const struct sig_msg_signal *m);
int sig_out_ice(struct signal *s, struct sig_out *o, const char *pid);
void sig_send_participant(struct sig_session *to, const char *type, const struct sig_session *about);
void sig_send_joined(struct sig_session *to, uint64_t re, bool snapshot, const struct sig_session *offering);
void sig_send_peer_joined(struct sig_session *to, const struct sig_session *peer, bool with_offer);
void sig_send_held_offer(struct sig_session *to, const struct sig_session *from);
void sig_send_held(struct sig_session *to, const struct sig_session *from);
void sig_send_waiting(struct sig_session *to, uint64_t re);
void sig_send_readmission(struct sig_session *to);
void sig_send_knock(struct sig_session *to, const struct sig_session *who);
void sig_send_knock_gone(struct sig_session *to, const struct sig_session *who, const char *reason);
void sig_send_peer_left(struct sig_session *to, const struct sig_session *who, enum sig_leave reason);
void sig_send_away(struct sig_session *to, const struct sig_session *who);
void sig_send_taken_over(struct sig_session *to, const struct sig_session *who);
void sig_send_peer_back(struct sig_session *to, const struct sig_session *who, bool fresh);
void sig_send_peer_media(struct sig_session *to, const struct sig_session *who);

/* How somebody came to be in no room any more: `refused`, `removed`, `ended`. */
struct sig_dismissal {
	const char *type, *room, *reason; /* no reason: NULL */
	uint64_t re;
};
void sig_send_out(struct sig_session *to, const struct sig_dismissal *why);
void sig_send_room_updated(struct sig_session *to, uint64_t re);
void sig_send_ticket(struct sig_session *to);
void sig_send_host(struct sig_session *to, const struct sig_session *host);
void sig_send_snapshot(struct sig_session *to);

#endif
