/*
 * A User-Agent header in a few words, for the list of sessions: "Firefox on Linux".
 *
 * Only words from here come out, whatever went in; the header is the client's own claim and no more than a
 * hint.
 *
 * Thread: any. Pure.
 */
#include "account/account.h"

#include "base/compiler.h"

#include <stdio.h>
#include <string.h>

#define LOOK_AT 1024 /* bytes; real ones are under 300 */

struct word {
	const char *sign, *word;
};

/* In this order: nearly all claim to be several. */
static const struct word programs[] = {
	{"Edg/", "Edge"},          {"EdgA/", "Edge"},
	{"EdgiOS/", "Edge"},       {"OPR/", "Opera"},
	{"Vivaldi/", "Vivaldi"},   {"SamsungBrowser/", "Samsung Internet"},
	{"FxiOS/", "Firefox"},     {"Firefox/", "Firefox"},
	{"CriOS/", "Chrome"},      {"HeadlessChrome/", "Chrome"},
	{"Chromium/", "Chromium"}, {"Chrome/", "Chrome"},
	{"Safari/", "Safari"},     {"curl/", "curl"},
	{"Wget/", "Wget"},         {"python", "Python"},
	{"Python", "Python"},      {"okhttp/", "an app"},
};

static const struct word systems[] = {
	{"iPhone", "iPhone"},   {"iPad", "iPad"},      {"Android", "Android"}, {"CrOS", "ChromeOS"},
	{"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Macintosh", "macOS"}, {"FreeBSD", "FreeBSD"},
	{"OpenBSD", "OpenBSD"}, {"Linux", "Linux"},    {"X11", "Unix"},
};

static const char *find(const char *text, const struct word *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(text, words[i].sign))
			return words[i].word;
	return NULL;
}

void account_client_software(const char *user_agent, char out[ACCOUNT_CLIENT_MAX])
{
	char text[LOOK_AT + 1] = "";
	if (user_agent)
		(void)snprintf(text, sizeof(text), "%s", user_agent);
	const char *program = find(text, programs, ARRAY_LEN(programs));
	const char *system = find(text, systems, ARRAY_LEN(systems));
	if (system)
		(void)snprintf(out, ACCOUNT_CLIENT_MAX, "%s on %s", program ? program : "A browser", system);
	else
		(void)snprintf(out, ACCOUNT_CLIENT_MAX, "%s", program ? program : "Unknown");
}
