/* What may stand in mail.smtp_url. Strict, so that libcurl's more generous reading never decides. Pure. */
#include "mail/mail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool name_ok(const char *s, size_t n)
{
	if (n == 0 || n > 253)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool alnum = (s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
			     (s[i] >= '0' && s[i] <= '9');
		if (!alnum && s[i] != '-' && s[i] != '.')
			return false;
	}
	return true;
}

/* The bytes of the host, brackets included; 0: it is none. */
static size_t host_bytes(const char *s)
{
	if (s[0] != '[') {
		size_t n = strcspn(s, ":/?#@");
		return name_ok(s, n) ? n : 0;
	}
	size_t n = strspn(s + 1, "0123456789abcdefABCDEF:.");
	return n > 1 && n < 46 && s[n + 1] == ']' ? n + 2 : 0;
}

static bool port_ok(const char *s)
{
	size_t n = strspn(s, "0123456789");
	if (s[n] != '\0' || n == 0 || n > 5)
		return false;
	long port = strtol(s, NULL, 10);
	return port > 0 && port < 65536;
}

static bool is_loopback(const char *host, size_t n)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strlen(names[i]) == n && memcmp(names[i], host, n) == 0)
			return true;
	}
	return false;
}

int mail_url_check(const char *url, bool *loopback)
{
	const char *host = NULL;
	if (strncmp(url, "smtp://", 7) == 0)
		host = url + 7;
	else if (strncmp(url, "smtps://", 8) == 0)
		host = url + 8;
	size_t n = host ? host_bytes(host) : 0;
	if (n == 0)
		return -EINVAL;
	if (host[n] != '\0' && (host[n] != ':' || !port_ok(host + n + 1)))
		return -EINVAL;
	if (loopback)
		*loopback = is_loopback(host, n);
	return 0;
}
