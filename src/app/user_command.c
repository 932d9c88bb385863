/*
 * `parley user add|list|passwd|role|disable|enable|two-factor-off|delete`: for whoever has the machine, and
 * so for the first admin and for one who is locked out.
 *
 * Passwords come from a terminal without echo, or from standard input; never from the command line, which
 * every user of the machine can read. A service that runs sees the change when its cache is over
 * (accounts.cached_s).
 *
 * Thread: the only one.
 */
#include "app/user_command.h"

#include "app/accounts_run.h"
#include "app/arguments.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LIST_PAGE 100

struct user_command {
	struct accounts *accounts;
	const char *email, *name, *role, *language, *search;
	struct account account; /* of @email, where the command is about one */
	int64_t now_us;
};

static const struct account_client nobody = {.address = "", .software = ""};

static int complain(const char *what, const char *detail)
{
	(void)fprintf(stderr, "parley: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
	return EXIT_FAILURE;
}

static int explain(int rc, const struct account_fault *fault)
{
	switch (rc) {
	case 0:
		return EXIT_SUCCESS;
	case ACCOUNT_E_FIELD:
		return complain(fault->field ? fault->field : "this is not allowed", fault->reason);
	case ACCOUNT_E_EXISTS:
		return complain("there is an account of this address", NULL);
	case ACCOUNT_E_UNKNOWN:
		return complain("there is no account of this address", NULL);
	case ACCOUNT_E_LAST_ADMIN:
		return complain("this is the last admin: nobody would be left who may administer", NULL);
	case ACCOUNT_E_FORBIDDEN:
		return complain("this may not be done", NULL);
	default:
		return complain("the database", rc < 0 ? strerror(-rc) : "it refuses");
	}
}

/* ---- passwords ---- */

/* A line without its end. Return: whether there was one that fits. */
static bool read_line(char *out, size_t size)
{
	if (!fgets(out, (int)size, stdin))
		return false;
	size_t n = strcspn(out, "\r\n");
	bool whole = out[n] != '\0' || feof(stdin);
	out[n] = '\0';
	return whole;
}

static bool ask(const char *prompt, char *out, size_t size)
{
	struct termios old, quiet;
	(void)fprintf(stderr, "%s: ", prompt);
	if (tcgetattr(STDIN_FILENO, &old))
		return false;
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	/* Without that the password would be on the screen: then there is none. */
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet))
		return false;
	bool got = read_line(out, size);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
	(void)fprintf(stderr, "\n");
	return got;
}

/* Return: 0; an exit status, after saying why. */
static int read_password(char out[ACCOUNT_PASSWORD_BYTES + 2])
{
	char again[ACCOUNT_PASSWORD_BYTES + 2];
	size_t size = ACCOUNT_PASSWORD_BYTES + 2;
	if (!isatty(STDIN_FILENO))
		return read_line(out, size)
			       ? 0
			       : complain("no password on standard input, or it is too long", NULL);
	if (!ask("Password", out, size) || !ask("Again", again, size))
		return complain("no password", NULL);
	bool same = strcmp(out, again) == 0;
	sodium_memzero(again, sizeof(again));
	return same ? 0 : complain("these are two different passwords", NULL);
}

/* ---- the commands ---- */

static int run_add(struct user_command *u)
{
	char password[ACCOUNT_PASSWORD_BYTES + 2];
	struct account_fault fault = {0};
	struct account made;
	enum account_role role = ACCOUNT_MEMBER;
	if (!u->name)
		return complain("--name is needed", NULL);
	if (u->role && account_role_parse(u->role, &role))
		return complain("--role: member or admin", NULL);
	int status = read_password(password);
	if (status)
		return status;
	const struct account_signup in = {
		.name = u->name, .email = u->email, .password = password, .language = u->language};
	int rc = account_add(u->accounts, &in, role, u->now_us, &fault, &made);
	sodium_memzero(password, sizeof(password));
	if (rc == 0)
		printf("%s is %s\n", made.email, account_role_text(made.role));
	return explain(rc, &fault);
}

static int run_passwd(struct user_command *u)
{
	char password[ACCOUNT_PASSWORD_BYTES + 2];
	struct account_fault fault = {0};
	int status = read_password(password);
	if (status)
		return status;
	int rc = account_force_password(u->accounts, u->account.id, password, u->now_us, &fault);
	sodium_memzero(password, sizeof(password));
	return explain(rc, &fault);
}

