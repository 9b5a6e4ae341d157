/* SPDX-License-Identifier: MIT */
/* An engine whose table and options say what makes no sense. */
#define migsim_engine skeleton_engine
#include "../../engines/skeleton/skeleton.c"
#undef migsim_engine

static const struct migsim_param bad_params[] = {
	{ .name = "depth", .help = "its default is below its least",
	  .def = 1, .min = 2, .max = 4 },
	{ 0 },
};

extern struct migsim_engine_ops migsim_engine;

struct migsim_engine_ops migsim_engine;

__attribute__((constructor)) static void fill_table(void)
{
	migsim_engine = skeleton_engine;
	migsim_engine.name = "two words";
	migsim_engine.params = bad_params;
}
