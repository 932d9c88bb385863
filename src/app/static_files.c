/*
 * Files are served whole: the largest is some tens of kB. Embedded ones are compressed at build time, so a
 * reply costs a table look-up. A file from disk is read for each request, uncompressed and never cached by
 * the browser: that is for work on the front end. Thread: the control loop's.
 */
#include "app/static_files.h"

#include "app/assets.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define DISK_FILE_MAX (8 * 1024 * 1024)

static const struct asset *find_asset(const char *path)
{
	for (size_t i = 0; i < assets_count; i++) {
		if (strcmp(assets[i].path, path) == 0)
			return &assets[i];
	}
	return NULL;
}

/* The app's pages are all one document; its script reads the address. */
static const char *file_of_page(const char *path)
{
	static const char *const pages[] = {"/",      "/signin", "/signup", "/confirm", "/forgot", "/reset",
					    "/email", "/invite", "/setup",  "/account", "/rooms",  "/admin"};
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		if (strcmp(path, pages[i]) == 0)
			return "/index.html";
	}
	return strncmp(path, "/r/", 3) == 0 ? "/index.html" : path;
}

/* Is the member of a comma-separated list that begins at @p the token @name? Sets *@end behind the member. */
static bool member_is(const char *p, const char *name, size_t *len)
{
	*len = strcspn(p, ",");
	size_t n = strcspn(p, ",; \t");
	return n == strlen(name) && strncasecmp(p, name, n) == 0;
}

/* The quality of the member of @len bytes at @p, in thousandths; 1000 where there is no "q=". */
static int quality(const char *p, size_t len)
{
	const char *q = memchr(p, ';', len);
	if (!q)
		return 1000;
	q += 1 + strspn(q + 1, " \t");
	if (strncasecmp(q, "q=", 2) != 0)
		return 1000;
	int value = q[2] == '1' ? 1000 : 0;
	if (value == 0 && q[2] == '0' && q[3] == '.') {
		int unit = 100;
		for (const char *d = q + 4; *d >= '0' && *d <= '9' && unit > 0; d++, unit /= 10)
			value += (*d - '0') * unit;
	}
	return value;
}

/* What the header says of @name: its quality, that of "*", or -1 where neither is there. */
static int coding_quality(const char *header, const char *name)
{
	int any = -1;
	for (const char *p = header; *p;) {
		size_t len = 0;
		p += strspn(p, " \t,");
		if (member_is(p, name, &len))
			return quality(p, len);
		if (member_is(p, "*", &len))
			any = quality(p, len);
		p += len;
	}
	return any;
}

enum static_coding static_files_coding(const char *accept_encoding, bool have_gzip, bool have_brotli)
{
	if (!accept_encoding)
		return STATIC_IDENTITY;
	int brotli = have_brotli ? coding_quality(accept_encoding, "br") : 0;
	int gzip = have_gzip ? coding_quality(accept_encoding, "gzip") : 0;
	if (brotli > 0 && brotli >= gzip)
		return STATIC_BROTLI;
	return gzip > 0 ? STATIC_GZIP : STATIC_IDENTITY;
}

bool static_files_etag_matches(const char *if_none_match, const char *etag)
{
	if (!if_none_match)
		return false;
	for (const char *p = if_none_match; *p;) {
		p += strspn(p, " \t,");
		if (strncmp(p, "W/", 2) == 0)
			p += 2;
		size_t n = strcspn(p, ", \t");
		if ((n == 1 && *p == '*') || (n == strlen(etag) && memcmp(p, etag, n) == 0))
			return true;
		p += n;
	}
	return false;
}

