/* SPDX-License-Identifier: MIT */
/*
 * What the engine error has injected, for tests: a report of migrations over
 * it must tell of the same.
 */
#ifndef MIGSIM_ENGINE_ERROR_H
#define MIGSIM_ENGINE_ERROR_H

#include <migsim/engine.h>

/**
 * struct error_counts - faults since open, in copies (a piece is one)
 * @taken: copies that submit took
 * @declined: copies of submits that took nothing and after which they are not
 *            offered again; those that the inner engine declined included
 * @busy: answers of -EBUSY that were injected
 * @failed: completed with -EIO, nothing was copied
 * @stuck: completed with -ETIMEDOUT, and written to afterwards
 * @corrupted: completed, the target was overwritten
 * @shortened: completed, only a part was copied
 * @delayed: completions kept back
 * @hung: copies taken that will not complete
 * @twice: completions handed out once more
 * @cancelled: copies that were given up, by cancel or with a dead engine
 */
struct error_counts {
	uint64_t taken;
	uint64_t declined;
	uint64_t busy;
	uint64_t failed;
	uint64_t stuck;
	uint64_t corrupted;
	uint64_t shortened;
	uint64_t delayed;
	uint64_t hung;
	uint64_t twice;
	uint64_t cancelled;
};

/* Of an open engine error; lives with it. */
const struct error_counts *error_engine_counts(const struct migsim_engine *e);

#endif
