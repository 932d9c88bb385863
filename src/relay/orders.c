/*
 * Orders to the workers. Each worker gets one of its own, which it frees when it has carried it out. But to
 * revoke is one order for each worker that is always there, and a list of users with it: however many leave
 * at once, it takes one place in the mailbox, and where there is none it is sent again.
 *
 * Thread: the control loop's; the run functions are the worker's.
 */
#include "relay/control.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define AGAIN_MS 100

/* A full mailbox is a worker that has stood still for thousands of orders. */
int order_post(struct worker *w, struct order *o, const char *what)
{
	int rc = mailbox_post_sparing(&w->mailbox, &o->mail, REPORTS_MAX);
	if (rc < 0)
		log_error("relay worker takes no orders worker=%u order=%s error=%s", w->number, what,
			  strerror(-rc));
	return rc;
}

/* ---- revoking ---- */

static void run_revocations(struct order *o, struct worker *w);

struct revoked_user {
	struct list node;
	char name[];
};

void revocations_init(struct revocations *rv)
{
	*rv = (struct revocations){.order.run = run_revocations};
	list_init(&rv->users);
	int r = pthread_mutex_init(&rv->lock, NULL);
	assert(r == 0); /* glibc's never fails for a mutex of the default kind */
	(void)r;
}

/* Everybody who is in it now, into the list @out. */
static void take_users(struct revocations *rv, struct list *out)
{
	list_init(out);
	pthread_mutex_lock(&rv->lock);
	LIST_FOREACH (node, &rv->users) {
		list_unlink(node);
		list_append(out, node);
	}
	rv->posted = false;
	pthread_mutex_unlock(&rv->lock);
}

void revocations_deinit(struct revocations *rv)
{
	struct list users;
	take_users(rv, &users);
	LIST_FOREACH (node, &users)
		mem_free(LIST_ENTRY(node, struct revoked_user, node));
	pthread_mutex_destroy(&rv->lock);
}

static void run_revocations(struct order *o, struct worker *w)
{
	struct list users;
	take_users(&w->revocations, &users);
	LIST_FOREACH (node, &users) {
		struct revoked_user *u = LIST_ENTRY(node, struct revoked_user, node);
		if (w->turn)
			turn_revoke(w->turn, u->name, worker_time(w));
		mem_free(u);
	}
	w->timer_stale = true;
	worker_arm(w);
}

/* Sends the order unless it is on its way or there is nobody in it. Return: whether that had to be put off.
 */
static bool post_revocations(struct worker *w)
{
	struct revocations *rv = &w->revocations;
	pthread_mutex_lock(&rv->lock);
	bool due = !rv->posted && !list_empty(&rv->users);
	rv->posted = rv->posted || due;
	pthread_mutex_unlock(&rv->lock);
	if (!due || order_post(w, &rv->order, "revoke") == 0)
		return false;
	/* Not posted, so the worker does not touch it. */
	pthread_mutex_lock(&rv->lock);
	rv->posted = false;
	pthread_mutex_unlock(&rv->lock);
	return true;
}

static void post_all(struct relay *r)
{
	bool late = false;
	for (unsigned i = 0; i < r->shared->n_workers; i++)
		late = post_revocations(r->shared->workers[i]) || late;
	if (late && !wheel_timer_active(&r->revoke_timer))
		loop_timer_start(r->loop, &r->revoke_timer, AGAIN_MS);
}

static void on_again(struct wheel_timer *t, uint64_t now_ms)
{
	post_all(CONTAINER_OF(t, struct relay, revoke_timer));
}

void orders_init(struct relay *r)
{
	wheel_timer_init(&r->revoke_timer, on_again);
}

void orders_stop(struct relay *r)
{
	loop_timer_stop(r->loop, &r->revoke_timer);
}

void relay_revoke(struct relay *r, const char *user)
{
	size_t n = strlen(user) + 1;
	for (unsigned i = 0; i < r->shared->n_workers; i++) {
		struct revocations *rv = &r->shared->workers[i]->revocations;
		struct revoked_user *u = mem_alloc(sizeof(*u) + n);
		if (!u) {
			log_error("relay: no memory to revoke a participant's allocations");
			break;
		}
		list_init(&u->node);
		memcpy(u->name, user, n);
		pthread_mutex_lock(&rv->lock);
		list_append(&rv->users, &u->node);
		pthread_mutex_unlock(&rv->lock);
	}
	/* Where some had to be put off they all go then. */
	if (!wheel_timer_active(&r->revoke_timer))
		post_all(r);
}

/* ---- secrets ---- */

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

/* ---- certificates ---- */

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
