/*
 * Inside of the WebSocket codec: what its connections share. Thread: the owner's.
 */
#ifndef PARLEY_HTTP_WS_POOL_H
#define PARLEY_HTTP_WS_POOL_H

#include "http/ws_codec.h"

#include <wslay/wslay.h>

#define WS_HEADER_MAX    14 /* bytes of a frame header (RFC 6455 §5.2) */
#define WS_SCRATCH_BYTES 65536

/* A wslay context, and what we know about where it stands. */
struct ws_lent {
	wslay_frame_context_ptr ctx;
	struct ws_lent *next_free;
	const uint8_t *from; /* what wslay may take yet */
	size_t left;
	uint8_t last[WS_HEADER_MAX]; /* of what it has taken, right-aligned */
	size_t ahead;                /* taken, not yet accounted to a frame */
	uint64_t payload_left;       /* of the frame under way */
	bool in_payload;
	uint8_t control_len;
	uint8_t control[WS_CONTROL_MAX];
};

struct ws_codec_pool {
	struct ws_lent *free;
	size_t n_free;
	size_t n_lent;
	wslay_frame_context_ptr out_ctx;
	struct buf out;
	size_t scratch_len;
	bool feeding;
	uint8_t scratch[WS_SCRATCH_BYTES];
};

/** ws_pool_lend() - Return: NULL if out of memory. */
struct ws_lent *ws_pool_lend(struct ws_codec_pool *pool) MUST_CHECK;

/** ws_pool_give_back() - @clean: between two frames; otherwise its state is worth nothing to anybody. */
void ws_pool_give_back(struct ws_codec_pool *pool, struct ws_lent *l, bool clean);

#endif
