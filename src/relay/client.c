/*
 * Stream clients: TURN over TCP and TLS.
 *
 * Frames are used where they were received; only the beginning of one that is not all there yet is kept.
 * Before a client has an allocation no frame may be longer than a request, and the connection does not stay
 * for long, nor beside many others of its address (newcomer.c).
 *
 * Data for a client that does not read is dropped, as a router would do, once there is more in its queue than
 * a bound; answers may go a little beyond it, then the connection is cut.
 *
 * Thread: the worker's.
 */
#include "relay/worker.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>

#define REQUEST_MAX 2048
#define INPUT_MAX   (STUN_FRAME_MAX + LOOP_READ_BYTES)

static void close_now(struct client *c)
{
	if (c->closing)
		return;
	c->closing = true;
	newcomer_remove(c);
	loop_timer_stop(c->worker->loop, &c->idle);
	net_stream_close(c->stream);
}

static void on_idle(struct wheel_timer *t, uint64_t now_ms)
{
	struct client *c = CONTAINER_OF(t, struct client, idle);
	if (!c->from.alloc)
		close_now(c);
}

/* It has no allocation: from now on, and not for long. */
static void watch_idle(struct client *c)
{
	loop_timer_start(c->worker->loop, &c->idle, c->worker->shared->stream_idle_ms);
	struct client *displaced = newcomer_add(c);
	if (displaced)
		close_now(displaced);
}

void client_alloc_gone(struct client *c)
{
	/* It may make another one on this connection. */
	if (!c->closing && !c->worker->closing)
		watch_idle(c);
}

/* ---- out ---- */

static int put(struct client *c, const uint8_t *data, size_t n)
{
	return n ? net_stream_write(c->stream, data, n) : 0;
}

void client_data(struct client *c, const uint8_t *head, size_t head_len, const uint8_t *data, size_t len)
{
	static const uint8_t zeros[4];
	size_t pad = stun_padding(len);
	if (c->closing)
		return;
	if (net_stream_queued(c->stream) + head_len + len + pad > c->worker->shared->stream_queue_bytes) {
		c->worker->io.drop_stream_full++;
		return;
	}
	/* Half a frame would be the end of the stream's meaning. */
	if (put(c, head, head_len) < 0 || put(c, data, len) < 0 || put(c, zeros, pad) < 0)
		close_now(c);
}

/* ---- in ---- */

static void handle_message(struct client *c, struct up_run *run, const struct stun_frame *f)
{
	if (turn_is_send(f->data, f->len)) {
		deliver_send(c->worker, c->from.alloc, f->data, f->len);
		return;
	}
	uint8_t reply[TURN_REPLY_MAX];
	size_t n = worker_message(c->worker, &c->from, f->data, f->len, reply);
	*run = (struct up_run){.alloc = c->from.alloc};
	if (c->from.alloc)
		newcomer_remove(c);
	if (n && !c->closing && net_stream_write(c->stream, reply, n) < 0)
		close_now(c);
}

/* Return: bytes taken. What is left is the beginning of a frame. */
static size_t take_frames(struct client *c, const uint8_t *data, size_t n)
{
	struct up_run run = {.alloc = c->from.alloc};
	size_t used = 0;
	while (!c->closing) {
		struct stun_frame f;
		if (stun_frame_next(data + used, n - used, c->from.alloc ? STUN_FRAME_MAX : REQUEST_MAX,
				    &f)) {
			close_now(c);
			break;
		}
		if (f.kind == STUN_KIND_PARTIAL)
			break;
		if (f.kind == STUN_KIND_CHANNEL)
			deliver_channel(c->worker, &run, f.channel, f.data, f.len);
		else
			handle_message(c, &run, &f);
		used += f.size;
	}
	/* What is put down for sending points into @data. */
	out_flush(c->worker);
	return used;
}

static void keep(struct client *c, const uint8_t *data, size_t n)
{
	if (n && !c->closing && buf_append(&c->input, data, n) < 0)
		close_now(c);
}

static void on_data(void *arg, const uint8_t *data, size_t n)
{
	struct client *c = arg;
	if (c->closing)
		return;
	if (buf_len(&c->input) == 0) {
		size_t used = take_frames(c, data, n);
		keep(c, data + used, n - used);
		return;
	}
	keep(c, data, n);
	if (c->closing)
		return;
	buf_consume(&c->input, take_frames(c, buf_data(&c->input), buf_len(&c->input)));
	buf_release(&c->input);
}

static void on_closed(void *arg, int err)
{
	struct client *c = arg;
	struct worker *w = c->worker;
	c->closing = true;
	newcomer_remove(c);
	loop_timer_stop(w->loop, &c->idle);
	if (w->turn) {
		turn_client_gone(w->turn, &c->from);
		w->timer_stale = true;
		loop_defer(w->loop, &w->flush);
	}
	list_unlink(&c->node);
	w->n_clients--;
	w->io.clients_now[c->from.transport]--;
	buf_deinit(&c->input);
	mem_free(c);
}

static const struct net_stream_ops stream_ops = {.data = on_data, .closed = on_closed};

/* Return: NULL after closing @s: too many, or out of memory. */
static struct client *client_new(struct worker *w, struct net_stream *s)
{
	struct client *c =
		!w->closing && w->n_clients < w->shared->connections ? mem_zalloc(sizeof(*c)) : NULL;
	if (!c) {
		w->io.clients_refused++;
		net_stream_close(s);
		return NULL;
	}
	c->worker = w;
	c->stream = s;
	c->from = (struct turn_from){
		.transport = net_stream_is_tls(s) ? TURN_TLS : TURN_TCP,
		.client = *net_stream_peer(s),
		.server = *net_stream_local(s),
		.user = c,
	};
	buf_init(&c->input, INPUT_MAX);
	wheel_timer_init(&c->idle, on_idle);
	list_init(&c->in_place);
	list_append(&w->clients, &c->node);
	w->n_clients++;
	w->io.clients_now[c->from.transport]++;
	net_stream_attach(s, &stream_ops, c);
	watch_idle(c);
	return c;
}

void client_accept(void *worker, struct net_stream *s)
{
	(void)client_new(worker, s);
}

void client_adopt(struct worker *w, struct net_stream *s, const uint8_t *data, size_t n)
{
	struct client *c = client_new(w, s);
	if (c)
		on_data(c, data, n);
}

void client_close_all(struct worker *w)
{
	LIST_FOREACH (node, &w->clients)
		close_now(LIST_ENTRY(node, struct client, node));
}
