/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include "config.h"

/* What is an engine to the tool, is to the kernel space how it copies. */
int config_space(const struct config *c, char *word, size_t len)
{
	const char *engine = c->engine ? c->engine : "";
	const char *options = strchr(engine, ':');
	bool dma = !strncmp(engine, "dma", 3);
	int n;

	if (!config_is_kernel(c))
		n = snprintf(word, len, "%s", c->backend);
	else
		n = snprintf(word, len, "kernel:trace=%s,offload=%s%s%s",
			     c->untraced ? "off" : "on",
			     dma ? "on" : c->engine ? "off" : "leave",
			     options ? "," : "", options ? options + 1 : "");
	return n < 0 || (size_t)n >= len ? -EINVAL : 0;
}
