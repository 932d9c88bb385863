/*
 * What waits to be sent.
 *
 * What a wake-up brings is put down here and leaves at the end of the loop's iteration, or when there is no
 * room for more. For each destination, or relay socket, there is a chain, and a run of equally long datagrams
 * in it to one address leaves as one message with UDP_SEGMENT, however its parts were mixed with others' when
 * they came: the kernel walks its stack once for up to 64 of them.
 *
 * Data is not copied: an entry points to the receive arena, and a ChannelData header is four bytes beside it.
 *
 * Thread: the worker's.
 */
#include "relay/send.h"

#include "stun/frame.h"

static void on_defer(struct loop_defer *d)
{
	struct worker *w = CONTAINER_OF(d, struct worker, flush);
	out_flush(w);
	rx_reset(&w->rx);
}

void out_init(struct worker *w)
{
	list_init(&w->out.up);
	list_init(&w->out.down);
	loop_defer_init(&w->flush, on_defer);
}

static void schedule(struct worker *w)
{
	if (list_empty(&w->flush.node))
		loop_defer(w->loop, &w->flush);
}

uint8_t *out_reply(struct worker *w)
{
	if (w->out.n_replies == OUT_REPLIES)
		out_flush(w);
	return w->out.replies[w->out.n_replies].data;
}

void out_reply_commit(struct worker *w, struct udp_listener *l, const struct addr *to,
		      const struct addr *from, size_t len)
{
	struct out_reply *r = &w->out.replies[w->out.n_replies++];
	r->listener = l;
	r->to = *to;
	r->from = *from;
	r->len = (uint32_t)len;
	schedule(w);
}

const struct addr *out_dest(struct worker *w, const struct addr *a)
{
	struct addr *to = &w->out.dests[w->out.n_dests++];
	*to = *a;
	return to;
}

uint8_t *out_scratch(struct worker *w, size_t n)
{
	uint8_t *at = w->out.scratch + w->out.n_scratch;
	w->out.n_scratch += (uint32_t)n;
	return at;
}

void out_room(struct worker *w)
{
	const struct out *o = &w->out;
	if (o->n_entries == OUT_ENTRIES || o->n_dests == OUT_DESTS ||
	    o->n_scratch + TURN_DATA_HEADER_MAX > OUT_SCRATCH)
		out_flush(w);
}

struct out_entry *out_add(struct worker *w, struct list *dirty, struct lane *lane)
{
	struct out *o = &w->out;
	struct out_entry *e = &o->entries[o->n_entries++];
	e->next = 0;
	if (list_empty(&lane->node)) {
		list_append(dirty, &lane->node);
		o->n_lanes++;
		lane->first = o->n_entries;
	} else {
		o->entries[lane->last - 1].next = o->n_entries;
	}
	lane->last = o->n_entries;
	schedule(w);
	return e;
}

void out_forget(struct lane *lane)
{
	list_unlink(&lane->node);
}

/* ---- out ---- */

struct path {
	const struct addr *to;   /* NULL: each entry has its own */
	const struct addr *from; /* NULL: the socket's */
};

/* One message of as many entries as may go together. Return: the first that may not. */
static uint32_t put_run(struct sender *sn, struct lane *lane, const struct path *path, uint32_t index)
{
	const struct out *o = &sn->w->out;
	const struct out_entry *e = &o->entries[index - 1];
	const struct addr *to = path->to ? path->to : e->to;
	uint32_t segment = out_entry_bytes(e);
	uint32_t most = o->no_burst || lane->no_burst || segment == 0 ? 1 : BURST_MAX_SEGMENTS;
	send_room(sn);
	struct msghdr *m = send_begin(sn, to, path->from);
	struct send_what what = {.lane = lane, .first = index, .segment = segment};
	uint32_t size = segment;
	do {
		send_entry(sn, e);
		what.count++;
		what.bytes += size;
		index = e->next;
		if (index == 0 || size < segment || what.count == most)
			break;
		e = &o->entries[index - 1];
		size = out_entry_bytes(e);
	} while (size <= segment && size > 0 && what.bytes + size <= BURST_MAX_BYTES &&
		 (path->to || e->to == to || addr_equal(e->to, to)));
	send_end(sn, m, &what);
	return index;
}

static void put_lane(struct sender *sn, struct lane *lane, const struct path *path)
{
	for (uint32_t index = lane->first; index;)
		index = put_run(sn, lane, path, index);
	list_unlink(&lane->node);
}

static void put_replies(struct sender *sn)
{
	struct out *o = &sn->w->out;
	for (uint32_t i = 0; i < o->n_replies; i++) {
		struct out_reply *r = &o->replies[i];
		send_from(sn, r->listener->fd);
		send_room(sn);
		struct msghdr *m = send_begin(sn, &r->to, r->listener->any ? &r->from : NULL);
		send_add(sn, r->data, r->len);
		send_end(sn, m, &(struct send_what){.count = 1, .bytes = r->len});
	}
}

static void put_down(struct sender *sn)
{
	LIST_FOREACH (node, &sn->w->out.down) {
		struct turn_socket *s =
			CONTAINER_OF(LIST_ENTRY(node, struct lane, node), struct turn_socket, down);
		const struct turn_from *from = turn_alloc_from(s->alloc);
		const struct udp_listener *l = from->user;
		send_from(sn, l->fd);
		put_lane(sn, &s->down,
			 &(struct path){.to = &from->client, .from = l->any ? &from->server : NULL});
	}
}

static void put_up(struct sender *sn)
{
	LIST_FOREACH (node, &sn->w->out.up) {
		struct turn_socket *s =
			CONTAINER_OF(LIST_ENTRY(node, struct lane, node), struct turn_socket, up);
		send_from(sn, s->fd);
		put_lane(sn, &s->up, &(struct path){0});
	}
}

static void wake_others(struct worker *w)
{
	if (!w->woke_any)
		return;
	w->woke_any = false;
	for (unsigned i = 0; i < w->shared->n_workers; i++) {
		if (!w->woke[i])
			continue;
		w->woke[i] = false;
		mailbox_wake(&w->shared->workers[i]->mailbox);
	}
}

void out_flush(struct worker *w)
{
	struct out *o = &w->out;
	wake_others(w);
	if (o->n_replies || !list_empty(&o->down) || !list_empty(&o->up)) {
		/* Clearing this, as the build does by default, would cost more than sending a packet. */
		__attribute__((uninitialized)) struct sender sn;
		sn.w = w;
		sn.n_msgs = sn.n_iov = 0;
		put_replies(&sn);
		put_down(&sn);
		put_up(&sn);
		send_all(&sn);
	}
	o->n_replies = o->n_entries = o->n_lanes = o->n_dests = o->n_scratch = 0;
	o->generation++;
	worker_arm(w);
}
