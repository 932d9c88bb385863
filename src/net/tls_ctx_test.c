/* Server contexts: certificate and key files, and the self-signed certificate. */
#include "net/tls_testing.h"

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

struct dir {
	char path[256];
	char cert[300];
	char key[300];
	char pem[300]; /* where the self-signed pair is kept */
};

static int setup(void **state)
{
	struct dir *d = calloc(1, sizeof(*d));
	temp_dir(d->path, sizeof(d->path));
	snprintf(d->cert, sizeof(d->cert), "%s/cert.pem", d->path);
	snprintf(d->key, sizeof(d->key), "%s/key.pem", d->path);
	snprintf(d->pem, sizeof(d->pem), "%s/self-signed.pem", d->path);
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	struct dir *d = *state;
	temp_dir_remove(d->path);
	free(d);
	return 0;
}

/* ---- helpers ---- */

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static X509 *make_cert(EVP_PKEY *key, long valid_s)
{
	X509 *x = X509_new();
	X509_set_version(x, X509_VERSION_3);
	X509_gmtime_adj(X509_getm_notBefore(x), -10);
	X509_gmtime_adj(X509_getm_notAfter(x), valid_s);
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	return x;
}

static void save_key(const char *path, EVP_PKEY *key, const char *passphrase)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	const EVP_CIPHER *cipher = passphrase ? EVP_aes_128_cbc() : NULL;
	int len = passphrase ? (int)strlen(passphrase) : 0;
	assert_int_equal(PEM_write_PKCS8PrivateKey(f, key, cipher, passphrase, len, NULL, NULL), 1);
	assert_int_equal(fclose(f), 0);
}

static void save_cert(const char *path, EVP_PKEY *key, long valid_s)
{
	X509 *x = make_cert(key, valid_s);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, x), 1);
	assert_int_equal(fclose(f), 0);
	X509_free(x);
}

static X509 *load_cert(const char *path)
{
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	assert_non_null(x);
	return x;
}

static EVP_PKEY *load_key(const char *path)
{
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	assert_non_null(key);
	return key;
}

/* ---- files ---- */

static void expect_failure(const struct dir *d, int want, const char *path, const char *words)
{
	struct tls_ctx *ctx = (struct tls_ctx *)d;
	const char *why = NULL;
	int r = tls_ctx_from_files(d->cert, d->key, &ctx, &why);
	assert_int_equal(r, want);
	assert_ptr_equal(ctx, d);
	assert_non_null(why);
	if (!strstr(why, path) || !strstr(why, words))
		fail_msg("the reason is: %s", why);
}

static void expect_success(const struct dir *d)
{
	struct tls_ctx *ctx = NULL;
	const char *why = NULL;
	int r = tls_ctx_from_files(d->cert, d->key, &ctx, &why);
	assert_int_equal(r, 0);
	assert_null(why);
	tls_ctx_free(ctx);
}

static void test_missing_files(void **state)
{
	struct dir *d = *state;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	expect_failure(d, -ENOENT, d->cert, "certificate");
	save_cert(d->cert, key, 3600);
	expect_failure(d, -ENOENT, d->key, "key");
	save_key(d->key, key, NULL);
	expect_success(d);
	EVP_PKEY_free(key);
}

