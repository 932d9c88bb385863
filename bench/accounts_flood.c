/*
 * A flood of sign-ins: so many connections, on each of which one POST /api/v1/session follows the other, half
 * of them for accounts that are there (user0@example.org, …), half for addresses that nobody has. Until
 * SIGTERM; then it prints how many were answered, and how.
 *
 *   accounts_flood --port N [--conns N] [--accounts N]
 *   accounts_flood --port N --once        one sign-in; prints the cookie that it got, "name=value"
 *
 * A tool: what goes wrong that is not itself being measured ends it with a message. Thread: the only one.
 */
#include "hist.h"
#include "tool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PASSWORD   "a password for the benchmark"
#define REPLY_MAX  8192
#define EVENTS_MAX 64

struct conn {
	int fd;
	uint64_t sent_ns;
	size_t have;
	char reply[REPLY_MAX];
};

struct flood {
	uint32_t port, conns, accounts;
	int epoll;
	struct conn *all;
	uint64_t next; /* which address is tried: even ones are there */
	uint64_t ok, wrong, busy;
	struct hist answered; /* of those that were hashed for */
};

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static void open_conn(const struct flood *f, struct conn *c)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)f->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)))
		die("connect: %s", strerror(errno));
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static void send_try(struct flood *f, struct conn *c)
{
	char body[160], request[512];
	uint64_t n = f->next++;
	int len = snprintf(body, sizeof(body),
			   "{\"email\":\"%s%llu@example.org\",\"password\":\"" PASSWORD "\"}",
			   n % 2 ? "nobody" : "user", (unsigned long long)(n / 2 % f->accounts));

	len = snprintf(request, sizeof(request),
		       "POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
		       "Origin: http://127.0.0.1:%u\r\nContent-Type: application/json\r\n"
		       "Content-Length: %d\r\n\r\n%s",
		       f->port, f->port, len, body);
	c->have = 0;
	c->sent_ns = now_ns();
	if (send(c->fd, request, (size_t)len, MSG_NOSIGNAL) != len)
		die("a request could not be sent: %s", strerror(errno));
}

/* More of the reply. Return: whether it is all here; a NUL is behind it. */
static bool take_reply(struct conn *c)
{
	ssize_t got = recv(c->fd, c->reply + c->have, REPLY_MAX - 1 - c->have, 0);
	const char *body, *length;

	if (got <= 0)
		die("the server closed a connection: %.200s", c->reply);
	c->have += (size_t)got;
	c->reply[c->have] = '\0';
	body = strstr(c->reply, "\r\n\r\n");
	if (!body)
		return false;
	length = strcasestr(c->reply, "\r\ncontent-length:");
	if (!length || length > body)
		die("a reply without a length: %.200s", c->reply);
	return strlen(body + 4) >= strtoul(length + 17, NULL, 10);
}

static void count_reply(struct flood *f, const struct conn *c)
{
	int status = c->have > 12 ? atoi(c->reply + 9) : 0;

	if (status == 503) {
		f->busy++;
		return;
	}
	if (status == 200)
		f->ok++;
	else if (status == 401)
		f->wrong++;
	else
		die("an unexpected answer: %.300s", c->reply);
	hist_add(&f->answered, now_ns() - c->sent_ns);
}

static void open_all(struct flood *f)
{
	f->epoll = epoll_create1(EPOLL_CLOEXEC);
	f->all = must_alloc(f->conns * sizeof(*f->all));
	for (uint32_t i = 0; i < f->conns; i++) {
		struct conn *c = &f->all[i];
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
		open_conn(f, c);
		if (epoll_ctl(f->epoll, EPOLL_CTL_ADD, c->fd, &ev))
			die("epoll: %s", strerror(errno));
		send_try(f, c);
	}
}

static void run(struct flood *f)
{
	struct epoll_event events[EVENTS_MAX];
	uint64_t begin = now_ns();
	double seconds;

	open_all(f);
	while (!stop) {
		int n = epoll_wait(f->epoll, events, EVENTS_MAX, 1000);
		for (int i = 0; i < n; i++) {
			struct conn *c = events[i].data.ptr;
			if (!take_reply(c))
				continue;
			count_reply(f, c);
			send_try(f, c);
		}
	}
	seconds = (double)(now_ns() - begin) / 1e9;
	printf("signins_per_s %.2f\nknown %llu\nunknown %llu\nbusy %llu\n",
	       (double)f->answered.count / seconds, (unsigned long long)f->ok, (unsigned long long)f->wrong,
	       (unsigned long long)f->busy);
	printf("signin_p50_us %.1f\nsignin_p99_us %.1f\n", (double)hist_percentile(&f->answered, 50) / 1e3,
	       (double)hist_percentile(&f->answered, 99) / 1e3);
}

/* The session's cookie: the last one set; Django sets one against CSRF before it. */
static void once(struct flood *f)
{
	struct conn *c = must_alloc(sizeof(*c));
	const char *found = NULL;

	open_conn(f, c);
	send_try(f, c);
	while (!take_reply(c))
		continue;
	for (const char *at = c->reply; (at = strcasestr(at, "\r\nset-cookie:")); at++)
		found = at + 13;
	if (strncmp(c->reply + 9, "200", 3) || !found)
		die("the sign-in failed: %.300s", c->reply);
	found += strspn(found, " ");
	printf("%.*s\n", (int)strcspn(found, ";\r"), found);
	free(c);
}

static bool parse(int argc, char **argv, struct flood *f)
{
	const struct number numbers[] = {{"port", &f->port, 1, 65535},
					 {"conns", &f->conns, 1, 10000},
					 {"accounts", &f->accounts, 1, 1000}};
	enum { N = sizeof(numbers) / sizeof(numbers[0]) };
	struct option longs[N + 2] = {0};
	bool only_one = false;
	int opt;

	for (int i = 0; i < N; i++)
		longs[i] = (struct option){numbers[i].name, required_argument, NULL, i};
	longs[N] = (struct option){"once", no_argument, NULL, N};
	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (opt >= 0 && opt < N)
			set_number(&numbers[opt], optarg);
		else if (opt == N)
			only_one = true;
		else
			die("usage: accounts_flood --port N [--conns N] [--accounts N] [--once]");
	}
	if (!f->port)
		die("which port? --port N");
	return only_one;
}

int main(int argc, char **argv)
{
	struct flood *f = must_alloc(sizeof(*f));

	f->conns = 32;
	f->accounts = 4;
	/* Not SA_RESTART: the wait is to end. */
	sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_term}, NULL);
	if (parse(argc, argv, f))
		once(f);
	else
		run(f);
	free(f->all);
	free(f);
	return 0;
}
