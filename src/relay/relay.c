/*
 * All workers together: start and end.
 *
 * Thread: the control loop's.
 */
#include "relay/control.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <sys/resource.h>
#include <unistd.h>

struct worker *relay_home(const struct relay *r)
{
	return r->shared->workers[r->shared->n_workers - 1];
}

unsigned relay_workers(const struct relay *r)
{
	return r->shared->n_workers;
}

/* ---- start ---- */

#define RESERVED_DESCRIPTORS 128

/* Each allocation has a descriptor. What the system allows at most is allowed now; the last few are not for
 * relay sockets, so that the web, clients over TCP and the counters can still be reached when there are no
 * more. */
static int descriptors_for_relaying(void)
{
	struct rlimit l;
	if (getrlimit(RLIMIT_NOFILE, &l) != 0)
		return INT_MAX;
	if (l.rlim_cur < l.rlim_max) {
		rlim_t before = l.rlim_cur;
		l.rlim_cur = l.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &l) != 0)
			l.rlim_cur = before;
	}
	if (l.rlim_cur >= INT_MAX)
		return INT_MAX;
	int all = (int)l.rlim_cur;
	return all - (all / 8 < RESERVED_DESCRIPTORS ? all / 8 : RESERVED_DESCRIPTORS);
}

static unsigned worker_count(const struct relay_params *p)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned n = p->workers ? p->workers : cores > 0 ? (unsigned)cores : 1;
	return n < RELAY_WORKERS_MAX ? n : RELAY_WORKERS_MAX - 1;
}

static void *copy(const void *items, size_t count, size_t size)
{
	return mem_dup(items ? items : "", count * size);
}

static struct relay_shared *shared_free(struct relay_shared *sh)
{
	if (!sh)
		return NULL;
	for (size_t i = 0; sh->rings && i < (size_t)sh->n_workers * sh->n_workers; i++)
		ring_free(sh->rings[i]);
	mem_free(sh->rings);
	turn_ledger_free(sh->ledger);
	mem_free(sh->external);
	mem_free(sh);
	return NULL;
}

static struct relay_shared *shared_new(const struct relay_params *p)
{
	struct relay_shared *sh = mem_zalloc(sizeof(*sh));
	if (!sh)
		return NULL;
	/* The control loop's comes last. */
	sh->n_workers = worker_count(p) + 1;
	sh->ports.min = p->port_min;
	sh->ports.max = p->port_max;
	sh->connections = p->connections;
	sh->connections_per_address = p->connections_per_address;
	sh->stream_queue_bytes = p->stream_queue_bytes;
	sh->stream_idle_ms = p->stream_idle_ms;
	sh->max_fd = descriptors_for_relaying();
	sh->n_external = p->n_external;
	sh->external = copy(p->external, p->n_external, sizeof(*p->external));
	sh->rings = mem_zalloc((size_t)sh->n_workers * sh->n_workers * sizeof(*sh->rings));
	sh->ledger = turn_ledger_new(&p->limits, rand_bytes, NULL);
	return sh->external && sh->rings && sh->ledger ? sh : shared_free(sh);
}

static int make_worker(struct relay *r, const struct relay_params *p, unsigned number,
		       const uint8_t *nonce_key)
{
	bool last = number + 1 == r->shared->n_workers;
	struct worker_params wp = {
		.shared = r->shared,
		.number = number,
		.loop = last ? r->loop : NULL,
		.relay = p,
		.nonce_key = nonce_key,
	};
	int rc = addresses_make(p, &r->own, &wp.addresses);
	if (rc == 0 && p->make_tls && !last)
		rc = p->make_tls(p->tls_arg, &wp.tls);
	if (rc == 0)
		rc = worker_new(&wp, &r->shared->workers[number]);
	if (rc < 0) {
		turn_policy_free(wp.addresses.policy);
		tls_ctx_free(wp.tls);
	}
	return rc;
}

