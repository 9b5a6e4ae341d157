/* SPDX-License-Identifier: MIT */
/* An engine that the command line cannot name: options begin at a colon. */
#define migsim_engine skeleton_engine
#include "../../engines/skeleton/skeleton.c"
#undef migsim_engine

extern struct migsim_engine_ops migsim_engine;

struct migsim_engine_ops migsim_engine;

__attribute__((constructor)) static void fill_table(void)
{
	migsim_engine = skeleton_engine;
	migsim_engine.name = "me:moo";
}
