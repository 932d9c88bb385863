/*
 * What the load generator measures. Each mode prints "name value" lines.
 *
 * Throughput is a closed loop: in every pair a fixed number of messages is always under way, each arrival
 * sends the next one back. Latency and joins are open loops: things start when the schedule says so, and are
 * timed from that moment, so a server that falls behind shows it. Thread: the only one.
 */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_latency(const struct hist *h)
{
	printf("p50_us %.1f\np99_us %.1f\nmax_us %.1f\n", (double)hist_percentile(h, 50) / 1e3,
	       (double)hist_percentile(h, 99) / 1e3, (double)h->max_ns / 1e3);
}

static void send_timed(struct client *c, uint64_t since_ns)
{
	struct flight *f = &c->flight;

	if (!f->sent_ns)
		f->sent_ns = must_alloc(FLIGHT_MAX * sizeof(*f->sent_ns));
	if (f->count == FLIGHT_MAX)
		die("%u messages wait on one connection: the server cannot keep up with this rate",
		    FLIGHT_MAX);
	f->sent_ns[(f->head + f->count++) % FLIGHT_MAX] = since_ns;
	dialect_signal(c);
}

static void bounce(struct client *c)
{
	send_timed(c, now_ns());
}

static void pump_until(struct load *l, uint64_t end)
{
	while (now_ns() < end)
		load_poll(l, end);
}

/* The CPU time of this process, to show that it was not what limited the run. */
static double own_cpu_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

struct span {
	uint64_t begin_ns, forwarded;
	double server_cpu_s, own_cpu_s;
};

static void span_begin(struct load *l, struct span *s)
{
	s->begin_ns = now_ns();
	s->forwarded = l->forwarded;
	s->server_cpu_s = proc_cpu_s(l->opt.server);
	s->own_cpu_s = own_cpu_s();
	l->measuring = true;
}

static void span_print(struct load *l, const struct span *s)
{
	double seconds = (double)(now_ns() - s->begin_ns) / 1e9;
	double cpu = proc_cpu_s(l->opt.server) - s->server_cpu_s;
	double n = (double)(l->forwarded - s->forwarded);

	l->measuring = false;
	if (cpu <= 0 || n <= 0)
		die("too short a run to measure anything");
	printf("messages %.0f\nmessages_per_s %.0f\nserver_cpu_percent %.1f\nload_cpu_percent %.1f\n", n,
	       n / seconds, 100 * cpu / seconds, 100 * (own_cpu_s() - s->own_cpu_s) / seconds);
	printf("messages_per_cpu_s %.0f\n", n / cpu);
	print_latency(&l->hist);
}

int mode_throughput(struct load *l)
{
	struct span span;
	uint64_t start;

	load_open_all(l, 0, l->opt.conns);
	l->on_signal = bounce;
	for (uint32_t i = 0; i < l->opt.conns; i += 2) {
		for (uint32_t k = 0; k < l->opt.window; k++)
			bounce(&l->clients[i]);
		client_flush(&l->clients[i]);
	}
	start = now_ns() + l->opt.warmup_ms * NS_PER_MS;
	pump_until(l, start);
	span_begin(l, &span);
	pump_until(l, now_ns() + l->opt.run_ms * NS_PER_MS);
	span_print(l, &span);
	return 0;
}

/* Messages in turn over all connections: both sides of a pair send, so both get to acknowledge. */
static void send_until(struct load *l, uint64_t end_ns, uint64_t *due, uint32_t *turn)
{
	uint64_t gap = NS_PER_S / l->opt.rate;
	struct client *c;

	while (*due < end_ns) {
		load_poll(l, *due);
		for (uint64_t now = now_ns(); *due <= now && *due < end_ns; *due += gap) {
			c = &l->clients[(*turn)++ % l->opt.conns];
			send_timed(c, *due);
			client_flush(c);
		}
	}
}

