/* SPDX-License-Identifier: MIT */
/*
 * Lists of copies for the channels of the model.
 */
#ifndef MIGSIM_MODEL_ENTRIES_H
#define MIGSIM_MODEL_ENTRIES_H

#include <stdbool.h>
#include <stdint.h>

#define NO_ENTRY UINT32_MAX

/* flags of an entry */
#define ENTRY_LAST	(1u << 0) /* its last copy is that of a submission */
#define ENTRY_FAILS	(1u << 1)
#define ENTRY_HANGS	(1u << 2) /* never ends */

/*
 * Copies that are alike but for their cookies, which go up by steps: queued,
 * under way, or ended and not reaped. A batch of equal folios is one entry
 * for each channel, however long it is.
 */
struct entry {
	uint64_t cookie;	/* of the first */
	uint64_t step;
	uint64_t len;		/* of each */
	uint32_t count;
	uint32_t next;
	uint32_t group;
	uint16_t lane;
	uint8_t order;
	uint8_t flags;
};

struct entry_list {
	uint32_t head, tail;
};

/* All entries that there are. */
struct entries {
	struct entry *entry;
	uint32_t depth;
	uint32_t fresh;		/* entry[fresh..depth) were never used */
	uint32_t in_use;
	uint32_t unused;	/* list of others that are free */
	uint32_t copies;	/* of all entries */
};

/* Room for @depth entries, as many as there can be copies. 0 or -ENOMEM. */
int entries_open(struct entries *all, uint32_t depth);
void entries_close(struct entries *all);

/*
 * Appends copies, to the last entry where they go on with it. The caller sees
 * to it that there are never more copies than entries.
 */
void list_add(struct entries *all, struct entry_list *list,
	      const struct entry *copies);
/* Takes at most @most copies from the front. False: there are none. */
bool list_take(struct entries *all, struct entry_list *list, uint32_t most,
	       struct entry *copies);

/* Takes away the copies of a group. */
void list_drop_group(struct entries *all, struct entry_list *list,
		     uint32_t group);

#endif
