/* `parley user …`: accounts from the command line, on the database itself, whether the service runs or not.
 */
#ifndef PARLEY_APP_USER_COMMAND_H
#define PARLEY_APP_USER_COMMAND_H

/** command_user() - Return: exit status: 0, 1 failure, 2 bad usage. */
int command_user(int argc, char **argv);

#endif
