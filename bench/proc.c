/*
 * The server as the kernel sees it: CPU time, resident memory, and how soon after its start it listens.
 *
 * Children count with their parent, so a server that forks gains nothing by it.
 * Thread: the only one.
 */
#include "hist.h"
#include "tool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LISTEN_TIMEOUT_NS (30 * NS_PER_S)

/* Runs @fn for the process and everything below it; false ends it where a child has gone meanwhile. */
static void each_process(pid_t pid, void (*fn)(pid_t pid, void *arg), void *arg)
{
	char path[64];
	int child;
	FILE *f;

	fn(pid, arg);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fscanf(f, "%d", &child) == 1)
		each_process(child, fn, arg);
	fclose(f);
}

static void add_cpu(pid_t pid, void *arg)
{
	double *sum = arg;
	unsigned long utime, stime, cutime, cstime;
	char path[64], line[1024];
	const char *rest;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		die("the server is gone (%s)", path);
	/* The name in parentheses may hold anything; the fields that count start behind its end. */
	if (!fgets(line, sizeof(line), f) || !(rest = strrchr(line, ')')) ||
	    sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu", &utime, &stime,
		   &cutime, &cstime) != 4)
		die("cannot read %s", path);
	fclose(f);
	*sum += (double)(utime + stime + cutime + cstime) / (double)sysconf(_SC_CLK_TCK);
}

double proc_cpu_s(pid_t pid)
{
	double sum = 0;

	each_process(pid, add_cpu, &sum);
	return sum;
}

static void add_rss(pid_t pid, void *arg)
{
	uint64_t *sum = arg;
	unsigned long kib = 0;
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	f = fopen(path, "re");
	if (!f)
		die("the server is gone (%s)", path);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Rss: %lu kB", &kib) == 1)
			break;
	fclose(f);
	*sum += kib;
}

uint64_t proc_rss_kib(pid_t pid)
{
	uint64_t sum = 0;

	each_process(pid, add_rss, &sum);
	return sum;
}

static bool listens(uint16_t port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	if (fd < 0)
		die("socket: %s", strerror(errno));
	ok = !connect(fd, (struct sockaddr *)&to, sizeof(to));
	close(fd);
	return ok;
}

static pid_t spawn(char **argv)
{
	pid_t pid = fork();
	int null;

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid > 0)
		return pid;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, argv[0], strerror(errno));
	_exit(127);
}

static uint64_t start_once(char **argv, uint16_t port)
{
	const struct timespec pause = {.tv_nsec = 200000};
	uint64_t begin, took = 0;
	pid_t pid;
	int status;

	if (listens(port))
		die("port %u is taken", port);
	begin = now_ns();
	pid = spawn(argv);
	while (!listens(port)) {
		took = now_ns() - begin;
		if (waitpid(pid, &status, WNOHANG) == pid)
			die("the server ended instead of listening");
		if (took > LISTEN_TIMEOUT_NS) {
			kill(pid, SIGKILL);
			die("the server does not listen");
		}
		nanosleep(&pause, NULL);
	}
	took = now_ns() - begin;
	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	return took;
}

int proc_cold_start(char **argv, uint16_t port, uint32_t runs)
{
	struct hist *h = must_alloc(sizeof(*h));

	for (uint32_t i = 0; i < runs; i++)
		hist_add(h, start_once(argv, port));
	printf("start_p50_ms %.2f\nstart_max_ms %.2f\n", (double)hist_percentile(h, 50) / 1e6,
	       (double)h->max_ns / 1e6);
	free(h);
	return 0;
}
