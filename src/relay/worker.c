/*
 * A worker's life: made and taken apart by the control loop's thread, in between run by its own.
 *
 * Invariant: between the start of its thread and its end nobody else touches a worker but its mailbox and the
 * rings to it. Thread: see above.
 */
#include "relay/worker.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#define ORDERS_MAX       4096
#define BACKLOG          1024
#define TLS_HANDSHAKE_MS 10000

struct turn_time worker_time(const struct worker *w)
{
	return (struct turn_time){.mono_ms = loop_now_ms(w->loop), .wall_s = clock_wall_ms() / 1000};
}

static void on_timer(struct wheel_timer *t, uint64_t now_ms)
{
	struct worker *w = CONTAINER_OF(t, struct worker, timer);
	turn_tick(w->turn, worker_time(w));
	w->timer_stale = true;
	worker_arm(w);
}

void worker_arm(struct worker *w)
{
	if (!w->timer_stale || !w->turn)
		return;
	w->timer_stale = false;
	uint64_t next = turn_next_ms(w->turn);
	if (next == UINT64_MAX) {
		loop_timer_stop(w->loop, &w->timer);
		return;
	}
	if (wheel_timer_active(&w->timer) && w->timer.due_ms == next)
		return;
	uint64_t now = loop_now_ms(w->loop);
	loop_timer_start(w->loop, &w->timer, next > now ? next - now : 0);
}

size_t worker_message(struct worker *w, struct turn_from *from, const uint8_t *data, size_t len,
		      uint8_t *reply)
{
	w->handling = from;
	size_t n = turn_message(w->turn, from, data, len, worker_time(w), reply);
	w->handling = NULL;
	w->timer_stale = true;
	loop_defer(w->loop, &w->flush);
	return n;
}

/* ---- orders ---- */

static void receive(void *arg, struct mail *m)
{
	struct order *o = CONTAINER_OF(m, struct order, mail);
	o->run(o, arg);
}

static void woken(void *arg)
{
	struct worker *w = arg;
	if (w->turn)
		deliver_rings(w);
}

static const struct mailbox_ops mailbox_ops = {.receive = receive, .woken = woken};

/* ---- birth ---- */

static int make_turn(struct worker *w, const struct worker_params *p)
{
	const struct relay_params *r = p->relay;
	struct turn_params t = {
		.limits = r->limits,
		.ledger = p->shared->ledger,
		.ops = &peer_turn_ops,
		.arg = w,
		.policy = w->addresses.policy,
		.realm = r->realm,
		.secrets = r->secrets,
		.n_secrets = r->n_secrets,
		.credential_s = r->credential_s,
		.users = r->users,
		.n_users = r->n_users,
		.rand = rand_bytes,
		.nonce_key = p->nonce_key,
		.now = worker_time(w),
	};
	if (t.limits.bytes_per_s_total)
		t.limits.bytes_per_s_total = 1 + t.limits.bytes_per_s_total / p->shared->n_workers;
	return turn_new(&t, &w->turn);
}

static int allocate(struct worker *w)
{
	w->rx.arena = mem_alloc((size_t)RX_SLOTS * RX_STRIDE);
	w->woke = mem_zalloc(w->shared->n_workers * sizeof(*w->woke));
	for (int i = 0; i < 2; i++)
		w->by_port[i] = mem_zalloc(WORKER_PORTS * sizeof(*w->by_port[i]));
	if (!w->rx.arena || !w->woke || !w->by_port[0] || !w->by_port[1])
		return -ENOMEM;
	rx_init(&w->rx);
	return 0;
}

static void release(struct worker *w)
{
	map_deinit(&w->newcomers);
	revocations_deinit(&w->revocations);
	mem_free(w->rx.arena);
	mem_free(w->woke);
	mem_free(w->by_port[0]);
	mem_free(w->by_port[1]);
	mem_free(w);
}

