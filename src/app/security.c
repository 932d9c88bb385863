/*
 * The page loads scripts, styles and connections from its own origin only, nothing inline, and cannot be
 * framed. 'self' in connect-src covers wss: to the same host (CSP level 3). Room ids are secrets in
 * addresses, so no Referer leaves the origin. HSTS is sent where TLS is there to stay: with a configured
 * certificate or an https public URL, not with a self-signed one, which would lock people out.
 */
#include "app/security.h"

#include "app/origin.h"
#include "base/log.h"

#include <assert.h>
#include <string.h>

#define SECURITY_MAX_NAMES 64

static const struct http_reply_header always[] = {
	{"Content-Security-Policy",
	 "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src "
	 "'self'; "
	 "media-src 'self' blob: mediastream:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
	 "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types "
	 "'none'"},
	{"Permissions-Policy",
	 "camera=(self), microphone=(self), display-capture=(self), speaker-selection=(self), "
	 "autoplay=(self), "
	 "fullscreen=(self), picture-in-picture=(self), screen-wake-lock=(self), clipboard-write=(self), "
	 "geolocation=(), usb=(), serial=(), hid=(), midi=(), payment=(), "
	 "accelerometer=(), gyroscope=(), magnetometer=(), browsing-topics=()"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "same-origin"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
};

static bool tls_stays(const struct config *c)
{
	return c->tls.cert[0] != '\0' ||
	       (strncmp(c->server.public_url, "https:", 6) == 0 && !c->tls.self_signed);
}

size_t security_headers(const struct config *c, struct http_reply_header *out, size_t max)
{
	size_t n = ARRAY_LEN(always);
	assert(max > n);
	memcpy(out, always, sizeof(always));
	if (tls_stays(c))
		out[n++] = (struct http_reply_header){"Strict-Transport-Security", "max-age=63072000"};
	return n;
}

struct name_list {
	char text[SECURITY_MAX_NAMES][ORIGIN_MAX];
	const char *names[SECURITY_MAX_NAMES];
	size_t count;
};

static void collect_name(void *arg, const char *name)
{
	struct name_list *l = arg;
	/* Scoped link-local addresses cannot stand in a certificate, nor in an address bar. */
	if (l->count == SECURITY_MAX_NAMES || strlen(name) >= ORIGIN_MAX || strchr(name, '%') ||
	    strncmp(name, "fe80:", 5) == 0)
		return;
	for (size_t i = 0; i < l->count; i++) {
		if (strcmp(l->names[i], name) == 0)
			return;
	}
	strcpy(l->text[l->count], name);
	l->names[l->count] = l->text[l->count];
	l->count++;
}

static void collect_public_host(const struct config *c, struct name_list *l)
{
	const char *host = strstr(c->server.public_url, "://");
	if (!host)
		return;
	host += 3;
	if (host[0] == '[')
		host++;
	char name[ORIGIN_MAX];
	size_t n = strcspn(host, c->server.public_url[strcspn(c->server.public_url, "[")] ? "]/" : ":/");
	if (n == 0 || n >= sizeof(name))
		return;
	memcpy(name, host, n);
	name[n] = '\0';
	collect_name(l, name);
}

int security_self_signed(const struct config *c, struct tls_ctx **out)
{
	static struct name_list list; /* too large for the stack; the control loop is the only caller */
	list.count = 0;
	collect_public_host(c, &list);
	origin_local_names(collect_name, &list);
	int rc = tls_ctx_self_signed(c->server.data_dir, list.names, list.count, out);
	if (rc)
		log_error("cannot make a self-signed certificate dir=%s error=%s", c->server.data_dir,
			  strerror(-rc));
	return rc;
}

static void print_name(void *arg, const char *name)
{
	const struct config *c = arg;
	if (strcmp(name, "::1") == 0 || strcmp(name, "127.0.0.1") == 0 || strncmp(name, "fe80:", 5) == 0)
		return;
	bool literal6 = strchr(name, ':') != NULL;
	printf("Parley is at https://%s%s%s:%u\n", literal6 ? "[" : "", name, literal6 ? "]" : "",
	       c->server.https_port);
}

void security_print_urls(const struct config *c)
{
	/* All names hold only where all addresses are listened on. */
	if (c->server.listen.count == 0)
		origin_local_names(print_name, (void *)c);
	for (size_t i = 0; i < c->server.listen.count; i++) {
		const char *address = c->server.listen.items[i];
		if (strcmp(address, "*") == 0)
			origin_local_names(print_name, (void *)c);
		else
			printf("Parley is at https://%s%s%s:%u\n", strchr(address, ':') ? "[" : "", address,
			       strchr(address, ':') ? "]" : "", c->server.https_port);
	}
}
