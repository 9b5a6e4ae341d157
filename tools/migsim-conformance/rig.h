/* SPDX-License-Identifier: MIT */
/*
 * A rig: one open instance of the engine, memory to copy in, and copies whose
 * way through the engine is followed.
 */
#ifndef CONFORMANCE_RIG_H
#define CONFORMANCE_RIG_H

#include "suite.h"

#define KIB	((size_t)1 << 10)
#define MIB	((size_t)1 << 20)
#define MS	((uint64_t)1000000)	/* in ns */

/*
 * Whatever is not the target of a copy must stay as it is, so the whole of
 * dst and src is compared with what the suite expects.
 */
struct box {
	unsigned char *src;
	unsigned char *dst;
	unsigned char *was;		/* src */
	unsigned char *expected;	/* dst */
	unsigned char *blank;		/* dst before any copy */
	size_t bytes;			/* of each */
};

enum copy_state { WAITS, IN_FLIGHT, COPIED, SPOILT, DECLINED, GIVEN_UP };

struct rig {
	struct suite *suite;
	const struct migsim_engine *engine;	/* NULL: closed */
	struct migsim_engine *own;
	struct migsim_migrator *migrator;
	struct box box;
	uint64_t random;
	bool copies;		/* the engine touches memory at all */
	bool alike;		/* copies share cookies: which one ended? */
	bool stuck;		/* the engine may write for ever */

	struct migsim_copy *copy;
	enum copy_state *state;
	uint32_t room;
	uint32_t n;
	uint32_t offered;	/* copy[0..offered) were offered */
	uint32_t ended;		/* of them, copy[0..ended) have ended */
	uint32_t in_flight;
	uint32_t window;	/* most copies in flight */
	uint32_t burst;		/* most copies in one submit */
	uint32_t max;		/* most completions in one reap */
	struct migsim_completion *done;
	uint64_t progress;	/* time of the last completion, ns */
	size_t dst_at, src_at;	/* where rig_place() goes on */
};

/* Copies that can be in flight at once, @most at most. */
uint32_t rig_depth(const struct rig *r, uint32_t most);

/* @bytes of memory, and room for so many copies. */
bool rig_open(struct rig *r, struct suite *s, size_t bytes, uint32_t room);
void rig_close(struct rig *r);
void rig_close_engine(struct rig *r);

/* Forgets all copies, which have ended, and clears the targets. */
void rig_begin(struct rig *r);
/* One more copy, by offsets in the box. */
struct migsim_copy *rig_add(struct rig *r, size_t dst, size_t src, size_t len);
/*
 * One more copy, behind the last one with gaps. Where there is no room left,
 * what was placed is run and checked first; false when that failed.
 */
bool rig_place(struct rig *r, size_t len);
/* Another order of submission. */
void rig_shuffle(struct rig *r);

/* The steps; each is false when the check has failed. */
bool rig_submit(struct rig *r);		/* all, or until it is full */
void rig_kick(struct rig *r);
bool rig_reap(struct rig *r, uint64_t timeout_ns);	/* once */
bool rig_drain(struct rig *r);		/* until none is in flight */
bool rig_over(struct rig *r);		/* nothing more to reap, memory right */
/* All of them. */
bool rig_run(struct rig *r);

/*
 * From now on no copy in flight of this group (of any, with @all) may complete
 * nor write.
 */
void rig_give_up(struct rig *r, uint32_t group, bool all);

uint64_t next_random(uint64_t *state);
uint64_t now_ns(void);
void nap_ms(unsigned int ms);

/* box.c */
bool box_open(struct box *b, size_t bytes, uint64_t seed);
void box_close(struct box *b);
void box_clear(struct box *b);		/* dst is as before any copy */
/* Places of the first byte that is not as expected; false: there is none. */
bool box_dst_differs(const struct box *b, size_t *at);
bool box_src_differs(const struct box *b, size_t *at);

#endif
