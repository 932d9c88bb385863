/* The words after a subcommand's name: --name VALUE, --name=VALUE, bare --name. */
#include "app/arguments.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int arguments_usage(const char *problem, const char *word)
{
	(void)fprintf(stderr, "parley: %s%s%s\nTry: parley help\n", problem, word ? ": " : "",
		      word ? word : "");
	return EXIT_USAGE;
}

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

int arguments_parse(int argc, char **argv, const struct flag *own, size_t n_own, struct arguments *a)
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
			return arguments_usage("this option needs a value", argv[i]);
		if (used == 0)
			return arguments_usage("unknown option", argv[i]);
		if (set && a->sources.n_sets == ARGUMENTS_SETS)
			return arguments_usage("too many --set", NULL);
		if (set)
			a->sets[a->sources.n_sets++] = set;
		set = NULL;
		i += used;
	}
	return 0;
}

struct config *arguments_config(const struct arguments *a)
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
