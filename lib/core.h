/* SPDX-License-Identifier: MIT */
/*
 * The state machine's own structures. It knows no clock, no memory, no engine
 * and no policy by name: only the three ops tables.
 *
 *	migrate.c   the call: cut, admit, wait, retry alone     (migrate_pages)
 *	group.c     one flush group: unmap, flush, move, undo   (…_batch)
 *	copy.c      submit, reap, completions
 *	hang.c      an engine that hangs or dies
 *	account.h   what the report is told
 *	sight.c     what a space saw that did the call by itself
 */
#ifndef MIGSIM_CORE_H
#define MIGSIM_CORE_H

#include <stdatomic.h>

#include <migsim/migrate.h>

#include "registry.h"
#include "report.h"

/*
 * Folios handled at once: their structures stay in the cache between the
 * steps of a group.
 */
#define CHUNK 512
/* Of a long list the structures have left the cache: fetched so early. */
#define AHEAD 16

#define MAX_GROUPS 4096

/* As mm/migrate.c. */
#define NR_MAX_MIGRATE_PAGES_RETRY	10
#define NR_MAX_MIGRATE_ASYNC_RETRY	3
#define NR_MAX_MIGRATE_SYNC_RETRY \
	(NR_MAX_MIGRATE_PAGES_RETRY - NR_MAX_MIGRATE_ASYNC_RETRY)

/* flags of a folio */
#define FOLIO_COPIED	  (1u << 0) /* content copied; consumed at first read */
#define FOLIO_COPY_FAILED (1u << 1) /* a piece failed or was declined */
#define FOLIO_STUCK	  (1u << 2) /* the engine may write to it for ever */
#define FOLIO_WAS_SPLIT	  (1u << 3) /* large, goes as base pages */

#define NO_UNIT UINT32_MAX

/* How the copies of a group are to end without the engine. */
enum ended { NOT_ENDED, ENDED_CLEAN, ENDED_STUCK };

/*
 * A flush group in flight. Its folios stand on list; the unmapped ones are
 * list[0..nr), in the order of their unmap.
 */
struct group {
	struct group *next;	/* in flight: oldest first; or the next unused */
	struct migsim_policy_answer how;
	struct migsim_folio **list;
	struct migsim_folio *one; /* the list of a folio that is retried alone */
	uint32_t nr;
	uint32_t slot;		/* of the table of groups */
	uint32_t seq;		/* number of the group, for the engine */
	bool live;

	/* the call's words for this group */
	uint32_t nr_pass;
	bool keep_failures;	/* they will be retried alone */
	bool split;		/* of split folios: counted already */

	/* unmap */
	uint64_t pages;		/* unmapped by the group */
	uint64_t t_unmap;	/* before the first unmap */
	uint64_t t_flushed;
	int rc;			/* -ENOMEM */
	bool flushed;

	/* copy */
	uint32_t submitted;	/* list[0..submitted) was offered to the engine */
	uint32_t piece;		/* next piece of list[submitted] */
	uint32_t unit;		/* first folio of the remap unit being offered */
	uint32_t unit_end;
	enum ended ended;
	uint64_t t_copied;	/* end of the last copy */

	/* move */
	uint32_t moved;		/* folios whose first move pass is over */
	uint32_t retry;		/* EAGAIN of the running move pass */
	bool back;		/* a folio is accessible again */
	uint64_t first;		/* after so many ticks */
	uint64_t longest;	/* that a folio was inaccessible, ticks */
};

/* Folios of one call that wait for something. */
struct folio_list {
	struct migsim_folio **folio;
	size_t n;
};

/* A run of folios of a group, all copied: list[first..end). */
struct ready {
	struct group *group;
	uint32_t first;
	uint32_t end;
};

struct migsim_migrator {
	struct spec space_spec, policy_spec;
	struct migsim_space_ops *space;
	struct migsim_engine *engine;
	struct migsim_policy_ops *policy;
	void *space_priv, *policy_priv;
	struct migsim_space_caps space_caps;
	enum migsim_mode mode;
	enum migsim_reason reason;
	uint64_t copy_timeout;	/* ticks */
	uint64_t tick_mult;	/* ns = ticks * tick_mult >> 32 */
	atomic_bool stop;
	bool engine_dead;	/* hung or failed: not asked any more */
	uint64_t helper_ns;	/* CPU time of helpers that was reported */
	uint64_t max_window;	/* base pages; a bound beside the policy's */

	/* the call */
	struct migsim_folio *folios;
	size_t n, next;		/* folios[next..n) are not admitted */
	uint64_t pages_left;
	uint64_t t_call;
	struct migsim_report *report;
	struct migsim_report *scratch;	/* of calls without a report */
	struct folio_list single; /* to be retried alone */
	struct folio_list split;
	struct folio_list again;  /* scratch of the unmap passes */
	long nr_failed;		/* folios, as the kernel returns them */
	int rc;

	/* in flight */
	struct group *slots;	/* MAX_GROUPS of them, touched when needed */
	struct group *oldest, *newest, *unused;
	struct group *to_submit; /* older ones have no copies left to offer */
	uint32_t nr_groups;
	uint32_t seq;
	uint32_t nr_copies;	/* submitted and not reaped */
	uint64_t window;	/* base pages in flight */
	uint64_t copied_pages;	/* of them, copied and not remapped */
	uint64_t t_window;	/* up to when it was integrated */
	uint64_t t_progress;	/* last submit or completion */

	/* the timeline */
	enum phase phase;
	uint64_t t_phase;

	/* what the policy sees of the groups that ended */
	uint64_t last_pages, last_first, last_time;
	uint64_t longest;	/* since it was asked */
	uint64_t groups_done, pages_done, largest;
	uint64_t unmap_rate, copy_rate, remap_rate;

	/* scratch, so that nothing is allocated during a call */
	struct migsim_folio **lists;	/* room for every folio of a call */
	size_t lists_cap;
	struct migsim_copy copies[CHUNK];
	struct migsim_completion done[CHUNK];
	struct ready ready[CHUNK];	/* units to move when the reap is over */
	uint32_t nr_ready;
};

static inline uint64_t now(struct migsim_migrator *m)
{
	return m->space->now(m->space_priv);
}

static inline bool no_group_left(const struct migsim_migrator *m)
{
	return m->unused == m->slots + MAX_GROUPS;
}

static inline uint64_t ticks_to_ns(const struct migsim_migrator *m, uint64_t t)
{
	return (uint64_t)(((unsigned __int128)t * m->tick_mult) >> 32);
}

/* group.c */
struct group *group_new(struct migsim_migrator *m);
uint32_t group_unmap(struct migsim_migrator *m, struct group *g, uint32_t n);
void group_unmap_retry(struct migsim_migrator *m, struct group *g);
void group_flush(struct migsim_migrator *m, struct group *g);
void group_move(struct migsim_migrator *m, struct group *g, uint32_t first,
		uint32_t end);
void group_finish(struct migsim_migrator *m, struct group *g);

/* migrate.c */
long migrate_run(struct migsim_migrator *m);

/* copy.c */
void copy_submit(struct migsim_migrator *m);
void copy_submit_one(struct migsim_migrator *m, struct group *g);
void copy_wait(struct migsim_migrator *m, uint64_t timeout_ns);
void folio_copied(struct migsim_migrator *m, struct group *g,
		  struct migsim_folio *f);
void move_ready(struct migsim_migrator *m);

/* hang.c */
void engine_died(struct migsim_migrator *m);
void engine_hung(struct migsim_migrator *m);

#endif
