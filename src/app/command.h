/* The subcommands. Each takes the words after its name and returns the exit status: 0, 1 failure, 2 bad
 * usage. */
#ifndef PARLEY_APP_COMMAND_H
#define PARLEY_APP_COMMAND_H

#include "app/config.h"

int command_serve(int argc, char **argv);
int command_relay(int argc, char **argv);
int command_check_config(int argc, char **argv);
int command_turn_credentials(int argc, char **argv);
int command_help(int argc, char **argv);
int command_version(int argc, char **argv);

/**
 * serve_run() - run the service until a signal stops it
 * @sources: where @config came from, for SIGHUP. Both outlive the call.
 * Return: 0 after a graceful stop; -errno.
 */
int serve_run(const struct config_sources *sources, struct config *config) MUST_CHECK;

/** relay_run() - run the relay alone until a signal stops it. Return: 0; -errno. */
int relay_run(const struct config_sources *sources, struct config *config) MUST_CHECK;

#endif
