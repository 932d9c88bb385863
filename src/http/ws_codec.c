/*
 * Frames through wslay, messages out of frames.
 *
 * A frame's header is judged (mask, opcode, order, size) before its payload is looked at. wslay reports a
 * header only together with the first payload byte, so where it waits for more the header is judged from the
 * bytes that are here, and a frame that is too big is refused without waiting.
 *
 * A message that arrives in one piece is handed on from wslay's own buffer. Pieces that arrive in one read
 * are put together in a scratch buffer that all connections share. Only what is left over at the end of a
 * read is copied into the connection's own buffer.
 *
 * Invariants: between two feeds the scratch is empty and a codec has a context exactly while wslay is in the
 * middle of one of its frames; a message never grows over message.max, which the header check sees to.
 * Thread: the owner's.
 */
#include "http/ws_pool.h"

#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* What a frame's header says. */
struct head {
	bool fin;
	bool masked;
	bool shortest; /* the length is in the form it must be in */
	uint8_t rsv;
	uint8_t opcode;
	uint64_t len;
};

void ws_codec_init(struct ws_codec *c, size_t message_max)
{
	*c = (struct ws_codec){0};
	buf_init(&c->message, message_max);
}

void ws_codec_deinit(struct ws_codec *c, struct ws_codec_pool *pool)
{
	if (c->lent)
		ws_pool_give_back(pool, c->lent, false);
	c->lent = NULL;
	buf_deinit(&c->message);
}

bool ws_codec_busy(const struct ws_codec *c)
{
	return c->lent || c->fragments > 0;
}

/* ---- close codes ---- */

bool ws_code_valid(unsigned code)
{
	if (code >= 3000 && code <= 4999)
		return true;
	return code >= 1000 && code <= 1014 && code != 1004 && code != WS_CODE_NONE &&
	       code != WS_CODE_ABNORMAL;
}

int ws_close_code(const uint8_t *data, size_t n)
{
	return n < 2 ? WS_CODE_NONE : data[0] << 8 | data[1];
}

static int check_close(const uint8_t *data, size_t n)
{
	if (n == 0)
		return 0;
	if (n == 1 || !ws_code_valid((unsigned)ws_close_code(data, n)))
		return WS_CODE_PROTOCOL;
	return text_is_utf8(data + 2, n - 2) ? 0 : WS_CODE_BAD_TEXT;
}

/* ---- headers ---- */

struct feed {
	struct ws_codec *c;
	struct ws_codec_pool *pool;
	struct ws_lent *l;
	const struct ws_codec_sink *sink;
	void *arg;
};

static size_t message_len(const struct feed *f)
{
	return buf_len(&f->c->message) + f->pool->scratch_len;
}

static bool is_control(uint8_t opcode)
{
	return opcode & 0x8;
}

static int judge_data(const struct feed *f, const struct head *h)
{
	bool continues = h->opcode == WS_CONTINUATION;
	if (continues != (f->c->fragments > 0))
		return WS_CODE_PROTOCOL;
	if (h->opcode == WS_BINARY)
		return WS_CODE_UNSUPPORTED;
	if (h->len > f->c->message.max - message_len(f))
		return WS_CODE_TOO_BIG;
	return f->c->fragments >= WS_FRAGMENTS_MAX ? WS_CODE_POLICY : 0;
}

/* RFC 6455 §5.1 (masked), §5.2 (reserved bits, length, opcodes), §5.4 (order), §5.5 (control frames). */
static int judge(const struct feed *f, const struct head *h)
{
	if (!h->masked || h->rsv || !h->shortest)
		return WS_CODE_PROTOCOL;
	switch (h->opcode) {
	case WS_CONTINUATION:
	case WS_TEXT:
	case WS_BINARY:
		return judge_data(f, h);
	case WS_CLOSE:
	case WS_PING:
	case WS_PONG:
		return h->fin && h->len <= WS_CONTROL_MAX ? 0 : WS_CODE_PROTOCOL;
	default:
		return WS_CODE_PROTOCOL;
	}
}

/* What is known of the header; a length that is not here yet counts as 0. */
static struct head read_head(const struct ws_lent *l)
{
	const uint8_t *raw = l->header;
	size_t n = ws_length_bytes(raw[1]);
	struct head h = {
		.fin = raw[0] & 0x80,
		.rsv = raw[0] >> 4 & 7,
		.opcode = raw[0] & 0xf,
		.masked = raw[1] & 0x80,
		.shortest = true,
		.len = n ? 0 : raw[1] & 0x7f,
	};
	if (n == 0 || l->header_len < 2 + n)
		return h;
	for (size_t i = 0; i < n; i++)
		h.len = h.len << 8 | raw[2 + i];
	h.shortest = n == 2 ? h.len > WS_CONTROL_MAX : h.len > 0xffff && h.len <= INT64_MAX;
	return h;
}

