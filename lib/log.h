/* SPDX-License-Identifier: MIT */
#ifndef MIGSIM_LIB_LOG_H
#define MIGSIM_LIB_LOG_H

/* Sentences that this thread has said so far. */
unsigned int log_sentences(void);

#endif
