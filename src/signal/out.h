/*
 * Append-only JSON text for outgoing messages. Errors stick: append at will, look at @err once at the end.
 */
#ifndef PARLEY_SIGNAL_OUT_H
#define PARLEY_SIGNAL_OUT_H

#include "base/buf.h"
#include "signal/json.h"

#include <stdbool.h>
#include <stdint.h>

struct sig_out {
	struct buf *buf;
	int err; /* the first failure of an append: -ENOMEM, -ENOBUFS */
};

void sig_out_raw(struct sig_out *o, const char *text, size_t n);
#define SIG_OUT_LIT(o, lit) sig_out_raw((o), "" lit, sizeof(lit) - 1)

/** sig_out_str() - @text as a JSON string with its quotes. It must be UTF-8. */
void sig_out_str(struct sig_out *o, const char *text, size_t n);

void sig_out_u64(struct sig_out *o, uint64_t value);
void sig_out_bool(struct sig_out *o, bool value);

#endif
