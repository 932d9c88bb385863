/*
 * What the load generators share: giving up, time, numbers on the command line, and a server as the kernel
 * sees it.
 */
#ifndef PARLEY_BENCH_TOOL_H
#define PARLEY_BENCH_TOOL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull

void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void *must_alloc(size_t size); /* zeroed */
uint64_t now_ns(void);

struct number {
	const char *name; /* of the option, without dashes */
	uint32_t *value;
	uint32_t min, max;
};
void set_number(const struct number *n, const char *text);

/* proc.c */
double proc_cpu_s(pid_t pid);     /* user and system time of the process and its children */
uint64_t proc_rss_kib(pid_t pid); /* resident memory of both */
int proc_cold_start(char **argv, uint16_t port, uint32_t runs);

#endif
