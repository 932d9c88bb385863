/* The line grammar of session descriptions that are passed on (docs/protocol.md, RFC 8866 §5). */
#ifndef PARLEY_SIGNAL_SDP_H
#define PARLEY_SIGNAL_SDP_H

#include "base/compiler.h"

#include <stddef.h>

#define SIG_SDP_MAX_LINES 2000
#define SIG_SDP_MAX_MEDIA 64

/** sig_sdp_check() - Return: 0; -EINVAL: not of the grammar. The size limit is the caller's. */
int sig_sdp_check(const char *sdp, size_t n) MUST_CHECK;

#endif
