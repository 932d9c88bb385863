/*
 * The clocks. Those of time are one vDSO call each.
 *
 * CLOCK_MONOTONIC, because it is what libuv and the kernel's timeouts run on. It stands still while the
 * machine sleeps: after a suspend the deadlines of connections go on from where they were, and the peers' own
 * silence decides.
 *
 * Thread: any.
 */
#include "base/clock.h"

#include <time.h>

static uint64_t read_ms(clockid_t id)
{
	struct timespec ts = {0};
	/* Cannot fail: these clocks always exist on Linux and the pointer is valid. */
	(void)clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

uint64_t clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

uint64_t clock_cpu_ms(void)
{
	return read_ms(CLOCK_THREAD_CPUTIME_ID);
}
