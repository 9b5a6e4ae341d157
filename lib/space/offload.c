/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <migsim/log.h>

#include "offload.h"

/* As v6, v5, and v3 and v4 of the series have them. */
static const char *const dirs[] = {
	"/sys/module/dcbm/parameters", "/sys/module/dcbm", "/sys/kernel/dcbm",
};

enum knob { OFFLOADING, NR_DMA_CHAN, KNOBS };

static const char *const names[KNOBS] = { "offloading", "nr_dma_chan" };

#define TEXT 32
#define WAIT_MS 10000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *dir;
static int held;	/* other processes keep off while it is locked */
static char found[KNOBS][TEXT];
static unsigned int users;
static bool set_on;
static uint64_t set_channels, wanted;

static int open_knob(enum knob knob, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, names[knob]);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int read_knob(enum knob knob, char *text)
{
	int fd = open_knob(knob, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, text, TEXT - 1);
	close(fd);
	if (n <= 0)
		return n < 0 ? -errno : -EIO;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

static int write_knob(enum knob knob, const char *text)
{
	int fd = open_knob(knob, O_WRONLY | O_TRUNC);
	int err;

	if (fd < 0)
		return fd;
	err = dprintf(fd, "%s\n", text) < 0 ? -errno : 0;
	close(fd);
	return err;
}

static bool find_knobs(void)
{
	char path[64];
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", dirs[i],
			 names[OFFLOADING]);
		if (access(path, F_OK))
			continue;
		dir = dirs[i];
		return true;
	}
	return false;
}

static int refuse(enum knob knob, const char *text, int err)
{
	if (err == -EACCES || err == -EPERM || err == -EROFS) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "%s/%s cannot be set (%s): run as root", dir,
			   names[knob], strerror(-err));
		return -EPERM;
	}
	migsim_log(MIGSIM_LOG_ERROR, "%s/%s refuses %s: %s", dir, names[knob],
		   text, strerror(-err));
	return err == -EINVAL || err == -ERANGE ? -EINVAL : err;
}

/* Off while the channels change; they are left alone where none are asked. */
static int set_knobs(bool on, uint64_t channels)
{
	char text[TEXT];
	int err;

	err = write_knob(OFFLOADING, "0");
	if (err)
		return refuse(OFFLOADING, "0", err);
	if (on && channels) {
		snprintf(text, sizeof(text), "%" PRIu64, channels);
		err = write_knob(NR_DMA_CHAN, text);
		if (err)
			return refuse(NR_DMA_CHAN, text, err);
	}
	err = on ? write_knob(OFFLOADING, "1") : 0;
	return err ? refuse(OFFLOADING, "1", err) : 0;
}

static void restore_knobs(void)
{
	enum knob knob;

	write_knob(OFFLOADING, "0");
	for (knob = KNOBS; knob-- > 0;) {
		int err = *found[knob] ? write_knob(knob, found[knob]) : 0;

		if (err)
			migsim_log(MIGSIM_LOG_WARNING,
				   "%s/%s could not be restored to %s: %s",
				   dir, names[knob], found[knob],
				   strerror(-err));
	}
	close(held);
}

/*
 * What another process has set, it will restore: one at a time. Between two
 * migrators of one that goes on, another one may come in: that is waited for.
 */
static int keep_others_off(void)
{
	const struct timespec nap = { .tv_nsec = 100 * 1000 * 1000 };
	int naps = WAIT_MS / 100, err;

	held = open_knob(OFFLOADING, O_RDONLY);
	if (held < 0)
		return refuse(OFFLOADING, "to be read", held);
	while (flock(held, LOCK_EX | LOCK_NB)) {
		err = -errno;
		if (err == -EWOULDBLOCK && naps--) {
			nanosleep(&nap, NULL);
			continue;
		}
		close(held);
		migsim_log(MIGSIM_LOG_ERROR,
			   "%s is in use by another process: wait for its end",
			   dir);
		return -EBUSY;
	}
	return 0;
}

static int first_user(bool on, uint64_t channels)
{
	char text[TEXT];
	int err;

	if (!find_knobs()) {
		if (!on)
			return -ENODEV;
		migsim_log(MIGSIM_LOG_ERROR,
			   "move_pages(2) copies by DMA only on a kernel with the batch-copy series: there is no %s, %s nor %s (modprobe dcbm)",
			   dirs[0], dirs[1], dirs[2]);
		return -ENODEV;
	}
	err = keep_others_off();
	if (err)
		return err;
	memset(found, 0, sizeof(found));
	err = read_knob(OFFLOADING, found[OFFLOADING]);
	if (err) {
		close(held);
		return refuse(OFFLOADING, "to be read", err);
	}
	/* Absent or unreadable, it is written only when it is asked for. */
	if (read_knob(NR_DMA_CHAN, found[NR_DMA_CHAN]))
		*found[NR_DMA_CHAN] = '\0';
	err = set_knobs(on, channels);
	if (err) {
		restore_knobs();
		return err;
	}
	set_on = on;
	wanted = channels;
	set_channels = 0;
	if (on && !read_knob(NR_DMA_CHAN, text))
		set_channels = strtoull(text, NULL, 10);
	return 0;
}

int offload_set(bool on, uint64_t *channels)
{
	int err = 0;

	pthread_mutex_lock(&lock);
	if (!users) {
		err = first_user(on, *channels);
	} else if (on != set_on || *channels != wanted) {
		migsim_log(MIGSIM_LOG_ERROR,
			   "%s is set otherwise by another migrator of this process: close it first",
			   dir);
		err = -EBUSY;
	}
	if (!err) {
		users++;
		*channels = set_channels;
	}
	pthread_mutex_unlock(&lock);
	return err;
}

void offload_restore(void)
{
	pthread_mutex_lock(&lock);
	if (!--users)
		restore_knobs();
	pthread_mutex_unlock(&lock);
}
