/* SPDX-License-Identifier: MIT */
/*
 * The knobs of the batch-copy series: may move_pages(2) copy by DMA, and with
 * how many channels. They are the machine's: set while the first of those who
 * want the same is open, and restored when the last is closed.
 */
#ifndef MIGSIM_OFFLOAD_H
#define MIGSIM_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>

/*
 * @channels: 0 leaves them as they are; else how many there then are. 0;
 * -ENODEV (there are no knobs), -EPERM, -EINVAL (the driver refuses the
 * value), -EBUSY (another migrator has set others, or another process has them,
 * which is waited for 10 s), with a sentence.
 */
int offload_set(bool on, uint64_t *channels);

/* Of one offload_set() that succeeded. */
void offload_restore(void);

#endif
