/* SPDX-License-Identifier: MIT */
/*
 * Copy engines: what copies, and nothing else.
 *
 * The order of calls:
 *
 *	open ── caps ──┬── submit* ── kick ── reap* ──┬── close
 *	               └──────── cancel ─────────────┘
 *
 * An instance is called by one thread at a time, not always the same one;
 * different instances are called by different threads at once.
 *
 * An engine is a userspace twin of the batch-copy series' struct migrator,
 * made asynchronous and per copy: it may decline (what it leaves is copied by
 * the CPU and counted), and it reports each copy on its own, in any order.
 *
 * Threads of an engine may poll, but they sleep some seconds after the last
 * copy at the latest.
 *
 * While copies are in flight, the memory that the application migrates is out
 * of reach, its heap perhaps included: between submit and reap an engine
 * touches memory with mappings of its own (mmap) rather than malloc's. The
 * variables of a shared object that is an engine are kept out of migrations;
 * those of libraries that it needs, and its mappings, are its own affair.
 */
#ifndef MIGSIM_ENGINE_H
#define MIGSIM_ENGINE_H

#include <migsim/param.h>
#include <migsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MIGSIM_ENGINE_ABI	1

/* What a shared object calls its struct migsim_engine_ops. */
#define MIGSIM_ENGINE_SYMBOL	"migsim_engine"

#define MIGSIM_LANE_ANY		UINT16_MAX

/**
 * struct migsim_copy - one copy; belongs to the core until submit returns
 * @dst: where to; writable, does not overlap @src; a multiple of 64
 * @src: where from; a multiple of 64
 * @len: bytes, a multiple of 64
 * @cookie: returned with the completion, means nothing to the engine
 * @group: number of the flush group, for cancel
 * @piece: which piece of its folio this is, from 0
 * @lane: copies submitted between two kicks: those of one lane go to one
 *        channel, in order, those of different lanes to different ones where
 *        there are enough; MIGSIM_LANE_ANY: the engine deals them out
 */
struct migsim_copy {
	void *dst;
	const void *src;
	uint64_t len;
	uint64_t cookie;
	uint32_t group;
	uint16_t piece;
	uint16_t lane;
};

/**
 * struct migsim_completion - the end of one copy
 * @cookie: of the copy
 * @status: 0; -ETIMEDOUT: the engine has given it up and goes on without it,
 *          but it may still write, for ever: the core sets the target apart;
 *          any other -errno: the destination holds nothing of use and the CPU
 *          copies again
 */
struct migsim_completion {
	uint64_t cookie;
	int32_t status;
};

/* flags of struct migsim_engine_caps */
#define MIGSIM_ENGINE_SYNC	(1u << 0) /* copies within submit */
#define MIGSIM_ENGINE_NO_COPY	(1u << 1) /* copies nothing: no verification */
#define MIGSIM_ENGINE_VIRTUAL	(1u << 2) /* for virtual spaces: touches no memory */

/**
 * struct migsim_engine_caps - what an open engine can do
 * @flags: MIGSIM_ENGINE_*
 * @channels: queues that copy on their own; 0: the CPU of the caller copies
 * @depth: most copies that may be submitted and not reaped, at least 1. The
 *         core never submits more.
 * @driver: what carries the copies, for the report; lives with the instance
 */
struct migsim_engine_caps {
	uint32_t flags;
	uint32_t channels;
	uint32_t depth;
	const char *driver;
};

/**
 * struct migsim_engine_env - where an engine is opened
 * @from: source node, -1 when unknown
 * @to: target node, -1 when unknown
 * @space: private data of the space, for engines made for one space
 * @space_name: whose private data that is
 */
struct migsim_engine_env {
	int from;
	int to;
	void *space;
	const char *space_name;
};

