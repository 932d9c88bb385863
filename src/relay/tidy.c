/*
 * Giving memory back after many allocations have ended.
 *
 * The C library keeps what is freed in between what is not, a wave of requests has touched slots that need
 * not be touched again, and ports at random have touched the whole directory of sockets. None of that grows,
 * but a relay that was busy once would look busy for ever. (The budgets of address prefixes stay: they must
 * be remembered, and have a table of fixed size.)
 *
 * Done at most once a second, and only after as many have ended as there still are, so that looking through
 * memory costs each of them little.
 *
 * Thread: the worker's.
 */
#include "relay/worker.h"

#include "base/mem.h"

#include <string.h>

#define TIDY_MS  1000
#define GONE_MIN 256
#define PAGE     4096

static bool is_zero(const uint8_t *p, size_t n)
{
	return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

/* Pages without a socket hold nothing but NULL, and that is what they hold when they come back. */
static void tidy_ports(struct turn_socket **by_port)
{
	uint8_t *begin = (uint8_t *)by_port;
	uint8_t *end = begin + WORKER_PORTS * sizeof(struct turn_socket *);
	for (uint8_t *p = begin + (PAGE - (uintptr_t)begin % PAGE) % PAGE; p + PAGE <= end; p += PAGE)
		if (is_zero(p, PAGE))
			mem_forget(p, PAGE);
}

static void on_tidy(struct wheel_timer *t, uint64_t now_ms)
{
	struct worker *w = CONTAINER_OF(t, struct worker, tidy);
	if (w->gone < GONE_MIN || w->gone < turn_get_counters(w->turn)->allocations_now)
		return;
	w->gone = 0;
	rx_tidy(&w->rx);
	tidy_ports(w->by_port[0]);
	tidy_ports(w->by_port[1]);
	mem_trim();
}

void tidy_init(struct worker *w)
{
	wheel_timer_init(&w->tidy, on_tidy);
}

void tidy_gone(struct worker *w)
{
	w->gone++;
	if (!w->closing && !wheel_timer_active(&w->tidy))
		loop_timer_start(w->loop, &w->tidy, TIDY_MS);
}

void tidy_stop(struct worker *w)
{
	loop_timer_stop(w->loop, &w->tidy);
}
