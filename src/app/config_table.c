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

	SWITCH(turn, enabled, "on",
	       "Run the STUN/TURN relay that connects calls where the network would rather not."),
	LIST(turn, listen, 64,
	     "Address the relay listens on; repeat for several. Default: as server.listen; all (*) where "
	     "there is TLS, an "
	     "https public URL, or a relay alone."),
	NUMBER(turn, port, "3478", 0, 65535, "port", "UDP and TCP port of the relay. 0: none."),
	NUMBER(turn, tls_port, "5349", 0, 65535, "port",
	       "Port for TURN over TLS, where TLS is configured. It is served on server.https_port as well. "
	       "0: none."),
	TEXT(turn, realm, "", 127,
	     "Realm of its credentials. Default: the host of server.public_url, else parley."),
	{"turn", "secret", CONFIG_LIST, AT(turn.secret), "", 0, 190, NULL, true,
	 "Secret that TURN credentials are made with (coturn: static-auth-secret). The first makes them, all "
	 "are good: for "
	 "rotation, and for relays on other machines. Default: one that is made at the first start and kept "
	 "in "
	 "server.data_dir.",
	 true},
	{"turn", "user", CONFIG_LIST, AT(turn.user), "", 0, 255, NULL, false,
	 "A user with a fixed password, name:password, for a private set-up; repeat for several.", true},
	LIST(turn, urls, 190,
	     "STUN or TURN server told to browsers instead of this machine's, e.g. "
	     "turn:turn.example.org:3478?transport=udp; repeat for several."),
	NUMBER(turn, credential_s, "600", 60, 600, "s",
	       "How long a TURN credential is good for a new allocation."),
	NUMBER(turn, workers, "0", 0, 127, "threads", "Threads of the relay. 0: as many as there are cores."),
	TEXT(turn, relay_ports, "49152-65535", 16, "UDP ports that are relayed from, first-last."),
	LIST(turn, external_ip, 96,
	     "Address under which peers see this machine, behind a cloud's NAT: public, or public/private; "
	     "repeat for "
	     "several."),
	TEXT(turn, external_stun, "", 190,
	     "STUN server, host:port, to ask for that address instead, once at the start: an address that "
	     "changes "
	     "needs a restart."),
	LIST(turn, allow_peers, 64,
	     "Private address or range (10.0.0.0/8) that may be relayed to, for an intranet; repeat for "
	     "several. Never "
	     "loopback, link-local or multicast."),
	NUMBER(turn, allocations, "20000", 1, 131072, "allocations",
	       "Allocations at once, of all threads together, ports held by a reservation included. More: "
	       "486."),
	NUMBER(turn, allocations_per_user, "40", 1, 131072, "allocations", "The same for one user."),
	NUMBER(turn, allocations_per_address, "400", 1, 131072, "allocations",
	       "The same per client IPv4 address or IPv6 /64."),
	NUMBER(turn, permissions, "128", 1, 256, "addresses", "Permissions of one allocation."),
	NUMBER(turn, channels, "128", 1, 256, "channels", "Channels of one allocation."),
	NUMBER(turn, lifetime_s, "3600", 600, DAY_S, "s", "Longest lifetime that is granted at once."),
	NUMBER(turn, kbytes_per_s, "0", 0, 100000000, "kilobytes",
	       "Bandwidth of one allocation. 0: unlimited."),
	NUMBER(turn, total_kbytes_per_s, "0", 0, 100000000, "kilobytes",
	       "Bandwidth of all together, of which each thread has an equal part. 0: unlimited."),
	NUMBER(turn, connections, "20000", 1, 1000000, "connections",
	       "TCP and TLS clients of one thread at once."),
	NUMBER(turn, connections_per_address, "100", 1, 1000000, "connections",
	       "Of these, clients without an allocation per IPv4 address or IPv6 /64. One more takes the "
	       "place "
	       "of the oldest."),
	NUMBER(turn, stream_queue_bytes, "262144", 65536, 64 * MIB, "bytes",
	       "Bytes queued for a TCP client that does not read. More is dropped."),
	NUMBER(turn, stream_idle_s, "15", 1, 600, "s",
	       "How long a TCP client may stay without an allocation."),
	NUMBER(turn, unauth_bytes, "10000", 1000, MIB, "bytes",
	       "What an address is answered before it must prove itself, to Bindings and to first requests "
	       "of "
	       "TURN each; an IPv4 /24 or IPv6 /48 gets four times as much: no use for reflection."),
	NUMBER(turn, unauth_prefixes, "65536", 64, 16 * MIB, "addresses",
	       "How many addresses that is kept for."),

	LIST(metrics, listen, 64,
	     "Address for /metrics (Prometheus); repeat for several. Default: 127.0.0.1."),
	NUMBER(metrics, port, "9464", 0, 65535, "port", "Port for /metrics. 0: none."),

	TEXT(mail, smtp_url, "", 300,
	     "Server that takes our mail, e.g. smtp://mail.example.org:587, or smtps://… where it speaks TLS "
	     "from the "
	     "first byte. Without it, mail is written to files in server.data_dir/outbox."),
	TEXT(mail, from, "", 400,
	     "Sender: Parley <calls@example.org>, or an address alone. Must be set where mail.smtp_url is."),
	TEXT(mail, user, "", 190, "Name to sign in with at that server, together with mail.password."),
	{"mail", "password", CONFIG_TEXT, AT(mail.password), "", 0, 190, NULL, false, "The password for it.",
	 true},
	{"mail", "starttls", CONFIG_CHOICE, AT(mail.starttls), "require", 0, 0, "require|try|off", false,
	 "What to do about STARTTLS with smtp://. try: unencrypted where the server does not offer it.",
	 false},
	TEXT(mail, ca_file, "", 190,
	     "Certificates (PEM) of the authorities that may vouch for that server. Default: the system's."),
	NUMBER(mail, timeout_s, "30", 1, 600, "s", "How long handing over one mail may take."),

	NUMBER(rooms, max, "10000", 1, 10000000, "rooms", "Rooms at once."),
	NUMBER(rooms, max_participants, "2", 2, 16, "people", "People in one room."),
	SWITCH(rooms, knock, "on", "New rooms ask the host before anybody else comes in."),
	NUMBER(rooms, empty_s, "3600", 1, 30 * DAY_S, "s",
	       "How long a room stays when nobody is in it any more."),
	NUMBER(rooms, unused_s, "600", 1, 30 * DAY_S, "s",
	       "How long a new room waits for the first to enter. When rooms.max is reached, the oldest such "
	       "room gives way."),
	{"rooms", "create", CONFIG_CHOICE, AT(rooms.create), "anyone", 0, 0, "anyone|members|admins", false,
	 "Who may make rooms. Admins may change it while the service runs; that counts from then on.", false},
	NUMBER(rooms, max_per_account, "100", 1, 10000, "rooms", "Rooms that last, of one account."),

	{"database", "url", CONFIG_TEXT, AT(database.url), "", 0, 1024, NULL, false,
	 "Where accounts and rooms are kept: sqlite:PATH, or postgresql://user:password@host/name. Default: "
	 "sqlite:parley.db in server.data_dir.",
	 true},
	NUMBER(database, threads, "4", 1, 64, "threads", "Threads that wait for the database."),
	NUMBER(database, queue, "1024", 1, 100000, "requests",
	       "Requests that wait for such a thread. More: 503."),
	NUMBER(database, wait_ms, "2000", 10, 60000, "ms",
	       "How long one waits for a connection or for another's lock. More: 503."),
	NUMBER(database, statement_ms, "5000", 10, 600000, "ms",
	       "PostgreSQL: a statement that takes longer is given up."),

	{"accounts", "signup", CONFIG_CHOICE, AT(accounts.signup), "open", 0, 0, "open|invite|closed", false,
	 "Who may make an account: anybody, those whom an admin has invited, or nobody. Admins may change it "
	 "while "
	 "the service runs; that counts from then on.",
	 false},
	NUMBER(accounts, password_min, "8", 8, 128, "characters", "Shortest password."),
	NUMBER(accounts, session_idle_s, "1209600", 1, 400 * DAY_S, "s",
	       "Who has not been seen for so long is signed out."),
	NUMBER(accounts, session_max_s, "7776000", 1, 400 * DAY_S, "s",
	       "How long somebody stays signed in at most."),
	NUMBER(accounts, signup_s, "86400", 1, 30 * DAY_S, "s",
	       "How long the link that confirms an address is good."),
	NUMBER(accounts, reset_s, "1800", 1, DAY_S, "s",
	       "How long the link for a forgotten password is good."),
	NUMBER(accounts, email_s, "86400", 1, 30 * DAY_S, "s",
	       "How long the link for a new address is good."),
	NUMBER(accounts, invite_s, "604800", 1, 90 * DAY_S, "s", "How long an invitation is good."),
	NUMBER(accounts, setup_s, "86400", 1, 30 * DAY_S, "s",
	       "How long the link for the first admin, printed at the start, is good."),
	NUMBER(accounts, passkeys, "20", 1, 1000, "passkeys", "Passkeys of one account."),
	NUMBER(accounts, api_tokens, "20", 1, 1000, "tokens", "API tokens of one account."),
	NUMBER(accounts, audit_keep_s, "31536000", DAY_S, 3650u * DAY_S, "s",
	       "How long the audit log reaches back."),
	NUMBER(accounts, hash_kbytes, "65536", 8192, 4 * 1024 * 1024, "kbytes",
	       "Memory that one password hash (argon2id) takes. What is hashed already stays good, and is "
	       "hashed "
	       "anew when its owner signs in; until then the time of an answer may tell such an account from "
	       "none."),
	NUMBER(accounts, hash_passes, "2", 1, 100, "passes", "How often a hash goes over it."),
	NUMBER(accounts, hash_threads, "0", 0, 256, "threads",
	       "Password hashes at once. 0: as many as there are cores."),
	NUMBER(accounts, hash_queue, "64", 1, 10000, "requests", "Requests that wait for a hash. More: 503."),
	NUMBER(accounts, cached_logins, "10000", 16, 10000000, "logins",
	       "Who is signed in, kept in memory (about 1.2 kB each)."),
	NUMBER(accounts, cached_s, "30", 1, 600, "s",
	       "How long that is not asked again of the database: so late a sign-out on another node, or by "
	       "`parley user`, is seen."),

	NUMBER(limits, connections, "20000", 1, 1000000, "connections", "TCP connections at once."),
	NUMBER(limits, connections_per_address, "200", 1, 1000000, "connections",
	       "The same per IPv4 address or IPv6 /64."),
	NUMBER(limits, rooms_per_min, "30", 1, 10000000, "rooms", "Rooms made per minute per address."),
	NUMBER(limits, reads_per_min, "1200", 1, 100000000, "requests",
	       "Requests that read from the database, per minute per IPv4 address or IPv6 /64, and per "
	       "account. "
	       "More than a limit: 429."),
	NUMBER(limits, writes_per_min, "240", 1, 100000000, "requests",
	       "The same of those that change something."),
	NUMBER(limits, signins_per_min, "30", 1, 100000000, "tries",
	       "Tries to sign in or to prove a password, per minute per address."),
	NUMBER(limits, signins_per_account, "10", 1, 100000000, "tries",
	       "The same per minute per account and address, whether there is such an account or not; "
	       "from all addresses together ten times as many."),
	NUMBER(limits, signups_per_hour, "20", 1, 60000000, "requests", "Sign-ups per hour per address."),
	NUMBER(limits, resets_per_hour, "20", 1, 60000000, "requests",
	       "Forgotten passwords, and links used, per hour per address."),
	NUMBER(limits, mails_per_hour, "5", 1, 60000000, "mails",
	       "Sign-ups and forgotten passwords per hour per e-mail address; as many changes to it."),
	NUMBER(limits, room_guesses_per_min, "30", 1, 100000000, "tries",
	       "Rooms asked for, per minute per address; passwords tried, per minute per room and "
	       "address; from all addresses together ten times as many."),
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
