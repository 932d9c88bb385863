/*
 * Counters as text. One table for what the relay counts: a row is a family or one more label of it, the sum
 * over all workers is printed. Thread: the control loop's.
 */
#include "app/metrics.h"

#include "app/accounts_run.h"
#include "app/version.h"

#include <inttypes.h>

#define IN(field) offsetof(struct relay_counters, field)

static const struct row {
	const char *name;
	const char *label; /* NULL: none */
	size_t offset;
	bool gauge;
	const char *help; /* NULL: another label of the row before */
} rows[] = {
	{"parley_relay_allocations", NULL, IN(turn.allocations_now), true, "Allocations now."},
	{"parley_relay_allocations_total", "transport=\"udp\"", IN(turn.allocations[TURN_UDP]), false,
	 "Allocations made, by the client's transport."},
	{"parley_relay_allocations_total", "transport=\"tcp\"", IN(turn.allocations[TURN_TCP]), false, NULL},
	{"parley_relay_allocations_total", "transport=\"tls\"", IN(turn.allocations[TURN_TLS]), false, NULL},
	{"parley_relay_connections", "transport=\"tcp\"", IN(io.clients_now[TURN_TCP]), true,
	 "Stream clients now."},
	{"parley_relay_connections", "transport=\"tls\"", IN(io.clients_now[TURN_TLS]), true, NULL},
	{"parley_relay_connections_refused_total", NULL, IN(io.clients_refused), false,
	 "Stream clients over the limit."},
	{"parley_relay_connections_displaced_total", NULL, IN(io.clients_displaced), false,
	 "Stream clients without an allocation that gave way to newer ones of their address."},
	{"parley_relay_requests_total", NULL, IN(turn.requests), false, "STUN and TURN requests."},
	{"parley_relay_auth_failures_total", NULL, IN(turn.auth_failures), false,
	 "Requests with wrong credentials."},
	{"parley_relay_stale_nonces_total", NULL, IN(turn.stale_nonces), false,
	 "Requests with a nonce that was too old."},
	{"parley_relay_unauthenticated_limited_total", NULL, IN(turn.unauth_limited), false,
	 "Requests left without an answer, because their source had used up what it is answered unproven."},
	{"parley_relay_refused_total", "reason=\"quota\"", IN(turn.quota_refused), false,
	 "Requests refused."},
	{"parley_relay_refused_total", "reason=\"capacity\"", IN(turn.capacity_refused), false, NULL},
	{"parley_relay_refused_total", "reason=\"peer\"", IN(turn.peers_refused), false, NULL},
	{"parley_relay_revoked_total", NULL, IN(turn.revoked), false,
	 "Allocations ended because their user had left."},
	{"parley_relay_payload_packets_total", "way=\"up\"", IN(turn.up_packets), false,
	 "Packets relayed, from clients (up) and to clients (down)."},
	{"parley_relay_payload_packets_total", "way=\"down\"", IN(turn.down_packets), false, NULL},
	{"parley_relay_payload_bytes_total", "way=\"up\"", IN(turn.up_bytes), false, "Their payload."},
	{"parley_relay_payload_bytes_total", "way=\"down\"", IN(turn.down_bytes), false, NULL},
	{"parley_relay_local_packets_total", NULL, IN(io.local_packets), false,
	 "Of these, packets that went from one allocation to another in process."},
	{"parley_relay_local_bytes_total", NULL, IN(io.local_bytes), false, "Their payload."},
	{"parley_relay_datagrams_total", "way=\"in\"", IN(io.rx_packets), false,
	 "UDP datagrams of clients and peers."},
	{"parley_relay_datagrams_total", "way=\"out\"", IN(io.tx_packets), false, NULL},
	{"parley_relay_datagram_bytes_total", "way=\"in\"", IN(io.rx_bytes), false, "Their bytes."},
	{"parley_relay_datagram_bytes_total", "way=\"out\"", IN(io.tx_bytes), false, NULL},
	{"parley_relay_bursts_total", "way=\"in\"", IN(io.rx_bursts), false,
	 "Several datagrams in one message of the kernel's (GRO, GSO)."},
	{"parley_relay_bursts_total", "way=\"out\"", IN(io.tx_bursts), false, NULL},
	{"parley_relay_drops_total", "reason=\"no_allocation\"", IN(io.drop_no_allocation), false,
	 "Packets not relayed."},
	{"parley_relay_drops_total", "reason=\"no_permission\"", IN(turn.drop_no_permission), false, NULL},
	{"parley_relay_drops_total", "reason=\"no_channel\"", IN(turn.drop_no_channel), false, NULL},
	{"parley_relay_drops_total", "reason=\"peer_refused\"", IN(turn.drop_peer_refused), false, NULL},
	{"parley_relay_drops_total", "reason=\"bandwidth\"", IN(turn.drop_bandwidth), false, NULL},
	{"parley_relay_drops_total", "reason=\"malformed_message\"", IN(turn.drop_malformed), false, NULL},
	{"parley_relay_drops_total", "reason=\"malformed_datagram\"", IN(io.drop_malformed), false, NULL},
	{"parley_relay_drops_total", "reason=\"send_failed\"", IN(io.drop_send), false, NULL},
	{"parley_relay_drops_total", "reason=\"client_does_not_read\"", IN(io.drop_stream_full), false, NULL},
	{"parley_relay_drops_total", "reason=\"worker_busy\"", IN(io.drop_ring_full), false, NULL},
	{"parley_relay_drops_total", "reason=\"no_local_peer\"", IN(io.drop_no_local_peer), false, NULL},
	{"parley_relay_peers_refused_total", "reason=\"special_range\"",
	 IN(io.peers_refused[TURN_REFUSED_RANGE]), false, "Peers refused, in requests and in indications."},
	{"parley_relay_peers_refused_total", "reason=\"port_0\"", IN(io.peers_refused[TURN_REFUSED_PORT]),
	 false, NULL},
	{"parley_relay_peers_refused_total", "reason=\"this_machine\"",
	 IN(io.peers_refused[TURN_REFUSED_OWN]), false, NULL},
	{"parley_relay_icmp_total", NULL, IN(io.icmp), false, "ICMP errors for packets to peers."},
	{"parley_relay_ports_failed_total", NULL, IN(io.ports_failed), false,
	 "Relay sockets that could not be opened."},
};

