/*
 * Load on a signalling server: the command line. bench/README.md says what is measured and why; script/bench
 * runs it.
 */
#include "load.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: signal_load MODE --port N --server PID [options]\n"
	"       signal_load start --port N [--runs N] -- COMMAND...\n"
	"\n"
	"modes:\n"
	"  throughput   every pair keeps --window messages under way\n"
	"  latency      --rate messages a second over all pairs\n"
	"  idle         memory the server holds for an idle, joined connection\n"
	"  joins        --rate new connections a second, each joining a room\n"
	"  start        from exec to listening\n"
	"\n"
	"options:\n"
	"  --dialect parley|simple  what the server speaks (parley)\n"
	"  --tls                    wss:// and https://\n"
	"  --conns N                connections, in pairs (100)\n"
	"  --window N               (1)      --rate N        (1000)\n"
	"  --warmup-ms N            (1000)   --run-ms N      (5000)\n"
	"  --timeout-ms N           for connections to get ready (60000)\n"
	"  --messages N             each side of a pair sends so many before it is idle (0)\n"
	"  --candidates             forward candidates instead of descriptions\n"
	"  --runs N                 (20)\n";

static void set_dialect(struct options *o, const char *text)
{
	if (!strcmp(text, "parley"))
		o->dialect = DIALECT_PARLEY;
	else if (!strcmp(text, "simple"))
		o->dialect = DIALECT_SIMPLE;
	else
		die("--dialect takes parley or simple, not \"%s\"", text);
}

enum { OPT_TLS = 1000, OPT_CANDIDATES, OPT_DIALECT };

/* Return: index of the first argument that is no option. */
static int parse(int argc, char **argv, struct options *o, uint32_t *runs)
{
	uint32_t port = 0, server = 0;
	const struct number numbers[] = {
		{"port", &port, 1, 65535},           {"server", &server, 1, INT32_MAX},
		{"conns", &o->conns, 2, 100000},     {"window", &o->window, 1, 64},
		{"rate", &o->rate, 1, 1000000},      {"warmup-ms", &o->warmup_ms, 0, 60000},
		{"run-ms", &o->run_ms, 100, 120000}, {"timeout-ms", &o->timeout_ms, 100, 600000},
		{"messages", &o->messages, 0, 100},  {"runs", runs, 1, 1000},
	};
	enum { N = sizeof(numbers) / sizeof(numbers[0]) };
	struct option longs[N + 4] = {0};
	int opt;

	for (int i = 0; i < N; i++)
		longs[i] = (struct option){numbers[i].name, required_argument, NULL, i};
	longs[N] = (struct option){"tls", no_argument, NULL, OPT_TLS};
	longs[N + 1] = (struct option){"candidates", no_argument, NULL, OPT_CANDIDATES};
	longs[N + 2] = (struct option){"dialect", required_argument, NULL, OPT_DIALECT};
	while ((opt = getopt_long(argc, argv, "+", longs, NULL)) != -1) {
		if (opt >= 0 && opt < N)
			set_number(&numbers[opt], optarg);
		else if (opt == OPT_TLS)
			o->tls = true;
		else if (opt == OPT_CANDIDATES)
			o->candidates = true;
		else if (opt == OPT_DIALECT)
			set_dialect(o, optarg);
		else
			die("see signal_load --help");
	}
	o->port = (uint16_t)port;
	o->server = (pid_t)server;
	return optind;
}

static int run(const char *mode, const struct options *o)
{
	const struct {
		const char *name;
		int (*fn)(struct load *l);
	} modes[] = {{"throughput", mode_throughput},
		     {"latency", mode_latency},
		     {"idle", mode_idle},
		     {"joins", mode_joins}};

	struct load *l;
	int status;

	if (!o->server)
		die("whose CPU and memory? --server PID");
	if (o->conns % 2)
		die("--conns must be even: connections come in pairs");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(mode, modes[i].name)) {
			l = load_new(o);
			status = modes[i].fn(l);
			load_free(l);
			return status;
		}
	die("no mode \"%s\"; see signal_load --help", mode);
}

int main(int argc, char **argv)
{
	struct options o = {.conns = 100,
			    .window = 1,
			    .rate = 1000,
			    .warmup_ms = 1000,
			    .run_ms = 5000,
			    .timeout_ms = 60000};
	uint32_t runs = 20;
	int rest;

	if (argc < 2 || !strcmp(argv[1], "--help")) {
		fputs(usage, argc < 2 ? stderr : stdout);
		return argc < 2 ? 2 : 0;
	}
	signal(SIGPIPE, SIG_IGN);
	rest = 1 + parse(argc - 1, argv + 1, &o, &runs);
	if (!o.port)
		die("which port? --port N");
	if (strcmp(argv[1], "start"))
		return run(argv[1], &o);
	if (rest >= argc)
		die("start which command? -- COMMAND...");
	return proc_cold_start(argv + rest, o.port, runs);
}
