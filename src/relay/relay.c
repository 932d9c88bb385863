/*
 * All workers together: start, orders to each, end; and the watch over this machine's addresses.
 *
 * The last worker has no thread: it lives on the control loop and takes the streams that arrive there (ADR
 * 6). It has no listeners of its own, but the same port directory and rings as the others.
 *
 * Thread: the control loop's.
 */
#include "relay/worker.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define ADDRESSES_MS 10000
#define COUNTS_MAX   64

struct relay {
	struct loop *loop;
	struct relay_params params; /* lists in it are copies, as far as they are needed after the start */
	struct relay_shared *shared;
	struct address_list own;
	struct wheel_timer addresses_timer;
	unsigned counting; /* relay_count() under way */
	bool stopped;
};

static struct worker *home(const struct relay *r)
{
	return r->shared->workers[r->shared->n_workers - 1];
}

unsigned relay_workers(const struct relay *r)
{
	return r->shared->n_workers;
}

/* ---- orders ---- */

static void free_order(struct order *o)
{
	mem_free(o);
}

/* A full mailbox is a worker that has stood still for thousands of orders. */
static int post(struct worker *w, struct order *o, const char *what)
{
	int rc = mailbox_post(&w->mailbox, &o->mail);
	if (rc < 0)
		log_error("relay worker takes no orders worker=%u order=%s error=%s", w->number, what,
			  strerror(-rc));
	return rc;
}

struct revoke_order {
	struct order order;
	char user[];
};

static void run_revoke(struct order *o, struct worker *w)
{
	struct revoke_order *ro = CONTAINER_OF(o, struct revoke_order, order);
	if (w->turn) {
		turn_revoke(w->turn, ro->user, worker_time(w));
		w->timer_stale = true;
		worker_arm(w);
	}
	mem_free(ro);
}

void relay_revoke(struct relay *r, const char *user)
{
	size_t n = strlen(user) + 1;
	for (unsigned i = 0; i < r->shared->n_workers; i++) {
		struct revoke_order *o = mem_alloc(sizeof(*o) + n);
		if (!o) {
			log_error("relay: no memory to revoke a participant's allocations");
			return;
		}
		o->order.run = run_revoke;
		memcpy(o->user, user, n);
		if (post(r->shared->workers[i], &o->order, "revoke") < 0)
			mem_free(o);
	}
}

struct secrets_order {
	struct order order;
	size_t n;
	char *texts[];
};

static void free_secrets(struct secrets_order *o)
{
	for (size_t i = 0; i < o->n; i++)
		mem_free(o->texts[i]);
	mem_free(o);
}

static void run_secrets(struct order *o, struct worker *w)
{
	struct secrets_order *so = CONTAINER_OF(o, struct secrets_order, order);
	if (w->turn && turn_set_secrets(w->turn, (const char *const *)so->texts, so->n) < 0)
		log_error("relay worker keeps the old secrets: out of memory worker=%u", w->number);
	free_secrets(so);
}

static struct secrets_order *make_secrets(const char *const *secrets, size_t n)
{
	struct secrets_order *o = mem_zalloc(sizeof(*o) + n * sizeof(*o->texts));
	if (!o)
		return NULL;
	o->order.run = run_secrets;
	for (; o->n < n; o->n++) {
		o->texts[o->n] = mem_strdup(secrets[o->n]);
		if (!o->texts[o->n]) {
			free_secrets(o);
			return NULL;
		}
	}
	return o;
}

int relay_set_secrets(struct relay *r, const char *const *secrets, size_t n)
{
	int worst = 0;
	for (unsigned i = 0; i < r->shared->n_workers; i++) {
		struct secrets_order *o = make_secrets(secrets, n);
		if (!o)
			return -ENOMEM;
		int rc = post(r->shared->workers[i], &o->order, "secrets");
		if (rc < 0) {
			free_secrets(o);
			worst = rc;
		}
	}
	return worst;
}

struct tls_order {
	struct order order;
	struct tls_ctx *tls;
};

static void run_tls(struct order *o, struct worker *w)
{
	struct tls_order *to = CONTAINER_OF(o, struct tls_order, order);
	tls_ctx_free(w->tls);
	w->tls = to->tls;
	mem_free(to);
}

int relay_renew_tls(struct relay *r)
{
	for (unsigned i = 0; r->params.make_tls && i + 1 < r->shared->n_workers; i++) {
		struct tls_order *o = mem_zalloc(sizeof(*o));
		int rc = o ? r->params.make_tls(r->params.tls_arg, &o->tls) : -ENOMEM;
		if (rc == 0) {
			o->order.run = run_tls;
			rc = post(r->shared->workers[i], &o->order, "tls");
		}
		if (rc < 0) {
			if (o)
				tls_ctx_free(o->tls);
			mem_free(o);
			return rc;
		}
	}
	return 0;
}

/* ---- addresses ---- */

struct addresses_order {
	struct order order;
	struct worker_addresses fresh;
};

