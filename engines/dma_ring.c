/* SPDX-License-Identifier: MIT */
/*
 * The io_uring of an instance.
 *
 * An instance goes from thread to thread. So the descriptor of the ring is not
 * registered, which would hold for one thread only, nor is completion left to
 * the thread that submitted (IORING_SETUP_COOP_TASKRUN), which may never enter
 * the kernel again. When that thread ends, the kernel drops those of its
 * commands that no worker has begun: dma_over() sends them again.
 */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "dma.h"

#define ENTRIES	256

/* user_data of what is no COPY; those have the number of their command */
#define ASKED	((uint64_t)1 << 32)
#define NOBODY	((uint64_t)1 << 33)

int dma_ring_open(struct dma *dma)
{
	int err = io_uring_queue_init(ENTRIES, &dma->ring, 0);

	if (err)
		return err;
	dma->has_ring = true;
	return io_uring_register_files(&dma->ring, &dma->fd, 1);
}

/* The ring goes when the kernel finds time for it, and its files with it. */
void dma_ring_close(struct dma *dma)
{
	if (!dma->has_ring)
		return;
	io_uring_unregister_files(&dma->ring);
	io_uring_queue_exit(&dma->ring);
	dma->has_ring = false;
}

void dma_flush(struct dma *dma)
{
	/* What is not taken now stays in the ring, for the next time. */
	if (io_uring_sq_ready(&dma->ring))
		io_uring_submit(&dma->ring);
}

/*
 * liburing 2.3 has no io_uring_prep_uring_cmd(). All commands may sleep, so the
 * attempt to do without one of the ring's workers would be in vain.
 */
static bool send_command(struct dma *dma, uint32_t op,
			 const struct migsim_dma_cmd *cmd, uint64_t user_data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&dma->ring);

	if (!sqe) {
		dma_flush(dma);
		sqe = io_uring_get_sqe(&dma->ring);
		if (!sqe)
			return false;
	}
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->flags = IOSQE_FIXED_FILE | IOSQE_ASYNC;
	sqe->fd = 0;
	sqe->cmd_op = op;
	sqe->user_data = user_data;
	memcpy((char *)sqe + offsetof(struct io_uring_sqe, addr3), cmd,
	       sizeof(*cmd));
	return true;
}

static uint64_t array_of(const struct dma *dma, const struct dma_command *c)
{
	return (uintptr_t)&dma->copies[c->first % DMA_ROOM];
}

bool dma_send_copy(struct dma *dma, uint32_t command)
{
	const struct dma_command *c = dma_command(dma, command);
	const struct migsim_dma_cmd cmd = {
		.addr = array_of(dma, c), .count = c->nr,
		.flags = dma->args->split ? MIGSIM_DMA_SPLIT : 0,
	};

	return send_command(dma, MIGSIM_DMA_OP_COPY, &cmd, command);
}

void dma_send_cancel(struct dma *dma, const struct dma_command *c)
{
	const struct migsim_dma_cmd cmd = { .addr = array_of(dma, c) };

	/* Without it the copies go on, and are waited for all the same. */
	send_command(dma, MIGSIM_DMA_OP_CANCEL, &cmd, NOBODY);
}

static void take(struct dma *dma, uint64_t user_data, int result)
{
	if (user_data == ASKED) {
		dma->answer = result;
		dma->answered = true;
	} else if (user_data != NOBODY) {
		dma_over(dma, (uint32_t)user_data, result);
	}
}

void dma_take_in(struct dma *dma, uint64_t timeout_ns)
{
	struct __kernel_timespec ts = {
		.tv_sec = (long long)(timeout_ns / 1000000000),
		.tv_nsec = (long long)(timeout_ns % 1000000000),
	};
	struct io_uring_cqe *cqe = NULL;

	if (timeout_ns && !io_uring_cq_ready(&dma->ring))
		io_uring_wait_cqe_timeout(&dma->ring, &cqe, &ts);
	while (!io_uring_peek_cqe(&dma->ring, &cqe)) {
		uint64_t user_data = cqe->user_data;
		int result = cqe->res;

		io_uring_cqe_seen(&dma->ring, cqe);
		take(dma, user_data, result);
	}
}

/*
 * These are short: they wait for nothing but each other, and for a worker of the
 * ring, all of which may wait for memory. What takes no memory of ours need not
 * be waited for.
 */
int dma_ask(struct dma *dma, uint32_t op, void *addr, uint32_t count)
{
	const struct migsim_dma_cmd cmd = {
		.addr = (uintptr_t)addr, .count = count,
	};
	int tries = addr ? INT_MAX : 3;

	dma->answered = false;
	if (!send_command(dma, op, &cmd, ASKED))
		return -EAGAIN;
	while (!dma->answered && tries--) {
		dma_flush(dma);
		dma_take_in(dma, 1000000000);
	}
	return dma->answered ? dma->answer : -ETIMEDOUT;
}
