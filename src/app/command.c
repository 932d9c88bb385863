/* Command lines: what words mean and what is printed. The work is elsewhere. */
#include "app/command.h"

#include "app/arguments.h"
#include "app/relay_setup.h"
#include "app/version.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/tls.h"
#include "turn/credential.h"

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int run(int argc, char **argv, int (*service)(const struct config_sources *, struct config *))
{
	struct arguments a = {0};
	int status = arguments_parse(argc, argv, NULL, 0, &a);
	if (status)
		return status;
	if (sodium_init() < 0)
		return arguments_usage("libsodium cannot start", NULL);
	struct config *c = arguments_config(&a);
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

/* What only a look at the disk tells. Return: 0; -errno, after saying what is wrong. */
static int check_files(const struct config *c)
{
	char page[512];
	(void)snprintf(page, sizeof(page), "%s/index.html", c->server.web_root);
	if (c->server.web_root[0] != '\0' && access(page, R_OK) != 0) {
		int rc = -errno;
		(void)fprintf(stderr, "parley: server.web_root: %s: %s\n", page, strerror(-rc));
		return rc;
	}
	struct tls_ctx *tls = NULL;
	const char *why = NULL;
	int rc = c->tls.cert[0] == '\0' ? 0 : tls_ctx_from_files(c->tls.cert, c->tls.key, &tls, &why);
	if (rc)
		(void)fprintf(stderr, "parley: tls.cert and tls.key: %s\n", why ? why : strerror(-rc));
	tls_ctx_free(tls);
	return rc;
}

int command_check_config(int argc, char **argv)
{
	struct arguments a = {0};
	const struct flag own[] = {{"--example", NULL, &a.example}};
	int status = arguments_parse(argc, argv, own, ARRAY_LEN(own), &a);
	if (status)
		return status;
	if (a.example) {
		config_print_example(stdout);
		return EXIT_SUCCESS;
	}
	struct config *c = arguments_config(&a);
	if (!c)
		return EXIT_FAILURE;
	status = check_files(c) ? EXIT_FAILURE : EXIT_SUCCESS;
	config_free(c);
	if (status == EXIT_SUCCESS)
		printf("the configuration is good\n");
	return status;
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
	int status = arguments_parse(argc, argv, own, ARRAY_LEN(own), &a);
	if (status)
		return status;
	struct config *c = arguments_config(&a);
	if (!c)
		return EXIT_FAILURE;
	char *end = NULL;
	unsigned long long ttl_s = a.ttl ? strtoull(a.ttl, &end, 10) : c->turn.credential_s;
	if (a.ttl && (*end != '\0' || ttl_s == 0 || ttl_s > 30ull * 24 * 3600))
		status = arguments_usage("--ttl: seconds, 1 to 2592000", NULL);
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
	       "  parley user add --email ADDRESS --name NAME [--role member|admin]\n"
	       "  parley user list [--search TEXT]\n"
	       "  parley user passwd|disable|enable|two-factor-off|delete --email ADDRESS\n"
	       "  parley user role --email ADDRESS --role member|admin\n"
	       "                                       accounts; passwords are asked for, or read from "
	       "standard "
	       "input\n"
	       "  parley --version\n\n"
	       "Options:\n"
	       "  --config FILE                        configuration file (or PARLEY_CONFIG)\n"
	       "  --set SECTION.KEY=VALUE              one option; repeat for more\n",
	       PARLEY_VERSION);
	return EXIT_SUCCESS;
}
