/*
 * Inside of the WebSocket codec: what its connections share. Thread: the owner's.
 */
#ifndef PARLEY_HTTP_WS_POOL_H
#define PARLEY_HTTP_WS_POOL_H

#include "http/ws_codec.h"

#include <wslay/wslay.h>

#define WS_HEADER_MAX    14 /* bytes of a frame header (RFC 6455 §5.2) */
#define WS_SCRATCH_BYTES 65536

/* A wslay context with the frame it is reading. All zero but for ctx between two frames. */
struct ws_lent {
	wslay_frame_context_ptr ctx;
	struct ws_lent *next_free;
	const uint8_t *from; /* what wslay may take yet */
	size_t left;
	uint64_t unread;  /* payload wslay has not been given */
	uint64_t unheard; /* payload wslay has not given back */
	uint8_t header[WS_HEADER_MAX];
	uint8_t header_len; /* of it is here */
	bool header_given;
	bool begun; /* its header has been judged */
	uint8_t mask_at;
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

/** ws_length_bytes() - how many bytes of length follow the second byte of a header. */
static inline size_t ws_length_bytes(uint8_t second)
{
	uint8_t len7 = second & 0x7f;
	return len7 == 126 ? 2 : len7 == 127 ? 8 : 0;
}

/** ws_lent_end_frame() - the next byte belongs to another frame. */
void ws_lent_end_frame(struct ws_lent *l);

/** ws_pool_lend() - Return: NULL if out of memory. */
struct ws_lent *ws_pool_lend(struct ws_codec_pool *pool) MUST_CHECK;

/** ws_pool_give_back() - @clean: between two frames; otherwise its state is worth nothing to anybody. */
void ws_pool_give_back(struct ws_codec_pool *pool, struct ws_lent *l, bool clean);

#endif
