/*
 * What the traffic comes to: packets per server CPU second, and how long they take.
 *
 * The machine is hardly ever ours alone. Each measurement looks at what others took of the two cores
 * meanwhile, is repeated if that was much, and the least disturbed one counts. Thread: the only one.
 */
#include "relay_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOSS_MAX   0.001
#define PROBE_NS   (250 * NS_PER_MS)
#define DRAIN_NS   (100 * NS_PER_MS)
#define WINDOW_MAX 2048u
#define WINDOW_MIN 64u
#define EMPTY_MAX  8u /* probes in which nothing came, on a machine that is busy */
#define TRIES_MAX  3u
#define OTHERS_MAX 0.05 /* of the time of both cores */

static double loss_of(uint64_t received, int64_t lost)
{
	return lost > 0 ? (double)lost / ((double)received + (double)lost) : 0;
}

/* The most packets under way that lose less than 0.1 %: the buffers of servers differ. */
static uint32_t find_window(struct relay_load *l, const struct traffic *t)
{
	uint32_t window = WINDOW_MAX, empty = 0;
	struct run r;

	for (;;) {
		r = run_begin(l, t);
		pump(&r, now_ns() + PROBE_NS, window);
		run_end(&r);
		if (!r.received && ++empty == EMPTY_MAX)
			die("nothing arrives");
		if (!r.received)
			continue;
		if (window == WINDOW_MIN || loss_of(r.received, r.lost) < LOSS_MAX)
			return window;
		window /= 2;
	}
}

/* What a stretch of time came to. Counts run on; the difference is the stretch's. */
struct span {
	uint64_t ns, received;
	int64_t lost;
	double server_s, own_s, others_s;
};

static struct span span_now(const struct run *r)
{
	const struct relay_options *o = &r->l->opt;

	return (struct span){now_ns(), r->received, r->lost, cpu_server_s(o), cpu_own_s(), cpu_others_s(o)};
}

static struct span span_since(const struct run *r, const struct span *begin)
{
	struct span s = span_now(r);

	s.ns -= begin->ns;
	s.received -= begin->received;
	s.lost -= begin->lost;
	s.server_s -= begin->server_s;
	s.own_s -= begin->own_s;
	s.others_s -= begin->others_s;
	return s;
}

static const char *const direction_names[] = {[UP] = "up", [DOWN] = "down", [BOTH] = "both"};

const char *traffic_name(const struct relay_load *l, const struct traffic *t, char out[TEST_NAME_MAX])
{
	snprintf(out, TEST_NAME_MAX, "%u-%s-%u-%s", l->opt.flows, direction_names[t->dir], t->payload,
		 t->burst > 1 ? "burst" : "single");
	return out;
}

static void print(const struct run *r, const char *name, double value)
{
	char test[TEST_NAME_MAX];

	printf("%s\t%s\t%.4f\n", traffic_name(r->l, r->t, test), name, value);
	fflush(stdout);
}

static void span_print(const struct run *r, const struct span *s, uint32_t window)
{
	double seconds = (double)s->ns / 1e9, n = (double)s->received;

	print(r, "packets_per_cpu_s", n / s->server_s);
	print(r, "cpu_us_per_packet", 1e6 * s->server_s / n);
	print(r, "packets_per_s", n / seconds);
	print(r, "server_cpu_percent", 100 * s->server_s / seconds);
	print(r, "load_cpu_percent", 100 * s->own_s / seconds);
	print(r, "others_cpu_percent", 100 * s->others_s / seconds);
	print(r, "loss_percent", 100 * loss_of(s->received, s->lost));
	print(r, "window", window);
}

static struct span measure(struct run *r, struct relay_load *l, const struct traffic *t, uint32_t window)
{
	struct span s;

	*r = run_begin(l, t);
	pump(r, now_ns() + l->opt.warmup_ms * NS_PER_MS, window);
	s = span_now(r);
	pump(r, now_ns() + l->opt.run_ms * NS_PER_MS, window);
	s = span_since(r, &s);
	run_end(r);
	return s;
}

/* One in which too much was lost counts for nothing; of the rest, the one that others disturbed least. */
void traffic_throughput(struct relay_load *l, const struct traffic *t)
{
	uint32_t window = find_window(l, t), best_window = 0;
	struct span s, best = {.others_s = 1e9};
	char name[TEST_NAME_MAX];
	struct run r;

	for (uint32_t tries = 0; tries < TRIES_MAX; tries++) {
		s = measure(&r, l, t, window);
		if (s.received && loss_of(s.received, s.lost) < LOSS_MAX) {
			if (s.others_s < best.others_s) {
				best = s;
				best_window = window;
			}
			if (s.others_s < OTHERS_MAX * 2 * (double)s.ns / 1e9)
				break;
		} else if (s.received && window > WINDOW_MIN) {
			window /= 2;
		}
	}
	if (best_window)
		span_print(&r, &best, best_window);
	else
		fprintf(stderr, "relay_load: %s: every run lost more than 0.1 %%\n",
			traffic_name(l, t, name));
}

static struct span measure_delay(struct run *r, struct relay_load *l, const struct traffic *t, struct hist *h)
{
	struct span s;

	memset(h, 0, sizeof(*h));
	*r = run_begin(l, t);
	r->delay = h;
	s = span_now(r);
	pump_at_rate(r, now_ns() + l->opt.run_ms * NS_PER_MS);
	s = span_since(r, &s);
	run_drain(r, DRAIN_NS);
	run_end(r);
	return s;
}

void traffic_latency(struct relay_load *l, const struct traffic *t)
{
	struct hist *h = must_alloc(sizeof(*h)), *best_h = must_alloc(sizeof(*h));
	struct span s, best = {.others_s = 1e9};
	struct run r;

	r = run_begin(l, t);
	net_stamps(r.rx_fd, true);
	for (uint32_t tries = 0; tries < TRIES_MAX; tries++) {
		s = measure_delay(&r, l, t, h);
		if (h->count && s.others_s < best.others_s) {
			best = s;
			memcpy(best_h, h, sizeof(*h));
		}
		if (h->count && s.others_s < OTHERS_MAX * 2 * (double)s.ns / 1e9)
			break;
	}
	net_stamps(r.rx_fd, false);
	if (!best_h->count)
		die("nothing arrives");
	print(&r, "delay_p50_us", (double)hist_percentile(best_h, 50) / 1e3);
	print(&r, "delay_p99_us", (double)hist_percentile(best_h, 99) / 1e3);
	print(&r, "delay_others_cpu_percent", 100 * best.others_s / ((double)best.ns / 1e9));
	free(h);
	free(best_h);
}
