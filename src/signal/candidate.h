/* The grammar of ICE candidates that are passed on (docs/protocol.md, RFC 8839 §5.1). */
#ifndef PARLEY_SIGNAL_CANDIDATE_H
#define PARLEY_SIGNAL_CANDIDATE_H

#include "base/compiler.h"

#include <stddef.h>

#define SIG_CANDIDATE_MAX 1024

/** sig_candidate_check() - "candidate:…" without "a=", or nothing at all. Return: 0; -EINVAL. */
int sig_candidate_check(const char *text, size_t n) MUST_CHECK;

#endif
