/* SPDX-License-Identifier: MIT */
/*
 * A result file is written beside its place and renamed at the end, so that
 * nobody reads half of one. It is opened before anything is measured, so that
 * no measurement is lost to a misspelt path.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "options.h"
#include "output.h"

static int refuse(const char *path, int err)
{
	say("--output: %.200s cannot be written: %s", path, strerror(err));
	return EXIT_USAGE;
}

/* mkstemp() makes files for their owner alone. */
static int open_beside(struct output *out)
{
	mode_t mask = umask(0);
	int fd;

	umask(mask);
	if (asprintf(&out->temporary, "%s.XXXXXX", out->path) < 0) {
		out->temporary = NULL;
		return -ENOMEM;
	}
	fd = mkstemp(out->temporary);
	if (fd < 0) {
		int err = -errno;

		free(out->temporary);
		out->temporary = NULL;
		return err;
	}
	fchmod(fd, 0666 & ~mask);
	out->file = fdopen(fd, "w");
	if (out->file)
		return 0;
	close(fd);
	return -ENOMEM;
}

int output_open(struct output *out, const char *path)
{
	struct stat st;
	int err = 0;

	*out = (struct output){ .path = path };
	if (!path) {
		out->file = stdout;
		return 0;
	}
	if (stat(path, &st)) {
		if (errno != ENOENT)
			return refuse(path, errno);
		err = open_beside(out);
	} else if (S_ISDIR(st.st_mode)) {
		return refuse(path, EISDIR);
	} else if (access(path, W_OK)) {
		return refuse(path, errno);
	} else if (S_ISREG(st.st_mode)) {
		err = open_beside(out);
	} else {
		out->file = fopen(path, "we");
		err = out->file ? 0 : -errno;
	}
	if (err)
		output_drop(out);
	return err ? refuse(path, -err) : 0;
}

int output_finish(struct output *out)
{
	bool bad = fflush(out->file) || ferror(out->file);
	int err = errno;

	if (out->path) {
		bad |= fclose(out->file) != 0;
		out->file = NULL;
	}
	if (!bad && out->temporary && rename(out->temporary, out->path)) {
		bad = true;
		err = errno;
	}
	if (!bad) {
		free(out->temporary);
		out->temporary = NULL;
		return 0;
	}
	say("the results could not be written to %.200s: %s",
	    out->path ? out->path : "stdout", strerror(err));
	output_drop(out);
	return EXIT_FAILED;
}

void output_drop(struct output *out)
{
	if (out->file && out->path)
		fclose(out->file);
	if (out->temporary) {
		unlink(out->temporary);
		free(out->temporary);
	}
	*out = (struct output){ 0 };
}