/**
 * struct migsim_engine_ops - an engine
 * @size: sizeof(struct migsim_engine_ops)
 * @abi: MIGSIM_ENGINE_ABI
 * @name: word on the command line, without colon, comma and slash
 * @help: one line
 * @needs: what the machine must have, one line; NULL for nothing
 * @params: options; NULL for none
 * @args_size: bytes of the argument structure that @params describes
 * @open: sets *@priv. @args is the parsed argument structure, valid until
 *        close. -ENODEV, -EOPNOTSUPP or -EPERM when the machine lacks what it
 *        needs.
 * @close: ends and frees. Copies in flight have ended when it returns.
 * @caps: fills @caps, which is zeroed.
 * @submit: takes the first k of @n copies and returns k, 1 <= k <= @n; or
 *          -EBUSY (nothing taken; reap and try again, or, with no copy of
 *          ours in flight, declined), -EOPNOTSUPP (declined), other -errno
 *          (declined). Never blocks.
 * @kick: optional; starts what was submitted.
 * @reap: fills up to @max completions, keeps the rest, and returns their
 *        number; waits for the
 *        first at most @timeout_ns (0 polls). Who waits, and how, is the
 *        engine's affair. Returns 0 when the time is over, -errno when the
 *        engine is dead: all of its copies have then ended.
 * @cancel: optional; gives up all copies of a group. 0: none of them writes
 *          any more, and none is reaped later. -EINPROGRESS: some may still
 *          write, for ever; the core sets their targets apart, and asks the
 *          engine no more.
 * @helper_cpu_ns: optional; CPU time in ns of the threads that the engine
 *          runs beside the caller, since open. Without it a report says
 *          that there are none.
 */
struct migsim_engine_ops {
	uint32_t size;
	uint32_t abi;
	const char *name;
	const char *help;
	const char *needs;
	const struct migsim_param *params;
	size_t args_size;
	int (*open)(void **priv, const struct migsim_engine_env *env,
		    const void *args);
	void (*close)(void *priv);
	void (*caps)(void *priv, struct migsim_engine_caps *caps);
	int (*submit)(void *priv, const struct migsim_copy *copies, uint32_t n);
	void (*kick)(void *priv);
	int (*reap)(void *priv, struct migsim_completion *done, uint32_t max,
		    uint64_t timeout_ns);
	int (*cancel)(void *priv, uint32_t group);
	uint64_t (*helper_cpu_ns)(void *priv);
};

/**
 * migsim_engine_register - make an engine known by its name
 * @ops: must live as long as the process
 *
 * Return: 0; -EINVAL for a table that is incomplete or of another ABI;
 * -EEXIST when the name is taken; -ENOSPC when too many are registered.
 */
int migsim_engine_register(const struct migsim_engine_ops *ops);

/**
 * migsim_engine_find - the table of an engine
 * @word: `name` or `./path.so`, which is loaded; options behind a colon are
 *        not looked at
 * Return: the table; NULL and a sentence through migsim_set_log().
 */
const struct migsim_engine_ops *migsim_engine_find(const char *word);

/**
 * struct migsim_engine - an engine that is open
 * @ops: its operations, to be called with @priv in the order above; those that
 *       its table lacks are NULL
 * @priv: the instance
 * @caps: what it said of itself when it was opened
 */
struct migsim_engine {
	const struct migsim_engine_ops *ops;
	void *priv;
	struct migsim_engine_caps caps;
};

/**
 * migsim_engine_open - open an engine by itself, without a migrator
 * @engine: set to the engine, owned by the caller
 * @word: `name:key=value,…` or `./path.so:key=value,…`: what has a slash is a
 *        shared object with the symbol MIGSIM_ENGINE_SYMBOL, and stays loaded
 * @env: where; from and to -1, the rest 0 when nothing is known
 *
 * Return: 0; -EINVAL for a word that is not understood, -ENOMEM, or what the
 * engine's open returned. A sentence goes to migsim_set_log().
 */
int migsim_engine_open(struct migsim_engine **engine, const char *word,
		       const struct migsim_engine_env *env);

/**
 * migsim_engine_close - close and free
 * @engine: may be NULL
 */
void migsim_engine_close(struct migsim_engine *engine);

/**
 * migsim_engine_get - walk over the known engines
 * @i: from 0
 * Return: the i-th engine, NULL behind the last.
 */
const struct migsim_engine_ops *migsim_engine_get(unsigned int i);

#ifdef __cplusplus
}
#endif
#endif