/* wslay waits in the middle of a frame's header, or for the first byte behind it. */
static int judge_early(const struct feed *f)
{
	if (f->l->begun || f->l->header_len < 2)
		return 0;
	struct head h = read_head(f->l);
	return judge(f, &h);
}

/* ---- payloads ---- */

static int append_part(struct feed *f, const uint8_t *data, size_t n)
{
	struct ws_codec_pool *pool = f->pool;
	if (buf_len(&f->c->message) == 0 && n <= WS_SCRATCH_BYTES - pool->scratch_len) {
		memcpy(pool->scratch + pool->scratch_len, data, n);
		pool->scratch_len += n;
		return 0;
	}
	int r = buf_append(&f->c->message, pool->scratch, pool->scratch_len);
	pool->scratch_len = 0;
	return r < 0 ? r : buf_append(&f->c->message, data, n);
}

static int deliver(struct feed *f, const uint8_t *data, size_t n)
{
	return text_is_utf8(data, n) ? f->sink->message(f->arg, data, n) : WS_CODE_BAD_TEXT;
}

static int end_message(struct feed *f)
{
	struct ws_codec *c = f->c;
	c->fragments = 0;
	int r;
	if (buf_len(&c->message) > 0) {
		r = deliver(f, buf_data(&c->message), buf_len(&c->message));
		buf_clear(&c->message);
		buf_release(&c->message);
	} else {
		r = deliver(f, f->pool->scratch, f->pool->scratch_len);
	}
	f->pool->scratch_len = 0;
	return r;
}

static int take_control(struct feed *f, const struct wslay_frame_iocb *io, bool last)
{
	struct ws_lent *l = f->l;
	memcpy(l->control + l->control_len, io->data, io->data_length);
	l->control_len = (uint8_t)(l->control_len + io->data_length);
	if (!last)
		return 0;
	size_t n = l->control_len;
	int r = io->opcode == WS_CLOSE ? check_close(l->control, n) : 0;
	return r ? r : f->sink->control(f->arg, (enum ws_opcode)io->opcode, l->control, n);
}

static int take_data(struct feed *f, const struct wslay_frame_iocb *io, bool last)
{
	bool whole = io->fin && f->c->fragments == 1 && io->data_length == io->payload_length;
	if (whole) {
		f->c->fragments = 0;
		return deliver(f, io->data, io->data_length);
	}
	int r = append_part(f, io->data, io->data_length);
	if (r < 0 || !io->fin || !last)
		return r;
	return end_message(f);
}

static int begin_frame(struct feed *f)
{
	struct head h = read_head(f->l);
	int r = judge(f, &h);
	if (r)
		return r;
	f->l->begun = true;
	if (!is_control(h.opcode))
		f->c->fragments++;
	return 0;
}

static int take_piece(struct feed *f, const struct wslay_frame_iocb *io)
{
	struct ws_lent *l = f->l;
	int r = l->begun ? 0 : begin_frame(f);
	if (r)
		return r;
	l->unheard -= io->data_length;
	bool last = l->unheard == 0;
	r = is_control(io->opcode) ? take_control(f, io, last) : take_data(f, io, last);
	if (last)
		ws_lent_end_frame(l);
	return r;
}

static int pump(struct feed *f)
{
	for (;;) {
		struct wslay_frame_iocb io;
		ssize_t got = wslay_frame_recv(f->l->ctx, &io);
		if (got == WSLAY_ERR_WANT_READ)
			return judge_early(f);
		if (got < 0)
			return WS_CODE_PROTOCOL;
		int r = take_piece(f, &io);
		if (r)
			return r;
	}
}

/* The read is used up: what a message has so far moves from the shared scratch to the connection. */
static int put_by(struct feed *f)
{
	size_t n = f->pool->scratch_len;
	f->pool->scratch_len = 0;
	return buf_append(&f->c->message, f->pool->scratch, n);
}

int ws_codec_feed(struct ws_codec *c, struct ws_codec_pool *pool, const uint8_t *data, size_t n,
		  const struct ws_codec_sink *sink, void *arg)
{
	assert(!pool->feeding);
	if (!c->lent && !(c->lent = ws_pool_lend(pool)))
		return -ENOMEM;
	struct feed f = {.c = c, .pool = pool, .l = c->lent, .sink = sink, .arg = arg};
	pool->feeding = true;
	f.l->from = data;
	f.l->left = n;
	int r = pump(&f);
	pool->feeding = false;
	int e = put_by(&f);
	bool clean = r == 0 && f.l->header_len == 0;
	if (clean || r) {
		ws_pool_give_back(pool, c->lent, clean);
		c->lent = NULL;
	}
	return r ? r : e;
}