static void serve_asset(struct http_conn *conn, const struct http_request *req, const struct asset *a)
{
	struct http_reply_header headers[4] = {
		{"Cache-Control", a->immutable ? "public, max-age=31536000, immutable" : "no-cache"},
		{"ETag", a->etag},
		{"Vary", "Accept-Encoding"},
	};
	struct http_reply r = {.status = 200, .content_type = a->type, .headers = headers, .n_headers = 3};
	if (static_files_etag_matches(http_header(req, "if-none-match"), a->etag)) {
		r.status = 304;
		http_reply(conn, &r);
		return;
	}
	r.body = a->identity;
	r.body_len = a->identity_len;
	enum static_coding coding =
		static_files_coding(http_header(req, "accept-encoding"), a->gzip, a->brotli);
	if (coding != STATIC_IDENTITY) {
		bool br = coding == STATIC_BROTLI;
		headers[r.n_headers++] = (struct http_reply_header){"Content-Encoding", br ? "br" : "gzip"};
		r.body = br ? a->brotli : a->gzip;
		r.body_len = br ? a->brotli_len : a->gzip_len;
	}
	http_reply(conn, &r);
}

static const char *type_of(const char *path)
{
	static const struct {
		const char *ending, *type;
	} types[] = {
		{".html", "text/html; charset=utf-8"},
		{".js", "text/javascript; charset=utf-8"},
		{".css", "text/css; charset=utf-8"},
		{".svg", "image/svg+xml"},
		{".png", "image/png"},
		{".ico", "image/x-icon"},
		{".json", "application/json"},
		{".webmanifest", "application/manifest+json"},
		{".txt", "text/plain; charset=utf-8"},
	};
	const char *dot = strrchr(path, '.');
	for (size_t i = 0; dot && i < ARRAY_LEN(types); i++) {
		if (strcmp(dot, types[i].ending) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

/* Read a regular file inside @root. O_NOFOLLOW and the checked path keep it inside. Return: 0; -errno. */
static int read_file(const char *root, const char *path, uint8_t **out, size_t *len)
{
	char name[1024];
	int n = snprintf(name, sizeof(name), "%s%s", root, path);
	if (n < 0 || (size_t)n >= sizeof(name) || strstr(path, "/."))
		return -ENOENT;
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	struct stat st;
	int rc = fstat(fd, &st) ? -errno : 0;
	if (rc == 0 && (!S_ISREG(st.st_mode) || st.st_size > DISK_FILE_MAX))
		rc = -ENOENT;
	uint8_t *data = rc ? NULL : mem_alloc((size_t)st.st_size + 1);
	if (rc == 0 && !data)
		rc = -ENOMEM;
	size_t got = 0;
	while (rc == 0 && got < (size_t)st.st_size) {
		ssize_t r = read(fd, data + got, (size_t)st.st_size - got);
		if (r <= 0)
			rc = r < 0 ? -errno : -EIO;
		else
			got += (size_t)r;
	}
	(void)close(fd);
	if (rc) {
		mem_free(data);
		return rc;
	}
	*out = data;
	*len = got;
	return 0;
}

static bool serve_from_disk(struct http_conn *conn, const char *root, const char *path)
{
	uint8_t *data = NULL;
	size_t len = 0;
	int rc = read_file(root, path, &data, &len);
	if (rc == -ENOENT || rc == -ENOTDIR || rc == -ELOOP || rc == -ENAMETOOLONG)
		return false;
	if (rc) {
		log_error("cannot read a web file root=%s path=%s error=%s", root, path, strerror(-rc));
		http_reply_error(conn, 500, "internal", NULL);
		return true;
	}
	struct http_reply_header cache = {"Cache-Control", "no-store"};
	struct http_reply r = {
		.status = 200,
		.content_type = type_of(path),
		.body = data,
		.body_len = len,
		.headers = &cache,
		.n_headers = 1,
	};
	http_reply(conn, &r);
	mem_free(data);
	return true;
}

bool static_files_serve(struct http_conn *conn, const struct http_request *req, const char *web_root)
{
	const char *path = file_of_page(req->path);
	if (web_root[0] != '\0')
		return serve_from_disk(conn, web_root, path);
	const struct asset *a = find_asset(path);
	if (!a)
		return false;
	serve_asset(conn, req, a);
	return true;
}