int mode_latency(struct load *l)
{
	struct span span;
	uint64_t due;
	uint32_t turn = 0;

	load_open_all(l, 0, l->opt.conns);
	due = now_ns();
	send_until(l, due + l->opt.warmup_ms * NS_PER_MS, &due, &turn);
	span_begin(l, &span);
	send_until(l, due + l->opt.run_ms * NS_PER_MS, &due, &turn);
	span_print(l, &span);
	return 0;
}

static void bounce_some(struct client *c)
{
	if (c->bounced++ < c->load->opt.messages)
		dialect_signal(c);
	else
		dialect_ack(c);
}

/* Resident memory once it has stopped moving: garbage collectors take their time. */
static uint64_t settled_rss_kib(struct load *l)
{
	uint64_t last = 0, now;
	uint32_t same = 0;

	for (int i = 0; i < 40 && same < 6; i++) {
		pump_until(l, now_ns() + 250 * NS_PER_MS);
		now = proc_rss_kib(l->opt.server);
		same = (now > last ? now - last : last - now) * 500 < now ? same + 1 : 0;
		last = now;
	}
	return last;
}

static void idle_traffic(struct load *l, uint32_t first, uint32_t end)
{
	uint64_t deadline = now_ns() + l->opt.timeout_ms * NS_PER_MS, want = l->forwarded;

	for (uint32_t i = first; i < end; i++) {
		if (l->opt.messages && i % 2 == 0) {
			dialect_signal(&l->clients[i]);
			want += l->opt.messages * 2;
		} else {
			dialect_ack(&l->clients[i]);
		}
		client_flush(&l->clients[i]);
		if (i % 64 == 0)
			load_poll(l, 0);
	}
	while (l->forwarded < want && now_ns() < deadline)
		load_poll(l, deadline);
	if (l->forwarded < want)
		die("messages were lost before the connections became idle");
}

int mode_idle(struct load *l)
{
	const uint32_t first = 64; /* these bring in what a server allocates once; they are not counted */
	uint64_t before, after;

	if (l->opt.conns <= first)
		die("idle needs more than %u connections", first);
	l->on_signal = bounce_some;
	load_open_all(l, 0, first);
	idle_traffic(l, 0, first);
	before = settled_rss_kib(l);
	load_open_all(l, first, l->opt.conns);
	idle_traffic(l, first, l->opt.conns);
	after = settled_rss_kib(l);
	printf("connections %u\nrss_before_kib %lu\nrss_after_kib %lu\n", l->opt.conns - first,
	       (unsigned long)before, (unsigned long)after);
	printf("kib_per_connection %.2f\n", ((double)after - (double)before) / (l->opt.conns - first));
	return 0;
}

static void time_join(struct client *c)
{
	hist_add(&c->load->hist, now_ns() - c->due_ns);
	dialect_ack(c);
}

int mode_joins(struct load *l)
{
	uint64_t gap = NS_PER_S / l->opt.rate, start, deadline;
	double cpu = proc_cpu_s(l->opt.server);
	uint32_t i = 0, done;

	l->may_fail = true;
	l->on_joined = time_join;
	start = now_ns() + 50 * NS_PER_MS;
	deadline = start + l->opt.conns * gap + l->opt.timeout_ms * NS_PER_MS;
	while ((done = l->n_joined + l->n_failed) < l->opt.conns && l->now_ns < deadline) {
		load_poll(l, i < l->opt.conns ? start + i * gap : deadline);
		for (; i < l->opt.conns && start + i * gap <= now_ns(); i++) {
			l->clients[i].due_ns = start + i * gap;
			client_open(&l->clients[i]);
		}
	}
	cpu = proc_cpu_s(l->opt.server) - cpu;
	printf("joins %u\nfailed %u\njoins_per_cpu_s %.0f\n", l->n_joined, l->opt.conns - l->n_joined,
	       cpu > 0 ? l->n_joined / cpu : 0);
	if (l->first_failure)
		fprintf(stderr, "signal_load: first failure: %s\n", l->first_failure);
	print_latency(&l->hist);
	return 0;
}
