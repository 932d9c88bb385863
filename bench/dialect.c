/*
 * What the load generator says and understands: parley.v1, and the same without rooms API and hello for the
 * forwarders beside it.
 *
 * Messages of the set-up are parsed in full. A forwarded message is too, the first time on each connection:
 * its sender and its payload must be right. After that only its number is read, and must follow the last one,
 * because parsing all of it here would cost more than the servers spend.
 * Thread: the only one.
 */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A data-channel offer as a browser makes it, but for the fingerprint's length: it brings a message to 600
 * bytes. */
#define SDP_LINES(eol)                                                                                       \
	"v=0" eol "o=- 4611731400430051336 2 IN IP4 127.0.0.1" eol "s=-" eol "t=0 0" eol                     \
	"a=group:BUNDLE 0" eol "a=extmap-allow-mixed" eol "a=msid-semantic: WMS" eol                         \
	"m=application 9 UDP/DTLS/SCTP webrtc-datachannel" eol "c=IN IP4 0.0.0.0" eol "a=ice-ufrag:4cP9" eol \
	"a=ice-pwd:by5GZGG1lw+040DWA6hXM5Bz" eol "a=ice-options:trickle" eol                                 \
	"a=fingerprint:sha-256 7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35" eol "a=setup:actpass" eol    \
	"a=mid:0" eol "a=sctp-port:5000" eol

#define CANDIDATE                                                                                            \
	"candidate:842163049 1 udp 1677729535 203.0.113.77 51472 typ srflx raddr 0.0.0.0 rport 0 "           \
	"generation 0"

static const char description_tail[] =
	"\"description\":{\"type\":\"offer\",\"sdp\":\"" SDP_LINES("\\r\\n") "\"}}";
static const char candidate_tail[] =
	"\"candidate\":{\"candidate\":\"" CANDIDATE
	"\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0,\"usernameFragment\":\"4cP9\"}}";

static void copy_string(char *to, size_t size, const json_t *from, const char *what)
{
	const char *s = json_string_value(from);

	if (!s || strlen(s) >= size)
		die("no usable %s in the server's answer", what);
	memcpy(to, s, strlen(s) + 1);
}

static void say_join(struct client *c)
{
	char text[160];

	c->stage = STAGE_JOIN;
	snprintf(text, sizeof(text),
		 "{\"type\":\"join\",\"id\":%" PRIu64 ",\"room\":\"%s\",\"name\":\"bench\"}", ++c->next_id,
		 c->room);
	client_text(c, text, "");
}

void dialect_begin(struct client *c)
{
	char text[64];

	if (c->load->opt.dialect == DIALECT_SIMPLE) {
		say_join(c);
		return;
	}
	c->stage = STAGE_HELLO;
	snprintf(text, sizeof(text), "{\"type\":\"hello\",\"id\":%" PRIu64 "}", ++c->next_id);
	client_text(c, text, "");
}

void dialect_ack(struct client *c)
{
	char text[64];

	if (c->load->opt.dialect == DIALECT_SIMPLE)
		return;
	snprintf(text, sizeof(text), "{\"type\":\"ack\",\"ack\":%" PRIu64 "}", c->seq);
	client_text(c, text, "");
}

void dialect_signal(struct client *c)
{
	char text[160];

	snprintf(text, sizeof(text),
		 "{\"type\":\"signal\",\"id\":%" PRIu64 ",\"ack\":%" PRIu64 ",\"to\":\"%s\",", ++c->next_id,
		 c->seq, c->to);
	client_text(c, text, c->load->opt.candidates ? candidate_tail : description_tail);
}

static void verify(struct client *c, const json_t *msg)
{
	const char *from = json_string_value(json_object_get(msg, "from")), *got, *want;

	if (c->load->opt.candidates) {
		got = json_string_value(json_object_get(json_object_get(msg, "candidate"), "candidate"));
		want = CANDIDATE;
	} else {
		got = json_string_value(json_object_get(json_object_get(msg, "description"), "sdp"));
		want = SDP_LINES("\r\n");
	}
	if (!from || strcmp(from, c->to) || !got || strcmp(got, want))
		die("a forwarded message is not what its sender sent");
	c->verified = true;
}

/* A new highest number; every server numbers without holes. */
static void take_seq(struct client *c, uint64_t seq)
{
	if (seq != c->seq + 1)
		die("message %" PRIu64 " followed %" PRIu64, seq, c->seq);
	c->seq = seq;
}

static void take_mate(struct client *c, const json_t *peer)
{
	copy_string(c->to, sizeof(c->to), json_object_get(peer, "participant"), "participant");
	c->load->n_paired++;
}

static void take_joined(struct client *c, const json_t *msg)
{
	const json_t *peers = json_object_get(msg, "peers");

	if (c->stage != STAGE_JOIN)
		die("joined without having asked to");
	copy_string(c->self, sizeof(c->self), json_object_get(json_object_get(msg, "self"), "participant"),
		    "participant");
	c->stage = STAGE_JOINED;
	c->load->n_joined++;
	if (json_array_size(peers))
		take_mate(c, json_array_get(peers, 0));
	if (c->load->on_joined)
		c->load->on_joined(c);
}

