/*
 * The watch over this machine's addresses: none of them may be a peer, and one of them is what is relayed
 * from. They are compared every ADDRESSES_MS, and each worker is given a list of its own where they have
 * changed.
 *
 * Thread: the control loop's; run_addresses() is the worker's.
 */
#include "relay/control.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>

#define ADDRESSES_MS 10000

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
	mem_free(ao);
}

static int send_addresses(struct relay *r, const struct address_list *own)
{
	for (unsigned i = 0; i < r->shared->n_workers; i++) {
		struct addresses_order *o = mem_zalloc(sizeof(*o));
		int rc = o ? addresses_make(&r->params, own, &o->fresh) : -ENOMEM;
		if (rc == 0) {
			o->order.run = run_addresses;
			rc = order_post(r->shared->workers[i], &o->order, "addresses");
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

void watch_init(struct relay *r)
{
	wheel_timer_init(&r->addresses_timer, look_at_addresses);
}

void watch_start(struct relay *r)
{
	loop_timer_start(r->loop, &r->addresses_timer, ADDRESSES_MS);
}

void watch_stop(struct relay *r)
{
	loop_timer_stop(r->loop, &r->addresses_timer);
}
