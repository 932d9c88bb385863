/*
 * Load on a TURN server: the command line. bench/README.md says what is measured and why; script/bench runs
 * it.
 */
#include "relay_load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static const char usage[] =
	"usage: relay_load MODE --server IP --pid N [options]\n"
	"\n"
	"modes:\n"
	"  ready        wait until the server answers\n"
	"  traffic      packets per server CPU second, each way, in all sizes, single and in bursts of 8\n"
	"  delay        the same packets at a fixed rate: how long they take\n"
	"  allocations  how fast they are made, what memory each takes, and whether it comes back\n"
	"\n"
	"options:\n"
	"  --port N      (3478)    --core N      where the server is pinned (0)\n"
	"  --secret TEXT           for credentials \"expiry:user\"; without, none are sent\n"
	"  --realm TEXT  (bench)   --flows N     (100)\n"
	"  --both                  clients in pairs, each relayed\n"
	"  --only TEXT             of the tests, those with this in their name, e.g. down-120-single\n"
	"  --rate N                packets a second, of delay (20000)\n"
	"  --warmup-ms N (300)     --run-ms N    (2000)\n"
	"\n"
	"Clients and peers are 44.2.0.0/16 and 44.3.0.0/16, which must be local addresses here: in a "
	"namespace of its\n"
	"own, ip route add local 44.2.0.0/15 dev lo.\n";

enum { OPT_SERVER = 1000, OPT_SECRET, OPT_REALM, OPT_ONLY, OPT_BOTH };

static void set_server(struct relay_options *o, const char *text)
{
	o->server.sin_family = AF_INET;
	if (inet_pton(AF_INET, text, &o->server.sin_addr) != 1)
		die("--server takes an IPv4 address, not \"%s\"", text);
}

static void set_text(struct relay_options *o, int opt, const char *text)
{
	if (opt == OPT_SERVER)
		set_server(o, text);
	else if (opt == OPT_SECRET)
		o->secret = text;
	else if (opt == OPT_REALM)
		o->realm = text;
	else if (opt == OPT_ONLY)
		o->only = text;
	else if (opt == OPT_BOTH)
		o->both = true;
	else
		die("see relay_load --help");
}

static void parse(int argc, char **argv, struct relay_options *o)
{
	uint32_t port = 3478, pid = 0;
	const struct number numbers[] = {
		{"port", &port, 1, 65535},          {"pid", &pid, 1, INT32_MAX},
		{"core", &o->core, 0, 4095},        {"flows", &o->flows, 2, FLOWS_MAX},
		{"rate", &o->rate, 100, 1000000},   {"warmup-ms", &o->warmup_ms, 0, 60000},
		{"run-ms", &o->run_ms, 100, 60000},
	};
	enum { N = sizeof(numbers) / sizeof(numbers[0]) };
	struct option longs[N + 6] = {0};
	int opt;

	for (int i = 0; i < N; i++)
		longs[i] = (struct option){numbers[i].name, required_argument, NULL, i};
	longs[N] = (struct option){"server", required_argument, NULL, OPT_SERVER};
	longs[N + 1] = (struct option){"secret", required_argument, NULL, OPT_SECRET};
	longs[N + 2] = (struct option){"realm", required_argument, NULL, OPT_REALM};
	longs[N + 4] = (struct option){"only", required_argument, NULL, OPT_ONLY};
	longs[N + 3] = (struct option){"both", no_argument, NULL, OPT_BOTH};
	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (opt >= 0 && opt < N)
			set_number(&numbers[opt], optarg);
		else
			set_text(o, opt, optarg);
	}
	if (optind < argc)
		die("no option: %s", argv[optind]);
	o->server.sin_port = htons((uint16_t)port);
	o->pid = (pid_t)pid;
}

static struct relay_load *load_new(const struct relay_options *o)
{
	struct relay_load *l = must_alloc(sizeof(*l));

	l->opt = *o;
	l->client_fd = net_socket(CLIENT_PORT, true);
	l->peer_fd = net_socket(PEER_PORT, true);
	l->client_tx = tx_new(l->client_fd);
	l->peer_tx = tx_new(l->peer_fd);
	l->client_rx = rx_new(l->client_fd);
	l->peer_rx = rx_new(l->peer_fd);
	l->flows = must_alloc(o->flows * sizeof(*l->flows));
	if (getrandom(&l->tid_salt, sizeof(l->tid_salt), 0) != sizeof(l->tid_salt))
		die("getrandom: %s", strerror(errno));
	return l;
}

int main(int argc, char **argv)
{
	const struct {
		const char *name;
		int (*fn)(struct relay_load *l);
	} modes[] = {{"ready", mode_ready},
		     {"traffic", mode_traffic},
		     {"delay", mode_delay},
		     {"allocations", mode_allocations}};
	struct relay_options o = {
		.realm = "bench", .flows = 100, .rate = 20000, .warmup_ms = 300, .run_ms = 2000};

	if (argc < 2 || !strcmp(argv[1], "--help")) {
		fputs(usage, argc < 2 ? stderr : stdout);
		return argc < 2 ? 2 : 0;
	}
	parse(argc - 1, argv + 1, &o);
	if (!o.server.sin_family)
		die("which server? --server IP");
	if (!o.pid && strcmp(argv[1], "ready"))
		die("whose CPU and memory? --pid N");
	if (o.both && o.flows % 2)
		die("--flows must be even: clients come in pairs");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(argv[1], modes[i].name))
			return modes[i].fn(load_new(&o));
	die("no mode \"%s\"; see relay_load --help", argv[1]);
}
