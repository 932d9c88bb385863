/*
 * Handing a message to an SMTP server, by libcurl.
 *
 * libcurl's own result does not tell a server that refuses this message from one that will not talk to us, so
 * the conversation is listened to: 5xx after MAIL is about the message, 5xx before it (greeting, STARTTLS,
 * signing in) is about us, which an operator can mend, and the mail should then still be there. What was sent
 * is only looked at for its verb: it holds the password. While signing in, the server's words are not kept
 * either: it may say the password back.
 *
 * Nothing of the environment counts: no proxies, no .netrc, no protocols but SMTP.
 *
 * Thread: any; blocks.
 */
#include "mail/mail.h"

#include "base/clock.h"
#include "mail/outbox.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define URL_BYTES     512
#define MAILBOX_BYTES (TEXT_EMAIL_MAX + 3)

struct talk {
	const struct mail_server *server;
	const struct mail_parcel *parcel;
	uint64_t deadline_ms;
	size_t read;              /* bytes of the message given to libcurl */
	bool over;                /* so has QUIT */
	bool about_message;       /* MAIL has been sent */
	char reply[MAIL_WHY_MAX]; /* the server's last line */
	char error[CURL_ERROR_SIZE];
};

int mail_init(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) ? -ENOMEM : 0;
}

void mail_deinit(void)
{
	curl_global_cleanup();
}

static size_t on_read(char *to, size_t size, size_t count, void *arg)
{
	struct talk *t = arg;
	size_t n = t->parcel->n - t->read;
	if (n > size * count)
		n = size * count;
	memcpy(to, t->parcel->message + t->read, n);
	t->read += n;
	return n;
}

/* Called at least once a second, also where CURLOPT_TIMEOUT_MS is not looked at: while libcurl waits for what
 * a server says to QUIT. Nobody needs that. */
static int on_progress(void *arg, curl_off_t dl_total, curl_off_t dl, curl_off_t ul_total, curl_off_t ul)
{
	const struct talk *t = arg;
	bool cancelled = t->server->cancel && atomic_load(t->server->cancel);
	return cancelled || t->over || clock_mono_ms() >= t->deadline_ms;
}

static void keep_reply(struct talk *t, const char *data, size_t n)
{
	if (n >= sizeof(t->reply))
		n = sizeof(t->reply) - 1;
	memcpy(t->reply, data, n);
	t->reply[n] = '\0';
}

static int on_talk(CURL *curl, curl_infotype type, char *data, size_t n, void *arg)
{
	struct talk *t = arg;
	if (type == CURLINFO_HEADER_OUT && n >= 5 && strncasecmp(data, "MAIL ", 5) == 0)
		t->about_message = true;
	/* Whatever went wrong, libcurl says goodbye, and the answer to that is none to the message. */
	if (type == CURLINFO_HEADER_OUT && n >= 4 && strncasecmp(data, "QUIT", 4) == 0)
		t->over = true;
	if (type == CURLINFO_HEADER_IN && t->about_message && !t->over)
		keep_reply(t, data, n);
	return 0;
}

/* The part of the URL after the host is what libcurl says in EHLO. An address there is in brackets (RFC 5321
 * §4.1.3), which a URL must encode. */
static int make_url(const struct mail_server *s, char url[URL_BYTES])
{
	const char *helo = s->helo[0] ? s->helo : "localhost";
	bool v6 = strchr(helo, ':') != NULL;
	bool v4 = !v6 && helo[strspn(helo, "0123456789.")] == '\0';
	int n = snprintf(url, URL_BYTES, "%s/%s%s%s%s", s->smtp_url, v6 || v4 ? "%5B" : "", v6 ? "IPv6:" : "",
			 helo, v6 || v4 ? "%5D" : "");
	return n < 0 || n >= URL_BYTES ? -EINVAL : 0;
}

static CURLcode set_up_message(CURL *c, struct talk *t)
{
	CURLcode rc = curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_READDATA, t);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->parcel->n);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_VERBOSE, 1L);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, on_talk);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_DEBUGDATA, t);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->error);
	return rc;
}

static CURLcode set_up_limits(CURL *c, struct talk *t)
{
	CURLcode rc = curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_PROXY, "");
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)t->server->timeout_ms);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)t->server->timeout_ms);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
	/* Closed by this handle, with its limits, and not by one that libcurl keeps for kept connections. */
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
	/* A name server that does not answer must not hold up the end of the program. */
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
	return rc;
}