static void take_setup(struct client *c, const json_t *msg, const char *raw)
{
	const char *type = json_string_value(json_object_get(msg, "type"));
	uint64_t seq = (uint64_t)json_integer_value(json_object_get(msg, "seq"));

	if (!type)
		die("a message without type: %s", raw);
	if (!strcmp(type, "welcome")) {
		c->seq = seq;
		say_join(c);
		return;
	}
	if (!strcmp(type, "error")) {
		client_fail(c, raw);
		return;
	}
	take_seq(c, seq);
	if (!strcmp(type, "joined"))
		take_joined(c, msg);
	else if (!strcmp(type, "peer.joined"))
		take_mate(c, json_object_get(msg, "peer"));
	else if (strcmp(type, "peer.away") && strcmp(type, "peer.left") && strcmp(type, "host"))
		die("unexpected message: %s", raw);
}

static uint64_t find_seq(const char *text, size_t n)
{
	const char *at = memmem(text, n, "\"seq\":", 6);

	if (!at)
		die("a message without seq: %s", text);
	return strtoull(at + 6, NULL, 10);
}

static void take_signal(struct client *c)
{
	struct load *l = c->load;
	struct flight *f;

	l->forwarded++;
	f = &c->mate->flight;
	if (f->count) {
		if (l->measuring)
			hist_add(&l->hist, now_ns() - f->sent_ns[f->head]);
		f->head = (f->head + 1) % FLIGHT_MAX;
		f->count--;
	}
	if (l->on_signal)
		l->on_signal(c);
}

void dialect_message(struct client *c, char *text, size_t n)
{
	/* A quote inside a JSON string is escaped, so this is the type and nothing else. */
	bool is_signal = memmem(text, n, "\"signal\"", 8) != NULL;
	json_t *msg;

	if (is_signal && c->verified) {
		take_seq(c, find_seq(text, n));
		take_signal(c);
		return;
	}
	msg = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	if (!msg)
		die("not JSON: %s", text);
	if (is_signal) {
		verify(c, msg);
		take_seq(c, (uint64_t)json_integer_value(json_object_get(msg, "seq")));
		take_signal(c);
	} else {
		take_setup(c, msg, text);
	}
	json_decref(msg);
}

static int api_connect(struct load *l, SSL **ssl)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(l->opt.port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		die("the API: %s", strerror(errno));
	*ssl = NULL;
	if (!l->opt.tls)
		return fd;
	*ssl = SSL_new(l->tls);
	if (!*ssl || !SSL_set_fd(*ssl, fd) || SSL_connect(*ssl) != 1)
		die("the API: TLS handshake failed");
	return fd;
}

/* One request on a kept-alive connection. Return: the reply's body, within @reply. */
static const char *api_post_room(struct load *l, int fd, SSL *ssl, char reply[4096])
{
	char req[320];
	size_t have = 0;
	const char *body, *length;
	int n = snprintf(req, sizeof(req),
			 "POST /api/v1/rooms HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nOrigin: %s://127.0.0.1:%u\r\n"
			 "Content-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"knock\":false}",
			 l->opt.port, l->opt.tls ? "https" : "http", l->opt.port);

	if ((ssl ? SSL_write(ssl, req, n) : (int)write(fd, req, (size_t)n)) != n)
		die("the API: request not sent");
	for (;;) {
		int got = ssl ? SSL_read(ssl, reply + have, (int)(4095 - have))
			      : (int)read(fd, reply + have, 4095 - have);
		if (got <= 0)
			die("the API closed the connection");
		have += (size_t)got;
		reply[have] = 0;
		body = strstr(reply, "\r\n\r\n");
		length = strcasestr(reply, "\r\ncontent-length:");
		if (body && length && length < body && strlen(body + 4) >= strtoul(length + 17, NULL, 10))
			return body + 4;
		if (have == 4095)
			die("the API's answer is too long");
	}
}

void dialect_make_rooms(struct load *l)
{
	char reply[4096];
	const char *body;
	json_t *room;
	SSL *ssl = NULL;
	int fd = -1;

	if (l->opt.dialect == DIALECT_PARLEY)
		fd = api_connect(l, &ssl);
	for (uint32_t i = 0; i < l->opt.conns; i += 2) {
		struct client *c = &l->clients[i];
		if (l->opt.dialect == DIALECT_SIMPLE) {
			snprintf(c->room, sizeof(c->room), "room-%u-%u", (unsigned int)getpid(), i);
		} else {
			body = api_post_room(l, fd, ssl, reply);
			room = json_loads(body, 0, NULL);
			if (strncmp(reply, "HTTP/1.1 20", 11) || !room)
				die("the API made no room: %s", reply);
			copy_string(c->room, sizeof(c->room), json_object_get(room, "id"), "room id");
			json_decref(room);
		}
		memcpy(c->mate->room, c->room, sizeof(c->room));
	}
	if (fd < 0)
		return;
	if (ssl)
		SSL_free(ssl);
	close(fd);
}