static int make_workers(struct relay *r, const struct relay_params *p)
{
	uint8_t nonce_key[32];
	rand_bytes(NULL, nonce_key, sizeof(nonce_key));
	for (unsigned i = 0; i < r->shared->n_workers; i++) {
		int rc = make_worker(r, p, i, nonce_key);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* All listen before one runs: the kernel spreads clients over the sockets that there are. */
static int run_workers(struct relay *r, const struct relay_params *p)
{
	unsigned threads = r->shared->n_workers - 1;
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < threads; i++)
		rc = worker_listen(r->shared->workers[i], p);
	for (unsigned i = 0; rc == 0 && i < threads; i++)
		rc = worker_run(r->shared->workers[i]);
	return rc;
}

static int keep_params(struct relay *r, const struct relay_params *p)
{
	r->params = *p;
	r->params.listen = copy(p->listen, p->n_listen, sizeof(*p->listen));
	r->params.allow = copy(p->allow, p->n_allow, sizeof(*p->allow));
	r->shared = shared_new(p);
	if (!r->params.listen || !r->params.allow || !r->shared)
		return -ENOMEM;
	r->params.external = r->shared->external;
	/* Everything else that is pointed to is the caller's, and used during the start alone. */
	r->params.secrets = NULL;
	r->params.users = NULL;
	r->params.realm = NULL;
	return addresses_own(&r->own);
}

int relay_start(const struct relay_params *p, struct relay **out)
{
	assert(p->port_min <= p->port_max);
	loop_assert_thread(p->loop);
	struct relay *r = mem_zalloc(sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->loop = p->loop;
	watch_init(r);
	orders_init(r);
	int rc = keep_params(r, p);
	if (rc == 0)
		rc = make_workers(r, p);
	if (rc == 0)
		rc = run_workers(r, p);
	if (rc < 0) {
		relay_stop(r);
		/* Nothing has been accepted: what closes here needs a round of the loop and no more. */
		(void)uv_run(&r->loop->uv, UV_RUN_NOWAIT);
		relay_free(r);
		return rc;
	}
	watch_start(r);
	*out = r;
	return 0;
}

/* ---- end ---- */

static void run_stop(struct order *o, struct worker *w)
{
	loop_stop(w->loop);
	mem_free(o);
}

static void join(struct worker *w)
{
	if (!w->threaded)
		return;
	struct order *o;
	/* There is no going on without this one: wait until there is memory and room. */
	while (!(o = mem_zalloc(sizeof(*o))))
		(void)usleep(1000);
	o->run = run_stop;
	while (mailbox_post(&w->mailbox, &o->mail) < 0)
		(void)usleep(1000);
	pthread_join(w->thread, NULL);
	w->threaded = false;
}

void relay_stop(struct relay *r)
{
	if (!r || r->stopped)
		return;
	r->stopped = true;
	watch_stop(r);
	orders_stop(r);
	if (!r->shared)
		return;
	for (unsigned i = 0; i < r->shared->n_workers; i++)
		if (r->shared->workers[i])
			join(r->shared->workers[i]);
	/* In this order: reports of the others go to the last one. */
	for (unsigned i = 0; i < r->shared->n_workers; i++)
		if (r->shared->workers[i])
			worker_close(r->shared->workers[i]);
}

struct relay *relay_free(struct relay *r)
{
	if (!r)
		return NULL;
	assert(r->stopped);
	for (unsigned i = 0; r->shared && i < r->shared->n_workers; i++)
		r->shared->workers[i] = worker_free(r->shared->workers[i]);
	if (r->shared)
		shared_free(r->shared);
	addresses_free(&r->own);
	mem_free((void *)r->params.listen);
	mem_free((void *)r->params.allow);
	mem_free(r);
	return NULL;
}

void relay_adopt(struct relay *r, struct net_stream *s, const uint8_t *data, size_t n)
{
	client_adopt(relay_home(r), s, data, n);
}
