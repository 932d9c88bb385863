/*
 * Data through the relay, and what of it arrives.
 *
 * Either in a closed loop: a fixed number of packets is under way, spread over all flows in turn, and each
 * that arrives lets another one go, so the server works at its own limit, or at the load's. Or in an open
 * loop, at a fixed rate. Every packet carries its flow, number and time; each must arrive in the right
 * form, from the right place. A gap in the numbers of a flow is loss, until one that was given up arrives
 * late.
 *
 * Thread: the only one.
 */
#include "relay_load.h"

#include <arpa/inet.h>
#include <assert.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#define MAGIC        0x52424348u
#define HEADER_BYTES 4u /* of ChannelData */
#define LATE_NS      200000u
#define STALL_NS     (100 * NS_PER_MS)
#define RX_BATCHES   2u
#define MESSAGES_MAX BATCH

struct stamp {
	uint32_t magic, flow, number;
	uint32_t burst;
	uint64_t sent_ns; /* CLOCK_REALTIME, as the kernel's stamps are */
};
static_assert(sizeof(struct stamp) + HEADER_BYTES <= PAYLOAD_MIN, "fits the smallest packet");

static uint64_t real_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

struct run run_begin(struct relay_load *l, const struct traffic *t)
{
	struct run r = {.l = l, .t = t, .last_ns = now_ns()};

	r.tx = t->dir == DOWN ? l->peer_tx : l->client_tx;
	r.rx = t->dir == UP ? l->peer_rx : l->client_rx;
	r.rx_fd = t->dir == UP ? l->peer_fd : l->client_fd;
	for (uint32_t i = 0; i < l->opt.flows; i++)
		l->flows[i].sent = l->flows[i].seen = 0;
	return r;
}

/* What is still there of an earlier run must not count in the next. */
static void skip(void *arg, const struct packet *p)
{
	uint64_t *last = arg;

	*last = now_ns();
}

void run_end(struct run *r)
{
	uint64_t last = now_ns();

	while (now_ns() - last < STALL_NS) {
		net_wait(r->rx_fd, 20);
		rx_poll(r->rx, RX_BATCHES, skip, &last);
	}
}

static void put_packet(const struct run *r, uint8_t *at, uint32_t i, uint64_t now)
{
	struct flow *f = &r->l->flows[i];
	struct stamp s = {MAGIC, i, f->sent++, r->t->burst, now};
	uint16_t header[2] = {htons(f->channel), htons((uint16_t)r->t->payload)};

	if (r->t->dir != DOWN) {
		memcpy(at, header, HEADER_BYTES);
		at += HEADER_BYTES;
	}
	memcpy(at, &s, sizeof(s));
}

/* One message of the next flow. */
static void send_next(struct run *r)
{
	const struct traffic *t = r->t;
	uint32_t i = r->next;
	const struct flow *f = &r->l->flows[i];
	size_t segment = t->payload + (t->dir == DOWN ? 0 : HEADER_BYTES);
	uint64_t now = r->delay ? real_ns() : 0;
	uint8_t *at = t->dir == DOWN ? tx_add(r->tx, f->peer, &f->relayed, segment, t->burst)
				     : tx_add(r->tx, f->client, &r->l->opt.server, segment, t->burst);

	for (uint32_t k = 0; k < t->burst; k++, at += segment)
		put_packet(r, at, i, now);
	r->next = i + 1 < r->l->opt.flows ? i + 1 : 0;
	r->sent += t->burst;
}

static bool same_place(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
	return a->sin_addr.s_addr == b->sin_addr.s_addr && a->sin_port == b->sin_port;
}

/* The payload, if this is a packet in the form that it must have on this side. */
static const uint8_t *open_packet(const struct run *r, const struct packet *p, uint32_t *channel)
{
	uint16_t header[2];

	*channel = 0;
	if (r->t->dir == UP)
		return p->len == r->t->payload ? p->data : NULL;
	if (p->len != r->t->payload + HEADER_BYTES)
		return NULL;
	memcpy(header, p->data, sizeof(header));
	*channel = ntohs(header[0]);
	return ntohs(header[1]) == r->t->payload ? p->data + HEADER_BYTES : NULL;
}

