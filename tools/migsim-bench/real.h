/* SPDX-License-Identifier: MIT */
#ifndef MIGSIM_BENCH_REAL_H
#define MIGSIM_BENCH_REAL_H

#include <stdbool.h>

/*
 * A plain decimal number, the same in every locale: what strtod() takes beyond
 * is no measurement. False: @text is none.
 */
bool parse_real(const char *text, double *value);

#endif
