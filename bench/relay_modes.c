/*
 * What the relay load generator measures. Each mode prints lines "test <tab> name <tab> value".
 * Thread: the only one.
 */
#include "relay_load.h"

#include <stdio.h>
#include <string.h>

#define FIRST_FLOWS 64u /* these bring in what a server allocates once */
#define SETTLE_MAX  80
#define SETTLE_MS   250u

static const uint32_t payloads[] = {120, 1100};
static const uint32_t bursts[] = {1, BURST};

int mode_ready(struct relay_load *l)
{
	setup_ready(l);
	return 0;
}

static void open_flows(struct relay_load *l)
{
	setup_run(l, STEP_ALLOCATE, 0, l->opt.flows);
	setup_run(l, STEP_BIND, 0, l->opt.flows);
}

typedef void (*traffic_fn)(struct relay_load *l, const struct traffic *t);

static void one_traffic(struct relay_load *l, traffic_fn fn, const struct traffic *t)
{
	char name[TEST_NAME_MAX];

	if (!l->opt.only || strstr(traffic_name(l, t, name), l->opt.only))
		fn(l, t);
}

static void each_traffic(struct relay_load *l, traffic_fn fn)
{
	enum direction first = l->opt.both ? BOTH : UP, last = l->opt.both ? BOTH : DOWN;

	open_flows(l);
	for (enum direction dir = first; dir <= last; dir++)
		for (int p = 0; p < 2; p++)
			for (int b = 0; b < 2; b++)
				one_traffic(l, fn, &(struct traffic){dir, payloads[p], bursts[b]});
	setup_run(l, STEP_RELEASE, 0, l->opt.flows);
}

int mode_traffic(struct relay_load *l)
{
	each_traffic(l, traffic_throughput);
	return 0;
}

int mode_delay(struct relay_load *l)
{
	each_traffic(l, traffic_latency);
	return 0;
}

static bool is_close(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : b - a) * 500 < b;
}

/* Resident memory once it has stopped moving: some end an allocation seconds after they are told to. */
static double settled_rss_kib(const struct relay_load *l)
{
	uint64_t last = 0, now;
	uint32_t same = 0;

	for (int i = 0; i < SETTLE_MAX && same < 12; i++) {
		net_wait(l->peer_fd, SETTLE_MS); /* nothing comes there */
		now = proc_rss_kib(l->opt.pid);
		same = is_close(now, last) ? same + 1 : 0;
		last = now;
	}
	return (double)last;
}

static void print(uint32_t flows, const char *name, double value)
{
	printf("allocations-%u\t%s\t%.4f\n", flows, name, value);
	fflush(stdout);
}

/* Allocations from @first to @end, with the memory that they take; @base: before them. */
static void grow(struct relay_load *l, uint32_t first, uint32_t end, double base)
{
	double cpu = cpu_server_s(&l->opt), own = cpu_own_s(), seconds;

	seconds = (double)setup_run(l, STEP_ALLOCATE, first, end) / 1e9;
	cpu = cpu_server_s(&l->opt) - cpu;
	own = cpu_own_s() - own;
	print(end, "per_cpu_s", (end - first) / cpu);
	print(end, "per_s", (end - first) / seconds);
	print(end, "server_cpu_percent", 100 * cpu / seconds);
	print(end, "load_cpu_percent", 100 * own / seconds);
	setup_run(l, STEP_BIND, first, end);
	print(end, "kib_each", (settled_rss_kib(l) - base) / (end - FIRST_FLOWS));
}

int mode_allocations(struct relay_load *l)
{
	const uint32_t some = 1000, all = l->opt.flows;
	double base, after;

	if (all <= some)
		die("allocations needs more than %u flows", some);
	setup_run(l, STEP_ALLOCATE, 0, FIRST_FLOWS);
	setup_run(l, STEP_BIND, 0, FIRST_FLOWS);
	base = settled_rss_kib(l);
	grow(l, FIRST_FLOWS, some, base);
	grow(l, some, all, base);
	setup_run(l, STEP_RELEASE, FIRST_FLOWS, all);
	after = settled_rss_kib(l);
	print(all, "rss_before_kib", base);
	print(all, "rss_left_over_kib", after - base);
	setup_run(l, STEP_RELEASE, 0, FIRST_FLOWS);
	return 0;
}
