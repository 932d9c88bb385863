/*
 * CPU time of the server, to the nanosecond: that of all its threads, and that of ksoftirqd on its core, in
 * which the kernel delivers what the server sent when there is too much of it. (What it delivers at once is
 * on the server's own bill already.)
 *
 * Thread: the only one.
 */
#include "relay_load.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double clock_s(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts))
		die("the server is gone");
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double process_s(pid_t pid)
{
	clockid_t clock;
	int r = clock_getcpuclockid(pid, &clock);

	if (r)
		die("CPU time of process %d: %s", (int)pid, strerror(r));
	return clock_s(clock);
}

static bool has_name(const char *pid, const char *name)
{
	char path[300], line[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	return !strcmp(line, name);
}

/* Where kernel threads cannot be seen (in a container), -1: the ratios then leave out the same for everyone.
 */
static pid_t find_ksoftirqd(uint32_t core)
{
	char name[32];
	struct dirent *e;
	pid_t pid = -1;
	DIR *d = opendir("/proc");

	if (!d)
		die("/proc: %s", strerror(errno));
	snprintf(name, sizeof(name), "ksoftirqd/%u", core);
	while (pid < 0 && (e = readdir(d)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && has_name(e->d_name, name))
			pid = (pid_t)atoi(e->d_name);
	closedir(d);
	return pid;
}

double cpu_server_s(const struct relay_options *o)
{
	static pid_t ksoftirqd;

	if (!ksoftirqd)
		ksoftirqd = find_ksoftirqd(o->core);
	return process_s(o->pid) + (ksoftirqd > 0 ? process_s(ksoftirqd) : 0);
}

double cpu_own_s(void)
{
	return clock_s(CLOCK_PROCESS_CPUTIME_ID);
}

/* Time in which a core was not idle. */
static double busy_s(uint32_t core)
{
	unsigned long user, nice, system, idle, wait, irq, softirq;
	char line[256], format[64];
	double busy = -1;
	FILE *f = fopen("/proc/stat", "re");

	if (!f)
		die("/proc/stat: %s", strerror(errno));
	snprintf(format, sizeof(format), "cpu%u %%lu %%lu %%lu %%lu %%lu %%lu %%lu", core);
	while (busy < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, format, &user, &nice, &system, &idle, &wait, &irq, &softirq) == 7)
			busy = (double)(user + nice + system + irq + softirq) / (double)sysconf(_SC_CLK_TCK);
	fclose(f);
	if (busy < 0)
		die("no core %u in /proc/stat", core);
	return busy;
}

double cpu_others_s(const struct relay_options *o)
{
	uint32_t own = (uint32_t)sched_getcpu();
	double busy = busy_s(o->core) + (own == o->core ? 0 : busy_s(own));

	return busy - cpu_server_s(o) - cpu_own_s();
}