static void run_addresses(struct order *o, struct worker *w)
{
	struct addresses_order *ao = CONTAINER_OF(o, struct addresses_order, order);
	struct turn_policy *old = w->addresses.policy;
	w->addresses = ao->fresh;
	if (w->turn)
		turn_set_policy(w->turn, w->addresses.policy);
	turn_policy_free(old);
	free_order(&ao->order);
}

static int send_addresses(struct relay *r, const struct address_list *own)
{
	for (unsigned i = 0; i < r->shared->n_workers; i++) {
		struct addresses_order *o = mem_zalloc(sizeof(*o));
		int rc = o ? addresses_make(&r->params, own, &o->fresh) : -ENOMEM;
		if (rc == 0) {
			o->order.run = run_addresses;
			rc = post(r->shared->workers[i], &o->order, "addresses");
			if (rc < 0)
				turn_policy_free(o->fresh.policy);
		}
		if (rc < 0) {
			mem_free(o);
			return rc;
		}
	}
	return 0;
}

static void look_at_addresses(struct wheel_timer *t, uint64_t now_ms)
{
	struct relay *r = CONTAINER_OF(t, struct relay, addresses_timer);
	struct address_list own;
	loop_timer_start(r->loop, t, ADDRESSES_MS);
	int rc = addresses_own(&own);
	if (rc < 0) {
		log_error("cannot read this machine's addresses error=%s", strerror(-rc));
		return;
	}
	bool same = addresses_equal(&own, &r->own);
	rc = same ? 0 : send_addresses(r, &own);
	if (same || rc < 0) {
		/* What failed is tried again the next time, for r->own is still the old list. */
		if (rc < 0)
			log_error("cannot pass on this machine's new addresses error=%s", strerror(-rc));
		addresses_free(&own);
		return;
	}
	log_info("this machine's addresses have changed count=%zu", own.count);
	addresses_free(&r->own);
	r->own = own;
}

/* ---- counters ---- */

struct counting {
	struct relay *relay;
	relay_counters_fn fn;
	void *arg;
	size_t n;
	_Atomic unsigned missing;
	_Atomic bool failed;
	struct order report;
	struct count_order {
		struct order order;
		struct counting *all;
	} * orders;
	struct relay_counters each[];
};

static void run_report(struct order *o, struct worker *w)
{
	struct counting *all = CONTAINER_OF(o, struct counting, report);
	all->relay->counting--;
	all->fn(all->arg, all->each, all->failed ? 0 : all->n);
	mem_free(all->orders);
	mem_free(all);
}

/* The last to add its part sends the whole home, where the mailbox has room: COUNTS_MAX is less than its
 * size. */
static void part_done(struct counting *all)
{
	if (atomic_fetch_sub(&all->missing, 1) != 1)
		return;
	int rc = mailbox_post(&home(all->relay)->mailbox, &all->report.mail);
	assert(rc == 0);
	(void)rc;
}

static void run_count(struct order *o, struct worker *w)
{
	struct counting *all = CONTAINER_OF(o, struct count_order, order)->all;
	struct relay_counters *mine = &all->each[w->number];
	if (w->turn)
		mine->turn = *turn_get_counters(w->turn);
	else
		all->failed = true;
	mine->io = w->io;
	part_done(all);
}

void relay_count(struct relay *r, relay_counters_fn fn, void *arg)
{
	size_t n = r->shared->n_workers;
	struct counting *all = mem_zalloc(sizeof(*all) + n * sizeof(all->each[0]));
	if (all)
		all->orders = mem_zalloc(n * sizeof(*all->orders));
	if (!all || !all->orders || r->stopped || r->counting == COUNTS_MAX) {
		if (all)
			mem_free(all->orders);
		mem_free(all);
		fn(arg, NULL, 0);
		return;
	}
	r->counting++;
	all->relay = r;
	all->fn = fn;
	all->arg = arg;
	all->n = n;
	all->missing = (unsigned)n;
	all->report.run = run_report;
	for (size_t i = 0; i < n; i++) {
		all->orders[i] = (struct count_order){.order = {.run = run_count}, .all = all};
		if (post(r->shared->workers[i], &all->orders[i].order, "count") < 0) {
			all->failed = true;
			part_done(all);
		}
	}
}

/* ---- start ---- */

/* Each allocation has a descriptor. What the system allows at most is allowed now. */
static void raise_descriptor_limit(void)
{
	struct rlimit l;
	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l);
	}
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
	sh->stream_queue_bytes = p->stream_queue_bytes;
	sh->stream_idle_ms = p->stream_idle_ms;
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
	raise_descriptor_limit();
	r->loop = p->loop;
	wheel_timer_init(&r->addresses_timer, look_at_addresses);
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
	loop_timer_start(r->loop, &r->addresses_timer, ADDRESSES_MS);
	*out = r;
	return 0;
}

/* ---- end ---- */

static void run_stop(struct order *o, struct worker *w)
{
	loop_stop(w->loop);
	free_order(o);
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
	loop_timer_stop(r->loop, &r->addresses_timer);
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
	client_adopt(home(r), s, data, n);
}