static uint64_t sum(const struct relay_counters *each, size_t n, size_t offset)
{
	uint64_t total = 0;
	for (size_t i = 0; i < n; i++)
		total += *(const uint64_t *)((const char *)&each[i] + offset);
	return total;
}

static int write_row(struct buf *out, const char *name, const char *label, uint64_t value)
{
	return buf_appendf(out, "%s%s%s%s %" PRIu64 "\n", name, label ? "{" : "", label ? label : "",
			   label ? "}" : "", value);
}

static int write_head(struct buf *out, const char *name, const char *help, bool gauge)
{
	return buf_appendf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
			   gauge ? "gauge" : "counter");
}

static int write_relay(struct buf *out, const struct relay_counters *each, size_t n)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		if (r->help)
			rc = write_head(out, r->name, r->help, r->gauge);
		if (rc == 0)
			rc = write_row(out, r->name, r->label, sum(each, n, r->offset));
	}
	return rc;
}

/* One that has no label. */
struct value {
	const char *name, *help;
	bool gauge;
	uint64_t value;
};

static int write_values(struct buf *out, const struct value *values, size_t n)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = write_head(out, values[i].name, values[i].help, values[i].gauge);
		if (rc == 0)
			rc = write_row(out, values[i].name, NULL, values[i].value);
	}
	return rc;
}

static int write_service(struct buf *out, const struct service *s)
{
	struct http_stats h;
	struct signal_stats g;
	http_server_get_stats(s->http, &h);
	signal_get_stats(s->signal, &g);
	const struct value values[] = {
		{"parley_http_connections", "HTTP and WebSocket connections now.", true,
		 http_server_count(s->http)},
		{"parley_http_connections_total", "Connections accepted.", false, h.accepted},
		{"parley_http_connections_refused_total", "Connections over a limit.", false,
		 h.refused_total + h.refused_prefix},
		{"parley_http_requests_total", "Requests handled.", false, h.requests},
		{"parley_http_requests_refused_total", "Requests that were broken, too large or too slow.",
		 false, h.requests_refused},
		{"parley_websockets", "WebSockets now.", true, h.ws_open},
		{"parley_websocket_faults_total", "WebSockets closed for what their peer did.", false,
		 h.ws_faults},
		{"parley_rooms", "Rooms now.", true, g.rooms},
		{"parley_sessions", "Signalling sessions now.", true, g.sessions},
		{"parley_signal_messages_in_total", "Signalling messages received.", false, g.messages_in},
		{"parley_signal_messages_out_total", "Signalling messages sent.", false, g.messages_out},
		{"parley_signal_errors_total", "Signalling messages answered with an error.", false,
		 g.errors},
		{"parley_signal_resumes_total", "Sessions taken up again.", false, g.resumes},
	};
	return write_values(out, values, ARRAY_LEN(values));
}

/* From when the database is there. */
static int write_mail(struct buf *out, const struct mail_run *mail)
{
	struct mail_run_stats m;
	mail_run_get_stats(mail, &m);
	const struct value values[] = {
		{"parley_mails_sent_total", "Mails that a server has taken, or that were written to files.",
		 false, m.sent},
		{"parley_mail_failures_total", "Tries that are to be repeated.", false, m.failed},
		{"parley_mails_given_up_total", "Mails that were never sent.", false, m.given_up},
		{"parley_mails_waiting", "Mails in the queue, when it was last looked at.", true, m.waiting},
	};
	return write_values(out, values, ARRAY_LEN(values));
}

int metrics_write(struct buf *out, const struct relay_counters *each, size_t n, const struct service *s)
{
	int rc = write_head(out, "parley_info", "Always 1.", true);
	if (rc == 0)
		rc = write_row(out, "parley_info", "version=\"" PARLEY_VERSION "\"", 1);
	if (rc == 0 && n)
		rc = write_relay(out, each, n);
	if (rc == 0 && s)
		rc = write_service(out, s);
	if (rc == 0 && s && s->accounts && s->accounts->mail)
		rc = write_mail(out, s->accounts->mail);
	return rc;
}
