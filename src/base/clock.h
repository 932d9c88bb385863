/* The clocks. Pure cores never call these: the time is passed to them. */
#ifndef PARLEY_BASE_CLOCK_H
#define PARLEY_BASE_CLOCK_H

#include <stdint.h>

/** clock_mono_ms() - milliseconds since some fixed moment; never goes back. */
uint64_t clock_mono_ms(void);

/** clock_wall_ms() - milliseconds since 1970 UTC; for credentials and for people. */
uint64_t clock_wall_ms(void);

/** clock_cpu_ms() - milliseconds that the calling thread has run, system calls included; a system call
 * itself. */
uint64_t clock_cpu_ms(void);

#endif
