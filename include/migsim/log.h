/* SPDX-License-Identifier: MIT */
/*
 * The library prints nothing. What it has to say beside an errno goes to one
 * callback, a sentence at a time.
 */
#ifndef MIGSIM_LOG_H
#define MIGSIM_LOG_H

#ifdef __cplusplus
extern "C" {
#endif

enum migsim_log_level {
	MIGSIM_LOG_ERROR,	/* why a function returned an error */
	MIGSIM_LOG_WARNING,	/* what makes a result doubtful */
};

typedef void (*migsim_log_fn)(void *arg, enum migsim_log_level level,
			      const char *sentence);

/**
 * migsim_set_log - where sentences go
 * @fn: called from the thread that has something to say; by the library itself
 *      never while a folio is in flight; NULL for nowhere, which is where they go at first
 * @arg: first argument of @fn
 */
void migsim_set_log(migsim_log_fn fn, void *arg);

/**
 * migsim_log - say a sentence; for engines and spaces from outside
 * @level: enum migsim_log_level
 * @fmt: as printf; no newline at the end
 */
void migsim_log(enum migsim_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif
#endif
