/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * migsim_dma: copies between pages of a process, by the dmaengine channels of
 * the machine.
 *
 *	COPY: read ── deal ── pin ── queue          in the context of the caller
 *	              │              ▼
 *	              chunks     map ── issue       in the thread of the channel
 *	                              ▼
 *	                           callback         counts, in any context
 *	                              ▼
 *	      unmap ── check ── unpin ── status     in the thread of the channel
 *
 * A group is a COPY; its copies are dealt out as pieces, and the pieces that
 * one channel gets at a time are a chunk: what is mapped, waited for and
 * unmapped as one. A descriptor is one copy for the provider; pieces whose
 * addresses follow one another on the bus share one.
 */
#ifndef MIGSIM_DMA_BRIDGE_H
#define MIGSIM_DMA_BRIDGE_H

#include <linux/atomic.h>
#include <linux/bvec.h>
#include <linux/dmaengine.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <migsim/uapi/migsim_dma.h>

#define BRIDGE_MAX_CHANNELS	64
/* Of addresses and lengths; what all known providers can do. */
#define BRIDGE_ALIGN_SHIFT	6
#define BRIDGE_ALIGN		(1u << BRIDGE_ALIGN_SHIFT)

struct io_uring_cmd;
struct mm_struct;
struct cred;

/* One queue of a file at a channel: channels are fair between files. */
struct bridge_slot {
	struct bridge_channel *channel;
	struct list_head chunks;	/* channel->lock */
	struct list_head node;		/* of channel->slots, while not empty */
};

/* An open file. Commands in flight hold it open. */
struct bridge_file {
	struct mm_struct *mm;		/* compared and charged, never used */
	const struct cred *cred;	/* whose user is charged */
	struct mutex claim;		/* held to change the slots */
	unsigned int nr;
	struct bridge_slot slots[BRIDGE_MAX_CHANNELS];
	spinlock_t lock;		/* groups, bytes */
	struct list_head groups;	/* also those being set up */
	u64 bytes;			/* in flight; lock */
	atomic64_t cmd_ns;		/* spent in its commands */
};

/* Who was charged for pinned pages; outlives the file. */
struct bridge_charge {
	struct mm_struct *mm;
	const struct cred *cred;	/* NULL: has no limit */
	unsigned long pages;
};

/* Pinned pages. Those that lie beside each other in memory are one run. */
struct bridge_pins {
	struct bio_vec *runs;
	unsigned int nr;
	bool join;			/* no: a run for each page */
	const struct page *last;	/* a run may go on behind it; NULL: no */
	unsigned long pages;		/* in all runs */
};

struct bridge_copy {
	u64 dst;
	u64 src;
	u32 len;
	u16 channel;
	atomic_t left;			/* pieces that have not ended */
	atomic_t error;			/* the first one */
};

struct bridge_piece {
	struct bridge_piece *next;	/* of the chunk */
	struct bridge_chunk *chunk;	/* until it is queued */
	struct bridge_copy *copy;
	u32 offset;			/* in the copy */
	u32 len;
	int error;
};

struct bridge_group {
	struct list_head node;		/* of file->groups */
	struct bridge_file *file;
	struct io_uring_cmd *cmd;
	u64 id;
	u64 addr;
	u64 bytes;
	u32 count;
	bool limited;			/* the caller, by RLIMIT_MEMLOCK */
	bool split;
	bool cancelled;
	atomic_t left;			/* chunks that have not ended */
	atomic_t failed;		/* copies with an error */
	struct bridge_copy *copies;
	struct bridge_piece *pieces;	/* in the order of the copies */
	u32 nr_pieces;
	struct list_head chunks;	/* until they are queued */
	struct bridge_pins statuses;	/* the caller's array */
	struct bridge_charge charge;	/* for that */
};

/* Of one side of a chunk: of its run, or of its runs as a table. */
struct bridge_mapping {
	dma_addr_t addr;
	struct sg_table table;		/* nents is 0: there is one run */
};

