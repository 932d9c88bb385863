/*
 * The self-signed certificate: for a first try, a phone on the same network, and the tests.
 *
 * It is kept and used again, because a browser's exception is for this very certificate. Key and certificate
 * are in one file, so that there never is one without the other, and the file is replaced by rename():
 * whoever pulls the plug finds the old or the new one. A file that cannot be read as such a pair is replaced
 * as well.
 *
 * Thread: any; no state.
 */
#include "net/tls_ctx.h"

#include "base/log.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME    "self-signed.pem"
#define DAY_S        (24 * 3600)
#define VALID_DAYS   365
#define RENEW_DAYS   30
#define CLOCK_SKEW_S 3600 /* a phone's clock may be behind ours */
#define SERIAL_BYTES 16
#define DNS_NAME_MAX 253
#define IP_BYTES_MAX 16
#define COMMON_NAME  "Parley self-signed"

struct pair {
	EVP_PKEY *key;
	X509 *cert;
};

static void pair_deinit(struct pair *p)
{
	X509_free(p->cert);
	EVP_PKEY_free(p->key);
	*p = (struct pair){0};
}

/* ---- names ---- */

/* Return: length of the binary address in @out; 0: @name is not an address. */
static size_t parse_ip(const char *name, unsigned char out[IP_BYTES_MAX])
{
	if (inet_pton(AF_INET, name, out) == 1)
		return 4;
	return inet_pton(AF_INET6, name, out) == 1 ? 16 : 0;
}

static bool is_dns_name(const char *name)
{
	size_t n = strlen(name);
	if (n == 0 || n > DNS_NAME_MAX || name[0] == '.' || name[0] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("-._*", name[i]))
			return false;
	/* What ends in a number is a mistyped address, not a name. */
	const char *last = strrchr(name, '.');
	return !isdigit((unsigned char)(last ? last + 1 : name)[0]);
}

static bool names_ok(const char *const *names, size_t n)
{
	unsigned char ip[IP_BYTES_MAX];
	for (size_t i = 0; i < n; i++)
		if (!parse_ip(names[i], ip) && !is_dns_name(names[i]))
			return false;
	return n > 0;
}

static bool covers(X509 *cert, const char *const *names, size_t n)
{
	unsigned char ip[IP_BYTES_MAX];
	for (size_t i = 0; i < n; i++) {
		size_t ip_len = parse_ip(names[i], ip);
		int r = ip_len ? X509_check_ip(cert, ip, ip_len, 0)
			       : X509_check_host(cert, names[i], 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
						 NULL);
		if (r != 1)
			return false;
	}
	return true;
}

/* ---- making ---- */

/* Return: whether it could be added; else memory ran out. */
static bool add_name(GENERAL_NAMES *sans, const char *name)
{
	unsigned char ip[IP_BYTES_MAX];
	size_t ip_len = parse_ip(name, ip);
	const void *data = ip_len ? (const void *)ip : name;
	size_t len = ip_len ? ip_len : strlen(name);
	GENERAL_NAME *gn = GENERAL_NAME_new();
	ASN1_STRING *value = ip_len ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
	if (!gn || !value || !ASN1_STRING_set(value, data, (int)len))
		goto fail;
	GENERAL_NAME_set0_value(gn, ip_len ? GEN_IPADD : GEN_DNS, value);
	value = NULL; /* @gn owns it now */
	if (sk_GENERAL_NAME_push(sans, gn) > 0)
		return true;
fail:
	ASN1_STRING_free(value);
	GENERAL_NAME_free(gn);
	return false;
}

static bool set_sans(X509 *cert, const char *const *names, size_t n)
{
	GENERAL_NAMES *sans = GENERAL_NAMES_new();
	bool ok = sans != NULL;
	for (size_t i = 0; ok && i < n; i++)
		ok = add_name(sans, names[i]);
	ok = ok && X509_add1_ext_i2d(cert, NID_subject_alt_name, sans, 0, X509V3_ADD_DEFAULT) == 1;
	GENERAL_NAMES_free(sans);
	return ok;
}

static bool add_extension(X509 *cert, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	bool ok = ext && X509_add_ext(cert, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

static bool set_serial(X509 *cert)
{
	unsigned char bytes[SERIAL_BYTES];
	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive, and never shorter (RFC 5280 §4.1.2.2) */
	BIGNUM *bn = BN_bin2bn(bytes, sizeof(bytes), NULL);
	bool ok = bn && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(cert)) != NULL;
	BN_free(bn);
	return ok;
}

static bool set_subject(X509 *cert)
{
	X509_NAME *name = X509_get_subject_name(cert);
	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)COMMON_NAME, -1,
					  -1, 0) == 1 &&
	       X509_set_issuer_name(cert, name) == 1;
}

