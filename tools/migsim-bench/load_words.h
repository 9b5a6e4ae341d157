/* SPDX-License-Identifier: MIT */
/*
 * The words of --load: what the application does meanwhile.
 */
#ifndef MIGSIM_BENCH_LOAD_WORDS_H
#define MIGSIM_BENCH_LOAD_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_MAX_THREADS	64
#define LOAD_MAX_RATE		100000000
#define LOAD_MODEL_RATE		1000000	/* where nothing else was said */
#define LOAD_WORDS_LEN		96	/* of load_format(), with its end */

enum load_pattern { LOAD_UNIFORM, LOAD_ZIPF };

/* `threads=2,pattern=zipf,write=25,rate=100000` */
struct load_words {
	unsigned int threads;	/* 0: there is no load */
	enum load_pattern pattern; /* how often each base page is met */
	unsigned int write;	/* percent of operations */
	uint64_t rate;		/* operations per second and thread; 0: any */
};

/*
 * One load for each word of a list: `none,threads=1,4,pattern=zipf` are three.
 * A key that follows a key continues the load. As expand_items().
 */
int load_expand(const char *text, char ***words, size_t *n);

/*
 * One word of that list. Nothing is as fast as it goes in virtual time: the
 * model has a rate of its own. 0, or -EINVAL after a sentence; -ENOMEM.
 */
int load_parse(const char *word, bool model, struct load_words *w);

/* One spelling for equal loads; @w->threads is not 0. */
void load_format(const struct load_words *w, char buf[LOAD_WORDS_LEN]);

const char *load_pattern_name(enum load_pattern pattern);

#endif