static bool is_from_right_place(const struct run *r, const struct packet *p, uint32_t i, uint32_t channel)
{
	const struct flow *f = &r->l->flows[i];

	if (r->t->dir == UP)
		return same_place(&p->from, &f->relayed);
	return same_place(&p->from, &r->l->opt.server) &&
	       channel == (r->t->dir == BOTH ? r->l->flows[i ^ 1].channel : f->channel);
}

static void on_packet(void *arg, const struct packet *p)
{
	struct run *r = arg;
	uint32_t channel;
	const uint8_t *data = open_packet(r, p, &channel);
	struct stamp s;
	struct flow *f;

	if (!data)
		return; /* of the requests before, or of an earlier run */
	memcpy(&s, data, sizeof(s));
	if (s.magic != MAGIC || s.flow >= r->l->opt.flows || s.burst != r->t->burst)
		return;
	if (!is_from_right_place(r, p, s.flow, channel))
		die("a packet of flow %u came from the wrong place", s.flow);
	f = &r->l->flows[s.flow];
	if (s.number >= f->seen) {
		r->lost += s.number - f->seen;
		f->seen = s.number + 1;
	} else {
		r->lost--;
	}
	r->received++;
	if (r->delay && p->stamp_ns > s.sent_ns)
		hist_add(r->delay, p->stamp_ns - s.sent_ns);
}

/* Nothing has come for long: what is under way will not. If it does after all, on_packet() takes it back. */
static void give_up(struct run *r)
{
	r->lost = (int64_t)(r->sent - r->received);
	for (uint32_t i = 0; i < r->l->opt.flows; i++)
		r->l->flows[i].seen = r->l->flows[i].sent;
	r->last_ns = now_ns();
}

static uint32_t send_room(struct run *r, uint32_t window)
{
	int64_t under_way = (int64_t)(r->sent - r->received) - r->lost;
	int64_t n = ((int64_t)window - under_way) / r->t->burst;

	if (n > MESSAGES_MAX)
		n = MESSAGES_MAX;
	for (int64_t k = 0; k < n; k++)
		send_next(r);
	tx_flush(r->tx);
	return n > 0 ? (uint32_t)n : 0;
}

/*
 * It never sleeps: waking it up would be the server's work, and an interrupt between two cores is dear. But
 * with nothing to do it lets others have the core, ksoftirqd above all, which may hold what it is waiting
 * for.
 */
void pump(struct run *r, uint64_t end, uint32_t window)
{
	for (uint64_t now = now_ns(); now < end; now = now_ns()) {
		uint32_t sent = send_room(r, window);

		if (rx_poll(r->rx, RX_BATCHES, on_packet, r))
			r->last_ns = now;
		else if (!sent && now - r->last_ns > STALL_NS)
			give_up(r);
		else if (!sent)
			sched_yield();
	}
}

/* When it is late, it does not make up for it: a heap of packets at once would be another load. */
void pump_at_rate(struct run *r, uint64_t end)
{
	uint64_t gap = NS_PER_S * r->t->burst / r->l->opt.rate, due = now_ns(), now;

	while ((now = now_ns()) < end) {
		rx_poll(r->rx, RX_BATCHES, on_packet, r);
		if (now < due)
			continue;
		send_next(r);
		tx_flush(r->tx);
		due = now - due < LATE_NS ? due + gap : now + gap;
	}
}

void run_drain(struct run *r, uint64_t for_ns)
{
	uint64_t end = now_ns() + for_ns;

	while (now_ns() < end && r->received < r->sent)
		rx_poll(r->rx, RX_BATCHES, on_packet, r);
}
