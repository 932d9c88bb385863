/* Command lines: what words mean and what is printed. The work is elsewhere. */
#include "app/command.h"

#include "app/relay_setup.h"
#include "app/version.h"
#include "base/clock.h"
#include "base/log.h"
#include "turn/credential.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_SETS   128
#define EXIT_USAGE 2

/* Options that all subcommands with a configuration share. */
struct arguments {
	struct config_sources sources;
	const char *sets[MAX_SETS];
	bool example;
	const char *user;
	const char *ttl;
};

static int usage(const char *problem, const char *word)
{
	(void)fprintf(stderr, "parley: %s%s%s\nTry: parley help\n", problem, word ? ": " : "",
		      word ? word : "");
	return EXIT_USAGE;
}

struct flag {
	const char *name;
	const char **value;
	bool *present;
};

/* --name VALUE, --name=VALUE or a bare --name. Return: words used; 0: not this flag; -1: its value is
 * missing. */
static int match_flag(const struct flag *f, char **argv, int left)
{
	size_t n = strlen(f->name);
	if (strncmp(argv[0], f->name, n) != 0)
		return 0;
	if (f->present) {
		*f->present = argv[0][n] == '\0';
		return argv[0][n] == '\0';
	}
	if (argv[0][n] == '=') {
		*f->value = argv[0] + n + 1;
		return 1;
	}
	if (argv[0][n] != '\0')
		return 0;
	if (left < 2)
		return -1;
	*f->value = argv[1];
	return 2;
}

/* Return: 0; EXIT_USAGE, after saying why. */
static int parse_arguments(int argc, char **argv, const struct flag *own, size_t n_own, struct arguments *a)
{
	const char *set = NULL;
	a->sources.file = getenv("PARLEY_CONFIG");
	a->sources.environment = (const char *const *)environ;
	a->sources.sets = a->sets;
	const struct flag common[] = {{"--config", &a->sources.file, NULL}, {"--set", &set, NULL}};
	for (int i = 0; i < argc;) {
		int used = 0;
		for (size_t k = 0; used == 0 && k < ARRAY_LEN(common) + n_own; k++)
			used = match_flag(k < n_own ? &own[k] : &common[k - n_own], argv + i, argc - i);
		if (used < 0)
			return usage("this option needs a value", argv[i]);
		if (used == 0)
			return usage("unknown option", argv[i]);
		if (set && a->sources.n_sets == MAX_SETS)
			return usage("too many --set", NULL);
		if (set)
			a->sets[a->sources.n_sets++] = set;
		set = NULL;
		i += used;
	}
	return 0;
}

/* Return: the configuration; NULL after saying why not. */
static struct config *load(const struct arguments *a)
{
	char error[CONFIG_ERROR_MAX];
	struct config *c = NULL;
	if (config_load(&a->sources, &c, error)) {
		(void)fprintf(stderr, "parley: %s\n", error);
		return NULL;
	}
	log_set_level((enum log_level)c->log.level);
	return c;
}

static int run(int argc, char **argv, int (*service)(const struct config_sources *, struct config *))
{
	struct arguments a = {0};
	int status = parse_arguments(argc, argv, NULL, 0, &a);
	if (status)
		return status;
	if (sodium_init() < 0)
		return usage("libsodium cannot start", NULL);
	struct config *c = load(&a);
	if (!c)
		return EXIT_FAILURE;
	int rc = service(&a.sources, c);
	config_free(c);
	return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}

int command_serve(int argc, char **argv)
{
	return run(argc, argv, serve_run);
}

int command_relay(int argc, char **argv)
{
	return run(argc, argv, relay_run);
}

int command_check_config(int argc, char **argv)
{
	struct arguments a = {0};
	const struct flag own[] = {{"--example", NULL, &a.example}};
	int status = parse_arguments(argc, argv, own, ARRAY_LEN(own), &a);
	if (status)
		return status;
	if (a.example) {
		config_print_example(stdout);
		return EXIT_SUCCESS;
	}
	struct config *c = load(&a);
	if (!c)
		return EXIT_FAILURE;
	config_free(c);
	printf("the configuration is good\n");
	return EXIT_SUCCESS;
}

static int print_credential(struct config *c, const char *user, uint64_t ttl_s)
{
	struct turn_credential credential;
	if (sodium_init() < 0 || relay_use_own_secret(c))
		return EXIT_FAILURE;
	if (turn_credential_make(c->turn.secret.items[0], user, clock_wall_ms() / 1000 + ttl_s,
				 &credential)) {
		(void)fprintf(stderr, "parley: --user: letters, digits, '-', '_' and '.'\n");
		return EXIT_FAILURE;
	}
	json_t *urls = json_array();
	for (size_t i = 0; i < c->turn.urls.count; i++)
		json_array_append_new(urls, json_string(c->turn.urls.items[i]));
	json_t *out = json_pack("{s:o, s:s, s:s, s:I}", "urls", urls, "username", credential.username,
				"credential", credential.password, "ttl", (json_int_t)ttl_s);
	int rc = out ? json_dumpf(out, stdout, JSON_INDENT(2)) : -1;
	json_decref(out);
	printf("\n");
	return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}

int command_turn_credentials(int argc, char **argv)
{
	struct arguments a = {.user = "parley"};
	const struct flag own[] = {{"--user", &a.user, NULL}, {"--ttl", &a.ttl, NULL}};
	int status = parse_arguments(argc, argv, own, ARRAY_LEN(own), &a);
	if (status)
		return status;
	struct config *c = load(&a);
	if (!c)
		return EXIT_FAILURE;
	char *end = NULL;
	unsigned long long ttl_s = a.ttl ? strtoull(a.ttl, &end, 10) : c->turn.credential_s;
	if (a.ttl && (*end != '\0' || ttl_s == 0 || ttl_s > 30ull * 24 * 3600))
		status = usage("--ttl: seconds, 1 to 2592000", NULL);
	else
		status = print_credential(c, a.user, ttl_s);
	config_free(c);
	return status;
}

int command_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("parley %s\n", PARLEY_VERSION);
	return EXIT_SUCCESS;
}

int command_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("Parley %s: private video calls from one program\n\n"
	       "  parley [serve] [options]             run the service\n"
	       "  parley relay [options]               run the STUN/TURN relay alone, with turn.secret or "
	       "turn.user\n"
	       "  parley check-config [options]        read the configuration and say what is wrong with it\n"
	       "  parley check-config --example        print every option with its default\n"
	       "  parley turn-credentials [options] [--user NAME] [--ttl SECONDS]\n"
	       "                                       print a TURN credential for turn.secret\n"
	       "  parley --version\n\n"
	       "Options:\n"
	       "  --config FILE                        configuration file (or PARLEY_CONFIG)\n"
	       "  --set SECTION.KEY=VALUE              one option; repeat for more\n",
	       PARLEY_VERSION);
	return EXIT_SUCCESS;
}
