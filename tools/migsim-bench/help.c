/* SPDX-License-Identifier: MIT */
/*
 * The help of run and sweep. A test holds it against the table in options.c,
 * and against the size of a screen.
 */
#include <stdio.h>

#include "options.h"

static const char shared[] =
"  --backend uffd|kernel[:trace=off]|model  this, move_pages(2), virtual   (uffd)\n"
"  --engine NAME[:KEY=V,…]  what copies                         (memcpy or model)\n"
"  --policy NAME[:KEY=V,…]  how much is in flight               (batch:pages=512)\n"
"  --batch PAGES            short for --policy batch:pages=PAGES\n"
"  --folio SIZE | --order N 4K to 2M | 0 to 9; a mix is 4K:80/2M:20          (4K)\n"
"  --total BYTES            moved in one run; K, M or G may follow           (1G)\n"
"  --folios-per-call N      length of the list of a call         (all of --total;\n"
"                           backend model: at most 1 GiB)\n"
"  --from NODE --to NODE    (the node this runs on, and the nearest other)\n"
"  --layout contiguous|scattered    --pool warm|cold    --mode sync|async\n"
"  --reason NAME            as in the kernel's trace events   (syscall_or_cpuset)\n"
"  --runs N --warmup N --seed N  measured; not counted; of all chance   (5, 1, 1)\n"
"  --busy N                 threads that spin beside: a busy machine          (0)\n"
"  --load threads=N,pattern=uniform|zipf,write=PERCENT,rate=OPS  use it    (none)\n"
"  --verify --read-after    hash before and after; time a read of all, each call\n"
"  --profile NAME|FILE[:KEY=V,…]    what backend model computes with (zen3-ptdma)\n"
"  --format table|lkml|csv|json    --output FILE    --quiet (no progress)\n";

void help_run(void)
{
	printf("migsim-bench run [OPTION…]    measure one configuration\n\n"
	       "%s\n"
	       "'migsim-bench list' shows engines, policies and their options.\n"
	       "Example:\n"
	       "  migsim-bench run --folio 2M --batch 8192 --total 512M --verify\n",
	       shared);
}

void help_sweep(void)
{
	printf("migsim-bench sweep [OPTION…] [JOBFILE…]    measure many configurations\n\n"
	       "%s\n"
	       "Any value may be a list, 4K,64K,2M, or hold ranges, 512:262144:x2 and 1:9:+2.\n"
	       "Options override the keys of job files, which have the same names. Examples:\n"
	       "  migsim-bench sweep --batch 512:65536:x2 --folio 4K,2M --total 512M\n"
	       "  migsim-bench sweep bench/jobs/2a-order9.ini --format csv --output 2a.csv\n",
	       shared);
}