int worker_new(const struct worker_params *p, struct worker **out)
{
	struct worker *w = mem_zalloc(sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->shared = p->shared;
	w->number = p->number;
	w->addresses = p->addresses;
	w->loop = p->loop ? p->loop : &w->loop_own;
	list_init(&w->clients);
	uint8_t hash_key[MAP_HASH_KEY_BYTES];
	rand_bytes(NULL, hash_key, sizeof(hash_key));
	map_init(&w->newcomers, hash_key);
	revocations_init(&w->revocations);
	out_init(w);
	wheel_timer_init(&w->timer, on_timer);
	tidy_init(w);
	int r = allocate(w);
	if (r == 0 && !p->loop)
		r = loop_init(&w->loop_own);
	if (r < 0)
		goto free_worker;
	r = mailbox_init(&w->mailbox, w->loop, ORDERS_MAX, &mailbox_ops, w);
	if (r < 0)
		goto free_loop;
	r = make_turn(w, p);
	if (r < 0)
		goto free_mailbox;
	w->tls = p->tls;
	*out = w;
	return 0;

free_mailbox:
	mailbox_close(&w->mailbox);
	/* One round has the handle closed, and does not run whatever else is on the control loop for long. */
	(void)uv_run(&w->loop->uv, UV_RUN_NOWAIT);
	mailbox_deinit(&w->mailbox);
free_loop:
	if (!p->loop)
		loop_deinit(&w->loop_own);
free_worker:
	release(w);
	return r;
}

static int listen_stream(struct worker *w, const struct relay_params *p, const struct addr *a, uint16_t port,
			 bool tls)
{
	struct net_listen_params lp = {
		.addr = *a,
		.backlog = BACKLOG,
		.reuse_port = true,
		.tls = tls ? &w->tls : NULL,
		.queue_max = 2 * (size_t)p->stream_queue_bytes + TURN_REPLY_MAX,
		.handshake_ms = TLS_HANDSHAKE_MS,
		.accept = client_accept,
		.arg = w,
	};
	addr_set_port(&lp.addr, port);
	if (w->n_listeners == ARRAY_LEN(w->listeners))
		return -ENOSPC;
	int r = net_listen(w->loop, &lp, &w->listeners[w->n_listeners]);
	if (r == 0)
		w->n_listeners++;
	return r;
}

static int listen_at(struct worker *w, const struct relay_params *p, const struct addr *a)
{
	int r = 0;
	if (p->port) {
		struct addr udp = *a;
		addr_set_port(&udp, p->port);
		r = udp_listen(w, &udp);
		if (r == 0)
			r = listen_stream(w, p, a, p->port, false);
	}
	if (r == 0 && p->tls_port && p->make_tls)
		r = listen_stream(w, p, a, p->tls_port, true);
	return r;
}

int worker_listen(struct worker *w, const struct relay_params *p)
{
	for (size_t i = 0; i < p->n_listen; i++) {
		int r = listen_at(w, p, &p->listen[i]);
		bool absent = r == -EADDRNOTAVAIL || r == -EAFNOSUPPORT;
		if (r == 0 || (absent && p->listen_optional && i > 0))
			continue;
		char text[ADDR_TEXT_MAX];
		log_error("the relay cannot listen address=%s port=%u tls_port=%u error=%s (see turn.port, "
			  "turn.tls_port, turn.listen)",
			  addr_format_ip(&p->listen[i], text), p->port, p->make_tls ? p->tls_port : 0,
			  strerror(-r));
		return r;
	}
	return 0;
}

static void *thread_main(void *arg)
{
	struct worker *w = arg;
	loop_run(w->loop);
	return NULL;
}

int worker_run(struct worker *w)
{
	/* Signals are the control loop's. */
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int r = pthread_create(&w->thread, NULL, thread_main, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	w->threaded = r == 0;
	return -r;
}

/* ---- death ---- */

void worker_close(struct worker *w)
{
	w->closing = true;
	mailbox_close(&w->mailbox);
	out_flush(w);
	loop_timer_stop(w->loop, &w->timer);
	tidy_stop(w);
	for (size_t i = 0; i < w->n_listeners; i++)
		net_listener_close(w->listeners[i]);
	w->turn = turn_free(w->turn);
	client_close_all(w);
	udp_close_all(w);
	loop_defer_cancel(&w->flush);
	if (w->loop == &w->loop_own)
		loop_run(w->loop);
}

struct worker *worker_free(struct worker *w)
{
	if (!w)
		return NULL;
	assert(list_empty(&w->clients) && !w->turn);
	mailbox_deinit(&w->mailbox);
	if (w->loop == &w->loop_own)
		loop_deinit(&w->loop_own);
	turn_policy_free(w->addresses.policy);
	tls_ctx_free(w->tls);
	release(w);
	return NULL;
}
