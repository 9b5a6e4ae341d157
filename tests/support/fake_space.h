/* SPDX-License-Identifier: MIT */
/*
 * A space of pure bookkeeping, registered as "fake": a clock of whole ticks of
 * 1 ns, a memory of one word a page, and an application that writes whenever
 * the protocol allows it to. Every operation checks what the core may do at
 * this point, so that a content which is stale, torn or lost shows at once.
 */
#ifndef FAKE_SPACE_H
#define FAKE_SPACE_H

#include <migsim/migrate.h>

#define FAKE_FOREVER	UINT32_MAX

/* How often an operation on a folio fails, and with what. */
struct fake_fault {
	uint32_t times;
	int err;
};

enum fake_where { ON_SOURCE, ALLOCATED, IN_FLIGHT, ON_TARGET };

struct fake_folio {
	/* set by the test before the call */
	struct fake_fault alloc, unmap, copy, remap, split;

	/* seen by the space */
	enum fake_where where;
	uint64_t src, dst;	/* frames */
	uint64_t unmapped;
	uint32_t flight;	/* that it was first tried in */
	uint32_t allocs, unmaps, copies, remaps, undos, splits;
	uint32_t offers;	/* pieces that an engine took */
	uint32_t engine;	/* pieces an engine is copying */
	uint32_t stuck;		/* pieces an engine may write for ever */
	uint64_t offered;	/* bytes of this flight that an engine took */
	bool flushed, is_split, quarantined;
};

enum fake_op {
	OP_BEGIN, OP_END, OP_ENTER, OP_LEAVE, OP_ALLOC, OP_PUT, OP_UNMAP,
	OP_FLUSH, OP_COPY, OP_REMAP, OP_UNDO, OP_SPLIT, OP_QUARANTINE, OP_OFFER,
	OP_ENGINE_COPY, OP_HOLD, FAKE_OPS,
};

/* What happened: to a folio, or to all (folio is -1). */
struct fake_event {
	enum fake_op op;
	int32_t folio;
};

struct fake_space {
	/* set by the test after fake_space_reset() */
	uint64_t cost[FAKE_OPS];	/* ticks */
	uint64_t pool_pages;		/* targets there are */
	bool recycle;			/* vacated pages become targets */
	int begin_err;
	uint32_t hold_at;		/* asks to hold from this call on; 0: never */
	void (*on_event)(enum fake_op op, uint32_t nth);
	struct fake_folio *folio;	/* one for each of the call */

	uint64_t clock;
	const struct migsim_folio *base;
	size_t n;
	bool begun, flying, held;
	uint32_t flight, asked_to_hold;
	uint32_t count[FAKE_OPS];	/* folios, or calls where there is none */
	uint64_t pages_in_flight, max_pages_in_flight;
	uint64_t folios_in_flight;
	double page_ticks;		/* the sum over folios, counted here */
	struct fake_event *event;
	size_t nr_events, max_events;

	uint64_t *cell;			/* a word for every frame */
	uint64_t nr_cells, next_frame, version;
};

extern struct fake_space fake;

/* Room for @n folios, no faults, no events; the clock goes on. */
void fake_space_reset(size_t n);
void fake_space_free(void);

/*
 * After a call: every folio wholly on the target or untouched on the source,
 * with the right content, and with the status that says so.
 */
void fake_space_check(void);

/* For engines: a piece is taken, has been copied, or was given up. */
uint32_t fake_space_offer(const struct migsim_copy *c);
void fake_space_copied(const struct migsim_copy *c, bool good);
void fake_space_cancelled(const struct migsim_copy *c, bool stuck);
void fake_space_late_write(const struct migsim_copy *c);

/* "unmap 0 unmap 1 flush copy 0 …" of the events whose bits are set. */
void fake_space_story(uint32_t ops, char *buf, size_t len);

/* Fails the running test. */
#define fake_check(cond, ...) \
	do { if (!(cond)) fake_fail(#cond, __VA_ARGS__); } while (0)
void fake_fail(const char *cond, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* Said in front of every failure: the seed of a random scenario. */
extern char fake_label[64];

#endif