static bool fill_cert(X509 *cert, EVP_PKEY *key, const char *const *names, size_t n)
{
	return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) && set_subject(cert) &&
	       X509_gmtime_adj(X509_getm_notBefore(cert), -CLOCK_SKEW_S) != NULL &&
	       X509_gmtime_adj(X509_getm_notAfter(cert), (long)VALID_DAYS * DAY_S) != NULL &&
	       X509_set_pubkey(cert, key) == 1 &&
	       add_extension(cert, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(cert, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(cert, NID_ext_key_usage, "serverAuth") &&
	       add_extension(cert, NID_subject_key_identifier, "hash") && set_sans(cert, names, n) &&
	       X509_sign(cert, key, EVP_sha256()) > 0;
}

static int make_pair(const char *const *names, size_t n, struct pair *out)
{
	struct pair p = {.key = EVP_EC_gen("P-256"), .cert = X509_new()};
	if (!p.key || !p.cert || !fill_cert(p.cert, p.key, names, n)) {
		pair_deinit(&p);
		return -ENOMEM;
	}
	*out = p;
	return 0;
}

/* ---- the file ---- */

static bool read_pair(const char *path, struct pair *out)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	struct pair p = {0};
	p.key = PEM_read_PrivateKey(f, NULL, NULL, (void *)"");
	if (p.key)
		p.cert = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	if (p.cert && X509_check_private_key(p.cert, p.key) == 1) {
		*out = p;
		return true;
	}
	pair_deinit(&p);
	return false;
}

static bool in_date(X509 *cert)
{
	time_t renew_at = time(NULL) + (time_t)RENEW_DAYS * DAY_S;
	return X509_cmp_current_time(X509_get0_notBefore(cert)) < 0 &&
	       X509_cmp_time(X509_get0_notAfter(cert), &renew_at) > 0;
}

static int write_pem(int fd, const struct pair *p)
{
	FILE *f = fdopen(fd, "w");
	if (!f) {
		int r = -errno;
		close(fd);
		return r;
	}
	errno = 0;
	bool ok = PEM_write_PKCS8PrivateKey(f, p->key, NULL, NULL, 0, NULL, NULL) == 1 &&
		  PEM_write_X509(f, p->cert) == 1 && fflush(f) == 0 && fsync(fileno(f)) == 0;
	int r = ok ? 0 : errno ? -errno : -EIO;
	if (fclose(f) != 0 && r == 0)
		r = -errno;
	return r;
}

/* A rename lasts only once the directory itself is on disk. */
static int sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return r;
}

static int save_pair(const char *dir, const char *path, const struct pair *p)
{
	char tmp[PATH_MAX];
	if (snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path) >= (int)sizeof(tmp))
		return -ENAMETOOLONG;
	int fd = mkostemp(tmp, O_CLOEXEC); /* mode 0600 */
	if (fd < 0)
		return -errno;
	int r = write_pem(fd, p);
	if (r == 0 && rename(tmp, path) < 0)
		r = -errno;
	if (r < 0) {
		unlink(tmp);
		return r;
	}
	return sync_dir(dir);
}

static int load_or_make(const char *dir, const char *const *names, size_t n, struct pair *out)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof(path), "%s/%s", dir, FILE_NAME) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	struct pair p;
	if (read_pair(path, &p)) {
		/* Somebody may have copied the file about; the key is nobody else's to read. */
		if (in_date(p.cert) && covers(p.cert, names, n) && chmod(path, 0600) == 0) {
			*out = p;
			return 0;
		}
		pair_deinit(&p);
	}
	int r = make_pair(names, n, &p);
	if (r < 0)
		return r;
	r = save_pair(dir, path, &p);
	if (r < 0) {
		log_error("cannot keep the self-signed certificate file=%s error=%s", path, strerror(-r));
		pair_deinit(&p);
		return r;
	}
	log_info("made a self-signed certificate file=%s days=%d", path, VALID_DAYS);
	*out = p;
	return 0;
}

int tls_ctx_self_signed(const char *dir, const char *const *names, size_t n_names, struct tls_ctx **out)
{
	if (!names_ok(names, n_names))
		return -EINVAL;
	struct pair p;
	ERR_clear_error();
	int r = load_or_make(dir, names, n_names, &p);
	if (r == 0) {
		r = tls_ctx_from_pair(p.cert, p.key, out);
		pair_deinit(&p);
	}
	ERR_clear_error();
	return r;
}
