/*
 * The workers' counters. Each has its own and nobody else looks at them, so each is asked to write down a
 * copy; the last to do so sends the whole home.
 *
 * Thread: the control loop's; run_count() is the worker's.
 */
#include "relay/control.h"

#include "base/mem.h"

#include <assert.h>

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

/* The last to add its part sends the whole home, where orders leave room in the mailbox. */
static void part_done(struct counting *all)
{
	if (atomic_fetch_sub(&all->missing, 1) != 1)
		return;
	int rc = mailbox_post(&relay_home(all->relay)->mailbox, &all->report.mail);
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
	if (!all || !all->orders || r->stopped || r->counting == REPORTS_MAX) {
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
		if (order_post(r->shared->workers[i], &all->orders[i].order, "count") < 0) {
			all->failed = true;
			part_done(all);
		}
	}
}