struct bridge_desc {
	struct bridge_chunk *chunk;
	dma_addr_t src;
	dma_addr_t dst;
	u32 len;
	int error;
};

struct bridge_chunk {
	struct list_head node;		/* of group, slot, channel */
	struct llist_node done;		/* of channel->done */
	struct bridge_group *group;	/* NULL in quarantine */
	struct bridge_slot *slot;
	struct bridge_channel *channel;
	struct bridge_piece *first;
	struct bridge_piece *last;
	u64 bytes;
	bool any;			/* another channel would do */
	bool mapped;
	u8 check;			/* enum migsim_dma_check */
	unsigned long deadline;		/* jiffies */
	unsigned int nr_descs;
	unsigned int next;		/* to be issued */
	atomic_t left;			/* descriptors out, and one: not all are */
	struct bridge_desc *descs;
	struct bridge_desc one;		/* for descs, where that will do */
	struct bridge_mapping map_src;
	struct bridge_mapping map_dst;
	struct bridge_charge charge;
	struct bio_vec *runs;		/* of both sides */
	struct bridge_pins src;
	struct bridge_pins dst;
};

enum bridge_state {
	BRIDGE_ALIVE,
	BRIDGE_HUNG,			/* a copy did not come back in time */
	BRIDGE_GONE,			/* its device is being unbound */
};

struct bridge_channel {
	struct list_head node;		/* of the bridge's, bridge_channels_lock */
	unsigned int users;		/* files; bridge_channels_lock */
	struct dma_chan *chan;		/* NULL when given back */
	struct device *dev;		/* that copies are mapped for */
	struct device *provider;
	char name[MIGSIM_DMA_NAME];
	char device[MIGSIM_DMA_NAME];
	char driver[MIGSIM_DMA_NAME];
	int node_id;
	bool issue_each;
	bool alone;			/* on its device */
	enum bridge_state state;
	struct task_struct *thread;
	wait_queue_head_t wait;
	wait_queue_head_t idle;		/* held is 0, or stopped is set */
	atomic64_t queued;		/* bytes, to find the least loaded */
	atomic_t out;			/* descriptors that are with the provider */
	atomic_t held;			/* chunks mapped */
	bool starved;			/* the thread waits for out to sink */
	int low;			/* so far */
	bool stopped;			/* the thread has seen it is dead */
	bool poked;			/* the thread is to look at everything */
	struct rcu_head rcu;
	struct llist_head done;		/* chunks, from callbacks */
	spinlock_t lock;		/* slots and their chunks */
	struct list_head slots;		/* that have chunks */
	/* Of the thread alone: */
	struct bridge_chunk *current_chunk;
	bool refused;			/* with nothing out: tried again soon */
	struct list_head issued;
	struct list_head quarantined;
};

/* main.c */
extern unsigned int bridge_max_copies, bridge_timeout_ms, bridge_depth;
extern unsigned int bridge_chunk_bytes, bridge_check, bridge_desc_bytes;
extern unsigned long bridge_max_bytes, bridge_max_in_flight, bridge_max_all;
extern char *bridge_driver, *bridge_name;
extern int bridge_node;

/* cmd.c */
int bridge_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags);

/* info.c */
int bridge_info(struct bridge_file *file, u64 addr, u32 size);
int bridge_channels(struct bridge_file *file, u64 addr, u32 count);

/* claim.c */
int bridge_claim(struct bridge_file *file, u64 addr, u32 count);
int bridge_release(struct bridge_file *file);
bool bridge_can_use(struct dma_chan *chan);
struct dma_chan *bridge_request(dma_filter_fn filter, void *param);

/* group.c */
int bridge_copy(struct bridge_file *file, struct io_uring_cmd *cmd,
		const struct migsim_dma_cmd *c, unsigned int issue_flags);
