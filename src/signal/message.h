/* From JSON to a typed and checked message. Everything that points, points into the parsed text. */
#ifndef PARLEY_SIGNAL_MESSAGE_H
#define PARLEY_SIGNAL_MESSAGE_H

#include "signal/json.h"
#include "signal/signal.h"

/* Codes of `error`; see docs/protocol.md. 0 is success, below 0 our own failure. */
enum sig_error {
	SIG_E_BAD_JSON = 1,
	SIG_E_BAD_TYPE,
	SIG_E_BAD_FIELD,
	SIG_E_BAD_STATE,
	SIG_E_BAD_SDP,
	SIG_E_BAD_CANDIDATE,
	SIG_E_BAD_NAME,
	SIG_E_ROOM_UNKNOWN,
	SIG_E_ROOM_FULL,
	SIG_E_ROOMS_FULL,
	SIG_E_MEMBERS_ONLY,
	SIG_E_ROOM_LOCKED,
	SIG_E_PASSWORD_NEEDED,
	SIG_E_NOT_HOST,
	SIG_E_NO_PARTICIPANT,
	SIG_E_TOO_MANY,
	SIG_E_SESSION_UNKNOWN,
	SIG_E_SERVER_FULL,
	SIG_E_INTERNAL,
	SIG_E_COUNT,
};

enum sig_type {
	SIG_T_SIGNAL,
	SIG_T_ACK,
	SIG_T_PING,
	SIG_T_MEDIA,
	SIG_T_ICE,
	SIG_T_HELLO,
	SIG_T_JOIN,
	SIG_T_LEAVE,
	SIG_T_ADMIT,
	SIG_T_REFUSE,
	SIG_T_ROOM_UPDATE,
	SIG_T_REMOVE,
	SIG_T_MAKE_HOST,
	SIG_T_END,
	SIG_T_CLOSING,
	SIG_T_COUNT,
};

enum sig_kind { SIG_K_OFFER, SIG_K_ANSWER, SIG_K_ROLLBACK, SIG_K_CANDIDATE, SIG_K_END };

#define SIG_NAME_MAX_CHARS 40
#define SIG_NAME_MAX_BYTES 160

struct sig_media {
	bool audio;
	bool video;
};

struct sig_msg_hello {
	bool resume;
	bool fresh;
	struct sig_str session;
	struct sig_str token;
	uint64_t last_seq;
};

struct sig_msg_join {
	char room[SIGNAL_ROOM_ID_LEN + 1];
	struct sig_str name;   /* trimmed and checked */
	struct sig_str offer;  /* p NULL: none */
	struct sig_str ticket; /* p NULL: none */
	struct sig_str pass;   /* p NULL: none */
	struct sig_media media;
};

/* What is to change at the door of a room; -1: nothing. At least one is not. */
struct sig_msg_door {
	int knock;
	int locked;
};

struct sig_msg_signal {
	struct sig_str to; /* p NULL: none */
	enum sig_kind kind;
	struct sig_str sdp;
	struct sig_str candidate;
	struct sig_str mid;   /* p NULL: null */
	struct sig_str ufrag; /* p NULL: none */
	int line;             /* sdpMLineIndex; -1: null */
};

struct sig_msg {
	enum sig_type type;
	uint64_t id;       /* 0: none */
	uint64_t ack;      /* 0: none */
	const char *field; /* what is wrong, with SIG_E_BAD_*; else NULL */
	union {
		struct sig_msg_hello hello;
		struct sig_msg_join join;
		struct sig_msg_signal signal;
		struct sig_str participant; /* admit, refuse, remove, make_host */
		struct sig_msg_door door;   /* room.update */
		struct sig_media media;
	};
};

/** sig_msg_id() - @m->id, where the message has a good one. First, so that every error can name it. Return:
 * 0; SIG_E_*. */
int sig_msg_id(const struct sig_json *doc, struct sig_msg *m) MUST_CHECK;

/** sig_msg_type() - @m->type. Return: 0; SIG_E_*. */
int sig_msg_type(const struct sig_json *doc, struct sig_msg *m) MUST_CHECK;

/** sig_msg_ack() - @m->ack. Return: 0; SIG_E_*. */
int sig_msg_ack(const struct sig_json *doc, struct sig_msg *m) MUST_CHECK;

/** sig_msg_body() - the fields of @m->type. Return: 0; SIG_E_*. */
int sig_msg_body(const struct sig_json *doc, struct sig_msg *m, size_t sdp_bytes) MUST_CHECK;

#endif
