/* What all subcommands with a configuration share. */
#ifndef PARLEY_APP_ARGUMENTS_H
#define PARLEY_APP_ARGUMENTS_H

#include "app/config.h"

#define ARGUMENTS_SETS 128
#define EXIT_USAGE     2

struct arguments {
	struct config_sources sources;
	const char *sets[ARGUMENTS_SETS];
	bool example;
	const char *user;
	const char *ttl;
};

/* An option of a subcommand's own: either with a value or without. */
struct flag {
	const char *name;
	const char **value;
	bool *present;
};

/** arguments_usage() - to standard error. @word: may be NULL. Return: EXIT_USAGE. */
int arguments_usage(const char *problem, const char *word);

/** arguments_parse() - Return: 0; EXIT_USAGE, after saying why. @a refers to itself: it stays where it is. */
int arguments_parse(int argc, char **argv, const struct flag *own, size_t n_own,
		    struct arguments *a) MUST_CHECK;

/** arguments_config() - Return: the configuration; NULL after saying why not. */
struct config *arguments_config(const struct arguments *a) MUST_CHECK;

#endif
