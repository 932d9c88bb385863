/*
 * The address behind which this machine is known: from the configuration, or asked of a STUN server at the
 * start, before there is a loop to wait on. Thread: the control loop's.
 */
#include "relay/relay.h"

#include "base/clock.h"
#include "base/rand.h"
#include "stun/build.h"
#include "stun/read.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define STUN_PORT "3478"
#define ASK_MS    4000
#define RETRY_MS  500

static int parse_ip(const char *text, size_t n, struct addr *out)
{
	char copy[ADDR_TEXT_MAX];
	if (n == 0 || n >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	int r = addr_parse(out, copy, 0);
	return r < 0 || addr_port(out) != 0 || copy[0] == '*' ? -EINVAL : 0;
}

int relay_external_parse(const char *text, struct relay_external *out)
{
	struct relay_external e = {0};
	size_t n = strcspn(text, "/");
	e.has_private = text[n] == '/';
	if (parse_ip(text, n, &e.public) < 0)
		return -EINVAL;
	if (e.has_private && (parse_ip(text + n + 1, strlen(text + n + 1), &e.private) < 0 ||
			      e.private.sa.sa_family != e.public.sa.sa_family))
		return -EINVAL;
	*out = e;
	return 0;
}

/* "host", "host:port", "[v6]:port". */
static int split(const char *text, char *host, size_t max, const char **port)
{
	size_t n = text[0] == '[' ? strcspn(text, "]") + 1 : strcspn(text, ":");
	/* More than one colon and no brackets: an IPv6 address alone. */
	if (text[0] != '[' && text[n] == ':' && strchr(text + n + 1, ':'))
		n = strlen(text);
	*port = text[n] == ':' ? text + n + 1 : STUN_PORT;
	bool brackets = text[0] == '[' && n >= 2;
	size_t len = brackets ? n - 2 : n;
	if (len == 0 || len >= max || (text[n] != ':' && text[n] != '\0'))
		return -EINVAL;
	memcpy(host, text + brackets, len);
	host[len] = '\0';
	return 0;
}

static int resolve(const char *server, int family, struct addr *out)
{
	char host[256];
	const char *port;
	int r = split(server, host, sizeof(host), &port);
	if (r < 0)
		return r;
	struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found = NULL;
	if (getaddrinfo(host, port, &hints, &found) != 0)
		return -ENOENT;
	r = addr_from_sockaddr(out, found->ai_addr);
	freeaddrinfo(found);
	return r;
}

/* Return: 0; -EAGAIN: not an answer to our question; -EPROTO: one, but of no use. */
static int read_answer(const uint8_t *data, size_t n, const uint8_t *tid, struct addr *out)
{
	struct stun_msg m;
	if (stun_msg_parse(&m, data, n) || memcmp(data + 8, tid, STUN_TID_BYTES) != 0)
		return -EAGAIN;
	return stun_read_xor_addr(&m, STUN_ATTR_XOR_MAPPED_ADDRESS, out) ? -EPROTO : 0;
}

static int wait_answer(int fd, const uint8_t *tid, uint64_t until_ms, struct addr *out)
{
	for (;;) {
		uint64_t now_ms = clock_mono_ms();
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (now_ms >= until_ms || poll(&p, 1, (int)(until_ms - now_ms)) == 0)
			return -ETIMEDOUT;
		uint8_t buf[STUN_MESSAGE_MAX < 2048 ? STUN_MESSAGE_MAX : 2048];
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		int r = n > 0 ? read_answer(buf, (size_t)n, tid, out) : -EAGAIN;
		if (r != -EAGAIN)
			return r;
	}
}

static int ask(int fd, struct addr *out)
{
	uint8_t tid[STUN_TID_BYTES];
	uint8_t request[32];
	struct stun_build b;
	size_t len = 0;
	rand_bytes(NULL, tid, sizeof(tid));
	stun_build_init(&b, request, sizeof(request), stun_type(STUN_REQUEST, STUN_BINDING), tid);
	int r = stun_build_end(&b, &len);
	if (r < 0)
		return r;
	uint64_t end_ms = clock_mono_ms() + ASK_MS;
	do {
		if (send(fd, request, len, 0) < 0)
			return -errno;
		r = wait_answer(fd, tid, clock_mono_ms() + RETRY_MS, out);
	} while (r == -ETIMEDOUT && clock_mono_ms() < end_ms);
	return r;
}

int relay_external_ask(const char *server, int family, struct relay_external *out)
{
	struct addr to;
	struct relay_external e = {.has_private = true};
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int r = resolve(server, family, &to);
	if (r < 0)
		return r;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, &to.sa, addr_len(&to)) < 0 || getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		r = -errno;
	if (r == 0)
		r = addr_from_sockaddr(&e.private, (struct sockaddr *)&ss);
	if (r == 0)
		r = ask(fd, &e.public);
	close(fd);
	if (r < 0)
		return r;
	addr_set_port(&e.private, 0);
	addr_set_port(&e.public, 0);
	*out = e;
	return 0;
}