static int run_role(struct user_command *u)
{
	enum account_role role;
	if (!u->role || account_role_parse(u->role, &role))
		return complain("--role: member or admin", NULL);
	return explain(account_set_role(u->accounts, NULL, u->account.id, role, &nobody, u->now_us), NULL);
}

static int run_disable(struct user_command *u)
{
	return explain(account_set_disabled(u->accounts, NULL, u->account.id, true, &nobody, u->now_us),
		       NULL);
}

static int run_enable(struct user_command *u)
{
	return explain(account_set_disabled(u->accounts, NULL, u->account.id, false, &nobody, u->now_us),
		       NULL);
}

static int run_two_factor_off(struct user_command *u)
{
	int rc = account_two_factor_off(u->accounts, NULL, u->account.id, &nobody, u->now_us);
	return rc == ACCOUNT_E_STATE ? complain("the account has no second factor", NULL) : explain(rc, NULL);
}

static int run_delete(struct user_command *u)
{
	return explain(account_delete(u->accounts, u->account.id, NULL, &nobody, u->now_us), NULL);
}

static int print_account(void *arg, const struct account *a)
{
	printf("%s\t%s\t%s\t%s\n", a->email, a->name, account_role_text(a->role),
	       a->disabled ? "disabled" : "active");
	return 0;
}

static int run_list(struct user_command *u)
{
	char after[ACCOUNT_EMAIL_MAX + 4] = "", next[ACCOUNT_EMAIL_MAX + 4];
	int rc;
	do {
		const struct account_query q = {
			.text = u->search ? u->search : "", .after = after, .limit = LIST_PAGE};
		rc = account_search(u->accounts, &q, print_account, NULL, next);
		if (rc == 0)
			memcpy(after, next, sizeof(after));
	} while (rc == 0 && next[0]);
	return explain(rc, NULL);
}

static const struct {
	const char *word;
	bool new;  /* about an address that need not be there */
	bool none; /* about none */
	int (*run)(struct user_command *u);
} commands[] = {
	{"add", true, false, run_add},          {"list", false, true, run_list},
	{"passwd", false, false, run_passwd},   {"role", false, false, run_role},
	{"disable", false, false, run_disable}, {"enable", false, false, run_enable},
	{"delete", false, false, run_delete},   {"two-factor-off", false, false, run_two_factor_off},
};

static int run_with(struct user_command *u, size_t which)
{
	struct account_fault fault = {0};
	if (!commands[which].none && !u->email)
		return complain("--email is needed", NULL);
	int rc = commands[which].none || commands[which].new
			 ? 0
			 : account_by_email(u->accounts, u->email, &u->account);
	return rc ? explain(rc, &fault) : commands[which].run(u);
}

static int open_and_run(const struct config *c, struct user_command *u, size_t which)
{
	struct store *store = NULL;
	int rc = accounts_run_open(c, 2, &store, &u->accounts);
	if (rc == 0)
		rc = store_migrate(store);
	int status;
	if (rc == STORE_E_NEWER)
		status = complain("the database has been used by a newer version of Parley", NULL);
	else if (rc)
		status = complain("the database", strerror(-rc));
	else
		status = run_with(u, which);
	accounts_free(u->accounts);
	store_free(store);
	return status;
}

int command_user(int argc, char **argv)
{
	struct user_command u = {.now_us = (int64_t)clock_wall_ms() * 1000};
	struct arguments a = {0};
	const struct flag own[] = {{"--email", &u.email, NULL},
				   {"--name", &u.name, NULL},
				   {"--role", &u.role, NULL},
				   {"--language", &u.language, NULL},
				   {"--search", &u.search, NULL}};
	size_t which = 0;
	while (argc > 0 && which < ARRAY_LEN(commands) && strcmp(argv[0], commands[which].word) != 0)
		which++;
	if (argc == 0 || which == ARRAY_LEN(commands))
		return arguments_usage(
			"user: add, list, passwd, role, disable, enable, two-factor-off or delete", NULL);
	int status = arguments_parse(argc - 1, argv + 1, own, ARRAY_LEN(own), &a);
	if (status)
		return status;
	if (sodium_init() < 0)
		return complain("libsodium cannot start", NULL);
	struct config *c = arguments_config(&a);
	if (!c)
		return EXIT_FAILURE;
	status = open_and_run(c, &u, which);
	config_free(c);
	return status;
}
