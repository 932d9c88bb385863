/*
 * The table of options. To add one: a field in struct config, a row here; the parser and the example
 * file follow. Names carry their unit; limits exist for everything that the network can make grow.
 */
#include "app/config.h"

#include <string.h>

#define AT(field) offsetof(struct config, field)
/* clang-format off */
#define NUMBER(sec, k, def, lo, hi, u, text) {#sec, #k, CONFIG_UINT, AT(sec.k), def, lo, hi, u, false, text, false}
#define TEXT(sec, k, def, hi, text)          {#sec, #k, CONFIG_TEXT, AT(sec.k), def, 0, hi, NULL, false, text, false}
#define LIST(sec, k, hi, text)               {#sec, #k, CONFIG_LIST, AT(sec.k), "", 0, hi, NULL, false, text, false}
#define SWITCH(sec, k, def, text)            {#sec, #k, CONFIG_BOOL, AT(sec.k), def, 0, 1, NULL, false, text, false}
/* clang-format on */

#define MIB   (1024 * 1024)
#define DAY_S (24 * 3600)

const struct config_option config_options[] = {
	TEXT(server, public_url, "", 190,
	     "Address under which people reach the service, e.g. https://meet.example.org. Links are made "
	     "from it and "
	     "WebSockets are accepted from its pages alone. Without it: localhost and this machine's own "
	     "addresses."),
	LIST(server, listen, 64,
	     "Address to listen on; repeat for several. Default: 127.0.0.1 and ::1 without TLS, all (*) with "
	     "TLS."),
	NUMBER(server, http_port, "8080", 0, 65535, "port",
	       "HTTP port. With TLS it only redirects. 0: none."),
	NUMBER(server, https_port, "8443", 0, 65535, "port", "HTTPS port, where TLS is configured."),
	TEXT(server, data_dir, "parley-data", 190, "Directory of generated keys. Made if it is not there."),
	TEXT(server, web_root, "", 190, "Serve the web app from this directory instead of from the binary."),
	LIST(server, trusted_proxies, 64,
	     "Address or range (10.0.0.0/8) of a reverse proxy whose X-Forwarded-For is believed; repeat for "
	     "several."),
	NUMBER(server, shutdown_s, "10", 0, 3600, "s", "How long SIGTERM waits for open connections."),

	{"tls", "cert", CONFIG_TEXT, AT(tls.cert), "", 0, 190, NULL, true,
	 "Certificate chain, PEM. Read again on SIGHUP.", false},
	{"tls", "key", CONFIG_TEXT, AT(tls.key), "", 0, 190, NULL, true,
	 "Private key, PEM. Read again on SIGHUP.", false},
	SWITCH(tls, self_signed, "off",
	       "Make a certificate for this machine's names and addresses, for a phone on the same network. "
	       "Browsers warn about it once."),

	LIST(turn, urls, 190,
	     "STUN or TURN server told to browsers, e.g. turn:turn.example.org:3478?transport=udp; repeat "
	     "for several."),
	{"turn", "secret", CONFIG_LIST, AT(turn.secret), "", 0, 190, NULL, false,
	 "Shared secret of those TURN servers (coturn: static-auth-secret). The first makes credentials; "
	 "further "
	 "ones are for rotation.",
	 true},
	NUMBER(turn, credential_s, "600", 60, DAY_S, "s", "How long a TURN credential is good."),

	NUMBER(rooms, max, "10000", 1, 10000000, "rooms", "Rooms at once."),
	NUMBER(rooms, max_participants, "2", 2, 16, "people", "People in one room."),
	SWITCH(rooms, knock, "on", "New rooms ask the host before anybody else comes in."),
	NUMBER(rooms, empty_s, "3600", 1, 30 * DAY_S, "s",
	       "How long a room stays when nobody is in it any more."),
	NUMBER(rooms, unused_s, "600", 1, 30 * DAY_S, "s",
	       "How long a new room waits for the first to enter. When rooms.max is reached, the oldest such "
	       "room gives way."),

	NUMBER(limits, connections, "20000", 1, 1000000, "connections", "TCP connections at once."),
	NUMBER(limits, connections_per_address, "200", 1, 1000000, "connections",
	       "The same per IPv4 address or IPv6 /64."),
	NUMBER(limits, rooms_per_min, "30", 1, 10000000, "rooms", "Rooms made per minute per address."),
	NUMBER(limits, http_target_bytes, "2048", 256, 65536, "bytes",
	       "Request target (path and query). More: 414."),
	NUMBER(limits, http_headers, "100", 10, 1000, "headers", "Header fields of a request. More: 431."),
	NUMBER(limits, http_header_bytes, "16384", 1024, MIB, "bytes", "Request headers. More: 431."),
	NUMBER(limits, http_body_bytes, "65536", 1024, 16 * MIB, "bytes", "Request body. More: 413."),
	NUMBER(limits, http_header_s, "10", 1, 600, "s", "Time for a request's headers. More: 408."),
	NUMBER(limits, http_body_s, "20", 1, 600, "s", "Time for a request's body. More: 408."),
	NUMBER(limits, http_idle_s, "75", 1, 3600, "s", "How long an idle HTTP connection stays."),
	NUMBER(limits, close_ms, "2000", 100, 60000, "ms",
	       "How long a closing connection may take to send what is left and to answer."),
	NUMBER(limits, message_bytes, "65536", 4096, MIB, "bytes", "WebSocket message. Longer: close 1009."),
	NUMBER(limits, messages_per_s, "50", 1, 10000000, "messages",
	       "WebSocket messages per second per connection."),
	NUMBER(limits, messages_burst, "200", 1, 10000000, "messages",
	       "How many may come at once. More: close 1008."),
	NUMBER(limits, pings_per_s, "2", 1, 1000, "frames",
	       "Pings and pongs per second per connection. More: close 1008."),
	NUMBER(limits, pings_burst, "10", 1, 10000, "frames", "How many may come at once."),
	NUMBER(limits, bad_messages, "20", 1, 1000000, "messages",
	       "Bad messages on one connection before it is closed."),
	NUMBER(limits, send_queue_bytes, "1048576", 65536, 64 * MIB, "bytes",
	       "Bytes queued for a connection that does not read. More: it is cut."),
	NUMBER(limits, ws_ping_s, "20", 1, 3600, "s",
	       "Silence after which a WebSocket is pinged; after twice that it is closed."),
	NUMBER(limits, hello_s, "10", 1, 600, "s", "Time for the first message on a WebSocket."),
	NUMBER(limits, resume_s, "120", 1, DAY_S, "s",
	       "How long a participant whose connection broke is waited for."),
	NUMBER(limits, reload_s, "15", 1, DAY_S, "s", "The same when their page said that it was closing."),
	NUMBER(limits, rejoin_s, "600", 1, DAY_S, "s",
	       "After a server restart, how long people may come back without knocking."),
	NUMBER(limits, knock_s, "600", 1, DAY_S, "s", "How long somebody may wait to be let in."),
	NUMBER(limits, sessions, "20000", 1, 1000000, "sessions",
	       "Signalling sessions at once, those waited for included."),
	NUMBER(limits, waiting_per_room, "8", 1, 1000, "people", "People waiting to be let into one room."),
	NUMBER(limits, knocks_per_min, "20", 1, 1000000, "knocks",
	       "Knocks per minute per IPv4 address or IPv6 /64, and as many per room."),
	NUMBER(limits, knock_again_s, "10", 0, 3600, "s",
	       "How long somebody refused waits before knocking again."),
	NUMBER(limits, held_candidates, "64", 1, 1000, "candidates",
	       "ICE candidates held for a peer that is not in yet."),
	NUMBER(limits, sdp_bytes, "32768", 2048, MIB, "bytes", "One session description."),
	NUMBER(limits, replay_bytes, "262144", 16384, 16 * MIB, "bytes",
	       "Messages kept for one participant's return."),

	{"log", "level", CONFIG_CHOICE, AT(log.level), "info", 0, 0, "debug|info|warn|error|off", true,
	 "What is logged, to standard error.", false},
};

const size_t config_options_count = ARRAY_LEN(config_options);

const struct config_option *config_option_find(const char *section, const char *key)
{
	for (size_t i = 0; i < config_options_count; i++) {
		const struct config_option *o = &config_options[i];
		if (strcmp(o->section, section) == 0 && strcmp(o->key, key) == 0)
			return o;
	}
	return NULL;
}