static CURLcode set_up_trust(CURL *c, const struct mail_server *s)
{
	static const long levels[] = {
		[MAIL_STARTTLS_REQUIRE] = CURLUSESSL_ALL,
		[MAIL_STARTTLS_TRY] = CURLUSESSL_TRY,
		[MAIL_STARTTLS_OFF] = CURLUSESSL_NONE,
	};
	CURLcode rc = curl_easy_setopt(c, CURLOPT_USE_SSL, levels[s->starttls]);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	/* An own CA is the only one: the system's would let others in. */
	if (rc == CURLE_OK && s->ca_file[0])
		rc = curl_easy_setopt(c, CURLOPT_CAINFO, s->ca_file);
	if (rc == CURLE_OK && s->ca_file[0])
		rc = curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	if (rc == CURLE_OK && s->user[0])
		rc = curl_easy_setopt(c, CURLOPT_USERNAME, s->user);
	if (rc == CURLE_OK && s->user[0])
		rc = curl_easy_setopt(c, CURLOPT_PASSWORD, s->password);
	return rc;
}

/* Cut @what out of @text, wherever it stands. */
static void leave_out(char *text, const char *what)
{
	size_t n = strlen(what);
	for (char *at = text; n && (at = strcasestr(at, what));)
		memmove(at, at + n, strlen(at + n) + 1);
}

static void explain(const struct talk *t, CURLcode code, char why[MAIL_WHY_MAX])
{
	const char *text = t->reply[0] >= '4' ? t->reply : t->error;
	if (code == CURLE_ABORTED_BY_CALLBACK)
		text = "no answer in time";
	else if (text[0] == '\0')
		text = curl_easy_strerror(code);
	(void)snprintf(why, MAIL_WHY_MAX, "%s", text);
	why[strcspn(why, "\r\n")] = '\0';
	leave_out(why, t->parcel->to);
	for (char *c = why; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
}

/* 530, 534, 535, 538 (RFC 4954 §6) are about us even when they answer MAIL. */
static int judge(const struct talk *t)
{
	static const char *const about_us[] = {"530", "534", "535", "538"};
	if (t->reply[0] != '5')
		return MAIL_E_LATER;
	for (size_t i = 0; i < ARRAY_LEN(about_us); i++) {
		if (strncmp(t->reply, about_us[i], 3) == 0)
			return MAIL_E_LATER;
	}
	return MAIL_E_REFUSED;
}

static int perform(CURL *c, struct talk *t, char why[MAIL_WHY_MAX])
{
	CURLcode code = curl_easy_perform(c);
	if (code == CURLE_OK)
		return 0;
	if (code == CURLE_OUT_OF_MEMORY)
		return -ENOMEM;
	explain(t, code, why);
	return judge(t);
}

/* Everything that can fail before the first byte is sent fails for want of memory. */
static int talk_to(struct talk *t, CURL *c, const char *url, char why[MAIL_WHY_MAX])
{
	char from[MAILBOX_BYTES], to[MAILBOX_BYTES];
	(void)snprintf(from, sizeof(from), "<%s>", t->parcel->from);
	(void)snprintf(to, sizeof(to), "<%s>", t->parcel->to);
	struct curl_slist *rcpt = curl_slist_append(NULL, to);
	CURLcode rc = rcpt ? curl_easy_setopt(c, CURLOPT_URL, url) : CURLE_OUT_OF_MEMORY;
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_MAIL_FROM, from);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(c, CURLOPT_MAIL_RCPT, rcpt);
	if (rc == CURLE_OK)
		rc = set_up_message(c, t);
	if (rc == CURLE_OK)
		rc = set_up_limits(c, t);
	if (rc == CURLE_OK)
		rc = set_up_trust(c, t->server);
	int result = rc == CURLE_OK ? perform(c, t, why) : -ENOMEM;
	curl_slist_free_all(rcpt);
	return result;
}

int mail_send(const struct mail_server *server, const struct mail_parcel *p, char why[MAIL_WHY_MAX])
{
	char url[URL_BYTES];
	struct talk t = {.server = server, .parcel = p, .deadline_ms = clock_mono_ms() + server->timeout_ms};
	if (!mail_address_ok(p->from) || !mail_address_ok(p->to))
		return -EINVAL;
	if (server->smtp_url[0] == '\0')
		return outbox_write(server->outbox, p);
	int rc = mail_url_check(server->smtp_url, NULL);
	if (rc == 0)
		rc = make_url(server, url);
	if (rc)
		return rc;
	CURL *c = curl_easy_init();
	if (!c)
		return -ENOMEM;
	rc = talk_to(&t, c, url, why);
	curl_easy_cleanup(c);
	return rc;
}
