/*
 * Orders to the workers. Each worker gets one of its own, which it frees when it has carried it out.
 *
 * Thread: the control loop's; the run functions are the worker's.
 */
#include "relay/control.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>

/* A full mailbox is a worker that has stood still for thousands of orders. */
int order_post(struct worker *w, struct order *o, const char *what)
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
		if (order_post(r->shared->workers[i], &o->order, "revoke") < 0)
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
		int rc = order_post(r->shared->workers[i], &o->order, "secrets");
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
			rc = order_post(r->shared->workers[i], &o->order, "tls");
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
