/*
 * wslay contexts to lend, the scratch where the parts of a message meet, and the buffer frames are composed
 * in: one of each for all connections of a server, because none of them is needed beyond one read or one
 * write.
 *
 * Invariant: a context in the free list stands between two frames.
 * Thread: the owner's.
 */
#include "http/ws_pool.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define POOL_KEEPS 64    /* free contexts */
#define OUT_KEEPS  65536 /* bytes of the buffer for composed frames */

static void keep_last(struct ws_lent *l, const uint8_t *data, size_t n)
{
	if (n >= WS_HEADER_MAX) {
		memcpy(l->last, data + n - WS_HEADER_MAX, WS_HEADER_MAX);
		return;
	}
	memmove(l->last, l->last + n, WS_HEADER_MAX - n);
	memcpy(l->last + WS_HEADER_MAX - n, data, n);
}

static ssize_t give(uint8_t *out, size_t max, int flags, void *arg)
{
	struct ws_lent *l = arg;
	size_t n = l->left < max ? l->left : max;
	(void)flags;
	if (n == 0)
		return -1;
	memcpy(out, l->from, n);
	keep_last(l, l->from, n);
	l->from += n;
	l->left -= n;
	l->ahead += n;
	return (ssize_t)n;
}

static ssize_t collect(const uint8_t *data, size_t n, int flags, void *arg)
{
	struct ws_codec_pool *pool = arg;
	(void)flags;
	/* Room for the whole frame was reserved. */
	memcpy(buf_tail(&pool->out), data, n);
	buf_commit(&pool->out, n);
	return (ssize_t)n;
}

static struct ws_lent *lent_free(struct ws_lent *l)
{
	wslay_frame_context_free(l->ctx);
	mem_free(l);
	return NULL;
}

static struct ws_lent *lent_new(void)
{
	static const struct wslay_frame_callbacks callbacks = {.recv_callback = give};
	struct ws_lent *l = mem_zalloc(sizeof(*l));
	if (!l)
		return NULL;
	if (wslay_frame_context_init(&l->ctx, &callbacks, l) < 0) {
		mem_free(l);
		return NULL;
	}
	return l;
}

struct ws_lent *ws_pool_lend(struct ws_codec_pool *pool)
{
	struct ws_lent *l = pool->free;
	if (l) {
		pool->free = l->next_free;
		pool->n_free--;
	} else {
		l = lent_new();
	}
	pool->n_lent += l != NULL;
	return l;
}

void ws_pool_give_back(struct ws_codec_pool *pool, struct ws_lent *l, bool clean)
{
	pool->n_lent--;
	if (!clean || pool->n_free >= POOL_KEEPS) {
		lent_free(l);
		return;
	}
	l->next_free = pool->free;
	pool->free = l;
	pool->n_free++;
}

struct ws_codec_pool *ws_codec_pool_new(void)
{
	static const struct wslay_frame_callbacks callbacks = {.send_callback = collect};
	struct ws_codec_pool *pool = mem_zalloc(sizeof(*pool));
	if (!pool)
		return NULL;
	if (wslay_frame_context_init(&pool->out_ctx, &callbacks, pool) < 0) {
		mem_free(pool);
		return NULL;
	}
	buf_init(&pool->out, SIZE_MAX / 2);
	return pool;
}

struct ws_codec_pool *ws_codec_pool_free(struct ws_codec_pool *pool)
{
	if (!pool)
		return NULL;
	assert(pool->n_lent == 0);
	while (pool->free) {
		struct ws_lent *l = pool->free;
		pool->free = l->next_free;
		lent_free(l);
	}
	wslay_frame_context_free(pool->out_ctx);
	buf_deinit(&pool->out);
	mem_free(pool);
	return NULL;
}

int ws_codec_compose(struct ws_codec_pool *pool, enum ws_opcode opcode, const void *data, size_t n,
		     const struct buf **frame)
{
	buf_clear(&pool->out);
	if (pool->out.cap > OUT_KEEPS)
		buf_release(&pool->out);
	if (buf_reserve(&pool->out, n + WS_HEADER_MAX) < 0)
		return -ENOMEM;
	struct wslay_frame_iocb io = {
		.fin = 1,
		.opcode = (uint8_t)opcode,
		.payload_length = n,
		.data = data,
		.data_length = n,
	};
	ssize_t sent = wslay_frame_send(pool->out_ctx, &io);
	/* collect() takes everything, and the frame is well-formed by construction. */
	assert(sent == (ssize_t)n);
	*frame = &pool->out;
	return 0;
}
