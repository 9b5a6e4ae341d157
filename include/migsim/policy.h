/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Batch policies: how much is in flight, and when.
 *
 * A policy is integer arithmetic without allocation, recursion or libc, so
 * that the same file can be compiled for the kernel. The core asks it after
 * every event; it sees numbers and answers with numbers.
 *
 * Units: sizes in base pages, times in ns, rates in base pages << 16 per us
 * (0 while nothing was measured).
 */
#ifndef MIGSIM_POLICY_H
#define MIGSIM_POLICY_H

#include <migsim/param.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MIGSIM_POLICY_ABI	1

/* What a shared object calls its struct migsim_policy_ops. */
#define MIGSIM_POLICY_SYMBOL	"migsim_policy"

/* For the bounds of options: bytes of a base page, base pages, pieces. */
#define MIGSIM_POLICY_PAGE	4096
#define MIGSIM_POLICY_MAX_PAGES	((uint64_t)1 << 32)
#define MIGSIM_POLICY_MAX_PIECES 32

/**
 * struct migsim_policy_view - what a policy sees; the core's
 * @now: ns since the call began
 * @pages_left: base pages of the call that were not admitted yet
 * @folios_left: folios of the call that were not admitted yet
 * @next_pages: base pages of the next folio in line, 0 behind the last
 * @pages_copying: in flight and not yet copied
 * @pages_copied: in flight, copied, not yet remapped
 * @groups: flush groups in flight
 * @channels: of the engine; 0 is the CPU
 * @channels_idle: of them, those without a copy, as far as the core knows
 * @mode: enum migsim_mode
 * @reason: enum migsim_reason
 * @unmap_rate: measured over the groups that ended
 * @copy_rate: measured over the groups that ended
 * @remap_rate: measured over the groups that ended
 * @last_pages: base pages of the flush group that ended last; 0: none has
 * @last_first: its first-folio latency
 * @last_time: from its first unmap to its last remap
 * @longest: longest that a folio was inaccessible, of all groups that ended
 *           since the policy was last asked; 0: none did
 * @groups_done: flush groups of the call that ended
 * @pages_done: base pages of the call that were in flight and no longer are;
 *              what is retried alone counts each time
 * @largest: base pages of the largest folio of the call
 * @capacity: most base pages that the space can have in flight
 */
struct migsim_policy_view {
	uint64_t now;
	uint64_t pages_left;
	uint64_t folios_left;
	uint64_t next_pages;
	uint64_t pages_copying;
	uint64_t pages_copied;
	uint32_t groups;
	uint32_t channels;
	uint32_t channels_idle;
	uint32_t mode;
	uint32_t reason;
	uint32_t reserved;
	uint64_t unmap_rate;
	uint64_t copy_rate;
	uint64_t remap_rate;
	uint64_t last_pages;
	uint64_t last_first;
	uint64_t last_time;
	uint64_t longest;
	uint64_t groups_done;
	uint64_t pages_done;
	uint64_t largest;
	uint64_t capacity;
};

/* When a folio of a group is remapped. */
enum migsim_remap {
	MIGSIM_REMAP_BATCH,	/* when all copies of its flush group ended */
	MIGSIM_REMAP_GROUP,	/* when all copies of its submit group ended */
	MIGSIM_REMAP_FOLIO,	/* when its own copies ended */
};

/**
 * struct migsim_policy_answer - what a policy decides; zeroed by the core
 * @admit: unmap the next folios as one flush group, up to and including the
 *         one that reaches this many base pages; 0 waits. The core admits one
 *         folio all the same when nothing is in flight, so that no policy can
 *         stop a migration.
 * @folios: of them, at most so many folios; 0 sets no bound
 * @submit: base pages handed to the engine at once; 0 is the whole flush group
 * @fan: channels a submit group is dealt over; 0 leaves it to the engine
 * @pieces: pieces every folio is cut into, 1 to 32; 0 counts as 1, more as 32,
 *          and never more than the folio has base pages
 * @remap: enum migsim_remap; anything else counts as folio
 * @copy_inline: the kernel without the series: copy and remap folio by folio
 * @no_offload: the CPU copies this group, the engine is not asked
 * @tick: ask again at the latest after so many ns; 0: after the next event
 */
struct migsim_policy_answer {
	uint64_t admit;
	uint64_t submit;
	uint32_t fan;
	uint32_t pieces;
	uint32_t remap;
	uint32_t copy_inline;
	uint32_t no_offload;
	uint32_t folios;
	uint64_t tick;
};

/**
 * struct migsim_policy_note - what a policy found out; zeroed by the core
 * @window: base pages in flight that it has settled on; 0: means nothing
 * @alone_ns: not 0: even one folio alone is inaccessible for so long, which is
 *            more than the policy was asked to bound; one is kept in flight
 */
struct migsim_policy_note {
	uint64_t window;
	uint64_t alone_ns;
};

/**
 * struct migsim_policy_ops - a policy
 * @size: sizeof(struct migsim_policy_ops)
 * @abi: MIGSIM_POLICY_ABI
 * @name: word on the command line
 * @help: one line
 * @kind: "today" when it fits the posted series, "async" when it needs an
 *        asynchronous migrator
 * @params: options; NULL for none
 * @args_size: bytes of the argument structure
 * @priv_size: bytes of state; the core allocates and zeroes them once, so that
 *             a policy may learn from call to call
 * @init: optional; checks @args and sets up @priv before every call. 0 or
 *        -EINVAL.
 * @decide: fills @answer, which is zeroed. Called after every event.
 * @window: optional; most base pages in flight under these arguments, for the
 *          report; 0: no bound of its own.
 * @note: optional; fills @note, which is zeroed, after a call.
 * @async: optional; do these arguments need an asynchronous migrator although
 *         the policy without them is of kind "today"?
 */
struct migsim_policy_ops {
	uint32_t size;
	uint32_t abi;
	const char *name;
	const char *help;
	const char *kind;
	const struct migsim_param *params;
	size_t args_size;
	size_t priv_size;
	int (*init)(void *priv, const void *args);
	void (*decide)(void *priv, const void *args,
		       const struct migsim_policy_view *view,
		       struct migsim_policy_answer *answer);
	uint64_t (*window)(const void *args);
	void (*note)(const void *priv, const void *args,
		     struct migsim_policy_note *note);
	int (*async)(const void *args);
};

/**
 * migsim_policy_register - make a policy known by its name
 * @ops: must live as long as the process
 *
 * Return: 0; -EINVAL for a table that is incomplete or of another ABI;
 * -EEXIST when the name is taken; -ENOSPC when too many are registered.
 */
int migsim_policy_register(const struct migsim_policy_ops *ops);

/**
 * migsim_policy_get - walk over the known policies
 * @i: from 0
 * Return: the i-th policy, NULL behind the last.
 */
const struct migsim_policy_ops *migsim_policy_get(unsigned int i);

/**
 * migsim_policy_find - the table of a policy
 * @word: `name` or `./path.so`: what has a slash is a shared object with the
 *        symbol MIGSIM_POLICY_SYMBOL, and stays loaded; options behind a colon
 *        are not looked at
 * Return: the table; NULL and a sentence through migsim_set_log().
 */
const struct migsim_policy_ops *migsim_policy_find(const char *word);

#ifdef __cplusplus
}
#endif
#endif