s64 bridge_all_bytes(s64 more);
int bridge_cancel(struct bridge_file *file, u64 addr);
void bridge_cancel_cmd(struct bridge_file *file, struct io_uring_cmd *cmd);

/* read.c */
struct bridge_group *bridge_group_read(struct bridge_file *file,
				       const struct migsim_dma_cmd *c);
void bridge_group_free(struct bridge_group *group);

/* deal.c */
int bridge_deal(struct bridge_group *group);
struct bridge_slot *bridge_least_loaded(struct bridge_file *file);

/* pin.c */
#define BRIDGE_BATCH	(PAGE_SIZE / sizeof(struct page *))
unsigned long bridge_pages_of(u64 addr, u64 len);
int bridge_look_up(u64 addr, u64 len, bool write, struct page **batch);
u64 bridge_add_runs(struct bridge_pins *pins, struct page **pages,
		    unsigned int nr, u64 addr, u64 len);
void bridge_unpin(struct bridge_pins *pins, bool dirty);

/* pin_group.c */
int bridge_group_pin(struct bridge_group *group);
void bridge_statuses_unpin(struct bridge_group *group);

/* charge.c */
int bridge_charge(struct bridge_charge *charge, struct bridge_group *group,
		  unsigned long pages);
void bridge_uncharge(struct bridge_charge *charge);

/* chunk.c */
struct bridge_chunk *bridge_chunk_new(struct bridge_group *group,
				      struct bridge_slot *slot);
void bridge_chunk_add(struct bridge_chunk *chunk, struct bridge_piece *piece);
void bridge_chunk_queue(struct bridge_chunk *chunk);
void bridge_chunk_unpin(struct bridge_chunk *chunk);
void bridge_chunk_free(struct bridge_chunk *chunk);

/* map.c */
int bridge_map(struct bridge_chunk *chunk);
void bridge_unmap(struct bridge_chunk *chunk);
bool bridge_unmap_revokes(struct bridge_channel *channel);

/* check.c */
void bridge_poison(struct bridge_chunk *chunk);
void bridge_check_copied(struct bridge_chunk *chunk);

/* end.c */
void bridge_pieces_end(struct bridge_chunk *chunk, int error);
void bridge_chunk_end(struct bridge_chunk *chunk, int error);
void bridge_chunk_done(struct bridge_chunk *chunk);

/* channel.c */
extern struct mutex bridge_channels_lock;
extern struct list_head bridge_all_channels;
struct bridge_channel *bridge_channel_new(struct dma_chan *chan);
void bridge_channels_sweep(void);
bool bridge_is_idle(const struct bridge_channel *channel);
void bridge_give_back(struct bridge_channel *channel);
void bridge_poke(struct bridge_channel *channel);

/* thread.c */
int bridge_thread(void *channel);

/* issue.c */
void bridge_issue(struct bridge_channel *channel);
void bridge_issue_stop(struct bridge_channel *channel);

/* quarantine.c */
void bridge_expire(struct bridge_channel *channel);
long bridge_next_deadline(struct bridge_channel *channel);
void bridge_drained(struct bridge_chunk *chunk);

/* unbind.c */
int bridge_watch(void);
void bridge_unwatch(void);
bool bridge_is_staying(const struct device *dev);

/* counters.c */
enum bridge_counter {
	BRIDGE_GROUPS,
	BRIDGE_COPIES,
	BRIDGE_BYTES,
	BRIDGE_DESCRIPTORS,
	BRIDGE_ERRORS,
	BRIDGE_CHECK_ERRORS,
	BRIDGE_REFUSED,
	BRIDGE_TIMEOUTS,
	BRIDGE_QUARANTINED_PAGES,
	BRIDGE_NR_COUNTERS,
};
extern atomic64_t bridge_counters[BRIDGE_NR_COUNTERS];
extern const struct attribute_group *bridge_attributes[];

static inline void bridge_count(enum bridge_counter i, s64 n)
{
	atomic64_add(n, &bridge_counters[i]);
}

#endif
