/* SPDX-License-Identifier: MIT */
/* What is tried with the engine "watched": faults, and policies. */
#include <string.h>

#include "memory.h"
#include "scene.h"
#include "watch.h"

#define HANGS	"hang_ppm=2000"
#define ALL								\
	"decline_ppm=500,busy_ppm=20000,fail_ppm=5000,corrupt_ppm=5000,"	\
	"short_ppm=5000,hang_ppm=500,reorder=yes,twice_ppm=20000"

const struct watch_kind watch_kinds[] = {
	{ .faults = "reorder=no" },	/* none */
	{ .faults = "decline_ppm=4000" },
	{ .faults = "busy_ppm=100000" },
	{ .faults = "fail_ppm=30000" },
	{ .faults = "fail_nth=13" },
	{ .faults = "corrupt_ppm=30000" },
	{ .faults = "short_ppm=30000" },
	{ .faults = "delay_ppm=100000,delay_us=100", .delays = true },
	{ .faults = HANGS },
	{ .faults = HANGS ",cancel=stuck" },
	{ .faults = "stuck_ppm=20000" },
	{ .faults = ALL ",stuck_ppm=2000" },
	{ .faults = "reorder=yes" },
	{ .faults = "twice_ppm=50000" },
	{ .faults = "reorder=yes", .dies = true },
	{ .faults = ALL },
	{ .faults = ALL ",cancel=stuck" },
	{ .faults = ALL ",delay_ppm=20000,delay_us=200", .delays = true },
	{ .faults = ALL ",cancel=stuck", .dies = true },
};
const unsigned int watch_nr_kinds = sizeof(watch_kinds) /
				    sizeof(watch_kinds[0]);

const char *watch_policy(uint64_t *seed, uint32_t *pieces)
{
	static const char *const words[] = {
		"batch:pages=512", "batch:pages=16",
		"batch:pages=64,copy=inline", "script", "script",
	};
	const char *word = words[next_random(seed) % 5];

	*pieces = 1;
	if (strcmp(word, "script"))
		return word;
	*pieces = 1 + (uint32_t)(next_random(seed) % 4);
	script.groups = 1 + (uint32_t)(next_random(seed) % 5);
	script.answer = (struct migsim_policy_answer){
		.admit = 1 + next_random(seed) % 64,
		.submit = next_random(seed) % 24,
		.fan = (uint32_t)(next_random(seed) % 3),
		.pieces = *pieces,
		.remap = (uint32_t)(next_random(seed) % 3),
	};
	return word;
}
