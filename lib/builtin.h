/* SPDX-License-Identifier: MIT */
/* The engines, policies and spaces that come with the library. */
#ifndef MIGSIM_BUILTIN_H
#define MIGSIM_BUILTIN_H

#include <migsim/engine.h>
#include <migsim/policy.h>
#include <migsim/space.h>

extern const struct migsim_engine_ops engine_memcpy;
extern const struct migsim_engine_ops engine_mt;
extern const struct migsim_engine_ops engine_dma;
extern const struct migsim_engine_ops engine_null;
extern const struct migsim_engine_ops engine_model;
extern const struct migsim_engine_ops engine_error;
extern const struct migsim_policy_ops policy_batch;
extern const struct migsim_policy_ops policy_bytes;
extern const struct migsim_policy_ops policy_folios;
extern const struct migsim_policy_ops policy_time;
extern const struct migsim_policy_ops policy_ramp;
extern const struct migsim_policy_ops policy_double;
extern const struct migsim_policy_ops policy_folio;
extern const struct migsim_policy_ops policy_sliding;
extern const struct migsim_policy_ops policy_adaptive;
extern const struct migsim_space_ops space_uffd;
extern const struct migsim_space_ops space_kernel;
extern const struct migsim_space_ops space_model;

#endif