static void test_unusable_files(void **state)
{
	struct dir *d = *state;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	write_text(d->cert, "this is no certificate\n");
	expect_failure(d, -EINVAL, d->cert, "no PEM certificate");
	write_text(d->cert, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	expect_failure(d, -EINVAL, d->cert, "unusable certificate");
	save_cert(d->cert, key, 3600);
	write_text(d->key, "nor is this a key\n");
	expect_failure(d, -EINVAL, d->key, "no PEM private key");
	save_key(d->key, key, "secret");
	expect_failure(d, -EINVAL, d->key, "encrypted");
	EVP_PKEY_free(key);
}

static void test_key_of_another_certificate(void **state)
{
	struct dir *d = *state;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	EVP_PKEY *other = EVP_EC_gen("P-256");
	EVP_PKEY *rsa = EVP_RSA_gen(2048);
	save_cert(d->cert, key, 3600);
	save_key(d->key, other, NULL);
	expect_failure(d, -EINVAL, d->key, "not the certificate's");
	save_key(d->key, rsa, NULL);
	expect_failure(d, -EINVAL, d->key, "not the certificate's");
	save_cert(d->cert, rsa, 3600);
	expect_success(d);
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	EVP_PKEY_free(rsa);
}

static void test_weak_key(void **state)
{
	struct dir *d = *state;
	EVP_PKEY *rsa = EVP_RSA_gen(1024);
	save_cert(d->cert, rsa, 3600);
	save_key(d->key, rsa, NULL);
	expect_failure(d, -EINVAL, d->cert, "ee key too small");
	EVP_PKEY_free(rsa);
}

/* ---- self-signed ---- */

static const char *const some_names[] = {"call.example", "*.call.example", "192.0.2.7", "2001:db8::7",
					 "localhost"};

static X509 *self_signed(struct dir *d, const char *const *names, size_t n)
{
	struct tls_ctx *ctx = NULL;
	assert_int_equal(tls_ctx_self_signed(d->path, names, n, &ctx), 0);
	assert_non_null(ctx);
	tls_ctx_free(ctx);
	return load_cert(d->pem);
}

static void test_what_it_says(void **state)
{
	struct dir *d = *state;
	X509 *x = self_signed(d, some_names, ARRAY_LEN(some_names));
	unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
	assert_int_equal(X509_check_host(x, "call.example", 0, flags, NULL), 1);
	assert_int_equal(X509_check_host(x, "www.call.example", 0, flags, NULL), 1);
	assert_int_equal(X509_check_host(x, "localhost", 0, flags, NULL), 1);
	assert_int_equal(X509_check_host(x, "example", 0, flags, NULL), 0);
	assert_int_equal(X509_check_ip_asc(x, "192.0.2.7", 0), 1);
	assert_int_equal(X509_check_ip_asc(x, "2001:db8::7", 0), 1);
	assert_int_equal(X509_check_ip_asc(x, "192.0.2.8", 0), 0);
	assert_int_equal(X509_get_extended_key_usage(x), XKU_SSL_SERVER);
	assert_int_equal(X509_get_key_usage(x), KU_DIGITAL_SIGNATURE);
	assert_int_equal(X509_check_ca(x), 0);
	assert_int_equal(X509_get_version(x), X509_VERSION_3);
	EVP_PKEY *key = X509_get_pubkey(x);
	assert_int_equal(EVP_PKEY_get_bits(key), 256);
	assert_int_equal(X509_verify(x, key), 1);
	EVP_PKEY_free(key);
	int days = 0, secs = 0;
	assert_int_equal(ASN1_TIME_diff(&days, &secs, NULL, X509_get0_notAfter(x)), 1);
	assert_in_range(days, 364, 365);
	assert_true(X509_cmp_current_time(X509_get0_notBefore(x)) < 0);
	BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
	assert_int_equal(BN_num_bits(serial), 127);
	BN_free(serial);
	X509_free(x);
}

static void test_file_mode_and_no_litter(void **state)
{
	struct dir *d = *state;
	struct stat st;
	X509_free(self_signed(d, some_names, 1));
	assert_int_equal(stat(d->pem, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(chmod(d->pem, 0644), 0);
	X509_free(self_signed(d, some_names, 1));
	assert_int_equal(stat(d->pem, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	int n = 0;
	DIR *dir = opendir(d->path);
	for (struct dirent *e = readdir(dir); e; e = readdir(dir))
		n += e->d_name[0] != '.';
	closedir(dir);
	assert_int_equal(n, 1);
}

static void test_used_again_while_it_covers(void **state)
{
	struct dir *d = *state;
	X509 *a = self_signed(d, some_names, ARRAY_LEN(some_names));
	X509 *b = self_signed(d, some_names, 3);
	assert_int_equal(X509_cmp(a, b), 0);
	const char *const more[] = {"call.example", "192.0.2.8"};
	X509 *c = self_signed(d, more, 2);
	assert_int_not_equal(X509_cmp(a, c), 0);
	X509 *e = self_signed(d, more, 2);
	assert_int_equal(X509_cmp(c, e), 0);
	X509_free(a);
	X509_free(b);
	X509_free(c);
	X509_free(e);
}

/* The same pair, but with another end. */
static void change_end(struct dir *d, long valid_s)
{
	X509 *x = load_cert(d->pem);
	EVP_PKEY *key = load_key(d->pem);
	X509_gmtime_adj(X509_getm_notAfter(x), valid_s);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	FILE *f = fopen(d->pem, "w");
	assert_int_equal(PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(PEM_write_X509(f, x), 1);
	fclose(f);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void test_renewed_in_time(void **state)
{
	struct dir *d = *state;
	X509_free(self_signed(d, some_names, 1));
	change_end(d, 31 * 24 * 3600L);
	X509 *a = load_cert(d->pem);
	X509 *b = self_signed(d, some_names, 1);
	assert_int_equal(X509_cmp(a, b), 0);
	X509_free(a);
	X509_free(b);
	change_end(d, 29 * 24 * 3600L);
	a = load_cert(d->pem);
	b = self_signed(d, some_names, 1);
	assert_int_not_equal(X509_cmp(a, b), 0);
	X509_free(a);
	X509_free(b);
}

static void test_broken_file_is_replaced(void **state)
{
	struct dir *d = *state;
	X509_free(self_signed(d, some_names, 1));
	assert_int_equal(truncate(d->pem, 300), 0); /* the key is whole, the certificate gone */
	X509 *a = self_signed(d, some_names, 1);
	write_text(d->pem, "");
	X509 *b = self_signed(d, some_names, 1);
	assert_int_not_equal(X509_cmp(a, b), 0);
	/* A pair that does not fit together. */
	EVP_PKEY *key = EVP_EC_gen("P-256");
	FILE *f = fopen(d->pem, "w");
	PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	PEM_write_X509(f, b);
	fclose(f);
	X509 *c = self_signed(d, some_names, 1);
	assert_int_not_equal(X509_cmp(b, c), 0);
	EVP_PKEY_free(key);
	X509_free(a);
	X509_free(b);
	X509_free(c);
}

static void test_bad_names(void **state)
{
	struct dir *d = *state;
	static const char *const bad[] = {"",      "a b",   "x,IP:1.2.3.4", "1.2.3.4.5",
					  "1.2.3", "::1::", "caf\xc3\xa9",  ".x",
					  "-x",    "a/b",   "[::1]"};
	struct tls_ctx *ctx = NULL;
	assert_int_equal(tls_ctx_self_signed(d->path, NULL, 0, &ctx), -EINVAL);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const char *const names[] = {"fine.example", bad[i]};
		assert_int_equal(tls_ctx_self_signed(d->path, names, 2, &ctx), -EINVAL);
	}
	char longest[255];
	memset(longest, 'a', sizeof(longest) - 1);
	longest[254] = '\0';
	const char *const names[] = {longest};
	assert_int_equal(tls_ctx_self_signed(d->path, names, 1, &ctx), -EINVAL);
	assert_null(ctx);
	assert_int_equal(access(d->pem, F_OK), -1);
}

static void test_directory_missing(void **state)
{
	struct dir *d = *state;
	char path[300];
	snprintf(path, sizeof(path), "%s/none", d->path);
	struct tls_ctx *ctx = NULL;
	assert_int_equal(tls_ctx_self_signed(path, some_names, 1, &ctx), -ENOENT);
	assert_null(ctx);
}

int main(void)
{
#define IN_DIR(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_DIR(test_missing_files),
		IN_DIR(test_unusable_files),
		IN_DIR(test_key_of_another_certificate),
		IN_DIR(test_weak_key),
		IN_DIR(test_what_it_says),
		IN_DIR(test_file_mode_and_no_litter),
		IN_DIR(test_used_again_while_it_covers),
		IN_DIR(test_renewed_in_time),
		IN_DIR(test_broken_file_is_replaced),
		IN_DIR(test_bad_names),
		IN_DIR(test_directory_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
