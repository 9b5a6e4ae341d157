/* SPDX-License-Identifier: MIT */
/*
 * An engine for what must happen while folios are in flight: it copies at the
 * first reap after a submit, and calls a hook just before, on the migrating
 * thread. The hook must not touch what is in flight.
 */
#ifndef TEST_FLIGHT_H
#define TEST_FLIGHT_H

#include <migsim/engine.h>

typedef void (*flight_hook)(void *arg);

/* Registers the engine "flight", once. @hook: of the next flight only. */
void flight_set(flight_hook hook, void *arg);

/* The hook hangs the engine: nothing completes, cancel says "may write". */
void flight_hang(void);

/* Targets of the copies that hung; their number. */
unsigned int flight_hung(struct migsim_copy *copies, unsigned int max);

#endif
