/* Which subcommand the words ask for. The only place that ends the process. */
#include "app/command.h"
#include "app/user_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"serve", command_serve},
	{"relay", command_relay},
	{"check-config", command_check_config},
	{"turn-credentials", command_turn_credentials},
	{"user", command_user},
	{"help", command_help},
	{"--help", command_help},
	{"-h", command_help},
	{"version", command_version},
	{"--version", command_version},
};

int main(int argc, char **argv)
{
	/* With no word, or with options alone, the service runs. */
	if (argc < 2 || (argv[1][0] == '-' &&
			 (strncmp(argv[1], "--config", 8) == 0 || strncmp(argv[1], "--set", 5) == 0)))
		exit(command_serve(argc - 1, argv + 1));
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			exit(commands[i].run(argc - 2, argv + 2));
	}
	(void)fprintf(stderr, "parley: unknown command: %s\nTry: parley help\n", argv[1]);
	exit(2);
}
