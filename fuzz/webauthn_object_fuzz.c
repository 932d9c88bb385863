/*
 * Attestation objects: what is taken has an id, a key that verifies and lies within the input, and every CBOR
 * item of it reads the same again.
 */
#include "account/cbor_reader.h"
#include "account/webauthn.h"

#include <stdlib.h>

#define CHECK(x) ((x) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool inside(const uint8_t *data, size_t n, struct webauthn_bytes part)
{
	return part.p >= data && part.n <= n && (size_t)(part.p - data) <= n - part.n;
}

/* Items one after the other: each moves on, none reaches beyond the end. */
static void read_all(const uint8_t *data, size_t n)
{
	struct cbor_reader r = cbor_reader_of(data, n);
	struct cbor_reader_item item;
	int64_t number;

	/* Not all of them, as skipping from each takes as long as there are items. */
	for (int i = 0; i < 16 && r.p < r.end; i++) {
		const uint8_t *before = r.p;
		struct cbor_reader skip = r, integer = r;
		int skipped = cbor_reader_skip(&skip);
		CHECK(skip.p >= before && skip.p <= r.end && (skipped == 0) == (skip.p > before));
		int next = cbor_reader_next(&r, &item);
		CHECK(next == 0 || skipped);
		if (next)
			break;
		CHECK(r.p > before && r.p <= r.end && r.p <= (skipped ? r.end : skip.p));
		if (item.kind == CBOR_READER_BYTES || item.kind == CBOR_READER_TEXT)
			CHECK(inside(data, n, (struct webauthn_bytes){item.p, (size_t)item.n}));
		if (cbor_reader_int(&integer, &number) == 0)
			CHECK(item.kind == CBOR_READER_UINT || item.kind == CBOR_READER_NEGINT);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct webauthn_credential cred;

	read_all(data, n);
	if (webauthn_credential_read((struct webauthn_bytes){data, n}, "localhost", &cred))
		return 0;
	CHECK(n <= WEBAUTHN_ATTESTATION_MAX);
	CHECK(cred.id.n > 0 && cred.id.n <= WEBAUTHN_CREDENTIAL_BYTES_MAX && inside(data, n, cred.id));
	CHECK(cred.cose_key.n > 0 && cred.cose_key.n <= WEBAUTHN_COSE_MAX && inside(data, n, cred.cose_key));
	CHECK(cred.algorithm == WEBAUTHN_ES256 || cred.algorithm == WEBAUTHN_EDDSA ||
	      cred.algorithm == WEBAUTHN_RS256);
	return 0;
}
