/*
 * WebSocket frames (RFC 6455 §5), server side, without I/O: bytes from the peer become whole messages and
 * control frames; payloads become frames.
 *
 * wslay's frame API does the reading and writing. Its contexts (4 KiB each, with the frame's state and a
 * read-ahead inside) belong to a pool and are lent to a connection only while a frame of it is in flight.
 * Thread: the owner's.
 */
#ifndef PARLEY_HTTP_WS_CODEC_H
#define PARLEY_HTTP_WS_CODEC_H

#include "base/buf.h"

#include <stdbool.h>

#define WS_CONTROL_MAX   125  /* RFC 6455 §5.5 */
#define WS_FRAGMENTS_MAX 1024 /* of one message; empty ones would otherwise cost nothing */

enum ws_opcode {
	WS_CONTINUATION = 0x0,
	WS_TEXT = 0x1,
	WS_BINARY = 0x2,
	WS_CLOSE = 0x8,
	WS_PING = 0x9,
	WS_PONG = 0xa
};

/* Close codes used here (RFC 6455 §7.4.1 and the IANA registry). */
enum ws_code {
	WS_CODE_NORMAL = 1000,
	WS_CODE_GOING_AWAY = 1001,
	WS_CODE_PROTOCOL = 1002,
	WS_CODE_UNSUPPORTED = 1003,
	WS_CODE_NONE = 1005,
	WS_CODE_ABNORMAL = 1006,
	WS_CODE_BAD_TEXT = 1007,
	WS_CODE_POLICY = 1008,
	WS_CODE_TOO_BIG = 1009,
	WS_CODE_INTERNAL = 1011,
	WS_CODE_TRY_LATER = 1013,
};

struct ws_codec_pool;
struct ws_lent;

/* One connection's side of it: nothing but this while no frame and no message is under way. */
struct ws_codec {
	struct ws_lent *lent; /* while a frame is in flight */
	struct buf message;   /* a message's earlier parts; its maximum is the message limit */
	uint16_t fragments;   /* of the present message; 0: none is under way */
};

/* Each returns 0; a close code, which ends the feeding; or -ENOMEM. */
struct ws_codec_sink {
	/* A whole text message, valid UTF-8; @data is valid during the call. */
	int (*message)(void *arg, const uint8_t *data, size_t n);
	/* WS_PING, WS_PONG, or WS_CLOSE, whose payload has been checked. */
	int (*control)(void *arg, enum ws_opcode opcode, const uint8_t *data, size_t n);
};

/** ws_codec_pool_new() - Return: NULL if out of memory. */
struct ws_codec_pool *ws_codec_pool_new(void) MUST_CHECK;

/** ws_codec_pool_free() - asserts that every context is back. NULL-safe. */
struct ws_codec_pool *ws_codec_pool_free(struct ws_codec_pool *pool);

/** ws_codec_init() - @message_max: bytes of the longest message. */
void ws_codec_init(struct ws_codec *c, size_t message_max);

/** ws_codec_deinit() - gives everything back to @pool. */
void ws_codec_deinit(struct ws_codec *c, struct ws_codec_pool *pool);

/**
 * ws_codec_feed() - bytes from the peer; not again after it has returned other than 0
 * A callback must not feed a codec of the same pool. It may compose frames.
 * Return: 0; >0: the close code to fail the connection with; -ENOMEM.
 */
int ws_codec_feed(struct ws_codec *c, struct ws_codec_pool *pool, const uint8_t *data, size_t n,
		  const struct ws_codec_sink *sink, void *arg) MUST_CHECK;

/** ws_codec_busy() - part of a frame or of a message has arrived. */
bool ws_codec_busy(const struct ws_codec *c);

/**
 * ws_codec_compose() - a whole, unmasked frame in @pool's buffer, valid until the next call
 * Return: 0, with *@frame; -ENOMEM.
 */
int ws_codec_compose(struct ws_codec_pool *pool, enum ws_opcode opcode, const void *data, size_t n,
		     const struct buf **frame) MUST_CHECK;

/** ws_code_valid() - may this code be in a close frame (RFC 6455 §7.4)? */
bool ws_code_valid(unsigned code);

/** ws_close_code() - the code in a checked close payload; WS_CODE_NONE if it is empty. */
int ws_close_code(const uint8_t *data, size_t n);

#endif
