/*
 * wslay contexts to lend, the scratch where the parts of a message meet, and the buffer frames are composed
 * in: one of each for all connections of a server, because none of them is needed beyond one read or one
 * write.
 *
 * wslay is given one frame at a time, and without its mask: wslay would take it off byte by byte in place,
 * which for a message of 600 bytes takes ten times as long as doing so while copying, and copied it is
 * anyway.
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

/* How many bytes the header has, as far as is known. */
static size_t header_size(const struct ws_lent *l)
{
	if (l->header_len < 2)
		return 2;
	return 2 + ws_length_bytes(l->header[1]) + (l->header[1] & 0x80 ? 4 : 0);
}

/* Return: whether the header is here as a whole. */
static bool collect_header(struct ws_lent *l)
{
	while (l->left > 0 && l->header_len < header_size(l)) {
		l->header[l->header_len++] = *l->from++;
		l->left--;
	}
	return l->header_len >= 2 && l->header_len == header_size(l);
}

static uint64_t payload_len(const uint8_t *header)
{
	size_t n = ws_length_bytes(header[1]);
	uint64_t len = n ? 0 : header[1] & 0x7f;
	for (size_t i = 0; i < n; i++)
		len = len << 8 | header[2 + i];
	return len;
}

static ssize_t give_header(struct ws_lent *l, uint8_t *out, size_t max)
{
	size_t n = 2 + ws_length_bytes(l->header[1]);
	assert(n <= max);
	memcpy(out, l->header, n);
	out[1] &= 0x7f;
	l->header_given = true;
	l->unread = l->unheard = payload_len(l->header);
	return (ssize_t)n;
}

/* Copies @n bytes of payload and takes their mask off (RFC 6455 §5.3), eight at a time. */
static void unmask(struct ws_lent *l, uint8_t *out, size_t n)
{
	uint8_t key[8];
	const uint8_t *mask = l->header + l->header_len - 4;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = mask[(l->mask_at + i) % 4];
	uint64_t wide;
	memcpy(&wide, key, sizeof(wide));
	size_t i = 0;
	for (; i + 8 <= n; i += 8) {
		uint64_t word;
		memcpy(&word, l->from + i, sizeof(word));
		word ^= wide;
		memcpy(out + i, &word, sizeof(word));
	}
	for (size_t k = 0; i < n; i++, k++)
		out[i] = l->from[i] ^ key[k];
	l->mask_at = (l->mask_at + n) % 4;
}

/* wslay reads. */
static ssize_t give(uint8_t *out, size_t max, int flags, void *arg)
{
	struct ws_lent *l = arg;
	(void)flags;
	if (!l->header_given)
		return collect_header(l) ? give_header(l, out, max) : -1;
	size_t n = l->left < max ? l->left : max;
	if (n > l->unread)
		n = (size_t)l->unread;
	if (n == 0)
		return -1;
	if (l->header[1] & 0x80)
		unmask(l, out, n);
	else
		memcpy(out, l->from, n);
	l->from += n;
	l->left -= n;
	l->unread -= n;
	return (ssize_t)n;
}

void ws_lent_end_frame(struct ws_lent *l)
{
	l->header_len = l->mask_at = l->control_len = 0;
	l->header_given = l->begun = false;
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
